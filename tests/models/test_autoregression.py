"""INGARCH models: the likelihood written out, maxima, special cases, recovery, boundaries, forecasts, bad input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import nbinom, poisson

from forecasting import (
    Autoregression,
    CountRegression,
    CountSeries,
    Covariate,
    DecayingPulse,
    Exposure,
    Intercept,
    InvalidInput,
    NegativeBinomial,
    NotIdentified,
    Poisson,
    SamplingError,
    Seasonal,
    Step,
    Trend,
    load_ledger,
)
from forecasting.distributions import Contaminated, Distribution, Hurdle, ZeroInflated
from forecasting.inference.annealing import anneal
from forecasting.inference.proposals import StudentT, mixture_log_density
from forecasting.inference.sampling import sample_posterior
from forecasting.models.ingarch_density import IngarchDensity, _log_mass
from tests.models import data

RULES = ["first_year", "marginal", "iid", "firstobs", "zero"]


def simulated(
    size: int, theta: list[float], alpha: float, link: str = "log", seed: int = 3, lags: tuple[int, int] = (1, 1)
) -> CountSeries:
    """An INGARCH series drawn month by month after a year and more to settle."""
    rng, (past_count, past_mean) = np.random.default_rng(seed), lags
    z, value, counts = [2.0] * 30, [2.0] * 30, []
    for _ in range(size + 30):
        value.append(theta[0] + theta[1] * z[-past_count] + theta[2] * value[-past_mean])
        mean = np.exp(value[-1]) if link == "log" else value[-1]
        counts.append(int(rng.poisson(mean * (rng.gamma(1 / alpha, alpha) if alpha else 1.0))))
        z.append(np.log(counts[-1] + 1.0) if link == "log" else float(counts[-1]))
    return data.series(counts[30:])


def written_out(model: Autoregression, y: CountSeries, params: pd.Series) -> float:
    """Return the log likelihood, the slow way."""
    months, days = y.months, np.asarray(y.months.days_in_month, dtype=float)
    exposed = any(isinstance(term, Exposure) for term in model.terms.terms)
    exposure = days if exposed else np.ones(len(months))
    is_log = model.link == "log"
    z = np.log((y.values + 1.0) / exposure) if is_log else y.values / exposure
    columns = [name for name in model.terms.columns()]
    effects = model.terms.design(months, origin=months)[0] @ params[columns].to_numpy()
    beta = {lag: params[f"past_count[{lag}]"] for lag in model.past_counts}
    alpha = {lag: params[f"past_mean[{lag}]"] for lag in model.past_means}
    observed = z[~y.missing]
    before = {
        "first_year": observed[:12].mean(),
        "marginal": params["intercept"] / (1 - sum(beta.values()) - sum(alpha.values())),
        "iid": params["intercept"],
        "firstobs": observed[0],
        "zero": 0.0,
    }[model.presample]
    core, total = np.zeros(len(z)), 0.0
    for t in range(len(z)):
        core[t] = params["intercept"] + (0.0 if model.external else effects[t])
        for lag, b in beta.items():
            core[t] += b * (before if t < lag else core[t - lag] if y.missing[t - lag] else z[t - lag])
        for lag, a in alpha.items():
            core[t] += a * (before if t < lag else core[t - lag])
        value = core[t] + (effects[t] if model.external else 0.0)
        mean = exposure[t] * (np.exp(value) if is_log else value)
        if not y.missing[t]:
            size = 1.0 / params["alpha"] if params.get("alpha", 0.0) > 0 else None
            law = poisson(mean) if size is None else nbinom(size, size / (size + mean))
            total += float(law.logpmf(y.values[t]))
    return total


def models() -> list[Any]:
    y = data.simulated(48).months
    weather = Covariate("weather", pd.Series(np.random.default_rng(2).random(len(y)), index=y))
    event = DecayingPulse("2019-05", 0.7)
    cases = [(rule, link, None, False, (1, 12), (1,)) for rule in RULES for link in ("log", "identity")]
    cases += [
        ("first_year", link, weather + event, outside, (1,), (2,)) for link in ("log", "identity") for outside in (0, 1)
    ]
    cases += [("marginal", link, Exposure("days") + event, False, (1, 2), ()) for link in ("log", "identity")]
    cases += [("first_year", "log", Trend() + Seasonal(), True, (), (1, 3))]
    return [
        Autoregression(counts, means, link, terms, family, rule, bool(outside))
        for rule, link, terms, outside, counts, means in cases
        for family in (Poisson(), NegativeBinomial())
        if isinstance(family, NegativeBinomial) or rule in ("first_year", "marginal")
    ]


@pytest.mark.parametrize("model", models(), ids=lambda m: f"{m.link}-{m.presample}-{type(m.distribution).__name__}")
@pytest.mark.parametrize("gaps", [(), (0, 5, 6, 30)])
def test_fits_maximise_the_likelihood_written_out(model: Autoregression, gaps: tuple[int, ...]) -> None:
    y = data.series(data.simulated(48).values, missing=gaps)
    fit = model.fit(y)
    assert fit.converged
    assert fit.nobs == 48 - len(gaps)
    if fit.params.get("alpha", 1.0) > 1e-6:  # scipy's log probabilities lose their digits beyond
        assert fit.loglik == pytest.approx(written_out(model, y, fit.params), abs=1e-7)
    inside = [k for k, name in enumerate(fit.density.names) if name not in fit.boundary]
    likelihood = model.likelihood(y)
    row = np.zeros(1, dtype=np.int64)
    _, gradient, hessian = likelihood.target.derivatives(fit.work[None], row)
    size = np.maximum(np.abs(fit.work), 0.01 * likelihood.scale)
    assert np.abs(gradient[0] * size)[inside].max() < 1e-6 * max(1.0, abs(fit.loglik))
    steps = 1e-4 * np.diag(likelihood.scale)
    for k in inside:
        up, down = (fit.work + sign * steps[k] for sign in (1, -1))
        slope = np.diff(likelihood.log_likelihood(np.array([down, up])))[0] / (2 * steps[k, k])
        assert slope == pytest.approx(gradient[0, k], abs=2e-3 * abs(hessian[0, k, k]) * steps[k, k] + 1e-4)
        rise = (likelihood.target.derivatives(up[None], row)[1] - likelihood.target.derivatives(down[None], row)[1])[0]
        bound = 1e-4 * np.sqrt(np.abs(np.diag(hessian[0]) * hessian[0, k, k]) + 1.0)
        assert (np.abs(rise / (2 * steps[k, k]) - hessian[0, k]) < bound + 1e-3 * np.abs(hessian[0, k]))[inside].all()


@pytest.mark.parametrize("family", [Poisson(), NegativeBinomial()])
def test_without_lags_it_is_the_regression(family: Any) -> None:
    y, rest = data.series(data.simulated(48).values, missing=[3, 20]), Trend() + Seasonal() + Exposure("days")
    ours = Autoregression((), (), terms=rest, distribution=family)
    theirs = CountRegression(Intercept() + rest, family)
    one, other = ours.fit(y), theirs.fit(y)
    np.testing.assert_allclose(one.params, other.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(one.cov, other.cov, rtol=1e-5, atol=1e-9)
    assert one.loglik == pytest.approx(other.loglik, abs=1e-9)
    pd.testing.assert_frame_equal(one.predict(), other.predict(), rtol=1e-5)
    np.testing.assert_allclose(one.conf_int(), other.conf_int(), rtol=1e-4, atol=1e-6)
    assert list(one.params.index) == list(other.params.index)
    first = ours.posterior(y, draws=2000, rng=np.random.default_rng(1))
    second = theirs.posterior(y, draws=2000, rng=np.random.default_rng(2))
    assert first.log_evidence == pytest.approx(second.log_evidence, abs=0.1)
    np.testing.assert_allclose(
        first.draws.mean(axis=0), second.draws.mean(axis=0), atol=0.15 * second.draws.std(axis=0).max()
    )


def test_expected_information_without_lags_is_that_of_the_regression() -> None:
    y = data.simulated(48)
    one = Autoregression((), (), terms=Trend()).fit(y, information="expected")
    other = CountRegression(Intercept() + Trend()).fit(y, information="expected")
    np.testing.assert_allclose(one.bse, other.bse, rtol=1e-5)


@pytest.mark.parametrize(
    ("theta", "link", "lags"),
    [([0.5, 0.4, 0.35], "log", (1, 1)), ([2.0, 0.4, 0.3], "identity", (1, 1)), ([0.9, -0.3, 0.5], "log", (1, 13))],
)
def test_recovery(theta: list[float], link: str, lags: tuple[int, int]) -> None:
    fit = Autoregression((lags[0],), (lags[1],), link).fit(simulated(800, theta, 0.15, link, lags=lags))
    assert (np.abs(fit.params - [*theta, 0.15]) < 3.5 * fit.bse).all()
    assert (fit.bse < [0.8, 0.15, 0.35, 0.07]).all()
    wald, profile = fit.conf_int("wald"), fit.conf_int()
    width = (wald["upper"] - wald["lower"]).to_numpy()[:, None]
    assert (np.abs(wald - profile) < 0.3 * width).all(axis=None)


def test_the_rule_before_the_sample_is_stated() -> None:
    fit = Autoregression(presample="iid").fit(data.simulated(48))
    summary = fit.summary()
    assert "presample: iid" in str(summary)
    assert summary.columns.name == "presample: iid"


def test_a_fit_at_the_edge_says_so() -> None:
    """Counts that alternate have no positive dependence on the month before."""
    y = data.series([20, 9, 22, 8, 19, 11, 23, 7] * 6)
    fit = Autoregression((1,), (), "identity", distribution=Poisson()).fit(y)
    assert fit.boundary == ("past_count[1]",)
    assert fit.params["past_count[1]"] == pytest.approx(0.0, abs=1e-12)
    assert any("past_count[1] is at 0" in message for message in fit.messages)
    assert list(fit.bse.index) == ["intercept"]
    assert list(fit.conf_int("wald").index) == ["intercept"]
    low, high = fit.conf_int().loc["past_count[1]"]
    assert low == pytest.approx(0.0, abs=1e-12)
    assert 0.0 < high < 0.2
    assert not fit.predict().isna().any(axis=None)


def test_a_fit_at_the_edge_of_stationarity_says_so() -> None:
    y = data.series(np.round(np.exp(np.linspace(1.0, 7.0, 60))).astype(int))  # growth without end
    fit = Autoregression((1,), (), "log").fit(y)
    assert "past_count[1]" in fit.boundary
    assert any("edge of stationarity" in message for message in fit.messages)
    assert fit.params["past_count[1]"] < 1.0


def test_the_poisson_boundary() -> None:
    fit = Autoregression((1,), ()).fit(data.series([20, 21, 22, 20, 19, 21] * 5))
    assert fit.params["alpha"] == 0.0
    assert "alpha" in fit.boundary
    assert fit.loglik == pytest.approx(Autoregression((1,), (), distribution=Poisson()).fit(fit.density.data).loglik)


def test_the_highest_of_several_maxima_is_found(rng: np.random.Generator) -> None:
    y = simulated(60, [1.6, 0.1, 0.1], 0.1, seed=8)
    likelihood = Autoregression((1,), (1,), terms=Seasonal()).likelihood(y)
    best = likelihood.maximise(likelihood.start).value
    for _ in range(20):
        start = likelihood.start.copy()
        start[1:3] = rng.uniform(-0.45, 0.45, 2)
        assert likelihood._climb(start, np.ones(start.size, dtype=bool)).value <= best + 1e-6


def test_missing_months_are_stood_for_by_their_mean() -> None:
    """With the mean itself in place of a missing count, what follows under the identity link is unchanged."""
    y = simulated(60, [2.0, 0.4, 0.3], 0.1, "identity")
    model = Autoregression((1,), (1,), "identity")
    gap = CountSeries(y.months, y.values, np.arange(60) == 30)
    theta = model.fit(gap).work[None, :3]
    value = model.likelihood(gap).target.predictor.value(theta)[:, 0]
    filled = model.likelihood(y).target.predictor
    z = filled.z.copy()
    z[30] = value[30]
    np.testing.assert_allclose(replace(filled, z=z).value(theta)[:, 0], value, rtol=1e-12)


# Posterior and forecasts


@pytest.mark.parametrize("link", ["log", "identity"])
@pytest.mark.parametrize("lags", [((1,), ()), ((1, 12), (1,))])
def test_priors_are_normalised(link: str, lags: Any) -> None:
    class Flat(IngarchDensity):
        def log_likelihood(self, work: np.ndarray) -> np.ndarray:
            return np.zeros(len(work))

    model = Autoregression(*lags, link, DecayingPulse("2019-05"))
    density = Flat(model.likelihood(data.simulated(48)), model.priors)
    assert sample_posterior(density, 4000, rng=np.random.default_rng(4)).log_evidence == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize("is_log", [True, False])
@pytest.mark.parametrize("history", [1, 2, 3])
def test_mass_of_the_stationary_region(is_log: bool, history: int, rng: np.random.Generator) -> None:
    low = -1.0 if is_log else 0.0
    x = rng.uniform(low, 1.0, (400_000, history))
    total = x.sum(axis=1)
    height = np.exp(-2.0 * np.square(x)).prod(axis=1) * (np.abs(total) < 1.0)
    if is_log:
        edges = np.column_stack([x, total]) if history > 1 else x
        height *= (1.0 - np.square(edges)).prod(axis=1)
    volume = (1.0 - low) ** history
    error = volume * height.std() / np.sqrt(len(x))
    assert np.exp(_log_mass(history, 0.5, is_log)) == pytest.approx(volume * height.mean(), abs=4.0 * error)


@pytest.mark.parametrize("link", ["log", "identity"])
def test_posterior_agrees_with_maximum_likelihood_on_long_series(link: str) -> None:
    y = simulated(600, [0.5, 0.4, 0.3] if link == "log" else [2.0, 0.4, 0.3], 0.1, link)
    model = Autoregression((1,), (1,), link)
    fit, posterior = model.fit(y), model.posterior(y, draws=2000, rng=np.random.default_rng(1))
    assert posterior.khat < 0.7
    assert (np.abs(posterior.draws.mean(axis=0) - fit.params) < 0.5 * fit.bse).all()
    np.testing.assert_allclose(posterior.draws.std(axis=0), fit.bse, rtol=0.25)


@pytest.mark.parametrize("link", ["log", "identity"])
def test_paths_feed_on_simulated_counts(link: str) -> None:
    """At fixed parameters the first mean is the model's, and later ones follow the recursion on each path."""
    y = data.simulated(48)
    model = Autoregression((1, 3), (2,), link, Exposure("days") + Step("2022-02"))
    density = model.density(CountSeries(y.months, y.values, np.isin(np.arange(48), [46])))
    work = np.repeat(density.start[None], 500, axis=0)
    months = pd.period_range("2022-01", periods=4, freq="M")
    paths, means, _ = density.simulate(work, months, rng=np.random.default_rng(1))
    theta = density.natural(work)[0]
    counts = np.column_stack([np.repeat(y.values[None], 500, axis=0), paths])
    days = np.asarray(pd.period_range(y.months[0], months[-1], freq="M").days_in_month, dtype=float)
    z = np.log((counts + 1.0) / days) if link == "log" else counts / days
    core = np.repeat(density.likelihood.target.predictor.value(theta[None, :5])[:, :1].T, 500, axis=0)
    z[:, 46] = core[:, 46]
    for h in range(4):
        value = theta[0] + theta[1] * z[:, 47 + h] + theta[2] * z[:, 45 + h] + theta[3] * core[:, 46 + h]
        value = value + theta[4] * (h >= 1)
        core = np.column_stack([core, value])
        np.testing.assert_allclose(means[:, h], days[48 + h] * (np.exp(value) if link == "log" else value), rtol=1e-10)


def test_forecasts_carry_the_uncertainty_of_the_parameters() -> None:
    y = simulated(36, [2.0, 0.4, 0.3], 0.1, "identity")
    forecast = Autoregression((1,), (1,), "identity").forecast(y, 3, draws=2000, rng=np.random.default_rng(1))
    assert forecast.mean[:, 0].std() > 0.05 * forecast.mean[:, 0].mean()
    by_fit = Autoregression((1,), (1,), "identity").fit(y).forecast(3, draws=500, rng=np.random.default_rng(1))
    assert by_fit.paths.shape == (500, 3)


@pytest.mark.parametrize("seed", [1, 4, 20])
def test_large_scattered_counts_have_a_posterior(seed: int) -> None:
    """Near a million, Poisson counts are out of the question, and the best of them lies against the edge of the region."""
    model, rng = Autoregression(), np.random.default_rng([seed, 10**6, 24])
    scattered = rng.negative_binomial(2, 2 / (2 + 10**6), 24)
    posterior = model.posterior(data.series([int(count) for count in scattered]), draws=2000, rng=rng)
    density = model.density(posterior.data)
    wide = [(StudentT(density.start, np.diag(1.5 * density.scale), 4.0), 1.0)]
    runs = [
        anneal(
            density,
            wide[0][0].draw(1000, density.folded, rng),
            lambda x: mixture_log_density(x, wide, density.folded),
            rng,
        )
        for _ in range(4)  # a single run is now and then 0.3 off
    ]
    log_evidence = np.logaddexp.reduce([run[3] for run in runs]) - np.log(len(runs))
    assert posterior.log_evidence == pytest.approx(log_evidence, abs=0.3)
    # Medians: the stationary level has a heavy tail where the past adds up to nearly one.
    middle = np.median(np.concatenate([run[0] for run in runs]), axis=0)
    np.testing.assert_allclose(np.median(posterior.sample.work, axis=0), middle, atol=0.05)


def test_an_explosion_is_an_error_with_a_month() -> None:
    y = data.series(np.round(np.exp(np.linspace(0.5, 9.0, 24))).astype(int))
    with pytest.raises(SamplingError, match=r"\d{4}-\d{2} has a mean above 10\^15 .* of 200 draws: .*Priors\("):
        Autoregression((1,), (), terms=Trend()).forecast(y, 400, draws=200, rng=np.random.default_rng(1))


# Bad input


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"past_counts": (0,)}, "past_counts"),
        ({"past_counts": (1, 1)}, "different"),
        ({"past_means": (1.5,)}, "past_means"),
        ({"past_means": 1}, "for example"),
        ({"past_counts": (500,)}, "120"),
        ({"link": "sqrt"}, "'log' or 'identity'"),
        ({"presample": "backcast"}, "'first_year'"),
        ({"terms": "trend"}, "must be terms"),
        ({"terms": Intercept() + Trend()}, "intercept already"),
        ({"distribution": "nb"}, "not a count distribution"),
    ],
)
def test_impossible_models(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Autoregression(**arguments)


@pytest.mark.parametrize(
    ("values", "said"),
    [([5] * 30, "all of them 5"), ([0] * 30, "every known count is zero"), ([3, 4, 6, 2] * 3, "as long as the series")],
)
@pytest.mark.parametrize("verb", ["fit", "posterior"])
def test_series_in_which_there_is_nothing_to_see(values: list[int], said: str, verb: str) -> None:
    extra = {} if verb == "fit" else {"rng": np.random.default_rng(1)}
    with pytest.raises(InvalidInput, match=said):
        getattr(Autoregression(), verb)(data.series(values), **extra)


def test_facts_that_are_totals_need_a_regression() -> None:
    evidence = load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    with pytest.raises(InvalidInput, match="Use CountRegression"):
        Autoregression().fit(evidence)


def test_negative_regressors_need_the_log_link() -> None:
    with pytest.raises(InvalidInput, match=r"cos1 is negative.*link='log'"):
        Autoregression(link="identity", terms=Seasonal()).fit(data.simulated(48))


def test_a_covariate_must_be_known_for_the_future() -> None:
    y = data.simulated(48)
    model = Autoregression((1,), (), terms=Covariate("price", pd.Series(np.arange(48.0), index=y.months)))
    with pytest.raises(InvalidInput, match="price' has no value for 2022-01"):
        model.forecast(y, 2, draws=200, rng=np.random.default_rng(1))


def test_effects_that_the_data_cannot_see_are_named() -> None:
    with pytest.raises(NotIdentified, match="step"):
        Autoregression((1,), (), terms=Step("2030-01")).fit(data.simulated(48))


def test_means_of_the_future_are_for_forecasts() -> None:
    fit = Autoregression().fit(data.simulated(48))
    with pytest.raises(InvalidInput, match="use forecast"):
        fit.predict(pd.period_range("2030-01", periods=2, freq="M"))


def test_names_must_differ() -> None:
    y = data.simulated(48)
    price = Covariate("alpha", pd.Series(np.arange(48.0), index=y.months))
    with pytest.raises(InvalidInput, match="alpha names two"):
        Autoregression(terms=price).fit(y)


@pytest.mark.parametrize("family", [Hurdle(), Contaminated(Hurdle(Poisson()))], ids=["hurdle", "contaminated hurdle"])
def test_a_hurdle_cannot_be_fed_back(family: Distribution) -> None:
    with pytest.raises(InvalidInput, match=r"an autoregression follows the counts, .* use ZeroInflated"):
        Autoregression(distribution=family)
    assert Autoregression(distribution=ZeroInflated()).distribution == ZeroInflated()
