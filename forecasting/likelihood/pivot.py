r"""Exact probability of systems that are nested totals once the values of a month or two are known.

"July was the highest" is, given the count of July, an upper limit for every other month; two windows that cross in one month
are, given that month, two windows apart.  With p the months that are fixed so (pivots) and the others in parts W that share no
row any more,

.. math:: P(R)=\sum_vP(Y_p=v)\prod_WP(R_W\mid v),

where a part is a single month within limits, or a tree of nested totals whose limits depend on v.  Parts with the same limits
are computed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from forecasting.constraints import Linear
from forecasting.constraints.reduction import groups
from forecasting.distributions import Distribution
from forecasting.errors import TooLarge
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.draws import draw_months, pick
from forecasting.likelihood.ranges import truncated
from forecasting.likelihood.sums import SumGroup
from forecasting.likelihood.tree import is_nested

PIVOTAL = 20_000
"""Largest cost unasked of the parts of all pivot values, in table entries."""

_VALUES = 20_000  # of the pivots, together, times months
_OVERHEAD = 50  # entries of a table that cost as much as the call of a tree
_RANGE = 2  # the same for a month within limits
_CHUNK = 2_000_000


class _Part(NamedTuple):
    """Months that share no row with others once the pivots are known, for the N values of the pivots.

    Value n has the limits numbered ``place[n]``: `low` and `high` ``[K, c]`` of each month, and a tree if months are tied.
    """

    columns: IntArray
    low: IntArray
    high: FloatArray
    place: IntArray
    trees: tuple[SumGroup, ...]


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
        ranges = [np.arange(lower[p], upper[p] + 1, dtype=np.int64) for p in pivots]
        values = np.stack([axis.ravel() for axis in np.meshgrid(*ranges, indexing="ij")], axis=1)
        limits = _Limits(rows, months, pivots, values, lower, upper)
        self.width = limits.cost
        if self.width > largest:
            raise TooLarge("the pivots have too many values")
        self._values, self._parts = limits.values, limits.parts()
        dead = np.zeros(len(self._values), dtype=np.bool_)
        for part in self._parts:
            impossible = np.array([not tree.root.possible for tree in part.trees], dtype=np.bool_)
            if impossible.any():
                dead |= impossible[part.place]
        self._values = self._values[~dead]
        self._parts = [part._replace(place=part.place[~dead]) for part in self._parts]

    def log_probability(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        r"""Return the log probability ``[S]`` of the region, :math:`\log\sum_vP(Y_p=v)\prod_WP(R_W\mid v)`.

        Arguments as in `SumGroup.log_probability`.
        """
        return np.concatenate([logsumexp(logs, axis=1) for _, logs in self._weighed(mean, shape, distribution)])

    def sample(
        self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution, rng: np.random.Generator
    ) -> IntArray:
        """Return one vector of the months ``[S, m]`` for each parameter vector, with its conditional probability."""
        chosen = np.concatenate(
            [
                pick(np.exp(logs - logs.max(axis=1, keepdims=True)), rng)
                for _, logs in self._weighed(mean, shape, distribution)
            ]
        )
        result = np.empty(mean.shape, dtype=np.int64)
        result[:, self._columns] = self._values[chosen]
        for columns, low, high, place, trees in self._parts:
            k = place[chosen]
            if not trees:
                whole = [s[:, None] for s in shape]
                result[:, columns] = truncated(low[k], high[k], mean[:, columns], whole, distribution, rng)
            for number in np.unique(k) if trees else ():
                who = np.flatnonzero(k == number)
                at = mean[np.ix_(who, columns)], [s[who] for s in shape], distribution
                result[np.ix_(who, columns)] = draw_months(trees[number], *at, rng)
        return result

    def _weighed(
        self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution
    ) -> list[tuple[slice, FloatArray]]:
        """Return the log weights ``[S, N]`` of the values of the pivots, in pieces of the S parameter vectors."""
        size = max(1, _CHUNK // len(self._values))
        pieces = []
        for start in range(0, len(mean), size):
            here = slice(start, start + size)
            pieces.append((here, self._log_weights(mean[here], [s[here] for s in shape], distribution)))
        return pieces

    def _log_weights(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        columns = [s[:, None] for s in shape]
        total = np.zeros((len(mean), len(self._values)))
        for c, values in zip(self._columns, self._values.T, strict=True):
            points = np.arange(values.min(), values.max() + 1)
            total += distribution.logpmf(points, mean[:, c, None], *columns)[:, values - points[0]]
        for part in self._parts:
            if part.trees:
                at = mean[:, part.columns], shape, distribution
                used = np.unique(part.place)
                logs = np.full((len(mean), len(part.trees)), -np.inf)
                logs[:, used] = np.column_stack([part.trees[k].log_probability(*at) for k in used])
            else:
                logs = _log_ranges(part.low[:, 0], part.high[:, 0], mean[:, part.columns], columns, distribution)
            total += logs[:, part.place]
        return total


def _log_ranges(
    low: IntArray, high: FloatArray, mean: FloatArray, columns: Sequence[FloatArray], distribution: Distribution
) -> FloatArray:
    """Return the log probability ``[S, K]`` of ranges of one month; those that share an end are added up, point by point."""
    if np.isinf(high).any() or ((low != low[0]).any() and (high != high[0]).any()):
        return distribution.log_interval(low, high, mean, *columns)
    points = np.arange(int(low.min()), int(high.max()) + 1)
    logs = distribution.logpmf(points, mean, *columns)
    if (low == low[0]).all():
        return np.asarray(np.logaddexp.accumulate(logs, axis=1)[:, high.astype(np.int64) - points[0]])
    return np.asarray(np.logaddexp.accumulate(logs[:, ::-1], axis=1)[:, points[-1] - low])


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
            least, most = _divided(row, moved, coef)
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
        self._unique = [self._distinct(members) for members in self._members()]

    def _members(self) -> list[list[int]]:
        """Return the columns of each part."""
        tied = [
            members for members, _ in groups(Linear(inside, (1,) * len(inside), 0, None) for inside in self._windows)
        ]
        loose = set(range(len(self._rest))).difference(*tied)
        return [*tied, *([c] for c in sorted(loose))]

    def _distinct(self, members: list[int]) -> tuple[list[int], list[tuple[int, ...]], FloatArray, IntArray]:
        """Return a part's columns, windows and distinct limits ``[K, L]``, and which of them each value has ``[N]``."""
        inside = [window for window in self._windows if window[0] in members]
        ends = [end[:, None] for window in inside for end in self._windows[window]]
        found = np.concatenate([self._low[:, members], self._high[:, members], *ends], axis=1)
        distinct, place = np.unique(found, axis=0, return_inverse=True)
        return members, inside, distinct, np.asarray(place.ravel(), dtype=np.int64)

    @property
    def cost(self) -> float:
        """Table entries of all trees; infinite if the pivots have no value left or too many."""
        if not 0 < len(self.values) * len(self._months) <= _VALUES:
            return np.inf
        total = 0.0
        for members, inside, distinct, _ in self._unique:
            if inside:
                low, high = distinct[:, : len(members)], distinct[:, len(members) : 2 * len(members)]
                wide = np.where(np.isinf(high), np.max(distinct[:, 2 * len(members) :: 2]), high - low)
                total += float(wide.sum()) + _OVERHEAD * len(distinct)
            else:
                total += _RANGE * len(distinct)
        return total

    def parts(self) -> list[_Part]:
        """Return the parts, with the tree of each distinct set of limits."""
        position = {month: c for c, month in enumerate(self._months)}
        found = []
        for members, inside, distinct, place in self._unique:
            columns = np.array([position[self._rest[c]] for c in members], dtype=np.int64)
            low, high = distinct[:, : len(members)].astype(np.int64), distinct[:, len(members) : 2 * len(members)]
            trees = tuple(self._tree(members, inside, limits) for limits in distinct) if inside else ()
            found.append(_Part(columns, low, high, place, trees))
        return found

    def _tree(self, members: list[int], inside: list[tuple[int, ...]], limits: FloatArray) -> SumGroup:
        count = len(members)
        lower, upper = np.zeros(max(members) + 1, dtype=np.int64), np.full(max(members) + 1, np.inf)
        lower[members], upper[members] = limits[:count], limits[count : 2 * count]
        rows = [
            Linear(window, (1,) * len(window), int(least), None if np.isinf(most) else int(most))
            for window, least, most in zip(inside, limits[2 * count :: 2], limits[2 * count + 1 :: 2], strict=True)
        ]
        return SumGroup(rows, members, lower, upper)


def _divided(row: Linear, moved: IntArray, coef: int) -> tuple[FloatArray, FloatArray]:
    """Return the limits ``[N]`` of the rest of a row, whose coefficients are all `coef`, when `moved` is taken out."""
    least = np.full(len(moved), -np.inf) if row.low is None else (row.low - moved) / coef
    most = np.full(len(moved), np.inf) if row.high is None else (row.high - moved) / coef
    if coef < 0:
        least, most = (
            np.full(len(moved), -np.inf) if row.high is None else most,
            np.full(len(moved), np.inf) if row.low is None else least,
        )
    return np.ceil(least - 1e-9), np.floor(most + 1e-9)


def _pivots(rows: Sequence[Linear], months: Sequence[int], lower: IntArray, upper: FloatArray) -> tuple[int, ...]:
    """Return the one or two months that leave nested totals and have the fewest values.

    Raises
    ------
    TooLarge
        If there are none.
    """
    count: NDArray[np.float64] = upper - lower + 1
    limited = [month for month in months if np.isfinite(count[month])]
    best: tuple[int, ...] = ()
    fewest = np.inf
    for number in (1, 2):
        for chosen in combinations(limited, number):
            size = float(np.prod(count[list(chosen)]))
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
