"""From the schema of an older archive to the present one, one version a step, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, LargeBinary, func, insert, inspect, select

from forecasting.batch.archive.schema import VERSION, create, schema_versions
from forecasting.errors import ArchiveError

_LOCK = 0x666F7265  # of PostgreSQL's advisory locks: one migration at a time


def _to_2(connection: Connection) -> None:
    """Add the distribution of each month; forecasts issued before have none and are scored by their quantiles."""
    kind = LargeBinary().compile(connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE forecasts ADD COLUMN marginals {kind}")


STEPS: dict[int, Callable[[Connection], None]] = {1: _to_2}
"""By the version that a step starts from."""


def bring_up_to_date(connection: Connection, *, may_create: bool) -> None:
    """Create the schema where there is none, and migrate an old one.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Within a transaction that holds the write lock.
    may_create : bool
        Whether an empty database becomes an archive.

    Raises
    ------
    ArchiveError
        If there is no archive and none may be made, or a newer library wrote it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    version = read_version(connection)
    if version is None:
        if not may_create:
            raise ArchiveError("there is no archive at this address; the first run makes one")
        create(connection)
        _note(connection, VERSION)
        return
    for old in range(version, VERSION):
        STEPS[old](connection)
        _note(connection, old + 1)


def read_version(connection: Connection) -> int | None:
    """Return the version of the schema, None where there is no archive.

    Raises
    ------
    ArchiveError
        If a newer library wrote it.
    """
    if not inspect(connection).has_table(schema_versions.name):
        return None
    version = connection.scalar(select(func.max(schema_versions.c.version)))
    if version is None or version > VERSION:
        raise ArchiveError(
            f"the archive has schema version {version}, this library reads up to {VERSION}: upgrade the library"
        )
    return int(version)


def _note(connection: Connection, version: int) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    connection.execute(insert(schema_versions).values(version=version, applied=now))
