"""Counts from a CSV file, a Parquet file, a SQL query or a ledger of facts: read in pieces, handed on series by series."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from forecasting.batch.checks import Checked, Rules, check, check_evidence
from forecasting.batch.config import SHIPPED, Columns, Config, Query
from forecasting.batch.secrets import masked, resolved, scrubbed
from forecasting.batch.staging import LONGEST_TEXT, Staging
from forecasting.errors import ForecastingError, InvalidInput, InvalidSeries, UnknownSeries
from forecasting.evidence import Ledger, load_ledger
from forecasting.evidence.ledger import shipped_folder
from forecasting.extras import needed
from forecasting.reading import Unreadable, name_of, open_delimited
from forecasting.reading.cells import is_missing
from forecasting.reading.delimited import header_faults
from forecasting.reading.vectors import months_of_periods, period_frequency
from forecasting.series import listing

_TABLE = "tornadoes.csv"  # the table that csv = "shipped" stands for
_PIECE = 10_000
_MOST_DIGITS = 18  # of a whole number that is a name


class SourceUnavailable(ForecastingError):
    """The database of the counts cannot be reached: no fault of the request, which may succeed later."""


@dataclass(frozen=True)
class Part:
    """A part of the series of an input.

    Attributes
    ----------
    patterns : tuple of str
        Shell patterns, one of which a name must match, capital letters told apart; all series by default.
    limit : int or None
        Take at most so many, the first in the order of their names.

    Examples
    --------
    >>> Part(("a*", "b"), limit=2).of(["c", "b", "a2", "a1"])
    ['a1', 'a2']
    """

    patterns: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def is_whole(self) -> bool:
        """Return True if it is all of the input."""
        return not self.patterns and self.limit is None

    def of(self, names: Iterable[str]) -> list[str]:
        """Return the names that belong to it, in order.

        Raises
        ------
        InvalidInput
            If there are none.
        """
        known = sorted(names)
        found = [one for one in known if not self.patterns or any(fnmatchcase(one, each) for each in self.patterns)]
        if not found:
            raise InvalidInput(
                f"no series is called {' or '.join(map(repr, self.patterns))}; there are {listing(known)}"
            )
        return found[: self.limit]


@contextmanager
def checked_series(config: Config, today: dt.date, part: Part | None = None) -> Iterator[tuple[int, Iterator[Checked]]]:
    """Open the input of a configuration: the number of series, and each of them, checked, in the order of their names.

    Raises
    ------
    InvalidInput
        If the input as a whole cannot be read, or has no series of that part; what is wrong with one series is told by its
        `Checked`.
    """
    part = Part() if part is None else part
    if config.as_of is not None and config.as_of > today:
        raise InvalidInput(f"as_of = {config.as_of} is later than today, {today}; name a day that has come")
    source, wanted = config.input, config.input.series
    if source.facts is not None:
        ledger = load_ledger(None if source.facts == SHIPPED else config.place(source.facts))
        names = part.of(ledger.series if wanted is None else wanted)
        yield len(names), (_evidence(ledger, name, config) for name in names)
        return
    rules = Rules.of(config, today)
    with Staging(len(source.columns.all) - 1) as staging:
        _fill(staging, config)
        if not len(staging):
            raise InvalidSeries("the input has no rows below its header; nothing was forecast")
        if not part.is_whole:
            wanted = tuple(part.of(staging.names() if wanted is None else wanted))
        if wanted is None:
            yield len(staging), (check(raw, rules) for raw in staging)
        else:
            yield len(wanted), _chosen(staging, wanted, rules)


def _chosen(staging: Staging, wanted: Sequence[str], rules: Rules) -> Iterator[Checked]:
    missing = set(wanted)
    for raw in staging:
        if raw.name in missing:
            missing.discard(raw.name)
            yield check(raw, rules)
    for name in sorted(missing):
        yield Checked.bad(name, "the input has no rows for it; check the name, or take it out of input.series")


def _evidence(ledger: Ledger, name: str, config: Config) -> Checked:
    try:
        known = ledger if config.as_of is None else ledger.as_of(config.as_of)
        return check_evidence(known.evidence(name), config.shortest)
    except (UnknownSeries, ForecastingError) as error:
        return Checked.bad(name, str(error))


def _fill(staging: Staging, config: Config) -> None:
    source, columns = config.input, config.input.columns
    if source.csv is not None:
        table = shipped_folder() / _TABLE if source.csv == SHIPPED else config.place(source.csv)
        _read_csv(table, columns, staging)
    elif source.parquet is not None:
        _add_pieces(_parquet(config.place(source.parquet), columns), columns, staging)
    elif source.sql is not None:
        _add_pieces(_sql(source.sql, columns, config), columns, staging)


def _add_pieces(pieces: Iterable[Iterable[Sequence[Any]]], columns: Columns, staging: Staging) -> None:
    for piece in pieces:
        whole = (row if len(row) == len(columns.all) else (columns.y, *row) for row in piece)
        staging.add((_name(row[0]), row[1:]) for row in whole)


def _name(cell: Any) -> str:
    """Return the name that a cell gives to a series, an empty text if there is none.

    Raises
    ------
    InvalidSeries
        If the cell is of a type that names nothing; nobody knows whose row it is.
    """
    is_endless = isinstance(cell, Decimal) and cell.is_finite() and cell.adjusted() > _MOST_DIGITS
    try:
        return (
            ""
            if is_missing(cell) or cell == ""
            else name_of(str(cell) if isinstance(cell, UUID) or is_endless else cell)
        )
    except Unreadable as error:
        if isinstance(cell, str):
            return ""
        raise InvalidSeries(
            f"a name of a series is {repr(cell)[:40]}: {error}; cast the column of ids to text"
        ) from None


def _read_csv(file: Path, columns: Columns, staging: Staging) -> None:
    """Put the rows of a file where they belong; a row of the wrong width is a fault of its series."""
    with open_delimited(file) as table:
        names = _wanted(columns, table.header)
        places = table.positions(*names, remedy="name columns in [input.columns]")
        while piece := list(islice(table.rows, _PIECE)):
            _add_pieces([[[row.cells[k] or None for k in places] for row in piece if not row.fault]], columns, staging)
            for row in piece:
                if row.fault:
                    is_one, first = len(names) < len(columns.all), places[0]
                    name = columns.y if is_one else row.cells[first] if len(row.cells) > first else ""
                    staging.add_fault(name, f"line {row.line} {row.fault}")


def _wanted(columns: Columns, header: Sequence[str]) -> tuple[str, ...]:
    """Return the columns to read; a table without names of series, where none are asked for, is one series."""
    is_one = "unique_id" not in columns.model_fields_set and columns.unique_id not in header
    return columns.all[is_one:]


def _positions(header: Sequence[str], columns: Columns, place: str) -> list[int]:
    """Return where the columns are.

    Raises
    ------
    InvalidSeries
        If columns are missing or there twice; names all of them.
    """
    names = _wanted(columns, header)
    if faults := header_faults(header, names):
        raise InvalidSeries(
            f"{place}: of its columns, {listing(faults)}; it has {listing(header)}; name columns in [input.columns]"
        )
    return [list(header).index(name) for name in names]


def _parquet(file: Path, columns: Columns) -> Iterator[list[Sequence[Any]]]:
    names = ("pyarrow", "pyarrow.parquet", "pyarrow.compute")
    arrow, parquet, compute = (needed(name, "batch", "a Parquet file") for name in names)
    try:
        schema = parquet.read_schema(file)
        wanted = [schema.names[k] for k in _positions(schema.names, columns, str(file))]
        kinds = (arrow.string(), arrow.large_string())
        texts = [name for name in wanted if schema.field(name).type in kinds]
        with parquet.ParquetFile(
            file, read_dictionary=texts
        ) as table:  # a text is held once, however many rows have it
            for batch in table.iter_batches(_PIECE, columns=wanted):
                for name in texts:
                    _refuse_long(compute.max(compute.binary_length(batch.column(name).dictionary)).as_py() or 0, name)
                yield list(zip(*(_cells(batch, schema.field(name)) for name in wanted), strict=True))
    except OSError as error:
        raise InvalidSeries(f"{file} cannot be read: {error.strerror or error}; check input.parquet") from None
    except (arrow.ArrowException, ValueError) as error:
        if isinstance(error, InvalidSeries):
            raise
        raise InvalidSeries(f"{file} is no readable Parquet file: {error}") from None


def _cells(batch: Any, field: Any) -> list[Any]:
    """Return the cells of a column; what pandas has stored as numbers of periods are months again."""
    cells, frequency = batch.column(field.name).to_pylist(), period_frequency(field)
    try:
        return months_of_periods(cells, frequency) if frequency else list(cells)
    except Unreadable as error:
        raise InvalidSeries(f"column {field.name!r} {error}") from None


def _refuse_long(length: int, column: str) -> None:
    if length > LONGEST_TEXT:
        raise InvalidSeries(f"{column!r} holds a text of {length:,} characters; look at the table")


def _sql(source: Query, columns: Columns, config: Config) -> Iterator[list[Sequence[Any]]]:
    sqlalchemy = needed("sqlalchemy", "batch", "a SQL query")
    address, shown = resolved(source.address), masked(source.address)
    if "://" not in address:
        raise InvalidInput(
            f"input.sql.address {shown} is not the address of a database; for example sqlite:///counts.db"
        )
    fault = ""
    try:
        with warnings.catch_warnings(action="ignore", category=sqlalchemy.exc.SAWarning):  # it quotes parameters
            engine = sqlalchemy.create_engine(config.address(source.address))
    except (sqlalchemy.exc.SQLAlchemyError, ImportError, ValueError) as error:
        fault = type(error).__name__
    if fault:  # raised out here: the error of the driver quotes the address, and would be part of ours
        raise InvalidInput(
            f"input.sql.address {shown} cannot be used: {fault}; check it, and that its driver is installed"
        )
    if engine.name == "sqlite" and engine.url.database and not Path(engine.url.database).is_file():
        raise InvalidInput(f"input.sql at {shown} failed: there is no such file; check the address")
    is_away = True
    try:
        with engine.connect() as connection:
            is_away = False
            yield from _rows(connection, source.query, columns, shown)
    except sqlalchemy.exc.SQLAlchemyError as error:
        is_away |= bool(getattr(error, "connection_invalidated", False))
        reason = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
        fault = scrubbed(reason, address)
    finally:
        engine.dispose()
    if fault and is_away:
        raise SourceUnavailable(
            f"input.sql at {shown} cannot be reached: {fault}; run again when it can, or check the address"
        )
    if fault:
        raise InvalidInput(f"input.sql at {shown} failed: {fault}; check the query")


def _rows(connection: Any, query: str, columns: Columns, shown: str) -> Iterator[list[Sequence[Any]]]:
    # Without parameters no driver looks for placeholders: a % or a colon of the query stays what it is.
    streamed = connection.execution_options(stream_results=True, no_parameters=True)
    with closing(streamed.exec_driver_sql(query)) as rows:
        positions = _positions(list(rows.keys()), columns, f"the query at {shown}")
        size = 1  # growing: texts too long to be meant are found before many of them are in memory
        while piece := rows.fetchmany(size):
            yield [[row[k] for k in positions] for row in piece]
            size = min(2 * size, _PIECE)
