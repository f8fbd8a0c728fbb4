r"""Maxima under linear inequalities, of many functions at once, by Newton's method with exact derivatives.

An active-set method (Nocedal, Wright 2006, Numerical Optimization, ch. 16.5): steps stay in the null space of the constraints
that hold with equality, a constraint that is run into joins them, and one whose multiplier has the wrong sign leaves.  All
problems, the replicates of a bootstrap for example, take their steps together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.counts import FloatArray, IntArray

_ITERATIONS = 100
_DECREMENT = 1e-15  # gain in height, relative to 1 + |height|, below which a point counts as a maximum
_STALLED = 1e-11  # the same where a step no longer lowers what is to gain: rounding is all that is left
_FORGIVEN = 1e-12  # relative loss of height that rounding explains, where a step is nearly nothing
_LONGEST = 4.0  # longest step, in units of `scale`
_FLATTEST = 1e-14  # curvature below which a direction counts as flat, relative to the largest
_DEPENDENT = 1e-13  # relative size below which directions of active constraints count as repeated
_HALVINGS = 40
_WRONG_SIGN = -1e-7  # multiplier, in units of height by `scale`, at which a constraint is let go


class Target(Protocol):
    """Functions to be maximised, one a row."""

    def height(self, points: FloatArray, rows: IntArray) -> FloatArray:
        """Return the value ``[n]`` of the functions numbered `rows` at `points` ``[n, p]``; ``-inf`` outside their domain."""
        ...

    def derivatives(self, points: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return values ``[n]``, gradients ``[n, p]`` and Hessians ``[n, p, p]``."""
        ...


@dataclass(frozen=True)
class Region:
    """The points with ``sides @ point <= limits``.

    Attributes
    ----------
    sides : ndarray, [m, p]
    limits : ndarray, [m]
    """

    sides: FloatArray
    limits: FloatArray

    def slack(self, points: FloatArray) -> FloatArray:
        """Return how far each point ``[n, p]`` is from each side, ``[n, m]``."""
        return np.asarray(self.limits - points @ self.sides.T)


@dataclass(frozen=True)
class Maxima:
    """Where R functions are largest.

    Attributes
    ----------
    points : ndarray, [R, p]
    values : ndarray, [R]
    gradients : ndarray, [R, p]
    hessians : ndarray, [R, p, p]
    active : ndarray of bool, [R, m]
        Constraints that hold with equality.
    decrements : ndarray, [R]
        What a quadratic model could still gain within the region.
    converged : ndarray of bool, [R]
    iterations : int
    """

    points: FloatArray
    values: FloatArray
    gradients: FloatArray
    hessians: FloatArray
    active: NDArray[np.bool_]
    decrements: FloatArray
    converged: NDArray[np.bool_]
    iterations: int


def maximise(target: Target, start: FloatArray, scale: FloatArray, region: Region) -> Maxima:
    """Climb from each row of `start` to a maximum inside `region`.

    Parameters
    ----------
    target : Target
        R functions of p arguments.
    start : ndarray, [R, p]
        Points inside the region.
    scale : ndarray, [p]
        Rough size of a sensible step in each coordinate.
    region : Region
        Where to stay.
    """
    count, width = start.shape
    points = start.astype(float).copy()
    values, gradients = np.full(count, -np.inf), np.zeros((count, width))
    hessians, decrements = np.zeros((count, width, width)), np.full(count, np.inf)
    active, converged = region.slack(points) <= 0.0, np.zeros(count, dtype=bool)
    rows, taken = np.arange(count, dtype=np.int64), 0
    sides = region.sides * scale
    while rows.size and taken < _ITERATIONS:
        taken += 1
        values[rows], gradients[rows], hessians[rows] = target.derivatives(points[rows], rows)
        rows = rows[np.isfinite(hessians[rows]).all(axis=(1, 2)) & np.isfinite(gradients[rows]).all(axis=1)]
        slope = gradients[rows] * scale
        step, multipliers = _newton(slope, hessians[rows] * np.outer(scale, scale), sides, active[rows])
        before, unit = decrements[rows], 1.0 + np.abs(values[rows])
        decrements[rows] = 0.5 * np.einsum("np,np->n", slope, step)
        stalled = (decrements[rows] < _STALLED * unit) & (decrements[rows] > 0.5 * before)
        settled = stalled | (decrements[rows] < _DECREMENT * unit)
        wrong = np.where(active[rows], multipliers, np.inf)
        leaving = settled & (wrong.min(axis=1, initial=np.inf) < _WRONG_SIGN)
        if leaving.any():
            active[rows[leaving], wrong[leaving].argmin(axis=1)] = False
        converged[rows[settled & ~leaving]] = True
        moving = ~settled
        stuck = _advance(target, points, values, decrements, active, rows[moving], step[moving] * scale, scale, region)
        finished = np.isin(rows, stuck) | (settled & ~leaving)
        rows = rows[~finished]
    return Maxima(points, values, gradients, hessians, active, decrements, converged, taken)


def _newton(
    slope: FloatArray, hessian: FloatArray, sides: FloatArray, active: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """Return Newton steps ``[n, p]`` within the active constraints, and the multipliers ``[n, m]``."""
    curvature, axes = np.linalg.eigh(-hessian)
    size = np.abs(curvature)
    size = np.maximum(size, np.maximum(_FLATTEST * size.max(axis=1, keepdims=True), 1e-300))
    inverse = np.einsum("npk,nk,nqk->npq", axes, 1.0 / size, axes)
    free = np.einsum("npq,nq->np", inverse, slope)
    multipliers = np.zeros(active.shape)
    bound = active.any(axis=1)
    if bound.any():
        held, towards = active[bound].astype(float), inverse[bound] @ sides.T
        gram = (sides @ towards) * held[:, :, None] * held[:, None, :]
        against = np.linalg.pinv(gram, rcond=_DEPENDENT, hermitian=True)  # constraints may depend on each other
        for _ in range(2):  # the second pass takes back what rounding left of the first
            forces = np.einsum("nml,nl->nm", against, held * (free[bound] @ sides.T))
            free[bound] -= np.einsum("npm,nm->np", towards, forces)
            multipliers[bound] += forces
    return free, multipliers


def _advance(
    target: Target,
    points: FloatArray,
    values: FloatArray,
    decrements: FloatArray,
    active: NDArray[np.bool_],
    rows: IntArray,
    step: FloatArray,
    scale: FloatArray,
    region: Region,
) -> IntArray:
    """Move `points` along `step`, as far as region and height allow; return the rows that cannot move."""
    if not rows.size:
        return rows
    rate, slack = step @ region.sides.T, np.maximum(region.slack(points[rows]), 0.0)
    ahead = ~active[rows] & (rate > 1e-14 * np.abs(step).max(axis=1, keepdims=True))
    room = np.where(ahead, slack / np.where(ahead, rate, 1.0), np.inf)
    reach = room.min(axis=1, initial=np.inf)
    length = np.minimum(1.0, _LONGEST / np.maximum(np.abs(step / scale).max(axis=1), 1e-300))
    hits = reach <= length
    length = np.minimum(length, reach)
    loss = np.where(decrements[rows] < 1e-6, _FORGIVEN * (1.0 + np.abs(values[rows])), 0.0)
    left, tries = np.arange(rows.size), 0
    while left.size and tries < _HALVINGS:
        trial = points[rows[left]] + length[left, None] * step[left]
        height = target.height(trial, rows[left])
        better = height >= values[rows[left]] - loss[left]
        points[rows[left[better]]] = trial[better]
        left = left[~better]
        length[left] *= 0.5
        hits[left] = False
        tries += 1
    arrived = np.flatnonzero(hits)
    if arrived.size:
        active[rows[arrived], room[arrived].argmin(axis=1)] = True
    return rows[left]
