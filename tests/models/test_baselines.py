"""Baselines against their closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting import (
    Climatology,
    Contaminated,
    CountSeries,
    HistoricalMoments,
    Hurdle,
    InvalidInput,
    NegativeBinomial,
    Poisson,
    SeasonalNaive,
    load_ledger,
)
from forecasting.models import Model
from tests.models import data

Y = data.simulated(40)
BASELINES = [Climatology(), HistoricalMoments(), HistoricalMoments(6, Contaminated()), SeasonalNaive()]
every = pytest.mark.parametrize("model", BASELINES, ids=lambda m: type(m).__name__)


def generator(seed: int = 17) -> np.random.Generator:
    return np.random.default_rng(seed)


def gapped(filler: int = 0) -> CountSeries:
    gap = np.isin(np.arange(40), [3, 30, 35, 39])
    return CountSeries(Y.months, np.where(gap, filler, Y.values), gap)


# Climatology


@pytest.mark.parametrize("last", [5, 12, 40, 100])
def test_climatology_is_the_empirical_distribution(last: int) -> None:
    forecast = Climatology(last).forecast(Y, 3, draws=500, rng=generator())
    recent = Y.values[-last:]
    assert len(forecast.paths) == -(-500 // recent.size) * recent.size
    for month in forecast.months:
        pmf = forecast.pmf(month)
        np.testing.assert_allclose(pmf, [(recent == y).mean() for y in pmf.index], atol=1e-12)
    np.testing.assert_allclose(forecast.expected, recent.mean())
    levels = np.array([0.1, 0.5, 0.9])
    empirical = np.quantile(recent, levels, method="inverted_cdf")
    np.testing.assert_array_equal(forecast.quantile(levels).to_numpy(), np.tile(empirical, (3, 1)))


def test_months_of_a_climatology_are_independent() -> None:
    paths = Climatology(12).forecast(Y, 2, draws=12_000, rng=generator()).paths
    assert abs(np.corrcoef(paths.T)[0, 1]) < 4.0 / np.sqrt(12_000)


def test_climatology_knows_the_months_it_has() -> None:
    forecast = Climatology(4).forecast(gapped(), 1, draws=400, rng=generator())
    recent = Y.values[[34, 36, 37, 38]]
    np.testing.assert_array_equal(np.unique(forecast.paths), np.unique(recent))


# Moments


def moments(counts: np.ndarray) -> tuple[float, float, float]:
    """Mean, over-dispersion, and squared coefficient of variation of the level, as the class states them."""
    n, s = len(counts), counts.sum() + 0.5
    m = s / n
    own, beside = (n - 1) * m**2, 12 * 0.5**2
    moment = (counts.var(ddof=1) - m) / m**2
    alpha = min(max((own * moment + beside * 2.0) / (own + beside), 0.0), n)
    return m, alpha, 1.0 / s + alpha / n


@pytest.mark.parametrize("last", [6, 12, 40])
def test_historical_moments(last: int) -> None:
    m, alpha, variation = moments(Y.values[-last:])
    draws = 40_000
    forecast = HistoricalMoments(last).forecast(Y, 2, draws=draws, rng=generator())
    np.testing.assert_allclose(forecast.shape[0], alpha, rtol=1e-12)
    np.testing.assert_array_equal(forecast.mean[:, 0], forecast.mean[:, 1])
    level = forecast.mean[:, 0]
    assert level.mean() == pytest.approx(m, abs=4.0 * m * np.sqrt(variation / draws))
    spread = 4.0 * np.sqrt((2.0 + 6.0 * variation) / draws)  # kurtosis of a gamma variable
    assert level.var() == pytest.approx(m**2 * variation, rel=spread)
    expected_variance = m + m**2 * ((1.0 + alpha) * (1.0 + variation) - 1.0)
    assert forecast.paths[:, 0].var() == pytest.approx(expected_variance, rel=0.08)


@pytest.mark.parametrize("last", [2, 5, 39, 60])
def test_scores_of_months_look_back_only(last: int) -> None:
    model = HistoricalMoments(last)
    y = Y.values
    scores = model.log_terms(Y)
    assert np.isnan(scores[:3]).all()
    for t in range(3, 40):
        m, alpha, variation = moments(y[max(t - last, 0) : t])
        whole = (1.0 + alpha) * (1.0 + variation) - 1.0
        assert scores[t] == pytest.approx(float(NegativeBinomial().logpmf(y[t], m, whole)), rel=1e-10)
    changed = y.copy()
    changed[30:] = 999
    np.testing.assert_array_equal(model.log_terms(data.series(changed))[:30], scores[:30])
    assert model.log_terms(gapped()).shape == (36,)


def test_scores_are_nearly_the_forecasts() -> None:
    """The score takes level and noise as one negative binomial; the forecast mixes over the level."""
    scores = HistoricalMoments().log_terms(Y)
    for t in (12, 25, 39):
        forecast = HistoricalMoments().forecast(data.series(Y.values[:t]), 1, draws=4000, rng=generator())
        assert scores[t] == pytest.approx(forecast.logpmf(forecast.months[0], int(Y.values[t])), abs=0.15)


# The year before


def test_seasonal_naive() -> None:
    y = Y.values.astype(float)
    forecast = SeasonalNaive().forecast(Y, 26, draws=200, rng=generator())
    expected = y[28 + np.arange(26) % 12] + 0.3 / 12.0
    np.testing.assert_allclose(forecast.mean, np.tile(expected, (200, 1)))
    before, after = y[:-12], y[12:]
    alpha = (np.square(after - before).mean() - before.mean()) / np.mean(before * after)
    assert 0.0 < alpha < 1.0
    np.testing.assert_allclose(forecast.shape[0], alpha)


def test_seasonal_naive_finds_the_noise_it_states() -> None:
    """Each year is negative binomial around the one before: the estimate tends to the truth, from whichever level."""
    rng, alpha = generator(), 0.5
    found = []
    for level in (5.0, 100.0):
        before = rng.poisson(rng.gamma(4.0, level / 4.0, (200, 12)))
        after = rng.poisson(before * rng.gamma(1.0 / alpha, alpha, before.shape))
        pairs = [CountSeries(Y.months[:24], np.concatenate(pair)) for pair in zip(before, after, strict=True)]
        found.append([SeasonalNaive().forecast(s, 1, draws=100, rng=rng).shape[0][0] for s in pairs])
    means, errors = np.mean(found, axis=1), np.std(found, axis=1) / 200**0.5
    np.testing.assert_array_less(np.abs(means - alpha), 0.05 + 3 * errors)  # a ratio of twelve pairs is biased a little


def test_a_surge_after_an_empty_year_is_not_ruled_out() -> None:
    forecast = SeasonalNaive().forecast(
        CountSeries(Y.months[:24], np.repeat([0, 50], 12)), 1, draws=200, rng=generator()
    )
    np.testing.assert_array_equal(forecast.shape[0], 12.0)  # as many as pairs, where the moments say 8,333


def test_seasonal_naive_steps_back_over_missing_months() -> None:
    forecast = SeasonalNaive().forecast(gapped(), 12, draws=200, rng=generator())
    y = Y.values[28:40].astype(float)
    for missing, year_before in ((2, 18), (7, 23), (11, 27)):
        y[missing] = Y.values[year_before]
    np.testing.assert_allclose(forecast.mean[0], y + 0.3 / 12.0)


def test_seasonal_naive_needs_two_years_of_some_month() -> None:
    with pytest.raises(InvalidInput, match="no month is known in two years running"):
        SeasonalNaive().forecast(data.series(Y.values[:12]), 1, rng=generator())
    never = np.isin(np.arange(40), [4, 16, 28])
    with pytest.raises(InvalidInput, match="the calendar month 1 after the data is unknown in every year"):
        SeasonalNaive().forecast(CountSeries(Y.months, Y.values, never), 1, rng=generator())


# All of them


@every
def test_what_stands_in_a_missing_month_means_nothing(model: Model) -> None:
    first, second = (model.forecast(gapped(f), 4, draws=200, rng=generator()) for f in (0, 10**8))
    np.testing.assert_array_equal(first.paths, second.paths)


@every
@pytest.mark.parametrize(
    "counts",
    [np.zeros(30, dtype=int), np.full(30, 7), np.eye(1, 30, 4, dtype=int)[0], generator().poisson(1e6, 30)],
    ids=["zeros", "constant", "one", "million"],
)
def test_any_series(model: Model, counts: np.ndarray) -> None:
    forecast = model.forecast(data.series(counts), 3, draws=1000, rng=generator())
    table = forecast.quantile([0.05, 0.5, 0.95]).to_numpy()
    recent = counts[-12:]
    assert (table[:, 0] <= recent.max()).all()
    assert (table[:, 2] >= recent.min()).all()
    assert table.max() < 2 * recent.max() + 3


@every
def test_totals_are_refused(model: Model) -> None:
    with pytest.raises(InvalidInput, match="only a total, an order or a range is known"):
        model.forecast(load_ledger().evidence("get_lost.desertion_requests"), 3, rng=generator())


@every
def test_too_few_months(model: Model) -> None:
    with pytest.raises(InvalidInput, match="y: "):
        model.forecast(data.series([5, 0, 0], missing=[1, 2]), 1, rng=generator())


@pytest.mark.parametrize("last", [1, 0, -3, 2.5, True, "12"])
@pytest.mark.parametrize("model", [Climatology, HistoricalMoments])
def test_numbers_of_months_that_are_none(model: type, last: object) -> None:
    with pytest.raises(InvalidInput, match="whole number of at least 2"):
        model(last)


@pytest.mark.parametrize("family", [Poisson(), Hurdle()])
def test_moments_need_a_dispersion_alone(family: object) -> None:
    with pytest.raises(InvalidInput, match="alpha as its only shape parameter"):
        HistoricalMoments(distribution=family)
