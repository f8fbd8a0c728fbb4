"""The reading `milestone`: "more than 1,000" as printed when 1,000 was passed.

A lower limit that is one above a round number K was most likely printed because K was passed, and the next round number was
not: otherwise that one would have been named.  Read so, the sum lies in [K, K + step), where the step is the place of the last
digit of K that is not zero: 100 for 500 or 3,500, 1,000 for 1,000, 10,000 for 30,000.  Taken as a plain lower limit the same
words are coarsened by the data themselves, which the likelihood cannot know.

A number counts as round if it has one digit that is not zero, or ends in at least two zeros.  A limit that another fact shows
to be passed, because the count grew on, is no milestone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from forecasting.evidence.fact import Fact, Reading

MILESTONE = "milestone"


def milestones(facts: Iterable[Fact], written: Iterable[Reading]) -> Iterator[Reading]:
    """Yield the reading of each "more than K" used as data or check, except where the ledger has a `milestone` of its own.

    Examples
    --------
    >>> import forecasting as fc
    >>> cells = dict(fact_id="F1", series="s", kind="bound", start="2023-04", end="2023-11", low="1001")
    >>> cells |= dict(unit="requests", source_id="S1", published="2023-12-05", use="data")
    >>> [(reading.column, reading.value) for reading in milestones([fc.Fact.model_validate(cells)], [])]
    [('high', '1999')]
    """
    taken = {reading.fact_id for reading in written if reading.reading == MILESTONE}
    believed = [fact for fact in facts if fact.use != "context"]
    for fact in believed:
        if fact.kind != "bound" or fact.high is not None or fact.low is None or fact.fact_id in taken:
            continue
        passed = int(fact.low) - 1
        step = _place(passed)
        high = passed + step - 1
        round_number = step >= 100 or (step > 1 and passed < 10 * step)
        if round_number and not any(_exceeds(other, fact, high) for other in believed):
            yield Reading(
                reading=MILESTONE,
                series=fact.series,
                fact_id=fact.fact_id,
                column="high",
                value=str(high),
                why=f"More than {passed:,} was printed when {passed:,} was passed and {passed + step:,} was not.",
            )


def _exceeds(other: Fact, fact: Fact, high: int) -> bool:
    """Return whether another sum, inside the window of `fact`, is known to be above `high`."""
    inside = other.series == fact.series and fact.start <= other.start and other.end <= fact.end
    least = (
        other.value if other.kind in ("count", "total") else other.low if other.kind in ("bound", "rounded") else None
    )
    return inside and least is not None and least > high


def _place(number: int) -> int:
    """Return the place of the last digit that is not zero; 1 for zero itself."""
    step = 1
    while number and number % (10 * step) == 0:
        step *= 10
    return step
