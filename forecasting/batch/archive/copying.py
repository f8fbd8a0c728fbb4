"""An archive in another place: a backup, a move to a server, or a smaller one without the forecasts of long ago."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, Select, func, insert, select

from forecasting.batch.archive import schema

_TOGETHER = 500


def copy_rows(old: Connection, new: Connection, since: str) -> dict[str, int]:
    """Copy every row but those of forecasts from before a month, and return how many there are of each table.

    Parameters
    ----------
    old, new : Connection
        Each within a transaction; the new archive is empty.
    since : str
        First origin to keep, ``YYYY-MM``; empty for all.
    """
    copied = {}
    for name, query in _kept(since):
        table, copied[name] = schema.metadata.tables[name], 0
        for part in old.execution_options(yield_per=_TOGETHER).execute(query).partitions():
            new.execute(insert(table), [dict(row._mapping) for row in part])
            copied[name] += len(part)
        if new.dialect.name == "postgresql" and "id" in table.c:
            _count_on(new, name)
    return copied


def _kept(since: str) -> Iterator[tuple[str, Select[tuple[object, ...]]]]:
    """Yield tables, each after those that it points to, with the rows that are kept, in their order."""
    f, v = schema.forecasts.c, schema.vintages.c
    recent = f.origin >= since
    used = select(v.digest).union(select(f.vintage).where(recent))
    yield "rolls", select(schema.rolls)
    yield "runs", select(schema.runs).order_by(schema.runs.c.id)
    yield "run_ends", select(schema.run_ends)
    yield "observations", select(schema.observations).where(schema.observations.c.digest.in_(used))
    yield "vintages", select(schema.vintages).order_by(v.id)
    yield "forecasts", select(schema.forecasts).where(recent).order_by(f.id)
    yield "scores", select(schema.scores).where(schema.scores.c.forecast.in_(select(f.id).where(recent)))


def _count_on(connection: Connection, name: str) -> None:
    """Let a server number new rows of a table after those that it has."""
    largest = select(func.max(schema.metadata.tables[name].c.id)).scalar_subquery()
    sequence = func.pg_get_serial_sequence(name, "id")
    connection.execute(select(func.setval(sequence, func.coalesce(largest, 1), largest.is_not(None))))
