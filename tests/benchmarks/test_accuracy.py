"""The benchmark of accuracy: small but whole, its simulated truth is true, and its standard errors are by series."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import accuracy, automatic, processes, rolling, speed


def test_a_small_run_writes_its_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECASTING_SHARED", str(tmp_path))
    kept = ("fc.auto", "negative binomial, moments of the last 12", "UnobservedComponents")
    few = {name: forecaster for name, forecaster in rolling.forecasters().items() if name in kept}
    monkeypatch.setattr(rolling, "forecasters", lambda: few)
    arguments = ["--series", "5", "--workers", "1", "--folder", str(tmp_path), "--peers", str(tmp_path / "python")]
    accuracy.main([*arguments, "--store", str(tmp_path / "store.jsonl")])
    results = json.loads((tmp_path / "accuracy.json").read_text())
    assert list(results["collections"]) == ["simulated"]
    assert "not installed" in results["statsforecast"]
    ours = results["collections"]["simulated"]["fc.auto"]
    assert (ours["forecasts"], ours["failures"], ours["below_zero"], ours["fractional"]) == (15, 0, 0.0, 0.0)
    assert 0.0 < results["collections"]["simulated"][accuracy.TRUTH]["scaled_crps"] < 2.0
    page = (tmp_path / "accuracy.md").read_text()
    assert "## simulated, by process" in page
    assert "| **fc.auto** |" in page


def test_a_failure_is_replaced_and_counted() -> None:
    training, truth = next(processes.collection(1)[0].cuts())

    def broken(*_: object) -> rolling.Forecast:
        raise ValueError("no")

    def exploding(*_: object) -> rolling.Forecast:
        return rolling.Forecast(np.full((rolling.HORIZON, len(rolling.LEVELS)), np.inf))

    rng = np.random.default_rng(1)
    replaced = rolling.attempted(rolling.empirical(12), training, truth, rng)
    for forecaster, message in ((broken, "ValueError: no"), (exploding, "ArithmeticError")):
        score = rolling.attempted(forecaster, training, truth, rng)
        assert message in str(score["failure"])
        assert score["crps"] == replaced["crps"]


@pytest.mark.parametrize("process", processes.PROCESSES)
def test_the_truth_is_calibrated(process: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the months lie in the central half of their true distribution, or more as counts are whole."""
    monkeypatch.setattr(processes, "PATHS", 300)
    number = list(processes.PROCESSES).index(process)
    names = [processes.simulate(number + len(processes.PROCESSES) * k)[0] for k in range(25)]
    every = {task.unique_id: task for task in processes.collection(25 * len(processes.PROCESSES))}
    below, above = [], []
    for name in names:
        training, truth = next(every[name].cuts())
        issued = processes.truth(name, training, np.random.default_rng(2))
        low, high = issued.quantile([0.25, 0.75]).to_numpy().T
        below.append((truth < low).mean())
        above.append((truth > high).mean())
    for share in (below, above):
        error = np.std(share, ddof=1) / np.sqrt(len(share))
        assert np.mean(share) < 0.25 + 4.0 * error


def test_standard_errors_are_by_series() -> None:
    """Three equal forecasts of a series tell no more than one."""
    once = [[1.0], [2.0], [4.0], [None]]
    thrice = [series * 3 for series in once]
    zero = [[0.0 for _ in series] for series in thrice]
    found = accuracy.difference(thrice, zero)
    assert found is not None
    assert found["mean"] == pytest.approx(7.0 / 3.0)
    assert found["se"] == pytest.approx(np.std([1.0, 2.0, 4.0], ddof=1) / np.sqrt(3.0))


def test_forecasts_are_timed_without_peers(tmp_path: Path) -> None:
    result = automatic.measure(1, tmp_path / "python", series=1)
    assert all(result[name] > 0 for name in automatic.CALLS)
    assert any("not installed" in line for line in automatic.table(result))


def test_one_section_is_measured_and_the_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"campy": {"fit": 6.1, "search, one kind, 1000 replicates": 1500.0}}
    (tmp_path / "speed.json").write_text(json.dumps({"ingarch": kept, "earlier": []}))
    monkeypatch.setattr(speed.maximum_likelihood, "measure", lambda *_: {"forecasting": {}})
    monkeypatch.setattr(speed.maximum_likelihood, "table", lambda _: ["a line"])
    monkeypatch.setattr(speed.ingarch, "table", lambda _: ["another"])
    speed.main(["--only", "maximum_likelihood", "--folder", str(tmp_path)])
    page = (tmp_path / "speed.md").read_text()
    assert "| INGARCH, one fit, R's time over ours | at least 50 | 100.00 | yes |" in page
    assert page.count("Measured in an earlier run.") == 1
    assert "not measured" in page
