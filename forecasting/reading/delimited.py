"""Delimited text read row by row: one set of rules for every CSV file, whoever reads it.

- UTF-8 with or without a byte order mark; other encodings and files that are not text are named.
- The delimiter is that of the header: comma, semicolon, tab or bar; a line ``sep=;`` before it decides.
- Cells and names of columns are stripped; blank rows, and rows of empty cells, are skipped.
- Empty cells past the last column are ignored; a row of any other width has a `fault`.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TextIO

from forecasting.errors import InvalidSeries, Problem

LONGEST_LINE = 2**20
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_OTHERS = {
    b"\xff\xfe": "is UTF-16",
    b"\xfe\xff": "is UTF-16",
    b"PK\x03\x04": "is a spreadsheet or a zip archive",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet of an old format",
    b"\x1f\x8b": "is compressed",
    b"PAR1": "is a Parquet file",
    b"SQLite format 3": "is a SQLite database",
}


class InvalidTable(InvalidSeries):
    """A file that cannot be read as delimited text; `problem` says where and why."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(problem)


class Row(NamedTuple):
    """A row that is not blank.

    Attributes
    ----------
    line : int
        Line of the file on which it starts, the first being line 1.
    cells : list of str
        Its stripped cells, as many as the header has unless there is a fault.
    fault : str
        What is wrong with its width, or an empty string.
    """

    line: int
    cells: list[str]
    fault: str


class Delimited(NamedTuple):
    """An open table.

    Attributes
    ----------
    file : Path
        Where it lies.
    line : int
        Line of the header.
    header : list of str
        Names of the columns.
    delimiter : str
        What separates cells.
    rows : iterator of Row
        The rows below the header, read as they are asked for.
    """

    file: Path
    line: int
    header: list[str]
    delimiter: str
    rows: Iterator[Row]

    def positions(self, *names: str, remedy: str) -> list[int]:
        """Return where columns stand.

        Raises
        ------
        InvalidTable
            If one of them is missing or there twice; the message ends with the `remedy`.
        """
        if faults := header_faults(self.header, names):
            wrong = "; ".join(f"column {fault}" for fault in faults)
            shown = ", ".join(map(repr, self.header[:12]))
            read = f"its columns, separated by {_DELIMITERS[self.delimiter]}, are {shown}"
            raise _invalid(self.file, self.line, f"{wrong}; {read}; {remedy}")
        return [self.header.index(name) for name in names]


def header_faults(header: Sequence[str], names: Iterable[str]) -> list[str]:
    """Return what keeps each of the names from being one column."""
    times = Counter(header)
    return [f"{name!r} is {'there twice' if times[name] else 'missing'}" for name in names if times[name] != 1]


@contextmanager
def open_delimited(file: Path) -> Iterator[Delimited]:
    r"""Open a table of delimited text.

    Parameters
    ----------
    file : Path
        The file; its rows are read while the context is open.

    Raises
    ------
    InvalidTable
        If it cannot be read, is empty or is not delimited text; also later, from the rows.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "counts.csv"
    ...     _ = file.write_text("ds; y\n2023-09;184\n;\n")
    ...     with open_delimited(file) as table:
    ...         print(table.header, list(table.rows))
    ['ds', 'y'] [Row(line=2, cells=['2023-09', '184'], fault='')]
    """
    try:
        with file.open("rb") as start:
            _refuse_others(file, start.read(16))
        stream = file.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise _unreadable(file, error) from None
    with stream:
        yield _opened(file, _Lines(file, stream))


class _Lines(Iterator[str]):
    """The lines of a file, none of which may fill the memory, and how many were read."""

    def __init__(self, file: Path, stream: TextIO) -> None:
        self.number, self._file, self._stream = 0, file, stream

    def __next__(self) -> str:
        try:
            line = self._stream.readline(LONGEST_LINE + 1)
        except UnicodeDecodeError:
            number = _undecodable_line(self._file)
            raise _invalid(self._file, number, "is not UTF-8; save the file as CSV UTF-8") from None
        except OSError as error:
            raise _unreadable(self._file, error) from None
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST_LINE:
            raise _invalid(self._file, self.number, f"has more than {LONGEST_LINE:,} characters; is it a CSV file?")
        if "\0" in line:
            raise _invalid(
                self._file, self.number, "holds a zero byte: not text, or UTF-16; save the file as CSV UTF-8"
            )
        return line


def _opened(file: Path, lines: _Lines) -> Delimited:
    first = next((line for line in lines if line.strip()), None)
    delimiter = ""
    mark = "" if first is None else first.strip("\r\n").strip('"')
    if mark.lower().startswith("sep=") and len(mark) == 5:
        delimiter = mark[4]
        first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise _invalid(file, 0, "is empty; the first line names the columns")
    delimiter = delimiter or _delimiter(first)
    if delimiter not in _DELIMITERS:
        raise _invalid(file, 1, f"names the separator {delimiter!r}; use {', '.join(_DELIMITERS.values())}")
    number = lines.number
    records = _records(file, csv.reader(chain([first], lines), delimiter=delimiter, strict=True), lines)
    _, header = next(records)
    while header and not header[-1]:
        header.pop()
    return Delimited(file, number, header, delimiter, _rows(records, len(header), delimiter))


def _delimiter(header: str) -> str:
    """Return what separates the names of columns: the mark of which there are most outside quotes; a comma if there is none."""
    bare = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=bare.count)


def _records(file: Path, reader: Iterator[list[str]], lines: _Lines) -> Iterator[tuple[int, list[str]]]:
    """Yield the stripped cells of each row that is not blank, with the line on which it starts."""
    start = lines.number
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                yield start, stripped
            start = lines.number + 1
    except csv.Error as error:
        raise _invalid(file, start, f"is not valid CSV: {error}") from None


def _rows(records: Iterator[tuple[int, list[str]]], width: int, delimiter: str) -> Iterator[Row]:
    for line, cells in records:
        while len(cells) > width and not cells[-1]:
            cells.pop()
        fault = ""
        if len(cells) != width:
            fault = (
                f"has {len(cells)} cells where the header has {width}; quote cells that hold {_DELIMITERS[delimiter]}"
            )
        yield Row(line, cells, fault)


def _refuse_others(file: Path, start: bytes) -> None:
    for mark, what in _OTHERS.items():
        if start.startswith(mark):
            raise _invalid(file, 0, f"{what}, not CSV; save or export it as CSV UTF-8")


def _undecodable_line(file: Path) -> int:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return number
    return 0


def _unreadable(file: Path, error: OSError) -> InvalidTable:
    return _invalid(file, 0, f"cannot be read from {file.parent}: {error.strerror or error}; check the path")


def _invalid(file: Path, line: int, message: str) -> InvalidTable:
    return InvalidTable(Problem(file.name, line, "", message))
