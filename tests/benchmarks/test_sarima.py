"""The benchmark of seasonal ARIMA runs, and its two engines agree on the fit they share."""

from __future__ import annotations

import pytest

from benchmarks import sarima


def test_fits_agree_and_the_search_does_no_worse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarima, "RECORDED", {60: 0.42})
    result = sarima.measure(1)
    row = result["60"]
    assert row["airline_aicc"] <= row["statsmodels_airline_aicc"] + 1e-3
    assert row["auto_s"] > row["fit_s"] > 0
    assert len(sarima.table(result)) == 3
