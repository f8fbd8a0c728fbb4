"""How surprising the later window was, given what the facts say about the months before it alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.constraints import Linear
from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood.sums import SumGroup
from forecasting.models import Posterior, reconstruct
from forecasting.predictive import Predictive, Quantity
from forecasting.scenarios.rates import unseen_bound
from forecasting.scenarios.windows import Windows

_RARE = 0.002  # simulated chance below which a tail is summed exactly
_EXACT_SIZE = 60_000  # larger total times months up to which that is cheap, a tenth of a second
_EXACT_DRAWS = 500
_FAR = 8  # times the lower limit of a rare tail: what is beyond is rarer still by many orders of magnitude
_REPLICATES = 10  # simulated totals per parameter draw


@dataclass(frozen=True, eq=False)
class Tail:
    """One tail of a predictive distribution of the ratio.

    Attributes
    ----------
    by_draw : float64[S]
        Its probability given each parameter draw.
    reached : int or None
        Simulated ratios in it; None if it is summed exactly.
    """

    by_draw: FloatArray
    reached: int | None

    @property
    def resolved(self) -> bool:
        """False if no simulated ratio lies in it: `chance` is then the 95% upper bound.

        The parameter draws are the number of trials, since all ratios simulated from one share their parameters.
        """
        return self.reached is None or self.reached > 0

    @property
    def chance(self) -> float:
        """Its probability."""
        return float(self.by_draw.mean()) if self.resolved else unseen_bound(self.by_draw.size)

    @property
    def error(self) -> float:
        """Monte Carlo standard error of `chance`; NaN where that is a bound."""
        return float(self.by_draw.std() / np.sqrt(self.by_draw.size)) if self.resolved else float(np.nan)

    def weighted(self, weights: FloatArray) -> float:
        """Return its probability if the parameter draws have these weights."""
        own = weights[: self.by_draw.size]
        return float(own @ self.by_draw / own.sum()) if self.resolved else self.chance


@dataclass(frozen=True, eq=False)
class Surprise:
    """A predictive distribution of the ratio, and where the observed ratio lies in it.

    Attributes
    ----------
    posterior : Posterior
        From the months before the later window alone.
    ratio : Quantity
        Predictive draws of the ratio.
    direction : {"rise", "fall"}
        Which way the observed ratio goes.
    at_least, at_most : Tail
        Ratios at least, and at most, as large as observed; both from the end of the range that lies nearer to no change if the
        totals are not exact.
    """

    posterior: Posterior
    ratio: Quantity
    direction: str
    at_least: Tail
    at_most: Tail

    @property
    def chance(self) -> float:
        """The primary number: twice the smaller tail, at most 1; the chance of a change as unusual, either way.

        It is the number that the validation judges and that the verdict is about.
        """
        return two_sided(self.at_least.chance, self.at_most.chance)

    @property
    def resolved(self) -> bool:
        """Whether `chance` is more than an upper bound."""
        return self._smaller.resolved

    @property
    def error(self) -> float:
        """Monte Carlo standard error of `chance`; NaN where that is a bound."""
        return 2.0 * self._smaller.error

    @property
    def _smaller(self) -> Tail:
        return min(self.at_least, self.at_most, key=lambda tail: tail.chance)

    @property
    def in_direction(self) -> Tail:
        """The tail on the side of the change: ratios as large or larger of a rise, as small or smaller of a fall."""
        return self.at_least if self.direction == "rise" else self.at_most

    @property
    def tail(self) -> float:
        """Probability of a change at least as large, in the same direction."""
        return self.in_direction.chance

    @property
    def bits(self) -> float:
        """The surprise -log2(tail): how many heads in a row a fair coin would have to show."""
        return float(abs(np.log2(min(self.tail, 1.0)))) if self.tail > 0 else float(np.inf)

    def weighted(self, weights: FloatArray) -> float:
        """Return `chance` if the parameter draws have these weights."""
        return two_sided(self.at_least.weighted(weights), self.at_most.weighted(weights))


@dataclass(frozen=True)
class Unforecastable:
    """A baseline that could not forecast the later window.

    Attributes
    ----------
    reason : str
        Why.
    """

    reason: str


def two_sided(at_least: float, at_most: float) -> float:
    r"""Return twice the smaller tail, :math:`\min\{1, 2\min(p_{up}, p_{down})\}`.

    Examples
    --------
    >>> two_sided(0.02, 0.99), two_sided(0.6, 0.55)
    (0.04, 1.0)
    """
    return min(1.0, 2.0 * min(at_least, at_most))


def surprise(posterior: Posterior, comparison: Windows, *, step: float = 0.0, rng: np.random.Generator) -> Surprise:
    r"""Predict the ratio from a posterior given the months before the later window, both tails of it (Dawid 1984).

    Parameters
    ----------
    posterior : Posterior
        Given what is known of the months before the later window.
    comparison : Windows
        The windows.
    step : float
        Prior scale of an unforeseen step at the boundary, of which the earlier months know nothing; 0 for none.
    rng : numpy.random.Generator
        Source of randomness.
    """
    unforeseen = step * rng.standard_normal((len(posterior.draws), 1)) if step else 0.0
    expected = np.exp(posterior.log_mean(comparison.after) + unforeseen)
    mean = np.repeat(expected, _REPLICATES, axis=0)
    shape = tuple(np.repeat(values, _REPLICATES) for values in posterior.shape)
    predicted = Predictive.draw(comparison.after, mean, shape, posterior.distribution, name=posterior.name, rng=rng)
    later = predicted.paths.sum(axis=1).astype(float)
    low, high = comparison.before_range
    if low == high:
        earlier = np.full(later.size, float(low))
    else:
        window = reconstruct(posterior, rng=rng).total(comparison.before[0], comparison.before[-1])
        earlier = np.repeat(window.draws, _REPLICATES)
    ratio = Quantity("ratio", later / np.maximum(earlier, 0.5))
    least, most = comparison.after_range[0], int(comparison.after_range[1])
    if low == high:  # given the base, the ratio is the later total; the base may be zero
        tails = [_counted(later >= least), _counted(later <= most)]
    else:
        tails = [_counted(later * high >= least * earlier), _counted(later * low <= most * earlier)]
    law = posterior.distribution
    cheap = law.additive or max(most, high) * len(comparison.after) <= _EXACT_SIZE  # the same of a mirror image
    if low == high and cheap and isinstance(law, Distribution):
        part = slice(0, _EXACT_DRAWS)
        at = expected[part], [values[part] for values in posterior.shape], law
        for side, limits in enumerate(((least, None), (None, most))):
            if tails[side].by_draw.mean() < _RARE:  # none of few draws bounds the chance far above it
                tails[side] = Tail(_exact(*at, *limits), None)
    return Surprise(posterior, ratio, comparison.direction, *tails)


def _counted(reached: NDArray[np.bool_]) -> Tail:
    """Return a tail from simulated ratios, `_REPLICATES` of each parameter draw together."""
    return Tail(reached.reshape(-1, _REPLICATES).mean(axis=1), int(reached.sum()))


def _exact(
    mean: FloatArray, shape: list[FloatArray], distribution: Distribution, low: int | None, high: int | None
) -> FloatArray:
    """Return P(low <= total <= high) ``[S]`` for each parameter draw; one of the limits is given."""
    if distribution.additive:
        return np.asarray(
            np.exp(distribution.log_interval(low or 0, np.inf if high is None else high, mean.sum(axis=1)))
        )
    if not low and high is None:
        return np.ones(len(mean))
    months = tuple(range(mean.shape[1]))
    row = Linear(months, (1,) * len(months), low, _FAR * (low or 0) if high is None else high)
    group = SumGroup([row], months, np.zeros(len(months), dtype=np.int64), np.full(len(months), np.inf))
    return np.asarray(np.exp(np.minimum(group.log_probability(mean, shape, distribution), 0.0)))
