"""A forecast is a distribution: marginals exact given the draws, joint quantities from the paths."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import logsumexp

from forecasting.distributions import Distribution, NegativeBinomial, Poisson
from forecasting.errors import InvalidInput, InvalidWindow, SamplingError, TooLarge
from forecasting.months import month_range
from forecasting.predictive import Predictive, Quantity

MONTHS = month_range("2023-12", "2024-02")
LEVELS = [0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.999]


def forecast(level: float = 30.0, spread: float = 0.3, cv: float = 0.3, draws: int = 200, seed: int = 5) -> Predictive:
    rng = np.random.default_rng(seed)
    mean = level * np.exp(spread * rng.standard_normal((draws, len(MONTHS))))
    alpha = np.square(cv * rng.standard_normal(draws))
    return Predictive.draw(MONTHS, mean, (alpha,), NegativeBinomial(), name="requests", rng=rng)


def with_paths(paths: list[list[int]]) -> Predictive:
    """A forecast whose paths are given and whose means do not matter."""
    array = np.array(paths)
    months = pd.period_range("2023-12", periods=array.shape[1], freq="M")
    return Predictive(months, array, np.ones(array.shape), (), Poisson(), "requests")


def naive_pmf(predictive: Predictive, column: int, counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The mixture written out: one row of log probabilities a draw, averaged."""
    rows = predictive.distribution.logpmf(counts, predictive.mean[:, [column]], *(s[:, None] for s in predictive.shape))
    return np.asarray(np.exp(logsumexp(rows, axis=0) - np.log(len(rows))))


def forecasts(highest: float) -> st.SearchStrategy[Predictive]:
    return st.builds(
        forecast,
        level=st.floats(0.01, highest),
        spread=st.floats(0.0, 1.0),
        cv=st.floats(0.0, 1.0),
        draws=st.integers(1, 60),
        seed=st.integers(0, 10**6),
    )


# One month


@given(forecasts(1e6), st.lists(st.floats(1e-6, 1 - 1e-9), min_size=1, max_size=5))
@settings(max_examples=60)
def test_a_quantile_is_the_smallest_count_that_reaches_its_level(predictive: Predictive, levels: list[float]) -> None:
    table = predictive.quantile(levels)
    for month in predictive.months:
        for level, y in zip(levels, table.loc[month], strict=True):
            assert predictive.cdf(month, y) >= level
            assert predictive.cdf(month, y - 1) < level


@given(forecasts(1e6))
@settings(max_examples=40)
def test_quantiles_rise_with_the_level(predictive: Predictive) -> None:
    table = predictive.quantile(LEVELS)
    assert (np.diff(table.to_numpy(), axis=1) >= 0).all()
    assert (table.dtypes == np.int64).all()
    assert table.columns.tolist() == LEVELS
    assert table.index.equals(MONTHS)
    assert table.index.name == "ds"


@given(forecasts(50.0))
@settings(max_examples=40)
def test_the_pmf_sums_to_one_and_agrees_with_cdf_and_exceedance(predictive: Predictive) -> None:
    pmf = predictive.pmf("2024-01")
    assert abs(pmf.sum() - 1.0) < 1e-8
    for y in {0, len(pmf) // 3, len(pmf) - 1}:
        assert predictive.cdf("2024-01", y) == pytest.approx(pmf.loc[:y].sum(), abs=1e-11)
        assert predictive.exceedance("2024-01", y) == pytest.approx(pmf.loc[y + 1 :].sum(), abs=1.1e-9)


def test_the_pmf_is_the_average_over_the_draws() -> None:
    predictive = forecast()
    pmf = predictive.pmf("2023-12", upto=150)
    np.testing.assert_allclose(pmf, naive_pmf(predictive, 0, np.arange(151)), rtol=1e-12)
    assert pmf.index.tolist() == list(range(151))


def test_the_marginal_has_no_noise_of_the_paths() -> None:
    one, other = forecast(), forecast()
    shuffled = Predictive(MONTHS, other.paths[::-1] + 7, other.mean, other.shape, other.distribution, other.name)
    pd.testing.assert_frame_equal(one.quantile(LEVELS), shuffled.quantile(LEVELS))


def test_exceedance_is_strict() -> None:
    certain = with_paths([[0]])
    assert certain.exceedance("2023-12", -1) == 1.0
    assert certain.exceedance("2023-12", 0) == pytest.approx(1 - np.exp(-1.0))
    assert certain.exceedance("2023-12", 0.5) == certain.exceedance("2023-12", 0)
    assert certain.cdf("2023-12", -1) == 0.0
    assert certain.cdf("2023-12", float("inf")) == 1.0


def test_log_probabilities_survive_the_far_tail() -> None:
    predictive = with_paths([[0], [0]])
    assert predictive.logpmf("2023-12", 500) == pytest.approx(-1.0 - np.log(np.arange(1, 501)).sum())
    assert predictive.exceedance("2023-12", 80) > 0.0


def test_a_mean_of_zero_is_certainly_zero() -> None:
    predictive = Predictive(MONTHS, np.zeros((2, 3), int), np.zeros((2, 3)), (), Poisson(), "none")
    assert predictive.quantile([0.999]).to_numpy().tolist() == [[0], [0], [0]]
    assert predictive.pmf("2024-01").tolist() == [1.0]
    assert predictive.logpmf("2024-01", 3) == -np.inf


def test_intervals_are_central() -> None:
    predictive = forecast()
    interval = predictive.interval(0.9)
    assert interval.columns.tolist() == ["lower", "upper"]
    expected = predictive.quantile([(1 - 0.9) / 2, 1 - (1 - 0.9) / 2])
    np.testing.assert_array_equal(interval, expected)
    np.testing.assert_allclose(predictive.expected, predictive.mean.mean(axis=0))


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 0.09, 2.0])
def test_quantiles_reach_counts_of_a_million(alpha: float) -> None:
    mean = 1e6 * np.exp(0.3 * np.linspace(-2, 2, 90)).reshape(30, 3)
    paths = np.ones((30, 3), int)  # a poor guess costs no accuracy
    predictive = Predictive(MONTHS, paths, mean, (np.full(30, alpha),), NegativeBinomial(), "large")
    for level, y in predictive.quantile(LEVELS).loc["2024-01"].items():
        assert predictive.cdf("2024-01", y) >= float(str(level)) > predictive.cdf("2024-01", y - 1)


def test_quantiles_are_quick() -> None:
    predictive = forecast(level=500.0, draws=4000)
    started = time.process_time()
    predictive.interval()
    assert time.process_time() - started < 1.0


# Several months


@given(st.integers(0, 2), st.integers(0, 2))
def test_totals_are_sums_of_paths(first: int, last: int) -> None:
    first, last = sorted((first, last))
    predictive = forecast()
    total = predictive.total(MONTHS[first], MONTHS[last])
    np.testing.assert_array_equal(total.draws, predictive.paths[:, first : last + 1].sum(axis=1))


def test_a_total_is_the_whole_forecast_by_default() -> None:
    predictive = forecast()
    np.testing.assert_array_equal(predictive.total().draws, predictive.paths.sum(axis=1))
    assert predictive.total().name == "total 2023-12..2024-02"
    assert predictive.total("2024-01", "2024-01").name == "total 2024-01"


def test_ratios_are_taken_path_by_path() -> None:
    ratio = with_paths([[2, 2, 6], [1, 3, 2], [0, 0, 5]]).ratio(("2024-02", "2024-02"), ("2023-12", "2024-01"))
    assert ratio.draws.tolist() == [1.5, 0.5, np.inf]
    assert ratio.median == 1.5
    assert ratio.mean == np.inf
    assert ratio.exceedance(0.5) == pytest.approx(2 / 3)


def test_nothing_over_nothing_is_no_ratio() -> None:
    with pytest.raises(InvalidInput, match="0/0 in 1 of 2 paths"):
        with_paths([[0, 0], [1, 2]]).ratio(("2024-01", "2024-01"), ("2023-12", "2023-12"))


def test_a_quantity_is_summarised_by_its_draws() -> None:
    quantity = Quantity("total", np.arange(100.0))
    assert quantity.quantile([0.25, 0.5]).tolist() == [24.0, 49.0]
    assert quantity.interval(0.5) == (24.0, 74.0)
    assert quantity.exceedance(98) == 0.01
    assert not quantity.draws.flags.writeable
    with pytest.raises(InvalidInput, match="NaN"):
        Quantity("total", np.array([1.0, np.nan]))


# Paths


@pytest.mark.parametrize(("distribution", "shape"), [(Poisson(), ()), (NegativeBinomial(), (np.full(4000, 0.1),))])
def test_drawn_and_coupled_paths_follow_the_mixture(
    distribution: Distribution, shape: tuple[NDArray[np.float64], ...], rng: np.random.Generator
) -> None:
    mean = np.tile([5.0, 50.0, 500.0], (4000, 1))
    drawn = Predictive.draw(MONTHS, mean, shape, distribution, name="s", rng=rng)
    coupled = Predictive.coupled(MONTHS, mean, shape, distribution, rng.random(mean.shape), "s")
    for predictive in (drawn, coupled):
        error = predictive.paths.std(axis=0) / np.sqrt(4000)
        assert (abs(predictive.paths.mean(axis=0) - mean[0]) < 4 * error).all()
        upper = predictive.quantile([0.9])[0.9].to_numpy()
        shares = (predictive.paths <= upper).mean(axis=0)
        exact = [predictive.cdf(month, y) for month, y in zip(MONTHS, upper, strict=True)]
        np.testing.assert_allclose(shares, exact, atol=4 * np.sqrt(0.1 * 0.9 / 4000))


@given(st.floats(0.1, 1e5), st.floats(0.0, 2.0), st.floats(1.0, 3.0), st.integers(0, 10**6))
@settings(max_examples=40)
def test_equal_uniforms_keep_the_order_of_the_means(level: float, alpha: float, factor: float, seed: int) -> None:
    uniforms = np.random.default_rng(seed).random((50, 3))
    low, high = (
        Predictive.coupled(MONTHS, np.full((50, 3), mean), (np.full(50, alpha),), NegativeBinomial(), uniforms, "s")
        for mean in (level, level * factor)
    )
    assert (high.paths >= low.paths).all()


# Tables


def test_the_long_table_follows_the_convention_of_forecast_tables() -> None:
    predictive = forecast()
    table = predictive.to_frame(levels=[0.5, 0.975])
    columns = ["unique_id", "ds", "mean", "median", "lo-50", "hi-50", "lo-97.5", "hi-97.5"]
    assert table.columns.tolist() == columns
    assert table["ds"].tolist() == [month.to_timestamp() for month in MONTHS]
    np.testing.assert_array_equal(table["median"], predictive.quantile(0.5)[0.5])
    np.testing.assert_array_equal(table[["lo-50", "hi-50"]], predictive.interval(0.5))
    assert predictive.to_frame(levels=[]).columns.tolist() == columns[:4]


def test_samples_hold_every_path() -> None:
    predictive = forecast()
    wide = predictive.samples().pivot_table(index="sample_id", columns="ds", values="y")
    np.testing.assert_array_equal(wide, predictive.paths)


def test_it_shows_itself() -> None:
    predictive = forecast()
    assert repr(predictive) == "Predictive('requests', 2023-12..2024-02, 200 draws)"
    outside = Predictive(MONTHS, predictive.paths, predictive.mean, predictive.shape, predictive.distribution, "<b>")
    assert "&lt;b&gt;" in outside._repr_html_()
    assert "<b>" not in outside._repr_html_()


# What is refused


def test_arrays_are_copies_that_nobody_can_change() -> None:
    mean = np.ones((2, 3))
    predictive = Predictive(MONTHS, np.ones((2, 3), int), mean, (), Poisson(), "s")
    mean[0, 0] = 9.0
    assert predictive.mean[0, 0] == 1.0
    for array in (predictive.mean, predictive.paths, *forecast().shape):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"months": MONTHS[[0, 2, 1]]}, "out of order"),
        ({"months": MONTHS[:0]}, "at least one month"),
        ({"months": MONTHS.to_timestamp()}, "PeriodIndex"),
        ({"months": MONTHS[:2]}, r"\[draws, 2\]"),
        ({"paths": np.ones((2, 3))}, "counts"),
        ({"paths": np.ones((1, 3), int)}, "counts"),
        ({"paths": -np.ones((2, 3), int)}, "counts"),
        ({"mean": -np.ones((2, 3))}, "negative"),
        ({"mean": np.ones(3)}, "draws"),
        ({"shape": ()}, "alpha"),
        ({"shape": (np.ones(3),)}, "each of shape"),
        ({"shape": (np.array([0.1, np.nan]),)}, "alpha must be finite"),
        ({"shape": (np.array([0.1, -1.0]),)}, "alpha must be finite"),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    parts: dict[str, Any] = {
        "months": MONTHS,
        "paths": np.ones((2, 3), int),
        "mean": np.ones((2, 3)),
        "shape": (np.full(2, 0.1),),
        "distribution": NegativeBinomial(),
        "name": "s",
    }
    with pytest.raises(InvalidInput, match=message):
        Predictive(**{**parts, **changes})


@pytest.mark.parametrize("worst", [np.inf, np.nan, 1.1e15])
def test_exploding_means_name_their_month(worst: float, rng: np.random.Generator) -> None:
    mean = np.ones((5, 3))
    mean[2, 1] = worst
    with pytest.raises(SamplingError, match="2024-01 has a mean"):
        Predictive.draw(MONTHS, mean, (), Poisson(), name="s", rng=rng)
    with pytest.raises(SamplingError, match="2024-01"):
        Predictive.coupled(MONTHS, mean, (), Poisson(), rng.random((5, 3)), "s")


def test_counts_past_exact_numbers_are_refused_not_clipped(rng: np.random.Generator) -> None:
    mean, shape = np.full((500, 3), 1e15), (np.full(500, 4.0),)
    with pytest.raises(SamplingError, match="2023-12 has a count"):
        Predictive.coupled(MONTHS, mean, shape, NegativeBinomial(), rng.uniform(0.99, 1.0, (500, 3)), "s")
    tame = Predictive(MONTHS, np.ones((500, 3), int), mean, shape, NegativeBinomial(), "s")
    with pytest.raises(SamplingError, match="2023-12 has a quantile"):
        tame.quantile(0.9999)


def test_drawing_needs_a_generator_and_coupling_uniforms() -> None:
    with pytest.raises(InvalidInput, match="rng is required"):
        Predictive.draw(MONTHS, np.ones((2, 3)), (), Poisson(), name="s", rng=None)  # type: ignore[arg-type]
    for uniforms in (np.ones((2, 3)), np.zeros((2, 2)), np.full((2, 3), np.nan)):
        with pytest.raises(InvalidInput, match="uniforms"):
            Predictive.coupled(MONTHS, np.ones((2, 3)), (), Poisson(), uniforms, "s")


@pytest.mark.parametrize("levels", [[], [0.0], [1.0], [0.5, np.nan], ["high"], [[0.5]], -0.1])
def test_levels_lie_strictly_between_zero_and_one(levels: Any) -> None:
    with pytest.raises(InvalidInput, match="levels"):
        forecast().quantile(levels)
    with pytest.raises(InvalidInput, match="levels"):
        forecast().total().quantile(levels)


def test_unknown_months_name_those_held() -> None:
    predictive = forecast()
    for ask in (predictive.pmf, lambda month: predictive.exceedance(month, 3)):
        with pytest.raises(InvalidInput, match=r"2024-03 is not forecast.*2023-12\.\.2024-02"):
            ask("2024-03")
    with pytest.raises(InvalidWindow, match="leaves the forecast"):
        predictive.total("2024-01", "2024-03")
    with pytest.raises(InvalidWindow, match="ends before"):
        predictive.ratio(("2024-02", "2024-01"), ("2023-12", "2023-12"))


@pytest.mark.parametrize("y", [-1, 0.5, np.nan])
def test_a_probability_is_asked_of_a_count(y: float) -> None:
    with pytest.raises(InvalidInput, match="whole number"):
        forecast().logpmf("2024-01", y)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="NaN"):
        forecast().exceedance("2024-01", np.nan)


def test_a_huge_support_names_the_way_out() -> None:
    with pytest.raises(TooLarge, match=r"quantile\(\) or exceedance\(\)"):
        forecast(level=1e6).pmf("2024-01")
    assert len(forecast(level=1e6, draws=5).pmf("2024-01", upto=9)) == 10
