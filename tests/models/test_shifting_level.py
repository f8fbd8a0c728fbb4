"""A level that wanders and jumps: its filter against enumeration, its forecasts after breaks, its season."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from forecasting import CountSeries, InvalidInput, InvalidSeries, NegativeBinomial, ShiftingLevel
from forecasting.kernels.hidden import filter_levels
from forecasting.kernels.season import centred_year, fit_season, harmonics
from tests.models import data

Float = NDArray[np.float64]


def series(values: NDArray[np.int64] | list[int]) -> CountSeries:
    return CountSeries(pd.period_range("2018-01", periods=len(values), freq="M"), values)


def broken(level: float, after: float, months: int, seed: int) -> CountSeries:
    rng = np.random.default_rng(seed)
    return series(np.r_[rng.poisson(level, 42 - months), rng.poisson(after, months)])


# The filter


def by_paths(emission: Float, moves: Float, prior: Float) -> float:
    """The log probability of all months: a sum over every path of the level and every pair of parameters."""
    months, ways, points = emission.shape
    whole = 0.0
    for k, e in itertools.product(range(len(moves)), range(ways)):
        for path in itertools.product(range(points), repeat=months):
            steps = np.prod([moves[k, a, b] for a, b in itertools.pairwise(path)])
            likely = np.exp(sum(emission[t, e, x] for t, x in enumerate(path)))
            whole += prior[k, e] / points * steps * likely
    return float(np.log(whole))


@pytest.mark.parametrize("seed", range(5))
def test_the_filter_sums_over_every_path(seed: int) -> None:
    rng = np.random.default_rng(seed)
    emission = rng.normal(-3.0, 2.0, (4, 2, 3))
    moves = rng.dirichlet(np.ones(3), (2, 3))
    prior = rng.dirichlet(np.ones(4)).reshape(2, 2)
    found = filter_levels(emission, moves, np.log(prior))
    for end in (1, 2, 4):
        assert found.log_terms[:end].sum() == pytest.approx(by_paths(emission[:end], moves, prior), rel=1e-10)
    np.testing.assert_allclose(found.level.sum(axis=-1), 1.0)
    assert found.weight.sum() == pytest.approx(1.0)


def test_scores_are_those_of_forecasts_made_at_the_time() -> None:
    """Without a season the score of a month is the log probability that the months before gave it."""
    y = data.simulated(30)
    model = ShiftingLevel(seasonal=False)
    scores = model.filtered(y).one_step_scores()
    before = y.until("2017-06") if "2017-06" in y.months else y.until(y.months[-4])
    ahead = model.forecast(before, 1, draws=20_000, rng=3)
    month = before.months[-1] + 1
    at = int((month - y.months[0]).n)
    assert ahead.logpmf(month, int(y.values[at])) == pytest.approx(scores[at], abs=0.15)


def test_a_missing_month_says_nothing() -> None:
    gappy = CountSeries(["2020-01", "2020-02", "2020-03", "2020-04"], [5, 7, 0, 6], missing=[False, False, True, False])
    found = ShiftingLevel().filtered(gappy)
    assert found.found.log_terms[2] == pytest.approx(0.0, abs=1e-12)
    assert len(found.one_step_scores()) == 3


# Forecasts


@pytest.mark.parametrize(("level", "after"), [(300, 30), (1000, 30), (30, 300), (30, 3)])
@pytest.mark.parametrize("months", [3, 6])
def test_three_months_at_a_new_level_are_believed(level: int, after: int, months: int) -> None:
    medians, inside = [], 0
    for seed in range(6):
        forecast = ShiftingLevel().forecast(broken(level, after, months, seed), 1, rng=seed)
        medians.append(float(forecast.quantile(0.5).iloc[0, 0]))
        lower, upper = forecast.interval(0.9).iloc[0]
        inside += lower <= after <= upper
    assert 0.6 * after < np.median(medians) < 1.6 * after
    assert inside >= 5


def test_a_single_outlier_is_not() -> None:
    forecast = ShiftingLevel().forecast(broken(300, 30, 1, 4), 1, rng=1)
    assert forecast.quantile(0.5).iloc[0, 0] > 200


def test_the_expected_level_stays_where_no_jumps_come() -> None:
    forecast = ShiftingLevel(hazard=0.0, seasonal=False).forecast(data.simulated(48), 12, draws=40_000, rng=2)
    assert forecast.expected.iloc[-1] == pytest.approx(forecast.expected.iloc[0], rel=0.05)


def test_totals_of_a_year_cover_on_a_random_walk() -> None:
    rng, inside = np.random.default_rng(5), 0
    for seed in range(60):
        level = 40.0 * np.exp(np.cumsum(rng.normal(0.0, 0.1, 60)))
        y = NegativeBinomial().sample(level, 0.02, rng=rng)
        lower, upper = ShiftingLevel().forecast(series(y[:48]), 12, draws=500, rng=seed).total().interval(0.9)
        inside += lower <= y[48:].sum() <= upper
    assert inside >= 48  # 90% less three standard errors of 60 trials is 47


def test_a_season_is_found_and_followed() -> None:
    rng = np.random.default_rng(6)
    shape = np.exp(0.6 * np.cos(2.0 * np.pi * np.arange(72) / 12.0))
    forecast = ShiftingLevel().forecast(series(rng.poisson(60.0 * shape[:60])), 12, rng=1)
    assert np.corrcoef(np.log(forecast.expected), np.log(shape[60:]))[0, 1] > 0.95


@pytest.mark.parametrize("level", [0, 1, 10**6])
def test_any_level_is_forecast(level: int) -> None:
    forecast = ShiftingLevel().forecast(series([level] * 30), 3, rng=1)
    lower, upper = forecast.interval(0.9).iloc[0]
    assert lower <= level <= upper


# The season


def test_the_season_is_the_ridge_that_linear_algebra_gives() -> None:
    """With one scale and equal weights the harmonics are those of a ridge; here the answer is in proportion to the truth."""
    rng = np.random.default_rng(7)
    months = np.arange(96)
    y = rng.poisson(400.0 * np.exp(0.3 * np.sin(2.0 * np.pi * months / 12.0))).astype(float)
    season = fit_season(y, np.zeros(96, dtype=bool))
    assert season is not None
    assert season.mean[6] == pytest.approx(0.3, abs=0.03)  # the first sine
    assert np.abs(np.delete(season.mean, 6)).max() < 0.03
    drawn = season.draw(months[:12], 4000, np.random.default_rng(1))
    np.testing.assert_allclose(drawn.var(axis=0), season.variance(months[:12]), rtol=0.1)
    np.testing.assert_allclose(drawn.mean(axis=0), season.log_factors(months[:12]), atol=0.01)


def test_no_season_is_made_of_noise() -> None:
    rng = np.random.default_rng(8)
    sizes = []
    for _ in range(20):
        season = fit_season(rng.poisson(50, 60).astype(float), np.zeros(60, dtype=bool))
        assert season is not None
        sizes.append(np.abs(season.log_factors(np.arange(12))).max())
    assert np.median(sizes) < 0.05


@pytest.mark.parametrize("size", [0.0, 0.4])
def test_a_break_is_not_a_season(size: float) -> None:
    """Three months of a tenth at the end leave the season what it was, and a season that is not there stays known as such."""
    rng, months, none = np.random.default_rng(9), np.arange(42), np.zeros(42, dtype=bool)
    mean = 300.0 * np.exp(size * np.sin(2.0 * np.pi * months / 12.0))
    for _ in range(10):
        y = NegativeBinomial().sample(mean, 0.03, rng=rng).astype(float)
        whole, found = (fit_season(x, none[: x.size]) for x in (y[:39], np.r_[y[:39], np.floor(0.1 * y[39:])]))
        assert whole is not None
        assert found is not None
        assert np.abs(found.log_factors(months) - whole.log_factors(months)).mean() < (0.1 if size else 0.04)
        assert size or found.variance(months).mean() < 0.0045


def test_a_month_that_stands_out_every_year_stays_in_the_season() -> None:
    rng, months = np.random.default_rng(10), np.arange(60)
    y = rng.poisson(np.where(months % 12 == 11, 400.0, 50.0)).astype(float)
    season = fit_season(y, np.zeros(60, dtype=bool))
    assert season is not None
    factors = season.log_factors(months[:12])
    assert factors[11] - np.median(factors) == pytest.approx(np.log(8.0), abs=0.2)


def test_a_centred_year_of_constant_counts_is_constant() -> None:
    missing = np.zeros(30, dtype=bool)
    missing[[3, 17]] = True
    counts = np.where(missing, 0.0, 8.0)
    np.testing.assert_allclose(centred_year(counts, missing), 8.0)
    assert harmonics(np.arange(24)).shape == (24, 11)


# Input


def test_bad_input_is_refused() -> None:
    with pytest.raises(InvalidSeries, match="2 known months"):
        ShiftingLevel().forecast(series([3, 4]), 1, rng=1)
    with pytest.raises(InvalidInput, match="hazard"):
        ShiftingLevel(hazard=1.5)
    with pytest.raises(InvalidInput, match="jump"):
        ShiftingLevel(jump=1.0)
