"""Posteriors and forecasts against quadrature and simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import dblquad, quad
from scipy.special import gammaln

from forecasting import (
    CountRegression,
    CountSeries,
    DynamicLevel,
    Hurdle,
    Intercept,
    NegativeBinomial,
    Poisson,
    Priors,
    Pulse,
    Ramp,
    Seasonal,
    Step,
    Trend,
)
from forecasting.errors import ForecastingWarning
from forecasting.kernels import counts
from forecasting.terms import Term
from tests.models import data


def normal(x: float, centre: float, scale: float) -> float:
    return float(np.exp(-0.5 * ((x - centre) / scale) ** 2) / (scale * np.sqrt(2 * np.pi)))


@pytest.mark.parametrize("values", [[3, 5, 4], [0, 1, 0, 0, 2], [210, 180, 250, 333, 190]])
def test_evidence_and_moments_of_a_poisson_mean(values: list[int], rng: np.random.Generator) -> None:
    y = np.array(values)
    centre = np.log((y.sum() + 0.25) / y.size)

    def joint(log_mean: float) -> float:
        return float(np.exp(np.sum(y * log_mean - np.exp(log_mean) - gammaln(y + 1)))) * normal(log_mean, centre, 2.0)

    limits = {"epsabs": 0.0, "epsrel": 1e-11, "limit": 200, "points": [centre - 1, centre, centre + 1]}
    mass = quad(joint, centre - 8, centre + 4, **limits)[0]
    mean = quad(lambda b: b * joint(b), centre - 8, centre + 4, **limits)[0] / mass
    found = CountRegression(Intercept(), Poisson()).posterior(data.series(values), draws=20_000, rng=rng)
    assert found.log_evidence == pytest.approx(np.log(mass), abs=0.01)
    sd = found.draws[:, 0].std()
    assert found.draws[:, 0].mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(found.ess))


@pytest.mark.parametrize("values", [[3, 9, 4, 16, 7], [20, 21, 22, 20, 21, 22, 20], [0, 0, 7, 1, 0, 0]])
def test_evidence_of_a_negative_binomial(values: list[int], rng: np.random.Generator) -> None:
    y = np.array(values)
    centre = np.log((y.sum() + 0.25) / y.size)

    def joint(log_mean: float, kappa: float) -> float:
        log_likelihood = float(counts.logpmf(y, np.exp(log_mean), kappa**2).sum())
        return np.exp(log_likelihood) * normal(log_mean, centre, 2.0) * 2 * normal(kappa, 0.0, 0.5)

    mass = dblquad(joint, 0.0, 3.0, centre - 5, centre + 5, epsabs=0.0, epsrel=1e-7)[0]
    found = CountRegression(Intercept(), NegativeBinomial()).posterior(data.series(values), draws=20_000, rng=rng)
    assert found.log_evidence == pytest.approx(np.log(mass), abs=0.015)


def test_priors_alone_decide_what_the_data_cannot_see(rng: np.random.Generator) -> None:
    """A season of which three months are known: some direction keeps its prior, and nothing breaks."""
    y = data.series([10, 12, 11])
    found = CountRegression(Intercept() + Trend() + Seasonal(), Poisson(), Priors(seasonal=0.2)).posterior(
        y, draws=4000, rng=rng
    )
    assert found.khat < 0.7
    assert 0.12 < found.draws[:, 3].std() < 0.22


def test_narrower_priors_narrow_the_posterior(rng: np.random.Generator) -> None:
    y = data.simulated(12)
    spread = [
        CountRegression(Intercept() + Trend(), priors=Priors().scaled(factor)).posterior(y, rng=rng).draws[:, 1].std()
        for factor in (0.05, 1.0)
    ]
    assert spread[0] < 0.8 * spread[1]


def test_forecasts_include_parameter_uncertainty(rng: np.random.Generator) -> None:
    """The variance of a forecast is the mean of the variances plus the variance of the means."""
    y = data.simulated(12)
    posterior = CountRegression(Intercept() + Trend()).posterior(y, draws=60_000, rng=rng)
    paths = posterior.forecast(6, rng=rng).paths[:, 5].astype(float)
    mean = np.exp(posterior.log_mean(posterior.future(6))[:, 5])
    alpha = posterior.shape[0]
    kept = mean < np.quantile(mean, 0.99)  # fourth moments are finite there
    inside = np.mean((mean + alpha * mean**2)[kept])
    assert paths[kept].var() == pytest.approx(inside + mean[kept].var(), rel=0.03)
    assert paths[kept].var() > 1.15 * inside
    assert paths[kept].mean() == pytest.approx(mean[kept].mean(), rel=0.01)


def test_the_forecast_of_a_fit_is_the_forecast_of_its_posterior() -> None:
    model, y = CountRegression(Intercept() + Trend()), data.simulated(24)
    one, other = np.random.default_rng(3), np.random.default_rng(3)
    direct = model.fit(y).forecast(3, draws=500, rng=one)
    np.testing.assert_array_equal(direct.paths, model.posterior(y, draws=500, rng=other).forecast(3, rng=other).paths)


def test_posterior_shrinks_to_the_estimate(rng: np.random.Generator) -> None:
    y = data.simulated(240)
    model = CountRegression(Intercept() + Trend() + Seasonal())
    fit, found = model.fit(y), model.posterior(y, draws=8000, rng=rng)
    np.testing.assert_allclose(found.draws.mean(axis=0), fit.params, atol=0.35 * fit.bse.max())
    np.testing.assert_allclose(found.draws.std(axis=0), fit.bse, rtol=0.1)
    assert ((found.draws.mean(axis=0) - fit.params).abs() < 0.3 * fit.bse).all()


def test_draws_travel_to_arviz(rng: np.random.Generator) -> None:
    months = pd.period_range("2023-01", periods=8, freq="M")
    series = CountSeries.from_pandas(pd.Series([3, 5, 4, 8, 9, 12, 7, 9], index=months))
    posterior = CountRegression(Intercept()).posterior(series, draws=200, rng=rng)
    data = posterior.to_arviz()
    assert set(data["posterior"].data_vars) == {"intercept", "alpha"}
    np.testing.assert_array_equal(data["posterior"]["alpha"].to_numpy()[0], posterior.draws[:, 1])
    np.testing.assert_array_equal(data["sample_stats"]["log_likelihood"].to_numpy()[0], posterior.sample.log_likelihood)


def test_empty_months_say_how_often_a_hurdle_is_missed(rng: np.random.Generator) -> None:
    """The hurdle's part of the likelihood stands alone; where a month is empty, its working coordinate cannot be zero."""
    values = [0, 0, 12, 0, 0, 9, 0, 0, 0, 13, 0, 12, 16, 12, 10, 0, 0, 11]
    empty, counted = values.count(0), len(values) - values.count(0)

    def joint(root: float) -> float:
        zero = root**2 / (1.0 + root**2)
        return zero**empty * (1.0 - zero) ** counted * 2.0 * normal(root, 0.0, Priors().hurdle)

    mass, first = quad(joint, 0.0, 30.0)[0], quad(lambda w: w**2 / (1.0 + w**2) * joint(w), 0.0, 30.0)[0]
    model = CountRegression(Intercept() + Trend(), Hurdle(Poisson()))
    found = model.posterior(data.series(values), draws=10_000, rng=rng)
    zero = found.draws[:, found.names.index("zero")]
    assert zero.mean() == pytest.approx(first / mass, abs=5 * zero.std() / np.sqrt(found.ess))


@pytest.mark.parametrize(
    ("event", "named"),
    [
        (Step("2034-09"), "step[2034-09]"),
        (Step("2019-01"), "step[2019-01]"),
        (Pulse("2034-09"), "pulse[2034-09]"),
        (Ramp("2019-01", end="2019-06"), "ramp[2019-01..2019-06]"),
    ],
)
def test_an_event_beside_the_data_is_told(event: Term, named: str) -> None:
    series = CountSeries([f"2023-{month:02d}" for month in range(1, 9)], [12, 9, 14, 11, 8, 13, 10, 12])
    rng = np.random.default_rng(1)
    for model in (CountRegression(Intercept() + event, Poisson()), DynamicLevel(terms=event)):
        with pytest.warns(ForecastingWarning, match=r"the same in all months of y, 2023-01..2023-08") as told:
            model.posterior(series, draws=100, rng=rng)
        assert [str(one.message).split(":")[0] for one in told] == [named]
    CountRegression(Intercept() + Step("2023-05"), Poisson()).posterior(series, draws=100, rng=rng)  # no warning
