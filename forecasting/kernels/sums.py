r"""Distribution of sums of independent counts, by exponentially tilted Fourier transforms.

A probability table :math:`p(x)` is carried as weights :math:`w(x)\propto p(x)e^{\lambda x}`.  Tilting moves the bulk of a sum
to where it is wanted, so a total far out in the tail of the model is read off at the peak of the tilted sum, where a
Fourier transform is accurate (Esscher 1932; Kuonen 1999, Biometrika 86).  Any :math:`\lambda` gives the exact answer; a good
one gives it with all digits.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from forecasting.kernels.counts import FloatArray

ComplexArray = NDArray[np.complex128]

_NEWTON_STEPS = 60


def total_moments(
    tables: Sequence[tuple[FloatArray, FloatArray, int]], tilt: FloatArray
) -> tuple[FloatArray, FloatArray]:
    r"""Return mean and variance of a sum whose terms follow laws proportional to :math:`p(x)e^{\lambda x}`.

    Parameters
    ----------
    tables : sequence of (log_p [S, K], x [K], times)
        Log probabilities of a term on the points `x`, up to a constant; the term enters `times` times.
    tilt : ndarray, [S]
        :math:`\lambda`.

    Returns
    -------
    mean, variance : ndarray, [S]
    """
    mean, variance = np.zeros(tilt.size), np.full(tilt.size, 1e-12)
    for log_p, x, times in tables:
        exponent = log_p + tilt[:, None] * x
        exponent -= exponent.max(axis=1, keepdims=True)
        weight = np.exp(exponent, out=exponent)
        mass = weight.sum(axis=1)
        first = (weight @ x) / mass
        mean += times * first
        variance += times * np.maximum((weight @ (x * x)) / mass - first * first, 0.0)
    return mean, variance


def tilt_to(target: FloatArray, tables: Sequence[tuple[FloatArray, FloatArray, int]], start: FloatArray) -> FloatArray:
    r"""Return the tilt that brings the mean of a sum near `target` (safeguarded Newton).

    Parameters
    ----------
    target : ndarray, [S]
        Where the sum should lie.
    tables : sequence of (log_p [S, K], x [K], times)
        The terms, as in `total_moments`.
    start : ndarray, [S]
        First guess.

    Returns
    -------
    ndarray, [S]
        Good to about half a standard deviation of the tilted sum, which is all that accuracy needs.
    """
    tilt = start.copy()
    active = np.arange(tilt.size)
    low, high = np.full(tilt.size, -np.inf), np.full(tilt.size, np.inf)
    for _ in range(_NEWTON_STEPS):
        here = [(log_p[active], x, times) for log_p, x, times in tables]
        mean, variance = total_moments(here, tilt[active])
        gap = target[active] - mean
        deviation = np.sqrt(variance)
        far = np.abs(gap) > 0.5 * deviation
        active, gap, variance, deviation = active[far], gap[far], variance[far], deviation[far]
        if active.size == 0:
            break
        # The mean grows with the tilt: every visit narrows a bracket, and a step that leaves it is halved instead.
        here_tilt = tilt[active]
        low[active] = np.where(gap > 0, here_tilt, low[active])
        high[active] = np.where(gap > 0, high[active], here_tilt)
        step = here_tilt + np.clip(gap / variance, -3.0 / deviation, 3.0 / deviation)
        outside = (step <= low[active]) | (step >= high[active])
        with np.errstate(invalid="ignore"):
            middle = 0.5 * (low[active] + high[active])
        tilt[active] = np.where(outside, middle, step)
    return tilt


def product_transform(tables: Sequence[tuple[FloatArray, int]], length: int) -> ComplexArray:
    """Return the real Fourier transform of the convolution of several tables.

    Parameters
    ----------
    tables : sequence of (weights [S, K], times)
        Each table enters `times` times.
    length : int
        Transform length; sums past it wrap around, so choose it with `alias_free`.

    Returns
    -------
    ndarray of complex, [S, length // 2 + 1]
    """
    product: ComplexArray | None = None
    for weights, times in tables:
        factor = rfft(weights, length, axis=-1)
        powered = factor
        for _ in range(times - 1):
            powered = powered * factor
        product = powered if product is None else np.multiply(product, powered, out=product)
    if product is None:
        raise ValueError("a sum needs at least one table")
    return product


def invert(transform: ComplexArray, length: int) -> FloatArray:
    """Return the table ``[S, length]`` behind a real Fourier transform, negative rounding noise set to zero."""
    table = irfft(transform, length, axis=-1)
    return np.maximum(table, 0.0, out=table)


def alias_free(first: int, last: int, largest: int) -> int:
    """Return a fast transform length for which sums 0..`largest` leave the entries `first`..`last` unharmed."""
    return int(next_fast_len(max(last, largest - first) + 1, real=True))
