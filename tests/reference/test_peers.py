"""The page on known defects of peers: each number is recomputed, wrong formulas give R's numbers and right ones ours."""

from __future__ import annotations

import doctest
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest, chi2
from scipy.stats import poisson as poisson_law

import forecasting as fc
from forecasting.errors import InvalidInput
from forecasting.evaluation import closed
from forecasting.kernels import counts
from forecasting.scenarios import rates
from forecasting.terms import Terms
from tests.reference import published, test_arima, test_glm, tscount
from tests.reference.test_ingarch import CASES, model, series
from tests.shared import r_cases

PAGE = (Path(__file__).parents[2] / "docs" / "peers.md").read_text(encoding="utf-8")
SECTIONS = dict(part.split("\n", 1) for part in re.split(r"^##+ ", PAGE, flags=re.MULTILINE))


def stand(heading: str, *numbers: str) -> None:
    """Check that a section states these numbers."""
    text = " ".join(SECTIONS[heading].split())
    assert [number for number in numbers if not re.search(rf"(?<![\d.]){re.escape(number)}(?!\d)", text)] == []


def pair(name: str, *extra: float) -> tuple[dict[str, Any], tscount.Recursion]:
    """Return a case with tscount's recursion at tscount's estimates."""
    case = r_cases()[name]
    theta = np.array([*case["coefficients"].values(), *extra])
    return case, recursion(case, theta)


def recursion(case: dict[str, Any], theta: np.ndarray, **other: Any) -> tscount.Recursion:
    y, regressors = np.array(case["data"]["values"], dtype=float), case["data"].get("xreg")
    x = np.array(regressors["data"], dtype=float) if regressors else np.empty((len(y), 0))
    lags = [tuple(int(v) for v in np.atleast_1d(case["model"][kind])) for kind in ("past_obs", "past_mean")]
    return tscount.recursion(y, theta, **({"lags": lags, "covariates": x, "link": case["model"]["link"]} | other))


@cache
def joint(name: str) -> fc.models.Fit:
    return model(r_cases()[name], fc.NegativeBinomial()).fit(series(r_cases()[name]))


@pytest.mark.parametrize("name", CASES)
def test_score_hessian_qic_and_size_are_those_of_tscount(name: str) -> None:
    """The formulas as written there give what R printed; the derivatives here are those found numerically in R."""
    case, found = pair(name)
    numerical, theta = case["extras"]["qic_check"], np.array([*case["coefficients"].values()])
    np.testing.assert_allclose(found.mean, case["fitted"], rtol=1e-9)
    np.testing.assert_allclose(found.score, case["score"], rtol=1e-8, atol=1e-8 * np.abs(found.score).max())
    np.testing.assert_allclose(found.hessian, numerical["hessian_tscount"]["data"], rtol=1e-9)
    target = model(case, fc.Poisson()).likelihood(series(case)).target
    _, gradient, hessian = target.derivatives(theta[None], np.array([0]))
    mismatch = np.abs(found.score - gradient[0]).max()
    assert mismatch == pytest.approx(case["extras"]["max_abs_score_mismatch"], rel=1e-8)
    np.testing.assert_allclose(-hessian[0], numerical["hessian_numerical"]["data"], rtol=1e-7)
    height, spread = poisson_law.logpmf(found.counts, found.mean).sum(), np.array(case["vcov"]["data"])
    printed, right = (2.0 * (np.trace(minus @ spread) - height) for minus in (found.hessian, -hessian[0]))
    assert printed == pytest.approx(case["QIC"], rel=1e-9)
    assert right == pytest.approx(numerical["qic_with_numerical_hessian"], rel=1e-8)
    if case["size"]:
        assert tscount.size_by_moments(found.counts, found.mean, len(theta)) == pytest.approx(case["size"], rel=1e-5)


@pytest.mark.parametrize(
    ("name", "moving", "digits"),
    [
        ("campy_jss_poisson", None, 2),
        ("campy_ingarch11_poisson", "past_mean[1]", 1),
        ("seatbelts_1981_poisson", "PetrolPrice", 2),
    ],
)
def test_the_optimum_is_missed(name: str, moving: str | None, digits: int) -> None:
    heading = "The optimum is missed with the default start of the recursion"
    case, ours = r_cases()[name], model(r_cases()[name], fc.Poisson()).fit(series(r_cases()[name]))
    assert case["optim"]["convergence"] == 0
    assert ours.loglik > case["loglik"] + 0.01
    mismatch = case["extras"]["max_abs_score_mismatch"]
    stand(heading, f"{mismatch:.{digits}f}", f"{case['loglik']:.4f}", f"{ours.loglik:.4f}")
    theirs = pd.Series([*case["coefficients"].values()], ours.params.index)
    if moving:
        stand(heading, f"{theirs[moving]:.3f}", f"{ours.params[moving]:.3f}")
    else:
        stand(heading, f"{(theirs / ours.params - 1.0).abs().max():.1%}")
    if name == "campy_ingarch11_poisson":
        stand(heading, f"{r_cases()['start_sensitivity_campy_MM']['coefficients']['alpha_1']:.3f}")


def test_the_score_test_for_the_log_link() -> None:
    heading, case = "The score test divides by the log of the mean", r_cases()["seatbelts_full_law_poisson"]
    whole, both = model(case, fc.Poisson()), r_cases()["seatbelts_law_lr_wald"]
    *others, law = whole.terms.terms
    null = replace(whole, terms=Terms(tuple(others)))
    found = recursion(case, np.append(null.fit(series(case)).params, 0.0))
    wrong, right = found.statistic(1), found.statistic(1, divisor="mean")
    assert wrong == pytest.approx(1.109, abs=1e-3)  # R's estimates of the null stop a little short of the optimum
    assert chi2.sf(wrong, 1) == pytest.approx(0.292, abs=1e-3)
    assert right == pytest.approx(3.937, abs=1e-2)
    assert chi2.sf(right, 1) == pytest.approx(0.047, abs=1e-3)
    ours = fc.intervention_test(null, series(case), law).statistic
    exact = both["LR_exact_optimum"], both["Wald_exact_optimum"]
    assert abs(ours / exact[0] - 1.0) < 0.03
    stand(heading, "1.109", "0.292", "3.937", "0.047", f"{wrong:.4f}", f"{right:.4f}")
    stand(heading, *(f"{x:.3f}" for x in (ours, *exact)))


@pytest.mark.parametrize("family", ["poisson", "nbinom"])
def test_the_score_test_for_the_identity_link(family: str) -> None:
    """There the linear predictor is the mean, and the formula with the over-dispersion gives R's statistic."""
    held, case = r_cases()[f"interv_test_campy_84_100_{family}"], r_cases()["campy_nointerv_nbinom"]
    theta = np.array([*held["H0_coefficients"].values(), 0.0, 0.0])
    months = np.arange(1, 141)
    two = np.column_stack([months >= 84, months == 100]).astype(float)
    found = recursion(case, theta, covariates=two)
    for divisor in ("nu", "mean"):
        statistic = found.statistic(2, dispersion=held["H0_sigmasq"], divisor=divisor)
        assert statistic == pytest.approx(held["statistic"], rel=1e-9)


def test_the_hessian_of_qic() -> None:
    heading = "QIC takes a wrong Hessian"
    case = r_cases()["campy_jss_poisson"]
    for link, digits in (("identity", 0), ("log", 1)):
        held = r_cases()[f"hessian_check_{link}"]
        theta, numerical = np.array(held["theta"], dtype=float), np.array(held["numerical"]["data"])
        theirs = recursion(case, theta, link=link, presample="zero").hessian
        np.testing.assert_allclose(theirs, held["tscount"]["data"], rtol=1e-9)
        ours = replace(model(case, fc.Poisson()), link=link, presample="zero").likelihood(series(case)).target
        np.testing.assert_allclose(-ours.derivatives(theta[None], np.array([0]))[2][0], numerical, rtol=1e-8)
        stand(heading, f"{np.abs(theirs / numerical - 1.0).max():.{digits}%}")
    for name in ("influenza_log_nbinom", "measles_identity_nbinom", "sim_loglin_harm_nbinom_n60"):
        known = r_cases()[name]
        right = known["extras"]["qic_check"]["qic_with_numerical_hessian"]
        stand(heading, *(f"{value:.2f}".lstrip("-") for value in (known["QIC"], right)))


@pytest.mark.parametrize(
    ("name", "digits"), [("campy_jss_nbinom", 3), ("measles_identity_nbinom", 2), ("influenza_identity_nbinom", 2)]
)
def test_negative_binomial_fits_are_not_at_a_maximum(name: str, digits: int) -> None:
    case, found = pair(name)
    size = case["size"]
    height = np.sum(counts.logpmf(found.counts, found.mean, 1.0 / size))
    assert height == pytest.approx(case["loglik"], abs=1e-8)
    ours = model(case, fc.NegativeBinomial()).fit(series(case))
    assert ours.loglik > height + 0.03
    heading = "Negative binomial fits are not maximum likelihood"
    stand(heading, f"{height:.{digits}f}", f"{ours.loglik:.{digits}f}", f"{size:.3g}", f"{ours.size:.3g}")


def test_standard_errors_at_the_edge() -> None:
    heading = "Standard errors at the edge, and where nothing is identified"
    case, found = pair("sim_loglin_harm_nbinom_n60")
    weights = (1.0 / found.mean + case["sigmasq"])[:, None]
    bread, meat = np.linalg.inv(found.information), (found.mean_slope * weights).T @ found.mean_slope
    errors = np.sqrt(np.diag(bread @ meat @ bread))
    np.testing.assert_allclose(errors, list(case["se_normapprox"].values())[:-1], rtol=1e-8)
    observed = case["extras"]["polished"]["se_inverse_numerical_hessian"]["alpha_1"]
    stand(heading, f"{case['se_normapprox']['alpha_1']:.2f}", f"{observed:.2f}", f"{found.nu.size}")
    stand(heading, f"{case['coefficients']['beta_1']:.3f}")
    flu, ours = r_cases()["influenza_log_nbinom"], joint("influenza_log_nbinom")
    stand(heading, f"{flu['coefficients']['beta_1']:.3f}", f"{flu['se_normapprox']['beta_1']:.3f}")
    assert "past_count[1]" in ours.boundary
    assert "past_count[1]" not in ours.bse


def test_means_further_ahead() -> None:
    heading, held = "Means more than one month ahead under the log link", r_cases()["forecast_mean_check_ecoli_log"]
    theta = np.array([*held["coefficients"].values()])
    found = recursion(r_cases()["ecoli_identity_nbinom"], theta, link="log")
    rng, paths, size = np.random.default_rng(1), held["B"], held["size"]
    nu, past = np.full(paths + 1, found.nu[-1]), np.full(paths + 1, np.log1p(found.counts[-1]))
    for ahead in range(12):
        nu = theta[0] + theta[1] * past + theta[2] * nu
        mean = np.exp(nu)
        drawn = rng.negative_binomial(size, size / (size + mean[1:]))
        past = np.log1p(np.concatenate([mean[:1], drawn]))  # the first path is fed with its own mean
        assert mean[0] == pytest.approx(held["plugin"][ahead], rel=1e-9)
        error = held["simulated_mcse"][ahead]
        assert drawn.mean() == pytest.approx(held["simulated_mean"][ahead], abs=4.0 * np.sqrt(2.0) * error)
    stand(heading, f"{held['plugin'][-1]:.2f}", f"{held['simulated_mean'][-1]:.2f}", f"{error:.2f}", f"{paths:,}")


def test_future_covariates_that_are_not_given() -> None:
    heading, (case, found) = "Future covariates that are not given are zero", pair("campy_jss_nbinom")
    theta = np.array([*case["coefficients"].values()])

    def ahead(effect: float) -> list[float]:
        y, mean = [*found.counts], [*found.mean]
        for _ in range(3):
            y.append(theta[:3] @ [1.0, y[-1], mean[-13]] + effect)
            mean.append(y[-1])
        return y[-3:]

    np.testing.assert_allclose(ahead(theta[3]), case["forecast"]["value"]["mean"][:3], rtol=1e-9)
    stand(heading, *(f"{mean:.2f}" for effect in (theta[3], 0.0) for mean in ahead(effect)))
    months = pd.period_range("2020-01", periods=24, freq="M")
    known = fc.CountRegression(fc.Intercept() + fc.Covariate("x", pd.Series(np.arange(24.0), months)))
    fit = known.fit(fc.CountSeries(months, np.arange(24) % 5))
    with pytest.raises(InvalidInput, match="no value for 2022-01, 2022-02"):
        fit.forecast(2, rng=np.random.default_rng(1))


def test_scores_end_at_a_cutoff() -> None:
    heading = "Scores end at 1,000"
    for name in ("ukdd_log_nbinom", "influenza_identity_nbinom"):
        case = r_cases()[name]
        y, mean, size = np.array(case["data"]["values"], dtype=int), np.array(case["fitted"]), case["size"]
        printed, whole = case["scores_mean"], case["scores_mean_cutoff"]["scores"]
        for score, value in tscount.scores(y, mean, size, 1000).items():
            assert value == pytest.approx(printed[score], rel=1e-9)
        right = closed.rps(y, mean, 1.0 / size).mean()
        assert right == pytest.approx(whole["rankprob"], rel=1e-6)
        stand(heading, f"{printed['rankprob']:.4g}".replace("0.006836", "0.0068"), f"{right:.2f}")
        if name.startswith("ukdd"):
            stand(heading, f"{y.min():,}", f"{y.max():,}", f"{case['scores_mean_cutoff']['cutoff']:,}")
            stand(heading, f"{printed['spherical']:.1e}".replace("e+0", "e"), f"{whole['spherical']:.3f}")
    assert np.sum((poisson_law.cdf(np.arange(1001), 5000.0) - 0.0) ** 2) == 0.0
    stand(heading, f"{closed.rps(4900, 5000.0):.2f}")


def test_sums_that_begin_too_late() -> None:
    heading = "The ranked probability score forgets what lies far below"
    grid = np.arange(10_000 - 40 * 100, 10_000 + 40 * 100 + 1)
    late = np.sum((poisson_law.cdf(grid, 10_000.0) - 1.0) ** 2)
    stand(heading, f"{late:.1f}", f"{closed.rps(0, 10_000.0):.1f}")


def test_anscombe_residuals() -> None:
    held, (case, found) = r_cases()["anscombe_check"], pair("campy_jss_nbinom")
    wrong = tscount.anscombe(found.counts, found.mean, case["size"])
    closed_form = tscount.anscombe(found.counts, found.mean, 1.0 / case["size"])
    np.testing.assert_allclose(wrong[:5], case["residuals_anscombe"]["first5"], rtol=1e-9)
    assert wrong.std(ddof=1) == pytest.approx(held["sd_tscount"], rel=1e-9)
    assert closed_form.std(ddof=1) == pytest.approx(held["sd_with_alpha"], rel=1e-9)
    # The integral by t = u^3, which removes the singularity at zero.
    nodes, weights = np.polynomial.legendre.leggauss(60)
    alpha = 1.0 / case["size"]

    def integral(x: np.ndarray) -> np.ndarray:
        u = np.cbrt(x)[:, None] * (nodes + 1.0) / 2.0
        return (np.cbrt(x) / 2.0) * ((3.0 * u / np.cbrt(1.0 + alpha * u**3)) @ weights)

    spread = (found.mean + alpha * found.mean**2) ** (1 / 6)
    right = (integral(found.counts) - integral(found.mean)) / spread
    np.testing.assert_allclose(right, held["exact_integral"], rtol=1e-8)
    deviations = (values.std(ddof=1) for values in (wrong, closed_form, right))
    stand("Anscombe residuals take the size for its inverse", *(f"{value:.3f}" for value in deviations))


def test_p_values_that_are_zero() -> None:
    heading, held = "p-values that are 0", r_cases()["interv_detect_campy_delta1"]
    drawn = np.array(held["bootstrap"]["bootstrap_statistics"])
    beyond, replicates = int(np.sum(drawn > held["statistic"])), held["bootstrap"]["B"]
    assert beyond / (replicates + 1) == held["bootstrap"]["p_value"] == 0
    stand(heading, str(replicates), f"{(1 + beyond) / (1 + replicates):.3f}")
    both = r_cases()["interv_test_campy_84_100_poisson"]
    assert 1.0 - chi2.cdf(both["statistic"], 2) == both["p_value"] == 0.0
    stand(heading, f"{both['statistic']:.2f}", f"{chi2.sf(both['statistic'], 2):.1e}")


def test_a_search_depends_on_its_path() -> None:
    heading, case = "auto.arima depends on its path", "auto_arima:UKDriverDeaths"
    close = case.replace("arima:", "arima_stepwise_noapprox:")
    ours = fc.SARIMA((1, 0, 1), (0, 1, 1), transform=None, constant=True).fit(published.series(case))
    aicc = [test_arima.CASES[name]["aicc"] for name in (case, close)]
    assert ours.aicc < aicc[0] < aicc[1]
    nottem = test_arima.CASES["auto_arima_stepwise_noapprox:nottem"]["aicc"]
    stand(heading, *(f"{value:.1f}" for value in (*aicc, ours.aicc, nottem)))


def test_two_sided_rules() -> None:
    heading = "poisson.test orders in one way and covers in another"
    for name, (after, before, days, earlier) in {
        "exact_577_305_T91_92": (577, 305, 91, 92),
        "exact_12_3_T36_12": (12, 3, 36, 12),
    }.items():
        held = r_cases()[name]["poisson.test_two.sided"]
        by_probability = binomtest(after, after + before, days / (days + earlier)).pvalue
        central = rates.p_value(after, before, days / earlier)
        assert by_probability == pytest.approx(held["p_value"], rel=1e-9)
        assert central == pytest.approx(r_cases()[name]["exactci_poisson.exact_central"]["p_value"], rel=1e-9)
        np.testing.assert_allclose(rates.exact_interval(after, before, days / earlier), held["conf_int"], rtol=1e-9)
        stand(heading, f"{by_probability:.3g}", f"{central:.3g}")
    small, interval = binomtest(5, 25, 1 / 13).pvalue, rates.exact_interval(5, 20, 1 / 12)
    assert small < 0.05 < rates.p_value(5, 20, 1 / 12)
    assert interval[0] < 1.0 < interval[1]
    stand(
        heading, *(f"{value:.2g}" for value in (small, rates.p_value(5, 20, 1 / 12), interval[0])), f"{interval[1]:.2f}"
    )
    mid = binomtest(5, 25, 1 / 13, "greater").pvalue + binomtest(6, 25, 1 / 13, "greater").pvalue
    stand("Exact comparisons of two rates in statsmodels", f"{mid:.3f}")


def test_standard_errors_of_glm() -> None:
    heading = "Standard errors are one iteration old; theta runs away"
    apart = []
    for case, family in (
        (case, family) for case, held in test_glm.CASES.items() for family in held if family == "poisson"
    ):
        fit, _, r = test_glm.fitted(case, family)
        errors = test_glm.in_r(fit.bse)
        apart += [abs(errors[name] / value - 1.0) for name, value in r["se"].items()]
    vans = r_cases()["van_month"]["nbinom"]
    assert vans["th_warn"] == "iteration limit reached"
    stand(heading, f"{max(apart):.1e}", *(f"{vans[key]:.1e}".replace("e+0", "e") for key in ("theta", "theta_se")))


def test_upper_tails_of_large_means() -> None:
    """The tail of Poisson(1e7) by its own sum: each probability is the one before times mean / count."""
    mean = 1e7
    y = np.floor(mean + 6.0 * np.sqrt(mean))
    ratios = np.cumsum(np.log(mean / (y + 1.0 + np.arange(1, 60_000))))
    exact = np.exp(counts.logpmf(y + 1.0, mean)) * (1.0 + np.exp(ratios).sum())
    assert counts.sf(y, mean) == pytest.approx(exact, rel=1e-8)
    short = np.exp(counts.logpmf(y + 1.0, mean)) * (1.0 + np.exp(ratios[:2000]).sum())
    assert short == pytest.approx(exact * (1.0 - 0.0168), rel=1e-4)


def test_the_months_before_the_sample() -> None:
    rules = ("marginal", "iid", "firstobs", "zero")
    stand("Conventions, not defects", *(f"{r_cases()[f'init_method_campy_{rule}']['loglik']:.2f}" for rule in rules))


@pytest.mark.parametrize("seed", [8, 26, 95, 99, 122])
def test_standard_errors_near_poisson(seed: int) -> None:
    """The formula that cancels is in the snippet; here, that ours does not: Poisson's, in closed form, at the boundary."""
    y = np.random.default_rng(seed).poisson(3, 24)
    months = pd.period_range("2020-01", periods=24, freq="M")
    fit = fc.CountRegression(fc.Intercept(), fc.NegativeBinomial()).fit(fc.CountSeries(months, y))
    assert fit.boundary == ("alpha",)
    assert fit.bse["intercept"] == pytest.approx(1.0 / np.sqrt(y.sum()), rel=1e-6)


@pytest.mark.parametrize("heading", [name for name, text in SECTIONS.items() if "```python" in text])
def test_python_snippets_run_as_printed(heading: str) -> None:
    code = "\n".join(re.findall(r"```python\n(.+?)```", SECTIONS[heading], flags=re.DOTALL))
    example, said = doctest.DocTestParser().get_doctest(code, {}, heading, None, 0), list[str]()
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    assert doctest.DocTestRunner(optionflags=flags).run(example, out=said.append).failed == 0, "".join(said)


def test_every_section_has_a_reproduction_and_every_name_exists() -> None:
    groups = {"tscount", "surveillance", "forecast", "stats and MASS", "Python", "Conventions, not defects"}
    sections = {name: text for name, text in SECTIONS.items() if name not in groups and not name.startswith("# ")}
    assert [name for name, text in sections.items() if not re.search(r"```(r|python)\n", text)] == []
    from tests.docs.test_methodology import found

    names = sorted(set(re.findall(r"`(forecasting\.[\w.]+)`", PAGE)))
    assert len(names) > 12
    assert all(found(name)[0] is not None for name in names)
