r"""First and second derivatives of the negative-binomial log probability, exact down to :math:`\alpha = 0` (Poisson).

.. math:: \log p(y) = \sum_{j<y}\log(1+\alpha j) + y\log\mu - (y+1/\alpha)\log(1+\alpha\mu) - \log y!

Written with two functions that stay finite where the textbook forms (Lawless 1987, Canad. J. Statist. 15, 209-225) divide
zero by zero: :math:`h(x) = (x-\log(1+x))/x^2` and :math:`k(x) = (2h(x) - 1/(1+x))/x`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import polygamma, psi

from forecasting.kernels.counts import FloatArray

_SMALL = 0.05  # argument below which h and k are summed from their series
_TERMS = np.arange(14)
_H = (-1.0) ** _TERMS / (_TERMS + 2.0)
_K = (-1.0) ** _TERMS * (_TERMS + 1.0) / (_TERMS + 3.0)
_LARGE_SIZE = 0.008  # alpha below which the digammas are expanded (DLMF 5.11.2)


class Slopes(NamedTuple):
    """Derivatives of the log probability with respect to the mean and alpha, broadcast together."""

    mean: FloatArray
    mean_mean: FloatArray
    mean_alpha: FloatArray
    alpha: FloatArray
    alpha_alpha: FloatArray


def mean_slopes(y: FloatArray, mean: FloatArray, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the first and second derivative with respect to the mean."""
    inverse = 1.0 / (1.0 + alpha * mean)
    rate, weight = y / mean, (1.0 + alpha * y) * inverse
    return rate - weight, alpha * weight * inverse - rate / mean


def slopes(y: FloatArray, mean: FloatArray, alpha: FloatArray) -> Slopes:
    """Return all first and second derivatives.

    Parameters
    ----------
    y, mean, alpha : ndarray
        Counts, positive means, over-dispersion >= 0; broadcast.
    """
    first, second = mean_slopes(y, mean, alpha)
    inverse = 1.0 / (1.0 + alpha * mean)
    h, k = _h_and_k(alpha * mean)
    rising, falling = _rising(y, alpha)
    return Slopes(
        first,
        second,
        -(y - mean) * inverse**2,
        rising + mean**2 * (inverse - h) - y * mean * inverse,
        falling - mean**3 * (inverse**2 - k) + y * mean**2 * inverse**2,
    )


def _h_and_k(x: FloatArray) -> tuple[FloatArray, FloatArray]:
    safe = np.maximum(x, _SMALL)
    h = (safe - np.log1p(safe)) / safe**2
    k = (2.0 * h - 1.0 / (1.0 + safe)) / safe
    near_zero = x < _SMALL
    if near_zero.any():
        small = np.minimum(x, _SMALL)
        h = np.where(near_zero, np.polynomial.polynomial.polyval(small, _H), h)
        k = np.where(near_zero, np.polynomial.polynomial.polyval(small, _K), k)
    return h, k


def _rising(y: FloatArray, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Return the first two derivatives of :math:`\sum_{j<y}\log(1+\alpha j)`."""
    count, dispersion = np.broadcast_arrays(y, alpha)
    large = np.maximum(dispersion, _LARGE_SIZE)
    size = 1.0 / large
    reciprocal = (psi(count + size) - psi(size)) * size  # sum of 1 / (1 + alpha j)
    square = -(polygamma(1, count + size) - polygamma(1, size)) * size**2  # sum of 1 / (1 + alpha j)^2
    first = (count - reciprocal) * size
    second = -(count - 2.0 * reciprocal + square) * size**2
    near_poisson = dispersion < _LARGE_SIZE
    if near_poisson.any():
        small = np.minimum(dispersion, _LARGE_SIZE)
        x = small * count
        h, k = _h_and_k(x)
        w = 1.0 / (1.0 + x)
        expanded = count**2 * h - 0.5 * count * w + (w**2 - 1.0) / 12.0 - small**2 * (w**4 - 1.0) / 120.0
        slope = -(count**3) * k + 0.5 * (count * w) ** 2 - count * w**3 / 6.0
        slope = slope - small * (w**4 - 1.0) / 60.0 + small**2 * count * w**5 / 30.0
        first, second = np.where(near_poisson, expanded, first), np.where(near_poisson, slope, second)
    return first, second
