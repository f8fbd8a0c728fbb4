"""All probability on one count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from forecasting.distributions.base import Law
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.randomness import Rng


@dataclass(frozen=True)
class Point(Law):
    """The count that is its mean, for certain: what a draw from an empirical distribution is given itself.

    Means are whole numbers.  No model can be fitted with it.
    """

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return 0 at the mean, minus infinity elsewhere."""
        return np.where(np.asarray(y) == np.asarray(mean), 0.0, -np.inf)

    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y <= y)."""
        return np.asarray(np.asarray(y) >= np.asarray(mean), dtype=float)

    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y)."""
        return np.asarray(np.asarray(y) < np.asarray(mean), dtype=float)

    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high)."""
        inside = (np.asarray(low) <= np.asarray(mean)) & (np.asarray(mean) <= np.asarray(high))
        return np.where(inside, 0.0, -np.inf)

    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the mean, whatever the level."""
        return np.asarray(np.broadcast_arrays(u, mean)[1], dtype=np.int64)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return zero."""
        return np.zeros(np.shape(mean))

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: Rng) -> IntArray:
        """Return the mean."""
        return np.minimum(mean, LARGEST).astype(np.int64)
