"""What fits and posteriors say of themselves: estimates at infinity, boundaries, missing levels, months that were all zero."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import gamma

import forecasting as fc
from forecasting.distributions import Distribution
from forecasting.terms import Terms
from tests.models import data
from tests.models.data import generator

SIZE = 48
MONTH = np.arange(SIZE) % 12
COUNTS = generator(3).poisson(6.0, SIZE)
DUMMY = fc.Covariate("closed", pd.Series((np.arange(SIZE) < 20) * 1.0, data.months(SIZE)))
STEP = fc.Step(str(data.months(SIZE)[24]))

SEPARATED = {
    "month": (fc.Intercept() + fc.MonthEffects(), MONTH == 4, ["month[05]"], []),
    "months": (fc.Intercept() + fc.MonthEffects(), np.isin(MONTH, [4, 7]), ["month[05]", "month[08]"], []),
    "first month": (
        fc.Intercept() + fc.MonthEffects(),
        MONTH == 0,
        ["intercept"],
        [f"month[{month:02d}]" for month in range(2, 13)],
    ),
    "step": (fc.Intercept() + STEP, np.arange(SIZE) < 24, ["intercept"], [STEP.columns[0]]),
    "after step": (fc.Intercept() + STEP, np.arange(SIZE) >= 24, [STEP.columns[0]], []),
    "covariate": (fc.Intercept() + DUMMY + fc.Trend(), np.arange(SIZE) < 20, ["closed"], []),
    "trend": (fc.Intercept() + fc.Trend(), np.arange(SIZE) < 47, ["intercept"], ["trend"]),
    "pulse": (fc.Intercept() + fc.Pulse(str(data.months(SIZE)[9])), np.arange(SIZE) == 9, ["pulse[2018-10]"], []),
}
FAMILIES = pytest.mark.parametrize("family", [fc.Poisson(), fc.NegativeBinomial()], ids=["poisson", "nb"])


def said_to_run_off(fit: fc.models.Fit) -> tuple[list[str], list[str]]:
    """The coefficients that the messages name, to minus and to plus infinity."""
    told = [message for message in fit.messages if "separation" in message]
    parts = told[0].partition(": ")[2].partition(".")[0].split(" and ") if told else []
    down, up = [], []
    for part in parts:
        names, _, end = part.rpartition(" to ")
        (down if end == "minus infinity" else up).extend(names.split(", "))
    return down, up


@FAMILIES
@pytest.mark.parametrize("case", SEPARATED)
def test_coefficients_at_infinity_are_named(case: str, family: Distribution) -> None:
    terms, empty, *infinite = SEPARATED[case]
    fit = fc.CountRegression(terms, family).fit(data.series(np.where(empty, 0, COUNTS)))
    assert list(said_to_run_off(fit)) == infinite


@FAMILIES
@pytest.mark.parametrize("case", SEPARATED)
def test_one_count_makes_them_finite(case: str, family: Distribution) -> None:
    """A single case in the months that were empty, and there is a maximum."""
    terms, empty, *_ = SEPARATED[case]
    counts = np.where(empty, 0, COUNTS)
    for month in np.flatnonzero(empty) if case != "months" else (4, 7):
        counts[month] = 1
        if case != "months":
            break
    fit = fc.CountRegression(terms, family).fit(data.series(counts))
    assert fit.converged
    assert said_to_run_off(fit) == ([], [])


def test_totals_separate_as_their_months_do() -> None:
    """Two quarters of nothing, each known as one number."""
    from forecasting.constraints import Constraints, Linear

    months = data.months(24)
    rows = [
        Linear(tuple(range(k, k + 3)), (1,) * 3, n, n, (f"quarter {k}",))
        for k, n in zip(range(0, 24, 3), (20, 17, 23, 19, 0, 0, 0, 0), strict=True)
    ]
    known = data.Known(months, Constraints.solve(months, rows))
    fit = fc.CountRegression(fc.Intercept() + fc.Step("2019-01"), fc.Poisson()).fit(known)
    assert said_to_run_off(fit) == (["step[2019-01]"], [])


def test_an_autoregression_names_them_too() -> None:
    model = fc.Autoregression((1,), (), terms=fc.MonthEffects(), distribution=fc.Poisson())
    fit = model.fit(data.series(np.where(MONTH == 4, 0, COUNTS)))
    assert said_to_run_off(fit) == (["month[05]"], [])
    assert said_to_run_off(model.fit(data.series(COUNTS))) == ([], [])


@pytest.mark.parametrize("seed", range(20))
def test_ordinary_fits_run_nowhere(seed: int) -> None:
    counts = generator(seed).negative_binomial(2, 2 / (2 + 0.4 + 3.0 * (MONTH % 3)))
    for model in (fc.CountRegression(fc.Intercept() + fc.Trend() + fc.Seasonal(2)), fc.Autoregression((1,), (1,))):
        fit = model.fit(data.series(counts))
        assert not any("separation" in message for message in fit.messages), counts


def test_criteria_at_the_boundary_are_those_of_poisson() -> None:
    y, terms = data.underdispersed(), fc.Intercept() + fc.Trend()
    wide, narrow = (fc.CountRegression(terms, family).fit(y) for family in (fc.NegativeBinomial(), fc.Poisson()))
    assert wide.boundary == ("alpha",)
    for criterion in ("loglik", "aic", "aicc", "bic"):
        assert getattr(wide, criterion) == pytest.approx(getattr(narrow, criterion), abs=1e-6)
    inside = fc.CountRegression(terms).fit(data.simulated())
    assert inside.aic == pytest.approx(-2.0 * inside.loglik + 2.0 * 3)


def test_a_restriction_of_the_past_is_still_counted() -> None:
    fit = fc.Autoregression((1,), (), "identity", distribution=fc.Poisson()).fit(data.series([2, 9] * 12 + [3, 8]))
    assert fit.boundary == ("past_count[1]",)
    assert fit.aic == pytest.approx(-2.0 * fit.loglik + 4.0)
    assert any("are conditional on past_count[1] staying there" in message for message in fit.messages)


@pytest.mark.parametrize("terms", [fc.Trend(), fc.Seasonal() + fc.Exposure("days"), fc.MonthEffects()])
def test_a_regression_without_a_level_says_so(terms: Terms) -> None:
    model, y = fc.CountRegression(terms, fc.Poisson()), data.simulated()
    with pytest.warns(fc.ForecastingWarning, match=r"no term of .* sets the level.*add Intercept\(\)"):
        model.posterior(y, draws=200, rng=generator())
    assert any("no term of" in message for message in model.fit(y).messages)


@pytest.mark.parametrize("terms", [Terms(()), fc.Exposure("days")])
def test_a_model_without_any_parameter_is_refused(terms: Terms) -> None:
    with pytest.raises(fc.InvalidInput, match=r"no coefficient.*add Intercept\(\)"):
        fc.CountRegression(terms, fc.Poisson())


def test_dispersion_alone_is_estimated_and_forecast() -> None:
    """The mean is the exposure itself; alpha is the maximum of the same likelihood on a grid."""
    rate = pd.Series(20.0, data.months(48))
    counts = generator(3).negative_binomial(4, 4 / 24, 36)
    series, model = fc.CountSeries(data.months(36), counts), fc.CountRegression(fc.Exposure(rate))
    fit = model.fit(series)
    grid = np.geomspace(0.05, 2.0, 4001)
    law = fc.NegativeBinomial()
    best = max(grid, key=lambda alpha: law.logpmf(counts, np.full(36, 20.0), np.full(36, alpha)).sum())
    assert fit.params.index.tolist() == ["alpha"]
    assert fit.params["alpha"] == pytest.approx(best, rel=2e-3)
    with pytest.warns(fc.ForecastingWarning, match="sets the level"):
        ahead = model.posterior(series, draws=200, rng=1).forecast(3, rng=1)
    np.testing.assert_allclose(ahead.expected, 20.0)


@pytest.mark.parametrize(
    "terms", [fc.Intercept(), fc.Trend() + fc.Covariate("one", pd.Series(2.0, data.months(60))), fc.Intercept() + STEP]
)
def test_a_column_that_holds_a_constant_is_a_level(terms: Terms) -> None:
    assert not any("no term of" in said for said in fc.CountRegression(terms).remarks(data.simulated()))


@pytest.mark.parametrize("size", [2, 6, 24, 120])
@pytest.mark.parametrize("family", [fc.Poisson(), fc.NegativeBinomial(), fc.ZeroInflated(), fc.Contaminated()])
def test_months_of_zeros_have_a_posterior(size: int, family: Distribution) -> None:
    posterior = fc.CountRegression(fc.Intercept(), family).posterior(data.series([0] * size), rng=generator())
    forecast = posterior.forecast(1, rng=generator())
    assert posterior.khat < 0.5
    assert 0.0 < forecast.expected.iloc[0] < 1.0 / size


def test_the_posterior_of_zeros_is_that_of_its_grid() -> None:
    """By numerical integration over the log mean: prior normal with sd 2 around log(0.25 / 12), likelihood exp(-12 mean)."""
    posterior = fc.CountRegression(fc.Intercept(), fc.Poisson()).posterior(data.series([0] * 12), rng=generator())
    log_mean = np.linspace(-25.0, 8.0, 20_001)
    weight = np.exp(-0.5 * np.square((log_mean - np.log(0.25 / 12)) / 2.0) - 12.0 * np.exp(log_mean))
    expected = np.sum(np.exp(log_mean) * weight) / weight.sum()
    assert posterior.forecast(1, rng=generator()).expected.iloc[0] == pytest.approx(expected, rel=0.03)
    assert expected < gamma(1.0, scale=1 / 12).mean()


@pytest.mark.parametrize("terms", [fc.Intercept(), fc.Intercept() + fc.MonthEffects()])
def test_months_of_zeros_have_no_maximum(terms: Terms) -> None:
    with pytest.raises(fc.InvalidInput, match=r"every known count is zero.*Use posterior\(\)"):
        fc.CountRegression(terms).fit(data.series([0] * 24))
