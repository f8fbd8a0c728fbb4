"""Issued forecasts, the data they came from and their scores: written once, never changed."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import Connection, Table, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from forecasting.batch.archive import schema
from forecasting.batch.archive.connection import Database
from forecasting.batch.archive.contents import Contents, among
from forecasting.batch.archive.copying import copy_rows
from forecasting.batch.archive.migrations import bring_up_to_date, read_version
from forecasting.batch.archive.rows import forecast_row, observation_row, roll_row, run_row, score_rows, vintage_row
from forecasting.batch.records import ForecastRecord, Roll, RunRecord, ScoreRecord, Vintage
from forecasting.errors import ArchiveConflict, ArchiveError

_RELEASES = 0x72656C65  # of PostgreSQL's advisory locks: one writer of releases at a time


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


class Archive(Contents):
    """An append-only archive of forecasts in a SQLite file or a PostgreSQL database.

    Made by `open`.  Every method that writes is one transaction: done or as if it had never been called.  Several processes
    may write at once.

    Attributes
    ----------
    address : str
        Where it is, without passwords.
    created : bool
        True if it was made when it was opened.
    is_file : bool
        True for SQLite.

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

    def __init__(self, database: Database, *, created: bool = False) -> None:
        super().__init__(database)
        self._database = database
        self.created = created
        self.is_file = database.is_file

    @classmethod
    def open(cls, address: str, *, create: bool = True) -> Archive:
        """Open an archive; bring its schema up to date.

        An archive with the present schema is only read here: it may lie on a medium that cannot be written, and somebody else
        may hold its write lock.

        Parameters
        ----------
        address : str
            A path or ``sqlite:///path``; ``postgresql://user:password@host/name``.
        create : bool
            Whether to make an archive where there is nothing.

        Raises
        ------
        InvalidInput
            If the address is neither.
        ArchiveUnavailable
            If the database cannot be reached, or cannot be written where that is needed.
        ArchiveError
            If there is none and `create` is false, the database holds something else (nothing is written then), or a newer
            library wrote it.
        """
        database = Database(address)
        version, created = None, False
        if database.exists():
            with database.reading() as connection:
                version = read_version(connection)
        if version is None and not create:
            raise ArchiveError(
                f"there is no archive at {database.shown}: check the address; the first run makes one, "
                "`forecasting batch run --create` another"
            )
        if version != schema.VERSION:
            with database.writing(create=create) as connection:
                created = bring_up_to_date(connection, may_create=create)
        return cls(database, created=created)

    @classmethod
    def exists(cls, address: str) -> bool:
        """Return True if there is an archive, of whatever version; nothing is written."""
        database = Database(address)
        try:
            if not database.exists():
                return False
            with database.reading() as connection:
                return read_version(connection) is not None
        finally:
            database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the archive; every transaction has ended already."""
        self._database.close()

    @contextmanager
    def snapshot(self) -> Iterator[Contents]:
        """Yield what the archive holds now; whatever is written meanwhile is not in it."""
        with self._database.snapshot() as held:
            yield Contents(held)

    def copy(self, address: str, *, since: str = "") -> dict[str, int]:
        """Write what the archive holds now into a new archive, all of it or nothing.

        Parameters
        ----------
        address : str
            Where nothing is yet: a SQLite file, or an empty database or schema of PostgreSQL.
        since : str
            First origin, ``YYYY-MM``, of the forecasts that are taken along with their scores; all by default.  What is known
            of the counts, and the runs, are always taken.

        Returns
        -------
        dict
            Number of rows by table.

        Raises
        ------
        ArchiveError
            If there is something already.
        """
        target = Database(address)
        try:
            with self._database.reading() as old, target.writing(create=True) as new:
                if not bring_up_to_date(new, may_create=True):
                    raise ArchiveError(
                        f"there is an archive at {target.shown} already; copy to a place where nothing is"
                    )
                return copy_rows(old, new, since)
        finally:
            target.close()

    # Writing

    def begin(self, run: RunRecord) -> int:
        """Store the start of a run and return its number."""
        with self._database.writing() as connection:
            made = connection.execute(insert(schema.runs).values(run_row(run)).returning(schema.runs.c.id))
            return int(made.scalar_one())

    def finish(self, run: int, summary: Mapping[str, Any], roll: Roll | None = None) -> None:
        """Store the end of a run, and which series its input held; a run without an end was interrupted."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        row = {"run": run, "finished": now, "summary": json.dumps(summary, sort_keys=True, default=str)}
        rolls = [] if roll is None else [roll_row(roll)]
        row["roll"] = rolls[0]["digest"] if rolls else None
        with self._database.writing() as connection:
            _add(connection, schema.rolls, rolls)
            _add(connection, schema.run_ends, [row])

    def know(self, run: int, vintages: Iterable[Vintage]) -> None:
        """Store what became known of counts, whether or not anything is forecast from it; see `store`."""
        given = list(vintages)
        with self._database.writing() as connection, self._intact():
            self._keep(connection, run, given)

    def store(self, run: int, vintages: Iterable[Vintage], records: Iterable[ForecastRecord]) -> Stored:
        """Store a chunk of forecasts with the data they came from, all of it or nothing.

        What is there already is recognised and left alone.  A failure may be followed by success: both are kept.

        Parameters
        ----------
        run : int
            As `begin` returned it.
        vintages : iterable of Vintage
            Data of the forecasts, and whatever else became known, in the order in which it did; those that the archive holds
            may be left out.  A release that says what the one before it said is not kept.
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
        given = list(vintages)
        chunk = sorted(records, key=lambda record: (record.key.digest, record.content))
        jobs = {record.key.digest for record in chunk}
        with self._database.writing() as connection, self._intact():
            before = _contents(connection, jobs)
            finished = {job for job, _, status in before if status == "done"}
            known = {(job, content) for job, content, _ in before}
            new = [
                record
                for record in chunk
                if (record.key.digest, record.content) not in known
                and not (record.status == "failed" and record.key.digest in finished)
            ]
            self._keep(connection, run, given)
            _add(connection, schema.forecasts, [forecast_row(record, run) for record in new])
            done = {job: content for job, content, status in _contents(connection, jobs) if status == "done"}
            for record in chunk:
                if record.status == "done" and done[record.key.digest] != record.content:
                    raise ArchiveConflict(_conflict(record))
        return Stored(len(new), len(chunk) - len(new))

    def _keep(self, connection: Connection, run: int, given: list[Vintage]) -> None:
        """Add counts, and the releases among them."""
        started = connection.scalar(select(schema.runs.c.started).where(schema.runs.c.id == run))
        if started is None:
            raise ArchiveError(f"there is no run {run} in {self.address}; call begin first")
        data = sorted(given, key=lambda vintage: vintage.digest)
        _add(connection, schema.observations, [observation_row(vintage) for vintage in data])
        rows = [vintage_row(vintage, run, started[:10]) for vintage in given if vintage.release]
        _add(connection, schema.vintages, _news(connection, rows))

    def store_scores(self, scores: Iterable[ScoreRecord]) -> int:
        """Store scores of archived forecasts; return how many were given.  Those that are there stay as they are."""
        given = list(scores)
        with self._database.writing() as connection:
            table = schema.forecasts
            query = select(table.c.job, table.c.id).where(table.c.status == "done")
            number = {row.job: row.id for row in among(connection, query, table.c.job, {score.job for score in given})}
            unknown = sorted({score.job for score in given} - number.keys())
            if unknown:
                raise ArchiveError(
                    f"no finished forecast has the key {unknown[0]}; {len(unknown)} scores have no forecast"
                )
            ordered = sorted(given, key=lambda score: (number[score.job], score.month, score.months, score.y))
            _add(connection, schema.scores, [row for score in ordered for row in score_rows(score, number[score.job])])
        return len(given)


def _contents(connection: Connection, jobs: set[str]) -> set[tuple[str, str, str]]:
    t = schema.forecasts.c
    query = select(t.job, t.content, t.status)
    return {(row.job, row.content, row.status) for row in among(connection, query, t.job, jobs)}


def _news(connection: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of vintages that say something new, each compared with the one that was known before it."""
    if not rows:
        return []
    if connection.dialect.name == "postgresql":  # one writer at a time, as in SQLite: else two may bring the same news
        connection.execute(select(func.pg_advisory_xact_lock(_RELEASES)))
    v = schema.vintages.c
    query = select(v.series, v.known, v.digest).order_by(v.known, v.id)
    known: dict[str, list[tuple[str, str]]] = {}
    for row in among(connection, query, v.series, {row["series"] for row in rows}):
        known.setdefault(row.series, []).append((row.known, row.digest))
    news = []
    for row in rows:
        releases = known.setdefault(row["series"], [])
        at = bisect_right([day for day, _ in releases], row["known"])
        if not at or releases[at - 1][1] != row["digest"]:
            releases.insert(at, (row["known"], row["digest"]))
            news.append(row)
    return news


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
