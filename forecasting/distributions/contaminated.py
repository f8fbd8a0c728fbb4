r"""Contamination: now and then a month that no regular distribution explains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.distributions.base import Distribution, Mixture
from forecasting.distributions.negative_binomial import NegativeBinomial
from forecasting.distributions.wrapper import searched
from forecasting.errors import InvalidInput
from forecasting.kernels.averages import quadrature
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.parameters import Parameters
from forecasting.randomness import Rng, require_rng
from forecasting.reading.arguments import read_number

_TAIL = 3.0
_LOST = 2.0**-60  # of a sum, too little to change it
_TERMS = 8  # of a sum, before what is left is approximated


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
    >>> import forecasting as fc
    >>> family = fc.Contaminated()
    >>> float(family.logpmf(1640, 8.0, 0.7)) > float(fc.NegativeBinomial().logpmf(1640, 8.0, 0.7)) + 200
    True
    """

    base: Distribution = field(default_factory=NegativeBinomial)
    share: float = 0.01

    def __post_init__(self) -> None:
        if not isinstance(self.base, Distribution) or isinstance(self.base, Contaminated):
            raise InvalidInput(f"base={self.base!r} must be a count distribution, for example NegativeBinomial()")
        if not 0.0 < read_number(self.share, "share") < 0.5:
            raise InvalidInput(f"share={self.share!r} must lie between 0 and 0.5; an outlier is the exception")

    @property
    def signed(self) -> frozenset[str]:
        """Shape parameters of the base that may be negative."""
        return self.base.signed

    @property
    def proportions(self) -> frozenset[str]:
        """Those of the base."""
        return self.base.proportions

    @property
    def centred(self) -> bool:
        """Whether that of the base is; what outliers add is small."""
        return self.base.centred

    @property
    def parameters(self) -> Parameters:
        """Those of the base."""
        return self.base.parameters

    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return what the base makes of the counts that are not far out."""
        near = y <= 8.0 * (mean + 1.0)
        return self.base.start(y[near], mean[near]) if near.any() else self.base.start(y, mean)

    def expectation(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        r"""Return :math:`(1-\varepsilon)E_0[Y]+\varepsilon s^3\zeta(3,s+1)`, from the sum of the tail probabilities."""
        first, _ = _tail_moments(mean)
        return np.asarray((1.0 - self.share) * self.base.expectation(mean, *shape) + self.share * first)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the variance: that within regular counts and outliers, and that between them."""
        first, within = _tail_moments(mean)
        regular, outlying = 1.0 - self.share, self.share
        between = np.square(first - self.base.expectation(mean, *shape))
        return np.asarray(regular * self.base.variance(mean, *shape) + outlying * within + regular * outlying * between)

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""
        return np.asarray(np.log(self.pmf(y, mean, *shape)))

    def pmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the probability of the counts `y`."""
        return self._joined(
            self.base.logpmf(y, mean, *shape), np.asarray(y, dtype=float), np.asarray(mean, dtype=float)
        )

    def mixture(self, mean: FloatArray, *shape: FloatArray) -> Mixture:
        """Return the probabilities of counts averaged over S draws: those of each part, and their mixture."""
        outlying, regular = _tail_mixture(mean), self.base.mixture(mean, *shape)
        lost = self._lost(mean, *shape)

        def pmf(y: IntArray) -> FloatArray:
            result = self.share * outlying(y)
            there = ~lost(y, result)
            result[there] += (1.0 - self.share) * regular(y[there])
            return result

        return pmf

    def _lost(self, mean: FloatArray, *shape: FloatArray) -> Callable[[IntArray, FloatArray], NDArray[np.bool_]]:
        """Return which counts ``[N]`` lie so far out that the regular part is lost in the rounding of the tail ``[N, M]``.

        The probability of a count above the mean rises with the mean (exponential families with a given shape), so the
        largest mean of each draw bounds those of all months, at the price of one.
        """
        if not self.base.orthogonal or any(values.ndim > 1 for values in shape):
            return lambda y, _: np.zeros(len(y), dtype=bool)
        largest = mean.max(axis=0, keepdims=True)
        highest, bound = largest.max(), self.base.mixture(largest, *shape)

        def lost(y: IntArray, tail: FloatArray) -> NDArray[np.bool_]:
            result = np.asarray(y > highest)
            result[result] = bound(y[result])[:, 0] < _LOST * tail[result].min(axis=1)
            return result

        return lost

    def log_terms(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of each month ``[S, T]``."""
        joined = self._joined(self.base.log_terms(y, log_mean, *shape), y.astype(float), np.exp(log_mean))
        return np.asarray(np.log(joined, out=joined))

    def _joined(self, regular: FloatArray, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return the mixture of the regular part, given by its logarithm, and the tail."""
        with np.errstate(under="ignore"):
            tail = _tail_pmf(y, mean)
            tail *= self.share
            return np.asarray(tail + (1.0 - self.share) * np.exp(regular))

    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y <= y)."""
        below = -np.expm1(_log_tail_sf(y, mean))
        return np.asarray((1.0 - self.share) * self.base.cdf(y, mean, *shape) + self.share * below)

    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y)."""
        above = np.exp(_log_tail_sf(y, mean))
        return np.asarray((1.0 - self.share) * self.base.sf(y, mean, *shape) + self.share * above)

    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high)."""
        regular = self.base.log_interval(low, high, mean, *shape)
        outlying = _log_tail_interval(low, high, mean)
        return np.asarray(np.logaddexp(np.log1p(-self.share) + regular, np.log(self.share) + outlying))

    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the smallest y with P(Y <= y) >= u."""
        level, mu, *rest = np.broadcast_arrays(np.asarray(u, dtype=float), np.asarray(mean, dtype=float), *shape)
        return searched(self, self.base.quantile(level, mu, *rest), level, mu, *rest)

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: Rng) -> IntArray:
        """Return one draw for each element of `mean`."""
        generator = require_rng(rng)
        regular = self.base.sample(mean, *shape, rng=generator)
        scale = 2.0 * (np.broadcast_to(mean, regular.shape) + 1.0)
        outlier = scale * np.expm1(generator.standard_exponential(regular.shape) / _TAIL)
        far = generator.random(regular.shape) < self.share
        return np.where(far, np.minimum(outlier, LARGEST).astype(np.int64), regular)


def _scale(mean: ArrayLike) -> FloatArray:
    return np.asarray(2.0 * (np.asarray(mean, dtype=float) + 1.0))


def _tail_pmf(y: FloatArray, mean: FloatArray) -> FloatArray:
    """Return the probability of an outlier's count: the difference of two cubes, on one denominator."""
    scale = _scale(mean)
    result = np.asarray(scale + y)
    result *= result + 1.0
    cube = np.square(result)
    cube *= result
    result *= 3.0
    result += 1.0
    result *= np.power(scale, 3)
    result /= cube
    return result


def _tail_mixture(mean: FloatArray) -> Mixture:
    r"""Return the probabilities of outliers' counts averaged over means ``[M, S]``.

    It is a smooth function of the logarithm of the scale, singular only where that is :math:`\pm i\pi` off the real line.
    """
    points, weights = quadrature(np.log(_scale(mean)), np.pi)
    at = np.exp(points) / 2.0 - 1.0
    return lambda y: np.asarray((_tail_pmf(y.astype(float)[:, None, None], at) * weights).sum(axis=2))


def _log_tail_sf(y: ArrayLike, mean: ArrayLike) -> FloatArray:
    """Return the log probability of an outlier's count above `y`."""
    reach = np.floor(np.maximum(np.asarray(y, dtype=float), -1.0)) + 1.0
    return np.asarray(-_TAIL * np.log1p(reach / _scale(mean)))


def _log_tail_interval(low: ArrayLike, high: ArrayLike, mean: ArrayLike) -> FloatArray:
    r"""Return the log probability that an outlier's count lies in an interval, ends included.

    With :math:`a=s+l` and :math:`b=s+h+1` it is :math:`(s/a)^3\{1-(a/b)^3\}`, in logarithms of what is added to one: a
    difference of the two cubes would lose its digits in short intervals.
    """
    first = np.maximum(np.asarray(low, dtype=float), 0.0)
    length = np.maximum(np.asarray(high, dtype=float) + 1.0 - first, 0.0)
    with np.errstate(divide="ignore"):
        share = np.log(-np.expm1(-_TAIL * np.log1p(length / (_scale(mean) + first))))
    return np.asarray(_log_tail_sf(first - 1.0, mean) + share)


def _tail_moments(mean: ArrayLike) -> tuple[FloatArray, FloatArray]:
    r"""Return mean and variance of an outlier's count: :math:`E[Y]=s^3\zeta(3,s+1)`, :math:`E[Y(Y+1)]=2\sum y\,P(Y\ge y)`."""
    scale = _scale(mean)
    cubes, squares = _zetas(scale + 1.0)
    first = np.power(scale, 3) * cubes
    rising = 2.0 * scale * (np.square(scale) * squares - first)
    return np.asarray(first), np.asarray(rising - first - np.square(first))


def _zetas(start: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Return :math:`\sum_{k\ge 0} (a+k)^{-3}` and :math:`\sum_{k\ge 0} (a+k)^{-2}` for a of at least 3, to rounding.

    Eight terms, and the rest by the formula of Euler and Maclaurin (DLMF 25.11.5); SciPy's zeta takes ten times as long.
    """
    cubes, squares = np.zeros_like(start), np.zeros_like(start)
    for k in range(_TERMS):
        inverse = 1.0 / (start + k)
        square = np.square(inverse)
        squares += square
        square *= inverse
        cubes += square
    x = 1.0 / (start + _TERMS)
    x2 = np.square(x)
    squares += x * (1.0 + x * (1 / 2 + x * (1 / 6 - x2 * (1 / 30 - x2 * (1 / 42 - x2 * (1 / 30 - x2 * 5 / 66))))))
    cubes += x2 * (1 / 2 + x * (1 / 2 + x * (1 / 4 - x2 * (1 / 12 - x2 * (1 / 12 - x2 * (3 / 20 - x2 * 5 / 12))))))
    return cubes, squares
