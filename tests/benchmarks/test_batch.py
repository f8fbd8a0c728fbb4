"""The benchmark of batches runs, with few series."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import batch


def test_without_peers(tmp_path: Path) -> None:
    result = batch.measure(3, model="Climatology", peers=tmp_path / "python")
    assert result["forecasting"]["series"] == 3
    assert result["forecasting"]["cpu_ms_per_series"] > 0
    assert "not installed" in "\n".join(batch.table(result))


def test_growth_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batch.main(["--scale", "2", "--model", "Climatology", "--workers", "1", "--folder", str(tmp_path)])
    found = json.loads((tmp_path / "batch-growth.json").read_text())["growth"]
    assert [row["series"] for row in found] == [2]
    assert all(row["largest_process_mb"] > 0 for row in found)
    assert "series a day on one core" in capsys.readouterr().out


def test_series_do_not_depend_on_their_number() -> None:
    assert list(batch.rows(2, 5)) == list(batch.rows(3, 5))[:10]
