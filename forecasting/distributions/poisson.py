"""The Poisson distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from forecasting.distributions.base import Distribution
from forecasting.kernels import counts
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.quantiles import quantile
from forecasting.randomness import Rng, require_rng


@dataclass(frozen=True)
class Poisson(Distribution):
    r"""Poisson distribution, :math:`\log p(y) = y\log\mu - \mu - \log y!`, variance :math:`\mu`.

    Examples
    --------
    >>> import forecasting as fc
    >>> float(fc.Poisson().variance(3.0))
    3.0
    """

    additive: ClassVar[bool] = True
    orthogonal: ClassVar[bool] = True

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""
        return counts.logpmf(y, mean)

    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y <= y)."""
        return counts.cdf(y, mean)

    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y)."""
        return counts.sf(y, mean)

    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high)."""
        return counts.log_interval(low, high, mean)

    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the smallest y with P(Y <= y) >= u."""
        return quantile(u, mean)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the mean itself."""
        return np.asarray(mean, dtype=float)

    def least_dispersion(self, *shape: ArrayLike) -> FloatArray:
        """Return zero."""
        return np.zeros(())

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: Rng) -> IntArray:
        """Return one draw for each element of `mean`."""
        return np.asarray(require_rng(rng).poisson(np.minimum(mean, counts.LARGEST)), dtype=np.int64)

    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return an empty vector."""
        return np.empty(0)

    def log_likelihood(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of `y` ``[T]`` for each row of `log_mean` ``[S, T]``."""
        if (y > counts.LARGE).any():
            return super().log_likelihood(y, log_mean, *shape)
        return np.asarray(log_mean @ y.astype(float) - np.exp(log_mean).sum(axis=1) - gammaln(y + 1.0).sum())
