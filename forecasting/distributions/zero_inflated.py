"""Zero inflation: a share of the months has nothing to count, whatever the base distribution says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from forecasting.distributions.wrapper import ZeroWrapper, searched, split
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.parameters import declared
from forecasting.randomness import Rng, require_rng


@dataclass(frozen=True)
class ZeroInflated(ZeroWrapper):
    r"""Nothing with probability :math:`\pi` = `zero`, else a count of the base distribution.

    .. math:: P(Y=0)=\pi+(1-\pi)\,p(0),\qquad P(Y=y)=(1-\pi)\,p(y),\quad y>0,

    where p is the base distribution with mean :math:`\mu/(1-\pi)`: `mean` stays the mean of the count.

    Parameters
    ----------
    base : Distribution
        Negative binomial unless said otherwise.

    Notes
    -----
    The prior of the root of the odds of an excess zero is half-normal, scale `Priors.inflation`.  With the scale 0.5 the
    median of `zero` is 0.10, one month in ten; it is above 0.49 with probability 0.05.  Zero is the base distribution itself.

    References
    ----------
    Lambert (1992), Technometrics 34, eq. 1; Cameron, Trivedi (2013), Regression Analysis of Count Data, 2nd ed., sec. 4.6.

    Examples
    --------
    >>> import forecasting as fc
    >>> family = fc.ZeroInflated(fc.Poisson())
    >>> family.shape_names
    ('zero',)
    >>> round(float(family.cdf(0, 6.0, 0.25)), 4)  # 0.25 + 0.75 exp(-8)
    0.2503
    >>> float(family.variance(6.0, 0.25))
    18.0
    """

    zero_family: ClassVar[str] = declared(
        "inflation", 0.5, "Square root of the odds of an excess zero, under zero inflation: half-normal."
    )
    no_zero: ClassVar[str] = "no more months are empty than without zero inflation"

    @staticmethod
    def _mean(mean: ArrayLike, zero: FloatArray) -> FloatArray:
        """Return the mean of the base."""
        return np.asarray(np.divide(mean, 1.0 - zero))

    def expectation(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        r"""Return :math:`(1-\pi)m`, m the mean of the base: `mean` itself, unless the base says otherwise."""
        inner, zero = split(shape)
        return np.asarray((1.0 - zero) * self.base.expectation(self._mean(mean, zero), *inner))

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""
        inner, zero = split(shape)
        result = np.array(np.log1p(-zero) + self.base.logpmf(y, self._mean(mean, zero), *inner))
        empty = np.broadcast_to(np.asarray(y) == 0, result.shape)
        with np.errstate(divide="ignore"):
            extra = np.broadcast_to(np.log(zero), result.shape)[empty]
        result[empty] = np.logaddexp(extra, result[empty])
        return result

    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y <= y)."""
        inner, zero = split(shape)
        below = zero + (1.0 - zero) * self.base.cdf(y, self._mean(mean, zero), *inner)
        return np.where(np.asarray(y) < 0, 0.0, below)

    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y)."""
        inner, zero = split(shape)
        above = (1.0 - zero) * self.base.sf(y, self._mean(mean, zero), *inner)
        return np.where(np.asarray(y) < 0, 1.0, above)

    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high)."""
        inner, zero = split(shape)
        result = np.log1p(-zero) + self.base.log_interval(low, high, self._mean(mean, zero), *inner)
        empty = (np.asarray(low) <= 0) & (np.asarray(high) >= 0)
        with np.errstate(divide="ignore"):
            return np.logaddexp(np.where(empty, np.log(zero), -np.inf), result)

    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the smallest y with P(Y <= y) >= u."""
        level, mu, *rest = np.broadcast_arrays(u, mean, *shape)
        inner, zero = split(tuple(rest))
        guess = self.base.quantile(np.maximum((level - zero) / (1.0 - zero), 0.0), self._mean(mu, zero), *inner)
        return searched(self, guess, level, mu, *rest)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        r"""Return :math:`(1-\pi)(V+\pi m^2)`, m and V mean and variance of the base."""
        inner, zero = split(shape)
        within = self._mean(mean, zero)
        between = zero * np.square(self.base.expectation(within, *inner))
        return np.asarray((1.0 - zero) * (self.base.variance(within, *inner) + between))

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: Rng) -> IntArray:
        """Return one draw for each element of `mean`."""
        *inner, zero = shape
        generator = require_rng(rng)
        drawn = self.base.sample(self._mean(mean, zero), *inner, rng=generator)
        return np.where(generator.random(drawn.shape) < zero, 0, drawn)

    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return what the base starts with, and the zeros beyond those it then expects."""
        shape = self.base.start(y, mean)
        usual = float(np.exp(self.base.logpmf(0.0, mean, *self.base.natural(shape[None])[0])).mean())
        excess = np.clip((float(np.mean(y < 0.5)) - usual) / (1.0 - usual), 0.01, 0.9)
        return np.append(shape, np.sqrt(excess / (1.0 - excess)))

    def log_likelihood(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of `y` ``[T]`` for each row of `log_mean` ``[S, T]``."""
        (*inner, zero), some = shape, y > 0
        log_base = log_mean - np.log1p(-zero)[:, None]
        empty = self.logpmf(0.0, np.exp(log_mean[:, ~some]), *(s[:, None] for s in shape))
        counted = self.base.log_likelihood(y[some], log_base[:, some], *inner)
        return np.asarray(empty.sum(axis=1) + counted + some.sum() * np.log1p(-zero))
