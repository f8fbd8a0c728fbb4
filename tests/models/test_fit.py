"""Maximum likelihood against statsmodels, at the Poisson boundary, and its intervals against root finding."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import brentq, minimize, minimize_scalar
from scipy.special import gammaln

from forecasting import (
    CountRegression,
    Covariate,
    Exposure,
    Intercept,
    InvalidInput,
    MonthEffects,
    NegativeBinomial,
    NotIdentified,
    Poisson,
    Seasonal,
    Step,
    Trend,
    load_ledger,
)
from tests.models import data

TERMS = Intercept() + Trend() + Seasonal(harmonics=1)
DROP = 1.9207294103470629  # half the 95% point of chi-squared with one degree of freedom


@pytest.mark.parametrize("size", [12, 36, 120])
def test_poisson_agrees_with_statsmodels(size: int) -> None:
    y = data.simulated(size)
    fit = CountRegression(TERMS, Poisson()).fit(y)
    other = sm.GLM(y.values, data.design(size), family=sm.families.Poisson()).fit(tol=1e-14, maxiter=200)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(fit.bse, other.bse, rtol=1e-6)
    np.testing.assert_allclose(fit.cov, other.cov_params(), rtol=1e-5, atol=1e-10)
    assert fit.loglik == pytest.approx(other.llf, rel=1e-11)
    assert fit.aic == pytest.approx(other.aic, rel=1e-11)
    assert fit.bic == pytest.approx(other.bic_llf, rel=1e-11)
    assert fit.converged
    assert fit.messages == ()


@pytest.mark.parametrize(("size", "seed"), [(36, 1), (60, 5), (240, 9)])
def test_negative_binomial_agrees_with_statsmodels(size: int, seed: int) -> None:
    y = data.simulated(size, seed)
    fit = CountRegression(TERMS, NegativeBinomial()).fit(y)
    model = sm.NegativeBinomial(y.values, data.design(size))
    other = model.fit(start_params=fit.params.to_numpy() * 1.001, method="newton", tol=1e-13, maxiter=500, disp=0)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(fit.bse, other.bse, rtol=1e-6)
    assert fit.loglik == pytest.approx(other.llf, rel=1e-11)
    assert fit.aic == pytest.approx(other.aic, rel=1e-11)
    assert fit.bic == pytest.approx(other.bic, rel=1e-11)
    assert fit.size == pytest.approx(1.0 / other.params[-1], rel=1e-6)


def test_criteria_follow_their_definitions() -> None:
    fit = CountRegression(TERMS).fit(data.simulated(36))
    p, n = 5, 36
    assert fit.nobs == n
    assert fit.aic == pytest.approx(-2 * fit.loglik + 2 * p)
    assert fit.aicc == pytest.approx(fit.aic + 2 * p * (p + 1) / (n - p - 1))
    assert fit.bic == pytest.approx(-2 * fit.loglik + p * np.log(n))
    assert CountRegression(TERMS).fit(data.simulated(6)).aicc == np.inf


def test_poisson_boundary() -> None:
    y = data.underdispersed()
    fit = CountRegression(Intercept(), NegativeBinomial()).fit(y)
    poisson = CountRegression(Intercept(), Poisson()).fit(y)
    assert fit.params["alpha"] == 0.0
    assert fit.size == np.inf
    assert fit.boundary == ("alpha",)
    assert fit.converged
    assert len(fit.messages) == 1
    assert "alpha is at its boundary" in fit.messages[0]
    assert fit.loglik == pytest.approx(poisson.loglik, rel=1e-13)
    assert list(fit.bse.index) == ["intercept"]
    assert fit.bse["intercept"] == pytest.approx(poisson.bse["intercept"], rel=1e-7)
    table = fit.conf_int()
    assert table.loc["alpha", "lower"] == 0.0
    assert 0.0 < table.loc["alpha", "upper"] < 0.2
    assert list(fit.conf_int("wald").index) == ["intercept"]
    assert not fit.predict().isna().any(axis=None)


def test_profile_of_alpha_at_the_boundary() -> None:
    y = data.underdispersed().values.astype(float)
    upper = CountRegression(Intercept()).fit(data.underdispersed()).conf_int().loc["alpha", "upper"]

    def profile(alpha: float) -> float:
        r = 1.0 / alpha  # with a constant mean, the mean is its own estimate whatever alpha
        terms = gammaln(y + r) - gammaln(r) - gammaln(y + 1) + y * np.log(y.mean() / (y.mean() + r))
        return float(np.sum(terms - r * np.log1p(y.mean() / r)))

    top = float(np.sum(y * np.log(y.mean()) - y.mean() - gammaln(y + 1)))
    assert upper == pytest.approx(brentq(lambda a: top - profile(a) - DROP, 1e-4, 1.0, xtol=1e-12), rel=1e-6)


def test_profile_interval_of_a_poisson_mean() -> None:
    y = data.series([3, 0, 4, 2, 1, 5])
    fit = CountRegression(Intercept(), Poisson()).fit(y)
    total, size = 15.0, 6

    def excess(log_mean: float) -> float:
        return total * np.log(total / size) - total - (total * log_mean - size * np.exp(log_mean)) - DROP

    middle = np.log(total / size)
    ends = [brentq(excess, middle - 3, middle, xtol=1e-13), brentq(excess, middle, middle + 3, xtol=1e-13)]
    np.testing.assert_allclose(fit.conf_int().loc["intercept"], ends, rtol=1e-7)


def test_profile_interval_with_nuisance_parameters() -> None:
    y = data.simulated(36)
    fit = CountRegression(Intercept() + Trend()).fit(y)
    x = data.design(36)[:, :2]

    def negative(beta: float, trend: float, log_r: float) -> float:
        r, mean = np.exp(log_r), np.exp(beta + trend * x[:, 1])
        terms = gammaln(y.values + r) - gammaln(r) - gammaln(y.values + 1.0) - y.values * np.log1p(r / mean)
        return -float(np.sum(terms - r * np.log1p(mean / r)))

    for end in fit.conf_int(level=0.9).loc["trend"]:
        best = minimize(lambda v, t=end: negative(v[0], t, v[1]), [3.0, 2.0], method="Nelder-Mead", tol=1e-10)
        assert fit.loglik + best.fun == pytest.approx(1.3527717270, rel=1e-5)


def test_wald_interval() -> None:
    fit = CountRegression(TERMS).fit(data.simulated())
    table = fit.conf_int("wald", level=0.95)
    z = 1.959963984540054
    np.testing.assert_allclose(table.loc["trend"], fit.params["trend"] + np.array([-z, z]) * fit.bse["trend"])
    # alpha is treated on its square root, where its likelihood is nearly symmetric
    root, error = np.sqrt(fit.params["alpha"]), fit.bse["alpha"] / (2 * np.sqrt(fit.params["alpha"]))
    np.testing.assert_allclose(table.loc["alpha"], np.square(root + np.array([-z, z]) * error), rtol=1e-6)


@pytest.mark.parametrize(("method", "level"), [("bootstrap", 0.9), ("wald", 1.0), ("profile", 0.0)])
def test_impossible_intervals(method: str, level: float) -> None:
    fit = CountRegression(Intercept()).fit(data.simulated(12))
    with pytest.raises(InvalidInput):
        fit.conf_int(method, level)


def test_missing_months_contribute_nothing() -> None:
    y = data.simulated(40)
    hidden = [0, 7, 8, 39]
    fit = CountRegression(TERMS).fit(data.series(y.values, missing=hidden))
    keep = np.setdiff1d(np.arange(40), hidden)
    model = sm.NegativeBinomial(y.values[keep], data.design(40)[keep])
    other = model.fit(start_params=fit.params.to_numpy(), method="newton", tol=1e-13, maxiter=500, disp=0)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-6, atol=1e-8)
    assert fit.loglik == pytest.approx(other.llf, rel=1e-11)
    assert fit.nobs == 36


def test_exposure_is_an_offset() -> None:
    y = data.simulated(36)
    fit = CountRegression(Intercept() + Trend() + Exposure("days"), Poisson()).fit(y)
    days = y.months.days_in_month.to_numpy()
    other = sm.GLM(y.values, data.design(36)[:, :2], family=sm.families.Poisson(), exposure=days).fit(tol=1e-14)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-8)
    np.testing.assert_allclose(fit.predict()["mean"], other.fittedvalues, rtol=1e-8)


def test_covariates() -> None:
    y = data.simulated(36)
    price = pd.Series(np.random.default_rng(3).normal(1e4, 2e3, 36), index=y.months)
    fit = CountRegression(Intercept() + Covariate("price", price), Poisson()).fit(y)
    scaled = sm.add_constant(price.to_numpy() / 1e4)
    other = sm.GLM(y.values, scaled, family=sm.families.Poisson()).fit(tol=1e-14)
    np.testing.assert_allclose(fit.params * [1, 1e4], other.params, rtol=1e-6)
    np.testing.assert_allclose(fit.bse * [1, 1e4], other.bse, rtol=1e-6)


def test_predict_agrees_with_statsmodels() -> None:
    y = data.simulated(60)
    fit = CountRegression(TERMS, Poisson()).fit(y)
    other = sm.GLM(y.values, data.design(60), family=sm.families.Poisson()).fit(tol=1e-14)
    frame = other.get_prediction(data.design(60)).summary_frame(alpha=0.1)
    found = fit.predict(level=0.9)
    for ours, theirs in {"mean": "mean", "lower": "mean_ci_lower", "upper": "mean_ci_upper"}.items():
        np.testing.assert_allclose(found[ours], frame[theirs], rtol=1e-6)


def test_constant_model_of_the_get_lost_facts() -> None:
    evidence = load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    fit = CountRegression(Intercept(), NegativeBinomial()).fit(evidence)
    assert fit.loglik == pytest.approx(-29.363, abs=5e-4)
    assert fit.size == pytest.approx(6.15, abs=5e-3)
    assert fit.converged


def test_the_maximum_on_facts_is_a_maximum() -> None:
    """A direction-free search on the same likelihood finds nothing better."""
    evidence = load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    model = CountRegression(Intercept() + Trend())
    fit, density = model.fit(evidence), model.density(evidence)
    found = minimize(
        lambda v: -float(density.log_likelihood(v[None])[0]),
        density.start,
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000},
    )
    assert fit.loglik == pytest.approx(-found.fun, abs=1e-7)


@pytest.mark.parametrize(
    ("terms", "hidden"),
    [
        (Intercept() + Trend() + MonthEffects(), {"trend", "month[05]"}),
        (Intercept() + Step("2030-01"), {"step[2030-01]"}),
        (Intercept() + Step("2010-01"), {"intercept", "step[2010-01]"}),
    ],
)
def test_terms_that_the_data_cannot_see_are_named(terms: object, hidden: set[str]) -> None:
    y = data.series([3, 5, 4, 8, 6, 7, 9, 5])
    with pytest.raises(NotIdentified) as caught:
        CountRegression(terms).fit(y)
    assert hidden <= set(caught.value.terms)
    assert all(name in str(caught.value) for name in hidden)


def test_month_effects_that_the_data_see_are_not_blamed() -> None:
    with pytest.raises(NotIdentified) as caught:
        CountRegression(Intercept() + MonthEffects()).fit(data.series([3, 5, 4, 8, 6, 7, 9, 5]))
    assert set(caught.value.terms) == {"month[09]", "month[10]", "month[11]", "month[12]"}


@pytest.mark.parametrize("values", [[0, 0, 0, 0], [4]])
def test_too_little_to_fit(values: list[int]) -> None:
    with pytest.raises(InvalidInput, match=r"zero|at least two"):
        CountRegression(Intercept()).fit(data.series(values))


def test_zeros_before_a_step_leave_its_coefficient_at_infinity() -> None:
    """No finite estimate exists; the numbers stay finite and the reader is told."""
    fit = CountRegression(Intercept() + Step("2018-05"), Poisson()).fit(data.series([0, 0, 0, 0, 5, 6, 7, 4]))
    assert np.isfinite(fit.params).all()
    assert fit.loglik == pytest.approx(
        CountRegression(Intercept(), Poisson()).fit(data.series([5, 6, 7, 4])).loglik, abs=1e-3
    )
    assert fit.messages


@pytest.mark.parametrize("scale", [1, 1_000, 100_000])
def test_counts_of_any_size(scale: int) -> None:
    """The estimate of a constant is the log of the mean, and alpha maximises its profile."""
    y = data.series(np.array([5, 9, 4, 14, 8, 6, 11, 3]) * scale)
    fit = CountRegression(Intercept()).fit(y)
    assert fit.params["intercept"] == pytest.approx(np.log(y.values.mean()), abs=1e-7)
    best = minimize_scalar(
        lambda k: -float(fit.density.log_likelihood(np.array([[fit.params["intercept"], k]]))[0]),
        bounds=(1e-3, 3.0),
        method="bounded",
        options={"xatol": 1e-10},
    )
    rounding = 1e-15 * float(np.sum(y.values * np.log(y.values)))  # of the terms that the log likelihood adds up
    assert fit.loglik >= -best.fun - 1e-8 - rounding


def test_expected_information_needs_complete_data() -> None:
    with pytest.raises(InvalidInput, match="exactly known"):
        CountRegression(Intercept()).fit(data.series([4, 6, 7, 3], missing=[2]), information="expected")


def test_months_of_the_year_that_were_never_counted_have_open_intervals() -> None:
    """Counts in every second month: the level of the first ends where its three zeros lose the drop."""
    y = data.series([0, 10**6] * 18)
    never = ["month[03]", "month[05]", "month[07]", "month[09]", "month[11]"]
    fit = CountRegression(Intercept() + MonthEffects(), Poisson()).fit(y)
    intervals = fit.conf_int(names=["intercept", "month[02]", *never])
    top = np.log(DROP / 3.0)  # three months of mean m are empty with probability exp(-3 m)
    assert (intervals.loc[["intercept", *never], "lower"] == -np.inf).all()
    assert intervals.loc["intercept", "upper"] == pytest.approx(top, abs=1e-5)
    assert (intervals.loc[never, "upper"] == np.inf).all()
    assert intervals.loc["month[02]", "upper"] == np.inf
    assert intervals.loc["month[02]", "lower"] == pytest.approx(np.log(10**6) - top, abs=1e-3)


@pytest.mark.parametrize("model", [CountRegression(), CountRegression(Intercept(), Poisson())])
def test_more_terms_never_fit_worse_at_the_largest_counts(model: CountRegression) -> None:
    """Rounding of log-gammas at 10^9 used to hide the maximum: effects of 0.07 in place of 0, and a likelihood called flat."""
    y = data.series([0] * 12 + [10**9] * 12)
    plain = model.fit(y)
    fit = CountRegression(Intercept() + MonthEffects(), model.distribution).fit(y)
    assert fit.loglik == pytest.approx(plain.loglik, abs=1e-6, rel=1e-14)
    np.testing.assert_allclose(fit.params.filter(like="month"), 0.0, atol=1e-4)
    assert np.isfinite(fit.bse).all()
    assert not any("flat" in message for message in fit.messages)


def test_intervals_of_month_effects_at_the_largest_counts_take_seconds() -> None:
    y = data.series([0] * 12 + [10**9] * 12)
    fit = CountRegression(Intercept() + MonthEffects()).fit(y)
    start = time.process_time()
    low, high = fit.conf_int(names=["month[07]"]).iloc[0]
    assert time.process_time() - start < 4.0
    assert low == pytest.approx(-high, abs=1e-3)
