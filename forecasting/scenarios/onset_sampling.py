r"""Posterior of the month of a step: the month is a parameter like the others, and is summed over.

For a candidate month :math:`\tau` the log mean of a regression gains :math:`\beta 1_{t\ge\tau}`.  The facts do not care: only
the log mean changes, so one call of their likelihood evaluates points of many candidates at once.  The modes of all candidates
are climbed together; a t distribution at each mode proposes draws, whose weights give the evidence :math:`Z_\tau`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from forecasting.constraints import Observed
from forecasting.inference.proposals import StudentT, mixture_log_density
from forecasting.inference.psis import KHAT_LIMIT, smooth_weights
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.models import CountRegression
from forecasting.models.regression import RegressionDensity
from forecasting.terms import Step, Terms

_ITERATIONS = 25
_ENOUGH = 1e-2  # Newton decrement below which a mode serves as the centre of a proposal
_STENCIL = 0.05  # half-width of the differences, in local standard deviations
_LONGEST = 3.0  # longest Newton step, in units of the prior scales
_LENGTHS = np.array([1.0, 0.5, 0.2, 0.05, 0.01])
_FREEDOM, _WIDER = 7.0, 1.15
_NEGLIGIBLE = 9.0  # log units below the best candidate at which the normal approximation of the evidence is enough
_ROUNDS = 3
_FEWEST = 32  # draws of a candidate in a round


@dataclass(frozen=True, eq=False)
class Onsets:
    """Weighted draws of a month and a step.

    Attributes
    ----------
    log_evidence : float64[C]
        Log marginal likelihood with a step at each candidate month.
    month : int64[S]
        Position of the candidate of each draw.
    step : float64[S]
        Its step on the log scale.
    weights : float64[S]
        Sum to one; every candidate is equally probable beforehand.
    khat : float
        Pareto shape of the weights.
    """

    log_evidence: FloatArray
    month: IntArray
    step: FloatArray
    weights: FloatArray
    khat: float


class _Joint:
    """The log posterior density of a regression with a step, for points that each have a month of their own."""

    def __init__(self, model: CountRegression, data: Observed, candidates: pd.PeriodIndex) -> None:
        terms = Terms.of(model.terms) + Step(candidates[len(candidates) // 2])
        self.density = RegressionDensity(terms, model.distribution, data, model.priors)
        self.column = len(Terms.of(model.terms).columns())
        self.after = np.greater_equal.outer(data.months.asi8, candidates.asi8).T.astype(float)

    def __call__(self, points: FloatArray, month: IntArray) -> FloatArray:
        """Return the log density ``[S]`` of points ``[S, p]`` whose steps begin at the candidates `month` ``[S]``."""
        density, k = self.density, self.column
        shape = density.distribution.natural(points[:, density.width :])
        plain = np.arange(density.width) != k
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            log_mean = points[:, : density.width][:, plain] @ density.design[:, plain].T + density.offset
            log_mean += points[:, k, None] * self.after[month]
            columns = [shape[:, j] for j in range(shape.shape[1])]
            value = density.facts.log_likelihood(log_mean, columns, density.distribution) + density.log_prior(points)
        return np.where(np.isfinite(value), value, -np.inf)


def sample_onsets(
    model: CountRegression,
    data: Observed,
    candidates: pd.PeriodIndex,
    start: FloatArray,
    draws: int,
    rng: np.random.Generator,
) -> Onsets:
    r"""Return the posterior of month and step, :math:`p(\tau,\theta\mid\text{facts})\propto L(\tau,\theta)\pi(\theta)`.

    Parameters
    ----------
    model : CountRegression
        Without the step.
    data : CountSeries or Evidence
        What is known.
    candidates : pandas.PeriodIndex
        The C months at which the step may begin.
    start : ndarray, [p - 1]
        Mode of the model without the step, in working coordinates.
    draws : int
        Draws in all, shared by the candidates that matter.
    rng : numpy.random.Generator
        Source of randomness.

    Notes
    -----
    Where the weights cannot be trusted after some rounds, each candidate is drawn by itself, by `CountRegression.posterior`.
    """
    joint = _Joint(model, data, candidates)
    k = joint.column
    first = np.tile(np.concatenate([start[:k], [0.0], start[k:]]), (len(candidates), 1))
    centres, roots, normal = _climb(joint, first)
    matter = np.flatnonzero(normal > normal.max() - _NEGLIGIBLE)
    clouds = [_Cloud(joint, int(c), StudentT(centres[c], _WIDER * roots[c], _FREEDOM)) for c in matter]
    each = max(draws // len(clouds), _FEWEST)
    for _ in range(_ROUNDS):
        for cloud in clouds:
            cloud.extend(each, rng)
        _evaluate(joint, clouds)
        found = _pooled(clouds, normal, k)
        if found.khat <= KHAT_LIMIT:
            return found
        for cloud in clouds:
            cloud.adapt()
    return _one_by_one(model, data, candidates, max(draws // len(candidates), 100), rng)


class _Cloud:
    """Weighted draws given one candidate, from a growing mixture of t distributions."""

    def __init__(self, joint: _Joint, month: int, proposal: StudentT) -> None:
        self.month, self.parts, self._density = month, [proposal], joint.density
        self._numbers = [0]
        self.points = np.empty((0, proposal.centre.size))
        self.height = np.empty(0)

    def extend(self, draws: int, rng: np.random.Generator) -> None:
        """Draw from the newest proposal; `_evaluate` follows."""
        self._numbers[-1] += draws
        self.points = np.concatenate([self.points, self.parts[-1].draw(draws, self._density.folded, rng)])

    def log_weights(self) -> FloatArray:
        """Return the log weights ``[S]`` of all draws against the whole mixture."""
        total = sum(self._numbers)
        mixture = [(part, number / total) for part, number in zip(self.parts, self._numbers, strict=True)]
        return self.height - mixture_log_density(self.points, mixture, self._density.folded)

    def adapt(self) -> None:
        """Add a t distribution with the weighted mean and covariance of the draws, the weights flattened by a root."""
        log_weights = 0.5 * self.log_weights()
        weights = np.exp(log_weights - log_weights.max())
        weights /= weights.sum()
        centre = weights @ self.points
        deviation = self.points - centre
        covariance = (deviation * weights[:, None]).T @ deviation + np.diag(1e-9 * np.square(self._density.scale))
        self.parts.append(StudentT(centre, np.linalg.cholesky(covariance), _FREEDOM))
        self._numbers.append(0)


def _evaluate(joint: _Joint, clouds: list[_Cloud]) -> None:
    """Evaluate the new draws of all candidates in one call."""
    fresh = [cloud.points[cloud.height.size :] for cloud in clouds]
    month = np.repeat([cloud.month for cloud in clouds], [len(points) for points in fresh])
    values = joint(np.concatenate(fresh), month)
    for cloud, part in zip(clouds, np.split(values, np.cumsum([len(points) for points in fresh])[:-1]), strict=True):
        cloud.height = np.concatenate([cloud.height, part])


def _pooled(clouds: list[_Cloud], normal: FloatArray, column: int) -> Onsets:
    """Return what all clouds say together; candidates that do not matter keep the normal approximation of their evidence."""
    log_evidence = normal.copy()
    logs = [cloud.log_weights() for cloud in clouds]
    for cloud, own in zip(clouds, logs, strict=True):
        log_evidence[cloud.month] = logsumexp(own) - np.log(own.size)
    weights, khat = smooth_weights(np.concatenate([own - np.log(own.size) for own in logs]))
    month = np.repeat([cloud.month for cloud in clouds], [own.size for own in logs])
    step = np.concatenate([cloud.points[:, column] for cloud in clouds])
    return Onsets(log_evidence, month, step, weights, khat)


def _one_by_one(
    model: CountRegression, data: Observed, candidates: pd.PeriodIndex, draws: int, rng: np.random.Generator
) -> Onsets:
    steps, evidence, khat = [], [], -np.inf
    for month in candidates:
        term = Step(month)
        fit = replace(model, terms=Terms.of(model.terms) + term).posterior(data, draws=draws, rng=rng)
        steps.append(fit.draws[:, fit.names.index(term.columns[0])])
        evidence.append(fit.log_evidence)
        khat = max(khat, fit.khat if fit.sample.method == "importance" else -np.inf)
    log_evidence = np.array(evidence)
    weights = np.repeat(np.exp(log_evidence - logsumexp(log_evidence)) / draws, draws)
    return Onsets(log_evidence, np.repeat(np.arange(len(candidates)), draws), np.concatenate(steps), weights, khat)


def _climb(joint: _Joint, points: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Climb to the mode of every candidate at once.

    Returns
    -------
    modes : ndarray, [C, p]
    roots : ndarray, [C, p, p]
        Cholesky factors of the inverse negative Hessians.
    log_evidence : ndarray, [C]
        By the normal approximation.
    """
    count, size = points.shape
    scale = joint.density.scale
    bases = np.tile(0.1 * np.diag(scale), (count, 1, 1))
    points, heights = points.copy(), np.full(count, -np.inf)
    climbing = np.arange(count)
    for _ in range(_ITERATIONS):
        heights[climbing], gradient, bases[climbing] = _derivatives(joint, points, bases, climbing)
        direction = np.einsum("cij,cj->ci", bases[climbing], gradient)
        length = np.abs(direction / scale).max(axis=1, initial=1e-300)
        direction *= np.minimum(1.0, _LONGEST / length)[:, None]
        trials = points[climbing, None] + _LENGTHS[:, None] * direction[:, None]
        values = joint(trials.reshape(-1, size), np.repeat(climbing, _LENGTHS.size)).reshape(climbing.size, -1)
        best = values.argmax(axis=1)
        gain = values[np.arange(climbing.size), best] - heights[climbing]
        better = gain > 0
        points[climbing[better]] = trials[better, best[better]]
        heights[climbing[better]] += gain[better]
        decrement = 0.5 * np.square(gradient).sum(axis=1)
        climbing = climbing[(decrement > _ENOUGH) & (gain > 0.1 * _ENOUGH)]
        if not climbing.size:
            break
    log_evidence = heights + 0.5 * size * np.log(2.0 * np.pi) + np.linalg.slogdet(bases)[1]
    return points, bases, log_evidence


def _derivatives(
    joint: _Joint, points: FloatArray, bases: FloatArray, which: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return height ``[c]``, gradient ``[c, p]`` along new bases ``[c, p, p]``, in which the density is locally round."""
    size = points.shape[1]
    unit, pairs = np.eye(size), np.array(list(combinations(range(size), 2)), dtype=int).reshape(-1, 2)
    both = unit[pairs[:, 0]] + unit[pairs[:, 1]]
    stencil = _STENCIL * np.concatenate([np.zeros((1, size)), unit, -unit, both, -both])
    old = bases[which]
    where = points[which, None] + np.einsum("cij,sj->csi", old, stencil)
    values = joint(where.reshape(-1, size), np.repeat(which, len(stencil))).reshape(which.size, -1)
    values = np.where(np.isfinite(values), values, values[:, :1] - 1.0)  # a wall: a steep but finite fall
    centre, plus, minus = values[:, 0], values[:, 1 : size + 1], values[:, size + 1 : 2 * size + 1]
    gradient = (plus - minus) / (2.0 * _STENCIL)
    hessian = np.zeros((which.size, size, size))
    hessian[:, range(size), range(size)] = (plus + minus - 2.0 * centre[:, None]) / _STENCIL**2
    one, other = pairs.T
    two = values[:, 2 * size + 1 : 2 * size + 1 + len(pairs)] + values[:, 2 * size + 1 + len(pairs) :]
    mixed = (two - plus[:, one] - plus[:, other] - minus[:, one] - minus[:, other] + 2.0 * centre[:, None]) / (
        2.0 * _STENCIL**2
    )
    hessian[:, one, other] = hessian[:, other, one] = mixed
    levels, vectors = np.linalg.eigh(-hessian)
    inverse = vectors / np.maximum(np.abs(levels), 1e-4)[:, None, :] @ vectors.transpose(0, 2, 1)
    covariance = old @ inverse @ old.transpose(0, 2, 1)
    roots = np.linalg.cholesky(0.5 * (covariance + covariance.transpose(0, 2, 1)))
    along = np.linalg.solve(old.transpose(0, 2, 1), gradient[:, :, None])  # gradient in the parameters themselves
    return centre, np.asarray((roots.transpose(0, 2, 1) @ along)[:, :, 0]), np.asarray(roots)
