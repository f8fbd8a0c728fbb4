"""Nested totals over unknown months, arranged as a tree: a leaf is a month, an inner node a window with a limited sum."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from forecasting.constraints import Linear
from forecasting.kernels.counts import FloatArray, IntArray


@dataclass(frozen=True)
class Node:
    """A month (no children) or a window with a known or limited sum.

    Attributes
    ----------
    months : tuple of int
        Positions of the months inside.
    low, high : int, float
        Inclusive limits of the sum; `high` may be infinite.
    cap : int
        Where `high` is infinite: values from here on are one state.
    children : tuple of Node
        Empty for a month.
    """

    months: tuple[int, ...]
    low: int
    high: float
    cap: int
    children: tuple[Node, ...] = ()

    @property
    def open(self) -> bool:
        """Whether the sum is unbounded above."""
        return math.isinf(self.high)

    @property
    def last(self) -> int:
        """Largest value kept singly."""
        return self.cap - 1 if self.open else int(self.high)

    @property
    def possible(self) -> bool:
        """Whether some counts satisfy all limits below."""
        return self.low <= self.high and all(child.possible for child in self.children)

    def leaves(self) -> Iterator[Node]:
        """Yield the months below, this node included."""
        if not self.children:
            yield self
        for child in self.children:
            yield from child.leaves()


def is_nested(rows: Sequence[Linear]) -> bool:
    """Return whether rows are plain sums whose windows are pairwise nested or disjoint."""
    windows = [frozenset(row.positions) for row in rows]
    plain = all(coef == 1 for row in rows for coef in row.coefs)
    return plain and all(a <= b or b <= a or not a & b for a in windows for b in windows)


def build_tree(
    rows: Sequence[Linear],
    months: Sequence[int],
    lower: IntArray,
    upper: FloatArray,
    *,
    ceiling: float = math.inf,
) -> Node:
    """Arrange nested totals over `months` as a tree.

    Parameters
    ----------
    rows : sequence of Linear
        Totals for which `is_nested` holds; together they connect `months`.
    months : sequence of int
        Positions of the group.
    lower, upper : ndarray, [T]
        Range of every month.
    ceiling : float
        Replaces infinite upper limits (a far one serves rare unbounded events).
    """
    limits: dict[frozenset[int], tuple[int, float]] = {}
    for row in rows:
        key = frozenset(row.positions)
        low, high = limits.get(key, (0, math.inf))
        limits[key] = (
            max(low, row.low or 0),
            min(high, math.inf if row.high is None else row.high),
        )

    def node(window: frozenset[int], high: float, cap: int) -> Node:
        inner = [other for other in limits if other < window]
        top = [other for other in inner if not any(other < third for third in inner)]
        loose = sorted(window.difference(*top))
        parts: list[frozenset[int]] = [*top, *(frozenset((month,)) for month in loose)]
        floor = {part: _least(part, limits, lower) for part in parts}
        children = []
        for part in parts:
            others = sum(value for other, value in floor.items() if other is not part)
            children.append(child(part, high - others, cap))
        own = max(limits[window][0], sum(floor.values()))
        top_sum = sum(kid.high for kid in children)
        return Node(tuple(sorted(window)), own, min(high, top_sum), cap, tuple(children))

    def child(part: frozenset[int], high: float, cap: int) -> Node:
        low, own = limits.get(part, (0, math.inf))
        high = min(own, high)
        if len(part) > 1:
            return node(part, high, max(cap, low))
        (month,) = part
        low = max(low, int(lower[month]))
        most = min(float(upper[month]), high)
        return Node((month,), low, ceiling if math.isinf(most) else most, max(cap, low + 1))

    everything = frozenset(months)
    limits.setdefault(everything, (0, math.inf))
    low, high = limits[everything]
    return node(everything, high, max(low, 1))


def _least(part: frozenset[int], limits: dict[frozenset[int], tuple[int, float]], lower: IntArray) -> int:
    """Return the lower limit of the sum over `part` that its months, the totals inside it and its own limit imply."""
    inner = [other for other in limits if other < part]
    top = [other for other in inner if not any(other < third for third in inner)]
    loose = part.difference(*top)
    floor = sum(_least(other, limits, lower) for other in top) + sum(int(lower[month]) for month in loose)
    return max(floor, limits.get(part, (0, math.inf))[0])
