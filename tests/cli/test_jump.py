from __future__ import annotations

import html
import json
import shlex
from pathlib import Path

import pytest

from forecasting.evidence import load_ledger
from forecasting.report.provenance import code_digest, digest
from tests.cli.commands import run, run_json
from tests.evidence.ledgers import write_ledger
from tests.report.jumps import NASTY, TAG, nasty_cells

DRAWS = ("--draws", "200")
SHORT = ("--start", "2023-06")
"""Without April and May, of which only a total is known, a run takes a third of the time."""


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("jump") / "report"
    result = run("jump", *DRAWS, "--output", folder)
    assert result.exit_code == 0, result.stderr
    return folder, result.stdout


def test_without_options_it_is_get_lost(written: tuple[Path, str]) -> None:
    folder, said = written
    assert "305" in said
    assert "p = 3.6e-20" in said
    assert "trend + step" in said
    names = {"index.html", "jump.json", *(f"{name}.svg" for name in PICTURES)}
    assert {file.name for file in folder.iterdir()} == names
    assert all(f"wrote {folder / name}" in said for name in names)


PICTURES = ("known", "expectation", "step", "probabilities", "outlook", "facts")


def test_the_json_says_everything(written: tuple[Path, str]) -> None:
    found = json.loads((written[0] / "jump.json").read_text(encoding="utf-8"))
    assert found["series"] == "get_lost.desertion_requests"
    assert found["as_of"] == "2023-12-05"
    assert found["before"]["total"] == {"low": 305, "high": 305}
    assert found["poisson_p_value"] == pytest.approx(3.6e-20, rel=0.02)
    assert sum(row["probability"] for row in found["baselines"]) == pytest.approx(1.0)
    assert {row["reading"] for row in found["readings"]} >= {"as used", "counselled-apart"}
    assert {row["lower"] for row in found["truth"] if row["status"] == "exact"} == {284}
    assert found["facts"][0]["start"] == "2023-09"
    assert found["facts"][0]["published"] == "2023-12-05"
    record = found["provenance"]
    assert record["command"] == (
        "forecasting jump --as-of 2023-12-05 --series get_lost.desertion_requests --start 2023-04 --end 2023-11 "
        "--before 2023-06..2023-08 --after 2023-09..2023-11 --level 0.95 --horizon 3 --draws 200 --seed 20231205 --readings"
    )
    assert record["seed"] == 20231205
    assert record["ledger_sha256"] == digest(load_ledger().as_of("2023-12-05"))
    assert set(record["versions"]) >= {"forecasting", "numpy", "scipy", "python"}
    assert record["truth_sha256"] == digest(load_ledger())
    assert record["code_sha256"] == code_digest()
    assert found["statements"] == {}


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("short") / "report"
    assert run("jump", *DRAWS, *SHORT, "--output", folder).exit_code == 0
    return folder


def test_the_command_in_a_report_makes_the_same_bytes(short: Path, tmp_path: Path) -> None:
    assert len(json.loads((short / "jump.json").read_text(encoding="utf-8"))["readings"]) > 2
    again(short, tmp_path / "again")


def again(folder: Path, other: Path) -> None:
    """Run the command that the JSON of a report holds, and compare every file."""
    command = json.loads((folder / "jump.json").read_text(encoding="utf-8"))["provenance"]["command"]
    program, *words = shlex.split(command)
    assert program == "forecasting"
    assert run(*words, "--output", other).exit_code == 0
    assert {file.name for file in other.iterdir()} == {file.name for file in folder.iterdir()}
    for file in folder.iterdir():
        assert (other / file.name).read_bytes() == file.read_bytes(), file.name
    page = html.unescape((folder / "index.html").read_text(encoding="utf-8"))
    assert page.count(command) == 2  # in the checklist and at the end


ODD = (
    *("jump", "--draws", "100", "--seed", "7", "--level", "0.8", "--horizon", "2", "--no-readings", "--end", "2023-11"),
    *SHORT,
    *("--reading", "counselled-apart", "--without", "F012b", "--before", "2023-06", "--after", "2023-09..2023-10"),
    *("--purpose", "a test with 'quotes' & more", "--how-chosen", "it was in the news"),
)


def test_options_change_the_question_and_are_in_that_command(tmp_path: Path) -> None:
    found = run_json(*ODD, "--output", tmp_path / "first")
    again(tmp_path / "first", tmp_path / "again")
    assert found["reading"] == ["counselled-apart"]
    assert found["readings"] is None
    assert found["level"] == 0.8
    assert len(found["before"]["months"]) == 1
    assert {row["ds"] for row in found["outlook"]} == {"2023-12-01", "2024-01-01"}
    assert {fact["fact_id"] for fact in found["facts"] if fact["role"] == "left out"} == {"F012b"}
    assert "--without F012b" in found["provenance"]["command"]


def test_another_seed_gives_other_draws(short: Path) -> None:
    one = json.loads((short / "jump.json").read_text(encoding="utf-8"))
    other = run_json("jump", *DRAWS, *SHORT, "--no-readings", "--seed", 7)
    assert one["before"] == other["before"]
    assert one["step_beyond_trend"] != other["step_beyond_trend"]


COUNTS = [90, 95, "", 100, 190, 200, 185]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "counts.csv"
    rows = [f"{name},2023-{month:02d},{count}" for name in ("a", "b") for month, count in enumerate(COUNTS, 5)]
    file.write_text("\n".join(["unique_id,ds,y", *rows, ""]), encoding="utf-8")
    return file


def test_a_table_of_ones_own(table: Path, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    choice = ("--csv", table, "--id", "b", "--allow-missing", "--end", "2023-10")
    windows = ("--before", "2023-05..2023-06", "--after", "2023-09..2023-10")
    result = run("jump", *DRAWS, *choice, *windows, "--output", folder)
    assert result.exit_code == 0, result.stderr
    assert "readings" not in result.stderr
    found = json.loads((folder / "jump.json").read_text(encoding="utf-8"))
    assert (found["series"], found["months"][-1], found["ratio"]) == ("b", "2023-10", pytest.approx(390 / 185))
    assert (found["facts"], found["readings"], found["truth"]) == ([], None, None)
    assert [row["exact"] for row in found["known"]] == [True, True, False, True, True, True]
    assert found["provenance"]["command"] == (
        f"forecasting jump --start 2023-05 --end 2023-10 --csv {table} --id b --allow-missing "
        "--time-col ds --target-col y "
        "--before 2023-05..2023-06 --after 2023-09..2023-10 --level 0.95 --horizon 3 --draws 200 --seed 20231205"
    )
    assert {file.name for file in folder.iterdir()} == {
        "index.html",
        "jump.json",
        *(f"{name}.svg" for name in PICTURES if name != "facts"),
    }
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "A table of counts. It names no sources" in page
    assert found["provenance"]["data_sha256"] in page
    assert "Knowledge of" not in page
    again(folder, tmp_path / "again")
    said = run("checklist", folder).stdout
    assert "5 of 6 months are known exactly, the others were not observed" in said
    assert "A table of counts, fingerprint" in said
    assert found["provenance"]["command"] in said.replace("\n     ", " ")  # no option is split


def test_a_table_has_no_windows_of_its_own(table: Path) -> None:
    refused = run("jump", "--csv", table, "--id", "a", "--allow-missing")
    assert refused.exit_code == 2
    assert "--before is missing" in refused.stderr


def test_windows_that_do_not_fit_are_refused_before_any_work() -> None:
    refused = run("jump", "--before", "2020-01..2020-02")
    assert refused.exit_code == 2
    assert "weighing" not in refused.stderr


def test_bits_are_explained(written: tuple[Path, str]) -> None:
    assert "bits: the chance as heads in a row from a fair coin" in written[1].split("probability")[-1]


def test_a_ledger_of_ones_own_with_hostile_text(tmp_path: Path) -> None:
    facts, source = nasty_cells()
    folder = write_ledger(tmp_path, facts, [source])
    windows = ("--before", "2023-06..2023-08", "--after", "2023-09..2023-11")
    result = run("jump", *DRAWS, "--ledger", folder, *SHORT, *windows, "--output", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["series"] == NASTY
    assert found["truth"] is None
    for file in (tmp_path / "out").iterdir():
        if file.suffix != ".json":
            assert TAG not in file.read_text(encoding="utf-8"), file.name
