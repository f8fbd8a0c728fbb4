"""Problems that no row shows alone: identifiers used twice, and references that lead nowhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from forecasting.errors import InvalidLedger, Problem
from forecasting.evidence.fact import Fact, Reading, Source
from forecasting.evidence.revisions import forgetful
from forecasting.evidence.tables import FACTS, READINGS, SOURCES, Line
from forecasting.reading.names import alike


def broken_links(
    facts: Sequence[Line[Fact]],
    sources: Sequence[Line[Source]],
    readings: Sequence[Line[Reading]],
    broken: Collection[str],
) -> Iterator[Problem]:
    """Yield what is wrong between rows; references into files that are `broken` already are not followed."""
    yield from _duplicates(FACTS, "fact_id", [(line.number, line.row.fact_id) for line in facts])
    yield from _duplicates(SOURCES, "source_id", [(line.number, line.row.source_id) for line in sources])
    for column in ("series", "fact_id"):
        yield from _alike(FACTS, column, [(line.number, getattr(line.row, column)) for line in facts])
    yield from _alike(SOURCES, "source_id", [(line.number, line.row.source_id) for line in sources])
    if SOURCES not in broken:
        yield from _unknown_sources(facts, {line.row.source_id for line in sources})
    if FACTS not in broken:
        yield from _broken_supersession(facts)
        yield from _broken_readings(readings, {line.row.fact_id: line.row for line in facts})


def _duplicates(file: str, column: str, identities: Sequence[tuple[int, str]]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for number, identity in identities:
        if first.setdefault(identity, number) != number:
            message = f"{identity} is taken by line {first[identity]}; give each row its own"
            yield Problem(file, number, column, message)


def _alike(file: str, column: str, identities: Sequence[tuple[int, str]]) -> Iterator[Problem]:
    lines = {identity: number for number, identity in reversed(identities)}
    for first, other in alike((identity for _, identity in identities), case=False):
        message = f"{other!a} looks like {first!a} of line {lines[first]}; write each name in one way"
        yield Problem(file, lines[other], column, message)


def _unknown_sources(facts: Sequence[Line[Fact]], known: Collection[str]) -> Iterator[Problem]:
    for number, fact in facts:
        if fact.source_id not in known:
            message = f"{fact.source_id!r} is no source; add it to {SOURCES}"
            yield Problem(FACTS, number, "source_id", message)


def _broken_supersession(facts: Sequence[Line[Fact]]) -> Iterator[Problem]:
    rows = {line.row.fact_id: line.row for line in facts}
    earlier = {fact_id: row.supersedes for fact_id, row in rows.items()}
    replaced: dict[str, str] = {}
    for number, fact in facts:
        if fact.supersedes is None:
            continue
        if fact.supersedes not in earlier:
            message = f"{fact.supersedes!r} is not a fact; name the fact_id of the earlier vintage"
            yield Problem(FACTS, number, "supersedes", message)
        elif replaced.setdefault(fact.supersedes, fact.fact_id) != fact.fact_id:
            message = f"{fact.supersedes} is superseded by {replaced[fact.supersedes]} already; chain the vintages"
            yield Problem(FACTS, number, "supersedes", message)
        elif fact.fact_id in _chain(fact.supersedes, earlier):
            message = f"{fact.fact_id} supersedes itself through {fact.supersedes}; break the circle"
            yield Problem(FACTS, number, "supersedes", message)
        elif lost := forgetful(fact, rows[fact.supersedes]):
            yield Problem(FACTS, number, "supersedes", lost)


def _chain(start: str, earlier: dict[str, str | None]) -> list[str]:
    chain: list[str] = []
    link: str | None = start
    while link is not None and link not in chain:
        chain.append(link)
        link = earlier.get(link)
    return chain


def _broken_readings(readings: Sequence[Line[Reading]], facts: dict[str, Fact]) -> Iterator[Problem]:
    together: dict[tuple[str, str], dict[str, Line[Reading]]] = {}
    for line in readings:
        number, one = line
        fact = facts.get(one.fact_id)
        if fact is None:
            message = f"{one.fact_id!r} is not a fact of {FACTS}; correct the name, or delete the row"
            yield Problem(READINGS, number, "fact_id", message)
        elif fact.series != one.series:
            message = f"{one.fact_id} is a fact of {fact.series}, not of {one.series}"
            yield Problem(READINGS, number, "series", message)
        elif together.setdefault((one.reading, one.fact_id), {}).setdefault(one.column, line) != line:
            message = f"the reading {one.reading} fills in {one.column} of {one.fact_id} twice; keep one row"
            yield Problem(READINGS, number, "column", message)
    for (_, fact_id), changes in together.items():
        try:
            facts[fact_id].reread({column: line.row.value for column, line in changes.items()})
        except InvalidLedger as error:
            first = next(iter(changes.values()))
            for found in error.problems:
                number = changes.get(found.column, first).number
                yield Problem(READINGS, number, "value", f"{found.column} of {fact_id}: {found.message}")
