"""Small ledgers, written to a folder or built in memory."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from forecasting.evidence import Fact, Ledger, Reading, Source

Cells = Mapping[str, str]

SERIES = "get_lost.desertion_requests"
SOURCE: Cells = {"source_id": "S1", "publisher": "A paper", "title": "A title", "date": "2023-12-05"}


def fact(fact_id: str, kind: str, start: str, end: str | None = None, **cells: str) -> dict[str, str]:
    defaults = {"unit": "requests", "source_id": "S1", "published": "2023-12-05", "use": "data"}
    window = {"fact_id": fact_id, "series": SERIES, "kind": kind, "start": start, "end": end or start}
    return defaults | window | cells


SPRING_TO_AUTUMN = "2023-04..2023-11"
GET_LOST: list[dict[str, str]] = [
    fact("autumn", "total", "2023-09", "2023-11", value="577"),
    fact("summer", "total", "2023-06", "2023-08", value="305"),
    fact("counselled", "bound", "2023-04", "2023-11", low="1001"),
    fact("half", "ratio", "2023-09", "2023-11", low="0.5004", against=SPRING_TO_AUTUMN),
    fact("october", "count", "2023-10", value="218"),
    fact("june", "count", "2023-06", value="54"),
    fact("november", "count", "2023-11", value="175"),
    fact("highest", "order", "2023-10", relation="highest", against=SPRING_TO_AUTUMN),
    fact("lowest", "order", "2023-06", relation="lowest", against=SPRING_TO_AUTUMN),
    fact("below", "order", "2023-11", relation="below", against="2023-09,2023-10"),
    fact("above", "order", "2023-11", relation="above", against="2023-04..2023-08"),
    fact("rise", "ratio", "2023-09", "2023-11", low="1.885", high="1.895", against="2023-06..2023-08")
    | {"use": "check"},
]


def ledger_of(facts: Iterable[Cells], readings: Iterable[Cells] = ()) -> Ledger:
    return Ledger(
        tuple(Fact.model_validate(cells) for cells in facts),
        (Source.model_validate(SOURCE),),
        tuple(Reading.model_validate(cells) for cells in readings),
    )


def write_table(path: Path, model: type[Fact] | type[Source] | type[Reading], rows: Iterable[Cells]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(model.model_fields), restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_ledger(
    folder: Path, facts: Iterable[Cells], sources: Iterable[Cells] = (SOURCE,), readings: Iterable[Cells] = ()
) -> Path:
    write_table(folder / "facts.csv", Fact, facts)
    write_table(folder / "sources.csv", Source, sources)
    if readings := list(readings):
        write_table(folder / "readings.csv", Reading, readings)
    return folder
