r"""The values of an unlimited pivot past which no limited month and no window depends on it.

Once a record is higher than every month with an upper limit can be, and than what lower limits ask for, all that is left of it
are other months without a limit: below a count v that may be anything,

.. math:: P(Y_p\ge f,R)=P(R_W)\sum_{v\ge f}p_p(v)\prod_tP(l_t(v)\le Y_t\le u_t(v)),

with W the windows it does not touch.  What the sum leaves out past its last value is at most the tail of the pivot there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import logsumexp

from forecasting.constraints import Linear
from forecasting.constraints.reduction import groups
from forecasting.distributions import Distribution
from forecasting.kernels import lattice
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.lattice import Points
from forecasting.likelihood.draws import draw_months, pick
from forecasting.likelihood.ranges import truncated
from forecasting.likelihood.sums import SumGroup

_SHARE = math.log(1e-13)  # of the sum, that its last value may leave out
_FIRST = 64  # values beyond the first, in the shortest sum
_MOST = 2**22  # values beyond the first, in the longest
_LISTED = 4096  # values that are drawn from one by one
_CHUNK = 1_000_000


class Beyond:
    """A pivot at or above a value, and what that leaves of the other months.

    Parameters
    ----------
    rows : sequence of Linear
        Rows of the group.
    months : sequence of int
        Its months.
    pivot : int
        The month without an upper limit.
    first : int
        From here on rows with the pivot and limited months hold by themselves, see `turning_point`.
    lower, upper : ndarray, [T]
        Ranges of all months.
    """

    def __init__(
        self, rows: Sequence[Linear], months: Sequence[int], pivot: int, first: int, lower: IntArray, upper: FloatArray
    ) -> None:
        self._first = first
        position = {month: c for c, month in enumerate(months)}
        self._month, self._pivot = pivot, position[pivot]
        apart = list(groups(row for row in rows if pivot not in row.positions))
        moving = [row for row in rows if pivot in row.positions and math.isinf(_implied_from(row, pivot, lower, upper))]
        self._moving = [(row, next(i for i in row.positions if i != pivot)) for row in moving]
        followers = sorted({month for _, month in self._moving})
        windows = {month for members, _ in apart for month in members}
        self._followers = [(position[month], lower[month], upper[month]) for month in followers]
        self._place = {month: k for k, month in enumerate(followers)}
        self._trees = [
            (np.array([position[month] for month in sorted(members)]), SumGroup(here, members, lower, upper))
            for members, here in apart
        ]
        fixed = [month for month in months if month != pivot and month not in windows and month not in self._place]
        self._fixed = np.array([position[month] for month in fixed], dtype=np.int64)
        self._low, self._high = lower[fixed], upper[fixed]

    def log_probability(
        self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution, beside: FloatArray
    ) -> FloatArray:
        r"""Return the log probability ``[S]`` of a pivot at or above :math:`f` and of the rows, :math:`\log P(Y_p\ge f,R)`.

        Arguments as in `SumGroup.log_probability`; next to a log probability `beside` ``[S]``, what is negligible is its bound.
        """
        columns = [s[:, None] for s in shape]
        ranges = distribution.log_interval(self._low, self._high, mean[:, self._fixed], *columns)
        total = np.asarray(ranges.sum(axis=1))
        for here, tree in self._trees:
            total = total + tree.log_probability(mean[:, here], shape, distribution)
        found = distribution.log_interval(self._first, np.inf, mean[:, self._pivot], *shape)
        if self._followers:
            who = np.flatnonzero(total + found > beside + _SHARE)
            for part, _, logs in self._weighed(mean[who], [s[who] for s in shape], distribution):
                found[who[part]] = logsumexp(logs, axis=1)
        return np.asarray(total + found)

    def sample(
        self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution, rng: np.random.Generator
    ) -> IntArray:
        """Return one vector of the months ``[S, m]`` for each parameter vector, with its conditional probability."""
        result = np.empty(mean.shape, dtype=np.int64)
        columns = [s[:, None] for s in shape]
        result[:, self._fixed] = truncated(self._low, self._high, mean[:, self._fixed], columns, distribution, rng)
        for here, tree in self._trees:
            result[:, here] = draw_months(tree, mean[:, here], shape, distribution, rng)
        values = np.empty(len(mean), dtype=np.int64)
        for who, last, _ in self._weighed(mean, shape, distribution):
            values[who] = self._values(self._first, last, mean[who], [s[who] for s in shape], distribution, rng)
        result[:, self._pivot] = values
        for (c, *_), low, high in zip(self._followers, *self._limits(values), strict=True):
            limits = low[:, None].astype(np.int64), high[:, None]
            result[:, [c]] = truncated(*limits, mean[:, [c]], columns, distribution, rng)
        return result

    def _values(
        self,
        first: int,
        last: int,
        mean: FloatArray,
        shape: Sequence[FloatArray],
        distribution: Distribution,
        rng: np.random.Generator,
    ) -> IntArray:
        """Draw the pivot ``[S]`` between two values; a long range is halved until its values can be listed."""
        number, given = last - first + 1, (mean, shape, distribution)
        if number <= _LISTED or distribution.least_dispersion(*shape) is None:
            logs = self._log_weights(first, lattice.every(number), *given)
            return first + pick(np.exp(logs - logs.max(axis=1, keepdims=True)), rng)
        middle = first + number // 2
        halves = [(first, middle - 1), (middle, last)]
        logs = np.stack(
            [
                logsumexp(self._log_weights(low, self._points(low, high, *given), *given), axis=1)
                for low, high in halves
            ],
            axis=1,
        )
        chosen = pick(np.exp(logs - logs.max(axis=1, keepdims=True)), rng)
        values = np.empty(len(mean), dtype=np.int64)
        for k, half in enumerate(halves):
            who = np.flatnonzero(chosen == k)
            if who.size:
                values[who] = self._values(*half, mean[who], [s[who] for s in shape], distribution, rng)
        return values

    def _weighed(
        self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution
    ) -> Iterator[tuple[IntArray, int, FloatArray]]:
        """Yield numbers of parameter vectors, the last value that matters to them, and log weights ``[n, J]`` up to it."""
        number, waiting = self._lengths(mean, shape, distribution), np.arange(len(mean))
        while waiting.size:
            length = number[waiting[0]]
            alike, last = waiting[number[waiting] == length], self._first + int(length) - 1
            points = self._points(self._first, last, mean[alike], [s[alike] for s in shape], distribution)
            who = alike[: max(1, _CHUNK // points.x.size)]
            given = [s[who] for s in shape]
            logs = self._log_weights(self._first, points, mean[who], given, distribution)
            rest = distribution.log_interval(last + 1, np.inf, mean[who, self._pivot], *given)
            done = (rest <= logsumexp(logs, axis=1) + _SHARE) | (length >= _MOST)
            if done.any():
                yield who[done], last, logs[done]
            number[who[~done]] *= 2
            waiting = np.setdiff1d(waiting, who[done])

    def _lengths(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> IntArray:
        """Return how many values ``[S]`` of the pivot there are before its tail is negligible, by itself."""
        number, at = np.full(len(mean), _FIRST), (mean[:, self._pivot], *shape)
        wanted = distribution.log_interval(self._first, np.inf, *at) + _SHARE
        while (
            short := (distribution.log_interval(self._first + number, np.inf, *at) > wanted) & (number < _MOST)
        ).any():
            number[short] *= 2
        return number

    def _points(
        self, first: int, last: int, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution
    ) -> Points:
        """Return points that stand for all values of a range."""
        dispersion = distribution.least_dispersion(*shape)
        if dispersion is None:
            return lattice.every(last - first + 1)
        bend = math.sqrt(1 + len(self._followers))  # a product of laws bends faster than each
        precision = lattice.FINE._replace(nodes=math.ceil(lattice.FINE.nodes * bend))
        least = 2.0 ** math.floor(math.log2(max(float(np.min(dispersion)), 1e-9)))
        return lattice.panels(first, last, least, precision=precision, whole=True)

    def _log_weights(
        self, first: int, points: Points, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution
    ) -> FloatArray:
        """Return the log probability ``[S, J]`` of values of the pivot and of what they leave to the other months."""
        values, columns = first + points.x, [s[:, None] for s in shape]
        total = distribution.logpmf(values, mean[:, [self._pivot]], *columns) + np.log(points.weights)
        for (c, *_), low, high in zip(self._followers, *self._limits(values), strict=True):
            total = total + distribution.log_interval(low, high, mean[:, [c]], *columns)
        return np.asarray(total)

    def _limits(self, values: FloatArray | IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the limits ``[f, N]`` that values of the pivot leave to each month that follows it."""
        own = np.array([[least, most] for _, least, most in self._followers]).reshape(-1, 2, 1)
        low, high = np.moveaxis(np.tile(own, (1, 1, len(values))), 1, 0)
        for row, month in self._moving:
            k = self._place[month]
            least, most = divided(row, row.terms[self._month] * values, row.terms[month])
            low[k], high[k] = np.maximum(low[k], least), np.minimum(high[k], most)
        return low, high


def turning_point(rows: Sequence[Linear], pivot: int, lower: IntArray, upper: FloatArray) -> float:
    """Return the last value of an unlimited pivot on which limited months and windows depend; infinity if they always do.

    Parameters
    ----------
    rows, pivot, lower, upper
        As in `Beyond`.
    """
    last = float(lower[pivot])
    apart = {month for row in rows if pivot not in row.positions for month in row.positions}
    for row in rows:
        if pivot in row.positions:
            start = _implied_from(row, pivot, lower, upper)
            if math.isfinite(start) or len(row.positions) > 2 or apart.intersection(row.positions):
                last = max(last, start - 1.0)
    return last


def _implied_from(row: Linear, pivot: int, lower: IntArray, upper: FloatArray) -> float:
    """Return the value of the pivot from which on a row holds by itself; infinity if there is none."""
    rest = [(i, coef) for i, coef in row.terms.items() if i != pivot]
    least = sum(coef * float(lower[i] if coef > 0 else upper[i]) for i, coef in rest)
    most = sum(coef * float(upper[i] if coef > 0 else lower[i]) for i, coef in rest)
    own = row.terms[pivot]
    start = -math.inf
    if row.low is not None:
        start = (row.low - least) / own if own > 0 else math.inf
    if row.high is not None:
        start = max(start, (most - row.high) / -own if own < 0 else math.inf)
    return float(np.ceil(start - 1e-9))


def divided(row: Linear, moved: FloatArray | IntArray, coef: int) -> tuple[FloatArray, FloatArray]:
    """Return the limits ``[N]`` of the rest of a row, whose coefficients are all `coef`, when `moved` is taken out."""
    least = np.full(len(moved), -np.inf) if row.low is None else (row.low - moved) / coef
    most = np.full(len(moved), np.inf) if row.high is None else (row.high - moved) / coef
    if coef < 0:
        least, most = (
            np.full(len(moved), -np.inf) if row.high is None else most,
            np.full(len(moved), np.inf) if row.low is None else least,
        )
    return np.ceil(least - 1e-9), np.floor(most + 1e-9)
