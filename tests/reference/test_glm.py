"""R's glm and glm.nb to six significant digits; the numbers and the script that made them stand beside this file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import polygamma, xlogy

from forecasting import (
    CountRegression,
    Exposure,
    Intercept,
    MonthEffects,
    NegativeBinomial,
    Poisson,
    Seasonal,
    Step,
    Trend,
)
from forecasting.distributions import Distribution
from forecasting.models import Fit
from forecasting.series import CountSeries
from forecasting.terms import Terms
from tests.reference import published

SIX_DIGITS = 1e-6
CASES = published.expected("glm")
FAMILIES: dict[str, Distribution] = {"poisson": Poisson(), "nbinom": NegativeBinomial()}
# R's names of coefficients; its trend is per year, ours per month.
NAMES = {"(Intercept)": "intercept", "t": "trend", "law": "step[1983-02]"}
NAMES |= {f"month{m}": f"month[{m:02d}]" for m in range(2, 13)}
NAMES |= {f"{letter}{k}": f"{wave}{k}" for letter, wave in (("c", "cos"), ("s", "sin")) for k in (1, 2)}


def data(case: str) -> CountSeries:
    """The simulated series is kept here; those of R packages are not."""
    return published.monthly(CASES[case]["y"], "2000-01") if "y" in CASES[case] else published.series(case)


def terms(case: str, y: CountSeries) -> Terms:
    start = Intercept() + Trend(origin=y.months[0] - 1)
    if case.endswith("harm"):
        return start + Seasonal(harmonics=2)
    if "law" in case:
        return start + MonthEffects() + Step("1983-02") + Exposure("days")
    return start + MonthEffects()


def in_r(values: pd.Series) -> dict[str, float]:
    """Coefficients or standard errors under R's names and units."""
    ours = {name: key for key, name in NAMES.items()}
    return {ours[name]: value * (12.0 if name == "trend" else 1.0) for name, value in values.items() if name in ours}


def fitted(case: str, family: str) -> tuple[Fit, CountSeries, dict[str, Any]]:
    y = data(case)
    return CountRegression(terms(case, y), FAMILIES[family]).fit(y, information="expected"), y, CASES[case][family]


every = pytest.mark.parametrize(
    ("case", "family"), [(case, family) for case, held in CASES.items() for family in FAMILIES if family in held]
)


@every
def test_coefficients_and_standard_errors(case: str, family: str) -> None:
    fit, _, r = fitted(case, family)
    estimates, errors = in_r(fit.params), in_r(fit.bse)
    assert set(estimates) == set(r["coefficients"])
    for name, value in r["coefficients"].items():
        # Six digits of the estimate, or, for one near zero, of its standard error.
        assert estimates[name] == pytest.approx(value, rel=SIX_DIGITS, abs=SIX_DIGITS * r["se"][name]), name
    if family == "nbinom":
        assert errors == pytest.approx(r["se"], rel=SIX_DIGITS)


@pytest.mark.parametrize("case", CASES)
def test_standard_errors_of_glm_are_one_iteration_old(case: str) -> None:
    """R's glm reports the weights its last least-squares step began with, good to about four digits.

    Repeating its iteration with its stopping rule gives R's standard errors; carrying it on gives ours.
    """
    fit, y, r = fitted(case, "poisson")
    design, offset = fit.density.design, fit.density.offset
    stopped, carried_on = (glm_errors(y.values, design, offset, epsilon) for epsilon in (1e-8, 1e-15))
    assert in_r(pd.Series(stopped, fit.params.index)) == pytest.approx(r["se"], rel=1e-9)
    np.testing.assert_allclose(fit.bse, carried_on, rtol=SIX_DIGITS)


def glm_errors(y: np.ndarray, design: np.ndarray, offset: np.ndarray, epsilon: float) -> np.ndarray:
    """Standard errors of a Poisson glm by iterated least squares, as in R's glm.fit."""
    eta, before = np.log(y + 0.1), np.inf
    while True:
        mean = np.exp(eta)
        inverse = np.linalg.inv((design * mean[:, None]).T @ design)
        eta = design @ (inverse @ (design.T @ (mean * (eta - offset) + y - mean))) + offset
        deviance = 2.0 * float(np.sum(xlogy(y, y) - y * eta - y + np.exp(eta)))
        if abs(deviance - before) / (abs(deviance) + 0.1) < epsilon:
            return np.sqrt(np.diag(inverse))
        before = deviance


@every
def test_log_likelihood_and_criteria(case: str, family: str) -> None:
    fit, _, r = fitted(case, family)
    assert fit.converged
    assert fit.loglik == pytest.approx(r["loglik"], rel=1e-10)
    assert fit.aic == pytest.approx(r["AIC"], rel=1e-10)
    assert fit.bic == pytest.approx(r["BIC"], rel=1e-10)


@every
def test_predictions(case: str, family: str) -> None:
    fit, y, r = fitted(case, family)
    np.testing.assert_allclose(fit.predict()["mean"], r["fitted"], rtol=SIX_DIGITS)
    ahead = fit.predict(pd.period_range(y.months[-1] + 1, periods=12, freq="M"))
    np.testing.assert_allclose(ahead["log_mean"], r["link"], rtol=SIX_DIGITS)
    stale = 1e-4 if family == "poisson" else SIX_DIGITS  # see the standard errors above
    np.testing.assert_allclose(ahead["log_std_err"], r["link_se"], rtol=stale)


@pytest.mark.parametrize("case", [case for case, held in CASES.items() if "nbinom" in held])
def test_theta_and_its_standard_error(case: str) -> None:
    fit, _, r = fitted(case, "nbinom")
    assert fit.size == pytest.approx(r["theta"], rel=SIX_DIGITS)
    # theta.ml takes the observed information of theta at the fitted means; by the delta method for theta = 1 / alpha.
    y, theta, mean = data(case).values, r["theta"], np.array(r["fitted"])
    found = fit.bse["alpha"] * fit.size**2
    exact = 1.0 / np.sqrt(information_of_theta(y, mean, theta))
    # A log likelihood of 192 counts near 2,000 is rounded at 1e-9, which second differences feel in the seventh digit.
    assert found == pytest.approx(exact, rel=3e-6)
    # It takes it where its last Newton step began, so the number itself is good to about four digits.
    assert found == pytest.approx(r["theta_se"], rel=2e-4)


def information_of_theta(y: np.ndarray, mean: np.ndarray, theta: float) -> float:
    terms = polygamma(1, theta) - polygamma(1, theta + y) - 1 / theta + 2 / (mean + theta)
    return float(np.sum(terms - (y + theta) / (mean + theta) ** 2))


@pytest.mark.parametrize("case", [case for case, held in CASES.items() if "profile" in held.get("nbinom", {})])
def test_profile_intervals_hold_theta_fixed_in_r(case: str) -> None:
    """confint() of glm.nb profiles the coefficients at the estimated theta and interpolates: ours are a little wider."""
    fit, _, r = fitted(case, "nbinom")
    theirs = pd.DataFrame(r["profile"], index=["lower", "upper"]).T
    for name, row in fit.conf_int().drop(index="alpha").iterrows():
        found = in_r(pd.Series({name: row["lower"]})), in_r(pd.Series({name: row["upper"]}))
        for side, ours in zip(("lower", "upper"), found, strict=True):
            for key, value in ours.items():
                assert value == pytest.approx(theirs.loc[key, side], abs=0.08 * r["se"][key])


def test_vans_are_poisson() -> None:
    """glm.nb ends with theta 1.3e5, standard error 1.6e6 and "iteration limit reached": the Poisson boundary.

    Ours says so, and its coefficients are those of glm with the Poisson family.
    """
    fit, _, r = fitted("van_month", "poisson")
    y = data("van_month")
    other = CountRegression(terms("van_month", y), NegativeBinomial()).fit(y)
    assert other.params["alpha"] == 0.0
    assert other.boundary == ("alpha",)
    assert other.loglik == pytest.approx(r["loglik"], rel=1e-10)
    np.testing.assert_allclose(other.params[:-1], fit.params, rtol=1e-6, atol=1e-8)
