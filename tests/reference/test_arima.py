"""R's Arima and auto.arima; the numbers and the script that made them stand beside this file."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.kernels.differencing import differences
from forecasting.models.sarima.density import ArimaDensity
from forecasting.models.sarima.fit import highest
from forecasting.models.sarima.future import simulate
from forecasting.models.sarima.model import SARIMA
from forecasting.models.sarima.orders import Orders
from forecasting.models.sarima.search import Limits, Search
from tests.reference import published

CASES = published.expected("arima")
FIXED = [name for name in CASES if name.startswith("Arima_")] + ["auto_arima_stepwise_noapprox:nottem"]
SEARCHED = [name for name in CASES if name.startswith("auto_arima")]
LOGLIK = 5e-3  # R starts its filter with a variance of 10^6 where the likelihood here is exactly diffuse


def transformed(case: str) -> np.ndarray:
    values = np.array(published.values(case), dtype=float)
    return np.log(values) if CASES[case]["log"] else values


def regressors(case: str, months: int) -> dict[str, np.ndarray]:
    columns = {"intercept": np.ones(months), "drift": np.arange(1.0, months + 1.0)}
    return {name: column for name, column in columns.items() if name in CASES[case]["coefficients"]}


def density(case: str) -> ArimaDensity:
    z, known = transformed(case), CASES[case]
    columns = regressors(case, len(z))
    design = np.column_stack([np.empty((len(z), 0)), *columns.values()])
    return ArimaDensity(z, design, tuple(columns), Orders(tuple(known["order"]), tuple(known["seasonal"])), case)


@pytest.mark.parametrize("case", FIXED)
def test_maximum_likelihood(case: str) -> None:
    model, known = density(case), CASES[case]
    mode = highest(model, [model.start])
    beta, _, _ = model.regression(mode.point[None])
    found = dict(zip((*model.names, *model.regressors), [*model.natural(mode.point[None])[0], *beta[0]], strict=True))
    assert mode.converged
    assert mode.value == pytest.approx(known["loglik"], abs=LOGLIK)
    assert model.nobs == known["nobs"]
    for name, value in known["coefficients"].items():
        assert found[name] == pytest.approx(value, abs=2e-3 * known["se"][name])


@pytest.mark.parametrize(
    "case", ["Arima_airline:AirPassengers", "Arima_airline:USAccDeaths", "Arima_100_011_drift:USAccDeaths"]
)
def test_fit_of_counts(case: str) -> None:
    known = CASES[case]
    model = SARIMA(
        tuple(known["order"]),
        tuple(known["seasonal"]),
        transform="log" if known["log"] else None,
        constant="drift" in known["coefficients"],
    )
    fit = model.fit(published.series(case))
    assert fit.converged
    assert not fit.messages
    assert fit.aicc == pytest.approx(known["aicc"], abs=2 * LOGLIK)
    for name, value in known["se"].items():
        assert fit.bse[name] == pytest.approx(value, rel=2e-3)


@pytest.mark.parametrize(
    "case", ["Arima_airline:AirPassengers", "Arima_airline:UKDriverDeaths", "Arima_airline:USAccDeaths"]
)
def test_forecasts_at_the_same_parameters(case: str, rng: np.random.Generator) -> None:
    """Means agree; so do widths relative to the first month, as the variance itself is drawn."""
    model, known = density(case), CASES[case]
    work = highest(model, [model.start]).point
    location, scale, _ = simulate(model, work[None].repeat(100, axis=0), np.empty((24, 0)), rng=rng)
    mean, upper = (np.log(known[key]) if known["log"] else np.array(known[key]) for key in ("mean", "upper"))
    half = upper - mean
    np.testing.assert_allclose(location, np.broadcast_to(mean, location.shape), atol=2e-3 * half.min())
    np.testing.assert_allclose(scale / scale[:, :1], np.broadcast_to(half / half[0], scale.shape), rtol=1e-3)


@pytest.mark.parametrize("case", SEARCHED)
def test_differences(case: str) -> None:
    assert differences(transformed(case)) == (CASES[case]["order"][1], CASES[case]["seasonal"][1])


@pytest.mark.parametrize("case", SEARCHED)
def test_the_search_finds_no_worse_a_model(case: str) -> None:
    """With R's own differences, which the likelihoods of different models must share to be compared."""
    z, known = transformed(case), CASES[case]
    d, seasonal = known["order"][1], known["seasonal"][1]
    constant = {0: {("intercept",): np.ones((len(z), 1))}, 1: {("drift",): np.arange(1.0, len(z) + 1.0)[:, None]}}
    designs = {(): np.empty((len(z), 0))} | constant.get(d + seasonal, {})
    best = Search(z, designs, (d, seasonal), Limits(), case).run()[0]
    assert best.stage == "maximised"
    assert best.aicc <= known["aicc"] + 1e-2
