r"""Conditional distributions of a monthly count given its mean.

A distribution knows nothing of months or models.  It offers the log probability and its relatives for many parameter
vectors at once, names its shape parameters, and says in which *working coordinates* a search or a sampler should move.

For the negative binomial the working coordinate is :math:`\kappa=\pm\sqrt\alpha`, the coefficient of variation of the
rate.  The density is an even, smooth function of it, so :math:`\alpha=0` (Poisson) is an interior point: no boundary, no
logarithm that runs off to minus infinity, and a prior on a scale that means something.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from forecasting.kernels import counts
from forecasting.kernels.counts import FloatArray, IntArray


class Distribution(ABC):
    """A count distribution with mean `mean` and further shape parameters.

    `shape` stands for one array per name in `shape_names`; every array broadcasts against `mean`.
    """

    shape_names: ClassVar[tuple[str, ...]] = ()
    shape_families: ClassVar[tuple[str, ...]] = ()
    """Prior family of each working shape coordinate (see `forecasting.inference.priors.Priors`)."""
    folded: ClassVar[tuple[bool, ...]] = ()
    """Whether the density is even in that working coordinate, which then lives on the half line."""
    signed: ClassVar[frozenset[str]] = frozenset()
    """Shape parameters that may be negative."""

    @abstractmethod
    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""

    @abstractmethod
    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y <= y)."""

    @abstractmethod
    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y), accurate in the upper tail."""

    @abstractmethod
    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high), both ends included, `high` possibly infinite."""

    @abstractmethod
    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the smallest y with P(Y <= y) >= u."""

    @abstractmethod
    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the variance."""

    @abstractmethod
    def sample(self, mean: FloatArray, *shape: FloatArray, rng: np.random.Generator) -> IntArray:
        """Return one draw for each element of `mean`; rates past 2^53 count as 2^53."""

    @abstractmethod
    def natural(self, work: FloatArray) -> FloatArray:
        """Map working coordinates ``[S, k]`` to the parameters named in `shape_names`."""

    @abstractmethod
    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return a moment estimate of the working coordinates ``[k]`` from counts and their means."""

    def log_likelihood(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of the vector `y` for each of many parameter vectors.

        Parameters
        ----------
        y : ndarray of int64, [T]
            Counts.
        log_mean : ndarray, [S, T]
            Log means, a row for each parameter vector.
        *shape : ndarray, [S]
            Shape parameters.

        Returns
        -------
        ndarray, [S]
        """
        columns = [s[:, None] for s in shape]
        return np.asarray(self.logpmf(y, np.exp(log_mean), *columns).sum(axis=1))


@dataclass(frozen=True)
class Poisson(Distribution):
    r"""Poisson distribution, :math:`\log p(y) = y\log\mu - \mu - \log y!`, variance :math:`\mu`.

    Examples
    --------
    >>> float(Poisson().variance(3.0))
    3.0
    """

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
        return counts.quantile(u, mean)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the mean itself."""
        return np.asarray(mean, dtype=float)

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: np.random.Generator) -> IntArray:
        """Return one draw for each element of `mean`."""
        return np.asarray(rng.poisson(np.minimum(mean, counts.LARGEST)), dtype=np.int64)

    def natural(self, work: FloatArray) -> FloatArray:
        """Return `work`, which has no columns."""
        return work

    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return an empty vector."""
        return np.empty(0)

    def log_likelihood(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of `y` ``[T]`` for each row of `log_mean` ``[S, T]``."""
        return np.asarray(log_mean @ y.astype(float) - np.exp(log_mean).sum(axis=1) - gammaln(y + 1.0).sum())


@dataclass(frozen=True)
class NegativeBinomial(Distribution):
    r"""Negative binomial (NB2) with variance :math:`\mu+\alpha\mu^2`; size :math:`1/\alpha`; :math:`\alpha=0` is Poisson.

    References
    ----------
    Hilbe (2011), Negative Binomial Regression, ch. 8.

    Examples
    --------
    >>> float(NegativeBinomial().variance(10.0, 0.5))
    60.0
    """

    shape_names: ClassVar[tuple[str, ...]] = ("alpha",)
    shape_families: ClassVar[tuple[str, ...]] = ("dispersion",)
    folded: ClassVar[tuple[bool, ...]] = (True,)

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""
        return counts.logpmf(y, mean, *shape)

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
        return counts.quantile(u, mean, *shape)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        r"""Return :math:`\mu+\alpha\mu^2`."""
        mu, alpha = np.asarray(mean, dtype=float), np.asarray(shape[0], dtype=float)
        return np.asarray(mu * (1.0 + alpha * mu))

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: np.random.Generator) -> IntArray:
        """Return one draw for each element of `mean`: a Poisson count whose rate is gamma distributed."""
        mu, alpha = np.broadcast_arrays(mean, np.maximum(shape[0], 1e-12))
        rate = rng.standard_gamma(1.0 / alpha) * (alpha * mu)
        return np.asarray(rng.poisson(np.minimum(rate, counts.LARGEST)), dtype=np.int64)

    def natural(self, work: FloatArray) -> FloatArray:
        r"""Return :math:`\alpha=\kappa^2`."""
        return np.square(work)

    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return the square root of the moment estimate of alpha, kept away from zero."""
        excess = float(np.mean(np.square(y - mean) - mean) / np.mean(np.square(mean)))
        return np.array([np.sqrt(np.clip(excess, 0.01, 4.0))])

    def log_likelihood(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of `y` ``[T]`` for each row of `log_mean` ``[S, T]``.

        One exponential and one logarithm a draw and month, one log-gamma a draw and *distinct* count.
        """
        alpha = np.maximum(shape[0], counts.TINY_ALPHA)
        excess = np.exp(log_mean)
        excess *= alpha[:, None]
        np.log1p(excess, out=excess)
        distinct, times = np.unique(y, return_counts=True)
        count = y.astype(float)
        rising = counts.log_rising(distinct, alpha[:, None]) @ times.astype(float)
        total = log_mean @ count - excess @ count - excess.sum(axis=1) / alpha
        return np.asarray(total + rising - gammaln(count + 1.0).sum())


def split_shape(distribution: Distribution, natural: FloatArray) -> Sequence[FloatArray]:
    """Return the trailing columns of ``[S, p]`` parameters as one array ``[S]`` per shape parameter."""
    width = len(distribution.shape_names)
    return [natural[:, natural.shape[1] - width + k] for k in range(width)]
