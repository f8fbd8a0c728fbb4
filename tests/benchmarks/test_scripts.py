"""The benchmark and validation scripts run, with settings that take seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks import maximum_likelihood, paths, posterior, speed
from benchmarks.replications import Study
from benchmarks.replications import run as replicate
from benchmarks.validation import facts, trend


def test_posterior_without_peers(tmp_path: Path) -> None:
    result = posterior.measure(3, peers=tmp_path / "python")
    first = result["trend from the middle"]
    assert first["forecasting"]["effective_by_weights"] > 1000
    assert "not installed" in first["peers"]
    assert any("not installed" in line for line in posterior.table(result))


def test_likelihoods_agree() -> None:
    result = maximum_likelihood.measure(1)
    assert result["forecasting"]["loglik"] == pytest.approx(result["statsmodels"]["loglik"], abs=1e-5)


def test_rates_of_paths(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name, value in (("DRAWS", 500), ("MEANS", (3.0,)), ("ALPHAS", (0.0, 0.5))):
        monkeypatch.setattr(paths, name, value)
    paths.main(["--repeats", "1"])
    rows = [line.split("|")[2:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("| 3,")]
    assert np.array(rows, dtype=float).shape == (2, len(paths.COLUMNS))


def test_speed_page_says_what_was_not_measured() -> None:
    start = {
        "import forecasting": 0.02,
        "forecasting --help": None,
        "import forecasting, then a first posterior": 0.8,
    }
    table = speed.budgets({"start": start, "posterior": {}, "jump": {}})
    assert any("--help" in line and "not measured" in line for line in table)


def test_interval_score() -> None:
    score = trend.interval_score(np.array([2.0, 2.0]), np.array([6.0, 6.0]), np.array([4, 8]))
    assert score.tolist() == pytest.approx([4.0, 4.0 + 20.0 * 2.0])


def test_facts_hold_for_the_counts_they_were_made_from(rng: np.random.Generator) -> None:
    y = rng.poisson(20, size=12)
    for known in facts.FACTS.values():
        assert all(row.holds(y.tolist()) for row in known(y))


def _first_uniform(case: float, seed: np.random.SeedSequence) -> dict[str, float]:
    return {"value": case + np.random.default_rng(seed).random()}


def test_replications_resume_and_do_not_depend_on_workers(tmp_path: Path) -> None:
    study = Study({"a": 0.0, "b": 1.0}, _first_uniform, Path(__file__))
    store = tmp_path / "store.jsonl"
    one = replicate(study, 120, store, workers=1)
    assert len({row["value"] for rows in one.values() for row in rows}) == 240
    lines = store.read_text().splitlines()
    store.write_text("\n".join([*lines[:2], lines[2][:40]]) + "\n")  # an interrupted run
    assert replicate(study, 120, store, workers=2) == one
    assert len(store.read_text().splitlines()) == len(lines) + 1
