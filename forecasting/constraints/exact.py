"""Integer programs in exact arithmetic, where coefficients are past what floating point can tell apart.

The linear programs are solved by the simplex method on whole numbers over one common denominator [1]_ with the rule of the
smallest index [2]_, which cannot cycle; branch and bound does the rest.  A ratio printed with nine digits has coefficients of
10^9: the tolerances of a solver in floating point then take points that do not exist, miss some that do, or never end.

References
----------
.. [1] Bareiss, E. H. (1968). Sylvester's identity and multistep integer-preserving Gaussian elimination. Mathematics of
   Computation, 22(103), 565-578.
.. [2] Bland, R. G. (1977). New finite pivoting rules for the simplex method. Mathematics of Operations Research, 2(2), 103-107.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.constraints.linear import Bound, Infeasible, Linear
from forecasting.constraints.propagation import propagate

_NODES = 400  # of branch and bound, half a millisecond to a few milliseconds each

_Table = NDArray[np.object_]


class Unsettled(Exception):
    """Branch and bound was stopped, or has no end."""


def least_point(
    group: Sequence[Linear],
    months: Sequence[int],
    lower: Sequence[int],
    upper: Sequence[Bound],
    costs: Mapping[int, int],
) -> dict[int, int]:
    """Return the integer point of least cost.

    Raises
    ------
    Infeasible
        If no integers satisfy the rows.
    Unsettled
        If it takes too many steps.

    Examples
    --------
    >>> thousand_millions = [Linear((0, 1), (1, -10**9), 0, None), Linear((1,), (1,), 2, None)]
    >>> least_point(thousand_millions, [0, 1], [0, 0], [math.inf] * 2, {0: 1})
    {0: 2000000000, 1: 2}
    """
    best: dict[int, int] | None = None
    least: Bound = math.inf
    waiting = [(list(lower), list(upper))]
    for _ in range(_NODES):
        if not waiting:
            break
        low, high = waiting.pop()
        try:
            propagate(group, low, high)
        except Infeasible:
            continue
        point = relaxed_point(group, months, low, high, costs)
        if point is None or math.ceil(cost := sum(costs.get(i, 0) * point[i] for i in months)) >= least:
            continue
        broken = next((i for i in months if point[i].denominator > 1), None)
        if broken is None:
            best, least = {i: int(value) for i, value in point.items()}, int(cost)
            continue
        floor = math.floor(point[broken])
        below, above = (low, high.copy()), (low.copy(), high)
        below[1][broken], above[0][broken] = floor, floor + 1
        nearer_first = [above, below] if 2 * (point[broken] - floor) < 1 else [below, above]
        waiting += nearer_first
    if waiting:
        raise Unsettled
    if best is None:
        raise Infeasible("no integers satisfy these constraints together")
    return best


def endless_months(group: Sequence[Linear], months: Sequence[int], upper: Sequence[Bound]) -> set[int]:
    """Return the months that can grow without limit, the group being feasible: those that a direction of its cone moves."""
    free = [i for i in months if math.isinf(upper[i])]
    inside = set(free)
    cone = [
        Linear.of(
            {i: coef for i, coef in row.terms.items() if i in inside},
            None if row.low is None else 0,
            None if row.high is None else 0,
        )
        for row in group
    ]
    found: set[int] = set()
    for i in free:
        if i not in found:
            direction = relaxed_point(
                [*cone, Linear((i,), (1,), 1, 1)], free, [0] * len(upper), [math.inf] * len(upper), {}
            )
            found |= {j for j, step in (direction or {}).items() if step}
    return found


def relaxed_point(
    group: Sequence[Linear],
    months: Sequence[int],
    lower: Sequence[int],
    upper: Sequence[Bound],
    costs: Mapping[int, int],
) -> dict[int, Fraction] | None:
    """Return the point of least cost, fractions allowed; None if there is no point.

    Raises
    ------
    Unsettled
        If the cost has no least value.
    """
    column = {i: j for j, i in enumerate(months)}
    rows: list[list[int]] = []
    limits: list[int] = []

    def at_most(terms: Mapping[int, int], limit: int) -> None:
        line = [0] * len(months)
        for i, coef in terms.items():
            line[column[i]] = coef
            limit -= coef * lower[i]
        rows.append(line)
        limits.append(limit)

    for row in group:
        if row.high is not None:
            at_most(row.terms, row.high)
        if row.low is not None:
            at_most({i: -coef for i, coef in row.terms.items()}, -row.low)
    for i in months:
        if not math.isinf(upper[i]):
            at_most({i: 1}, int(upper[i]))
    moves = _maximum([-costs.get(i, 0) for i in months], rows, limits)
    return None if moves is None else {i: lower[i] + moves[j] for i, j in column.items()}


def _maximum(objective: Sequence[int], rows: Sequence[Sequence[int]], limits: Sequence[int]) -> list[Fraction] | None:
    """Return the x >= 0 with ``rows @ x <= limits`` of greatest objective, or None if there is none.

    A line of the table is ``basic = last - sum(line * free)``, over the common denominator; the last but one column is the
    room that all rows are given at first, so that there is a point to start from.
    """
    count, height = len(objective), len(rows)
    table: _Table = np.zeros((height + 2, count + 2), dtype=object)
    table[:height, :count] = np.array(rows, dtype=object).reshape(height, count)
    table[:height, count] = -1
    table[:height, -1] = limits
    table[height, :count] = [-value for value in objective]
    table[height + 1, count] = 1
    free, basic, denominator = [*range(count + 1)], [*range(count + 1, count + 1 + height)], 1
    if height and min(limits) < 0:
        worst = min(range(height), key=lambda k: limits[k])
        table, denominator = _pivoted(table, worst, count, denominator, free, basic)
        table, denominator = _climbed(table, height + 1, range(count + 1), denominator, free, basic)
        if table[height + 1, -1] < 0:
            return None
        if count in basic:  # the room is used up, at zero: let any other variable take its line
            line = basic.index(count)
            other = next(j for j in range(count + 1) if table[line, j])
            table, denominator = _pivoted(table, line, other, denominator, free, basic)
    without_room = [j for j in range(count + 1) if free[j] != count]
    table, denominator = _climbed(table, height, without_room, denominator, free, basic)
    values = dict.fromkeys(range(count), Fraction(0))
    values |= {name: Fraction(int(table[k, -1]), denominator) for k, name in enumerate(basic) if name < count}
    return list(values.values())


def _climbed(
    table: _Table, goal: int, columns: Sequence[int], denominator: int, free: list[int], basic: list[int]
) -> tuple[_Table, int]:
    """Pivot until no variable of the columns improves the goal."""
    while True:
        improving = [j for j in columns if table[goal, j] < 0]
        if not improving:
            return table, denominator
        enter = min(improving, key=lambda j: free[j])
        lines = [k for k in range(len(basic)) if table[k, enter] > 0]
        if not lines:
            raise Unsettled
        leave = min(lines, key=lambda k: (Fraction(int(table[k, -1]), int(table[k, enter])), basic[k]))
        table, denominator = _pivoted(table, leave, enter, denominator, free, basic)


def _pivoted(
    table: _Table, line: int, enter: int, denominator: int, free: list[int], basic: list[int]
) -> tuple[_Table, int]:
    pivot: Any = table[line, enter]
    factors, pivots = table[:, enter].copy(), table[line].copy()
    table = (table * pivot - np.outer(factors, pivots)) // denominator
    table[line], table[:, enter], table[line, enter] = pivots, -factors, denominator
    free[enter], basic[line] = basic[line], free[enter]
    return (table, pivot) if pivot > 0 else (-table, -pivot)
