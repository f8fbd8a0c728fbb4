"""Full disks, lost servers, killed writers: for real."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy

from forecasting.batch.archive import Archive, Stored
from forecasting.batch.archive.connection import Database
from forecasting.batch.config import load_config
from forecasting.batch.patience import Patience
from forecasting.batch.runner import run_batch
from forecasting.errors import ArchiveError, ArchiveUnavailable
from tests.batch import issues
from tests.batch.batches import counts, run_here, write_batch
from tests.batch.postgres import Server

WRITER = """
import resource, sys
from tests.batch import issues
from forecasting.batch.archive import Archive
from forecasting.errors import ArchiveUnavailable

address, limit, chunks = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
archive = Archive.open(address)
run = archive.begin(issues.run())
template = issues.record(issues.vintage())
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))  # no file may grow past this: a full disk
try:
    for chunk in range(chunks):
        data = [issues.vintage(f"s{chunk}-{k}") for k in range(10)]
        archive.store(run, data, [issues.renamed(template, vintage) for vintage in data])
        print(chunk, flush=True)
except ArchiveUnavailable as error:
    print(error)
    raise SystemExit(5)
"""


def writer(address: str, *, limit: int = 0, chunks: int = 10_000) -> subprocess.Popen[str]:
    root = Path(__file__).parents[2]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, address, str(limit), str(chunks)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def whole_chunks(address: str) -> int:
    """The archive holds whole chunks of 10 only, all of them readable; returns how many."""
    with Archive.open(address) as archive:
        records = list(archive.forecasts())
        data = {(vintage.series, vintage.digest) for vintage in archive.vintages()}
    chunks = [int(record.key.series[1:].partition("-")[0]) for record in records]
    assert sorted(chunks) == [chunk for chunk in range(len(records) // 10) for _ in range(10)]
    assert {(record.key.series, record.key.vintage) for record in records} == data
    return len(records) // 10


def test_a_full_disk_is_a_clear_error_and_a_consistent_archive(tmp_path: Path) -> None:
    address = str(tmp_path / "archive.sqlite")
    process = writer(address, limit=400_000)
    output, _ = process.communicate(timeout=120)
    lines = output.splitlines()
    assert process.returncode == 5, output
    assert "cannot be used" in lines[-1]
    assert "nothing of this step was stored" in lines[-1]
    assert "Free space" in lines[-1]
    assert whole_chunks(address) == len(lines) - 1 >= 1
    with Archive.open(address) as archive:  # with space again, work goes on
        data = issues.vintage()
        assert archive.store(archive.begin(issues.run()), [data], [issues.record(data)]) == Stored(1, 0)


def test_a_database_that_may_not_grow(tmp_path: Path) -> None:
    address = str(tmp_path / "archive.sqlite")
    with Archive.open(address) as archive:

        @sqlalchemy.event.listens_for(archive._database.engine, "connect")
        def limit(connection: object, record: object) -> None:
            connection.execute("PRAGMA max_page_count = 60")  # type: ignore[attr-defined]

        run = archive.begin(issues.run())
        template, stored = issues.record(issues.vintage()), 0

        def fill() -> None:
            nonlocal stored
            for stored in range(100):
                data = [issues.vintage(f"s{stored}-{k}") for k in range(10)]
                archive.store(run, data, [issues.renamed(template, vintage) for vintage in data])

        with pytest.raises(ArchiveUnavailable, match="full"):
            fill()
    assert whole_chunks(address) == stored


def test_a_writer_killed_in_the_middle_leaves_whole_chunks(address: str) -> None:
    process = writer(address)
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "2":
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert whole_chunks(address) >= 3


@pytest.fixture
def server(postgresql: Server) -> Iterator[Server]:
    """A server that a test may kill: another one than that of the other tests."""
    own = Server()
    try:
        own.start()
        yield own
    finally:
        own.stop()


def test_a_server_that_dies_in_the_middle_of_a_chunk(server: Server) -> None:
    address = server.new_database()
    first = [issues.vintage(f"s0-{k}") for k in range(10)]
    second = [issues.vintage(f"s1-{k}") for k in range(10)]
    with Archive.open(address) as archive:
        run = archive.begin(issues.run())
        archive.store(run, first, [issues.record(vintage) for vintage in first])

        @sqlalchemy.event.listens_for(archive._database.engine, "after_cursor_execute")
        def die(connection: object, cursor: object, statement: str, *_: object) -> None:
            if statement.startswith("INSERT INTO forecasts"):
                server.kill()

        records = [issues.record(vintage) for vintage in second]
        with pytest.raises(ArchiveUnavailable, match="nothing of this step was stored") as caught:
            archive.store(run, second, records)
        assert "pa55word" not in str(caught.value)
        with pytest.raises(ArchiveUnavailable):
            archive.finished(["0" * 32])
        sqlalchemy.event.remove(archive._database.engine, "after_cursor_execute", die)
        server.start()
        assert whole_chunks(address) == 1
        assert archive.store(run, second, records) == Stored(10, 0)
    assert whole_chunks(address) == 2


def test_a_run_waits_for_a_server_that_comes_back(server: Server, tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(4), "chunk = 2")
    config.write_text(config.read_text().replace('"archive.db"', f'"{server.new_database()}"'))
    heard = []

    def hear(event: str, **details: object) -> None:
        heard.append(event)
        if heard.count("progress") == 1 and event == "progress":
            server.kill()
        if event == "retry":
            server.start()

    summary = run_batch(load_config(config), hear)
    assert (summary.done, summary.complete, heard.count("retry")) == (4, True, 1)
    server.kill()
    with pytest.raises(ArchiveUnavailable):
        run_batch(load_config(config, archive_patience=0), hear)


def test_patience_has_an_end_and_doubles_its_pauses() -> None:
    pauses: list[float] = []
    told: list[dict[str, object]] = []

    def away() -> None:
        raise ArchiveUnavailable("the server is gone; start it")

    with pytest.raises(ArchiveUnavailable):
        Patience(40.0, lambda _, **details: told.append(details), sleep=pauses.append)(away)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 9.0]
    assert told[0] == {"seconds": 1.0, "reason": "the server is gone"}


def test_a_file_that_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "archive.sqlite"
    path.write_text("this is not a database, and long enough to be sure of it" * 20, encoding="utf-8")
    with pytest.raises(ArchiveError, match="not a database"):
        Archive.open(str(path))
    assert path.read_text(encoding="utf-8").startswith("this is not")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArchiveUnavailable, match="unable to open"):
        Archive.open(str(tmp_path / "none" / "archive.sqlite"))


@pytest.mark.parametrize("column", ["quantiles", "paths", "mean", "marginals", "months", "levels"])
def test_altered_numbers_are_noticed(tmp_path: Path, column: str) -> None:
    """Someone removed the triggers and swapped a column between two forecasts."""
    address = str(tmp_path / "archive.sqlite")
    data = issues.vintage()
    records = [issues.record(data, level=20.0), issues.record(data, "other", level=40.0, seed=2, horizon=4)]
    with Archive.open(address) as archive:
        archive.store(archive.begin(issues.run()), [data], records)
        with Database(address).writing() as connection:
            connection.exec_driver_sql("DROP TRIGGER forecasts_no_UPDATE")
            swap = f"(SELECT {column} FROM forecasts WHERE model = 'other')"
            value = "'[0.1]'" if column == "levels" else swap
            connection.exec_driver_sql(f"UPDATE forecasts SET {column} = {value} WHERE model = 'auto'")
        with pytest.raises(ArchiveError, match="damaged"):
            list(archive.forecasts(model="auto"))


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("run_ends", "finished = '[1]'"),
        ("rolls", "digest = 'x'"),
        ("forecasts", "status = 'x'"),
        ("vintages", "known = x'ff00'"),
    ],
)
def test_rows_that_mean_nothing_are_damage(tmp_path: Path, table: str, change: str) -> None:
    """They ended in errors of Python, by `status`, `monitor` and `run`."""
    config = write_batch(tmp_path, counts(2))
    run_here(config)
    with closing(sqlite3.connect(tmp_path / "archive.db")) as file, file:
        file.execute("PRAGMA ignore_check_constraints = 1")
        file.execute(f"DROP TRIGGER {table}_no_UPDATE")
        file.execute(f"UPDATE {table} SET {change}")
    with Archive.open(str(tmp_path / "archive.db"), create=False) as archive:
        read = archive.runs if table in ("run_ends", "rolls") else partial(run_here, config)
        with pytest.raises(ArchiveError, match="is damaged"):
            read()


def test_without_the_packages_the_library_still_works() -> None:
    code = (
        "import sys; sys.modules['sqlalchemy'] = None; import forecasting; forecasting.CountSeries; "
        "import forecasting.batch.records, forecasting.batch.issue\n"
        "try:\n    import forecasting.batch.archive\n"
        "except forecasting.ArchiveUnavailable as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "sqlalchemy" in done.stdout
    assert "[batch]" in done.stdout
