r"""The posterior of path, coefficients and parameters, approximated: over a grid of parameters, then anywhere between.

At each node of a grid of parameters the quadratic of `forecasting.likelihood.surrogate` is iterated to its fixed
point; the normal integral there gives the log evidence of the node (Laplace's method).  The grid narrows to where the mass
is.  Between the nodes the centre, slope and precision of every month are polynomials of second degree, so that each draw of
the parameters has its own normal approximation of the path for the price of one matrix product and one loop over months.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecasting.inference.proposals import StudentT
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood.surrogate import Ties
from forecasting.models.local_level.gaussian import Conditional, Quadratic
from forecasting.models.local_level.target import Target

_LOG_TWO_PI = float(np.log(2.0 * np.pi))
_FIRST = np.array([0.1, 0.4, 0.8, 1.4, 2.2, 3.2])  # nodes of a folded coordinate, in units of its prior scale
_BOTH = np.array([-1.6, -0.8, 0.0, 0.8, 1.6])  # nodes of the others
_DOWN, _UP, _POINTS = 2.6, 3.4, 6  # later grids reach so many standard deviations down and up, with so many nodes
_ROUNDS = 8  # grids at most
_MUCH = 0.1  # posterior probability at the edge of a grid that moves the next one
_STEADY = 0.6  # a grid whose spread is at least this share of the last one is the last
_ITERATIONS = 25
_LONGEST = 2.0  # longest step of a log mean
_ROUGH, _FINE = (0.5, 1), (0.05, 3)  # last change of a log mean, in its standard deviations; fewest steps near the end
_TURN = 0.25  # share of the last move that the next one takes back, from which it is halved
_NARROW = 0.03  # width of the difference while the iteration is far from its end
_LEAST_WIDTH = 1e-4  # standard deviation of a log mean below which its moves no longer matter
_LEAST_PRECISION = 1e-10
_FREEDOM, _WIDER = 5.0, 1.8  # the noise has a long tail: a share of wide draws bounds its weights


class Nodes(NamedTuple):
    """Fixed points at B parameter vectors.

    Log posterior density ``[B]``; centre and slope of every month ``[T, B]``; log precision over Fisher's information.
    """

    work: FloatArray
    log_density: FloatArray
    centre: FloatArray
    slope: FloatArray
    ratio: FloatArray


class Approximation:
    """A proposal for parameters, and for path and coefficients given them.

    Parameters
    ----------
    target : Target
        The model with its data.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.rounds = 0
        nodes = self._searched()
        self.height = float(nodes.log_density.max())
        self._fit(nodes)

    def _searched(self) -> Nodes:
        """Narrow a grid of parameters to where their posterior is, and set the proposal of the parameters."""
        target = self.target
        first = [
            c + s * (_FIRST if f else _BOTH) for c, s, f in zip(target.centre, target.scale, target.folded, strict=True)
        ]
        nodes = self._solved(_tensor(first), None)
        cell = np.array([np.diff(axis).min() for axis in first])
        while self.rounds < _ROUNDS:
            self.rounds += 1
            centre, before = _moments(nodes, 0.3 * cell)
            before = np.where(_at_edge(nodes, target.folded), 2.0 * np.maximum(before, cell), before)
            low = np.where(target.folded, np.maximum(centre - _DOWN * before, 0.0), centre - _DOWN * before)
            cell = (centre + _UP * before - low) / _POINTS
            nearest = nodes.centre[:, [int(np.argmax(nodes.log_density))]]
            nodes = self._solved(_tensor(list((low + cell * (np.arange(_POINTS)[:, None] + 0.5)).T)), nearest)
            narrowed = _moments(nodes, 0.3 * cell)[1] < _STEADY * before
            if not (narrowed | _at_edge(nodes, target.folded)).any():
                break
        weights = _weights(nodes)
        away = nodes.work - weights @ nodes.work
        covariance = (away * weights[:, None]).T @ away + np.diag(np.square(0.3 * cell))
        self.parameters = StudentT(weights @ nodes.work, _WIDER * np.linalg.cholesky(covariance), _FREEDOM)
        return nodes

    def _solved(self, work: FloatArray, start: FloatArray | None) -> Nodes:
        """Iterate the quadratic at each node to its fixed point."""
        target, draws = self.target, len(work)
        motion, shape = target.motion(work), target.shape(work)
        origin = target.offset[:, None]
        log_mean = np.repeat(target.start[:, None] if start is None else start, draws, axis=1)
        deviation = np.full(log_mean.shape, _NARROW)
        polished, damping, before = 0, np.ones(draws), np.zeros(log_mean.shape)
        enough, least = _ROUGH if start is None else _FINE  # the first grid only finds where the second one is
        for _ in range(_ITERATIONS):
            months = target.surrogate.expand(log_mean, deviation, shape)
            precision = np.maximum(months.precision, _LEAST_PRECISION)
            linear = months.slope + precision * (log_mean - origin)
            ties = target.surrogate.tie(log_mean, origin, shape) if target.surrogate.ties else None
            quadratic = Quadratic(precision, linear, None if ties is None else ties[0])
            conditional = Conditional(target.prior, target.effects, motion, quadratic)
            path, coefs = conditional.mean()
            move = conditional.log_mean(path, coefs) + origin - log_mean
            width = conditional.deviation()
            farthest = float((np.abs(move) / np.maximum(width, _LEAST_WIDTH)).max())
            if farthest < enough and polished >= least:
                break
            if farthest < 1.0:
                polished += 1
                deviation = width
            # A node that turns round without coming closer jumps to and fro between two sides of a bend.
            to_and_fro = np.einsum("ts,ts->s", move, before) < -_TURN * np.einsum("ts,ts->s", before, before)
            damping, before = np.where(to_and_fro, 0.5, np.minimum(2.0 * damping, 1.0)), move
            log_mean = log_mean + np.clip(damping * move, -_LONGEST, _LONGEST)
        value = months.value + (0.0 if ties is None else ties[1])
        size = len(path) + len(coefs)
        evidence = value + target.prior.log_density(path, coefs, motion)
        evidence += 0.5 * (size * _LOG_TWO_PI - conditional.log_determinant())
        information = target.information(log_mean, shape)
        return Nodes(work, evidence + target.log_prior(work), log_mean, months.slope, np.log(precision / information))

    def _fit(self, nodes: Nodes) -> None:
        """Fit polynomials in the parameters to the quadratics at the nodes."""
        low, high = nodes.work.min(axis=0), nodes.work.max(axis=0)
        self._centre, self._scale = 0.5 * (low + high), 0.5 * (high - low)
        weight = np.exp(0.25 * np.maximum(nodes.log_density - nodes.log_density.max(), -40.0))
        features = self._features(nodes.work)
        values = np.concatenate([nodes.centre, nodes.slope, nodes.ratio]).T
        gram = (features * weight[:, None]).T @ features + 1e-9 * np.eye(features.shape[1])
        self._coefs = np.linalg.solve(gram, (features * weight[:, None]).T @ values)

    def _features(self, work: FloatArray) -> FloatArray:
        """Return a polynomial basis of second degree ``[S, f]`` of the parameters."""
        unit = np.clip((work - self._centre) / self._scale, -1.0, 1.0)
        p = unit.shape[1]
        second = [unit[:, i] * unit[:, j] for i in range(p) for j in range(i, p)]
        return np.column_stack([np.ones(len(unit)), unit, *second])

    def conditional(self, work: FloatArray) -> Conditional:
        """Return the normal approximation of path and coefficients given parameters ``[S, p]``."""
        target = self.target
        fields = self._coefs.T @ self._features(work).T
        log_mean, slope, ratio = np.split(fields, 3)
        shape, origin = target.shape(work), target.offset[:, None]
        precision = target.information(log_mean, shape) * np.exp(ratio)

        def again(elsewhere: FloatArray) -> Ties:
            return target.surrogate.tie(elsewhere + origin, origin, shape)[0]

        ties = again(log_mean - origin) if target.surrogate.ties else None
        quadratic = Quadratic(
            precision, slope + precision * (log_mean - origin), ties, again if target.facts.costly else None
        )
        return Conditional(target.prior, target.effects, target.motion(work), quadratic)


def _tensor(axes: list[FloatArray]) -> FloatArray:
    """Return all combinations ``[B, p]`` of the points of p axes."""
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def _weights(nodes: Nodes) -> FloatArray:
    weights = np.exp(nodes.log_density - nodes.log_density.max())
    return np.asarray(weights / weights.sum())


def _at_edge(nodes: Nodes, folded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each parameter whether much of the posterior is at an edge of the grid; zero is no edge if it is folded."""
    weights = _weights(nodes)
    least, most = nodes.work.min(axis=0), nodes.work.max(axis=0)
    top = weights @ (nodes.work == most)
    bottom = weights @ (nodes.work == least) * ~(folded & (least < 0.25 * most))
    return np.asarray(np.maximum(top, bottom) > _MUCH)


def _moments(nodes: Nodes, floor: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation, at least `floor`, of each parameter over an even grid."""
    weights = _weights(nodes)
    centre = weights @ nodes.work
    return centre, np.maximum(np.sqrt(weights @ np.square(nodes.work - centre)), floor)
