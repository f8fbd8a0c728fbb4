"""Covariates that do not change in the months of the data: the prior alone says how large their effect is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.terms import Term, Terms
from tests.models.data import generator, months

KNOWN, AHEAD = 30, 6
Y = fc.CountSeries(months(KNOWN), generator(7).poisson(8, KNOWN))
MODELS = {
    "regression": lambda term: fc.CountRegression(fc.Intercept() + term),
    "log": lambda term: fc.Autoregression((1,), (), terms=term),
    "external": lambda term: fc.Autoregression((1,), (), terms=term, external=True),
    "identity": lambda term: fc.Autoregression((1,), (), "identity", terms=term),
    "level": lambda term: fc.DynamicLevel(terms=term, seasonal=0),
    "local": lambda term: fc.LocalLevel(terms=term),
    "sarima": lambda term: fc.SARIMA((0, 1, 1), (0, 0, 0), terms=term),
}
VALUES = {
    "ones": np.ones(KNOWN + AHEAD),
    "zeros": np.zeros(KNOWN + AHEAD),
    "tenths": np.full(KNOWN + AHEAD, 0.1),
    "large": np.full(KNOWN + AHEAD, 1e7),
    "rounded": 1.0 + 1e-15 * np.arange(KNOWN + AHEAD),
    "begins": np.repeat([0.0, 1.0], [KNOWN, AHEAD]),
    "ends": np.repeat([1.0, 0.0], [KNOWN, AHEAD]),
    "grows": np.r_[np.zeros(KNOWN), np.arange(1.0, 1.0 + AHEAD)],
}


def policy(values: np.ndarray) -> fc.Covariate:
    return fc.Covariate("policy", pd.Series(values, index=months(len(values))))


def sampled(model: fc.models.BayesianModel) -> fc.models.Posterior:
    with pytest.warns(fc.ForecastingWarning, match=r"policy.*prior alone says"):
        return model.posterior(Y, draws=800, rng=generator())


@pytest.mark.parametrize("values", VALUES)
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.filterwarnings("ignore:.*the same in all months:forecasting.ForecastingWarning")
def test_a_constant_covariate_is_no_fault(name: str, values: str) -> None:
    posterior = MODELS[name](policy(VALUES[values])).posterior(Y, draws=400, rng=generator())
    forecast = posterior.forecast(AHEAD, rng=generator())
    assert np.isfinite(posterior.log_evidence)
    limits = forecast.interval(0.5)
    assert (limits["lower"] < 12).all()
    assert (limits["upper"] > 2).all()
    if values not in ("begins", "ends", "grows"):
        assert forecast.expected.between(5, 12).all()


@pytest.mark.parametrize("name", ["regression", "log", "external", "level", "local"])
def test_a_covariate_still_to_change_is_a_step(name: str) -> None:
    """The same numbers as with the event that it spells out."""
    covariate = sampled(MODELS[name](policy(VALUES["begins"])))
    with pytest.warns(fc.ForecastingWarning, match="step"):
        step = MODELS[name](fc.Step(str(Y.months[-1] + 1))).posterior(Y, draws=800, rng=generator())
    np.testing.assert_array_equal(covariate.draws, step.draws)
    ahead = [posterior.forecast(AHEAD, rng=generator()).paths for posterior in (covariate, step)]
    np.testing.assert_array_equal(*ahead)
    assert covariate.summary().loc["policy", "sd"] == pytest.approx(1.0, rel=0.15)  # the scale of the prior


@pytest.mark.filterwarnings("ignore:.*the same in all months:forecasting.ForecastingWarning")
def test_arima_errors_have_the_same_prior() -> None:
    """On the scale of log(1 + y), of which the change is the normal effect itself."""
    series, step = MODELS["sarima"](policy(VALUES["begins"])), MODELS["sarima"](fc.Step(str(Y.months[-1] + 1)))
    ahead = [one.posterior(Y, draws=800, rng=generator()).forecast(2, rng=generator()) for one in (series, step)]
    flat = MODELS["sarima"](policy(VALUES["ones"])).posterior(Y, draws=800, rng=generator())
    np.testing.assert_array_equal(ahead[0].paths, ahead[1].paths)
    change = ahead[0].shape[0][:, 0] - flat.forecast(2, rng=generator()).shape[0][:, 0]
    assert (np.std(change), np.mean(change)) == (pytest.approx(1.0, rel=0.2), pytest.approx(0.0, abs=0.15))
    with pytest.raises(fc.NotIdentified, match="policy"):
        series.fit(Y)
    with pytest.raises(fc.NotIdentified, match="policy"):
        fc.SARIMA((0, 1, 1), (0, 0, 0), "sqrt", terms=policy(VALUES["ones"])).posterior(Y, rng=1)


@pytest.mark.parametrize("factor", [2.0**30, 2.0**-30])
@pytest.mark.parametrize("name", [name for name in MODELS if name != "sarima"])
def test_the_unit_of_measurement_means_nothing(name: str, factor: float) -> None:
    plain, scaled = (sampled(MODELS[name](policy(size * VALUES["begins"]))) for size in (1.0, factor))
    np.testing.assert_allclose(
        scaled.summary().loc["policy", "sd"] * factor, plain.summary().loc["policy", "sd"], rtol=1e-6
    )
    ahead = [posterior.forecast(AHEAD, rng=generator()).expected for posterior in (plain, scaled)]
    np.testing.assert_allclose(*ahead, rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([0.0, 2.0, 0.0, 2.0, 9.0], 1.0),  # standard deviation of the first four
        ([5.0, 5.0, 5.0, 5.0, 5.0], 5.0),
        ([0.0, 0.0, 0.0, 0.0, 0.0], 1.0),
        ([-3.0, -3.0, -3.0, -3.0, -5.0], 2.0),
        ([0.1, 0.1, 0.1, 0.1, 0.3], 0.2),
        ([1e-12, 3e-12, 1e-12, 3e-12, 9e-12], 1e-12),
    ],
)
def test_the_unit_of_a_covariate(values: list[float], unit: float) -> None:
    assert policy(np.array(values)).unit(months(4)) == pytest.approx(unit)


def test_units_follow_the_columns() -> None:
    terms = fc.Intercept() + fc.Seasonal(2) + policy(np.array([0.0, 6.0, 6.0, 0.0])) + fc.Exposure("days") + fc.Trend()
    assert terms.units(months(4)).tolist() == [1.0] * 5 + [3.0, 1.0]
    assert terms.units(months(4)).shape == (len(terms.columns()),)
    assert Terms(()).units(months(4)).shape == (0,)
    assert Term().unit(months(4)) == 1.0


@pytest.mark.filterwarnings("ignore:.*the same in all months:forecasting.ForecastingWarning")
def test_a_backtest_keeps_the_origins_before_a_change() -> None:
    counts = np.r_[generator(3).poisson(8, 30), generator(4).poisson(16, 12)]
    series = fc.CountSeries(months(42), counts)
    known = policy(np.repeat([0.0, 1.0], [30, 12]))
    found = fc.backtest(
        {name: MODELS[name](known) for name in ("regression", "log", "level", "sarima")},
        series,
        horizon=3,
        origins=[series.months[k] for k in (23, 29, 35)],
        rng=generator(),
    )
    assert found.failed.empty
    assert found.scores.groupby("model")["origin"].nunique().tolist() == [3, 3, 3, 3]


def test_a_fit_names_what_the_data_cannot_see() -> None:
    with pytest.raises(fc.NotIdentified, match="policy"):
        MODELS["regression"](policy(VALUES["begins"])).fit(Y)
