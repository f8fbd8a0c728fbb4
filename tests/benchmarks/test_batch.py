"""The benchmark of batches runs, with few series."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import batch, batch_runs


def test_a_small_run_writes_its_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch, "SIZES", {batch.LIGHT: (2,)})
    cost = {"series": 2, "months": 60, "model": "auto", "wall_s": 2.0, "cpu_ms_per_series": 60.0, "load_before": 0.5}
    monkeypatch.setattr(batch, "on_cluster", lambda series, workers: cost | {"workers": workers})
    arguments = [
        "--smaller",
        "500",
        "--model",
        "Climatology",
        "--peers",
        str(tmp_path / "python"),
        "--folder",
        str(tmp_path),
    ]
    batch.main(arguments)
    found = json.loads((tmp_path / "batch.json").read_text())["pieces"]
    assert list(found) == ["comparison", "Dask, 1", "Dask, 2", "HistoricalMoments of 200 draws, 2"]
    assert found["comparison"]["forecasting"]["cpu_ms_per_series"] > 0
    assert found["HistoricalMoments of 200 draws, 2"]["parent_mb"] > 20
    assert found["HistoricalMoments of 200 draws, 2"]["largest_worker_mb"] > 20
    page = (tmp_path / "batch.md").read_text()
    assert "not installed" in page
    assert "series a day on one core" in page
    assert not (tmp_path / "batch.jsonl").exists()


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    def broken() -> dict[str, object]:
        raise RuntimeError("interrupted")

    store, once = tmp_path / "batch.jsonl", [{"n": 1}]
    with pytest.raises(RuntimeError, match="interrupted"):
        batch.carried_out({"a": once.pop, "b": broken}, store)
    assert batch.carried_out({"a": once.pop, "b": lambda: {"n": 2}}, store) == {"a": {"n": 1}, "b": {"n": 2}}


def test_series_do_not_depend_on_their_number() -> None:
    assert list(batch_runs.rows(2, 5)) == list(batch_runs.rows(3, 5))[:10]
