r"""Distribution of sums of independent counts, by exponentially tilted Fourier transforms.

A probability table :math:`p(x)` is carried as weights :math:`w(x)\propto p(x)e^{\lambda x}`.  Tilting moves the bulk of a sum
to where it is wanted, so a total far out in the tail of the model is read off at the peak of the tilted sum, where a
Fourier transform is accurate (Esscher 1932; Kuonen 1999, Biometrika 86).  Any :math:`\lambda` gives the exact answer; a good
one gives it with all digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft

from forecasting.kernels.counts import FloatArray, IntArray

ComplexArray = NDArray[np.complex128]

_NEWTON_STEPS = 60


Moments = Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]]


def tilt_to(target: FloatArray, moments: Moments, start: FloatArray, who: IntArray) -> FloatArray:
    r"""Return the tilt that brings the mean of a sum near `target` (safeguarded Newton).

    Parameters
    ----------
    target : ndarray, [S]
        Where the sum should lie.
    moments : callable
        ``moments(tilt, who)`` gives mean and variance of the sums numbered `who` under these tilts.
    start : ndarray, [S]
        First guess.
    who : ndarray of int, [S]
        Numbers of the sums.

    Returns
    -------
    ndarray, [S]
        Good to about half a standard deviation of the tilted sum, which is all that accuracy needs.
    """
    tilt = start.copy()
    active = np.arange(tilt.size)
    low, high = np.full(tilt.size, -np.inf), np.full(tilt.size, np.inf)
    for _ in range(_NEWTON_STEPS):
        mean, variance = moments(tilt[active], who[active])
        variance = np.maximum(variance, 1e-12)
        gap = target[active] - mean
        deviation = np.sqrt(variance)
        far = np.abs(gap) > 0.5 * deviation
        active, gap, variance, deviation = active[far], gap[far], variance[far], deviation[far]
        if active.size == 0:
            break
        # The mean grows with the tilt: every visit narrows a bracket, and a step that leaves it is halved instead.
        here = tilt[active]
        low[active] = np.where(gap > 0, here, low[active])
        high[active] = np.where(gap > 0, high[active], here)
        step = here + np.clip(gap / variance, -3.0 / deviation, 3.0 / deviation)
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


def transformed_back(transform: ComplexArray, length: int) -> FloatArray:
    """Return the table ``[S, length]`` behind a real Fourier transform, rounding noise of either sign included."""
    return np.asarray(irfft(transform, length, axis=-1))


def invert(transform: ComplexArray, length: int) -> FloatArray:
    """Return the table ``[S, length]`` behind a real Fourier transform, negative rounding noise set to zero."""
    table = transformed_back(transform, length)
    return np.maximum(table, 0.0, out=table)


def alias_free(first: int, last: int, largest: int) -> int:
    """Return a fast transform length for which sums 0..`largest` leave the entries `first`..`last` unharmed."""
    return int(next_fast_len(max(last, largest - first) + 1, real=True))
