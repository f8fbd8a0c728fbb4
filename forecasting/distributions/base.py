"""What every conditional distribution of a monthly count offers.

A *law* knows nothing of months or models.  It offers the log probability and its relatives for many parameter vectors at once,
and names its shape parameters.  A *distribution* can be estimated too: it says in which *working coordinates* a search or a
sampler should move.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.parameters import Parameters
from forecasting.randomness import Rng

Mixture: TypeAlias = Callable[[IntArray], FloatArray]

_TABLE = 2**15
"""Elements of a table: its temporaries stay in the cache, which is three times faster than 2^18 elements."""


class Law(ABC):
    """A law of counts with mean `mean` and further shape parameters, which can be evaluated and drawn from.

    `shape` stands for one array per name in `shape_names`; every array broadcasts against `mean`.
    """

    lumpy: ClassVar[bool] = False
    """Whether only the counts drawn have any probability, so that neighbours say nothing of each other."""
    additive: ClassVar[bool] = False
    """Whether a sum of independent counts has the same law, with the sum of their means."""

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Names of the shape parameters."""
        return ()

    @property
    def signed(self) -> frozenset[str]:
        """Shape parameters that may be negative."""
        return frozenset()

    @property
    def proportions(self) -> frozenset[str]:
        """Shape parameters that must stay below one."""
        return frozenset()

    def expectation(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the mean of the count: `mean` itself, unless a distribution says that it is another location."""
        return np.asarray(mean, dtype=float)

    @abstractmethod
    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""

    def pmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the probability of the counts `y`."""
        log = self.logpmf(y, mean, *shape)
        return np.asarray(np.exp(log, out=log))

    def mixture(self, mean: FloatArray, *shape: FloatArray) -> Mixture:
        r"""Return the function :math:`y\mapsto S^{-1}\sum_s P(Y=y\mid\mu_s,\phi_s)` of months with the same S draws.

        It is called again and again, as a grid of counts is refined: what depends on the draws alone is computed once.

        Parameters
        ----------
        mean : ndarray, [M, S]
            Means, draws last.
        *shape : ndarray, [S] or [M, S]
            Shape parameters, the same for all months or one a month.

        Returns
        -------
        callable
            Takes N counts (int64) to their probabilities ``[N, M]``.
        """
        rows = max(_TABLE // mean.size, 1)

        def pmf(y: IntArray) -> FloatArray:
            result = np.empty((len(y), len(mean)))
            for start in range(0, len(y), rows):
                count = y[start : start + rows, None, None].astype(float)
                result[start : start + rows] = self.pmf(count, mean, *shape).mean(axis=2)
            return result

        return pmf

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

    def least_dispersion(self, *shape: ArrayLike) -> FloatArray | None:
        r"""Return :math:`\alpha` of a negative binomial whose log probability bends at least as fast, at any count and mean.

        With it, sums over many counts need few of them (`forecasting.kernels.lattice`); None if nothing is known.  A separate
        probability of zero does not count, nor does a mixture with something smoother.
        """
        return None

    @abstractmethod
    def sample(self, mean: FloatArray, *shape: FloatArray, rng: Rng) -> IntArray:
        """Return one draw for each element of `mean`; rates past 2^53 count as 2^53."""

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
        return np.asarray(self.log_terms(y, log_mean, *shape).sum(axis=1))

    def log_terms(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of each element of `y` for each of many parameter vectors, ``[S, T]``.

        Arguments as in `log_likelihood`.
        """
        return self.logpmf(y, np.exp(log_mean), *(values[:, None] for values in shape))


class Distribution(Law):
    """A law that can be estimated: a family with working coordinates of its shape parameters."""

    orthogonal: ClassVar[bool] = False
    """Whether expected information about the log mean is mean^2 / variance, apart from that about the shape."""

    @property
    def centred(self) -> bool:
        """Whether `mean` is the mean of the count, as models that feed counts back into their means need it."""
        return True

    @property
    def parameters(self) -> Parameters:
        """Its shape parameters."""
        return Parameters()

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Names of the shape parameters."""
        return self.parameters.names

    def natural(self, work: FloatArray) -> FloatArray:
        """Map working coordinates ``[S, k]`` to the parameters named in `shape_names`."""
        return self.parameters.natural(work)

    @abstractmethod
    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return a moment estimate of the working coordinates ``[k]`` from counts and their means."""


def split_shape(distribution: Law, natural: FloatArray) -> Sequence[FloatArray]:
    """Return the trailing columns of ``[S, p]`` parameters as one array ``[S]`` per shape parameter."""
    width = len(distribution.shape_names)
    return [natural[:, natural.shape[1] - width + k] for k in range(width)]
