"""Negative-binomial probabilities in 50 digits, from the product formula alone: slow, obvious, independent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal, getcontext

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

mp.mp.dps = 40
getcontext().prec = 40
CLOSE = Decimal(10) ** -25


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
    if math.isinf(high) and (not upwards or a * odds > 0.99):  # a heavy tail has too many terms: take what is before it
        return mp.log1p(-mp.exp(log_sum(0, low - 1, mean, alpha))) if low else mp.mpf(0)
    start = low if upwards else int(high)
    end = high if upwards else low
    slope, by = Decimal(alpha), Decimal(mean) / (1 + Decimal(alpha) * Decimal(mean))
    total = term = Decimal(1)
    k = start
    while k != end:
        ratio = (1 + slope * k) * by / (k + 1) if upwards else k / ((1 + slope * (k - 1)) * by)
        term *= ratio
        total += term
        k += 1 if upwards else -1
        if ratio < 1 and term < total * (1 - ratio) * CLOSE:
            break
    return log_pmf(start, mean, alpha) + mp.log(mp.mpf(str(total)))


def table(mean: float, alpha: float, last: int) -> list[mp.mpf]:
    """Probabilities of 0..last."""
    return [mp.mpf(str(p)) for p in _tilted(mean, alpha, last, mp.mpf(0))]


def _tilted(mean: float, alpha: float, last: int, tilt: mp.mpf) -> list[Decimal]:
    """Probabilities of 0..last, each times exp(tilt * count)."""
    slope = Decimal(alpha)
    by = Decimal(mean) / (1 + slope * Decimal(mean)) * Decimal(mp.nstr(mp.exp(tilt), 40))
    result = [Decimal(mp.nstr(mp.exp(log_pmf(0, mean, alpha)), 40))]
    for k in range(last):
        result.append(result[-1] * (1 + slope * k) * by / (k + 1))
    return result


def log_totals(last: int, means: Sequence[float], alpha: float, near: int) -> NDArray[np.longdouble]:
    """Log probabilities of the totals 0..last of independent counts, by direct convolution.

    Every term is positive, so each entry keeps its relative accuracy.  The tables are tilted towards the total
    `near`, so that nothing that matters there is too small for a long double.
    """
    a, m, target = mp.mpf(alpha), mp.mpf(sum(means)) / len(means), mp.mpf(near) / len(means)
    tilt = mp.log(target / (1 + a * target)) - mp.log(m / (1 + a * m))
    sums = np.ones(1, dtype=np.longdouble)
    for mean in means:
        seen = [f"{p:.25e}" if p > Decimal("1e-4900") else "0" for p in _tilted(mean, alpha, last, tilt)]
        sums = np.convolve(sums, np.array(seen, dtype=np.longdouble))[: last + 1]
    with np.errstate(divide="ignore"):
        return np.log(sums) - np.longdouble(mp.nstr(tilt, 25)) * np.arange(last + 1)


def log_total(total: int, means: Sequence[float], alpha: float) -> float:
    """Log probability that independent counts sum to `total`."""
    return float(log_totals(total, means, alpha, total)[total])
