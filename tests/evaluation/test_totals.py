from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import InvalidInput
from forecasting.evaluation import PIT, backtest, total_card, total_crps
from forecasting.evaluation.totals import TOTAL_INTERVALS, read_totals
from forecasting.predictive import Predictive
from tests.evaluation.forecasts import mixed
from tests.evaluation.test_backtest import recent, series, wide


def crps_by_pairs(draws: np.ndarray[Any, Any], y: float) -> float:
    return float(np.abs(draws - y).mean() - 0.5 * np.abs(draws[:, None] - draws).mean())


def test_totals_are_scored_as_sums_of_paths(rng: np.random.Generator) -> None:
    forecast = mixed(40.0, rng, draws=75, horizon=12)
    y = rng.poisson(50.0, 12).astype(float)
    card = total_card(y, forecast, (1, 5, 12)).set_index("total")
    for size in (1, 5, 12):
        draws, truth = forecast.paths[:, :size].sum(axis=1).astype(float), float(y[:size].sum())
        row = card.loc[size]
        assert row["y"] == truth
        assert row["crps"] == pytest.approx(crps_by_pairs(draws, truth))
        assert row["pit_lower"] == pytest.approx((draws < truth).mean())
        assert row["pit_upper"] == pytest.approx((draws <= truth).mean())
        total = forecast.total(forecast.months[0], forecast.months[size - 1])
        for name, level in TOTAL_INTERVALS.items():
            low, high = total.interval(level)
            assert row[name] == (low <= truth <= high)
        assert row["absolute_error"] == abs(total.median - truth)
    np.testing.assert_allclose(total_crps(y, forecast, (1, 5, 12)), card["crps"])


def test_a_total_with_an_unknown_month_has_no_score(rng: np.random.Generator) -> None:
    y = np.array([3.0, 5.0, np.nan, 4.0])
    card = total_card(y, mixed(4.0, rng, horizon=4), (2, 3, 4))
    assert card["y"].notna().tolist() == [True, False, False]
    assert card.drop(columns="total").iloc[1:].isna().to_numpy().all()


@pytest.mark.parametrize(
    ("totals", "horizon", "expected"),
    [(None, 12, (3, 6, 12)), (None, 7, (3, 6)), (None, 2, (2,)), (None, 1, ()), ((), 12, ()), ([6, 1], 6, (1, 6))],
)
def test_the_totals_of_a_horizon(totals: Any, horizon: int, expected: tuple[int, ...]) -> None:
    assert read_totals(totals, horizon) == expected


@pytest.mark.parametrize("totals", [(3, 7), (0,), (3, 3), (1.5,), ("3",), "36", 3])
def test_totals_that_make_no_sense_are_refused_before_any_work(totals: Any) -> None:
    def never(data: Any, horizon: int, *, rng: Any) -> Predictive:
        raise AssertionError

    with pytest.raises(InvalidInput, match="totals="):
        backtest({"never": never}, series(), horizon=6, totals=totals, rng=1)


def test_a_backtest_scores_totals_beside_months() -> None:
    data = [series("a"), series("b", seed=4)]
    result = backtest({"recent": recent, "wide": wide}, data, horizon=6, origins=2, totals=(2, 6), keep=True, rng=1)
    assert len(result.totals) == 2 * 2 * 2 * 2
    row = result.totals.query("unique_id == 'b' and model == 'wide' and total == 6").iloc[1]
    months = result.scores.query("unique_id == 'b' and model == 'wide'")
    months = months[months["origin"] == row["origin"]]
    issued = result.forecasts["b", "wide", row["origin"]]
    assert row["y"] == months["y"].sum()
    assert row["crps"] == pytest.approx(crps_by_pairs(issued.paths.sum(axis=1).astype(float), row["y"]))
    assert row["scaled_crps"] == pytest.approx(
        row["crps"] / 6 / (months["crps"].iloc[0] / months["scaled_crps"].iloc[0])
    )
    table = result.table()
    mine = result.totals.query("model == 'recent'")
    for total in (2, 6):
        rows = mine[mine["total"] == total]
        assert table.loc["recent", f"total_{total}_crps"] == pytest.approx(rows["crps"].mean())
        assert table.loc["recent", f"total_{total}_cover_90"] == rows["cover_90"].mean()
        assert result.by_total("scaled_crps").loc[total, "recent"] == pytest.approx(rows["scaled_crps"].mean())
    assert result.by_total()["n"].tolist() == [4, 4]
    transforms = result.pit("recent", total=6)
    assert isinstance(transforms, PIT)
    assert (transforms.n, transforms.unit) == (4, "totals of 6 months")
    compared = result.compare("recent", "wide", "crps", total=6, rng=2)
    assert compared.mean == pytest.approx(result.by_total().loc[6, "recent"] - result.by_total().loc[6, "wide"])
    with pytest.raises(InvalidInput, match="totals of 2, 6 months"):
        result.pit("recent", total=3)
    with pytest.raises(InvalidInput, match="no score 'rps' of totals"):
        result.by_total("rps")


def test_calibrated_totals_have_uniform_transforms(rng: np.random.Generator) -> None:
    """Outcomes drawn from the forecast's own paths: coverage of the totals is their level."""
    forecast = mixed(8.0, rng, draws=2000, horizon=6)
    ends = np.concatenate(
        [
            total_card(forecast.paths[s], forecast, (3, 6))[["pit_lower", "pit_upper"]].to_numpy()
            for s in range(0, 2000, 10)
        ]
    )
    spread = PIT(ends[:, 0], ends[:, 1]).cdf([0.05, 0.5, 0.95])
    np.testing.assert_allclose(spread, [0.05, 0.5, 0.95], atol=3.0 / np.sqrt(400))


def test_a_model_that_fails_leaves_the_totals_of_the_others(rng: np.random.Generator) -> None:
    def broken(data: Any, horizon: int, *, rng: Any) -> Predictive:
        raise RuntimeError("no")

    result = backtest({"recent": recent, "broken": broken}, series(), horizon=6, origins=1, rng=rng)
    assert set(result.totals["model"]) == {"recent"}
    assert result.by_total().empty
    assert pd.isna(result.table().get("total_6_crps", pd.Series([np.nan]))).all()
