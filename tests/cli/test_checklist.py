from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from forecasting.cli import main
from tests.cli.commands import run, run_json

FAST = ("--draws", "150")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("checklist") / "report"
    assert (
        run(
            "jump", *FAST, "--start", "2023-06", "--no-readings", "--purpose", "a <b>test</b>", "--output", home
        ).exit_code
        == 0
    )
    return home


def test_a_folder_a_file_and_standard_input_say_the_same(folder: Path) -> None:
    file = folder / "jump.json"
    said = run("checklist", folder).stdout
    assert run("checklist", file).stdout == said
    piped = CliRunner().invoke(main, ["checklist", "-"], input=file.read_text(encoding="utf-8"))
    assert piped.stdout == said
    assert "Purpose: a <b>test</b>" in said
    assert "not stated: give --implications TEXT" in said
    assert "of 23 items stated in full" in said


def test_json_lists_what_is_missing(folder: Path) -> None:
    found = run_json("checklist", folder, "--implications", "none", "--data-access", "all printed here")
    assert [item["number"] for item in found["items"]][:2] == ["1", "2"]
    assert "implications" not in found["missing"]
    assert "horizon_reason" in found["missing"]
    assert {item["status"] for item in found["items"]} == {"stated", "in part", "not stated"}


def test_the_page_has_it_escaped(folder: Path) -> None:
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert 'id="checklist"' in page
    assert "Purpose: a &lt;b&gt;test&lt;/b&gt;" in page
    assert "not stated: give --scope TEXT" in page


def test_a_forecast_fills_it_too(tmp_path: Path) -> None:
    table = tmp_path / "counts.csv"
    rows = [f"requests,2023-{month:02d}-01,{count}" for month, count in enumerate([3, 5, 4, 8, 9, 12, 10, 15], 1)]
    table.write_text("\n".join(["unique_id,ds,y", *rows, ""]), encoding="utf-8")
    for command in ("forecast", "outlook"):
        file = tmp_path / f"{command}.json"
        made = run_json(command, "--csv", table, *FAST)
        assert run_json(*shlex.split(made["provenance"]["command"])[1:]) == made
        file.write_text(json.dumps(made), encoding="utf-8")
        found = run_json("checklist", file)
        answers = {item["number"]: " ".join(item["answers"]) for item in found["items"]}
        assert "intercept,trend" in answers["8"]
        assert "2023-09 to 2023-11" in answers["13"]
        assert "about 90%" in answers["15"]
        assert f"--csv {table}" in answers["B4"]
        assert "data_access" in found["missing"]
        assert "numpy" in answers["9"]


@pytest.mark.parametrize(("text", "message"), [("[1]", "no JSON object"), ("{", "is no JSON"), ("{}", "no result of")])
def test_what_is_no_result_is_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "some.json"
    file.write_text(text, encoding="utf-8")
    done = run("checklist", file)
    assert done.exit_code == 2
    assert message in done.stderr
    assert run("checklist", tmp_path / "nowhere.json").exit_code == 2
