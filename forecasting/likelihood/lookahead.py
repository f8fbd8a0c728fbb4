r"""Draws of months one after the other, each from its own law times a normal guess of what it leaves to the others.

Month t is drawn with probability proportional to :math:`\tilde p_t(y)\,h_t(y)`.  Here :math:`\tilde p` is its law tilted so
that its mean x is the most probable point of the system, and h is the chance that the months still to be drawn, taken as normal
with the moments of their tilted laws, meet every row given y and the months before.  With :math:`S_r` the sum of one row and e
what is left of all rows that hold exactly (covariance :math:`\Sigma` of their remaining sums),

.. math:: \log h = -\tfrac12 e'\Sigma^{-1}e + \sum_r \log \mathrm E[e^{-\lambda_r S_r}\,1(l_r\le S_r\le u_r)\mid e],

the expectation of a tilted, truncated normal variable in closed form: with mean M and variance v it is

.. math:: e^{-\lambda M+\lambda^2v/2}\{\Phi((u-M+\lambda v)/\sqrt v)-\Phi((l-M+\lambda v)/\sqrt v)\}.

Rows with a tilt :math:`\lambda_r` are those that bind at x.  The guess only decides how even the weights are: the probability
with which a vector was drawn is known exactly.

A month is drawn from cells: a ladder around its conditional mean, and one over all values that its rows leave open given the
months before, so that no possible value is out of reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.polytope import Polytope, Ranges

_LADDER = np.sinh(np.linspace(-2.4, 2.4, 29)) * 1.2  # in standard deviations: to about six and a half on either side
_EVEN = np.linspace(0.0, 1.0, 10)
_FELT = 0.2  # deviations of what is left of a row that one deviation of a month must move to be looked at
_TINY = 1e-9  # variance of a sum that counts as none


@dataclass(frozen=True)
class Anchor:
    """Parameters at which vectors are drawn.

    Attributes
    ----------
    mean : ndarray, [m]
        Means of the months.
    shape : tuple of float
        Shape parameters.
    distribution : Distribution
        Of a month given its mean.
    """

    mean: FloatArray
    shape: tuple[float, ...]
    distribution: Distribution

    def logpmf(self, month: int, y: FloatArray) -> FloatArray:
        """Return the log probability of counts of one month."""
        return self.distribution.logpmf(y, self.mean[month], *self.shape)


class Lookahead:
    """The sequential law of the months of a system at one anchor.

    Parameters
    ----------
    system : Polytope
        Rows and ranges, in the order of drawing.
    anchor : Anchor
        Parameters, in the same order.
    """

    def __init__(self, system: Polytope, anchor: Anchor) -> None:
        self.system, self.anchor = system, anchor
        variance = anchor.distribution.variance(anchor.mean, *anchor.shape)
        excess = np.maximum((variance - anchor.mean) / np.square(anchor.mean), 0.0)
        self._x, self._tilts = system.most_probable(anchor.mean, excess)
        self._variance = self._x * (1.0 + excess * self._x)
        self._steps = [self._step(t) for t in range(len(self._x))]

    def draw(self, number: int, rng: np.random.Generator) -> tuple[IntArray, FloatArray, Ranges]:
        """Return vectors ``[N, m]``, their log probabilities ``[N]`` (-inf where no value was left), and the ranges met."""
        vectors = np.zeros((number, len(self._x)))
        ranges = self.system.ranges(number)
        total = np.zeros(number)
        for t in range(len(self._x)):
            least, most = ranges.open(t)
            edges, logs = self._cells(t, vectors, least, most)
            weights = np.exp(logs - logs.max(axis=1, keepdims=True))
            cumulative = np.cumsum(weights, axis=1)
            level = rng.random(number) * cumulative[:, -1]
            cell = np.minimum((cumulative <= level[:, None]).sum(axis=1), weights.shape[1] - 1)
            rows = np.arange(number)
            low, width = edges[rows, cell], edges[rows, cell + 1] - edges[rows, cell]
            vectors[:, t] = low + np.floor(rng.random(number) * np.maximum(width, 1.0))
            total += self._log_chance(logs, cell, width)
            ranges.fix(t, vectors[:, t])
        total[ranges.dead] = -np.inf
        return vectors.astype(np.int64), total, ranges

    def log_density(self, vectors: IntArray, ranges: Ranges) -> FloatArray:
        """Return the log probability ``[N]`` of drawing vectors whose ranges are known from the drawing."""
        values, total = vectors.astype(float), np.zeros(len(vectors))
        for t in range(len(self._x)):
            edges, logs = self._cells(t, values, *ranges.seen(t))
            cell = (edges[:, 1:] <= values[:, t, None]).sum(axis=1).clip(max=logs.shape[1] - 1)
            rows = np.arange(len(values))
            total += self._log_chance(logs, cell, edges[rows, cell + 1] - edges[rows, cell])
        return total

    @staticmethod
    def _log_chance(logs: FloatArray, cell: IntArray, width: FloatArray) -> FloatArray:
        """Return the log probability of a value: that of its cell, spread evenly over the cell."""
        top = logs.max(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            norm = top + np.log(np.exp(logs - top[:, None]).sum(axis=1))
            return np.asarray(logs[np.arange(len(logs)), cell] - norm - np.log(width))

    def _cells(self, t: int, vectors: FloatArray, least: FloatArray, most: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return integer cell edges ``[N, G + 1]`` of month t given the months before, and the log weights of the cells."""
        step = self._steps[t]
        before = vectors[:, :t] @ self.system.matrix[:, :t].T  # sums so far, by row
        gap = step.target - before[:, step.exact] if len(step.exact) else np.zeros((len(vectors), 0))
        centre = self._x[t] + gap @ step.pull
        ladder = np.rint(centre[:, None] + step.deviation * _LADDER)
        whole = np.rint(least[:, None] + (most - least + 1.0)[:, None] * _EVEN)
        edges = np.concatenate([ladder, whole], axis=1)
        np.clip(edges, least[:, None], (most + 1.0)[:, None], out=edges)
        edges.sort(axis=1)
        width = np.diff(edges, axis=1)
        middle = edges[:, :-1] + np.maximum(np.floor(0.5 * (width - 1.0)), 0.0)
        held = width > 0  # nearly half of the cells hold no value
        y, vector = middle[held], np.nonzero(held)[0]
        logs = np.full(middle.shape, -np.inf)
        with np.errstate(divide="ignore"):
            logs[held] = np.log(width[held]) + self.anchor.logpmf(t, y) + step.tilt * y
        logs[held] += step.log_chance(y, vector, before, gap)
        return edges, np.where(held, np.maximum(logs, logs.max(axis=1, keepdims=True) - 60.0), -np.inf)

    def _step(self, t: int) -> _Step:
        """Return what the sums still to come look like after month t is drawn."""
        matrix, x, variance = self.system.matrix, self._x, self._variance
        later = matrix[:, t + 1 :]
        left = (later * variance[t + 1 :]) @ later.T
        mean = later @ x[t + 1 :]
        exact = np.flatnonzero(self.system.equality)
        covariance = left[np.ix_(exact, exact)]
        inverse = _pseudo_inverse(covariance)
        own = matrix[exact, t]
        pull = variance[t] * (_pseudo_inverse(covariance + variance[t] * np.outer(own, own)) @ own)
        shrunk = variance[t] * (1.0 - float(pull @ own))
        loose = np.array([r for r in np.flatnonzero(~self.system.equality) if matrix[r, t:].any()], dtype=np.int64)
        against = left[np.ix_(loose, exact)] @ inverse
        moved = matrix[loose, t] - against @ own
        spread = np.maximum(left[loose, loose] - np.einsum("re,re->r", against, left[np.ix_(loose, exact)]), 0.0)
        felt = np.abs(moved) * np.sqrt(max(shrunk, 0.05)) > _FELT * np.sqrt(spread) + 1e-9
        loose, against, spread = loose[felt], against[felt], spread[felt]
        return _Step(
            exact=exact,
            target=self.system.low[exact] - own * x[t] - mean[exact],
            own=own,
            here=float(x[t]),
            inverse=inverse,
            pull=pull,
            deviation=float(np.sqrt(max(shrunk, 0.05))),
            tilt=float(matrix[:, t] @ self._tilts),
            loose=loose,
            share=matrix[loose, t],
            mean=mean[loose],
            against=against,
            spread=spread,
            low=self.system.low[loose],
            high=self.system.high[loose],
            tilts=self._tilts[loose],
        )


@dataclass(frozen=True)
class _Step:
    """Constants of one step: E rows that hold exactly, R others that the month or later ones are part of."""

    exact: IntArray
    target: FloatArray
    own: FloatArray
    here: float
    inverse: FloatArray
    pull: FloatArray
    deviation: float
    tilt: float
    loose: IntArray
    share: FloatArray
    mean: FloatArray
    against: FloatArray
    spread: FloatArray
    low: FloatArray
    high: FloatArray
    tilts: FloatArray

    def log_chance(self, y: FloatArray, vector: IntArray, before: FloatArray, gap: FloatArray) -> FloatArray:
        """Return log h ``[C]`` for counts `y` of the month, each after one `vector`, whose sums so far and gaps are given."""
        moved = y - self.here
        result = np.zeros_like(y)
        if len(self.exact):
            # e = gap - own * moved, so that e'Pe is a quadratic in `moved`.
            first = np.einsum("ne,ef,nf->n", gap, self.inverse, gap)
            mixed = gap @ (self.inverse @ self.own)
            square = float(self.own @ self.inverse @ self.own)
            result -= 0.5 * (first[vector] - 2.0 * mixed[vector] * moved + square * np.square(moved))
        for k, row in enumerate(self.loose):
            pulled = gap @ self.against[k] if len(self.exact) else 0.0
            slope = self.share[k] - (float(self.against[k] @ self.own) if len(self.exact) else 0.0)
            centre = (before[:, row] + self.mean[k] + pulled + self.share[k] * self.here)[vector] + slope * moved
            result += _log_truncated(centre, self.spread[k], self.low[k], self.high[k], self.tilts[k])
        return result


def _pseudo_inverse(matrix: FloatArray) -> FloatArray:
    """Return the inverse of a covariance matrix on its range; rows without anything left have none."""
    return np.asarray(np.linalg.pinv(matrix, rcond=1e-10, hermitian=True)) if matrix.size else matrix


def _log_truncated(mean: FloatArray, variance: float, low: float, high: float, tilt: float) -> FloatArray:
    """Return log E[exp(-tilt S) 1(low <= S <= high)] of a normal variable S; without variance the ranges see to the limits."""
    if variance < _TINY:
        return -tilt * mean
    deviation = np.sqrt(variance)
    shifted = mean - tilt * variance
    upper, lower = (high + 0.5 - shifted) / deviation, (low - 0.5 - shifted) / deviation
    factor = -tilt * mean + 0.5 * tilt * tilt * variance
    if np.isinf(low):
        return np.asarray(factor + log_ndtr(upper))
    if np.isinf(high):
        return np.asarray(factor + log_ndtr(-lower))
    flip = lower > 0
    a, b = np.where(flip, -upper, lower), np.where(flip, -lower, upper)
    top = log_ndtr(b)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(factor + top + np.log1p(-np.exp(np.minimum(log_ndtr(a) - top, -1e-300))))


def anchors(mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> list[Anchor]:
    """Return one anchor for each parameter vector ``[K]``."""
    return [
        Anchor(np.maximum(mean[k], 1e-6), tuple(float(s[k]) for s in shape), distribution) for k in range(len(mean))
    ]
