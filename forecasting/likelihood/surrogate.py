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

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from forecasting.constraints import Constraints
from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray, IntArray

_ROOT_THREE = float(np.sqrt(3.0))
_LOG_ROOT_TWO_PI = 0.5 * float(np.log(2.0 * np.pi))
_LEAST_NOISE, _MOST_NOISE = 1e-6, 1e6  # of a pseudo-observation, in units of the variance of its row
_WIDEST = 50.0  # log mean, of either sign, of a tied month: no count is further out
_TAIL, _WIDE = 0.05, 1.5  # share and relative width of the tails of an exact row
_LEAST_VARIANCE = 1e-9  # of a row given those before it
_NEAR = 8.0  # standard deviations from its mean to an end of a month's range that matters
_STEP = 0.1  # of the differences of a range's log probability, in relative standard deviations of its month
_LEAST_SHARE = 1e-3  # of the variance of a month that its range leaves
_FARTHEST = 30.0  # standard deviations between a row and its range; further out a normal tail means nothing


class Ties(NamedTuple):
    """R linearised observations of the log means: loads ``[T, R, S]``, values ``[R, S]``, covariance ``[S, R, R]``."""

    loads: FloatArray
    value: FloatArray
    noise: FloatArray


class Expansion(NamedTuple):
    """Value ``[S]``, slope and precision ``[T, S]`` of the months of their own, at the centre of the quadratic."""

    value: FloatArray
    slope: FloatArray
    precision: FloatArray


class Surrogate:
    """The stand-in for `known` under a distribution."""

    def __init__(self, known: Constraints, distribution: Distribution) -> None:
        self._distribution = distribution
        self._exact = np.flatnonzero(known.exact)
        self._y = known.lower[self._exact]
        tied = {month for row in known.linear for month in row.positions}
        self.tied = np.array(sorted(tied), dtype=np.int64)
        limited = np.flatnonzero(~known.exact & ((known.lower > 0) | np.isfinite(known.upper)))
        self._limited, self._capped = limited[~np.isin(limited, self.tied)], limited[np.isin(limited, self.tied)]
        self._low, self._high = known.lower[self._limited, None], known.upper[self._limited, None]
        self._least, self._most = known.lower[self._capped, None], known.upper[self._capped, None]
        # Rows that hold exactly come first: those with a range are seen given them.
        rows = sorted(known.linear, key=lambda row: row.low != row.high)
        self._rows = np.zeros((len(rows), self.tied.size))
        for coefs, row in zip(self._rows, rows, strict=True):
            coefs[np.searchsorted(self.tied, row.positions)] = row.coefs
        self._row_low = np.array([-np.inf if row.low is None else row.low for row in rows], dtype=float)
        self._row_high = np.array([np.inf if row.high is None else row.high for row in rows], dtype=float)

    @property
    def _own(self) -> list[tuple[IntArray, Callable[[FloatArray, Sequence[FloatArray]], FloatArray]]]:
        """The months about which something is known by themselves, with their log probabilities."""
        every = (
            (self._exact, self._exact_terms),
            (self._limited, self._limited_terms),
            (self._capped, self._capped_terms),
        )
        return [(months, terms) for months, terms in every if months.size]

    @property
    def ties(self) -> bool:
        """Whether some months are tied together."""
        return bool(len(self._rows))

    def expand(self, log_mean: FloatArray, deviation: FloatArray, shape: Sequence[FloatArray]) -> Expansion:
        """Return the quadratic of the months of their own around ``[T, S]``, `deviation` wide."""
        slope, precision = np.zeros(log_mean.shape), np.zeros(log_mean.shape)
        value = np.zeros(log_mean.shape[1])
        for months, terms in self._own:
            step = _ROOT_THREE * deviation[months]
            below, at, above = terms(_around(log_mean[months], step), shape)
            slope[months] = (above - below) / (2.0 * step)
            precision[months] = np.maximum((2.0 * at - below - above) / np.square(step), 0.0)
            value += at.sum(axis=0)
        return Expansion(value, slope, precision)

    def log_value(self, log_mean: FloatArray, shape: Sequence[FloatArray]) -> FloatArray:
        """Return the log probability ``[S]`` of everything known under log means ``[T, S]``, approximately."""
        value = np.zeros(log_mean.shape[1])
        for months, terms in self._own:
            if months is not self._capped:
                value += terms(log_mean[None, months], shape)[0].sum(axis=0)
        if not self.ties:
            return value
        centre, variance, _, within = self._moments(log_mean[self.tied], shape)
        return np.asarray(value + within + self._seen(self._rows @ centre, self._spread(variance), heavy=True)[2])

    def _exact_terms(self, nodes: FloatArray, shape: Sequence[FloatArray]) -> FloatArray:
        """Return log probabilities ``[n, t, S]`` of the exact months."""
        count, months, draws = nodes.shape
        flat = np.moveaxis(nodes, 1, 2).reshape(count * draws, months)
        terms = self._distribution.log_terms(self._y, flat, *(np.tile(s, count) for s in shape))
        return np.moveaxis(terms.reshape(count, draws, months), 1, 2)

    def _limited_terms(self, nodes: FloatArray, shape: Sequence[FloatArray]) -> FloatArray:
        """Return log probabilities ``[n, t, S]`` of the months in a range."""
        return np.maximum(self._distribution.log_interval(self._low, self._high, np.exp(nodes), *shape), -1e10)

    def _capped_terms(self, nodes: FloatArray, shape: Sequence[FloatArray]) -> FloatArray:
        r"""Return about the log probabilities ``[n, t, S]`` of the ranges of tied months.

        The cube root of a month is taken as normal, as that of a gamma variable nearly is (Wilson, Hilferty 1931, PNAS 17).
        """
        mean = np.exp(np.clip(nodes, -_WIDEST, _WIDEST))
        spread = np.sqrt(self._distribution.variance(mean, *shape))
        near = (self._most < mean + _NEAR * spread) | ((self._least > 0) & (self._least > mean - _NEAR * spread))
        low, high = (np.broadcast_to(x, nodes.shape)[near] for x in (self._least - 0.5, self._most + 0.5))
        mean, ratio = mean[near], np.square(spread[near] / mean[near]) / 9.0
        a, b = ((np.cbrt(np.maximum(x, 0.0) / mean) - 1.0 + ratio) / np.sqrt(ratio) for x in (low, high))
        result = np.zeros(nodes.shape)
        result[near] = _log_mass(np.where(low < 0.0, -np.inf, a), b)[0]
        return result

    def _moments(
        self, log_mean: FloatArray, shape: Sequence[FloatArray]
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        r"""Return mean, variance and slope of the mean, each ``[m, S]``, of the tied months within their ranges.

        The log probability ``[S]`` of their ranges comes with it.

        In an exponential family with variance v the mean within a range is :math:`\mu+(v/\mu)g` with g the slope of the log
        probability of the range in the log mean, and the variance is :math:`v/\mu` times the slope of that mean.
        """
        mean = np.exp(np.clip(log_mean, -_WIDEST, _WIDEST))
        variance = self._distribution.variance(mean, *shape)
        slope, here = mean.copy(), np.searchsorted(self.tied, self._capped)
        if not here.size:
            return mean, variance, slope, np.zeros(mean.shape[1])
        own, spread = mean[here], variance[here]
        step = _STEP * np.sqrt(spread) / own
        nodes = _around(log_mean[here], step)
        below, at, above = self._capped_terms(nodes, shape)
        around = np.exp(np.clip(nodes[::2], -_WIDEST, _WIDEST))
        smaller, larger = self._distribution.variance(around, *shape) / around
        ratio, gain = spread / own, (above - below) / (2.0 * step)
        bend = (larger - smaller) / (2.0 * step) * gain + ratio * (above + below - 2.0 * at) / np.square(step)
        share = np.clip(1.0 + bend / own, _LEAST_SHARE, 1.0)
        mean[here] = np.clip(own + ratio * gain, self._least, self._most)
        variance[here], slope[here] = share * spread, share * own
        return mean, variance, slope, at.sum(axis=0)

    def _spread(self, variance: FloatArray) -> FloatArray:
        """Return the covariance ``[S, R, R]`` of the rows, of months with these variances ``[m, S]``."""
        return np.asarray(np.einsum("rm,ms,qm->srq", self._rows, variance, self._rows, optimize=True))

    def tie(self, log_mean: FloatArray, origin: FloatArray, shape: Sequence[FloatArray]) -> tuple[Ties, FloatArray]:
        """Return the ties linearised at ``[T, S]``, as observations of ``log_mean - origin``, and their log value ``[S]``."""
        mean, variance, slope, _ = self._moments(log_mean[self.tied], shape)
        loads = self._rows.T[:, :, None] * slope[:, None]
        centre, spread = self._rows @ mean, self._spread(variance)
        target, noise, value = self._seen(centre, spread)
        covariance = spread + np.einsum("rs,rq->srq", noise, np.eye(len(noise)))
        every = np.zeros((len(log_mean), *loads.shape[1:]))
        every[self.tied] = loads
        seen = np.einsum("mrs,ms->rs", loads, log_mean[self.tied] - origin[self.tied])
        return Ties(every, seen + target - centre, covariance), value

    def _seen(
        self, centre: FloatArray, spread: FloatArray, *, heavy: bool = False
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return value and variance ``[R, S]`` of the pseudo-observations of normal rows, and their log probability ``[S]``.

        One row is seen after the other, each given those before it (assumed-density filtering).  Where draws are chosen by the
        log probability, exact rows have heavier tails than a normal law, as sums of uneven months have.
        """
        centre, spread = centre.copy(), spread.copy()
        target, noise, value = np.empty(centre.shape), np.empty(centre.shape), np.zeros(centre.shape[1])
        for row, (low, high) in enumerate(zip(self._row_low, self._row_high, strict=True)):
            own = np.maximum(spread[:, row, row], _LEAST_VARIANCE)
            target[row], noise[row], log_mass = _site(low, high, centre[row], own, heavy)
            value += log_mass
            gain = spread[:, :, row] / (own + noise[row])[:, None]
            centre += gain.T * (target[row] - centre[row])
            spread -= gain[:, :, None] * spread[:, None, row]
        return target, noise, value


def _around(centre: FloatArray, step: FloatArray) -> FloatArray:
    """Return three nodes ``[3, t, S]`` a step apart."""
    return np.asarray(centre + np.array([-1.0, 0.0, 1.0])[:, None, None] * step)


def _site(
    low: float, high: float, centre: FloatArray, variance: FloatArray, heavy: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return value and variance ``[S]`` of the pseudo-observation of a normal row, and the log mass of its range."""
    root = np.sqrt(variance)
    if low == high:
        square, log_mass = -0.5 * np.square((low - centre) / root), -_LOG_ROOT_TWO_PI - np.log(root)
        log_mass += (
            np.logaddexp(np.log1p(-_TAIL) + square, np.log(_TAIL / _WIDE) + square / _WIDE**2) if heavy else square
        )
        return np.full(centre.shape, low), _LEAST_NOISE * variance, log_mass
    a, b = (low - 0.5 - centre) / root, (high + 0.5 - centre) / root
    log_mass, flip, a, b = _log_mass(a, b)
    at_a = np.where(np.isinf(a), 0.0, np.exp(-0.5 * np.square(np.maximum(a, -1e3)) - _LOG_ROOT_TWO_PI - log_mass))
    at_b = np.where(np.isinf(b), 0.0, np.exp(-0.5 * np.square(np.minimum(b, 1e3)) - _LOG_ROOT_TWO_PI - log_mass))
    shift = at_a - at_b
    share = 1.0 + np.where(np.isinf(a), 0.0, a) * at_a - np.where(np.isinf(b), 0.0, b) * at_b - np.square(shift)
    share = np.clip(share, _LEAST_NOISE, 1.0 - 1.0 / _MOST_NOISE)
    mean = centre + np.where(flip, -shift, shift) * root
    noise = variance * np.clip(share / (1.0 - share), _LEAST_NOISE, _MOST_NOISE)
    return mean + (mean - centre) * noise / variance, noise, log_mass


def _log_mass(a: FloatArray, b: FloatArray) -> tuple[FloatArray, NDArray[np.bool_], FloatArray, FloatArray]:
    """Return the log mass of a standard normal from a to b, whether it was mirrored, and the mirrored ends."""
    flip = a > -b  # work in the lower tail, where the logarithm is accurate
    a, b = np.where(flip, -b, a), np.where(flip, -a, b)
    b = np.clip(b, -_FARTHEST, None)
    a = np.minimum(a, b - 1e-9)
    log_b = log_ndtr(b)
    return log_b + np.log(-np.expm1(np.minimum(log_ndtr(a) - log_b, -1e-12))), flip, a, b
