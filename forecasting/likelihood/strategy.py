"""The cost rule: how the probability of a group of months tied together by rows is computed.

In this order, the first that applies:

1. *tree* (`sums`): rows are nested totals.
2. *listing* (`enumeration`): the rows allow at most `CHEAP` vectors, ten times as many with ``likelihood="exact"``.
3. *estimate* (`estimate`): anything else; by name, for every group.

Implied rows are gone by then, known sums are taken out of other rows, and independent groups are apart; so a system comes to
the estimate only for what is left of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, islice
from typing import Literal, TypeAlias

from forecasting.constraints import Linear
from forecasting.errors import InvalidInput, TooLarge
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.enumeration import LARGEST, ListedGroup
from forecasting.likelihood.estimate import EstimatedGroup
from forecasting.likelihood.sums import SumGroup
from forecasting.likelihood.tree import is_nested

_LARGEST_SET = 3  # facts of an omission that is searched for
_TRIALS = 5_000  # sets of one size that are tried

CHEAP = 20_000
"""Most vectors that are listed unasked: about as costly as an estimate."""

AnyGroup: TypeAlias = SumGroup | ListedGroup | EstimatedGroup
Likelihood: TypeAlias = Literal["exact", "estimate"]
"""How the probability of the facts is to be computed; by default exactly where the cost rule allows it."""


def group_of(
    rows: Sequence[Linear], months: Sequence[int], lower: IntArray, upper: FloatArray, likelihood: Likelihood | None
) -> AnyGroup:
    """Return the cheapest way to the probability of a group.

    Parameters
    ----------
    rows : sequence of Linear
        Rows that tie the months together.
    months : sequence of int
        Their positions.
    lower, upper : ndarray, [T]
        Ranges of all months.
    likelihood : {"exact", "estimate"}, optional
        By name instead of by cost.

    Raises
    ------
    TooLarge
        If ``likelihood="exact"`` and no exact way is affordable; names the facts, and a smallest set whose omission leaves
        nested totals.
    """
    if likelihood == "estimate":
        return EstimatedGroup(rows, months, lower, upper)
    if is_nested(rows):
        return SumGroup(rows, months, lower, upper)
    try:
        return ListedGroup(rows, months, lower, upper, LARGEST if likelihood == "exact" else CHEAP)
    except TooLarge as error:
        if likelihood == "exact":
            chosen = sufficient_omission(rows)
            raise TooLarge(f"{error}, or leave out {' and '.join(chosen)} (without={list(chosen)})") from None
        return EstimatedGroup(rows, months, lower, upper)


def sufficient_omission(rows: Sequence[Linear]) -> tuple[str, ...]:
    """Return a smallest set of facts without which the rows are nested totals; of more than `_LARGEST_SET`, one that suffices.

    Examples
    --------
    >>> rows = [Linear((k, k + 1), (1, 1), 9, 9, (name,)) for k, name in enumerate("ABC")]
    >>> sufficient_omission(rows)
    ('B',)
    """
    names = list(dict.fromkeys(fact for row in rows for fact in row.facts))
    for size in range(1, _LARGEST_SET + 1):
        for chosen in islice(combinations(names, size), _TRIALS):
            left = [row for row in rows if not set(chosen) & set(row.facts)]
            if is_nested(left):
                return chosen
    kept = nested_part(rows)
    return tuple(dict.fromkeys(fact for row in rows if row not in kept for fact in row.facts))


def read_likelihood(likelihood: str | None) -> Likelihood | None:
    """Return the choice of the caller, checked."""
    if likelihood is None or likelihood == "exact" or likelihood == "estimate":
        return likelihood  # type: ignore[return-value]
    raise InvalidInput(f"likelihood={likelihood!r} must be 'exact' or 'estimate', or left out")


def nested_part(rows: Sequence[Linear]) -> list[Linear]:
    """Return rows that form nested totals, those that hold exactly first: what is cheap and exact of a system."""
    kept: list[Linear] = []
    for row in sorted(rows, key=lambda row: (row.low != row.high, -len(row.positions))):
        if is_nested([*kept, row]):
            kept.append(row)
    return kept
