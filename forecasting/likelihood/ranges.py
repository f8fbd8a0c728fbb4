"""Draws of single months that are known to lie within limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray, IntArray, integer_search

_RARE = 1e-8  # probability of a range below which draws are made on the log scale


def truncated(
    low: IntArray,
    high: FloatArray,
    mean: FloatArray,
    columns: Sequence[FloatArray],
    distribution: Distribution,
    rng: np.random.Generator,
) -> IntArray:
    """Draw months ``[S, m]`` from the distribution restricted to low..high, by inverting its distribution function.

    Parameters
    ----------
    low, high : ndarray, [m] or [S, m]
        Inclusive limits; `high` may be infinite.
    mean : ndarray, [S, m]
        Means of the months.
    columns : sequence of ndarray, [S, 1]
        Shape parameters of `distribution`.
    distribution : Distribution
        Of a month given its mean.
    rng : numpy.random.Generator
        Source of randomness.
    """
    least, most = np.broadcast_to(low, mean.shape), np.broadcast_to(high, mean.shape)
    below = distribution.cdf(low - 1, mean, *columns)
    finite = np.where(np.isinf(high), 0.0, high)
    top = np.where(np.isinf(high), 1.0, distribution.cdf(finite, mean, *columns))
    u = rng.random(mean.shape)
    level = np.minimum(below + u * (top - below), 1.0 - 1e-16)
    drawn = np.maximum(distribution.quantile(level, mean, *columns), low)
    rare = top - below < _RARE  # too few digits of the distribution function are left there
    if rare.any():
        shape = [np.broadcast_to(column, mean.shape)[rare] for column in columns]
        drawn[rare] = _in_tail(u[rare], least[rare], most[rare], mean[rare], shape, distribution)
    return np.where(drawn > most, most, drawn).astype(np.int64)


def _in_tail(
    u: FloatArray,
    low: IntArray,
    high: FloatArray,
    mean: FloatArray,
    shape: Sequence[FloatArray],
    distribution: Distribution,
) -> IntArray:
    """Invert the conditional distribution function on the log scale; all arrays are ``[N]``."""
    target = np.log(u) + distribution.log_interval(low, high, mean, *shape)

    def reaches(y: FloatArray, who: IntArray) -> NDArray[np.bool_]:
        here = (low[who], np.minimum(y, high[who]), mean[who], *(s[who] for s in shape))
        return distribution.log_interval(*here) >= target[who]

    start = np.where((mean > high) & np.isfinite(high), high, low)  # the end next to the mean
    return integer_search(reaches, np.asarray(start, dtype=float))
