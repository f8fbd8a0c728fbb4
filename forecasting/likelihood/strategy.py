"""The cost rule: how the probability of a group of months tied together by rows is computed.

In this order, the first that applies:

1. *tree* (`sums`): rows are nested totals.
2. *listing* (`enumeration`): the rows allow at most `CHEAP` vectors.
3. *pivot* (`pivot`): rows are nested totals once one or two months are known, few of whose values matter to others.
4. with ``likelihood="exact"``, listing and pivots at ten times the cost.
5. *estimate* (`estimate`): anything else; by name, for every group.

Implied rows are gone by then, known sums are taken out of other rows, and independent groups are apart; so a system comes to
the estimate only for what is left of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from forecasting.constraints import Linear
from forecasting.errors import InvalidInput, TooLarge
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.enumeration import LARGEST, ListedGroup
from forecasting.likelihood.estimate import EstimatedGroup
from forecasting.likelihood.pivot import PIVOTAL, PivotGroup
from forecasting.likelihood.sums import SumGroup
from forecasting.likelihood.tree import is_nested

CHEAP = 20_000
"""Most vectors that are listed unasked: about as costly as an estimate."""

AnyGroup: TypeAlias = SumGroup | ListedGroup | PivotGroup | EstimatedGroup
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
        If ``likelihood="exact"`` and no exact way is affordable; names the facts.
    """
    if likelihood == "estimate":
        return EstimatedGroup(rows, months, lower, upper)
    if is_nested(rows):
        return SumGroup(rows, months, lower, upper)
    try:
        return _exact(rows, months, lower, upper, likelihood == "exact")
    except TooLarge:
        if likelihood != "exact":
            return EstimatedGroup(rows, months, lower, upper)
        raise


def _exact(
    rows: Sequence[Linear], months: Sequence[int], lower: IntArray, upper: FloatArray, at_any_price: bool
) -> AnyGroup:
    """Return the cheapest exact way to the probability of rows that are no nested totals, or raise `TooLarge`."""
    ways: list[tuple[type[PivotGroup | ListedGroup], int]] = [(ListedGroup, CHEAP), (PivotGroup, PIVOTAL)]
    if at_any_price:
        ways += [(PivotGroup, 10 * PIVOTAL), (ListedGroup, LARGEST)]
    reason = TooLarge()
    for way, largest in ways:
        try:
            return way(rows, months, lower, upper, largest)
        except TooLarge as error:
            reason = error
    raise reason


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
