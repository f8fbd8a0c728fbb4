"""Which facts to leave out so that the probability of the others can be computed exactly.

A set is named only if it suffices: the constraints are solved again without it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from itertools import combinations, islice

from forecasting.constraints import Constraints, Linear
from forecasting.constraints.reduction import groups
from forecasting.errors import TooLarge
from forecasting.likelihood.pivot import PivotGroup
from forecasting.likelihood.strategy import group_of
from forecasting.likelihood.tree import is_nested

_LARGEST_SET = 3  # facts of an omission that is searched for
_TRIALS = 200  # sets of one size that are tried


def sufficient_omission(known: Constraints, rows: Sequence[Linear]) -> tuple[str, ...]:
    """Return a smallest set of facts whose omission lets the rest be computed exactly; of more than three, one without a spare.

    Parameters
    ----------
    known : Constraints
        All that is known, made by `Constraints.solve`.
    rows : sequence of Linear
        Those of its rows that cannot be computed exactly.
    """
    names = list(dict.fromkeys(fact for row in rows for fact in row.facts))
    for size in range(1, _LARGEST_SET + 1):
        for chosen in islice(combinations(names, size), _TRIALS):
            if _promising(known, rows, chosen) and not _refused(known, chosen):
                return chosen
    omitted = names
    while more := _refused(known, omitted):  # what is left may bound a month no longer, which others then compare
        omitted = [*omitted, *more]
    for name in list(omitted):
        fewer = [other for other in omitted if other != name]
        if not _refused(known, fewer):
            omitted = fewer
    return tuple(omitted)


def _without(rows: Sequence[Linear], omitted: Collection[str]) -> list[Linear]:
    return [row for row in rows if not set(omitted) & set(row.facts)]


def _promising(known: Constraints, rows: Sequence[Linear], omitted: Collection[str]) -> bool:
    """Return whether the rows as they are would be easy without the facts; without solving anything again."""
    return all(_easy(known, months, tied) for months, tied in groups(_without(rows, omitted)))


def _easy(known: Constraints, months: Sequence[int], rows: Sequence[Linear]) -> bool:
    if is_nested(rows):
        return True
    with suppress(TooLarge):
        PivotGroup(rows, months, known.lower, known.upper)
        return True
    return False


def _refused(known: Constraints, omitted: Collection[str]) -> list[str]:
    """Return the facts that cannot be computed exactly once others are left out and the rest is solved again."""
    solved = Constraints.solve(known.months, _without(known.given, omitted))
    found: dict[str, None] = {}
    for months, rows in groups(solved.linear):
        try:
            group_of(rows, months, solved.lower, solved.upper, "exact")
        except TooLarge:
            found |= dict.fromkeys(fact for row in rows for fact in row.facts)
    return list(found)
