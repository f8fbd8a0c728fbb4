"""Readers see one state of the archive, take no lock, need no writable folder and touch nothing that is not an archive."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecasting.batch import scoring
from forecasting.batch.archive import Archive, Contents
from forecasting.batch.archive.connection import Database
from forecasting.batch.export import Selection, nixtla_frame
from forecasting.batch.monitoring import monitor
from forecasting.batch.records import Vintage
from forecasting.batch.scoring import mean_scores, score_archive, score_table
from forecasting.batch.site import build_site
from forecasting.errors import ArchiveError
from forecasting.evaluation.judged import SCORES
from tests.batch import issues
from tests.batch.batches import counts, write_batch
from tests.batch.postgres import Server
from tests.cli.commands import run, run_json


def add(address: str, number: int) -> None:
    """Store one more series with a forecast and its truth, as a run beside a reader would."""
    data = issues.vintage(f"later {number}")
    truth = Vintage(data.series, date(2024, 2, 3), data.first, [*data.values, 20], [False] * (data.n + 1))
    with Archive.open(address) as archive:
        archive.store(archive.begin(issues.run()), [data, truth], [issues.record(data)])


def everything(held: Contents) -> list[Any]:
    return [
        held.series(),
        held.keys().to_dict("records"),
        held.truth().to_dict("records"),
        held.scores(list(SCORES)).to_dict("records"),
        held.runs()["id"].tolist(),
        [record.content for record in held.forecasts()],
        held.fingerprint(),
    ]


def test_a_snapshot_is_one_state(address: str) -> None:
    with Archive.open(address) as archive:
        add(address, 0)
        before = everything(archive)
        with archive.snapshot() as held:
            assert everything(held) == before
            add(address, 1)
            score_archive(archive)
            assert everything(held) == before
            with held.snapshot() as again:
                assert again.series() == before[0]
        assert everything(archive) != before


def test_scoring_beside_a_run_neither_fails_nor_mixes_states(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run commits before each of the queries of `score`."""
    with Archive.open(address) as archive:
        add(address, 0)
        number = 0

        def interleaved(query: Callable[..., Any]) -> Callable[..., Any]:
            def asked(*arguments: Any, **named: Any) -> Any:
                nonlocal number
                number += 1
                add(address, number)
                return query(*arguments, **named)

            return asked

        with monkeypatch.context() as patch:
            for name in ("keys", "truths", "scored"):
                patch.setattr(Contents, name, interleaved(getattr(Contents, name)))
            found = score_archive(archive)
        assert number == 4  # as many queries
        assert found == scoring.Scored(new=1, known=0, pending=2, failed=0)
        assert score_archive(archive) == scoring.Scored(new=number, known=1, pending=2 * (number + 1), failed=0)
        assert mean_scores(archive)["n"].tolist() == [number + 1]


def read(address: str, folder: Path) -> dict[str, Any]:
    """Do everything that only needs to read."""
    with Archive.open(address, create=False) as archive:
        found = {
            "monitor": monitor(archive).to_dict(),
            "scores": score_table(archive).to_dict("records"),
            "means": mean_scores(archive).to_dict(),
            "export": nixtla_frame(Selection.of(archive)).to_dict("records"),
            "runs": archive.runs().to_dict("records"),
        }
    found["site"] = build_site(address, folder / "report").series
    return found


def test_readers_do_not_wait_for_the_write_lock(filled: Path, tmp_path: Path) -> None:
    expected = read(str(filled), tmp_path)
    writer = sqlite3.connect(filled, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    try:
        assert str(read(str(filled), tmp_path)) == str(expected)
    finally:
        writer.execute("ROLLBACK")
        writer.close()


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder on a medium that cannot be written, with whatever `tmp_path / 'content'` holds when it is asked for."""
    folder = tmp_path / "medium"
    folder.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(folder)], capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("nothing can be mounted here, so there is no medium that cannot be written")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def protect(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def test_readers_need_no_writable_folder(filled: Path, read_only: Path, tmp_path: Path) -> None:
    shutil.copy(filled, read_only / "archive.db")
    protect(read_only)
    assert str(read(str(read_only / "archive.db"), tmp_path)) == str(read(str(filled), tmp_path))
    assert [path.name for path in read_only.iterdir()] == ["archive.db"]
    with Archive.open(str(read_only / "archive.db")) as archive, pytest.raises(ArchiveError, match="nothing of this"):
        archive.begin(issues.run())


def test_a_copy_without_its_waiting_transactions_is_refused(filled: Path, read_only: Path) -> None:
    shutil.copy(filled, read_only / "archive.db")
    (read_only / "archive.db-wal").write_bytes(b"transactions")
    protect(read_only)
    with pytest.raises(ArchiveError, match=r"transactions wait in archive\.db-wal"):
        Archive.open(str(read_only / "archive.db"))


def test_reading_leaves_no_files(filled: Path, tmp_path: Path) -> None:
    shutil.copy(filled, tmp_path / "archive.db")
    with Archive.open(str(tmp_path / "archive.db"), create=False) as archive:
        monitor(archive)
    assert [path.name for path in tmp_path.iterdir()] == ["archive.db"]


@pytest.mark.parametrize("create", [False, True])
def test_a_database_of_something_else_is_left_alone(tmp_path: Path, create: bool) -> None:
    file = tmp_path / "places.db"
    with sqlite3.connect(file) as other:
        other.execute("CREATE TABLE schema_versions (version INTEGER)")
        other.execute("CREATE TABLE bookmarks (address TEXT)")
    other.close()
    before = file.read_bytes()
    with pytest.raises(ArchiveError, match=r"not an archive \(bookmarks\): nothing was written"):
        Archive.open(str(file), create=create)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["places.db"]


def test_a_server_with_tables_of_something_else_is_left_alone(postgresql: Server) -> None:
    address = postgresql.new_database()
    with Database(address).writing() as connection:
        connection.exec_driver_sql("CREATE TABLE bookmarks (address TEXT)")
    with pytest.raises(ArchiveError, match="not an archive"):
        Archive.open(address)
    with Database(address).reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM bookmarks").scalar() == 0


@pytest.mark.parametrize(
    "content", [b"just a text, long enough to be looked at " * 100, b"SQLite format 3\0" + b"\0" * 4080]
)
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(content)
    with pytest.raises(ArchiveError):
        Archive.open(str(file))
    assert file.read_bytes() == content


def test_a_lost_archive_is_missed(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(1))
    assert "event=created" in run("batch", "run", config).stderr
    assert "event=created" not in run("batch", "run", config).stderr
    (tmp_path / "archive.db").unlink()
    lost = run("batch", "run", config)
    assert (lost.exit_code, "there is no archive at" in lost.stderr, "--create" in lost.stderr) == (3, True, True)
    config.write_text(config.read_text().replace('"archive.db"', '"other.db"'))
    assert run("batch", "run", config).exit_code == 3  # nor is another begun because of a slip in the address
    assert sorted(path.name for path in tmp_path.iterdir()) == ["batch.toml", "batch.toml.begun", "counts.csv"]
    assert run_json("batch", "run", config, "--create")["done"] == 1


def test_a_note_that_cannot_be_written_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    config = write_batch(tmp_path, counts(1))
    monkeypatch.setattr(Path, "write_text", full)
    assert run_json("batch", "run", config)["done"] == 1
    assert not (tmp_path / "batch.toml.begun").exists()


def damage(content: bytes, rng: np.random.Generator) -> bytes:
    """Return a copy with flipped bits, a stretch of equal bytes, or its end cut off."""
    bad = bytearray(content)
    kind = int(rng.integers(4))
    at = int(rng.integers(len(bad)))
    if kind == 0:
        return bytes(bad[:at])
    if kind == 1:
        end = at + int(rng.integers(1, 2000))
        bad[at:end] = bytes([0 if rng.random() < 0.5 else 255]) * len(bad[at:end])
        return bytes(bad)
    for place in rng.integers(len(bad), size=int(rng.integers(1, 40))):
        bad[place] ^= int(rng.integers(1, 256))
    return bytes(bad)


@pytest.mark.parametrize("copies", [6, pytest.param(24, marks=pytest.mark.slow)])
def test_damage_ends_in_an_error_of_the_archive(filled: Path, tmp_path: Path, copies: int) -> None:
    content, rng = filled.read_bytes(), np.random.default_rng(copies)
    file, refused = tmp_path / "archive.db", 0
    tasks: list[Callable[[Archive], Any]] = [
        everything,
        lambda archive: list(archive.vintages()),
        monitor,
        mean_scores,
        lambda archive: nixtla_frame(Selection.of(archive)),
    ]
    for _ in range(copies):
        file.write_bytes(damage(content, rng))
        for task in tasks:
            try:
                with Archive.open(str(file), create=False) as archive:
                    task(archive)
            except ArchiveError:
                refused += 1
    assert 0 < refused < 5 * copies
