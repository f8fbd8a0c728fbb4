"""What every model must do; a new one is tested the moment it exists."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest

from forecasting import (
    CountSeries,
    InvalidInput,
    Predictive,
    Seasonal,
    Trend,
    load_ledger,
    models,
)
from forecasting.constraints import Observed
from forecasting.distributions import Distribution
from forecasting.models import reconstruct
from forecasting.terms import Intercept
from tests.contracts.test_distributions import FAMILIES
from tests.models import data

ALL = [
    m
    for _, m in inspect.getmembers(models, inspect.isclass)
    if issubclass(m, models.Model) and not inspect.isabstract(m)
]
TERMS = Intercept() + Trend() + Seasonal()
Y = data.simulated(30)
GET_LOST = load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")

every_model = pytest.mark.parametrize("model", ALL)
each_family = pytest.mark.parametrize("family", [family() for family in FAMILIES], ids=lambda f: type(f).__name__)


def generator() -> np.random.Generator:
    return np.random.default_rng(17)


def test_some_model_is_found() -> None:
    assert models.CountRegression in ALL


@every_model
def test_a_model_forecasts_with_its_defaults(model: type) -> None:
    forecast = model().forecast(Y, 5, draws=200, rng=generator())
    assert isinstance(forecast, Predictive)
    assert forecast.paths.shape[1] == 5
    assert forecast.months[0] == Y.months[-1] + 1
    assert forecast.name == Y.name
    table = forecast.quantile([0.1, 0.5, 0.9]).to_numpy()
    assert (np.diff(table, axis=1) >= 0).all()
    assert (table >= 0).all()


@every_model
def test_forecasts_repeat_with_the_seed(model: type) -> None:
    first, second = (model().forecast(Y, 3, draws=200, rng=generator()) for _ in range(2))
    np.testing.assert_array_equal(first.paths, second.paths)
    np.testing.assert_array_equal(first.mean, second.mean)


@every_model
def test_missing_months_are_not_filled(model: type) -> None:
    """What stands in a missing month means nothing: any number there gives the same forecast."""
    gap = np.arange(30) == 20
    one, other = (CountSeries(Y.months, np.where(gap, filler, Y.values), gap, unique_id="gap") for filler in (0, 999))
    first, second = (model().forecast(series, 3, draws=200, rng=generator()) for series in (one, other))
    np.testing.assert_array_equal(first.paths, second.paths)


@every_model
@pytest.mark.parametrize("horizon", [0, -1, 2.5, True, "3", 10_000])
def test_no_model_takes_impossible_horizons(model: type, horizon: object) -> None:
    with pytest.raises(InvalidInput, match="whole number of months"):
        model().forecast(Y, horizon, draws=200, rng=generator())


@every_model
def test_no_model_draws_without_a_generator(model: type) -> None:
    with pytest.raises(InvalidInput, match="rng is required"):
        model().forecast(Y, 3, rng=None)  # type: ignore[arg-type]


@every_model
@pytest.mark.parametrize("thing", [[1, 2, 3], None, "get_lost"])
def test_no_model_takes_what_is_no_data(model: type, thing: object) -> None:
    with pytest.raises(InvalidInput, match="CountSeries or to Evidence"):
        model().forecast(thing, 3, rng=generator())


@each_family
def test_fit(family: Distribution) -> None:
    fit = models.CountRegression(TERMS, family).fit(Y)
    names = ["intercept", "trend", "cos1", "sin1", *family.shape_names]
    assert list(fit.params.index) == names
    inside = [name for name in names if name not in fit.boundary]
    assert list(fit.bse.index) == list(fit.cov.index) == list(fit.cov.columns) == inside
    assert (np.linalg.eigvalsh(fit.cov) > 0).all()
    assert isinstance(fit.converged, bool)
    assert isinstance(fit.messages, tuple)
    table = fit.summary()
    assert list(table.columns) == [
        *("estimate", "std_err", "lower", "upper"),
        *("factor", "factor_lower", "factor_upper"),
    ]
    assert (table["lower"] <= fit.params).all()
    assert (fit.params <= table["upper"]).all()
    assert np.isfinite([fit.loglik, fit.aic, fit.aicc, fit.bic]).all()


@each_family
@pytest.mark.parametrize("known", [Y, GET_LOST], ids=["series", "facts"])
def test_posterior(family: Distribution, known: Observed) -> None:
    posterior = models.CountRegression(TERMS if known is Y else Intercept() + Trend(), family).posterior(
        known, draws=500, rng=generator()
    )
    assert posterior.draws.shape == (500, len(posterior.names))
    assert np.isfinite(posterior.draws).all()
    assert (posterior.draws[:, len(posterior.names) - len(family.shape_names) :] >= 0).all()
    assert posterior.khat < 0.7
    assert posterior.ess > 50
    assert np.isfinite(posterior.log_evidence)
    assert list(posterior.summary().index) == list(posterior.names)
    forecast = posterior.forecast(4, rng=generator())
    assert forecast.paths.shape == (500, 4)
    assert forecast.paths.dtype == np.int64
    assert (forecast.paths >= 0).all()
    assert list(forecast.months) == list(known.months[-1] + np.arange(1, 5))


def test_equal_seeds_give_equal_numbers() -> None:
    def run() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        posterior = models.CountRegression(Intercept() + Trend()).posterior(GET_LOST, draws=400, rng=generator())
        months = reconstruct(posterior, rng=generator())
        return posterior.draws, posterior.forecast(3, rng=generator()).paths, months.paths

    for first, second in zip(run(), run(), strict=True):
        np.testing.assert_array_equal(first, second)


def test_data_and_global_state_are_left_alone() -> None:
    before, state = Y.values.copy(), np.random.get_state()[1].copy()  # noqa: NPY002
    models.CountRegression(TERMS).posterior(Y, draws=200, rng=generator()).forecast(2, rng=generator())
    np.testing.assert_array_equal(Y.values, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_results_are_frozen() -> None:
    fit = models.CountRegression(TERMS).fit(Y)
    posterior = models.CountRegression(TERMS).posterior(Y, draws=200, rng=generator())
    for thing, name in ((models.CountRegression(TERMS), "terms"), (fit, "loglik"), (posterior, "data")):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, name, None)
    for array in (
        posterior.draws,
        posterior.forecast(2, rng=generator()).paths,
        reconstruct(posterior, rng=generator()).paths,
    ):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("rng", [None, -7, True, 7.0, "7", np.random])
def test_a_generator_or_a_seed_is_required(rng: object) -> None:
    posterior = models.CountRegression(TERMS).posterior(Y, draws=200, rng=generator())
    for call in (
        lambda: models.CountRegression(TERMS).posterior(Y, rng=rng),
        lambda: posterior.forecast(2, rng=rng),
        lambda: models.CountRegression(TERMS).fit(Y).forecast(2, rng=rng),
        lambda: reconstruct(posterior, rng=rng),
    ):
        with pytest.raises(InvalidInput, match="rng is required"):
            call()


@pytest.mark.parametrize("draws", [0, 99, 1000.0, True])
def test_impossible_numbers_of_draws(draws: object) -> None:
    with pytest.raises(InvalidInput, match="draws="):
        models.CountRegression(Intercept()).posterior(Y, draws=draws, rng=generator())


@pytest.mark.parametrize("thing", [[1, 2, 3], None, "get_lost"])
def test_no_fit_takes_what_is_no_data(thing: object) -> None:
    with pytest.raises(InvalidInput, match="CountSeries or to Evidence"):
        models.CountRegression(Intercept()).fit(thing)
