"""Truth as scores take it: by position, by label, or as a series; and nothing that crosses."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import forecasting as fc
from forecasting.errors import InvalidInput
from forecasting.evaluation.observed import read_observed
from forecasting.evaluation.scores import interval_score_of

MONTHS = pd.period_range("2024-01", periods=3, freq="M")
FORECAST = fc.Predictive.draw(MONTHS, np.full((200, 3), [4.0, 6.0, 9.0]), (), fc.Poisson(), name="y", rng=1)
COUNTS = [3.0, 8.0, 5.0]

SCORES: dict[str, Callable[[Any], Any]] = {
    name: partial(lambda score, observed: score(observed, FORECAST), getattr(fc.evaluation, name))
    for name in (
        *("log_score", "rps", "dawid_sebastiani", "squared_error", "absolute_error", "energy_score", "variogram_score"),
        *("score_card", "pit_ends"),
    )
} | {
    "quantile_score": lambda observed: fc.evaluation.quantile_score(observed, FORECAST, 0.7),
    "interval_score": lambda observed: fc.evaluation.interval_score(observed, FORECAST, 0.8),
    "coverage": lambda observed: fc.evaluation.coverage(observed, FORECAST, 0.8),
    "PIT": lambda observed: fc.evaluation.PIT.of(observed, FORECAST).lower,
    "marginal_calibration": lambda observed: fc.evaluation.marginal_calibration([(observed, FORECAST)]),
    "score_test": lambda observed: fc.evaluation.score_test([(observed, FORECAST)] * 2).statistic,
    "pit_test": lambda observed: fc.evaluation.pit_test([(observed, FORECAST)] * 2, replications=19, rng=1).pvalue,
}


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_every_score_takes_labelled_truth(score: Callable[[Any], Any]) -> None:
    expected = score(COUNTS)
    series = fc.CountSeries(pd.period_range("2023-12", periods=5, freq="M"), [7, *map(int, COUNTS), 2])
    by_month = pd.Series(COUNTS, MONTHS)
    backwards = by_month.set_axis(MONTHS.to_timestamp()).rename_axis("ds").iloc[::-1]
    for observed in (
        by_month,
        by_month.iloc[::-1],
        by_month.set_axis(MONTHS.to_timestamp()),
        by_month.to_dict(),
        backwards.to_xarray(),
        series,
    ):
        np.testing.assert_array_equal(score(observed), expected)


@given(st.permutations(range(3)))
def test_labels_decide_and_not_positions(order: list[int]) -> None:
    rows = list(order)
    observed = pd.Series([COUNTS[k] for k in rows], [str(MONTHS[k]) for k in rows])
    assert read_observed(observed, FORECAST).tolist() == COUNTS


def test_a_series_that_ends_within_the_forecast_leaves_the_rest_open() -> None:
    known = fc.CountSeries(["2023-12", "2024-01", "2024-02"], [1, 3, 0], [False, False, True])
    np.testing.assert_array_equal(read_observed(known, FORECAST), [3.0, np.nan, np.nan])
    facts = fc.load_ledger().evidence("get_lost.desertion_requests", start="2023-09", end="2023-11")
    months = pd.period_range("2023-09", periods=3, freq="M")
    forecast = fc.Predictive.draw(months, np.full((9, 3), 200.0), (), fc.Poisson(), name="y", rng=1)
    np.testing.assert_array_equal(read_observed(facts, forecast), [184.0, 218.0, 175.0])


@pytest.mark.parametrize(
    ("observed", "message"),
    [
        (pd.Series(COUNTS, pd.period_range("2024-02", periods=3, freq="M")), "no value for 2024-01"),
        (
            pd.Series([*COUNTS, 1.0], pd.period_range("2024-01", periods=4, freq="M")),
            "values for 2024-04, which are not among",
        ),
        (pd.Series(COUNTS, list("abc")), "'a' is not a month"),
        (fc.CountSeries(["2023-01"], [3]), "no month of the forecast"),
        ([1, 2], "covers 3 months"),
        (["3", "8", "5"], "are not counts"),
        ("385", "are not counts"),
        ([True, False, True], "are not counts"),
        ([-1, 2, 3], "whole numbers of at least 0"),
        ([1.5, 2, 3], "whole numbers of at least 0"),
        ([np.inf, 2, 3], "whole numbers of at least 0"),
        ([[1, 2, 3]], "has shape"),
        (object(), "are not counts"),
        (None, "has shape"),
        (3, "has shape"),
    ],
)
def test_other_truths_are_refused(observed: Any, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        read_observed(observed, FORECAST)


@pytest.mark.parametrize(
    "observed", [[3, None, 5], [3, pd.NA, 5], pd.array([3, None, 5]), np.ma.masked_invalid([3, np.nan, 5])]
)
def test_missing_values_of_every_library_are_months_without_truth(observed: Any) -> None:
    np.testing.assert_array_equal(read_observed(observed, FORECAST), [3.0, np.nan, 5.0])


def test_arguments_in_the_wrong_order_are_told() -> None:
    with pytest.raises(InvalidInput, match="the counts come first, then the forecast"):
        fc.evaluation.rps(FORECAST, COUNTS)  # type: ignore[arg-type]


# One level is meant, and ends do not cross

ONE_LEVEL: dict[str, Callable[[Any], Any]] = {
    "interval": FORECAST.interval,
    "coverage": lambda level: fc.evaluation.coverage(COUNTS, FORECAST, level),
    "interval_score": lambda level: fc.evaluation.interval_score(COUNTS, FORECAST, level),
    "quantile_score": lambda level: fc.evaluation.quantile_score(COUNTS, FORECAST, level),
    "interval_width": lambda level: fc.evaluation.interval_width(FORECAST, level),
    "interval of a total": FORECAST.total().interval,
    "interval_score_of": lambda level: interval_score_of(np.array(COUNTS), 1, 5, level),
    "conf_int": lambda level: (
        fc.CountRegression(fc.Intercept()).fit(fc.CountSeries(MONTHS, [3, 8, 5])).conf_int("wald", level)
    ),
}


@pytest.mark.parametrize("ask", ONE_LEVEL.values(), ids=ONE_LEVEL)
@pytest.mark.parametrize(
    "level", [[0.5, 0.9], [0.9], (0.9,), np.array([0.5, 0.9]), pd.Series([0.9]), "x", None, 90, 0, 1, np.nan, {}]
)
def test_one_level_is_one_number(ask: Callable[[Any], Any], level: Any) -> None:
    with pytest.raises(InvalidInput):
        ask(level)


@pytest.mark.parametrize("y", [[1, 2], "x", None, np.nan, np.array([1]), True])
def test_one_count_is_one_number(y: Any) -> None:
    for ask in (FORECAST.cdf, FORECAST.exceedance, FORECAST.logpmf):
        with pytest.raises(InvalidInput):
            ask("2024-01", y)
    with pytest.raises(InvalidInput):
        FORECAST.total().exceedance(y)


def test_one_level_or_several_make_a_table() -> None:
    assert FORECAST.to_frame(0.9).equals(FORECAST.to_frame([0.9]))
    with pytest.raises(InvalidInput, match="levels="):
        FORECAST.to_frame("x")


def test_what_crosses_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a lower end lies above its upper end"):
        interval_score_of(np.array(COUNTS), [1, 9, 1], [5, 5, 5], 0.9)
    with pytest.raises(InvalidInput, match="the quantiles of a month cross"):
        fc.evaluation.crps_from_quantiles([3, 3], [[1, 2, 3], [1, 4, 3]], [0.1, 0.5, 0.9])
    with pytest.raises(InvalidInput, match="must increase"):
        fc.evaluation.crps_from_quantiles([3], [[1, 2, 3]], [0.1, 0.9, 0.5])
    with pytest.raises(InvalidInput, match="its ends are reversed"):
        fc.evaluation.PIT([0.5], [0.4])


# Tables with labels


def test_quantiles_of_a_table_are_scored_by_their_months() -> None:
    levels = [0.1, 0.5, 0.9]
    table, truth = FORECAST.quantile(levels), pd.Series(COUNTS, MONTHS)
    expected = fc.evaluation.crps_from_quantiles(COUNTS, table.to_numpy(), levels)
    for observed in (truth, truth.iloc[::-1], truth.set_axis(MONTHS.astype(str)).to_dict()):
        np.testing.assert_array_equal(fc.evaluation.crps_from_quantiles(observed, table, levels), expected)


def test_columns_named_by_months_go_where_they_belong() -> None:
    table = pd.DataFrame([[4, 6, 9], [3, 7, 8]], columns=MONTHS)
    plain = fc.Predictive(MONTHS, table.to_numpy(), table.to_numpy(float), (), fc.Poisson(), "y")
    turned = table.iloc[:, ::-1]
    for named in (turned, turned.set_axis(turned.columns.astype(str), axis=1)):
        forecast = fc.Predictive(MONTHS, named, named.astype(float), (), fc.Poisson(), "y")  # type: ignore[arg-type]
        np.testing.assert_array_equal(forecast.paths, plain.paths)
        np.testing.assert_array_equal(forecast.mean, plain.mean)


BY_POSITION: dict[str, Callable[[], Any]] = {
    "rows": lambda: fc.evaluation.crps_from_quantiles(COUNTS, FORECAST.quantile([0.1, 0.9]).iloc[::-1], [0.1, 0.9]),
    "other rows": lambda: fc.evaluation.crps_from_quantiles(
        pd.Series(COUNTS, MONTHS + 1), FORECAST.quantile([0.1, 0.9]), [0.1, 0.9]
    ),
    "numbered rows": lambda: fc.evaluation.crps_from_quantiles(
        pd.Series(COUNTS, [2, 0, 1]), pd.DataFrame([[1, 2]] * 3), [0.1, 0.9]
    ),
    "levels": lambda: fc.evaluation.crps_from_quantiles(COUNTS, FORECAST.quantile([0.1, 0.9]), [0.2, 0.8]),
    "other months": lambda: fc.Predictive.draw(
        MONTHS, pd.DataFrame(np.ones((9, 3)), columns=MONTHS + 1), (), fc.Poisson(), name="y", rng=1
    ),
    "differences": lambda: fc.evaluation.diebold_mariano(pd.Series(COUNTS, MONTHS).iloc[::-1], 1),
    "weights": lambda: fc.evaluation.variogram_score(
        COUNTS, FORECAST, weights=pd.DataFrame(np.ones((3, 3)), MONTHS[::-1], MONTHS)
    ),
    "scores": lambda: fc.evaluation.skill(pd.Series(COUNTS, MONTHS), pd.Series(COUNTS, MONTHS[::-1])),
}


@pytest.mark.parametrize("ask", BY_POSITION.values(), ids=BY_POSITION)
def test_labels_that_would_be_taken_by_position_are_refused(ask: Callable[[], Any]) -> None:
    with pytest.raises(InvalidInput, match=r"labels|are not|not levels|no value"):
        ask()


def test_scores_in_one_order_are_compared_whatever_it_is() -> None:
    rows = MONTHS[[2, 0, 1]]
    assert fc.evaluation.skill(pd.Series([1.0, 2, 3], rows), pd.Series([2.0, 4, 6], rows)) == 0.5
