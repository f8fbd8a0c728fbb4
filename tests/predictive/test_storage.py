"""A stored forecast comes back exactly, and tables have the names that were asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.distributions import OneOf, Point, RoundedNormal

MONTHS = pd.period_range("2024-01", periods=3, freq="M")
SERIES = fc.CountSeries(pd.period_range("2022-01", periods=24, freq="M"), [5, 3, 4, 6] * 6, unique_id="calls")


def alpha(size: int | tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(2).uniform(0.1, 0.5, size)


class Own(Point):
    """A law that the library does not have."""


@pytest.mark.parametrize(
    ("law", "shape"),
    [
        (fc.Poisson(), ()),
        (fc.NegativeBinomial(), (alpha(50),)),
        (fc.NegativeBinomial(), (alpha((50, 3)),)),
        (fc.Contaminated(share=0.02), (alpha(50),)),
        (fc.ZeroInflated(fc.Poisson()), (alpha(50),)),
        (fc.Hurdle(), (alpha(50), alpha(50))),
        (RoundedNormal("sqrt"), (alpha((50, 3)) + 2.0, alpha((50, 3)))),
        (OneOf((fc.Poisson(), fc.ZeroInflated(fc.Poisson()))), (np.arange(50.0) % 2, alpha(50))),
    ],
    ids=repr,
)
def test_a_forecast_comes_back_exactly(law: fc.Poisson, shape: tuple[np.ndarray, ...], tmp_path: Path) -> None:
    forecast = fc.Predictive.draw(MONTHS, np.full((50, 3), 4.5), shape, law, name="naïve, calls", rng=1)
    forecast.save(tmp_path / "forecast.parquet")
    again = fc.Predictive.load(tmp_path / "forecast.parquet")
    assert again.name == forecast.name
    assert again.distribution == forecast.distribution
    assert again.months.equals(forecast.months)
    for ours, theirs in zip(
        (again.paths, again.mean, *again.shape), (forecast.paths, forecast.mean, *forecast.shape), strict=True
    ):
        assert np.array_equal(ours, theirs)
        assert ours.dtype == theirs.dtype
    assert again.quantile([0.05, 0.5, 0.95]).equals(forecast.quantile([0.05, 0.5, 0.95]))


def test_a_pool_is_stored_and_others_read_the_file(tmp_path: Path) -> None:
    forecast = fc.auto(SERIES, horizon=2, rng=1)
    forecast.save(tmp_path / "auto.parquet")
    for kind in (fc.Predictive, fc.PooledForecast):
        again = kind.load(tmp_path / "auto.parquet")
        assert type(again) is fc.Predictive
        assert again.interval(0.8).equals(forecast.interval(0.8))
    table = pd.read_parquet(tmp_path / "auto.parquet")
    assert np.array_equal(table["y[2024-01]"], forecast.paths[:, 0])


def test_what_cannot_be_read_or_stored_is_told(tmp_path: Path) -> None:
    with pytest.raises(fc.InvalidInput, match="there is no file"):
        fc.Predictive.load(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(fc.InvalidInput, match="is not a forecast"):
        fc.Predictive.load(tmp_path / "text.parquet")
    SERIES.to_frame().to_parquet(tmp_path / "table.parquet")
    with pytest.raises(fc.InvalidInput, match="is not a forecast"):
        fc.Predictive.load(tmp_path / "table.parquet")
    with pytest.raises(fc.InvalidInput, match="cannot be stored; store its samples"):
        fc.Predictive(MONTHS, [[1] * 3], [[1.0] * 3], (), Own(), "y").save(tmp_path / "own.parquet")


def test_columns_as_nixtla_names_them() -> None:
    forecast = fc.auto(SERIES, horizon=2, rng=1)
    table = forecast.to_frame([0.9], model="auto")
    assert table.columns.tolist() == ["unique_id", "ds", "auto", "auto-median", "auto-lo-90", "auto-hi-90"]
    assert np.allclose(table["auto"], forecast.to_frame()["mean"])


def test_forecasts_of_a_table_are_one_table() -> None:
    table = pd.concat([SERIES.to_frame(), SERIES.to_frame().assign(unique_id="letters")])
    found = fc.auto(table, horizon=2, rng=1).to_frame([0.8], model="auto")
    assert found["unique_id"].tolist() == ["calls", "calls", "letters", "letters"]
    assert "auto-lo-80" in found
