"""The example that `forecasting facts init` writes: one fact of each kind, and it works as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

import forecasting as fc
from forecasting.evidence.example import FILES, write_example
from forecasting.evidence.fact import Kind
from tests.cli.commands import run, run_json

TRUTH = [40, 44, 39, 52, 48, 61, 70, 66, 95, 112, 104, 98]  # the months that were invented


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    home = tmp_path / "my facts"
    assert run_json("facts", "init", home)["written"] == [str(home / name) for name in FILES]
    return home


def test_there_is_one_fact_of_each_kind_and_it_says_so(folder: Path) -> None:
    facts = fc.load_ledger(folder).facts
    assert sorted(facts["kind"]) == sorted(get_args(Kind))
    assert all(note.startswith(f"{kind.upper()}: ") for kind, note in zip(facts["kind"], facts["note"], strict=True))


def test_the_facts_hold_together_and_around_the_truth(folder: Path) -> None:
    evidence = fc.load_ledger(folder).evidence("line.calls")
    evidence.check()
    ranges = evidence.ranges()
    assert ranges.loc["2024-04", "status"] == "exact"
    assert all(ranges["lower"] <= TRUTH)
    assert all(ranges["upper"].isna() | (ranges["upper"].fillna(0) >= TRUTH))
    assert fc.load_ledger(folder).evidence("line.calls", reading="to-double").months.equals(evidence.months)


def test_it_is_fitted_and_weighed_as_it_stands(folder: Path) -> None:
    evidence = fc.load_ledger(folder).evidence("line.calls")
    posterior = fc.CountRegression(fc.Intercept() + fc.Trend()).posterior(evidence, draws=400, rng=1)
    months = fc.reconstruct(posterior, rng=1)
    assert months.total("2024-01", "2024-03").interval(0.9) == (123.0, 123.0)
    assert (months.paths[:, 9] > months.paths[:, 3]).all(), "October is above April in every draw"


def test_the_commands_of_the_page_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    page = (folder / "README.md").read_text(encoding="utf-8")
    lines = [line.split("#")[0].split()[1:] for line in page.splitlines() if line.startswith("    forecasting ")]
    assert [line[0] for line in lines] == ["facts", "facts", "facts", "jump"]
    for line in lines[:3]:
        assert run(*line).exit_code == 0


def test_every_column_and_kind_is_on_the_page(folder: Path) -> None:
    page = (folder / "README.md").read_text(encoding="utf-8")
    for name in (*fc.Fact.model_fields, *get_args(Kind), *fc.Source.model_fields):
        assert f"`{name}`" in page, name


def test_nothing_is_overwritten(folder: Path) -> None:
    result = run("facts", "init", folder)
    assert result.exit_code != 0
    assert "holds facts.csv, sources.csv, readings.csv, README.md already" in result.stderr


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    assert "name the folder" in run("facts", "init").stderr
    (tmp_path / "file").write_text("")
    with pytest.raises(fc.InvalidInput, match=re.escape(f"{tmp_path / 'file'} cannot be written")):
        write_example(tmp_path / "file")
    assert "one series at a time" in run("facts", "line.calls", tmp_path).stderr
