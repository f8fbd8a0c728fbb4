r"""A quadratic in the log means that stands in for the log probability of what is known.

A month of its own, exact or limited, is differenced at :math:`\hat\eta_t` and one root of three standard deviations on either
side: the three nodes of Gauss and Hermite, so that slope and curvature are averages over the approximation rather than values
at its centre (statistical linearisation; the fixed point is that of Richard, Zhang 2007, J. Econometrics 141, 1385-1411).

A sum or comparison :math:`c'y` of tied months is nearly normal with mean :math:`m=c'\mu` and variance v.  Where only a range
of it is known, the normal cut to the range is matched by a pseudo-observation with variance n (expectation propagation in one
pass: Minka 2001).  All rows of the facts together are then normal observations of :math:`\mu`, linear in :math:`\eta` with
loads :math:`\mu_t c_t`.  Nothing here evaluates the exact likelihood of the facts: that is left for the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import log_ndtr

from forecasting.constraints import Constraints
from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray
from forecasting.models.local_level.gaussian import Ties

_ROOT_THREE = float(np.sqrt(3.0))
_LOG_ROOT_TWO_PI = 0.5 * float(np.log(2.0 * np.pi))
_LEAST_NOISE, _MOST_NOISE = 1e-6, 1e6  # of a pseudo-observation, in units of the variance of its row
_FARTHEST = 30.0  # standard deviations between a row and its range; further out a normal tail means nothing


class Expansion(NamedTuple):
    """Value ``[S]``, slope and precision ``[T, S]`` of the months of their own, at the centre of the quadratic."""

    value: FloatArray
    slope: FloatArray
    precision: FloatArray


class Surrogate:
    """The stand-in for `known` under a distribution."""

    def __init__(self, known: Constraints, distribution: Distribution) -> None:
        self._distribution = distribution
        tied = np.zeros(len(known.lower), dtype=bool)
        for row in known.linear:
            tied[list(row.positions)] = True
        self._exact = np.flatnonzero(known.exact)
        self._y = known.lower[self._exact]
        limited = ~known.exact & ~tied & ((known.lower > 0) | np.isfinite(known.upper))
        self._limited = np.flatnonzero(limited)
        self._low, self._high = known.lower[self._limited], known.upper[self._limited]
        self.tied = np.flatnonzero(tied)
        place = {int(month): k for k, month in enumerate(self.tied)}
        rows, low, high = [], [], []
        for row in known.linear:
            rows.append(np.zeros(self.tied.size))
            rows[-1][[place[i] for i in row.positions]] = row.coefs
            low.append(-np.inf if row.low is None else row.low)
            high.append(np.inf if row.high is None else row.high)
        for month in self.tied:
            if known.lower[month] > 0 or np.isfinite(known.upper[month]):
                rows.append(np.eye(self.tied.size)[place[int(month)]])
                low.append(known.lower[month] if known.lower[month] > 0 else -np.inf)
                high.append(known.upper[month])
        self._rows = np.array(rows).reshape(len(rows), self.tied.size)
        self._row_low, self._row_high = np.array(low, dtype=float), np.array(high, dtype=float)

    @property
    def ties(self) -> bool:
        """Whether some months are tied together."""
        return bool(len(self._rows))

    def expand(self, log_mean: FloatArray, deviation: FloatArray, shape: Sequence[FloatArray]) -> Expansion:
        """Return the quadratic of the months of their own around ``[T, S]``, `deviation` wide."""
        slope, precision = np.zeros(log_mean.shape), np.zeros(log_mean.shape)
        value = np.zeros(log_mean.shape[1])
        for months, terms in ((self._exact, self._exact_terms), (self._limited, self._limited_terms)):
            if not months.size:
                continue
            step = _ROOT_THREE * deviation[months]
            nodes = log_mean[months] + np.array([-1.0, 0.0, 1.0])[:, None, None] * step
            below, at, above = terms(nodes, shape)
            slope[months] = (above - below) / (2.0 * step)
            precision[months] = np.maximum((2.0 * at - below - above) / np.square(step), 0.0)
            value += at.sum(axis=0)
        return Expansion(value, slope, precision)

    def _exact_terms(self, nodes: FloatArray, shape: Sequence[FloatArray]) -> FloatArray:
        """Return log probabilities ``[3, t, S]`` of the exact months."""
        count, months, draws = nodes.shape
        flat = np.moveaxis(nodes, 1, 2).reshape(count * draws, months)
        terms = self._distribution.log_terms(self._y, flat, *(np.tile(s, count) for s in shape))
        return np.moveaxis(terms.reshape(count, draws, months), 1, 2)

    def _limited_terms(self, nodes: FloatArray, shape: Sequence[FloatArray]) -> FloatArray:
        """Return log probabilities ``[3, t, S]`` of the months in a range."""
        low, high = self._low[:, None], self._high[:, None]
        terms = self._distribution.log_interval(low, high, np.exp(nodes), *shape)
        return np.maximum(terms, -1e10)

    def tie(self, log_mean: FloatArray, origin: FloatArray, shape: Sequence[FloatArray]) -> tuple[Ties, FloatArray]:
        """Return the ties linearised at ``[T, S]``, as observations of ``log_mean - origin``, and their log value ``[S]``."""
        mean = np.exp(log_mean[self.tied])
        loads = self._rows.T[:, :, None] * mean[:, None]
        centre = self._rows @ mean
        variance = self._distribution.variance(mean, *shape)
        spread = np.einsum("rm,ms,qm->srq", self._rows, variance, self._rows, optimize=True)
        own = np.einsum("srr->rs", spread)
        target, noise, log_mass = _sites(self._row_low[:, None], self._row_high[:, None], centre, own)
        covariance = spread + np.einsum("rs,rq->srq", noise, np.eye(len(noise)))
        missed = (target - centre).T
        form = np.einsum("sr,sr->s", missed, np.linalg.solve(covariance, missed[:, :, None])[:, :, 0])
        joint = -0.5 * (form + np.linalg.slogdet(covariance)[1])
        alone = -0.5 * (np.square(target - centre) / (own + noise) + np.log(own + noise))
        value = joint + (log_mass - alone).sum(axis=0)
        every = np.zeros((len(log_mean), *loads.shape[1:]))
        every[self.tied] = loads
        seen = np.einsum("mrs,ms->rs", loads, log_mean[self.tied] - origin[self.tied])
        return Ties(every, seen + target - centre, covariance), value


def _sites(
    low: FloatArray, high: FloatArray, centre: FloatArray, variance: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return value and variance of the pseudo-observations ``[R, S]``, and the log mass of each row's range."""
    root = np.sqrt(variance)
    exact = low == high
    a, b = (low - 0.5 - centre) / root, (high + 0.5 - centre) / root
    flip = a > -b  # work in the lower tail, where the logarithm is accurate
    a, b = np.where(flip, -b, a), np.where(flip, -a, b)
    b = np.clip(b, -_FARTHEST, None)
    a = np.minimum(a, b - 1e-9)
    log_b, log_a = log_ndtr(b), log_ndtr(a)
    log_mass = log_b + np.log(-np.expm1(np.minimum(log_a - log_b, -1e-12)))
    at_a = np.where(np.isinf(a), 0.0, np.exp(-0.5 * np.square(np.maximum(a, -1e3)) - _LOG_ROOT_TWO_PI - log_mass))
    at_b = np.where(np.isinf(b), 0.0, np.exp(-0.5 * np.square(np.minimum(b, 1e3)) - _LOG_ROOT_TWO_PI - log_mass))
    shift = at_a - at_b
    share = 1.0 + np.where(np.isinf(a), 0.0, a) * at_a - np.where(np.isinf(b), 0.0, b) * at_b - np.square(shift)
    share = np.clip(share, _LEAST_NOISE, 1.0 - 1.0 / _MOST_NOISE)
    mean = centre + np.where(flip, -shift, shift) * root
    noise = variance * np.clip(share / (1.0 - share), _LEAST_NOISE, _MOST_NOISE)
    target = mean + (mean - centre) * noise / variance
    point = -0.5 * np.square((low - centre) / root) - _LOG_ROOT_TWO_PI - np.log(root)
    return (
        np.where(exact, np.broadcast_to(low, centre.shape), target),
        np.where(exact, _LEAST_NOISE * variance, noise),
        np.where(exact, point, log_mass),
    )
