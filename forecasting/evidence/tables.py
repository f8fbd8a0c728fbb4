"""CSV files in, validated rows out; every problem is collected with its file, line and column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel

from forecasting.errors import InvalidLedger, Problem
from forecasting.reading import InvalidTable, open_delimited
from forecasting.reading.cells import MISSING

FACTS, SOURCES, READINGS = "facts.csv", "sources.csv", "readings.csv"

Row = TypeVar("Row", bound=BaseModel)


class Line(NamedTuple, Generic[Row]):
    """A validated row and the line of the file it starts on, the header being line 1."""

    number: int
    row: Row


def read_table(path: Path, model: type[Row], problems: list[Problem]) -> list[Line[Row]]:
    """Return the valid rows of a file; what is wrong with the others is added to `problems`."""
    lines: list[Line[Row]] = []
    needed = {name: field.is_required() for name, field in model.model_fields.items()}
    for number, cells in _filled_rows(path, needed, problems):
        try:
            lines.append(Line(number, model.model_validate(cells)))
        except InvalidLedger as error:
            problems += [replace(problem, file=path.name, row=number) for problem in error.problems]
    return lines


def _filled_rows(
    path: Path, columns: Mapping[str, bool], problems: list[Problem]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the cells of each row that are not empty; of the `columns`, those that are not always needed may be absent."""
    try:
        with open_delimited(path) as table:
            faults = list(_header_faults(table.header, columns))
            problems += [Problem(path.name, table.line, column, message) for column, message in faults]
            if faults:
                return
            for line, cells, fault in table.rows:
                if fault:
                    problems.append(Problem(path.name, line, "", fault))
                else:
                    filled = zip(table.header, cells, strict=True)
                    yield line, {column: cell for column, cell in filled if not _is_empty(cell, columns[column])}
    except InvalidTable as error:
        problems.append(error.problem)


def _is_empty(cell: str, needed: bool) -> bool:
    """Return whether a cell says nothing: where nothing may stand, what programs write for it does so too, such as NA."""
    return not cell or (not needed and cell.lower() in MISSING)


def _header_faults(header: list[str], columns: Mapping[str, bool]) -> Iterable[tuple[str, str]]:
    absent = [column for column, needed in columns.items() if needed and column not in header]
    if absent:
        yield ", ".join(absent), "missing from the header, which is the first line; always needed"
    for column in columns:
        if header.count(column) > 1:
            yield column, "this column appears twice"
    for column in header:
        if column not in columns:
            yield column, f"unknown column; expected {', '.join(columns)}"
