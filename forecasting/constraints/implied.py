"""Rows that the others imply: they tie months together and say nothing.

A limit of a row is implied if the row cannot pass it while all others hold.  Without integrality that is a linear programme,
whose optimum is never on the wrong side of that over the integers: a limit found to be implied is, and one that only integers
imply is kept, which costs time later and no exactness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from forecasting.constraints.exact import Unsettled, relaxed_point
from forecasting.constraints.linear import Bound, Linear
from forecasting.constraints.programs import is_precise, matrix_of

_SLACK = 1e-3  # rows are whole numbers, so an optimum less than one past the limit proves it; the solver errs by 1e-6


def without_implied(
    group: Sequence[Linear], months: Sequence[int], lower: Sequence[int], upper: Sequence[Bound]
) -> list[Linear]:
    """Return the rows of a group of connected months without what the other rows and the ranges imply.

    Parameters
    ----------
    group : sequence of Linear
        Rows that hold together.
    months : sequence of int
        Positions of the group.
    lower, upper : sequence
        Tight ranges by position.

    Examples
    --------
    >>> rows = [Linear((0, 1), (1, 1), 9, 9), Linear((2, 3), (1, 1), 5, 5), Linear((0, 2), (1, 1), None, 14)]
    >>> [row.positions for row in without_implied(rows, range(4), [0] * 4, [9, 9, 5, 5])]
    [(0, 1), (2, 3)]
    """
    rows = list(group)
    if len(rows) < 2:
        return rows
    # Comparisons first: they are what trees of nested totals cannot hold; then the widest.
    order = sorted(rows, key=lambda row: (all(coef == 1 for coef in row.coefs), -len(row.positions)))
    for row in order:
        if row.low is not None and row.low == row.high:
            continue
        others = [other for other in rows if other is not row]
        low, high = row.low, row.high
        if low is not None and -_greatest(row, -1, others, months, lower, upper) > low - 1 + _SLACK:
            low = None
        if high is not None and _greatest(row, 1, others, months, lower, upper) < high + 1 - _SLACK:
            high = None
        place = next(k for k, other in enumerate(rows) if other is row)
        if low is None and high is None:
            del rows[place]
        else:
            rows[place] = replace(row, low=low, high=high)
    return rows


def _greatest(
    row: Linear,
    sign: int,
    others: Sequence[Linear],
    months: Sequence[int],
    lower: Sequence[int],
    upper: Sequence[Bound],
) -> float:
    """Return the greatest value of ``sign * row`` that the other rows and the ranges allow; infinite if it is not found."""
    terms = row.terms
    if not is_precise([row, *others]):
        try:
            point = relaxed_point(others, months, lower, upper, {i: -sign * coef for i, coef in terms.items()})
        except Unsettled:
            return np.inf
        return np.inf if point is None else float(sign * sum(coef * point[i] for i, coef in terms.items()))
    from scipy.optimize import Bounds, LinearConstraint, milp

    least = np.array([lower[i] for i in months], dtype=np.float64)
    limits = LinearConstraint(
        matrix_of(others, months),
        np.array([-np.inf if other.low is None else other.low for other in others]),
        np.array([np.inf if other.high is None else other.high for other in others]),
    )
    most = np.array([upper[i] for i in months], dtype=np.float64)
    found = milp([-sign * terms.get(i, 0) for i in months], bounds=Bounds(least, most), constraints=limits)
    return float(-found.fun) if found.status == 0 else np.inf
