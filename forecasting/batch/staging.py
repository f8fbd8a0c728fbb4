"""Rows of a long table, in any order, gathered by series: sorted on disk, so that memory does not grow with their number."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from forecasting.errors import ForecastingError

_MOST_ROWS = 5000
_LARGEST = 2**63


class NoRoom(ForecastingError):
    """The disk of temporary files is full."""


@dataclass(frozen=True)
class RawSeries:
    """The rows of one series as they were found.

    Attributes
    ----------
    name : str
        Name of the series.
    rows : list of tuple
        Month, count, and what else was read; at most 5,000 are kept.
    faults : tuple of str
        What was wrong with rows that could not be read.
    size : int
        Number of rows that there were.
    """

    name: str
    rows: list[tuple[Any, ...]]
    faults: tuple[str, ...]
    size: int


class Staging:
    """A temporary table on disk, gone when it is closed or the process dies.

    Examples
    --------
    >>> with Staging(2) as staging:
    ...     staging.add([("b", ("2023-09", 1)), ("a", ("2023-09", 2)), ("b", ("2023-10", 3))])
    ...     [(series.name, series.rows) for series in staging]
    [('a', [('2023-09', 2)]), ('b', [('2023-09', 1), ('2023-10', 3)])]
    """

    def __init__(self, width: int) -> None:
        self._cells = width
        self._database = sqlite3.connect("")  # a file without a name
        self._database.execute("PRAGMA journal_mode = OFF")
        columns = ", ".join(f"cell{k}" for k in range(width))
        self._database.execute(f"CREATE TABLE rows (series TEXT, fault TEXT, {columns})")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, rows: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Add rows: the name of the series, and its cells."""
        self._insert((name, None, *(_cell(cell) for cell in cells)) for name, cells in rows)

    def add_fault(self, name: str, fault: str) -> None:
        """Add what is wrong with a row of a series."""
        self._insert([(name, fault, *[None] * self._cells)])

    def _insert(self, rows: Iterable[tuple[Any, ...]]) -> None:
        places = ", ".join("?" * (self._cells + 2))
        try:
            self._database.executemany(f"INSERT INTO rows VALUES ({places})", rows)
        except sqlite3.OperationalError as error:
            raise _no_room(error) from None

    def __len__(self) -> int:
        """Return the number of series."""
        try:
            return int(self._database.execute("SELECT COUNT(DISTINCT series) FROM rows").fetchone()[0])
        except sqlite3.OperationalError as error:
            raise _no_room(error) from None

    def __iter__(self) -> Iterator[RawSeries]:
        try:
            sorted_rows = self._database.execute("SELECT * FROM rows ORDER BY series, rowid")
            for name, rows in itertools.groupby(sorted_rows, key=lambda row: row[0]):
                yield _gathered(str(name), rows)
        except sqlite3.OperationalError as error:
            raise _no_room(error) from None


def _gathered(name: str, rows: Iterator[tuple[Any, ...]]) -> RawSeries:
    kept = list(itertools.islice(rows, _MOST_ROWS))
    size = len(kept) + sum(1 for _ in rows)
    faults = tuple(row[1] for row in kept if row[1] is not None)
    return RawSeries(name, [row[2:] for row in kept if row[1] is None], faults, size)


def _no_room(error: sqlite3.OperationalError) -> NoRoom:
    return NoRoom(f"sorting the input on disk failed ({error}); point TMPDIR to a folder with room")


def _cell(value: Any) -> Any:
    """Return a value that SQLite keeps as it is; what is no number, text or date is kept as text and refused later."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return value if -_LARGEST <= value < _LARGEST else str(value)
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else None
    return value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)
