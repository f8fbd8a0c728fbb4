"""Integer programs over one group of connected months (HiGHS): points, exact limits, endless directions.

The solver works in floating point; every point it returns is rounded and checked against the rows in exact
arithmetic, and a limit counts only with such a point as its witness.

What cannot be checked so is the solver's word that there is no point.  Where counts near 10^9 meet several
overlapping ratios with thousands as coefficients, the products leave the precision of its arithmetic, and a
limit may be short by a few units; with counts up to 10^6 no such case was found.  Groups with larger coefficients
are solved in exact arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from forecasting.constraints.exact import Unsettled, endless_months, least_point
from forecasting.constraints.linear import Bound, Infeasible, Linear
from forecasting.errors import TooLarge

_SECONDS = 20.0
_PRECISE = 10_000  # coefficients up to here leave the tolerance of the solver, 10^-6, far below one


def tighten(group: Sequence[Linear], months: Sequence[int], lower: list[int], upper: list[Bound]) -> None:
    """Make the ranges of the group's months tight, in place, with a witness for every limit.

    Raises
    ------
    Infeasible
        If no integers satisfy the rows.
    TooLarge
        If a program cannot be settled exactly.
    """
    corners: list[list[Bound]] = [[*lower], upper]
    witnesses = [
        {i: int(corner[i]) for i in months}
        for corner in corners
        if not any(math.isinf(corner[i]) for i in months) and all(row.holds(corner) for row in group)
    ]

    for i in months:
        if all(point[i] != lower[i] for point in witnesses):
            witnesses.append(_extreme_of(i, 1, group, months, lower, upper))
            lower[i] = witnesses[-1][i]
    endless = _endless(group, months, upper)
    for i in months:
        if i not in endless and all(point[i] != upper[i] for point in witnesses):
            witnesses.append(_extreme_of(i, -1, group, months, lower, upper))
            upper[i] = witnesses[-1][i]


def extreme_sum(
    group: Sequence[Linear],
    months: Sequence[int],
    members: Iterable[int],
    lower: Sequence[int],
    upper: Sequence[Bound],
    sign: int,
) -> Bound:
    """Return the least (`sign` 1) or greatest (`sign` -1) sum of some `members`, the ranges being tight."""
    members = list(members)
    if sign < 0 and any(math.isinf(upper[i]) for i in members):
        return math.inf
    point = extreme_point(group, months, lower, upper, dict.fromkeys(members, sign))
    return sum(point[i] for i in members)


def extreme_point(
    group: Sequence[Linear],
    months: Sequence[int],
    lower: Sequence[int],
    upper: Sequence[Bound],
    costs: Mapping[int, int],
) -> dict[int, int]:
    """Return the integer point of least cost; months are counted from `lower`, which keeps the numbers small.

    Raises
    ------
    Infeasible
        If no integers satisfy the rows.
    TooLarge
        If the solver stops early, or its point fails the exact check.
    """
    if not is_precise(group):
        try:
            return least_point(group, months, lower, upper, costs)
        except Unsettled:
            raise _too_large(group, months, "the numbers of the ratios are too large") from None
    from scipy.optimize import Bounds, LinearConstraint, milp

    origin = [sum(coef * lower[i] for i, coef in row.terms.items()) for row in group]
    limits = LinearConstraint(
        matrix_of(group, months),
        np.array([-np.inf if r.low is None else r.low - o for r, o in zip(group, origin, strict=True)]),
        np.array([np.inf if r.high is None else r.high - o for r, o in zip(group, origin, strict=True)]),
    )
    for presolve in (True, False):  # HiGHS now and then ends in a solve error after its presolve, and not without it
        found = milp(
            [costs.get(i, 0) for i in months],
            integrality=np.ones(len(months), dtype=np.int64),
            bounds=Bounds(0, np.array([upper[i] - lower[i] for i in months], dtype=np.float64)),
            constraints=limits,
            options={"mip_rel_gap": 0.0, "time_limit": _SECONDS, "presolve": presolve},
        )
        if found.status == 2:
            raise Infeasible("no integers satisfy these constraints together")
        if found.status == 0:
            point = {i: lower[i] + round(value) for i, value in zip(months, found.x.tolist(), strict=True)}
            if all(row.holds(point) for row in group):
                return point
    raise _too_large(group, months, found.message)


def is_precise(group: Sequence[Linear]) -> bool:
    """Return whether the coefficients are small enough for a solver in floating point."""
    return all(abs(coef) <= _PRECISE for row in group for coef in row.coefs)


def _too_large(group: Sequence[Linear], months: Sequence[int], reason: str) -> TooLarge:
    names = ", ".join(dict.fromkeys(fact for row in group for fact in row.facts))
    return TooLarge(
        f"the facts {names} tie {len(months)} months together in a way that could not be computed exactly ({reason}); "
        "leave one of them out (without=[...]), or write its limits with fewer digits"
    )


def _extreme_of(
    i: int,
    sign: int,
    group: Sequence[Linear],
    months: Sequence[int],
    lower: Sequence[int],
    upper: Sequence[Bound],
) -> dict[int, int]:
    """Return a point with month `i` at its least (`sign` 1) or greatest (`sign` -1).

    With counts near 10^9 the solver's tolerances can hide the last few units, so it is asked for a better
    point until there is none.
    """
    best = extreme_point(group, months, lower, upper, {i: sign})
    while is_precise(group):
        beyond_low, beyond_high = list(lower), list(upper)
        if sign > 0:
            beyond_high[i] = best[i] - 1
        else:
            beyond_low[i] = best[i] + 1
        if beyond_low[i] > beyond_high[i]:
            break
        try:
            best = extreme_point(group, months, beyond_low, beyond_high, {i: sign})
        except Infeasible:
            break
    return best


def _endless(group: Sequence[Linear], months: Sequence[int], upper: Sequence[Bound]) -> set[int]:
    """Return the months that can grow without limit, the group being feasible.

    A feasible system with rational coefficients is unbounded along exactly the directions of its recession
    cone.  The program looks for the direction d with the most positive entries: the greatest sum of t, where
    0 <= t <= 1 and t <= d.
    """
    free = [i for i in months if math.isinf(upper[i])]
    if not free:
        return set()
    if not is_precise(group):
        return endless_months(group, months, upper)
    from scipy.optimize import Bounds, LinearConstraint, milp

    count = len(free)
    cone = matrix_of(group, months)[:, [months.index(i) for i in free]]
    found = milp(
        np.repeat([0.0, -1.0], count),
        bounds=Bounds(0, np.repeat([np.inf, 1.0], count)),
        constraints=[
            LinearConstraint(
                np.hstack([cone, np.zeros_like(cone)]),
                np.array([-np.inf if row.low is None else 0.0 for row in group]),
                np.array([np.inf if row.high is None else 0.0 for row in group]),
            ),
            LinearConstraint(np.hstack([np.eye(count), -np.eye(count)]), 0.0, np.inf),
        ],
    )
    if found.status != 0:
        raise TooLarge(f"whether {count} months have a limit could not be settled ({found.message})")
    return {i for i, grows in zip(free, found.x[count:] > 0.5, strict=True) if grows}


def matrix_of(group: Sequence[Linear], months: Sequence[int]) -> NDArray[np.float64]:
    """Return the coefficients ``[rows, months]``."""
    column = {position: j for j, position in enumerate(months)}
    matrix = np.zeros((len(group), len(months)))
    for row, line in zip(group, matrix, strict=True):
        line[[column[i] for i in row.positions]] = row.coefs
    return matrix
