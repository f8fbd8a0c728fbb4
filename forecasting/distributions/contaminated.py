r"""Contamination: now and then a month that no regular distribution explains."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import zeta

from forecasting.distributions.base import Distribution
from forecasting.distributions.negative_binomial import NegativeBinomial
from forecasting.distributions.wrapper import searched
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray

_TAIL = 3.0


@dataclass(frozen=True)
class Contaminated(Distribution):
    r"""A count of the base distribution, or with a small probability :math:`\varepsilon` an outlier of a heavy tail.

    .. math:: p(y) = (1-\varepsilon)\,p_0(y\mid\mu) + \varepsilon\,q(y\mid\mu),\qquad
              P_q(Y\ge y) = \Bigl(\frac{s}{s+y}\Bigr)^3,\quad s = 2(\mu+1).

    The outlier is a Lomax variable rounded down: its tail falls as the third power, so that a month far from everything
    known costs the likelihood a few logarithms instead of carrying away the over-dispersion, and mean and variance are
    finite.

    Parameters
    ----------
    base : Distribution
        Negative binomial unless said otherwise; `mean` is the mean of this part.
    share : float
        Probability of an outlier, between 0 and 0.5; fixed, not estimated.

    References
    ----------
    Tukey (1960), A survey of sampling from contaminated distributions; Lomax (1954), JASA 49, 847-852.

    Examples
    --------
    >>> family = Contaminated()
    >>> float(family.logpmf(1640, 8.0, 0.7)) > float(NegativeBinomial().logpmf(1640, 8.0, 0.7)) + 200
    True
    """

    base: Distribution = field(default_factory=NegativeBinomial)
    share: float = 0.01

    def __post_init__(self) -> None:
        if not isinstance(self.base, Distribution) or isinstance(self.base, Contaminated):
            raise InvalidInput(f"base={self.base!r} must be a count distribution, for example NegativeBinomial()")
        if not 0.0 < self.share < 0.5:
            raise InvalidInput(f"share={self.share!r} must lie between 0 and 0.5; an outlier is the exception")

    @property
    def signed(self) -> frozenset[str]:
        """Shape parameters of the base that may be negative."""
        return self.base.signed

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Those of the base."""
        return self.base.shape_names

    @property
    def shape_families(self) -> tuple[str, ...]:
        """Those of the base."""
        return self.base.shape_families

    @property
    def folded(self) -> tuple[bool, ...]:
        """Those of the base."""
        return self.base.folded

    @property
    def at_zero(self) -> tuple[str, ...]:
        """Those of the base."""
        return self.base.at_zero

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the shape parameters of the base."""
        return self.base.natural(work)

    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return what the base makes of the counts that are not far out."""
        near = y <= 8.0 * (mean + 1.0)
        return self.base.start(y[near], mean[near]) if near.any() else self.base.start(y, mean)

    def expectation(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        r"""Return :math:`(1-\varepsilon)E_0[Y]+\varepsilon s^3\zeta(3,s+1)`, from the sum of the tail probabilities."""
        first, _ = _moments(mean)
        return np.asarray((1.0 - self.share) * self.base.expectation(mean, *shape) + self.share * first)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        r"""Return the variance, by :math:`E_q[Y^2] = 2s^3\{\zeta(2,s+1)-s\zeta(3,s+1)\}-E_q[Y]`."""
        _, second = _moments(mean)
        inner = self.base.expectation(mean, *shape)
        squared = (1.0 - self.share) * (self.base.variance(mean, *shape) + np.square(inner)) + self.share * second
        return np.asarray(squared - np.square(self.expectation(mean, *shape)))

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""
        return self._joined(
            self.base.logpmf(y, mean, *shape), np.asarray(y, dtype=float), np.asarray(mean, dtype=float)
        )

    def log_terms(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of each month ``[S, T]``."""
        return self._joined(self.base.log_terms(y, log_mean, *shape), y.astype(float), np.exp(log_mean))

    def _joined(self, regular: FloatArray, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return the log of the mixture of the regular part, given by its logarithm, and the tail."""
        with np.errstate(under="ignore"):
            return np.asarray(np.log((1.0 - self.share) * np.exp(regular) + self.share * _tail_pmf(y, mean)))

    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y <= y)."""
        return np.asarray((1.0 - self.share) * self.base.cdf(y, mean, *shape) + self.share * (1.0 - _tail_sf(y, mean)))

    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y)."""
        return np.asarray((1.0 - self.share) * self.base.sf(y, mean, *shape) + self.share * _tail_sf(y, mean))

    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high)."""
        below = _tail_sf(np.asarray(low, dtype=float) - 1.0, mean)
        tail = below - _tail_sf(high, mean)
        regular = self.base.log_interval(low, high, mean, *shape)
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp(np.log1p(-self.share) + regular, np.log(self.share) + np.log(tail)))

    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the smallest y with P(Y <= y) >= u."""
        level, mu, *rest = np.broadcast_arrays(np.asarray(u, dtype=float), np.asarray(mean, dtype=float), *shape)
        return searched(self, self.base.quantile(level, mu, *rest), level, mu, *rest)

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: np.random.Generator) -> IntArray:
        """Return one draw for each element of `mean`."""
        regular = self.base.sample(mean, *shape, rng=rng)
        scale = 2.0 * (np.broadcast_to(mean, regular.shape) + 1.0)
        outlier = scale * np.expm1(rng.standard_exponential(regular.shape) / _TAIL)
        far = rng.random(regular.shape) < self.share
        return np.where(far, np.minimum(outlier, LARGEST).astype(np.int64), regular)


def _scale(mean: ArrayLike) -> FloatArray:
    return np.asarray(2.0 * (np.asarray(mean, dtype=float) + 1.0))


def _tail_pmf(y: FloatArray, mean: FloatArray) -> FloatArray:
    """Return the probability of an outlier's count, written without the difference of two cubes."""
    scale = 2.0 * (mean + 1.0)
    reach = scale + y
    return np.asarray((scale / reach) ** 3 * (3.0 * reach * (reach + 1.0) + 1.0) / (reach + 1.0) ** 3)


def _tail_sf(y: ArrayLike, mean: ArrayLike) -> FloatArray:
    scale = _scale(mean)
    reach = np.floor(np.maximum(np.asarray(y, dtype=float), -1.0)) + 1.0
    return np.asarray((scale / (scale + reach)) ** _TAIL)


def _moments(mean: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the first two raw moments of an outlier."""
    scale = _scale(mean)
    cubes = np.power(scale, 3) * zeta(_TAIL, scale + 1.0)
    squares = np.power(scale, 3) * zeta(_TAIL - 1.0, scale + 1.0)
    return np.asarray(cubes), np.asarray(2.0 * (squares - scale * cubes) - cubes)
