"""Seasonal ARIMA: likelihood with gaps against statsmodels, forecasts against theory, calibration, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting import SARIMA, Covariate, Exposure, Intercept, InvalidInput, NotIdentified, Pulse, SamplingError, Step
from forecasting.evidence import load_ledger
from forecasting.kernels.differencing import seasonal_strength
from forecasting.models.base import Refitted
from forecasting.models.sarima.density import ArimaDensity
from forecasting.models.sarima.future import innovations, simulate
from forecasting.models.sarima.orders import Orders
from forecasting.series import CountSeries
from tests.models import data

AIRLINE = Orders((0, 1, 1), (0, 1, 1))


def airline(size: int, seed: int, theta: float = 0.4, seasonal: float = 0.6, sigma: float = 0.15) -> np.ndarray:
    """The log of a series that follows the airline model."""
    rng = np.random.default_rng(seed)
    e = sigma * rng.standard_normal(size + 26)
    w = e.copy()
    w[1:] -= theta * e[:-1]
    w[12:] -= seasonal * e[:-12]
    w[13:] += theta * seasonal * e[:-13]
    z = np.zeros(size + 26)
    for t in range(13, size + 26):
        z[t] = z[t - 1] + z[t - 12] - z[t - 13] + w[t]
    return 4.0 + z[26:] - z[26:].mean()


def counts(z: np.ndarray, missing: tuple[int, ...] = ()) -> CountSeries:
    return data.series(np.maximum(np.round(np.exp(z)), 0).astype(int), missing=missing)


Y = counts(airline(96, 1))


def oracle(z: np.ndarray, orders: Orders, params: np.ndarray, exog: np.ndarray | None = None) -> float:
    """Log likelihood by statsmodels, diffuse start, without the contributions of the months that differencing consumes."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    model = SARIMAX(z, exog, orders.order, (*orders.seasonal, 12), use_exact_diffuse=True)
    filtered = model.smooth(params, transformed=True)
    diffuse = filtered.filter_results.nobs_diffuse
    return float(np.sum(filtered.filter_results.llf_obs[diffuse:]))


# Gaps: none, in the middle, at both ends, a whole year.
@pytest.mark.parametrize("gaps", [(), (40,), (20, 21, 55), (0, 59), tuple(range(24, 36))])
@pytest.mark.parametrize("orders", [AIRLINE, Orders((2, 0, 0), (0, 0, 1)), Orders((0, 1, 2), (1, 0, 0))], ids=str)
def test_likelihood_with_gaps(orders: Orders, gaps: tuple[int, ...], rng: np.random.Generator) -> None:
    """Differences of log likelihoods: constants of the diffuse start drop out."""
    z = airline(60, 3)
    z[list(gaps)] = np.nan
    density = ArimaDensity(z, np.empty((60, 0)), (), orders, "z")
    points = rng.normal(0.0, 0.6, (4, orders.size))
    natural, linear = density.natural(points), density.regression(points)[2]
    p, q, seasonal_p, _ = orders.factors
    expected = []
    for coefs, variance in zip(natural, linear, strict=True):
        expected.append(oracle(z, orders, np.r_[coefs[:p], coefs[p : p + q], coefs[p + q :], variance]))
    found = density.profile(points)
    assert seasonal_p <= 1
    np.testing.assert_allclose(np.diff(found), np.diff(expected), atol=2e-6)
    if not gaps:
        np.testing.assert_allclose(found, expected, atol=1e-6)
    assert density.nobs == 60 - len(gaps) - orders.lost


def test_a_gap_is_no_observation() -> None:
    """Months before and after a series change nothing where nothing is known of them."""
    inner, outer = (
        SARIMA().fit(Y),
        SARIMA().fit(counts(np.r_[[9.0] * 5, airline(96, 1), [9.0] * 3], (0, 1, 2, 3, 4, 101, 102, 103))),
    )
    assert outer.loglik == pytest.approx(inner.loglik, abs=1e-8)
    assert outer.nobs == inner.nobs
    np.testing.assert_allclose(outer.params, inner.params, rtol=1e-5)


def test_forecast_moments_equal_the_kalman_filter(rng: np.random.Generator) -> None:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    z = airline(96, 4)
    z[[30, 31, 70]] = np.nan
    density = ArimaDensity(z, np.empty((96, 0)), (), AIRLINE, "z")
    work = np.array([[-0.5, -0.8]])
    ma, seasonal = density.natural(work)[0]
    predicted = SARIMAX(z, order=(0, 1, 1), seasonal_order=(0, 1, 1, 12), use_exact_diffuse=True).smooth(
        [ma, seasonal, 1.0]
    )
    expected = predicted.get_forecast(18)
    location, scale, paths = simulate(density, work.repeat(4000, axis=0), np.empty((18, 0)), rng=rng)
    variance = density.regression(work)[2][0]
    # Gaps are drawn with the draw's own variance, so the location varies; its mean and the total variance must agree.
    error = np.sqrt(variance * expected.var_pred_mean / 4000)
    assert (np.abs(location.mean(axis=0) - expected.predicted_mean) < 4 * error).all()
    ratio = density.nobs / (density.freedom - 2)  # mean of the drawn variance over the estimate
    total = np.square(scale).mean(axis=0) + location.var(axis=0)
    np.testing.assert_allclose(total, variance * ratio * expected.var_pred_mean, rtol=0.08)
    np.testing.assert_allclose(paths.var(axis=0), variance * ratio * expected.var_pred_mean, rtol=0.12)


@pytest.mark.parametrize("seed", range(3))
def test_maximum_equals_statsmodels(seed: int) -> None:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    z = airline(120, seed)
    fit = SARIMA(transform="log").fit(counts(z))
    theirs = SARIMAX(fit.density.filled, order=(0, 1, 1), seasonal_order=(0, 1, 1, 12), simple_differencing=True).fit(
        disp=0, maxiter=200
    )
    assert fit.loglik >= theirs.llf - 1e-6
    assert fit.loglik == pytest.approx(theirs.llf, abs=1e-3)
    assert fit.converged
    assert fit.aic == pytest.approx(-2 * fit.loglik + 6)


@pytest.mark.parametrize("transform", [None, "sqrt", "anscombe", "log1p"])
def test_a_forecast_is_a_distribution_of_counts(transform: str | None) -> None:
    few = data.simulated(48, level=0.5)
    forecast = SARIMA((1, 0, 0), (0, 0, 0), transform).forecast(few, 6, draws=400, rng=np.random.default_rng(1))
    pmf = forecast.pmf(forecast.months[2])
    assert pmf.sum() == pytest.approx(1.0, abs=1e-8)
    assert (forecast.paths >= 0).all()
    assert forecast.expected.iloc[2] == pytest.approx(pmf @ pmf.index.to_numpy(), abs=1e-3)
    assert pmf.iloc[0] > 0.05
    sampled = (forecast.paths[:, 2] == 0).mean()
    assert sampled == pytest.approx(pmf.iloc[0], abs=4 * np.sqrt(0.25 / 400))


@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
def test_intervals_cover() -> None:
    """90% intervals of the third and the twelfth month over 60 series of 60 months; the error of a share is 4%."""
    inside = []
    for seed in range(60):
        z = airline(72, 100 + seed, sigma=0.2)
        future = np.round(np.exp(z[60:]))
        forecast = SARIMA().forecast(counts(z[:60]), 12, draws=200, rng=np.random.default_rng(seed))
        limits = forecast.interval(0.9).to_numpy()[[2, 11]]
        inside.append((limits[:, 0] <= future[[2, 11]]) & (future[[2, 11]] <= limits[:, 1]))
    assert 0.78 <= np.mean(inside) <= 0.98


def test_regression_with_arima_errors() -> None:
    z = airline(96, 7)
    z[60:] += 0.8
    fit = SARIMA(transform="log", terms=Step("2023-01")).fit(counts(z))
    assert fit.params["step[2023-01]"] == pytest.approx(0.8, abs=4 * fit.bse["step[2023-01]"])
    assert fit.bse["step[2023-01]"] < 0.3
    assert list(fit.summary().index) == ["ma1", "sma1", "step[2023-01]", "sigma2"]


def test_a_pulse_is_a_gap() -> None:
    """A month with a coefficient of its own says nothing about the others: the same estimates as where it is missing."""
    z = airline(72, 8)
    with_pulse, gap = SARIMA(terms=Pulse("2020-06")).fit(counts(z)), SARIMA().fit(counts(z, (29,)))
    np.testing.assert_allclose(with_pulse.params[["ma1", "sma1"]], gap.params[["ma1", "sma1"]], atol=0.05)
    later = [m.forecast(3, draws=400, rng=np.random.default_rng(2)).expected for m in (with_pulse, gap)]
    np.testing.assert_allclose(later[0], later[1], rtol=0.05)


def test_future_covariates_are_required() -> None:
    known = pd.Series(np.arange(96.0) % 7, index=Y.months)
    model = SARIMA(terms=Covariate("spend", known))
    assert "spend" in model.fit(Y).params
    with pytest.raises(InvalidInput, match="has no value for 2026-01"):
        model.forecast(Y, 2, draws=100, rng=np.random.default_rng(1))


def test_exposure_moves_the_forecast() -> None:
    doubled = pd.Series(np.r_[np.ones(96), np.full(3, 2.0)], index=data.months(99))
    plain, more = (
        SARIMA(transform="log", terms=terms).forecast(Y, 3, draws=200, rng=np.random.default_rng(1))
        for terms in (None, Exposure(doubled))
    )
    np.testing.assert_allclose(more.expected, 2.0 * plain.expected, rtol=1e-3)
    with pytest.raises(InvalidInput, match="exposure multiplies"):
        SARIMA(transform="sqrt", terms=Exposure("days"))


def test_drift_goes_on() -> None:
    y = data.series(np.round(np.exp(3 + 0.02 * np.arange(60))).astype(int) + np.arange(60) % 2)
    fit = SARIMA((0, 1, 1), (0, 0, 0), "log", constant=True).fit(y)
    assert fit.params["drift"] == pytest.approx(0.02, abs=0.002)
    assert fit.boundary == ("ma1",)
    assert fit.converged
    assert fit.params["ma1"] == -1.0
    assert any("edge of their range" in message for message in fit.messages)
    assert "ma1" not in fit.bse
    assert np.isnan(fit.summary().loc["ma1", "std_err"])


def test_without_arma_coefficients() -> None:
    forecast = SARIMA((0, 1, 0), (0, 0, 0)).forecast(Y, 4, draws=200, rng=np.random.default_rng(1))
    assert (np.diff(forecast.shape[1], axis=1) > 0).all()
    fit = SARIMA((0, 1, 0), (0, 0, 0)).fit(Y)
    assert list(fit.params.index) == ["sigma2"]
    assert fit.converged


def test_impossible_models() -> None:
    for wrong in (
        {"order": (1, 1)},
        {"order": (-1, 0, 0)},
        {"order": (0, 3, 0)},
        {"order": (0.5, 0, 0)},
        {"seasonal": (30, 0, 0)},
        {"order": (12, 0, 0), "seasonal": (1, 0, 0)},
        {"transform": "boxcox"},
        {"transform": ["log"]},
        {"constant": True},
    ):
        with pytest.raises(InvalidInput):
            SARIMA(**wrong)


def test_impossible_data() -> None:
    with pytest.raises(InvalidInput, match="too few for ARIMA"):
        SARIMA().fit(data.series([3, 4, 5, 6, 7, 2, 3, 4, 5, 6, 7, 8, 9, 4, 5]))
    with pytest.raises(InvalidInput, match="constant"):
        SARIMA((1, 0, 0), (0, 0, 0)).fit(data.series([7] * 40))
    with pytest.raises(InvalidInput, match="counted zero"):
        SARIMA(transform="log").fit(data.series([0, 3, 4] * 12))
    with pytest.raises(InvalidInput, match="only a total, an order or a range"):
        SARIMA((0, 1, 0), (0, 0, 0)).fit(load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests"))
    with pytest.raises(InvalidInput, match="never observed"):
        SARIMA().fit(data.series(Y.values[:60], missing=range(3, 60, 12)))
    with pytest.raises(NotIdentified, match="intercept"):
        SARIMA(terms=Intercept()).fit(Y)


def test_an_explosion_is_an_error() -> None:
    growing = data.series(np.round(np.exp(0.2 * np.arange(100))).astype(int))
    with pytest.raises(SamplingError, match="explode"):
        SARIMA((0, 2, 1), (0, 0, 0), "log").forecast(growing, 240, draws=100, rng=np.random.default_rng(1))


def test_search() -> None:
    y = counts(airline(96, 8))
    found = SARIMA.auto(y)
    assert found.best.orders.differences == (1, 1)
    assert found.table["aicc"].is_monotonic_increasing
    assert found.table["model"].iloc[0] == str(found.best.orders)
    assert found.fit.aicc == pytest.approx(found.table["aicc"].iloc[0], abs=1e-4)
    assert found.fit.aicc <= SARIMA().fit(y).aicc + 1e-6
    forced = SARIMA.auto(y, differences=(0, 1))
    assert forced.best.orders.differences == (0, 1)
    assert forced.best.seasonal[1] == 1


def test_seasonal_strength_is_that_of_stl() -> None:
    from statsmodels.tsa.seasonal import STL

    for seed in range(5):
        z = airline(96, seed)
        parts = STL(z, period=12, seasonal=11, seasonal_deg=0).fit()
        expected = 1.0 - np.var(parts.resid) / np.var(parts.resid + parts.seasonal)
        assert seasonal_strength(z) == pytest.approx(expected, abs=0.03)


def test_search_with_gaps_and_few_months() -> None:
    gappy = counts(airline(60, 5), (3, 17, 18, 40))
    found = SARIMA.auto(gappy)
    assert found.fit.nobs == 56 - found.best.orders.lost
    short = SARIMA.auto(data.series([4, 7, 5, 6, 9, 3, 4, 8, 6, 5, 7, 4]))
    assert short.best.orders.longest < 12
    with pytest.raises(InvalidInput, match="too few"):
        SARIMA.auto(data.series([3, 4]))


@pytest.mark.parametrize("order", [(1, 0, 1), (0, 1, 2)])
def test_each_month_is_foretold_as_by_statsmodels(order: tuple[int, int, int]) -> None:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    model = SARIMA(order, (0, 0, 0), constant=False)
    density = model.density(Y)
    work = density.start[None] + np.array([0.3, -0.6])
    location, scale = innovations(density, work, rng=np.random.default_rng(1))
    theirs = SARIMAX(np.log1p(Y.values), order=order, use_exact_diffuse=True).filter([*density.natural(work)[0], 1.0])
    lost = order[1]
    np.testing.assert_allclose(location[0], theirs.forecasts[0, lost:], rtol=1e-8, atol=1e-10)
    ratio = scale[0] / np.sqrt(theirs.forecasts_error_cov[0, 0, lost:])
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-8)


def test_scores_one_month_ahead_are_those_of_new_fits() -> None:
    model = SARIMA((1, 0, 0), (0, 0, 0))
    y = data.series(data.drifting(30), missing=(9,))
    scores = model.posterior(y, draws=500, rng=1).one_step_scores()
    fitted_again = Refitted(model, y, 500, np.random.default_rng(1)).one_step_scores(8)
    assert np.abs(scores[-8:] - fitted_again[-8:]).max() < 0.4
    assert scores[-8:].sum() == pytest.approx(fitted_again[-8:].sum(), abs=0.8)


def test_missing_months_are_drawn_with_their_neighbours() -> None:
    y = data.series(np.r_[np.full(12, 20), [60], np.full(12, 20)] + np.arange(25) % 3, missing=(6,))
    model = SARIMA((0, 1, 0), (0, 0, 0), "sqrt")
    drawn = fc.reconstruct(model.posterior(y, draws=400, rng=1), rng=2).paths
    assert (drawn[:, ~y.missing] == y.values[~y.missing]).all()
    # Between two months a random walk is normal around their middle, with half the variance of a step.
    root = np.sqrt(drawn[:, 6])
    assert root.mean() == pytest.approx(np.sqrt(y.values[[5, 7]]).mean(), abs=0.3)
