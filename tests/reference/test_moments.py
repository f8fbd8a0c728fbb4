"""Seeded forecasts have the moments that they had; `tests/reference/moments.py` makes the numbers."""

from __future__ import annotations

import json

import pytest

from tests.reference import moments

KEPT = json.loads(moments.FILE.read_text(encoding="utf-8"))


@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning", "ignore::forecasting.ForecastingWarning")
@pytest.mark.parametrize("name", moments.FORECASTS)
def test_moments_of_forecasts_stay(name: str) -> None:
    kept, found = KEPT[name], moments.of_forecast(name)
    assert set(found) == set(kept)
    for number, off in moments.tolerances(kept, moments.FORECASTS[name][2]).items():
        assert found[number] == pytest.approx(kept[number], abs=off), number


def test_every_kept_forecast_is_tried() -> None:
    assert set(KEPT) == {*moments.FORECASTS, "jump"}
