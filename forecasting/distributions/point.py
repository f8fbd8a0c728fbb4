"""All probability on one count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from forecasting.distributions.base import Law, Mixture
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.randomness import Rng


@dataclass(frozen=True)
class Point(Law):
    """The count that is its mean, for certain: what a draw from an empirical distribution is given itself.

    Means are whole numbers.  No model can be fitted with it.
    """

    lumpy: ClassVar[bool] = True

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return 0 at the mean, minus infinity elsewhere."""
        return np.where(np.asarray(y) == np.asarray(mean), 0.0, -np.inf)

    def mixture(self, mean: FloatArray, *shape: FloatArray) -> Mixture:
        """Return the shares of draws that are a count: by counting."""
        found = [np.unique(draws, return_counts=True) for draws in mean]

        def pmf(y: IntArray) -> FloatArray:
            result = np.empty((len(y), len(mean)))
            for m, (values, number) in enumerate(found):
                at = np.minimum(np.searchsorted(values, y), len(values) - 1)
                result[:, m] = np.where(values[at] == y, number[at] / mean.shape[1], 0.0)
            return result

        return pmf

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
