from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from forecasting.batch.archive import Archive
from forecasting.batch.overview import inspect, status
from forecasting.batch.verification import verify
from forecasting.errors import InvalidInput
from tests.batch import issues, sites
from tests.batch.batches import counts, write_batch
from tests.cli.commands import run, run_json


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("filled") / "archive.db"
    with Archive.open(str(file)) as archive:
        sites.fill(archive)
    return file


def test_commands_that_look_at_an_archive(tmp_path: Path) -> None:
    config = write_batch(tmp_path, [*counts(2), "gappy,2022-01,3", "gappy,2022-03,4"], "origins = 2")
    assert run("batch", "status", config).exit_code == 3  # there is no archive yet
    run("batch", "run", config)
    found = run("batch", "status", config)
    assert (found.exit_code, "1 bad series" in found.stdout) == (1, True)
    assert "2 of 2 series have a forecast from 2023-12" in found.stdout
    (tmp_path / "counts.csv").write_text("\n".join(["unique_id,ds,y", *counts(2), ""]))
    run("batch", "run", config)
    assert run("batch", "status", config).exit_code == 0
    told = run_json("batch", "status", config, "--max-age", "0.5", "--metrics", tmp_path / "status.prom")
    lines = (tmp_path / "status.prom").read_text().splitlines()
    assert 'forecasting_run{batch="batch"} 2' in lines
    assert 'forecasting_last_run_known{batch="batch"} 4' in lines
    for place in ("none", "counts.csv"):
        assert run("batch", "status", config, "--metrics", tmp_path / place / "status.prom").exit_code == 2
    run("batch", "monitor", config, "--metrics", tmp_path / "monitor.prom")
    assert 'forecasting_attention{batch="batch",kind="gone"} 1' in (tmp_path / "monitor.prom").read_text()
    assert {key: told[key] for key in ("run", "known", "current", "archived", "origin", "well")} == {
        "run": 2,
        "known": 4,
        "current": 2,
        "archived": 2,
        "origin": "2023-12",
        "well": True,
    }
    assert run_json("batch", "verify", config)["problems"] == []
    assert "4 forecasts, 3 releases, 0 scored months: no problems" in run("batch", "verify", config).stdout
    rows = run_json("batch", "list", config)["series"]
    assert [(row["unique_id"], row["last"], row["forecasts"]) for row in rows] == [
        ("gappy", "2022-03", 0),  # its counts are known all the same
        ("s000", "2023-12", 2),
        ("s001", "2023-12", 2),
    ]
    assert rows[1] == {
        "unique_id": "s000",
        "last": "2023-12",
        "origin": "2023-12",
        "models": 1,
        "forecasts": 2,
        "hindcasts": 2,
        "failed": 0,
    }
    said = run("batch", "inspect", config, "s001").stdout
    assert "24 counts, 2022-01 to 2023-12, known on" in said
    assert "run 1: hindcast by CountRegression from 2023-12: total" in said
    assert "k-hat" in said
    assert run("batch", "inspect", config, "nobody").exit_code == 2


def test_a_run_that_did_not_end_is_no_good_state(tmp_path: Path) -> None:
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        assert status(archive)["run"] is None
        first = archive.begin(issues.run())
        archive.finish(first, {"complete": True, "series": 0})
        ended = datetime.fromisoformat(archive.runs()["finished"].iloc[0])
        assert status(archive, now=ended + timedelta(days=2))["hours"] == 48.0
        archive.begin(issues.run())
        found = status(archive, now=datetime.now(UTC))
    assert (found["run"], found["finished"], found["complete"]) == (2, None, True)
    config = write_batch(tmp_path, [])
    assert run("batch", "status", config).exit_code == 1
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        archive.finish(2, {"complete": True, **dict.fromkeys(("series", "done", "known", "failed", "bad_series"), 0)})
    assert run("batch", "status", config).exit_code == 0


def test_the_total_of_a_forecast_is_that_of_its_paths(filled: Path) -> None:
    with Archive.open(str(filled)) as archive:
        found = inspect(archive, sites.PLAIN, level=0.5)
        record = next(archive.forecasts(series=sites.PLAIN, model="auto"))
        with pytest.raises(InvalidInput, match="does not hold 'nobody'"):
            inspect(archive, "nobody")
    sums = sorted(record.paths.sum(axis=1).tolist())
    total = found["forecasts"][0]["total"]
    assert (total["lower"], total["median"], total["upper"]) == (sums[49], sums[99], sums[149])
    assert found["forecasts"][-1]["account"] == ["k-hat 0.91, ess 12", "converged"]


def test_whatever_was_changed_is_found(filled: Path, tmp_path: Path) -> None:
    file = tmp_path / "archive.db"
    file.write_bytes(filled.read_bytes())
    with Archive.open(str(file)) as archive:
        assert verify(archive).problems == ()
        forecasts = verify(archive).forecasts
    changed = sqlite3.connect(file, isolation_level=None)
    for trigger in ("forecasts_no_UPDATE", "observations_no_UPDATE"):
        changed.execute(f"DROP TRIGGER {trigger}")
    changed.execute("UPDATE forecasts SET mean = zeroblob(8) WHERE id IN (3, 5)")
    changed.execute("UPDATE forecasts SET horizon = 2 WHERE id = 9")
    changed.execute("UPDATE observations SET counts = substr(counts, 2) WHERE n = 58")
    changed.close()
    with Archive.open(str(file)) as archive:
        found = verify(archive)
    assert found.forecasts == forecasts
    assert sum("the archived forecast of" in problem for problem in found.problems) == 3
    assert any("the archived counts of" in problem for problem in found.problems)
