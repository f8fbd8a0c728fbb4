"""What a later print may take the place of: a revision that forgets part of what it replaces is refused."""

from __future__ import annotations

from forecasting.evidence.fact import Fact


def forgetful(later: Fact, earlier: Fact) -> str | None:
    """Return what would be lost if `later` superseded `earlier`; None if it says at least as much about the same.

    A figure for part of the window may replace the whole: it withdraws the months that the whole was made of.
    """
    if earlier.use == "context":
        return None
    if earlier.series != later.series:
        return f"{earlier.fact_id} is about {earlier.series}, another series; leave supersedes empty"
    if (earlier.kind in ("order", "ratio") or later.kind in ("order", "ratio")) and _compares(later) != _compares(
        earlier
    ):
        return (
            f"{earlier.fact_id} ({earlier.kind}, {earlier.statement}) says something else, which would be lost; "
            "leave supersedes empty"
        )
    if earlier.start <= later.start and later.end <= earlier.end:
        return None
    window = f"{earlier.start}..{earlier.end}"
    return (
        f"{earlier.fact_id} is about another window, {window}, and what it says of those months would be lost; leave "
        f"supersedes empty and, if the old print still stands as a minimum, make {earlier.fact_id} kind bound with low alone"
    )


def _compares(fact: Fact) -> tuple[str, str | None, str | None]:
    return (fact.kind, fact.relation, fact.against) if fact.against else ("sum", None, None)
