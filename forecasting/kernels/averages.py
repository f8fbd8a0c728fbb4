r"""Averages of a smooth function over many values: evaluated at a few points, with weights that depend on the values alone."""

from __future__ import annotations

import numpy as np

from forecasting.kernels.counts import FloatArray

_LOG_ROUNDING = 37.0  # of a relative error below that of floating point
_CAUTION = 0.8  # of the distance to a singularity, where the function itself is large
_WIDEST = 6.0
"""Range of the values past which they are averaged as they are: the function may then vary by more than a double resolves."""


def quadrature(values: FloatArray, clearance: float) -> tuple[FloatArray, FloatArray]:
    r"""Return points and weights ``[M, n]`` with :math:`S^{-1}\sum_s f(x_{ms})=\sum_k w_{mk}f(p_{mk})`, to rounding.

    The average of a Chebyshev series needs the averages of the Chebyshev polynomials alone, and the coefficients of the series
    come from as many values of f as it has terms.  That number follows from how far off the real line f is analytic
    (Bernstein's ellipse: Trefethen 2013, Approximation Theory and Approximation Practice, ch. 8).

    Parameters
    ----------
    values : ndarray, [M, S]
        The values :math:`x_{ms}`.
    clearance : float
        Distance of the singularities of f from the real line.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal(0.0, 0.3, (1, 1000))
    >>> points, weights = quadrature(x, np.pi / 2)
    >>> points.shape, bool(abs((weights / np.cosh(points)).sum() - (1 / np.cosh(x)).mean()) < 1e-14)
    ((1, 38), True)
    """
    low, high = float(values.min()), float(values.max())
    middle, half = (low + high) / 2.0, max((high - low) / 2.0, 1e-6)
    number = int(np.ceil(_LOG_ROUNDING / np.arcsinh(_CAUTION * clearance / half)))
    if high - low > _WIDEST or number >= values.shape[1]:
        return values, np.full((1, values.shape[1]), 1.0 / values.shape[1])
    degree = np.arange(number)
    angle = np.pi * (degree + 0.5) / number
    weights = _mean_chebyshev((values - middle) / half, number) @ np.cos(np.outer(degree, angle))
    return (middle + half * np.cos(angle))[None], weights


def _mean_chebyshev(x: FloatArray, number: int) -> FloatArray:
    """Return the averages ``[M, n]`` of the first n Chebyshev polynomials over x ``[M, S]``, as factors of cosine sums."""
    before, now = np.ones_like(x), x
    means = np.empty((len(x), number))
    for k in range(number):
        means[:, k] = before.mean(axis=1)
        before, now = now, 2.0 * x * now - before
    means[:, 1:] *= 2.0
    return means / number
