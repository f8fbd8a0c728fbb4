"""Rows of a long table, in any order, gathered by series: sorted on disk, so that memory does not grow with their number."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Self

from forecasting.batch.records import LONGEST_NAME
from forecasting.errors import ForecastingError, InvalidSeries
from forecasting.reading.names import appearance

_MOST_ROWS = 5000
_MOST_IN_VAIN = 1_000_000
"""Rows beyond that limit before the input as a whole is refused: some seconds of reading."""

_PIECE = 10_000
_LARGEST = 2**63
_MOST_DIGITS = 18
_LONGEST_CELL = 100
"""Characters kept of a cell; a month, a count or a number needs fewer, so no pattern ever sees more."""

LONGEST_TEXT = 2**20
"""Characters of a cell, or of a line, above which the input as a whole is refused."""


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
    alike : tuple of str
        Other series whose names look the same.
    """

    name: str
    rows: list[tuple[Any, ...]]
    faults: tuple[str, ...]
    size: int
    alike: tuple[str, ...] = ()


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
        self._in_vain = 0
        self._database = sqlite3.connect("")  # a file without a name
        self._database.execute("PRAGMA journal_mode = OFF")
        columns = ", ".join(f"cell{k}" for k in range(width))
        self._database.execute(f"CREATE TABLE rows (series TEXT, fault TEXT, {columns})")
        self._database.execute("CREATE TABLE sizes (series TEXT PRIMARY KEY, looks TEXT, n INTEGER) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, rows: Iterable[tuple[str, Sequence[Any]]]) -> None:
        """Add rows: the name of the series, and its cells.

        Raises
        ------
        InvalidSeries
            If a text has more than a million characters, or a million rows were beyond the limits of their series.
        NoRoom
            If the disk is full.
        """
        self._insert((_text(name, LONGEST_NAME), None, *(_cell(cell) for cell in cells)) for name, cells in rows)

    def add_fault(self, name: str, fault: str) -> None:
        """Add what is wrong with a row of a series."""
        self._insert([(_text(name, LONGEST_NAME), fault, *[None] * self._cells)])

    def _insert(self, rows: Iterable[tuple[Any, ...]]) -> None:
        places = ", ".join("?" * (self._cells + 2))
        waiting = iter(rows)
        try:
            while piece := list(itertools.islice(waiting, _PIECE)):
                self._database.executemany(f"INSERT INTO rows VALUES ({places})", self._within_limits(piece))
        except sqlite3.OperationalError as error:
            raise _no_room(error) from None

    def _within_limits(self, piece: list[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
        """Return the rows that are kept, having counted all of them."""
        here = Counter(row[0] for row in piece)
        count = "INSERT INTO sizes VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n RETURNING n"
        sizes = {name: self._database.execute(count, (name, _looks(name), n)).fetchone()[0] for name, n in here.items()}
        if max(sizes.values()) <= _MOST_ROWS:
            return piece
        room = {name: _MOST_ROWS - (size - here[name]) for name, size in sizes.items()}
        kept = []
        for row in piece:
            room[row[0]] -= 1
            if room[row[0]] >= 0:
                kept.append(row)
        self._in_vain += len(piece) - len(kept)
        if self._in_vain > _MOST_IN_VAIN:
            longest = max(sizes, key=sizes.__getitem__)
            raise InvalidSeries(
                f"more than {_MOST_IN_VAIN:,} rows are beyond the {_MOST_ROWS:,} that a series may have, for example of "
                f"{longest[:40]!r}; give one row per month"
            )
        return kept

    def __len__(self) -> int:
        """Return the number of series."""
        return int(self._asked("SELECT COUNT(*) FROM sizes")[0][0])

    def names(self) -> list[str]:
        """Return the names of the series."""
        return [str(name) for (name,) in self._asked("SELECT series FROM sizes")]

    def _asked(self, query: str) -> list[Any]:
        try:
            return self._database.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            raise _no_room(error) from None

    def _alike(self) -> dict[str, tuple[str, ...]]:
        """Return the series that look like others, with those."""
        twice = "SELECT looks FROM sizes GROUP BY looks HAVING COUNT(*) > 1"
        found = self._database.execute(
            f"SELECT looks, series FROM sizes WHERE looks IN ({twice}) ORDER BY looks, series"
        )
        groups = ([name for _, name in rows] for _, rows in itertools.groupby(found, key=lambda row: row[0]))
        return {name: tuple(other for other in group if other != name) for group in groups for name in group}

    def __iter__(self) -> Iterator[RawSeries]:
        try:
            alike = self._alike()
            sorted_rows = self._database.execute("SELECT * FROM rows ORDER BY series, rowid")
            for name, rows in itertools.groupby(sorted_rows, key=lambda row: row[0]):
                kept = list(rows)
                (size,) = self._database.execute("SELECT n FROM sizes WHERE series = ?", (name,)).fetchone()
                faults = tuple(row[1] for row in kept if row[1] is not None)
                yield RawSeries(
                    str(name), [row[2:] for row in kept if row[1] is None], faults, size, alike.get(name, ())
                )
        except sqlite3.OperationalError as error:
            raise _no_room(error) from None


def _looks(name: str) -> str:
    """Return what names that somebody may confuse have in common: letters without their width, size and height."""
    return appearance(name if name.isascii() else unicodedata.normalize("NFKC", name)).casefold()


def _no_room(error: sqlite3.OperationalError) -> NoRoom:
    return NoRoom(f"sorting the input on disk failed ({error}); point TMPDIR to a folder with room")


def _cell(value: Any) -> Any:
    """Return a value that SQLite keeps as it is; what is no number, text or date is kept as text and refused later."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -_LARGEST <= value < _LARGEST else math.copysign(math.inf, value)
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Decimal):
        return None if value.is_nan() else _number(value)
    text = value.isoformat() if isinstance(value, dt.date | dt.datetime) else str(value)
    return _text(text, _LONGEST_CELL)


def _number(value: Decimal) -> int | float:
    is_whole = value.is_finite() and value.adjusted() < _MOST_DIGITS and value == value.to_integral_value()
    return int(value) if is_whole else float(value)


def _text(text: str, longest: int) -> str:
    """Return a text, cut after one character more than it may have: enough to be refused later.

    Raises
    ------
    InvalidSeries
        If it is so long that nobody meant it.
    """
    if len(text) > LONGEST_TEXT:
        raise InvalidSeries(f"a cell has more than {LONGEST_TEXT:,} characters: {text[:40]!r}...; look at the table")
    return text[: longest + 1]
