"""An archive in another place is the same archive, or its newer part."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from forecasting.batch.archive import Archive
from forecasting.batch.verification import verify
from forecasting.errors import ArchiveError
from tests.batch import issues
from tests.batch.batches import counts, write_batch
from tests.cli.commands import run, run_json

COLUMNS = ["id", "job", "unique_id", "origin", "status", "hindcast", "error", "account"]


def test_a_copy_is_the_same_archive_and_goes_on(filled: Path, address: str, tmp_path: Path) -> None:
    back = str(tmp_path / "back.db")
    with Archive.open(str(filled)) as source:
        source.copy(address)
        with Archive.open(address, create=False) as moved:
            moved.copy(back)  # of a server, to a file again
            for copy in (moved, Archive.open(back, create=False)):
                assert copy.fingerprint() == source.fingerprint()
                pd.testing.assert_frame_equal(copy.keys(), source.keys())
                pd.testing.assert_frame_equal(copy.truth(), source.truth())
                pd.testing.assert_frame_equal(copy.scores(["rps"]), source.scores(["rps"]))
                assert verify(copy).problems == ()
                number = copy.begin(issues.run())
                assert number == source.runs()["id"].max() + 1
                vintage = issues.vintage("new")
                assert copy.store(number, [vintage], [issues.record(vintage)]).new == 1
        with pytest.raises(ArchiveError, match="already"):
            source.copy(address)


def test_a_copy_since_a_month_has_the_forecasts_from_then_on(filled: Path, tmp_path: Path) -> None:
    with Archive.open(str(filled)) as source:
        rows = source.copy(str(tmp_path / "new.db"), since="2023-11")
        with Archive.open(str(tmp_path / "new.db"), create=False) as copy:
            kept = source.keys().query("origin >= '2023-11'").reset_index(drop=True)
            assert 0 < rows["forecasts"] == len(kept) < len(source.keys())
            pd.testing.assert_frame_equal(copy.keys()[COLUMNS], kept[COLUMNS])
            pd.testing.assert_frame_equal(copy.truth(), source.truth())
            assert set(copy.scores(["rps"])["origin"]) == {"2023-11"}
            assert verify(copy).problems == ()
    assert (tmp_path / "new.db").stat().st_size < filled.stat().st_size


def test_the_command_copies_where_nothing_is(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(2), "origins = 2")
    run("batch", "run", config)
    whole = run_json("batch", "copy", config, tmp_path / "whole.db")
    assert (whole["rows"]["forecasts"], whole["rows"]["runs"], whole["problems"]) == (4, 1, [])
    said = run("batch", "copy", config, tmp_path / "part.db", "--since", "Dec 2023")
    assert (said.exit_code, said.stdout.partition(" are in")[0]) == (0, "1 runs, 2 forecasts, 2 releases")
    assert run("batch", "copy", config, tmp_path / "part.db").exit_code == 3
    assert run("batch", "copy", config, "host=db password=hunter2").exit_code == 2


def test_nobody_else_can_read_a_new_archive(filled: Path, tmp_path: Path) -> None:
    file = tmp_path / "new.db"
    with Archive.open(str(file)) as archive:
        archive.begin(issues.run())
        assert {one.name: one.stat().st_mode & 0o77 for one in tmp_path.iterdir()} == {"new.db": 0}
    with Archive.open(str(filled)) as source:
        source.copy(str(tmp_path / "copy.db"))
    assert (tmp_path / "copy.db").stat().st_mode & 0o77 == 0
