"""What a forecast says of how it was made, and totals that begin in the past."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import forecasting as fc
from forecasting.cli.requests import forecaster
from forecasting.models import known_models
from tests.models import data, toys  # noqa: F401

Y = data.simulated(30)
EVIDENCE = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")


@pytest.mark.parametrize("name", known_models())
@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
def test_every_model_accounts_for_its_forecast(name: str) -> None:
    forecast = forecaster(name, "intercept,trend", "negative-binomial").forecast(Y, 2, draws=200, rng=1)
    account = forecast.account
    assert sum(account.weights.values()) == pytest.approx(1.0)
    assert len(account.members) == (4 if name == "auto" else 1)
    if name != "auto":
        assert account.members[0].name == known_models()[name].__name__
    if account.khat is not None:
        assert 0 < account.ess <= 200
        assert account.to_dict()["members"][0]["draws"] == 200
    again = pickle.loads(pickle.dumps(forecast))
    assert again.account == account


def test_a_distribution_without_a_model_has_no_account() -> None:
    forecast = fc.Predictive(Y.months[:1], [[4]], [[4.0]], (), fc.Poisson(), "y")
    assert forecast.account.members == ()
    assert forecast.account.khat is None


@pytest.mark.parametrize("name", known_models())
@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
def test_a_total_joins_known_months_and_the_future(name: str) -> None:
    forecast = forecaster(name, "intercept,trend", "negative-binomial").forecast(Y, 3, draws=200, rng=1)
    seen = Y.months[-4]
    joined = forecast.total(seen, forecast.months[1])
    expected = Y.values[-4:].sum() + forecast.paths[:, :2].sum(axis=1)
    assert joined.draws.tolist() == expected.tolist()
    assert set(forecast.total(seen, Y.months[-2]).draws) == {float(Y.values[-4:-1].sum())}
    with pytest.raises(fc.InvalidWindow, match="is before the data"):
        forecast.total(Y.months[0] - 1, forecast.months[0])
    with pytest.raises(fc.InvalidWindow, match="leaves the forecast"):
        forecast.total(seen, forecast.months[-1] + 1)


def test_months_known_in_part_are_drawn_with_the_parameters_of_each_path() -> None:
    """The summer is printed, so a total that begins with it is known up to there; within it the draws differ."""
    posterior = fc.CountRegression(fc.Intercept() + fc.Trend()).posterior(EVIDENCE, draws=1000, rng=1)
    forecast = posterior.forecast(2, rng=2)
    summer_on = forecast.total("2023-06", "2023-12")
    assert summer_on.draws.tolist() == (305 + 577 + forecast.paths[:, 0]).tolist()
    august = forecast.total("2023-08", "2023-12").draws - forecast.paths[:, 0] - 577
    assert np.ptp(august) > 20
    # A path with a low level has fewer in April too: the draws are paired, which independent ones would not be.
    april = forecast.total("2023-04", "2023-04").draws
    assert np.corrcoef(april, posterior.draws[:, 1])[0, 1] < -0.3  # a steep trend means a low April


def test_a_month_not_observed_is_drawn_around_its_mean_by_a_model_that_follows_counts() -> None:
    missing = np.zeros(12, dtype=bool)
    missing[9] = True
    gappy = fc.CountSeries(
        [f"2023-{m:02d}" for m in range(1, 13)], [9, 8, 7, 9, 8, 7, 9, 8, 7, 0, 8, 9], missing=missing
    )
    forecast = fc.DynamicLevel().forecast(gappy, 2, draws=1000, rng=1)
    drawn = forecast.total("2023-09", "2023-11").draws - 7 - 8
    assert np.ptp(drawn) > 5
    assert drawn.mean() == pytest.approx(8.0, abs=1.0)
    with pytest.raises(fc.InvalidWindow, match="2023-10 is not known"):
        fc.HistoricalMoments().forecast(gappy, 2, draws=200, rng=1).total("2023-08", "2024-01")
