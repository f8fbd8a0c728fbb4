"""Issued forecasts, the data they came from and their scores: written once, never changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Self

import pandas as pd
from sqlalchemy import Connection, Select, Table, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from forecasting.batch.archive import schema
from forecasting.batch.archive.connection import Database
from forecasting.batch.archive.migrations import bring_up_to_date
from forecasting.batch.archive.rows import (
    forecast_row,
    observation_row,
    read_forecast,
    read_vintage,
    run_row,
    score_row,
    vintage_row,
)
from forecasting.batch.archive.truth import Release, truth_of
from forecasting.batch.records import SCORES, ForecastRecord, RunRecord, ScoreRecord, Status, Vintage
from forecasting.errors import ArchiveConflict, ArchiveError

_CHUNK = 500
"""Rows fetched, and values bound, at a time."""

Names = str | Sequence[str] | None


@dataclass(frozen=True)
class Stored:
    """What became of a chunk.

    Attributes
    ----------
    new, known : int
        Forecasts that were stored now, and that had been there.
    """

    new: int
    known: int


class Archive:
    """An append-only archive of forecasts in a SQLite file or a PostgreSQL database.

    Made by `open`.  Every method that writes is one transaction: done or as if it had never been called.  Several processes
    may write at once.

    Attributes
    ----------
    address : str
        Where it is, without passwords.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from forecasting.batch import Archive
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     archive = Archive.open(str(Path(folder) / "forecasts.sqlite"))
    ...     archive.finished(["0" * 32])
    set()
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.address = database.shown

    @classmethod
    def open(cls, address: str, *, create: bool = True) -> Archive:
        """Open an archive; bring its schema up to date.

        Parameters
        ----------
        address : str
            A path or ``sqlite:///path``; ``postgresql://user:password@host/name``.
        create : bool
            Whether to make an archive where there is none.

        Raises
        ------
        InvalidInput
            If the address is neither.
        ArchiveUnavailable
            If the database cannot be reached or written.
        ArchiveError
            If there is none and `create` is false, it is no archive, or a newer library wrote it.
        """
        database = Database(address)
        if not create and not database.exists():
            raise ArchiveError(f"there is no archive at {database.shown}; the first run makes one")
        with database.writing() as connection:
            bring_up_to_date(connection, may_create=create)
        return cls(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; every transaction has ended already."""
        self._database.engine.dispose()

    # Writing

    def begin(self, run: RunRecord) -> int:
        """Store the start of a run and return its number."""
        with self._database.writing() as connection:
            made = connection.execute(insert(schema.runs).values(run_row(run)).returning(schema.runs.c.id))
            return int(made.scalar_one())

    def finish(self, run: int, summary: Mapping[str, Any]) -> None:
        """Store the end of a run; a run without one was interrupted."""
        row = {"run": run, "finished": _now(), "summary": json.dumps(summary, sort_keys=True, default=str)}
        with self._database.writing() as connection:
            _add(connection, schema.run_ends, [row])

    def store(self, run: int, vintages: Iterable[Vintage], records: Iterable[ForecastRecord]) -> Stored:
        """Store a chunk of forecasts with the data they came from, all of it or nothing.

        What is there already is recognised and left alone.  A failure may be followed by success: both are kept.

        Parameters
        ----------
        run : int
            As `begin` returned it.
        vintages : iterable of Vintage
            Data of the forecasts; those that the archive holds may be left out.
        records : iterable of ForecastRecord
            Finished and failed forecasts.

        Raises
        ------
        ArchiveConflict
            If a finished forecast with the same key holds other numbers.
        ArchiveUnavailable
            If the database is lost or full.
        """
        # Two writers that insert in the same order wait for each other, but never in a circle.
        data = sorted(vintages, key=lambda vintage: (vintage.digest, vintage.series))
        chunk = sorted(records, key=lambda record: (record.key.digest, record.content))
        jobs = {record.key.digest for record in chunk}
        with self._database.writing() as connection:
            started = connection.scalar(select(schema.runs.c.started).where(schema.runs.c.id == run))
            if started is None:
                raise ArchiveError(f"there is no run {run} in {self.address}; call begin first")
            before = _contents(connection, jobs)
            finished = {job for job, _, status in before if status == "done"}
            known = {(job, content) for job, content, _ in before}
            new = [
                record
                for record in chunk
                if (record.key.digest, record.content) not in known
                and not (record.status == "failed" and record.key.digest in finished)
            ]
            _add(connection, schema.observations, [observation_row(vintage) for vintage in data])
            _add(connection, schema.vintages, [vintage_row(vintage, run, started[:10]) for vintage in data])
            _add(connection, schema.forecasts, [forecast_row(record, run) for record in new])
            done = {job: content for job, content, status in _contents(connection, jobs) if status == "done"}
            for record in chunk:
                if record.status == "done" and done[record.key.digest] != record.content:
                    raise ArchiveConflict(_conflict(record))
        return Stored(len(new), len(chunk) - len(new))

    def store_scores(self, scores: Iterable[ScoreRecord]) -> int:
        """Store scores of archived forecasts; return how many were given.  Those that are there stay as they are."""
        given = list(scores)
        with self._database.writing() as connection:
            table = schema.forecasts
            query = select(table.c.job, table.c.id).where(table.c.status == "done")
            number = {row.job: row.id for row in _among(connection, query, table.c.job, {score.job for score in given})}
            unknown = sorted({score.job for score in given} - number.keys())
            if unknown:
                raise ArchiveError(
                    f"no finished forecast has the key {unknown[0]}; {len(unknown)} scores have no forecast"
                )
            rows = [score_row(score, number[score.job], SCORES) for score in given]
            _add(connection, schema.scores, sorted(rows, key=lambda row: (row["forecast"], row["month"], row["y"])))
        return len(given)

    # Reading

    def finished(self, digests: Iterable[str]) -> set[str]:
        """Return those of the job digests that are stored as done."""
        table = schema.forecasts
        query = select(table.c.job).where(table.c.status == "done")
        with self._database.reading() as connection:
            return {row.job for row in _among(connection, query, table.c.job, set(digests))}

    def keys(
        self,
        *,
        series: Names = None,
        model: Names = None,
        origin: Names = None,
        run: int | None = None,
        status: Status | None = None,
    ) -> pd.DataFrame:
        """Return a row a forecast, finished or failed, without its numbers.

        Returns
        -------
        pandas.DataFrame
            ``id, run, job, unique_id, model, origin, vintage, specification, horizon, seed, status, attempt, error, messages,
            cpu``, by series, model, origin and attempt.
        """
        t = schema.forecasts.c
        attempt = func.row_number().over(partition_by=t.job, order_by=t.id).label("attempt")
        columns = [t.id, t.run, t.job, t.series.label("unique_id"), t.model, t.origin, t.vintage, t.specification]
        query = select(*columns, t.horizon, t.seed, t.status, attempt, t.error, t.messages, t.cpu)
        frame = self._frame(_matching(query, series, model, origin, run, status))
        frame["messages"] = [tuple(json.loads(text)) for text in frame["messages"]]
        frame["seed"] = [int(text) for text in frame["seed"]]
        order = ["unique_id", "model", "origin", "job", "attempt"]
        return frame.sort_values(order, ignore_index=True)

    def forecasts(
        self,
        *,
        series: Names = None,
        model: Names = None,
        origin: Names = None,
        run: int | None = None,
        status: Status | None = "done",
    ) -> Iterator[ForecastRecord]:
        """Yield forecasts by series, model and origin, a few hundred in memory at a time.

        Raises
        ------
        ArchiveError
            If one is damaged.
        """
        yield from self.read(self.keys(series=series, model=model, origin=origin, run=run, status=status)["id"])

    def read(self, numbers: Iterable[int]) -> Iterator[ForecastRecord]:
        """Yield the forecasts with these numbers, the column ``id`` of `keys`, in their order."""
        wanted = [int(number) for number in numbers]
        query = select(schema.forecasts)
        for first in range(0, len(wanted), _CHUNK):
            part = wanted[first : first + _CHUNK]
            with self._database.reading() as connection:
                found = connection.execute(query.where(schema.forecasts.c.id.in_(part)))
                rows = {row["id"]: row for row in found.mappings()}
            yield from (read_forecast(rows[number]) for number in part)

    def series(self) -> list[str]:
        """Return the names of the series that have forecasts, finished or failed."""
        with self._database.reading() as connection:
            return sorted(connection.scalars(select(schema.forecasts.c.series).distinct()))

    def models(self) -> list[str]:
        """Return the names of the models that have forecasts, finished or failed."""
        with self._database.reading() as connection:
            return sorted(connection.scalars(select(schema.forecasts.c.model).distinct()))

    def vintages(self, *, series: Names = None) -> Iterator[Vintage]:
        """Yield the data of the series, the earliest known first within each."""
        for _, vintage in self._dated(series):
            yield vintage

    def truth(self, *, series: Names = None, release: Release = "latest") -> pd.DataFrame:
        """Return the counts that are known, by series and month.

        Parameters
        ----------
        series : str or sequence of str, optional
            All by default.
        release : {"first", "latest"} or date
            The count that was first released for a month, the latest, or the latest that was known on a day.

        Returns
        -------
        pandas.DataFrame
            ``unique_id, ds`` (Period), ``y`` (int64), ``known`` (the day of the vintage it is from, as text).
        """
        return truth_of(self._dated(series), release)

    def runs(self) -> pd.DataFrame:
        """Return a row a run; ``finished`` and ``summary`` are missing where it was interrupted."""
        start, end = schema.runs.c, schema.run_ends.c
        columns = [start.id, start.started, end.finished, start.config_digest, start.seed, end.summary, start.versions]
        query = select(*columns, start.config).select_from(schema.runs.outerjoin(schema.run_ends)).order_by(start.id)
        return self._frame(query)

    def scores(self, *, series: Names = None, model: Names = None) -> pd.DataFrame:
        """Return all stored scores, a row a forecast, month and count: ``job, unique_id, model, origin, ds, y`` and scores.

        A month has several rows where its count was revised; `forecasting.batch.scoring.score_table` chooses by release.
        """
        f, s = schema.forecasts.c, schema.scores.c
        key = [f.job, f.series.label("unique_id"), f.model, f.origin, s.month.label("ds"), s.y]
        query = select(*key, *(s[name] for name in SCORES)).select_from(schema.scores.join(schema.forecasts))
        frame = self._frame(_matching(query, series, model, None, None, None))
        frame["ds"] = pd.PeriodIndex(frame["ds"], freq="M")
        frame[list(SCORES)] = frame[list(SCORES)].astype(float)
        return frame.sort_values(["unique_id", "model", "origin", "job", "ds", "y"], ignore_index=True)

    def fingerprint(self) -> str:
        """Return a digest of all forecasts and vintages, whatever the order and the runs that they were stored in."""
        t, v = schema.forecasts.c, schema.vintages.c
        digest = blake2b(digest_size=16)
        with self._database.reading() as connection:
            for query in (select(t.job, t.status, t.content), select(v.series, v.as_of, v.digest)):
                for row in sorted(tuple(row) for row in connection.execute(query)):
                    digest.update(repr(row).encode())
        return digest.hexdigest()

    def _dated(self, series: Names) -> Iterator[tuple[str, Vintage]]:
        v = schema.vintages.c
        order = select(v.id).order_by(v.series, v.known, v.id)
        with self._database.reading() as connection:
            wanted = list(connection.scalars(_named(order, v.series, series)))
        joined = schema.vintages.join(schema.observations)
        o = schema.observations.c
        for first in range(0, len(wanted), _CHUNK):
            part = wanted[first : first + _CHUNK]
            query = select(v.id, v.series, v.as_of, v.known, o.digest, o.first, o.counts, o.facts).select_from(joined)
            with self._database.reading() as connection:
                rows = {row["id"]: row for row in connection.execute(query.where(v.id.in_(part))).mappings()}
            yield from ((rows[number]["known"], read_vintage(rows[number])) for number in part)

    def _frame(self, query: Select[Any]) -> pd.DataFrame:
        with self._database.reading() as connection:
            result = connection.execute(query)
            return pd.DataFrame.from_records([tuple(row) for row in result], columns=list(result.keys()))


def _matching(
    query: Select[Any], series: Names, model: Names, origin: Names, run: int | None, status: str | None
) -> Select[Any]:
    t = schema.forecasts.c
    for column, names in ((t.series, series), (t.model, model), (t.origin, origin)):
        query = _named(query, column, names)
    for column, value in ((t.run, run), (t.status, status)):
        query = query if value is None else query.where(column == value)
    return query


def _named(query: Select[Any], column: Any, names: Names) -> Select[Any]:
    if names is None:
        return query
    return query.where(column == names) if isinstance(names, str) else query.where(column.in_(list(names)))


def _contents(connection: Connection, jobs: set[str]) -> set[tuple[str, str, str]]:
    t = schema.forecasts.c
    query = select(t.job, t.content, t.status)
    return {(row.job, row.content, row.status) for row in _among(connection, query, t.job, jobs)}


def _among(connection: Connection, query: Select[Any], column: Any, values: set[str]) -> Iterator[Any]:
    """Yield the rows whose column has one of many values, a few hundred bound at a time."""
    ordered = sorted(values)
    for first in range(0, len(ordered), _CHUNK):
        yield from connection.execute(query.where(column.in_(ordered[first : first + _CHUNK])))


def _add(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows; those that a unique index knows are left as they are."""
    if rows:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)


def _conflict(record: ForecastRecord) -> str:
    key = record.key
    return (
        f"the archive holds another forecast of {key.series!r} by {key.model!r} from {key.origin} "
        f"(vintage {key.vintage[:12]}, specification {key.specification[:12]}, horizon {key.horizon}, seed {key.seed}); "
        "nothing was overwritten and nothing of this chunk was stored. Equal keys must give equal numbers: was a package or "
        "the machine changed? Change the seed to issue it anew"
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
