from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from forecasting.evidence import load_ledger
from tests.cli.commands import run, run_json
from tests.evidence.ledgers import GET_LOST, SERIES, fact, write_ledger


def test_series_are_listed_with_the_roles_of_their_facts() -> None:
    found = run_json("facts")
    rows = {row["series"]: row for row in found["series"]}
    assert set(rows) == set(load_ledger().series)
    assert all(row["facts"] == row["data"] + row["check"] + row["context"] + row["superseded"] for row in rows.values())
    assert rows[SERIES]["first"] == "2022-09"
    assert SERIES in run("facts").stdout


def test_a_day_limits_what_is_listed() -> None:
    rows = {row["series"]: row["facts"] for row in run_json("facts", "--as-of", "2023-12-05")["series"]}
    assert rows[SERIES] == 14


def test_a_series_shows_facts_sources_and_ranges() -> None:
    found = run_json("facts", SERIES, "--as-of", "2023-12-05")
    ranges = {row["month"]: (row["lower"], row["upper"], row["status"]) for row in found["ranges"]}
    assert ranges["2023-09"] == (184, 184, "exact")
    assert ranges["2023-04"] == (55, 174, "bounded")
    assert found["contradiction"] is None
    assert found["facts"][0]["statement"] == "577"
    assert found["facts"][0]["publisher"] == "The Moscow Times"
    said = run("facts", SERIES, "--as-of", "2023-12-05").stdout
    assert "F001  total, 2023-09..2023-11: 577  [data]" in said
    assert "can hold together" in said
    assert "counselled-apart" in said


def test_vintages_say_what_replaced_them() -> None:
    said = run("facts", "courts.art337.cases_received").stdout
    assert "[superseded by " in said


@pytest.mark.parametrize("series", load_ledger().series)
def test_every_shipped_series_can_be_shown(series: str) -> None:
    found = run_json("facts", series)
    assert found["contradiction"] is None
    assert found["facts"]
    assert found["ranges"] or "no facts that can be used as data" in found["note"]


@pytest.mark.parametrize("series", ["courts.art337.cases_received", "get_lost.helped_desert_cum"])
def test_a_month_without_a_limit_can_be_any(series: str) -> None:
    assert re.search(r"^20\d\d-\d\d +\d+ +any +(unknown|bounded)$", run("facts", series).stdout, flags=re.MULTILINE)


def test_a_picture_is_written(tmp_path: Path) -> None:
    file = tmp_path / "new" / "facts.svg"
    assert run("facts", SERIES, "--picture", file).exit_code == 0
    ET.fromstring(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("use", ["data", "check"])
def test_contradictions_are_named_beside_the_facts(tmp_path: Path, use: str) -> None:
    folder = write_ledger(tmp_path, [*GET_LOST, fact("wrong", "count", "2023-09", value="90", use=use)])
    result = run("facts", SERIES, "--ledger", folder, "--json")
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert "wrong" in found["contradiction"]["facts"]
    assert found["error"]["type"] == "ContradictoryFacts"
    assert len(found["facts"]) == len(GET_LOST) + 1
    text = run("facts", SERIES, "--ledger", folder)
    assert text.exit_code == 2
    assert "wrong  count" in text.stdout
    assert "cannot hold together" in text.stderr
    assert run("facts", SERIES, "--ledger", folder, "--without", "wrong").exit_code == 0


def test_without_a_series_all_are_checked(tmp_path: Path) -> None:
    other = {"series": "another.series"}
    twice = [
        fact("q2", "total", "2023-04", "2023-06", value="530"),
        fact("again", "total", "2023-04", "2023-06", value="548"),
    ]
    folder = write_ledger(tmp_path, [*GET_LOST, *(row | other for row in twice)])
    text = run("facts", "--ledger", folder)
    assert text.exit_code == 1
    assert "another.series cannot hold together: q2" in text.stderr
    assert SERIES in text.stdout
    found = run("facts", "--ledger", folder, "--json")
    assert found.exit_code == 1
    assert [row["facts"] for row in json.loads(found.stdout)["contradictions"]] == [["q2", "again"]]


def test_a_ledger_without_a_contradiction_says_so() -> None:
    result = run("facts")
    assert result.exit_code == 0
    assert "can hold together" in result.stdout
    assert run_json("facts")["contradictions"] == []


@pytest.mark.parametrize(
    "command", [("forecast",), ("jump", "--before", "2023-01:2023-03", "--after", "2023-04:2023-06")]
)
def test_every_command_names_the_facts_that_contradict(tmp_path: Path, command: tuple[str, ...]) -> None:
    rows = [
        fact("q1", "total", "2023-01", "2023-03", value="412"),
        fact("q2", "total", "2023-04", "2023-06", value="530"),
        fact("again", "total", "2023-04", "2023-06", value="548"),
    ]
    result = run(command[0], "--series", SERIES, *command[1:], "--ledger", write_ledger(tmp_path, rows))
    assert result.exit_code == 2
    assert "cannot hold together: q2" in result.stderr


def test_a_series_that_cannot_be_checked_does_not_hide_the_others(tmp_path: Path) -> None:
    limits = {"low": "999983/1000003", "high": "999983/1000003"}
    hard = [
        fact("one", "ratio", "2023-01", against="2023-02", **limits),
        fact("two", "ratio", "2023-03", against="2023-02", low="1000033/999979", high="1000033/999979"),
        fact("some", "bound", "2023-02", low="1", high="1000000"),
    ]
    other = {"series": "another.series"}
    twice = [fact("q2", "total", "2023-04", value="5") | other, fact("again", "total", "2023-04", value="6") | other]
    folder = write_ledger(tmp_path, [*hard, *twice])
    text = run("facts", "--ledger", folder)
    assert text.exit_code == 1
    assert "another.series cannot hold together: q2" in text.stderr
    assert f"{SERIES}: whether its facts can hold together is not known: the facts one, two" in text.stderr
    assert "--without FACT" in text.stderr
    found = json.loads(run("facts", "--ledger", folder, "--json").stdout)
    assert list(found["unsettled"]) == [SERIES]
