from __future__ import annotations

import fcntl
import json
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecasting.batch.archive import Archive
from forecasting.cli.progress import listener, log
from forecasting.errors import ArchiveUnavailable
from tests.batch.batches import FAST, counts, write_batch
from tests.cli.commands import run, run_json


def test_the_example_runs_as_it_is(tmp_path: Path) -> None:
    config = tmp_path / "batch.toml"
    assert run("batch", "init", config).exit_code == 0
    result = run("batch", "run", config)
    assert result.exit_code == 0, result.stderr
    assert "run 1: 2 series; 48 forecasts made, 0 known already, 0 failed; 0 bad series" in result.stdout
    assert "264 months scored now" in run("batch", "score", config).stdout
    rows = {row["model"]: row for row in run_json("batch", "score", config)["models"]}
    assert rows["auto"]["log_score"] < rows["SeasonalNaive"]["log_score"]
    told = run("batch", "monitor", config).stdout
    assert "758 in 2011-04 is above the forecast of auto from 2011-03" in told  # the outbreaks of that April
    assert "2 call for attention" in run("batch", "report", config).stderr  # the other series ended in 1955
    config.write_text(config.read_text(encoding="utf-8").replace("as_of = 2011-05-01", "as_of = 2011-06-01"))
    assert "2 forecasts made, 46 known already" in run("batch", "run", config).stdout
    refused = run("batch", "init", config)
    assert (refused.exit_code, "--force" in refused.stderr) == (2, True)
    assert run("batch", "init", config, "--force").exit_code == 0


def test_all_done(tmp_path: Path) -> None:
    found = run_json("batch", "run", write_batch(tmp_path, counts(2)))
    assert {key: found[key] for key in ("run", "series", "done", "known", "failed", "failures", "complete")} == {
        "run": 1,
        "series": 2,
        "done": 2,
        "known": 0,
        "failed": 0,
        "failures": [],
        "complete": True,
    }


def test_some_failed(tmp_path: Path) -> None:
    rows = [*counts(1), *(f"bad {k}\x1b[2J,2023-01,-1" for k in range(30))]
    config = write_batch(tmp_path, rows)
    result = run("batch", "run", config)
    assert result.exit_code == 1
    assert "1 forecasts made" in result.stdout
    assert "30 bad series" in result.stdout
    assert "bad 0\\x1b[2J: counts that are no whole numbers" in result.stdout
    assert "and 10 more; all of them with --json" in result.stdout
    assert "\x1b" not in result.stdout + result.stderr
    found = json.loads(run("batch", "run", config, "--json").stdout)
    assert (found["bad_series"], found["known"], found["complete"], len(found["failures"])) == (30, 1, False, 30)


def test_a_part_of_the_series_and_what_a_run_would_do(tmp_path: Path) -> None:
    config = write_batch(tmp_path, [*counts(4), "bad,2023-01,-1"])
    files = set(tmp_path.iterdir())
    dry = json.loads(run("batch", "run", config, "--dry-run", "--json").stdout)
    assert (dry["series"], dry["jobs"], dry["known"], dry["cpu"]) == (5, {"CountRegression": 4}, 0, None)
    assert list(dry["bad"]) == ["bad"]
    assert set(tmp_path.iterdir()) == files
    assert run_json("batch", "run", config, "--series", "s00[12]", "--limit", 1)["done"] == 1
    dry = run_json("batch", "run", config, "--series", "s*", "--dry-run")
    assert (dry["series"], dry["jobs"], dry["known"], dry["bad"]) == (4, {"CountRegression": 3}, 1, {})
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        (one,) = archive.forecasts()
    assert dry["cpu"] == pytest.approx(3 * one.cpu)
    said = run("batch", "run", config, "--dry-run")
    assert (said.exit_code, said.stdout.splitlines()[0]) == (
        1,
        "5 series; 3 forecasts to be made (3 by CountRegression), 1 known already; 1 bad series",
    )
    assert "about" in said.stdout
    wrong = run("batch", "run", config, "--series", "S*")
    assert (wrong.exit_code, "no series is called 'S*'; there are bad, s000" in wrong.stderr) == (2, True)
    assert run("batch", "run", config).exit_code == 1  # all of them
    assert run_json("batch", "run", config, "--limit", 2, "--series", "s*")["known"] == 2
    assert run_json("batch", "monitor", config)["gone"] == []  # a part is not the input


def test_a_wrong_request(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(1), "origins = 0\npath = 3")
    result = run("batch", "run", config, "--json")
    assert result.exit_code == 2
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "InvalidConfiguration"
    assert {problem["column"] for problem in error["problems"]} == {"origins", "path"}
    assert run("batch", "run", tmp_path / "absent.toml").exit_code == 2
    assert run("batch", "run").exit_code == 2
    good = write_batch(tmp_path / "good", counts(1))
    for wrong in ("many", "9" * 5000, "\u0663"):
        assert run("batch", "run", good, "--workers", wrong).exit_code == 2
    (good.parent / "counts.csv").unlink()
    assert run("batch", "run", good).exit_code == 2
    assert not (good.parent / "archive.db").exists()


def test_scores_when_the_truth_arrives(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(3), models=FAST + '[[models]]\nname = "Climatology"\n')
    absent = run("batch", "score", config)
    assert (absent.exit_code, "archive.db" in absent.stderr) == (3, True)
    today = config.read_text()
    config.write_text(today.replace("2024-03-31", "2023-11-01"))
    run_json("batch", "run", config)
    early = run("batch", "score", config)
    assert (early.exit_code, early.stdout) == (0, "0 months scored now, 0 before, 18 pending, 0 of failed forecasts\n")
    config.write_text(today)
    run_json("batch", "run", config)
    found = run_json("batch", "score", config)
    assert {key: found[key] for key in ("new", "known", "pending", "failed")} == {
        "new": 12,
        "known": 0,
        "pending": 24,
        "failed": 0,
    }
    assert [(row["model"], row["n"]) for row in found["models"]] == [("Climatology", 6), ("CountRegression", 6)]
    again = run("batch", "score", config, "--release", "first").stdout
    assert again.startswith("0 months scored now, 12 before, 24 pending")
    assert "(first counts)" in again
    assert run("batch", "score", config, "--release", "last").exit_code == 2


def test_exports(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(3), models=FAST + '[[models]]\nname = "Climatology"\n')
    run_json("batch", "run", config)
    wide = tmp_path / "wide.csv"
    found = run_json("batch", "export", config, "--format", "nixtla", "--out", wide)
    assert found == {"schema": 1, "format": "nixtla", "forecasts": 6, "files": [str(wide)]}
    assert "CountRegression-lo-90" in pd.read_csv(wide).columns
    one = ("--series", "s001", "--model", "Climatology", "--origin", "2023-12")
    run_json("batch", "export", config, "--format", "paths", "--out", tmp_path / "paths.parquet", *one)
    assert set(pd.read_parquet(tmp_path / "paths.parquet")["unique_id"]) == {"s001"}
    assert (
        run("batch", "export", config, "--format", "hubverse", "--out", tmp_path / "hub", "--team", "us").exit_code == 0
    )
    assert list((tmp_path / "hub").rglob("*.csv"))
    for wrong in (("--team", "us"), ("--series", "nobody"), ("--run", "9")):
        assert run("batch", "export", config, "--format", "nixtla", "--out", wide, *wrong).exit_code == 2


def test_log_lines_can_be_taken_apart(tmp_path: Path) -> None:
    rows = [*counts(1), 'a b="c\\,2023-01,-1', "a,2023-01,4"]
    config = write_batch(tmp_path, [])
    (tmp_path / "counts.csv").write_text("unique_id,ds,y\n" + "\n".join(row.replace('"', "") for row in rows) + "\n")
    lines = run("batch", "run", config).stderr.splitlines()
    events = [dict(pair.split("=", 1) for pair in shlex.split(line)) for line in lines]
    assert [event["event"] for event in events] == ["created", "start", "bad", "bad", "progress", "end"]
    assert events[3]["series"] == "a b=c\\"
    assert events[1]["jobs"] == "3"
    end = {key: events[-1][key] for key in ("run", "series", "bad_series", "done", "failed", "complete")}
    assert end == {"run": "1", "series": "3", "bad_series": "2", "done": "1", "failed": "0", "complete": "False"}


def test_notes_are_added_up(tmp_path: Path) -> None:
    rows = [f"s{k},2024-{month:02d},{month}" for k in range(9) for month in (1, 2, 3)] + [
        f"z{k},2023-{month:02d},0" for k in range(3) for month in range(1, 13)
    ]
    config = write_batch(tmp_path, rows, "shortest = 2")
    notes = [line for line in run("batch", "run", config).stderr.splitlines() if "event=note" in line]
    assert [line.partition("event=")[2] for line in notes] == [
        'note series=9 example=s0 note="the last month, 2024-03, was not over on 2024-03-31: dropped"',
        'note series=3 example=z0 note="all counts are zero"',
    ]


def test_an_error_says_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_batch(tmp_path, [*counts(4), "bad,2023-01,-1"], "chunk = 1")
    store = Archive.store

    def lost(self: Archive, run: int, vintages: Any, records: list[Any]) -> Any:
        if records[0].key.series == "s002":
            raise ArchiveUnavailable("the server is gone")
        return store(self, run, vintages, records)

    monkeypatch.setattr(Archive, "store", lost)
    result = run("batch", "run", config, "--json")
    assert result.exit_code == 3
    found = json.loads(result.stdout)
    assert found["schema"] == 1
    told = {"run": 1, "series": 5, "done": 2, "known": 0, "failed": 0, "bad_series": 1}
    assert found["error"] == {"type": "ArchiveUnavailable", "message": "the server is gone", **told}
    assert "event=stopped reason=ArchiveUnavailable run=1 series=5 done=2" in result.stderr


def test_silence_is_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.cli.progress._SILENCE", 0.05)
    monkeypatch.setattr("forecasting.cli.progress._BEAT", 0.02)
    with listener() as hear:
        hear("doing", worker="1", job={"series": "quick", "model": "auto", "origin": "2023-12"})
        hear("doing", worker="1", job=None)
        hear("doing", worker="2", job={"series": "slow", "model": "auto", "origin": "2023-12"})
        hear("doing", worker="1", job={"series": "next", "model": "auto", "origin": "2023-12"})
        time.sleep(0.5)
    lines = [line.partition("event=")[2] for line in capsys.readouterr().err.splitlines()]
    assert lines[0] == "waiting jobs=2 seconds=0 series=slow model=auto origin=2023-12"
    assert 2 <= len(lines) <= 10


def test_progress_is_added_up_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with listener() as hear:
        for _ in range(100):
            hear("progress", done=16, known=1, failed=0)
    first, rest = capsys.readouterr().err.splitlines()
    assert first.endswith("event=progress done=16 known=1 failed=0")
    assert rest.endswith("event=progress done=1584 known=99 failed=0")


def test_nothing_breaks_a_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    log("bad", series="a\nevent=start\x1b[2J\u2028", reason='"', empty="")
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert "\x1b" not in error
    assert error.endswith('empty=""\n')


def test_a_bar_on_a_terminal(tmp_path: Path) -> None:
    pytest.importorskip("tqdm", reason="the package tqdm is not installed, so there is no bar to look at")
    config = write_batch(tmp_path, [*counts(2), "bad,2023-01,-1"])
    terminal, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    arguments = [sys.executable, "-m", "forecasting", "batch", "run", str(config)]
    process = subprocess.Popen(arguments, stderr=child, stdout=subprocess.PIPE, text=True)
    os.close(child)
    output, _ = process.communicate(timeout=60)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    assert process.returncode == 1
    assert "2 forecasts made" in output
    assert b"3/3" in shown
    assert b"bad: counts that are no whole numbers" in shown
    assert b"event=" not in shown


@pytest.mark.parametrize("name", ["run", "init"])
def test_help_is_light(name: str) -> None:
    code = (
        "import sys; from forecasting.cli import main\n"
        f"try: main(['batch', '{name}', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'pandas', 'pydantic', 'sqlalchemy', 'tqdm', 'distributed', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
