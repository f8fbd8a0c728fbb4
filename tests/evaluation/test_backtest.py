from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.distributions import NegativeBinomial, Poisson
from forecasting.errors import ForecastingWarning, InvalidInput, InvalidSeries, SamplingError
from forecasting.evaluation import (
    PIT,
    absolute_error,
    backtest,
    coverage,
    crps_from_quantiles,
    dawid_sebastiani,
    log_score,
    pit_ends,
    rps,
    score_card,
)
from forecasting.evaluation.judged import LEVELS
from forecasting.evaluation.origins import exact_counts, seasonal_scale
from forecasting.evidence import load_ledger
from forecasting.models import CountRegression, HistoricalMoments, SeasonalNaive
from forecasting.months import following
from forecasting.predictive import Predictive
from forecasting.series import CountSeries
from forecasting.terms import Intercept, Trend
from tests.evaluation.forecasts import mixed


def series(name: str = "a", size: int = 60, seed: int = 3) -> CountSeries:
    rng = np.random.default_rng(seed)
    return CountSeries(pd.period_range("2018-01", periods=size, freq="M"), rng.poisson(20, size), unique_id=name)


def recent(data: Any, horizon: int, *, rng: np.random.Generator) -> Predictive:
    """The mean of the last year, a little uncertain."""
    level = np.nanmean(exact_counts(data)[-12:]) + 0.5
    mean = level * np.exp(0.1 * rng.normal(size=(150, 1))) * np.ones(horizon)
    return Predictive.draw(following(data.months, horizon), mean, (), Poisson(), name=data.name, rng=rng)


def wide(data: Any, horizon: int, *, rng: np.random.Generator) -> Predictive:
    mean = np.full((150, horizon), np.nanmean(exact_counts(data)) + 0.5)
    months = following(data.months, horizon)
    return Predictive.draw(months, mean, (np.full(150, 2.0),), NegativeBinomial(), name=data.name, rng=rng)


def test_a_row_is_what_the_score_functions_say(rng: np.random.Generator) -> None:
    forecast = mixed(300.0, rng, draws=60, horizon=4)
    y = np.array([150.0, np.nan, 700.0, 0.0])
    card = score_card(y, forecast)
    plain = {
        "log_score": log_score(y, forecast),
        "rps": rps(y, forecast),
        "dss": dawid_sebastiani(y, forecast),
        "crps": crps_from_quantiles(y, forecast.quantile(LEVELS).to_numpy(), LEVELS),
        "absolute_error": absolute_error(y, forecast),
        "cover_50": coverage(y, forecast, 0.5),
        "cover_80": coverage(y, forecast, 0.8),
        "cover_95": coverage(y, forecast, 0.95),
    }
    for name, values in plain.items():
        np.testing.assert_allclose(card[name], values, rtol=1e-9, err_msg=name)
    np.testing.assert_allclose(card[["pit_lower", "pit_upper"]], pit_ends(y, forecast), atol=1e-10)


@pytest.mark.parametrize("mean", [0.05, 3.0, 5e3, 1e6])
def test_quantiles_from_the_table_are_those_of_the_forecast(mean: float, rng: np.random.Generator) -> None:
    forecast = mixed(mean, rng, alpha=0.8)
    y = forecast.paths[0]
    card = score_card(y, forecast)
    expected = crps_from_quantiles(y, forecast.quantile(LEVELS).to_numpy(), LEVELS)
    np.testing.assert_allclose(card["crps"], expected, rtol=1e-9)


def test_the_table_is_complete_and_scaled(rng: np.random.Generator) -> None:
    data = [series("a"), series("b", seed=4)]
    result = backtest({"recent": recent, "wide": wide}, data, horizon=6, origins=2, step=3, rng=rng)
    assert len(result.scores) == 2 * 2 * 2 * 6
    assert result.scores["origin"].unique().tolist() == [pd.Period("2022-03", "M"), pd.Period("2022-06", "M")]
    assert (
        result.scores["ds"]
        == [o + int(h) for o, h in zip(result.scores["origin"], result.scores["horizon"], strict=True)]
    ).all()
    first = result.scores.iloc[0]
    values = data[0].until("2022-03").values
    assert first["scaled_rps"] == pytest.approx(first["rps"] / np.abs(values[12:] - values[:-12]).mean())
    assert first["y"] == data[0].values[51]
    table = result.table()
    assert table["n"].tolist() == [24, 24]
    assert table.loc["wide", "rps"] == pytest.approx(result.scores.query("model == 'wide'")["rps"].mean())
    horizon = result.by_horizon("log_score")
    assert horizon["n"].tolist() == [4] * 6
    assert horizon.loc[6, "recent"] == pytest.approx(
        result.scores.query("model == 'recent' and horizon == 6")["log_score"].mean()
    )
    assert isinstance(result.pit("recent"), PIT)
    assert result.pit("recent").n == 24
    assert "2 series" in repr(result)
    assert "<table" in result._repr_html_()


def test_later_counts_change_no_earlier_forecast() -> None:
    data = series()
    planted = data.values.copy()
    planted[-6:] = 10**6
    changed = CountSeries(data.months, planted, unique_id="a")
    model = CountRegression(Intercept() + Trend(), Poisson())
    results = [
        backtest({"trend": model}, item, horizon=6, origins=3, keep=True, rng=np.random.default_rng(1))
        for item in (data, changed)
    ]
    for job, forecast in results[0].forecasts.items():
        np.testing.assert_array_equal(forecast.paths, results[1].forecasts[job].paths)
    old, new = (result.scores.query("origin < '2022-06'") for result in results)
    pd.testing.assert_frame_equal(old, new)
    assert len(old) == 12
    assert not results[0].scores.equals(results[1].scores)


def test_models_see_nothing_after_the_origin(rng: np.random.Generator) -> None:
    seen = []

    def spy(data: CountSeries, horizon: int, *, rng: np.random.Generator) -> Predictive:
        seen.append(data.months[-1])
        return recent(data, horizon, rng=rng)

    backtest({"spy": spy}, series(), horizon=5, origins=["2020-06", "2019-12"], rng=rng)
    assert [str(month) for month in seen] == ["2019-12", "2020-06"]


def test_order_of_series_and_models_changes_nothing() -> None:
    a, b = series("a"), series("b", seed=4)
    runs = [
        backtest(models, data, horizon=4, origins=2, rng=np.random.default_rng(7)).scores
        for models, data in (
            ({"recent": recent, "wide": wide}, [a, b]),
            ({"wide": wide, "recent": recent}, [b, a]),
            ({"recent": recent}, [b]),
        )
    ]
    key = ["unique_id", "model", "origin", "horizon"]
    first, second, third = (run.sort_values(key, ignore_index=True) for run in runs)
    pd.testing.assert_frame_equal(first, second)
    part = first[(first["unique_id"] == "b") & (first["model"] == "recent")].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, third)
    assert not first.loc[first["unique_id"] == "a", "pit_lower"].equals(
        first.loc[first["unique_id"] == "b", "pit_lower"]
    )


def test_a_failing_model_is_counted_and_does_not_win_by_failing(rng: np.random.Generator) -> None:
    def moody(data: CountSeries, horizon: int, *, rng: np.random.Generator) -> Predictive:
        if data.months[-1].month == 12:
            raise SamplingError("no sample today")
        return recent(data, horizon, rng=rng)

    def short(data: CountSeries, horizon: int, *, rng: np.random.Generator) -> Predictive:
        return recent(data, horizon - 1, rng=rng)

    data = series(size=66)
    result = backtest({"moody": moody, "recent": recent}, data, horizon=6, origins=2, rng=rng)
    assert result.failures.to_dict("records") == [
        {"model": "moody", "message": "SamplingError: no sample today", "count": 1}
    ]
    table = result.table()
    assert table["n"].tolist() == [6, 6]
    assert table["own"].tolist() == [6, 12]
    assert table["failed"].tolist() == [1, 0]
    assert result.by_horizon()["n"].tolist() == [1] * 6
    comparison = result.compare("moody", "recent", rng=rng)
    assert comparison.n == 6
    assert "too few origins to tell (1 of at least 8)" in str(comparison)
    none = backtest({"short": short}, data, horizon=6, origins=1, rng=rng)
    assert none.scores.empty
    assert "does not cover" in none.failures["message"][0]
    assert none.table().loc["short", ["n", "own", "failed"]].tolist() == [0, 0, 1]


def test_origins_with_too_little_before_them_are_failures(rng: np.random.Generator) -> None:
    result = backtest({"recent": recent}, series(size=20), horizon=6, origins=4, rng=rng)
    assert result.failures["count"].tolist() == [2]
    assert "fewer than 6 months" in result.failures["message"][0]
    late = backtest({"recent": recent}, series(size=20), horizon=6, origins=["2030-01"], rng=rng)
    assert "after the last month" in late.failures["message"][0]


def test_months_without_truth_stay_and_score_nothing(rng: np.random.Generator) -> None:
    full = series()
    missing = np.zeros(60, bool)
    missing[[5, 52]] = True
    data = CountSeries(full.months, full.values, missing, "a")
    result = backtest({"recent": recent}, data, horizon=12, origins=["2021-12", "2022-06"], rng=rng)
    assert len(result.scores) == 24
    pending = result.scores[result.scores["y"].isna()]
    assert len(pending) == 1 + 6
    assert pending[["rps", "log_score", "crps", "cover_80", "pit_upper"]].isna().all(axis=None)
    assert result.table().loc["recent", "n"] == 17
    flat = CountSeries(full.months, [4] * 60, unique_id="flat")
    assert np.isnan(seasonal_scale(flat))
    assert seasonal_scale(data) == pytest.approx(
        np.mean([abs(full.values[t] - full.values[t - 12]) for t in range(12, 60) if t not in (17, 52)])
    )


def test_evidence_is_scored_where_it_is_exact(rng: np.random.Generator) -> None:
    evidence = load_ledger().evidence("get_lost.desertion_requests")
    exact = evidence.ranges().query("status == 'exact'")
    last = evidence.months[-1]
    model = CountRegression(Intercept(), NegativeBinomial())
    result = backtest({"level": model}, evidence, horizon=2, origins=[last - 2], minimum=3, rng=rng)
    assert result.failed.empty
    known = result.scores.dropna(subset="y")
    assert set(known["ds"]) == {month for month in exact.index if month > last - 2}
    assert (known["y"].to_numpy() == exact.loc[known["ds"], "lower"].to_numpy()).all()


def test_wrong_requests_are_refused_before_any_work(rng: np.random.Generator) -> None:
    data = series()
    for wrong in ({"horizon": 0}, {"origins": 0}, {"step": 0}, {"minimum": 0}, {"origins": []}, {"origins": "2020-01"}):
        with pytest.raises(InvalidInput):
            backtest({"recent": recent}, data, rng=rng, **wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="rng is required"):
        backtest({"recent": recent}, data, rng=None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="at least one model"):
        backtest({}, data, rng=rng)
    for alone in (recent, SeasonalNaive(), [SeasonalNaive()]):
        with pytest.raises(InvalidInput, match=r"give models by name, even a single one: \{name: model\}"):
            backtest(alone, data, rng=rng)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="no method forecast"):
        backtest({"none": 3}, data, rng=rng)  # type: ignore[dict-item]
    for wrong_data in ([], [data, data], [data.values]):
        with pytest.raises(InvalidSeries):
            backtest({"recent": recent}, wrong_data, rng=rng)  # type: ignore[arg-type]
    result = backtest({"recent": recent}, data, horizon=3, origins=1, rng=rng)
    with pytest.raises(InvalidInput, match="no model 'x'"):
        result.pit("x")
    with pytest.raises(InvalidInput, match="no score 'x'"):
        result.by_horizon("x")


def test_a_table_is_its_series_and_the_bad_ones_are_named(rng: np.random.Generator) -> None:
    months = pd.period_range("2020-01", periods=24, freq="M")
    good = pd.concat(CountSeries(months, rng.poisson(9, 24), unique_id=name).to_frame() for name in ("a", "b"))
    bad = CountSeries(months, rng.poisson(9, 24), unique_id="bad").to_frame().drop(index=7)
    models = {"moments": HistoricalMoments(), "season": SeasonalNaive()}
    with pytest.warns(
        ForecastingWarning, match="1 of 3 series are left out, see `failures`; series 'bad' has no row for 2020-08"
    ):
        result = backtest(models, pd.concat([bad, good]), horizon=3, origins=2, rng=1)
    expected = backtest(
        models, [CountSeries.from_frame(good, name) for name in ("a", "b")], horizon=3, origins=2, rng=1
    )
    pd.testing.assert_frame_equal(result.scores, expected.scores)
    assert result.failed["unique_id"].tolist() == ["bad", "bad"]
    assert result.failed["origin"].isna().all()
    assert result.failures["count"].tolist() == [1, 1]
    assert result.table()["failed"].tolist() == [1, 1]
    with pytest.raises(InvalidSeries, match="no row for 2020-08"):
        backtest(models, bad, rng=1)
    for wrong in (None, 5, "y", [good], object()):
        with pytest.raises(InvalidInput):
            backtest(models, wrong, rng=1)  # type: ignore[arg-type]
