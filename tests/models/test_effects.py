"""Effects as factors and results in words: the numbers said are those of the tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecasting as fc

MONTHS = pd.period_range("2021-01", periods=48, freq="M")
STEP = fc.Step("2023-01")


@pytest.fixture(scope="module")
def doubled() -> fc.CountSeries:
    """Counts around 40 that double in January 2023."""
    level = np.where(pd.PeriodIndex(MONTHS) < pd.Period("2023-01"), 40.0, 80.0)
    return fc.CountSeries(MONTHS, np.random.default_rng(3).poisson(level), unique_id="calls")


def test_a_fit_gives_factors(doubled: fc.CountSeries) -> None:
    table = fc.CountRegression(fc.Intercept() + STEP, fc.NegativeBinomial()).fit(doubled).summary()
    row = table.loc["step[2023-01]"]
    assert row[["factor", "factor_lower", "factor_upper"]].tolist() == pytest.approx(
        np.exp(row[["estimate", "lower", "upper"]].to_numpy(float)).tolist()
    )
    assert row["factor_lower"] < 2.0 < row["factor_upper"]
    assert np.isnan(table.loc["alpha", "factor"])


@pytest.mark.parametrize(
    "model",
    [
        fc.CountRegression(fc.Intercept() + STEP, fc.Poisson()),
        fc.DynamicLevel(seasonal=0, terms=STEP),
        fc.Autoregression((1,), (), terms=STEP, distribution=fc.Poisson()),
        fc.LocalLevel(terms=STEP),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_posterior_gives_factors(model: fc.CountRegression, doubled: fc.CountSeries) -> None:
    posterior = model.posterior(doubled, draws=400, rng=1)
    table = posterior.summary()
    row = table.loc["step[2023-01]"]
    assert row[["factor", "factor 5%", "factor 95%"]].tolist() == pytest.approx(
        np.exp(row[["50%", "5%", "95%"]].to_numpy(float)).tolist()
    )
    shape = [name for name in posterior.names if name in ("alpha", "gain", "noise", "past_count[1]")]
    assert table.loc[shape, "factor"].isna().all()


def test_an_identity_link_adds_and_has_no_factor(doubled: fc.CountSeries) -> None:
    model = fc.Autoregression((1,), (), link="identity", distribution=fc.Poisson())
    test = fc.intervention_test(model, doubled, STEP, method="lr")
    assert test.effects["factor"].isna().all()
    assert "step[2023-01] adds " in test.in_words()


@pytest.mark.parametrize("method", ["score", "lr", "posterior"])
def test_a_test_is_told_as_a_factor(method: str, doubled: fc.CountSeries) -> None:
    model = fc.CountRegression(fc.Intercept(), fc.Poisson())
    test = fc.intervention_test(model, doubled, STEP, method=method, rng=1)
    effect = test.effects.loc["step[2023-01]"]
    assert effect["factor"] == pytest.approx(np.exp(effect["estimate"]))
    assert (
        f"multiplies the mean by {effect['factor']:.2f} (95% interval {effect['factor_lower']:.2f}" in test.in_words()
    )
    assert "less than one in a million" in test.in_words()


def test_a_search_names_its_month_and_its_rivals(doubled: fc.CountSeries) -> None:
    search = fc.find_interventions(fc.CountRegression(fc.Intercept(), fc.Poisson()), doubled, replicates=99, rng=1)
    said = search.in_words()
    assert said.startswith("A step from 2023-01 would explain most.")
    assert "with a chance of 1%" in said
    assert "a step from 2022-12" in said or "Nearly" not in said


def test_what_came_is_judged() -> None:
    months = pd.period_range("2024-01", periods=2, freq="M")
    forecast = fc.Predictive.draw(months, np.full((2000, 2), 30.0), (), fc.Poisson(), name="calls", rng=1)
    said = forecast.in_words(observed={"2024-01": 32, "2024-02": 12})
    high, low = said.split(" 2024-02: ")
    assert high.startswith("2024-01: 32 is not unusual. 90% of the probability lay between 21 and 39;")
    assert low.startswith("12 is unusually low.")
    assert "the chance of 12 or fewer was 0.02%" in low
    total = forecast.total()
    lower, upper = total.interval(0.9)
    assert forecast.in_words() == (
        f"calls in 2024-01 to 2024-02 together: between {lower:,.0f} and {upper:,.0f} with a probability of 90%, as likely "
        f"below {total.median:,.0f} as above."
    )
    assert f"between {lower:.0f} and {upper:.0f}" in total.in_words()


def test_an_outlook_is_told_by_scenario(doubled: fc.CountSeries) -> None:
    posterior = fc.CountRegression(fc.Intercept() + fc.Trend(), fc.Poisson()).posterior(doubled, draws=300, rng=1)
    ahead = fc.outlook(posterior, [fc.Persist(), fc.Continue()], 3, rng=1)
    said = ahead.in_words()
    for name in ("Persist", "Continue"):
        assert f"{ahead[name].total().median:,.0f} (" in said
        assert f"under {name}" in said
