"""What an archive holds: every query, and the tables that come of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from typing import Any

import pandas as pd
from sqlalchemy import Connection, RowMapping, Select, case, func, select

from forecasting.batch.archive import schema
from forecasting.batch.archive.connection import Source, damaged
from forecasting.batch.archive.rows import read_account, read_forecast, read_roll, read_vintage
from forecasting.batch.archive.truth import Release, truth_of
from forecasting.batch.records import ForecastRecord, Roll, Status, Vintage
from forecasting.errors import ArchiveError, ForecastingError
from forecasting.reading.typed import typed

CHUNK = 500
"""Rows fetched, and values bound, at a time."""

Names = str | Sequence[str] | None


class Contents:
    """What an archive holds, as it is or as it was at the beginning of `snapshot`.

    Attributes
    ----------
    address : str
        Where it is, without passwords.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.address = source.shown

    @contextmanager
    def snapshot(self) -> Iterator[Contents]:
        """Yield what the archive holds now; whatever is written meanwhile is not in it."""
        yield self

    def finished(self, digests: Iterable[str]) -> set[str]:
        """Return those of the job digests that are stored as done."""
        table = schema.forecasts
        query = select(table.c.job).where(table.c.status == "done")
        with self._source.reading() as connection:
            return {row.job for row in among(connection, query, table.c.job, set(digests))}

    @typed
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
            ``id, run, job, unique_id, model, origin, vintage, specification, horizon, seed, status, hindcast, attempt, error,
            messages, account, cpu``, by series, model, origin and attempt.
        """
        t = schema.forecasts.c
        attempt = func.row_number().over(partition_by=t.job, order_by=t.id).label("attempt")
        columns = [t.id, t.run, t.job, t.series.label("unique_id"), t.model, t.origin, t.vintage, t.specification]
        columns += [t.horizon, t.seed, t.status, t.hindcast]
        query = select(*columns, attempt, t.error, t.messages, t.account, t.cpu)
        frame = self._frame(_matching(query, series, model, origin, run, status))
        with self._intact():
            _refuse_bad_months(frame["origin"])
            frame = frame.astype({"id": "int64", "run": "int64", "horizon": "int64", "hindcast": "bool"})
            frame["messages"] = [tuple(json.loads(text)) for text in frame["messages"]]
            frame["account"] = pd.Series([read_account(text) for text in frame["account"]], dtype=object)
            frame["seed"] = [int(text) for text in frame["seed"]]
            order = ["unique_id", "model", "origin", "job", "attempt"]
            return frame.sort_values(order, ignore_index=True)

    @typed
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
        table = schema.forecasts
        yield from map(read_forecast, self._numbered(select(table), table.c.id, [int(number) for number in numbers]))

    def series(self) -> list[str]:
        """Return the names of the series that have forecasts, finished or failed."""
        return self._distinct(schema.forecasts.c.series)

    def models(self, *, hindcast: bool | None = None) -> list[str]:
        """Return the names of the models that have forecasts, finished or failed; only hindcasts, or none of them."""
        f = schema.forecasts.c
        return self._distinct(f.model, None if hindcast is None else f.hindcast == int(hindcast))

    def vintages(self, *, series: Names = None) -> Iterator[Vintage]:
        """Yield the data of the series, the earliest known first within each."""
        for _, vintage in self.dated(series):
            yield vintage

    def last_months(self) -> dict[str, str]:
        """Return the last month of the newest data of each series, ``YYYY-MM``."""
        v, o = schema.vintages.c, schema.observations.c
        joined = schema.vintages.join(schema.observations)
        query = select(v.series, func.max(o.last).label("last")).select_from(joined).group_by(v.series)
        with self._source.reading() as connection, self._intact():
            found = {row.series: row.last for row in connection.execute(query)}
            _refuse_bad_months(pd.Series(list(found.values()), dtype=object))
            return found

    def observations(self, digests: Iterable[str]) -> Iterator[Vintage]:
        """Yield the counts with these digests, without a name or a day."""
        o = schema.observations.c
        query = select(o.digest, o.first, o.counts, o.facts)
        with self._source.reading() as connection:
            rows = list(among(connection, query, o.digest, set(digests)))
        yield from (read_vintage({**row._mapping, "series": "counts", "as_of": ""}) for row in rows)

    @typed
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
        return self.truths([release], series=series)[0]

    @typed
    def truths(self, releases: Sequence[Release], *, series: Names = None) -> list[pd.DataFrame]:
        """Return what `truth` does for several releases, reading the data once."""
        known = list(self.dated(series))
        return [truth_of(known, release) for release in releases]

    def runs(self) -> pd.DataFrame:
        """Return one row per run; ``finished``, ``summary`` and ``roll`` are missing where it was interrupted."""
        start, end = schema.runs.c, schema.run_ends.c
        columns = [start.id, start.started, end.finished, start.config_digest, start.seed, end.summary, start.versions]
        query = (
            select(*columns, start.config, end.roll)
            .select_from(schema.runs.outerjoin(schema.run_ends))
            .order_by(start.id)
        )
        runs = self._frame(query)
        stored = set(self._frame(select(schema.rolls.c.digest))["digest"])
        with self._intact():
            for summary in runs["summary"].dropna():
                if not isinstance(json.loads(summary), dict):
                    raise TypeError("the summary of a run is not an object")
            for moment in (*runs["started"], *runs["finished"].dropna()):
                datetime.fromisoformat(moment)
            if lost := set(runs["roll"].dropna()) - stored:
                raise KeyError(f"the list of series {min(map(str, lost))}")
        return runs

    def rolls(self) -> dict[str, Roll]:
        """Return the series that runs found in their input, by the column ``roll`` of `runs`."""
        table = schema.rolls.c
        with self._source.reading() as connection, self._intact():
            return {row.digest: read_roll(row.names) for row in connection.execute(select(table.digest, table.names))}

    @typed
    def scores(
        self, names: Sequence[str], *, series: Names = None, model: Names = None, total: bool = False
    ) -> pd.DataFrame:
        """Return stored scores, one row per forecast, month and count: ``job, unique_id, model, origin, ds, y`` and scores.

        A month has several rows where its count was revised; `forecasting.batch.scoring.score_table` chooses by release.

        Parameters
        ----------
        names : sequence of str
            Which scores; NaN where one is not stored.
        series, model : str or sequence of str, optional
            All by default.
        total : bool
            Those of totals, with their number of ``months``, instead of those of single months.
        """
        f, s = schema.forecasts.c, schema.scores.c
        key = [f.job, f.series.label("unique_id"), f.model, f.origin, s.month.label("ds"), s.months, s.y]
        values = [func.max(case((s.score == name, s.value))).label(name) for name in names]
        joined = schema.scores.join(schema.forecasts)
        query = select(*key, *values).select_from(joined).where(s.months > 1 if total else s.months == 1).group_by(*key)
        frame = self._frame(_matching(query, series, model, None, None, None))
        with self._intact():
            frame["ds"] = months_of(frame["ds"])
            frame[list(names)] = frame[list(names)].astype(float)
            frame = frame.astype({"y": "int64", "months": "int64"})
            return frame.sort_values(["unique_id", "model", "origin", "job", "ds", "months", "y"], ignore_index=True)

    def scored(self, names: Sequence[str], *, series: Names = None, total: bool = False) -> pd.DataFrame:
        """Return what all these scores are stored for, months or totals: ``job, ds`` (text), ``months, y``."""
        f, s = schema.forecasts.c, schema.scores.c
        key = [f.job, s.month.label("ds"), s.months, s.y]
        query = select(*key).select_from(schema.scores.join(schema.forecasts)).where(s.score.in_(list(names)))
        query = query.where(s.months > 1 if total else s.months == 1)
        query = _named(query, f.series, series).group_by(*key).having(func.count() == len(names))
        with self._intact():
            return self._frame(query).astype({"y": "int64", "months": "int64"})

    def faults(self) -> list[str]:
        """Return what the database itself finds wrong with its file; a server looks after its own."""
        with self._source.reading() as connection:
            if connection.dialect.name == "postgresql":
                return []
            told = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check")]
            lost = [
                f"a row of {row[0]} points to nothing" for row in connection.exec_driver_sql("PRAGMA foreign_key_check")
            ]
        return [text for text in told if text != "ok"] + sorted(set(lost))

    def fingerprint(self) -> str:
        """Return a digest of all forecasts and vintages, whatever the order and the runs that they were stored in."""
        t, v = schema.forecasts.c, schema.vintages.c
        digest = blake2b(digest_size=16)
        with self._source.reading() as connection, self._intact():
            for query in (select(t.job, t.status, t.content), select(v.series, v.as_of, v.digest)):
                for row in sorted({tuple(row) for row in connection.execute(query)}):
                    digest.update(repr(row).encode())
        return digest.hexdigest()

    def dated(self, series: Names = None) -> Iterator[tuple[str, Vintage]]:
        """Yield the day on which data became known, as text, with the data; the earliest first within each series."""
        v = schema.vintages.c
        order = select(v.id).order_by(v.series, v.known, v.id)
        with self._source.reading() as connection:
            wanted = list(connection.scalars(_named(order, v.series, series)))
        joined = schema.vintages.join(schema.observations)
        o = schema.observations.c
        query = select(v.id, v.series, v.as_of, v.known, o.digest, o.first, o.counts, o.facts).select_from(joined)
        yield from ((row["known"], read_vintage(row)) for row in self._numbered(query, v.id, wanted))

    def _numbered(self, query: Select[Any], column: Any, numbers: Sequence[int]) -> Iterator[RowMapping]:
        """Yield the rows whose column has these numbers, in their order, a few hundred fetched at a time."""
        for first in range(0, len(numbers), CHUNK):
            part = numbers[first : first + CHUNK]
            with self._source.reading() as connection:
                rows = {row[column.name]: row for row in connection.execute(query.where(column.in_(part))).mappings()}
            with self._intact():
                chosen = [rows[number] for number in part]
            yield from chosen

    def _frame(self, query: Select[Any]) -> pd.DataFrame:
        with self._source.reading() as connection, self._intact():
            result = connection.execute(query)
            return pd.DataFrame.from_records([tuple(row) for row in result], columns=list(result.keys()))

    def _distinct(self, column: Any, where: Any = None) -> list[str]:
        query = select(column).distinct()
        with self._source.reading() as connection, self._intact():
            return sorted(connection.scalars(query if where is None else query.where(where)))

    @contextmanager
    def _intact(self) -> Iterator[None]:
        """Turn whatever goes wrong with rows of another type or meaning than those stored into `ArchiveError`."""
        try:
            yield
        except ForecastingError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            what = "a row is missing" if isinstance(error, KeyError) else str(error)
            raise ArchiveError(damaged(self.address, what)) from None


def months_of(texts: pd.Series[Any]) -> pd.PeriodIndex:
    """Return months written as ``YYYY-MM``; each different text is read once."""
    codes, distinct = pd.factorize(texts)
    return pd.PeriodIndex(distinct.tolist(), freq="M").take(codes)


def _refuse_bad_months(months: pd.Series[Any]) -> None:
    months_of(months)


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


def among(connection: Connection, query: Select[Any], column: Any, values: set[str]) -> Iterator[Any]:
    """Yield the rows whose column has one of many values, a few hundred bound at a time."""
    ordered = sorted(values)
    for first in range(0, len(ordered), CHUNK):
        yield from connection.execute(query.where(column.in_(ordered[first : first + CHUNK])))
