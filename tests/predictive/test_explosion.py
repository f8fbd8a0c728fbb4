"""Means that a few draws carry away are flagged; intervals and quantiles stay."""

from __future__ import annotations

import numpy as np
import pytest

import forecasting as fc
from tests.models import data


def lognormal(sigma: float, draws: int = 4000, months: int = 3) -> fc.Predictive:
    """Means with the spread `sigma` of their logarithms in the last month, and hardly any in the others."""
    rng = np.random.default_rng(8)
    mean = np.exp(rng.normal(2.0, 0.1, (draws, months)))
    mean[:, -1] = np.exp(rng.normal(2.0, sigma, draws))
    return fc.Predictive.draw(data.months(months), mean, (), fc.Poisson(), name="calls", rng=rng)


@pytest.mark.parametrize(("sigma", "flagged"), [(0.1, False), (1.0, False), (1.6, False), (3.2, True), (5.0, True)])
def test_the_share_of_a_hundredth_decides(sigma: float, flagged: bool) -> None:
    """That share of a lognormal mean is the normal probability of sigma less 2.33: a half at 2.33."""
    forecast = lognormal(sigma)
    assert bool(forecast.messages) == flagged
    if flagged:
        assert f"calls: the mean of {forecast.months[-1]} is that of a few exploding draws" in forecast.messages[0]
        with pytest.warns(fc.ForecastingWarning, match="exploding draws"):
            assert forecast.expected.iloc[0] == pytest.approx(np.exp(2.005), rel=0.02)
        with pytest.warns(fc.ForecastingWarning, match="exploding draws"):
            forecast.to_frame()
    assert forecast.interval(0.9)["upper"].iloc[-1] == forecast.quantile(0.95)[0.95].iloc[-1]  # without a warning


def test_few_draws_are_not_judged() -> None:
    assert lognormal(5.0, draws=50).messages == ()


def test_rare_events_do_not_explode() -> None:
    """Most paths are zero, and a mean above all of them is as it should be."""
    mean = np.random.default_rng(1).gamma(0.3, 0.05, (4000, 2))
    forecast = fc.Predictive.draw(data.months(2), mean, (), fc.Poisson(), name="rare", rng=np.random.default_rng(2))
    assert forecast.messages == ()
    assert (forecast.quantile(0.95)[0.95] == 0).all()


@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
@pytest.mark.parametrize("model", [fc.Autoregression(), fc.SARIMA()], ids=["ingarch", "sarima"])
def test_a_burst_is_flagged(model: fc.models.Model) -> None:
    series = data.series([0] * 33 + [500, 520, 480])
    forecast = model.forecast(series, 3, rng=np.random.default_rng(1))
    assert str(forecast.months[-1]) in forecast.messages[0]
    assert np.isfinite(forecast.interval(0.9).to_numpy()).all()


@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
@pytest.mark.parametrize("level", [0.2, 3.0, 40.0])
def test_ordinary_forecasts_are_not(level: float) -> None:
    series = data.series(np.random.default_rng(3).poisson(level, 36))
    for model in (fc.Auto(), fc.DynamicLevel(), fc.CountRegression(fc.Intercept() + fc.Trend()), fc.Climatology()):
        assert model.forecast(series, 6, draws=500, rng=np.random.default_rng(1)).messages == ()
