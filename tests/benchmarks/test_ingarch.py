"""The benchmark of INGARCH models runs, and compares with R only where R's series was measured."""

from __future__ import annotations

import pytest

from benchmarks import ingarch


def test_benchmark_without_r(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORECASTING_SHARED", raising=False)
    result = ingarch.measure(1, 19)
    assert list(result) == ["simulated"]
    assert all(times > 0 for times in result["simulated"].values())
    assert not any("R's tscount" in line for line in ingarch.table(result))
    compared = ingarch.table({"campy": result["simulated"]})
    assert any("R's tscount" in line for line in compared)
