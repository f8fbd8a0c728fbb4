"""Negative-binomial probabilities in 50 digits, from the product formula alone: slow, obvious, independent."""

from __future__ import annotations

import math
from collections.abc import Sequence

import mpmath as mp
import numpy as np

mp.mp.dps = 40


def log_rising(y: int, alpha: float) -> mp.mpf:
    """Sum of log(1 + alpha j) over j < y; by log-gammas where they have the digits, else by its leading power."""
    a = mp.mpf(alpha)
    if a < mp.mpf(10) ** -30:
        return a * y * (y - 1) / 2
    return mp.loggamma(y + 1 / a) - mp.loggamma(1 / a) + y * mp.log(a)


def log_pmf(y: int, mean: float, alpha: float) -> mp.mpf:
    m, a = mp.mpf(mean), mp.mpf(alpha)
    never = m if a == 0 else mp.log1p(a * m) / a
    return log_rising(y, alpha) + y * mp.log(m / (1 + a * m)) - never - mp.loggamma(y + 1)


def log_sum(low: int, high: float, mean: float, alpha: float) -> mp.mpf:
    """Log P(low <= Y <= high) by the ratio of neighbouring terms, outwards from the limit next to the mean."""
    m, a = mp.mpf(mean), mp.mpf(alpha)
    odds = m / (1 + a * m)
    upwards = low > mean
    if math.isinf(high) and (
        not upwards or a * odds > 0.99
    ):  # a heavy tail has too many terms: take what is before it
        return mp.log1p(-mp.exp(log_sum(0, low - 1, mean, alpha))) if low else mp.mpf(0)
    start = low if upwards else int(high)
    end = high if upwards else low
    total = term = mp.mpf(1)
    k = start
    while k != end:
        ratio = (1 + a * k) * odds / (k + 1) if upwards else k / ((1 + a * (k - 1)) * odds)
        term *= ratio
        total += term
        k += 1 if upwards else -1
        if ratio < 1 and term < total * (1 - ratio) * mp.mpf(10) ** -25:
            break
    return log_pmf(start, mean, alpha) + mp.log(total)


def table(mean: float, alpha: float, last: int) -> list[mp.mpf]:
    """Probabilities of 0..last."""
    m, a = mp.mpf(mean), mp.mpf(alpha)
    odds = m / (1 + a * m)
    result = [mp.exp(log_pmf(0, mean, alpha))]
    for k in range(last):
        result.append(result[-1] * (1 + a * k) * odds / (k + 1))
    return result


def log_total(total: int, means: Sequence[float], alpha: float) -> float:
    """Log probability that independent counts sum to `total`, by direct convolution.

    Every term is positive, so each entry keeps its relative accuracy; the wide exponent of long doubles keeps the tails.
    """
    sums = np.ones(1, dtype=np.longdouble)
    for mean in means:
        probabilities = np.array([mp.nstr(p, 25) for p in table(mean, alpha, total)], dtype=np.longdouble)
        sums = np.convolve(sums, probabilities)[: total + 1]
    return float(np.log(sums[total]))
