"""From the schema of an older archive to the present one, one version a step, all or nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection, LargeBinary, func, insert, inspect, select

from forecasting.batch.archive.schema import VERSION, create, schema_versions
from forecasting.batch.archive.version_2 import to_3
from forecasting.errors import ArchiveError
from forecasting.series import listing

_OURS = frozenset(("schema_versions", "runs", "run_ends", "observations", "vintages", "forecasts", "scores"))
"""Tables that every version has."""

_LOCK = 0x666F7265  # of PostgreSQL's advisory locks: one migration at a time


def _to_2(connection: Connection) -> None:
    """Add the distribution of each month; forecasts issued before have none and are scored by their quantiles."""
    kind = LargeBinary().compile(connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE forecasts ADD COLUMN marginals {kind}")


STEPS: dict[int, Callable[[Connection], None]] = {1: _to_2, 2: to_3}
"""By the version that a step starts from."""


def bring_up_to_date(connection: Connection, *, may_create: bool) -> bool:
    """Create the schema where there is none, and migrate an old one.

    Parameters
    ----------
    connection : sqlalchemy.Connection
        Within a transaction that holds the write lock.
    may_create : bool
        Whether an empty database becomes an archive.

    Returns
    -------
    bool
        True if an archive was made.

    Raises
    ------
    ArchiveError
        If there is no archive and none may be made, the database holds something else, or a newer library wrote it.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    version = read_version(connection)
    if version is None:
        if not may_create:
            raise ArchiveError("there is no archive at this address; nothing was made")
        create(connection)
        _note(connection, VERSION)
        return True
    for old in range(version, VERSION):
        STEPS[old](connection)
        _note(connection, old + 1)
    return False


def read_version(connection: Connection) -> int | None:
    """Return the version of the schema, None if the database is empty.

    Raises
    ------
    ArchiveError
        If the database holds something that is not an archive, or a newer library wrote it.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables:
        return None
    if not tables >= _OURS:
        raise ArchiveError(
            f"the database holds something that is not an archive ({listing(sorted(tables - _OURS) or sorted(tables))}): "
            "nothing was written; give the archive a file or a database of its own"
        )
    version = connection.scalar(select(func.max(schema_versions.c.version)))
    if not isinstance(version, int) or not 1 <= version <= VERSION:
        raise ArchiveError(
            f"the archive has schema version {version}, this library reads up to {VERSION}: upgrade the library"
        )
    return version


def _note(connection: Connection, version: int) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    connection.execute(insert(schema_versions).values(version=version, applied=now))
