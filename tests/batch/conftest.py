"""Archives to test with: a SQLite file, and a database of a PostgreSQL server that the tests start themselves."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from forecasting.batch.archive import Archive
from forecasting.batch.site import build_site
from tests.batch import postgres, sites


@pytest.fixture(scope="session")
def postgresql() -> Iterator[postgres.Server]:
    """A running server; where there is none the tests are skipped with the reason, or fail where CI is set."""
    reason = postgres.missing()
    if reason:
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    server = postgres.Server()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database of each kind."""
    if request.param == "sqlite":
        return str(tmp_path / "archive.sqlite")
    server: postgres.Server = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an archive with everything that a report has to show; for reading only."""
    file = tmp_path_factory.mktemp("filled") / "archive.db"
    with Archive.open(str(file)) as archive:
        sites.fill(archive)
    return file


@pytest.fixture(scope="session")
def site(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its report; for reading only."""
    return build_site(str(filled), tmp_path_factory.mktemp("site") / "report", models=("auto",)).folder
