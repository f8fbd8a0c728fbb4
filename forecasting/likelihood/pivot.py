r"""Exact probability of systems that are nested totals once the values of a month or two are known.

"July was the highest" is, given the count of July, an upper limit for every other month; two windows that cross in one month
are, given that month, two windows apart.  With p the months that are fixed so (pivots) and the others in parts W that share no
row any more,

.. math:: P(R)=\sum_vP(Y_p=v)\prod_WP(R_W\mid v),

where a part is a single month within limits, or a tree of nested totals whose limits depend on v.  Parts with the same limits
are computed once; a total of few months under a common upper limit, for all limits together (`capped`).  The values of a pivot
without an upper limit are listed as far as limited months depend on it; the others are one more value (`beyond`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from forecasting.constraints import Linear
from forecasting.constraints.reduction import groups
from forecasting.distributions import Distribution
from forecasting.errors import TooLarge
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.beyond import Beyond, divided, turning_point
from forecasting.likelihood.capped import MOST, WIDEST, log_capped
from forecasting.likelihood.draws import draw_months, pick
from forecasting.likelihood.ranges import truncated
from forecasting.likelihood.sums import SumGroup
from forecasting.likelihood.tree import is_nested

PIVOTAL = 20_000
"""Largest cost unasked of the parts of all pivot values, in table entries."""

_VALUES = 20_000  # of the pivots, together, times months
_OVERHEAD = 50  # entries of a table that cost as much as the call of a tree
_RANGE = 2  # the same for a month within limits
_CAPPED = 0.12  # of a table entry, for each total under each limit
_CANCELLED = 1e-5  # share of a sum below which a difference of two has lost too many digits
_CHUNK = 2_000_000


@dataclass(frozen=True)
class _Part:
    """Months that share no row with others once the pivots are known, for the N values of the pivots.

    Value n has the limits numbered ``place[n]``: `low` and `high` ``[K, c]`` of each month, and those of the windows the months
    are in, `least` and `most` ``[K, w]``; `inside` are the columns of each window.
    """

    columns: IntArray
    low: IntArray
    high: FloatArray
    inside: tuple[tuple[int, ...], ...]
    least: FloatArray
    most: FloatArray
    place: IntArray

    @cached_property
    def capped(self) -> bool:
        """Whether all that changes is a common upper limit of the months of one total."""
        if len(self.inside) != 1 or len(self.inside[0]) > MOST or len(self.low) == 1:
            return False
        ends = self.least[:, 0], self.most[:, 0]
        still = all((end == end[0]).all() for end in ends) and (self.low == self.low[0]).all()
        common = np.minimum(self.high.max(axis=0), self.high.max(axis=1, keepdims=True))
        return bool(still and ends[1][0] - ends[0][0] < WIDEST and (self.high == common).all())

    @property
    def cost(self) -> float:
        """Table entries of all limits together."""
        if not self.inside:
            return float(_RANGE * len(self.low))
        if self.capped:
            return float(_CAPPED * self.high.max() * self.most[0, 0]) + _OVERHEAD
        wide = np.where(np.isinf(self.high), np.max(self.least), self.high - self.low)
        return float(wide.sum()) + _OVERHEAD * len(self.low)

    def tree(self, k: int) -> SumGroup:
        """Return the nested totals of one set of limits; months are numbered as in `columns`."""
        rows = [
            Linear(window, (1,) * len(window), int(least), None if np.isinf(most) else int(most))
            for window, least, most in zip(self.inside, self.least[k], self.most[k], strict=True)
        ]
        return SumGroup(rows, range(len(self.columns)), self.low[k], self.high[k])

    @cached_property
    def trees(self) -> dict[int, SumGroup]:
        """The nested totals of the limits that are in use, by their numbers."""
        return {k: self.tree(k) for k in np.unique(self.place).tolist()}

    def possible(self) -> NDArray[np.bool_]:
        """Return which values ``[N]`` of the pivots the part can hold with."""
        if not self.inside:
            return np.ones(len(self.place), dtype=np.bool_)
        if self.capped:
            return np.asarray((self.high.sum(axis=1) >= self.least[:, 0])[self.place])
        fine = np.ones(len(self.low), dtype=np.bool_)
        for k, tree in self.trees.items():
            fine[k] = tree.root.possible
        return np.asarray(fine[self.place])

    def log_probability(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        """Return the log probability ``[S, K]`` under each set of limits, minus infinity for those not in use."""
        if not self.inside:
            return _log_ranges(self.low[:, 0], self.high[:, 0], mean, shape, distribution)
        if self.capped:
            total = int(self.least[0, 0]), int(self.most[0, 0])
            caps = self.high.max(axis=1).astype(np.int64)
            return log_capped(*total, self.low[0], self.high[-1], caps, mean, shape, distribution)
        logs = np.full((len(mean), len(self.low)), -np.inf)
        for k, tree in self.trees.items():
            logs[:, k] = tree.log_probability(mean, shape, distribution)
        return logs

    def sample(
        self,
        k: IntArray,
        mean: FloatArray,
        shape: Sequence[FloatArray],
        distribution: Distribution,
        rng: np.random.Generator,
    ) -> IntArray:
        """Return one draw ``[S, c]`` of the months for each parameter vector under the limits numbered k."""
        if not self.inside:
            return truncated(self.low[k], self.high[k], mean, [s[:, None] for s in shape], distribution, rng)
        result = np.empty(mean.shape, dtype=np.int64)
        for number in np.unique(k).tolist():
            who = np.flatnonzero(k == number)
            result[who] = draw_months(self.tree(number), mean[who], [s[who] for s in shape], distribution, rng)
        return result


class PivotGroup:
    """Months tied together by rows that are nested totals once one or two of the months are known.

    Parameters
    ----------
    rows, months, lower, upper
        As in `forecasting.likelihood.enumeration.ListedGroup`.
    largest : int
        Largest cost, see `PIVOTAL`.

    Raises
    ------
    TooLarge
        If no two months make the rest nested totals, or their values are too many.
    """

    def __init__(
        self,
        rows: Sequence[Linear],
        months: Sequence[int],
        lower: IntArray,
        upper: FloatArray,
        largest: int = PIVOTAL,
    ) -> None:
        self.months = tuple(months)
        self.pivots = pivots = _pivots(rows, months, lower, upper)
        self._columns = np.array([self.months.index(p) for p in pivots], dtype=np.int64)
        self._beyond: Beyond | None = None
        if np.isinf(upper[pivots[0]]):
            last = int(turning_point(rows, pivots[0], lower, upper))
            self._beyond = Beyond(rows, months, pivots[0], last + 1, lower, upper)
            upper = upper.copy()
            upper[pivots[0]] = last
        ranges = [np.arange(lower[p], upper[p] + 1, dtype=np.int64) for p in pivots]
        values = np.stack([axis.ravel() for axis in np.meshgrid(*ranges, indexing="ij")], axis=1)
        limits = _Limits(rows, months, pivots, values, lower, upper)
        parts = limits.parts()
        self.width = limits.cost(parts)
        if self.width > largest:
            raise TooLarge("the pivots have too many values")
        fine = np.logical_and.reduce([part.possible() for part in parts], axis=0)
        self._values = limits.values[fine]
        self._parts = [replace(part, place=part.place[fine]) for part in parts]

    def log_probability(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        r"""Return the log probability ``[S]`` of the region, :math:`\log\sum_vP(Y_p=v)\prod_WP(R_W\mid v)`.

        Arguments as in `SumGroup.log_probability`.
        """
        return np.concatenate([logsumexp(logs, axis=1) for logs in self._weighed(mean, shape, distribution)])

    def sample(
        self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution, rng: np.random.Generator
    ) -> IntArray:
        """Return one vector of the months ``[S, m]`` for each parameter vector, with its conditional probability."""
        chosen = np.concatenate(
            [
                pick(np.exp(logs - logs.max(axis=1, keepdims=True)), rng)
                for logs in self._weighed(mean, shape, distribution)
            ]
        )
        result = np.empty(mean.shape, dtype=np.int64)
        listed = chosen < len(self._values)
        who, past = np.flatnonzero(listed), np.flatnonzero(~listed)
        result[np.ix_(who, self._columns)] = self._values[chosen[who]]
        for part in self._parts:
            at = mean[np.ix_(who, part.columns)], [s[who] for s in shape], distribution
            result[np.ix_(who, part.columns)] = part.sample(part.place[chosen[who]], *at, rng)
        if self._beyond is not None and past.size:
            result[past] = self._beyond.sample(mean[past], [s[past] for s in shape], distribution, rng)
        return result

    def _weighed(
        self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution
    ) -> Iterator[FloatArray]:
        """Yield the log weights ``[n, N]`` of the values of the pivots, and of all beyond, in pieces of the S."""
        size = max(1, _CHUNK // max(len(self._values), 1))
        for start in range(0, len(mean), size):
            here = slice(start, start + size)
            yield self._log_weights(mean[here], [s[here] for s in shape], distribution)

    def _log_weights(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        columns = [s[:, None] for s in shape]
        total = np.zeros((len(mean), len(self._values)))
        for c, values in zip(self._columns, self._values.T, strict=True):
            points = np.arange(values.min(), values.max() + 1)
            total += distribution.logpmf(points, mean[:, c, None], *columns)[:, values - points[0]]
        for part in self._parts:
            total += part.log_probability(mean[:, part.columns], shape, distribution)[:, part.place]
        if self._beyond is None:
            return total
        return np.column_stack(
            [total, self._beyond.log_probability(mean, shape, distribution, logsumexp(total, axis=1))]
        )


def _log_ranges(
    low: IntArray, high: FloatArray, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution
) -> FloatArray:
    """Return the log probability ``[S, K]`` of ranges of one month.

    They are differences of its cumulated probabilities, from below or from above, and found one by one where both lose digits.
    """
    columns = [s[:, None] for s in shape]
    if np.isinf(high).any():
        return distribution.log_interval(low, high, mean, *columns)
    points = np.arange(int(low.min()), int(high.max()) + 1)
    logs = distribution.logpmf(points, mean, *columns)
    top = np.maximum(logs.max(axis=1, keepdims=True), -1e300)
    table = np.exp(logs - top)
    start, stop = low - points[0], high.astype(np.int64) - points[0] + 1
    below = np.pad(np.cumsum(table, axis=1), ((0, 0), (1, 0)))
    above = np.pad(np.cumsum(table[:, ::-1], axis=1), ((0, 0), (1, 0)))[:, ::-1]
    rising, falling = below[:, stop] - below[:, start], above[:, start] - above[:, stop]
    kept = rising > _CANCELLED * below[:, stop]
    lost = ~kept & (falling <= _CANCELLED * above[:, start])
    with np.errstate(divide="ignore"):
        result = np.asarray(np.log(np.where(kept, rising, falling)) + top)
    draw, k = np.nonzero(lost)
    if draw.size:
        result[draw, k] = distribution.log_interval(low[k], high[k], mean[draw, 0], *(s[draw] for s in shape))
    return result


class _Limits:
    """What N values of the pivots leave to the other months and to the windows they are in."""

    def __init__(
        self,
        rows: Sequence[Linear],
        months: Sequence[int],
        pivots: Sequence[int],
        values: IntArray,
        lower: IntArray,
        upper: FloatArray,
    ) -> None:
        self._months = tuple(months)
        self._rest = [month for month in months if month not in pivots]
        column = {month: c for c, month in enumerate(self._rest)}
        low = np.tile(lower[self._rest].astype(float), (len(values), 1))
        high = np.tile(upper[self._rest], (len(values), 1))
        alive = np.ones(len(values), dtype=np.bool_)
        windows: dict[tuple[int, ...], tuple[FloatArray, FloatArray]] = {}
        for row in rows:
            terms = row.terms
            moved = values @ np.array([terms.get(p, 0) for p in pivots], dtype=np.int64)
            inside = tuple(column[i] for i in row.positions if i not in pivots)
            coef = next((terms[self._rest[c]] for c in inside), 1)
            least, most = divided(row, moved, coef)
            if not inside:
                alive &= (least <= 0) & (most >= 0)
            elif len(inside) == 1:
                np.maximum(low[:, inside[0]], least, out=low[:, inside[0]])
                np.minimum(high[:, inside[0]], most, out=high[:, inside[0]])
            else:
                held = windows.get(inside, (least, most))
                windows[inside] = np.maximum(held[0], least), np.minimum(held[1], most)
        for inside, (least, most) in windows.items():
            members = list(inside)
            least, most = np.maximum(least, low[:, members].sum(axis=1)), np.minimum(most, high[:, members].sum(axis=1))
            windows[inside] = least, most
            alive &= least <= most
        alive &= (low <= high).all(axis=1)
        self.values, self._low, self._high = values[alive], low[alive], high[alive]
        self._windows = {inside: (least[alive], most[alive]) for inside, (least, most) in windows.items()}

    def _members(self) -> list[list[int]]:
        """Return the columns of each part."""
        tied = [
            members for members, _ in groups(Linear(inside, (1,) * len(inside), 0, None) for inside in self._windows)
        ]
        loose = set(range(len(self._rest))).difference(*tied)
        return [*tied, *([c] for c in sorted(loose))]

    def cost(self, parts: Sequence[_Part]) -> float:
        """Table entries of all parts; infinite if the pivots have no value left or too many."""
        if not 0 < len(self.values) * len(self._months) <= _VALUES:
            return np.inf
        return sum(part.cost for part in parts)

    def parts(self) -> list[_Part]:
        """Return the parts, with their distinct limits."""
        position = {month: c for c, month in enumerate(self._months)}
        found = []
        for members in self._members():
            inside = [window for window in self._windows if window[0] in members]
            ends = [end[:, None] for window in inside for end in self._windows[window]]
            limits = np.concatenate([self._low[:, members], self._high[:, members], *ends], axis=1)
            distinct, place = np.unique(limits, axis=0, return_inverse=True)
            count, place_of = len(members), {c: k for k, c in enumerate(members)}
            part = _Part(
                columns=np.array([position[self._rest[c]] for c in members], dtype=np.int64),
                low=distinct[:, :count].astype(np.int64),
                high=distinct[:, count : 2 * count],
                inside=tuple(tuple(place_of[c] for c in window) for window in inside),
                least=distinct[:, 2 * count :: 2],
                most=distinct[:, 2 * count + 1 :: 2],
                place=np.asarray(place.ravel(), dtype=np.int64),
            )
            found.append(part)
        return found


def _pivots(rows: Sequence[Linear], months: Sequence[int], lower: IntArray, upper: FloatArray) -> tuple[int, ...]:
    """Return the one or two months that leave nested totals and have the fewest values; one without a limit stands alone.

    Raises
    ------
    TooLarge
        If there are none.
    """
    limited = [month for month in months if np.isfinite(upper[month])]
    last = {month: upper[month] if month in limited else turning_point(rows, month, lower, upper) for month in months}
    count = {month: float(last[month] - lower[month] + 1) for month in months}
    best: tuple[int, ...] = ()
    fewest = np.inf
    for chosen in chain(((month,) for month in months), combinations(limited, 2)):
        size = math.prod(count[month] for month in chosen)
        if size < fewest and size * len(months) <= _VALUES and _leaves_nested(rows, chosen):
            best, fewest = chosen, size
    if not best:
        raise TooLarge("no two months make nested totals of the rest")
    return best


def _leaves_nested(rows: Sequence[Linear], pivots: tuple[int, ...]) -> bool:
    """Return whether rows are nested totals once the `pivots` are known."""
    left = []
    for row in rows:
        rest = [(i, coef) for i, coef in row.terms.items() if i not in pivots]
        if len(rest) > 1:
            if len({coef for _, coef in rest}) > 1:
                return False
            left.append(Linear(tuple(i for i, _ in rest), (1,) * len(rest), None, None))
    return is_nested(left)
