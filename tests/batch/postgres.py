"""A PostgreSQL server of one's own: made in a temporary folder, run as an unprivileged user, stopped by its own pid."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

_PATIENCE = 120.0
_IDLE = {"autovacuum": "off", "bgwriter_delay": "10s", "jit": "off"}  # nothing is done that no test asks for
PASSWORD = "pa55word"


def find(program: str) -> str | None:
    """Return the path of a server program, which Debian keeps off the PATH."""
    places = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    return shutil.which(program) or shutil.which(program, path=os.pathsep.join(places))


def missing() -> str | None:
    """Say why no server can be started here, or return None."""
    if find("initdb") is None or find("postgres") is None:
        return "PostgreSQL is not installed (no initdb, no postgres): nothing was tested against it"
    if os.geteuid() == 0 and _user() is None:
        return "PostgreSQL does not run as root, and there is neither a user postgres nor nobody to run it as"
    return None


def _user() -> str | None:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


class Server:
    """A server on a socket in its own folder; nobody else can reach it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg"))  # short: a socket's path has at most 107 bytes
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam(_user() or "")
            self._as = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self._number = 0
        self.process: subprocess.Popen[bytes] | None = None
        options = ["--username=tester", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"]
        self._run(find("initdb"), "-D", self.folder / "data", *options)

    def start(self) -> None:
        """Start it, and return when it answers."""
        settings = {"listen_addresses": "", "unix_socket_directories": self.folder, "fsync": "off", **_IDLE}
        arguments = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [str(find("postgres")), "-D", str(self.folder / "data"), *arguments],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **self._as,
            )
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, as a crash would: no farewell to clients, recovery at the next start."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """Stop it and remove its folder."""
        self._end(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self) -> str:
        """Return the address of an empty schema: to a client as good as a database, and made in no time."""
        self._number += 1
        name = f"archive{self._number}"
        self._sql(f"CREATE SCHEMA {name}")
        return f"{self.address()}&options=-csearch_path%3D{name}"

    def address(self, database: str = "postgres", password: str = PASSWORD) -> str:
        """Return the address of a database, which may or may not exist."""
        return f"postgresql://tester:{password}@/{database}?host={self.folder}"

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(_PATIENCE)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.address(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _sql(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.address(), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, *command: Any) -> None:
        done = subprocess.run(
            [str(part) for part in command], capture_output=True, text=True, cwd=self.folder, **self._as
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
