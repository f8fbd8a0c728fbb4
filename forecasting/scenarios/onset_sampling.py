r"""Posterior of the course of a change of level: its month and shape are summed over like any other parameter.

A level is constant, has a trend, or wanders.  Under a normal stand-in for the likelihood (`standins`) every level with every
change is conjugate, given the shape parameters of a month and the noise of the level, which run over grids.  Draws of grid
point, change and path are weighed against the likelihood of the facts itself, so that evidences and probabilities are those
of the model and not of the stand-in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecasting.inference.psis import KHAT_LIMIT, correction, smooth_weights
from forecasting.inference.resampling import systematic
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.models.estimated import estimates_at
from forecasting.models.local_level.target import Target
from forecasting.scenarios.standins import Level, StandIn, evidences

_NODES, _GRADED = 5, 7
_COARSE = {"dispersion": 0.25, "noise": 0.1}  # cells of the first grids
_DOWN, _UP = 2.5, 3.2  # standard deviations that a grid reaches down and up
_EDGE = 0.1  # probability at the end of a grid that moves the next one
_STEADY = 0.6  # a grid whose cell is at least this share of the last one is the last
_ROUNDS = 12
_LONGEST = 1.0  # longest step of a log mean; steps are halved each time they turn round
_FIRST_DEVIATION = 0.3
_WIDEST = 0.5  # standard deviation of a log mean beyond which one quadratic is not fitted
_CLOSE = 0.1  # change of the log means, in standard deviations, after which a stand-in is not fitted again
_FLAT = 0.7  # share of the curvature that a stand-in fitted to poor draws keeps
_ATTEMPTS = 4
_HEAVY = 0.02  # share of the weight of one draw from which a heavy tail matters
_FAR, _FAR_SHARE = 2.0, 0.25  # a share of draws, on a level that does not wander, is so many times as far from the mean
_FEWEST, _FEWEST_DEAR = 400, 100  # draws of either side, where a likelihood is cheap and where it is dear
_ROUGH = 4000  # draws weighed by the surrogate, of which those are chosen where a likelihood is dear
_LITTLE = 7.0  # log units below the best level, with a change or without one, at which a level decides nothing
_JUDGED = 50  # draws at which estimates of the probability of facts are judged
_NEGLIGIBLE = 30.0  # log units below the best point of a grid at which changes are not tried


@dataclass(frozen=True)
class Axis:
    """A grid of a scale on the half line whose prior is half-normal: even, or from zero and even in the root."""

    low: float
    cell: float
    prior: float
    graded: bool = False

    @property
    def high(self) -> float:
        """Its last point."""
        return self.low + self.cell * (_NODES - 1)

    @property
    def nodes(self) -> FloatArray:
        """Its points."""
        if self.graded:
            return np.asarray(self.high * np.square(np.linspace(0.0, 1.0, _GRADED)))
        return np.asarray(self.low + self.cell * np.arange(_NODES))

    @property
    def log_weights(self) -> FloatArray:
        """Log prior mass of each point by the trapezoid rule.

        On an even grid zero is the middle of an even function; on a graded one its weight is the correction of Euler and
        Maclaurin.
        """
        nodes = self.nodes
        log_density = 0.5 * np.log(2.0 / np.pi) - np.log(self.prior) - 0.5 * np.square(nodes / self.prior)
        if not self.graded:
            return np.asarray(log_density + np.log(self.cell) - np.log(2.0) * (nodes == 0.0))
        width = 1.0 / (_GRADED - 1)
        weights = 2.0 * width * np.sqrt(self.high * nodes)
        weights[0] = self.high * width**2 / 6.0
        return np.asarray(log_density + np.log(weights))

    def towards_zero(self) -> Axis:
        """Return a grid that holds smaller scales as well: a change takes its part out of the noise of a level."""
        return (
            replace(self, low=0.0, cell=self.high / (_NODES - 1), graded=True) if self.low < 0.5 * self.high else self
        )

    def refined(self, share: FloatArray) -> tuple[Axis, bool]:
        """Return a grid around the mass of this one, and whether it may be the last."""
        nodes = self.nodes
        centre = float(share @ nodes)
        spread = max(float(np.sqrt(share @ np.square(nodes - centre))), 0.35 * self.cell)
        at_edge = max(share[-1], share[0] if self.low > 0.0 else 0.0) > _EDGE
        if at_edge:
            spread = 2.0 * self.cell
        low = max(centre - _DOWN * spread, 0.0)
        finer = Axis(low, (centre + _UP * spread - low) / (_NODES - 1), self.prior)
        return finer, not at_edge and finer.cell > _STEADY * self.cell


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of level: its loads ``[T, r]``, prior scales included, and the prior scale of its monthly noise, if it has any."""

    name: str
    loads: FloatArray
    noise: float | None = None


@dataclass(frozen=True, eq=False)
class Weighed:
    """What one kind of level says, without a change and with one.

    Attributes
    ----------
    without, within : float
        Log evidence without a change, and with one, all courses averaged with their prior probabilities.
    course : int64[S]
        Which course each draw has.
    change : float64[S]
        Its size on the log scale.
    weights : float64[S]
        Sum to one.
    shares : float64[M]
        Posterior probability of each course, if there was a change.
    khat : tuple of float
        Pareto shape of the weights of either side.
    heaviest : tuple of float
        The largest share of either side's weight that one draw has.
    estimates : DataFrame
        How good the estimates of the probability of facts are with a change; as `Posterior.estimates`.
    """

    without: float
    within: float
    course: IntArray
    change: FloatArray
    weights: FloatArray
    shares: FloatArray
    khat: tuple[float, float]
    heaviest: tuple[float, float]
    estimates: pd.DataFrame


def in_doubt(found: Iterable[Weighed]) -> bool:
    """Return whether a few draws decide a side, with or without a change, that has a good part of its evidence."""
    listed = list(found)
    sides = [one.without for one in listed], [one.within for one in listed]
    return any(
        poor(one.khat[side], one.heaviest[side])
        for side, logs in enumerate(sides)
        for one, log_evidence in zip(listed, logs, strict=True)
        if log_evidence > max(logs) - _LITTLE
    )


def poor(khat: float, heaviest: float) -> bool:
    """Return whether weights cannot be trusted: their tail is heavy, and one draw holds a good part of them.

    The weights of draws of a course whose probability the stand-in misjudges are large but bounded, which k-hat alone takes
    for a heavy tail.
    """
    return khat > KHAT_LIMIT and heaviest > _HEAVY


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A stand-in with the log mass of each point of the grids, without a change ``[K, J]`` and by course ``[M, K, J]``.

    Points at which a change is negligible have no level.
    """

    stand_in: StandIn
    without: FloatArray
    within: FloatArray
    levels: dict[tuple[int, int], Level]


class Weigher:
    r"""Weighs courses of a change on one kind of level, :math:`Z_s=E_q\{L(z)/q(z)\}` over draws q of the stand-in.

    Parameters
    ----------
    target : Target
        What is known, with the likelihood and its surrogate.
    kind : Kind
        The level.
    courses : ndarray, [M, T]
        Share of each change that is reached by each month, in units of its prior scale.
    prior : ndarray, [M]
        Log prior probability of each course.
    """

    def __init__(self, target: Target, kind: Kind, courses: FloatArray, prior: FloatArray) -> None:
        self._target, self._kind, self._courses, self._prior = target, kind, courses, prior
        self._centre = target.prior.centre
        self._walk = np.tri(len(kind.loads), len(kind.loads) - 1, -1)
        scale = float(target.scale[-1])
        self._dispersion = Axis(0.0, _COARSE["dispersion"], scale)
        self._noise = None if kind.noise is None else Axis(0.0, _COARSE["noise"], kind.noise)
        self._estimates = pd.DataFrame()

    def weigh(self, draws: int, rng: np.random.Generator) -> Weighed:
        """Return both evidences and the draws of the course.

        A level that wanders follows the data with or without a change, so that one stand-in serves both; others have two.
        """
        both = self._kind.noise is not None
        sides = [self._searched(changed) for changed in ((True,) if both else (False, True))]
        fewest = _FEWEST_DEAR if self._target.facts.costly else _FEWEST
        found = []
        for changed in (False, True):
            self._dispersion, self._noise, fitted = sides[-1 if both else int(changed)]
            found.append(self._drawn([fitted], changed, max(draws // (1 if changed else 4), fewest), rng))
        (without, _, _, null, khat), (within, course, change, weights, other) = found
        shares = np.bincount(course, weights, minlength=len(self._courses))
        fitted = sides[-1][2]
        kept = _log_sum(fitted.within.reshape(len(self._courses), -1), 1) - _log_sum(fitted.within)
        unseen = ~np.isin(np.arange(shares.size), course)
        shares[unseen] = np.exp(kept[unseen])
        heaviest = float(null.max()), float(weights.max())
        return Weighed(
            without, within, course, change, weights, shares / shares.sum(), (khat, other), heaviest, self._estimates
        )

    def _searched(self, changed: bool) -> tuple[Axis, Axis | None, _Fitted]:
        """Narrow the grids, moving the stand-in to the posterior of the log means; return them with what was fitted there."""
        log_mean = self._target.start - self._target.offset
        deviation, before, damping = np.full(log_mean.size, _FIRST_DEVIATION), np.zeros(log_mean.size), 1.0
        dispersion = Axis(0.0, _COARSE["dispersion"], self._dispersion.prior)
        noise = None if self._noise is None else Axis(0.0, _COARSE["noise"], self._noise.prior)
        for _ in range(_ROUNDS):
            stand_in = self._stand_in(dispersion, log_mean, deviation)
            mass = self._without(stand_in, dispersion, noise)
            if changed and noise is None:
                mass = _log_sum(self._within(stand_in, mass, self._every(stand_in, mass, noise)), 0)
            share = np.exp(mass - _log_sum(mass))
            k, j = np.unravel_index(int(share.argmax()), share.shape)
            moved, spread = self._moments(Level(stand_in, int(k), self._loads(noise)[j]), changed)
            far = float((np.abs(moved - log_mean) / np.sqrt(spread)).max())
            step = np.clip(moved - log_mean, -_LONGEST, _LONGEST)
            damping *= 0.5 if step @ before < 0.0 else 1.0
            log_mean, deviation, before = log_mean + damping * step, np.sqrt(spread), step
            finer, last = dispersion.refined(share.sum(axis=1))
            if noise is not None:
                narrower, settled = noise.refined(share.sum(axis=0))
                last &= settled
            if last and far < _CLOSE:
                break
            dispersion = finer
            noise = None if noise is None else narrower
        stand_in = self._stand_in(dispersion, log_mean, deviation)
        noise = None if noise is None else noise.towards_zero()
        return dispersion, noise, self._fitted(stand_in, dispersion, noise, changed)

    def _moments(self, level: Level, changed: bool) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of the log means ``[T]``, averaged over the courses if there is a change."""
        courses, prior = (self._courses, self._prior) if changed else (self._courses[:0], self._prior[:0])
        factor, mean, variance = level.changes(courses)
        share = np.exp(factor + prior - _log_sum(factor + prior)) if changed else factor
        centre, spread = level.moments(courses, mean, variance, share)
        return self._centre + centre, np.maximum(spread, 1e-8)

    def _stand_in(self, dispersion: Axis, log_mean: FloatArray, deviation: FloatArray) -> StandIn:
        target = self._target
        shape = list(target.distribution.natural(dispersion.nodes[:, None]).T)
        return StandIn.around(target.surrogate, self._centre, log_mean, np.minimum(deviation, _WIDEST), shape)

    def _loads(self, noise: Axis | None) -> FloatArray:
        """Return the loads ``[J, T, r]`` of the level at every noise."""
        static = self._kind.loads
        if noise is None:
            return static[None]
        return np.stack([np.column_stack([static, scale * self._walk]) for scale in noise.nodes])

    def _without(self, stand_in: StandIn, dispersion: Axis, noise: Axis | None) -> FloatArray:
        mass = evidences(stand_in, self._loads(noise)) + dispersion.log_weights[:, None]
        return mass if noise is None else mass + noise.log_weights

    def _every(self, stand_in: StandIn, mass: FloatArray, noise: Axis | None) -> dict[tuple[int, int], Level]:
        """Return the level at each point of the grids that matters."""
        loads = self._loads(noise)
        return {(int(k), int(j)): Level(stand_in, k, loads[j]) for k, j in np.argwhere(mass > mass.max() - _NEGLIGIBLE)}

    def _within(self, stand_in: StandIn, mass: FloatArray, levels: dict[tuple[int, int], Level]) -> FloatArray:
        found = np.full((len(self._courses), *mass.shape), -np.inf)
        for (k, j), level in levels.items():
            found[:, k, j] = level.changes(self._courses)[0] + self._prior + mass[k, j]
        return found

    def _fitted(self, stand_in: StandIn, dispersion: Axis, noise: Axis | None, changed: bool) -> _Fitted:
        mass = self._without(stand_in, dispersion, noise)
        levels = self._every(stand_in, mass, noise)
        within = self._within(stand_in, mass, levels) if changed else np.empty((0, *mass.shape))
        kept = np.full(mass.shape, -np.inf)
        for point in levels:
            kept[point] = mass[point]
        return _Fitted(stand_in, kept, within, levels)

    def _drawn(
        self, proposals: list[_Fitted], changed: bool, draws: int, rng: np.random.Generator
    ) -> tuple[float, IntArray, FloatArray, FloatArray, float]:
        """Return log evidence, courses, changes, weights ``[S]`` and k-hat; more draws are added until it is low.

        The paths of a level that wanders have many dimensions: their further draws come from a stand-in fitted to those at
        hand.  Others have few, and some of their draws reach further from the start.  Where the likelihood is dear, it is that
        of the surrogate, and the few draws that are chosen by their weights are weighed by what the likelihood is over it.
        """
        dear, likelihood = self._target.facts.costly, self._target.probability
        if dear:
            wanted, draws, likelihood = draws, max(draws, _ROUGH), self._target.rough_probability
        wanders = self._kind.noise is not None
        z = np.empty((0, self._courses.shape[1]))
        which = course = np.empty(0, dtype=np.int64)
        change, reach, height = np.empty(0), np.empty(0), np.empty(0)
        for _ in range(_ATTEMPTS):
            more = self._draw(proposals[-1], changed, draws, rng)
            z, which, course, change, reach = (
                np.concatenate(pair) for pair in zip((z, which, course, change, reach), more, strict=True)
            )
            height = np.concatenate([height, likelihood(*self._at(more[0], more[1]))])
            mixture = [
                one.stand_in.log_density(z, which) - _log_sum(one.within if changed else one.without)
                for one in proposals
            ]
            logs = height - reach - _log_sum(np.array(mixture), 0) + np.log(len(proposals))
            weights, khat = smooth_weights(logs)
            if not poor(khat, float(weights.max())):
                break
            if wanders:
                mean = weights @ z
                deviation = np.sqrt(weights @ np.square(z - mean) + 1e-8)
                again = self._stand_in(self._dispersion, mean + self._centre, deviation).flattened(_FLAT)
                proposals.append(self._fitted(again, self._dispersion, self._noise, changed))
        evidence = float(_log_sum(logs) - np.log(logs.size))
        if self._target.facts.estimated:
            some = systematic(weights, _JUDGED, rng)
            self._estimates = estimates_at(
                self._target.facts, *self._at(z[some], which[some]), self._target.distribution
            )
        if not dear:
            return evidence, course, change, weights, khat
        chosen = systematic(weights, wanted, rng)
        logs = self._target.probability(*self._at(z[chosen], which[chosen])) - height[chosen]
        weights, other, gained = correction(logs)
        return evidence + gained, course[chosen], change[chosen], weights, max(khat, other)

    def _draw(
        self, fitted: _Fitted, changed: bool, draws: int, rng: np.random.Generator
    ) -> tuple[FloatArray, IntArray, IntArray, FloatArray, FloatArray]:
        r"""Return draws under a stand-in.

        Log means away from the centre ``[S, T]``, grid points of the shape, courses, changes, and the log density of what was
        drawn over that under the stand-in, a mixture of two widths :math:`\sum_i a_is_i^{-r}e^{(1-s_i^{-2})|n|^2/2}`.
        """
        mass = fitted.within if changed else fitted.without[None]
        share = np.exp(mass - _log_sum(mass))
        cells = systematic(share.ravel(), draws, rng)
        course, k, j = np.unravel_index(cells, share.shape)
        z, change, length = np.empty((draws, self._courses.shape[1])), np.empty(draws), np.empty(draws)
        wanders = self._kind.noise is not None
        scale = np.where(rng.random(draws) < (0.0 if wanders else _FAR_SHARE), _FAR, 1.0)
        points, inverse = np.unique(k * share.shape[2] + j, return_inverse=True)
        for number, point in enumerate(points):
            here = np.flatnonzero(inverse == number)
            level = fitted.levels[point // share.shape[2], point % share.shape[2]]
            own = self._courses[course[here]] if changed else np.zeros((here.size, z.shape[1]))
            z[here], change[here], length[here] = level.draw(own, scale[here], rng)
        if wanders:
            return z, k, course, change, np.zeros(draws)
        wide = -(self._kind.loads.shape[1] + 1) * np.log(_FAR) + 0.5 * (1.0 - _FAR**-2.0) * length
        return z, k, course, change, np.logaddexp(np.log(1.0 - _FAR_SHARE), np.log(_FAR_SHARE) + wide)

    def _at(self, z: FloatArray, which: IntArray) -> tuple[FloatArray, list[FloatArray]]:
        """Return log means ``[S, T]`` and shapes of draws."""
        shape = list(self._target.distribution.natural(self._dispersion.nodes[which][:, None]).T)
        return z + self._centre, shape


def _log_sum(logs: FloatArray, axis: int | None = None) -> FloatArray:
    """Return the logarithm of a sum, over one axis or all."""
    return np.asarray(np.logaddexp.reduce(logs.ravel() if axis is None else logs, axis=axis or 0))
