r"""A normal stand-in for the likelihood, under which every level and every change of it is conjugate.

A quadratic in the log means :math:`\eta=m+z` stands in for the log likelihood, given the shape parameters of a month:

.. math:: \log g(z)=c+b'z-\tfrac12z'\Lambda z.

A level is a normal prior :math:`z=Fw`, w standard normal.  With :math:`RR'=I+F'\Lambda F`, :math:`y=R^{-1}F'b` and
:math:`W=R^{-1}F'\Lambda`, its evidence is :math:`\log Z=c+\tfrac12y'y-\log|R|`.  A change :math:`z=Fw+\beta u`,
:math:`\beta\sim N(0,1)`, adds (a score test: no further factorisation, so that thousands of changes cost one product)

.. math:: \log Z_u-\log Z=\frac{(u'e)^2}{2(1+u'Qu)}-\tfrac12\log(1+u'Qu),\qquad e=b-W'y,\quad Q=\Lambda-W'W.

Nothing here is the answer: draws under the stand-in are weighed against the likelihood itself (`onset_sampling`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.surrogate import Surrogate


@dataclass(frozen=True, eq=False)
class StandIn:
    r"""Quadratics :math:`c+b'z-\tfrac12z'\Lambda z`, one for each of K shape parameters.

    Attributes
    ----------
    constant : float64[K]
        c.
    linear : float64[K, T]
        b.
    precision : float64[K, T, T]
        :math:`\Lambda`.
    height : float64[K]
        log g where it was fitted.
    diagonal : bool
        Whether nothing ties months together.
    """

    constant: FloatArray
    linear: FloatArray
    precision: FloatArray
    height: FloatArray
    diagonal: bool

    @classmethod
    def around(
        cls, surrogate: Surrogate, centre: float, log_mean: FloatArray, deviation: FloatArray, shape: list[FloatArray]
    ) -> StandIn:
        """Return the stand-ins fitted at log means ``[T]`` and over their standard deviations ``[T]``.

        Parameters
        ----------
        surrogate : Surrogate
            Of what is known.
        centre : float
            m.
        log_mean, deviation : ndarray, [T]
            Where the quadratics should be good.
        shape : list of ndarray, [K]
            Shape parameters of a month.
        """
        count, size = shape[0].size, log_mean.size
        at = np.repeat(log_mean[:, None], count, axis=1)
        own = surrogate.expand(at, np.repeat(deviation[:, None], count, axis=1), shape)
        away = log_mean - centre
        linear = (own.slope + own.precision * away[:, None]).T
        height = own.value
        constant = own.value - away @ own.slope - 0.5 * np.square(away) @ own.precision
        precision = np.zeros((count, size, size))
        precision[:, range(size), range(size)] = own.precision.T
        if surrogate.ties:
            ties, value = surrogate.tie(at, np.full_like(at, centre), shape)
            loads = np.moveaxis(ties.loads, 2, 0)  # [K, T, R]
            weighed = np.linalg.solve(ties.noise, np.swapaxes(loads, 1, 2))
            tied = np.matmul(loads, weighed)
            pull = np.einsum("krt,rk->kt", weighed, ties.value)
            precision += tied
            linear = linear + pull
            height = height + value
            missed = ties.value - np.einsum("ktr,t->rk", loads, away)
            inverse = np.linalg.inv(ties.noise)
            fits = (np.einsum("rk,krq,qk->k", part, inverse, part, optimize=True) for part in (missed, ties.value))
            constant = constant + value + 0.5 * (next(fits) - next(fits))
        return cls(constant, linear, precision, height, not surrogate.ties)

    def log_density(self, away: FloatArray, which: IntArray) -> FloatArray:
        """Return log g ``[S]`` at z ``[S, T]``, by the number of the shape parameters of each."""
        found = np.empty(len(away))
        for k in np.unique(which):
            here = which == k
            z, curved = away[here], self.precision[k]
            form = np.square(z) @ np.diagonal(curved) if self.diagonal else np.einsum("st,st->s", z @ curved, z)
            found[here] = self.constant[k] + z @ self.linear[k] - 0.5 * form
        return found

    def flattened(self, share: float) -> StandIn:
        """Return quadratics with `share` of the curvature and the same heights, for draws that reach further."""
        constant = self.height + share * (self.constant - self.height)
        return StandIn(constant, share * self.linear, share * self.precision, self.height, self.diagonal)


def evidences(stand_in: StandIn, loads: FloatArray) -> FloatArray:
    """Return log Z ``[K, J]`` of J levels ``z = F w``, loads ``[J, T, r]``, under the stand-in of each shape parameter."""
    found = []
    for k, curved in enumerate(stand_in.precision):
        reach = np.diagonal(curved)[:, None] * loads if stand_in.diagonal else curved @ loads
        inner = np.swapaxes(loads, 1, 2) @ reach + np.eye(loads.shape[2])
        right = stand_in.linear[k] @ loads
        fit = np.einsum("jr,jr->j", right, np.linalg.solve(inner, right[:, :, None])[:, :, 0])
        height = np.log(np.diagonal(np.linalg.cholesky(inner), axis1=1, axis2=2)).sum(axis=1)
        found.append(stand_in.constant[k] + 0.5 * fit - height)
    return np.array(found)


class Level:
    """A level ``z = F w`` under one stand-in.

    Parameters
    ----------
    stand_in : StandIn
        Of all shape parameters.
    k : int
        Which of them.
    loads : ndarray, [T, r]
        F.
    """

    def __init__(self, stand_in: StandIn, k: int, loads: FloatArray) -> None:
        linear, curved = stand_in.linear[k], stand_in.precision[k]
        reach = np.diagonal(curved)[:, None] * loads if stand_in.diagonal else curved @ loads
        inverse = np.linalg.inv(np.linalg.cholesky(loads.T @ reach + np.eye(loads.shape[1])))
        self._half = inverse @ loads.T
        self._top, self._gain = self._half @ linear, inverse @ reach.T
        self._missed = linear - self._gain.T @ self._top
        self._curved, self._diagonal = curved, stand_in.diagonal

    def changes(self, courses: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        r"""Return log Bayes factors of changes u ``[M, T]``, and mean and variance of each :math:`\beta`, all ``[M]``."""
        gained = courses @ self._gain.T
        if self._diagonal:
            form = np.square(courses) @ np.diagonal(self._curved)
        else:
            form = np.einsum("mt,mt->m", courses @ self._curved, courses)
        spread = 1.0 + np.maximum(form - np.einsum("mr,mr->m", gained, gained), 0.0)
        pull = courses @ self._missed
        return 0.5 * (np.square(pull) / spread - np.log(spread)), pull / spread, 1.0 / spread

    def draw(
        self, courses: FloatArray, scale: FloatArray, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        r"""Draw z ``[S, T]`` and the sizes :math:`\beta` ``[S]`` of changes u ``[S, T]``; courses of zeros are no changes.

        The deviations of each draw from the mean are multiplied by its `scale` ``[S]``; returned with them is the squared
        length of those deviations, in standard units.
        """
        _, mean, variance = self.changes(courses)
        normal = scale[:, None] * rng.standard_normal((len(courses), self._top.size + 1))
        beta = mean + np.sqrt(variance) * normal[:, -1]
        moved = courses * beta[:, None]
        right = self._top - moved @ self._gain.T + normal[:, :-1]
        return right @ self._half + moved, beta, np.square(normal).sum(axis=1)

    def moments(
        self, courses: FloatArray, mean: FloatArray, variance: FloatArray, share: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        r"""Return mean and variance of z ``[T]``, changes u ``[M, T]`` averaged with probabilities `share`."""
        centre, spread = self._top @ self._half, np.square(self._half).sum(axis=0)
        if len(courses):
            moved = courses - (courses @ self._gain.T) @ self._half
            middle = (share * mean) @ moved
            spread = spread + (share * (np.square(mean) + variance)) @ np.square(moved) - np.square(middle)
            centre = centre + middle
        return centre, spread
