"""Scenarios change the level of the months to come and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecasting.distributions import Distribution, NegativeBinomial
from forecasting.errors import InvalidInput, InvalidWindow, SamplingError
from forecasting.models import CountRegression
from forecasting.models.results import Posterior
from forecasting.months import month_range
from forecasting.scenarios.assumptions import Continue, Persist, Revert, Scenario, Shift
from forecasting.scenarios.outlook import Outlook, outlook
from forecasting.series import CountSeries
from forecasting.terms import Exposure, Intercept, Seasonal, Trend

MONTHS = month_range("2022-01", "2023-11")
FUTURE = month_range("2023-12", "2024-05")
ALL = [Persist(), Revert("2023-06", "2023-08"), Continue(), Shift(0.3)]


@dataclass(frozen=True)
class Line:
    """A stand-in for a posterior: a level, a slope, and a season of the calendar month alone."""

    draws: int = 300
    slope: float = 0.05
    name: str = "requests"

    @property
    def months(self) -> pd.PeriodIndex:
        return MONTHS

    @property
    def distribution(self) -> Distribution:
        return NegativeBinomial()

    @property
    def shape(self) -> tuple[NDArray[np.float64], ...]:
        return (np.linspace(0.0, 0.1, self.draws),)

    def future(self, horizon: int) -> pd.PeriodIndex:
        return pd.period_range(self.months[-1] + 1, periods=horizon, freq="M")

    def components(self, months: pd.PeriodIndex) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        time = np.array([(month - self.months[0]).n for month in months], dtype=float)
        level = np.linspace(3.0, 4.0, self.draws)[:, None]
        season = np.sin(2.0 * np.pi * np.asarray(months.month) / 12.0)
        return level + self.slope * time, np.tile(season, (self.draws, 1))

    def recurring(self, months: pd.PeriodIndex) -> NDArray[np.float64]:
        return self.components(months)[1]

    def continued(self, months: pd.PeriodIndex, uniforms: NDArray[np.float64]) -> NDArray[np.float64]:
        with np.errstate(over="ignore"):
            return np.exp(sum(self.components(months)))


@pytest.fixture
def out(rng: np.random.Generator) -> Outlook:
    return outlook(Line(), ALL, rng=rng)


@pytest.fixture(scope="module")
def regression() -> Posterior:
    rng = np.random.default_rng(11)
    counts = rng.poisson(100.0 * np.exp(0.02 * np.arange(len(MONTHS))))
    series = CountSeries.from_pandas(pd.Series(counts, MONTHS, name="requests"))
    terms = Intercept() + Trend() + Seasonal(harmonics=1) + Exposure("days")
    return CountRegression(terms, NegativeBinomial()).posterior(series, draws=500, rng=rng)


# Meanings


def test_the_means_are_those_of_the_formulas(out: Outlook) -> None:
    post = Line()
    structural, recurring = post.components(FUTURE)
    last = post.components(MONTHS[-1:])[0]
    window = np.exp(post.components(month_range("2023-06", "2023-08"))[0]).mean(axis=1, keepdims=True)
    expected = {
        "Persist": np.exp(last + recurring),
        "Revert(2023-06..2023-08)": window * np.exp(recurring),
        "Continue": np.exp(structural + recurring),
        "Shift(+0.3)": np.exp(last + 0.3 + recurring),
    }
    assert list(out.scenarios) == list(expected)
    for name, mean in expected.items():
        np.testing.assert_allclose(out[name].mean, mean, rtol=1e-12)
        assert out[name].months.equals(FUTURE)


def test_without_a_trend_to_go_on_is_to_persist(rng: np.random.Generator) -> None:
    out = outlook(Line(slope=0.0), [Persist(), Continue(), Revert("2022-03", "2023-02")], rng=rng)
    assert not out.difference("Persist", "Continue").draws.any()
    np.testing.assert_allclose(out["Revert(2022-03..2023-02)"].mean, out["Persist"].mean)


def test_to_revert_to_the_last_month_is_to_persist(out: Outlook, rng: np.random.Generator) -> None:
    pair = outlook(Line(), [Persist(), Revert("2023-11", "2023-11")], rng=rng)
    np.testing.assert_allclose(pair["Revert(2023-11..2023-11)"].mean, pair["Persist"].mean)


# Pairing


def test_a_shift_of_nothing_makes_no_difference(rng: np.random.Generator) -> None:
    out = outlook(Line(), [Persist(), Shift(0.0)], rng=rng)
    np.testing.assert_array_equal(out["Persist"].paths, out["Shift(+0.0)"].paths)
    difference = out.difference("Persist", "Shift(+0.0)")
    assert difference.interval() == (0.0, 0.0)


@given(st.floats(0.0, 2.0), st.integers(0, 10**6))
@settings(max_examples=25)
def test_a_shift_upwards_raises_no_path_less(delta: float, seed: int) -> None:
    scenarios = [Shift(delta), Persist(), Shift(-delta - 0.1)]
    out = outlook(Line(draws=40), scenarios, rng=np.random.default_rng(seed))
    up, stay, down = (forecast.paths for forecast in out.scenarios.values())
    assert (up >= stay).all()
    assert (stay >= down).all()


def test_other_scenarios_in_the_request_change_nothing() -> None:
    alone = outlook(Line(), [Continue()], rng=np.random.default_rng(1))
    among = outlook(Line(), ALL, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(alone["Continue"].paths, among["Continue"].paths)


def test_differences_are_paired(out: Outlook) -> None:
    name = "Shift(+0.3)"
    difference = out.difference(name, "Persist", "2024-01", "2024-02")
    paired = (out[name].paths - out["Persist"].paths)[:, 1:3].sum(axis=1)
    np.testing.assert_array_equal(difference.draws, paired)
    assert difference.exceedance(-1) == 1.0
    assert difference.name == "Shift(+0.3) minus Persist, total 2024-01..2024-02"
    independent = np.hypot(out[name].total().draws.std(), out["Persist"].total().draws.std())
    assert out.difference(name, "Persist").draws.std() < independent


# Tables


def test_the_tables_repeat_the_forecasts(out: Outlook) -> None:
    table = out.table(0.8)
    assert table.index.names == ["scenario", "ds"]
    assert table.columns.tolist() == ["mean", "median", "lower", "upper"]
    for name, forecast in out.scenarios.items():
        pd.testing.assert_frame_equal(table.loc[name][["lower", "upper"]], forecast.interval(0.8))
        np.testing.assert_allclose(table.loc[name]["mean"], forecast.expected)
    totals = out.totals()
    assert totals.index.tolist() == list(out.scenarios)
    assert totals.loc["Continue", "median"] == out["Continue"].total().median


def test_the_long_table_has_the_scenario_as_a_key(out: Outlook) -> None:
    table = out.to_frame(levels=[0.9])
    columns = ["unique_id", "scenario", "ds", "mean", "median", "lo-90", "hi-90"]
    assert table.columns.tolist() == columns
    assert len(table) == len(ALL) * 6
    assert not table.duplicated(["unique_id", "scenario", "ds"]).any()


def test_it_shows_itself(out: Outlook) -> None:
    names = "Persist, Revert(2023-06..2023-08), Continue, Shift(+0.3)"
    assert repr(out) == f"Outlook('requests', 2023-12..2024-05: {names})"
    assert names in out._repr_html_()


# Names


def test_scenarios_are_named_by_what_they_assume() -> None:
    assert [Shift(0.3).name, Shift(-1).name, Persist().name] == ["Shift(+0.3)", "Shift(-1.0)", "Persist"]
    assert Revert("2023-06", "2023-08") == Revert("2023-06-30", pd.Period("2023-08", "M"))


def test_a_scenario_of_ones_own_takes_part(rng: np.random.Generator) -> None:
    class Half(Scenario):
        def level(self, post: Any, months: pd.PeriodIndex) -> NDArray[np.float64]:
            return Persist().level(post, months) - np.log(2.0)

    out = outlook(Line(), [Half(), Persist()], rng=rng)
    np.testing.assert_allclose(2.0 * out["Half"].mean, out["Persist"].mean)


# A regression


def test_a_regression_has_an_outlook(regression: Posterior, rng: np.random.Generator) -> None:
    out = outlook(regression, ALL, horizon=6, rng=rng)
    np.testing.assert_allclose(out["Continue"].mean, np.exp(regression.log_mean(FUTURE)))
    assert (out["Shift(+0.3)"].paths >= out["Persist"].paths).all()
    assert out.difference("Continue", "Persist").median > 0
    assert out.difference("Revert(2023-06..2023-08)", "Persist").median < 0


@pytest.mark.parametrize("horizon", [0, -1, 1.5, True, None])
def test_the_horizon_is_a_positive_number_of_months(regression: Posterior, horizon: Any) -> None:
    with pytest.raises(InvalidInput, match="horizon"):
        outlook(regression, ALL, horizon=horizon, rng=np.random.default_rng(1))


# What is refused


@pytest.mark.parametrize(
    ("scenarios", "message"),
    [
        ([], "no scenario"),
        ([Persist(), Persist()], "Persist is given more than once"),
        ([Shift(0.3), Shift(0.30)], "more than once"),
        (["Persist"], "is no scenario"),
        ([Persist], "is no scenario"),
        ([Revert("2021-11", "2022-02")], r"leaves the data of requests, 2022-01\.\.2023-11"),
        ([Revert("2023-11", "2023-12")], "leaves the data"),
    ],
)
def test_scenarios_that_cannot_be_are_refused(scenarios: list[Any], message: str, rng: np.random.Generator) -> None:
    with pytest.raises(InvalidInput, match=message):
        outlook(Line(), scenarios, rng=rng)


@pytest.mark.parametrize("delta", [np.nan, np.inf, "0.3", None])
def test_a_shift_is_a_finite_number(delta: Any) -> None:
    with pytest.raises(InvalidInput, match=r"finite number|one number"):
        Shift(delta)


def test_windows_and_generators_are_checked(out: Outlook) -> None:
    with pytest.raises(InvalidWindow, match="ends before"):
        Revert("2023-08", "2023-06")
    with pytest.raises(InvalidInput, match="rng is required"):
        outlook(Line(), ALL, rng=None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="there is no scenario 'Boom'; there are Persist"):
        out.difference("Boom", "Persist")
    with pytest.raises(InvalidWindow, match="leaves the forecast"):
        out.difference("Continue", "Persist", "2024-05", "2024-06")


def test_a_level_that_explodes_is_an_error(rng: np.random.Generator) -> None:
    for slope in (3.0, 500.0):
        with pytest.raises(SamplingError, match="parameters explode"):
            outlook(Line(slope=slope), [Continue()], rng=rng)


@pytest.mark.parametrize("scenarios", [3, None, 2.5])
def test_scenarios_that_are_no_list_are_refused(scenarios: object) -> None:
    series = CountSeries(pd.period_range("2022-01", periods=6, freq="M"), [4, 6, 5, 7, 3, 5])
    posterior = CountRegression().posterior(series, draws=100, rng=1)
    with pytest.raises(InvalidInput, match="must be a list of scenarios"):
        outlook(posterior, scenarios, rng=1)  # type: ignore[arg-type]
