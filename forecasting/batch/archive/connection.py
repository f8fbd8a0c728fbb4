"""Opening a database by its address, and telling in plain words what went wrong with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import NullPool

from forecasting.batch.secrets import masked, refuse_second_at
from forecasting.errors import ArchiveError, ArchiveUnavailable, InvalidInput

_PATIENCE = 60
"""Seconds to wait for another writer of a SQLite file."""

_CONNECT = 10
"""Seconds to wait for a PostgreSQL server."""


class Database:
    """A database that speaks of itself without its password.

    Parameters
    ----------
    address : str
        A path or ``sqlite:///path`` for a SQLite file; ``postgresql://user:password@host/name`` for PostgreSQL.

    Raises
    ------
    InvalidInput
        If the address is neither.
    """

    def __init__(self, address: str) -> None:
        self._url = _read(address)
        self.shown = masked(self._url.render_as_string(hide_password=True))
        self.engine = _sqlite(self._url) if self._url.get_backend_name() == "sqlite" else _postgresql(self._url)

    def exists(self) -> bool:
        """Whether there may be something: a SQLite file is there, a server is always worth a try."""
        return self._url.get_backend_name() != "sqlite" or Path(str(self._url.database)).exists()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that commits at the end, or leaves nothing behind."""
        with (
            self._explained("nothing of this step was stored"),
            self.engine.connect() as connection,
            connection.execution_options(write=True).begin(),
        ):
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that reads."""
        with self._explained("nothing was changed"), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _explained(self, consequence: str) -> Iterator[None]:
        """Turn errors of the database into ours; the originals are dropped, because they may quote the address."""
        try:
            yield
        except (exc.OperationalError, exc.InterfaceError, sqlite3.OperationalError) as error:
            raise ArchiveUnavailable(
                f"the archive {self.shown} cannot be used: {self._reason(error)}; {consequence}. "
                "Free space, start the server or correct the address, then run again: finished work is kept"
            ) from None
        except exc.IntegrityError as error:
            raise ArchiveError(
                f"the archive {self.shown} refuses this: {self._reason(error)}; {consequence}. "
                "Forecasts need their run and their vintage stored before or with them"
            ) from None
        except (exc.SQLAlchemyError, sqlite3.Error) as error:
            raise ArchiveError(f"the archive {self.shown} failed: {self._reason(error)}; {consequence}") from None

    def _reason(self, error: Exception) -> str:
        lines = str(getattr(error, "orig", None) or error).strip().splitlines()
        text = masked("; ".join(line.strip() for line in lines[:3]))
        for secret in (self._url.password, *self._url.query.values()):
            if isinstance(secret, str) and secret:
                text = text.replace(secret, "***")
        return text


def _read(address: str) -> URL:
    if not isinstance(address, str) or not address.strip() or "\0" in address:
        raise InvalidInput("the address of the archive is empty or no text; give a file or postgresql://...")
    if "://" not in address:
        return URL.create("sqlite", database=address)
    refuse_second_at(address)
    try:
        url = make_url(address)
        backend = url.get_backend_name()
    except (exc.ArgumentError, ValueError):
        raise InvalidInput(f"{masked(address)} is no address of a database") from None
    if backend == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise InvalidInput("an archive in memory forgets; name a file: sqlite:///forecasts.sqlite")
        return url.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise InvalidInput(f"{masked(address)}: archives live in SQLite files or PostgreSQL, not in {backend}")


def _sqlite(url: URL) -> Engine:
    # A connection a transaction: files are cheap to open, and no handle outlives a fork.
    engine = create_engine(url, connect_args={"timeout": _PATIENCE}, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, record: Any) -> None:
        connection.isolation_level = None  # transactions begin below, not at the driver's discretion
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "recursive_triggers=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Taking the write lock at once avoids the deadlock of two readers that both want to write.
        write = connection.get_execution_options().get("write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, connect_args={"connect_timeout": _CONNECT}, poolclass=NullPool)
    except ModuleNotFoundError as error:
        raise ArchiveUnavailable(
            f"PostgreSQL needs the package {error.name}; install it with pip install 'desertion-forecasting[batch]'"
        ) from None
