"""Bound propagation: narrow the range of each month by what every row leaves to it [1]_.

References
----------
.. [1] Savelsbergh, M. W. P. (1994). Preprocessing and probing techniques for mixed integer programming
   problems. ORSA Journal on Computing, 6(4), 445-454.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from forecasting.constraints.linear import Bound, Infeasible, Linear

# Two rows can push a bound up by one each time for ever, hence a limit; integer programs do the rest.
_SWEEPS = 200
_ENDLESS = 2**100  # a lower limit that ratios in a circle have driven up; no ledger asks for as much


def propagate(rows: Sequence[Linear], lower: list[int], upper: list[Bound]) -> bool:
    """Narrow the ranges in place; return whether a fixpoint was reached.

    Ratios in a circle drive limits up without end: the ranges are then left as they were, for an integer program to judge.

    Raises
    ------
    Infeasible
        If a month is left without a value.

    Examples
    --------
    >>> lower, upper = [0, 3], [math.inf, math.inf]
    >>> propagate([Linear((0, 1), (1, 1), 10, 10)], lower, upper), lower, upper
    (True, [0, 3], [7, 10])
    """
    start = lower.copy(), upper.copy()
    for _ in range(_SWEEPS):
        before = (lower.copy(), upper.copy())
        for row in rows:
            _narrow(row, lower, upper)
            if max(lower) > _ENDLESS:
                lower[:], upper[:] = start
                return False
        if before == (lower, upper):
            return True
    return False


def _narrow(row: Linear, lower: list[int], upper: list[Bound]) -> None:
    ranges = row.ranges(lower, upper)
    least_others = _sums_of_others([least for least, _ in ranges])
    most_others = _sums_of_others([most for _, most in ranges])
    for (i, coef), least, most in zip(row.terms.items(), least_others, most_others, strict=True):
        at_least = -math.inf if row.low is None else row.low - most
        at_most = math.inf if row.high is None else row.high - least
        if coef < 0:
            at_least, at_most = -at_most, -at_least
        if not math.isinf(at_least):
            lower[i] = max(lower[i], -int(-at_least // abs(coef)))
        if not math.isinf(at_most):
            upper[i] = min(upper[i], int(at_most // abs(coef)))
        if lower[i] > upper[i]:
            raise Infeasible("a month has no possible value")


def _sums_of_others(values: Sequence[Bound]) -> list[Bound]:
    """Return for each value the sum of the others; infinities, all of one sign, must not cancel."""
    infinite = [value for value in values if math.isinf(value)]
    finite = sum(value for value in values if not math.isinf(value))
    if not infinite:
        return [finite - value for value in values]
    return [finite if len(infinite) == 1 and math.isinf(value) else infinite[0] for value in values]
