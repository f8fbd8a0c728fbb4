r"""The negative binomial distribution by mean and over-dispersion.

The working coordinate is :math:`\kappa=\pm\sqrt\alpha`, the coefficient of variation of the rate.  The density is an even,
smooth function of it, so :math:`\alpha=0` (Poisson) is an interior point: no boundary, no logarithm that runs off to minus
infinity, and a prior on a scale that means something.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from forecasting.distributions.base import Distribution, Mixture
from forecasting.kernels import counts
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.quantiles import quantile
from forecasting.parameters import Parameter, Parameters, declared
from forecasting.randomness import Rng, require_rng


@dataclass(frozen=True)
class NegativeBinomial(Distribution):
    r"""Negative binomial (NB2) with variance :math:`\mu+\alpha\mu^2`; size :math:`1/\alpha`; :math:`\alpha=0` is Poisson.

    References
    ----------
    Hilbe (2011), Negative Binomial Regression, ch. 8.

    Examples
    --------
    >>> import forecasting as fc
    >>> float(fc.NegativeBinomial().variance(10.0, 0.5))
    60.0
    """

    parameters: ClassVar[Parameters] = Parameters(
        (
            Parameter(
                "alpha",
                transform="square",
                family=declared(
                    "dispersion", 0.5, "Square root of alpha, the coefficient of variation of the rate: half-normal."
                ),
                at_zero="the counts vary no more than Poisson",
            ),
        )
    )
    orthogonal: ClassVar[bool] = True

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""
        return counts.logpmf(y, mean, *shape)

    def mixture(self, mean: FloatArray, *shape: FloatArray) -> Mixture:
        """Return the probabilities of counts averaged over S draws."""
        (alpha,) = shape
        return counts.mixture(mean, alpha) if alpha.ndim == 1 else super().mixture(mean, alpha)

    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y <= y)."""
        return counts.cdf(y, mean, *shape)

    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y)."""
        return counts.sf(y, mean, *shape)

    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high)."""
        return counts.log_interval(low, high, mean, *shape)

    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the smallest y with P(Y <= y) >= u."""
        return quantile(u, mean, *shape)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        r"""Return :math:`\mu+\alpha\mu^2`."""
        mu, alpha = np.asarray(mean, dtype=float), np.asarray(shape[0], dtype=float)
        return np.asarray(mu * (1.0 + alpha * mu))

    def least_dispersion(self, *shape: ArrayLike) -> FloatArray:
        """Return alpha itself."""
        return np.asarray(shape[0], dtype=float)

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: Rng) -> IntArray:
        """Return one draw for each element of `mean`: a Poisson count whose rate is gamma distributed."""
        mu, alpha = np.broadcast_arrays(mean, np.maximum(shape[0], 1e-12))
        generator = require_rng(rng)
        rate = generator.standard_gamma(1.0 / alpha) * (alpha * mu)
        return np.asarray(generator.poisson(np.minimum(rate, counts.LARGEST)), dtype=np.int64)

    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return the square root of the moment estimate of alpha, kept away from zero."""
        excess = float(np.mean(np.square(y - mean) - mean) / np.mean(np.square(mean)))
        return np.array([np.sqrt(np.clip(excess, 0.01, 4.0))])

    def log_terms(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of each month ``[S, T]``; one log-gamma a draw and *distinct* count."""
        distinct, which = np.unique(y, return_inverse=True)
        if distinct.size and distinct[-1] > counts.LARGE:
            return super().log_terms(y, log_mean, *shape)
        alpha = np.maximum(shape[0], counts.TINY_ALPHA)[:, None]
        count = y.astype(float)
        result = np.exp(log_mean)
        result *= alpha
        np.log1p(result, out=result)
        result *= -(count + 1.0 / alpha)
        result += count * log_mean
        result += (counts.log_rising(distinct, alpha) - gammaln(distinct + 1.0))[:, which]
        return result

    def log_likelihood(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of `y` ``[T]`` for each row of `log_mean` ``[S, T]``.

        One exponential and one logarithm a draw and month, one log-gamma a draw and *distinct* count.
        """
        distinct, times = np.unique(y, return_counts=True)
        if distinct.size and distinct[-1] > counts.LARGE:
            return super().log_likelihood(y, log_mean, *shape)
        alpha = np.maximum(shape[0], counts.TINY_ALPHA)
        excess = np.exp(log_mean)
        excess *= alpha[:, None]
        np.log1p(excess, out=excess)
        count = y.astype(float)
        rising = counts.log_rising(distinct, alpha[:, None]) @ times.astype(float)
        total = log_mean @ count - excess @ count - excess.sum(axis=1) / alpha
        return np.asarray(total + rising - gammaln(count + 1.0).sum())
