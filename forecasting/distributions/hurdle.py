"""Hurdle: whether anything is counted is one question, how much another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from forecasting.distributions.wrapper import ZeroWrapper, searched, split
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.parameters import declared
from forecasting.randomness import Rng, require_rng

_TINY_MEAN = 1e-200  # stands for a mean of zero, at which a truncated count is 1


@dataclass(frozen=True)
class Hurdle(ZeroWrapper):
    r"""Nothing with probability :math:`\pi` = `zero`, else a count of the base distribution that is known to be positive.

    .. math:: P(Y=0)=\pi,\qquad P(Y=y)=\frac{1-\pi}{1-p(0)}\,p(y),\quad y>0

    `mean` is the mean :math:`\mu` of the base distribution p *before* its zeros are cut off, and `expectation`,
    :math:`(1-\pi)\mu/(1-p(0))`, the mean of the count.  The two must differ: a count that is at least 1 with probability
    :math:`1-\pi` cannot have a mean below :math:`1-\pi`, whereas every pair of :math:`\mu>0` and :math:`\pi` is possible.

    Parameters
    ----------
    base : Distribution
        Negative binomial unless said otherwise.

    Notes
    -----
    The prior of the root of the odds of an empty month is half-normal, scale `Priors.hurdle`; with the scale 2 the median of
    `zero` is 0.65, and 90% of it lies between 0.02 and 0.94.  The prior of the level is that of :math:`\mu`.

    A model that feeds counts back into its mean needs a `mean` that is the mean of the count: take `ZeroInflated` there.

    References
    ----------
    Mullahy (1986), Journal of Econometrics 33, sec. 2; Cameron, Trivedi (2013), Regression Analysis of Count Data, 2nd ed.,
    sec. 4.5.

    Examples
    --------
    >>> import forecasting as fc
    >>> family = fc.Hurdle(fc.Poisson())
    >>> round(float(family.cdf(0, 2.0, 0.7)), 4)
    0.7
    >>> round(float(family.expectation(2.0, 0.7)), 4)  # 0.3 * 2 / (1 - exp(-2))
    0.6939
    """

    zero_family: ClassVar[str] = declared(
        "hurdle",
        2.0,
        "Square root of the odds of a month without any count, where a hurdle separates them: half-normal.",
    )
    no_zero: ClassVar[str] = "no month is empty"

    @property
    def centred(self) -> bool:
        """False: the mean of the count depends on how many months are empty."""
        return False

    def expectation(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        r"""Return the mean of the count, :math:`(1-\pi)\mu/(1-p(0))`."""
        inner, zero = split(shape)
        mu, log_positive = self._truncated(mean, inner)
        return np.asarray((1.0 - zero) * self.base.expectation(mu, *inner) * np.exp(-log_positive))

    def _truncated(self, mean: ArrayLike, inner: tuple[ArrayLike, ...]) -> tuple[FloatArray, FloatArray]:
        """Return the mean of the base, kept above zero, and log(1 - p(0)), accurate however small the mean."""
        mu = np.maximum(np.asarray(mean, dtype=float), _TINY_MEAN)
        return mu, np.log(-np.expm1(self.base.logpmf(0.0, mu, *inner)))

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""
        inner, zero = split(shape)
        mu, log_positive = self._truncated(mean, inner)
        positive = (np.log1p(-zero) - log_positive) + self.base.logpmf(y, mu, *inner)
        with np.errstate(divide="ignore"):
            return np.where(np.asarray(y) == 0, np.log(zero), positive)

    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y <= y)."""
        inner, zero = split(shape)
        mu, log_positive = self._truncated(mean, inner)
        count = np.floor(np.asarray(y, dtype=float))
        beyond = self.base.sf(count, mu, *inner) * np.exp(-log_positive)
        # Either form loses digits where the other has them: next to one, and far below it.
        within = np.where(
            beyond < 0.5,
            1.0 - beyond,
            np.maximum(self.base.cdf(count, mu, *inner) - self.base.cdf(0.0, mu, *inner), 0.0) * np.exp(-log_positive),
        )
        return np.where(count < 0, 0.0, np.where(count == 0, zero, zero + (1.0 - zero) * within))

    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y)."""
        inner, zero = split(shape)
        mu, log_positive = self._truncated(mean, inner)
        count = np.floor(np.asarray(y, dtype=float))
        beyond = (1.0 - zero) * self.base.sf(count, mu, *inner) * np.exp(-log_positive)
        return np.where(count < 0, 1.0, np.where(count == 0, 1.0 - zero, beyond))

    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high)."""
        inner, zero = split(shape)
        mu, log_positive = self._truncated(mean, inner)
        positive = self.base.log_interval(np.maximum(low, 1), high, mu, *inner) + np.log1p(-zero) - log_positive
        empty = (np.asarray(low) <= 0) & (np.asarray(high) >= 0)
        with np.errstate(divide="ignore"):
            return np.logaddexp(np.where(empty, np.log(zero), -np.inf), positive)

    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the smallest y with P(Y <= y) >= u."""
        level, mu, *rest = np.broadcast_arrays(u, mean, *shape)
        inner, zero = split(tuple(rest))
        guess = self._positive_quantile(np.maximum((level - zero) / (1.0 - zero), 0.0), mu, inner)
        return searched(self, np.where(level <= zero, 0, guess), level, mu, *rest)

    def _positive_quantile(self, u: FloatArray, mean: FloatArray, inner: tuple[ArrayLike, ...]) -> IntArray:
        """Return quantiles of the truncated base, exact but for the rounding of the level."""
        mu, log_positive = self._truncated(mean, inner)
        positive = np.exp(log_positive)
        level = np.minimum((1.0 - positive) + positive * u, np.nextafter(1.0, 0.0))
        return np.maximum(self.base.quantile(level, mu, *inner), 1)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the variance, from the second moment of the truncated base."""
        inner, zero = split(shape)
        mu, log_positive = self._truncated(mean, inner)
        squared = self.base.variance(mu, *inner) + np.square(self.base.expectation(mu, *inner))
        second = (1.0 - zero) * squared * np.exp(-log_positive)
        return np.asarray(second - np.square(self.expectation(mu, *shape)))

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: Rng) -> IntArray:
        """Return one draw for each element of `mean`: of the base, or where that is zero its truncated quantile function."""
        *inner, zero = shape
        generator = require_rng(rng)
        drawn = np.array(self.base.sample(mean, *inner, rng=generator))
        counted = generator.random(drawn.shape) >= zero
        again = counted & (drawn == 0)
        drawn[~counted] = 0
        mu, *given = (np.broadcast_to(values, drawn.shape)[again] for values in (mean, *inner))
        drawn[again] = self._positive_quantile(generator.random(mu.size), mu, tuple(given))
        return drawn

    def start(self, y: FloatArray, mean: FloatArray) -> FloatArray:
        """Return what the base starts with, and the root of the odds of the zeros seen."""
        empty = float(np.sum(y < 0.5)) + 0.5
        return np.append(self.base.start(y, mean), np.sqrt(empty / (y.size + 1.0 - empty)))

    def log_likelihood(self, y: IntArray, log_mean: FloatArray, *shape: FloatArray) -> FloatArray:
        """Return the log probability of `y` ``[T]`` for each row of `log_mean` ``[S, T]``."""
        (*inner, zero), some = shape, y > 0
        held = log_mean[:, some]
        _, log_positive = self._truncated(np.exp(held), tuple(s[:, None] for s in inner))
        counted = self.base.log_likelihood(y[some], held, *inner) - log_positive.sum(axis=1)
        with np.errstate(divide="ignore"):
            empty = (~some).sum() * np.log(zero) if (~some).any() else 0.0
        return np.asarray(counted + some.sum() * np.log1p(-zero) + empty)
