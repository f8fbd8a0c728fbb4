"""Opening a database by its address, and telling in plain words what went wrong with it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.pool import NullPool

from forecasting.batch.secrets import masked, refuse_address, refuse_second_at
from forecasting.errors import ArchiveError, ArchiveUnavailable, InvalidInput

_PATIENCE = 60
"""Seconds to wait for another writer of a SQLite file."""

_CONNECT = 10
"""Seconds to wait for a PostgreSQL server."""


_UNCHANGED = "nothing was changed"


class Source(Protocol):
    """Something that archived rows can be read from."""

    @property
    def shown(self) -> str:
        """Where they are, without passwords."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """Return a connection whose queries all see one state of the database."""
        ...


@dataclass(frozen=True)
class Held:
    """A transaction that is open already: everything read through it belongs to one state of the database."""

    shown: str
    connection: Connection
    explained: Callable[[], AbstractContextManager[None]]

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield the connection of the open transaction."""
        with self.explained():
            yield self.connection


class Database:
    """A database that speaks of itself without its password.

    Readers of a SQLite file take no write lock and leave no file behind; on a medium that cannot be written they read the file
    alone.  Every transaction that reads sees one state of the database, whatever is written meanwhile.

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

    @property
    def is_file(self) -> bool:
        """True for SQLite."""
        return self._url.get_backend_name() == "sqlite"

    @cached_property
    def engine(self) -> Engine:
        """Where transactions that write begin."""
        return self._writer("rw")

    def _writer(self, mode: str) -> Engine:
        return _sqlite_writer(self._file, mode) if self.is_file else _postgresql(self._url)

    @cached_property
    def _reader(self) -> Engine:
        return _sqlite_reader(self._file) if self.is_file else self.engine

    @property
    def _file(self) -> Path:
        return Path(str(self._url.database)).absolute()

    def exists(self) -> bool:
        """Return True if the SQLite file exists; always True for a server, which is worth a try."""
        return not self.is_file or self._file.exists()

    def close(self) -> None:
        """Let go of the database; every transaction has ended already."""
        self.engine.dispose()
        self._reader.dispose()

    @contextmanager
    def writing(self, *, create: bool = False) -> Iterator[Connection]:
        """Yield a connection in a transaction that commits at the end, or leaves nothing behind.

        A SQLite file that is not there is made only with `create`.
        """
        engine = self._writer("rwc") if create else self.engine
        with self._explained("nothing of this step was stored"), engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection in a transaction that reads one state of the database and cannot write."""
        with self._explained(_UNCHANGED), self._reader.connect() as connection:
            if not self.is_file:
                connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Held]:
        """Yield the database as it is now, for any number of queries."""
        with self.reading() as connection:
            yield Held(self.shown, connection, lambda: self._explained(_UNCHANGED))

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
        except UnicodeDecodeError:  # of SQLite's own texts
            raise ArchiveError(damaged(self.shown, "it holds a text that cannot be read")) from None
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
        refuse_address(address, "the address of the archive")
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
        if url.drivername != "sqlite" or url.host or url.username or url.password or url.query:
            raise InvalidInput(
                f"{masked(address)}: an archive in SQLite is a plain file without user, password, other driver or parameters; "
                "name it alone: sqlite:///forecasts.sqlite"
            )
        return url
    if backend in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    raise InvalidInput(f"{masked(address)}: archives live in SQLite files or PostgreSQL, not in {backend}")


def damaged(shown: str, what: str) -> str:
    """Return the message about an archive that does not hold what was stored."""
    return f"the archive {shown} is damaged: {what}; restore a backup, `forecasting batch verify` lists what is wrong"


def _sqlite_writer(file: Path, mode: str) -> Engine:
    def connect() -> sqlite3.Connection:
        if mode == "rwc":
            _make_private(file)
        connection = _opened(file, mode)
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "recursive_triggers=ON"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    # Taking the write lock at once avoids the deadlock of two readers that both want to write.
    return _sqlite(connect, "BEGIN IMMEDIATE")


def _sqlite_reader(file: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        # Whoever may write removes the files of the write-ahead log when the last one goes; "mode=ro" would leave them.
        try:
            connection = _opened(file, "rw")
        except sqlite3.OperationalError:
            if not file.is_file():
                raise
            _refuse_waiting_log(file)
            connection = _opened(file, "ro&immutable=1")
        connection.execute("PRAGMA query_only=ON")
        return connection

    return _sqlite(connect, "BEGIN")


def _make_private(file: Path) -> None:
    """Make an empty file that its owner alone can read, if there is none: an archive holds names and counts in plain text."""
    with suppress(OSError):  # SQLite says what is wrong with a place
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _opened(file: Path, mode: str) -> sqlite3.Connection:
    address = f"file:{quote(str(file))}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE, isolation_level=None)  # transactions begin below
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _refuse_waiting_log(file: Path) -> None:
    """Raise `ArchiveUnavailable` if transactions wait in the write-ahead log: the file alone is not the archive then."""
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and log.stat().st_size:
        raise ArchiveUnavailable(
            f"the archive {file} cannot be read where it is: transactions wait in {log.name}, and the folder cannot be "
            "written; copy both files to a folder that can"
        )


def _sqlite(connect: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    # One connection per transaction: files are cheap to open, and no handle outlives a fork.
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, connect_args={"connect_timeout": _CONNECT}, poolclass=NullPool)
    except ModuleNotFoundError as error:
        raise ArchiveUnavailable(
            f"PostgreSQL needs the package {error.name}; install it with pip install 'desertion-forecasting[batch]'"
        ) from None
