"""The local level against oracles: a grid filter, a particle filter, the regression without noise."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

import forecasting as fc
from forecasting.constraints import Constraints, Linear
from forecasting.errors import InvalidInput, InvalidWindow, SamplingError
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.models import LocalLevelPosterior
from forecasting.models.local_level.sampler import sample_path
from tests.models import data
from tests.models.level_oracle import Exact, Fact, Window, integrate, known

NARROW = fc.Priors(level=0.4, noise=0.25, dispersion=0.4)
COUNTS = [3, 6, 4, 8, 11, 7]
SYSTEMS: dict[str, tuple[list[Fact], int]] = {
    "complete": ([Exact(t, y) for t, y in enumerate(COUNTS)], 6),
    "gap": ([Exact(0, 4), Exact(1, 6), Exact(4, 12), Exact(5, 9)], 6),
    "totals": ([Window(0, 2, 13, 13), Window(3, 5, 26, 26)], 6),
    "bands": ([Window(0, 2, 10, 16), Exact(3, 8), Window(4, 5, 15, 22)], 6),
    "month in a band": ([Window(0, 3, 18, 24), Exact(1, 6), Exact(4, 11), Exact(5, 7)], 6),
}


def centre(of: object) -> float:
    return fc.LocalLevel(priors=NARROW).density(of).target.prior.centre  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("name", SYSTEMS)
def test_evidence_and_parameters_are_those_of_a_grid_filter(name: str) -> None:
    facts, size = SYSTEMS[name]
    evidence = known(facts, size)
    right = integrate(facts, size, centre(evidence), NARROW)
    posterior = fc.LocalLevel(priors=NARROW).posterior(evidence, rng=data.generator())
    assert posterior.log_evidence == pytest.approx(right.log_evidence, abs=0.02)
    summary = posterior.summary()["mean"]
    assert summary["noise"] == pytest.approx(right.noise, abs=0.01)
    assert summary["alpha"] == pytest.approx(right.alpha, abs=0.01)


def test_evidence_is_that_of_a_particle_filter() -> None:
    """Noise and dispersion drawn from their priors, and a bootstrap filter for each: all in one cloud of particles."""
    counts = data.drifting(30, level=15.0, gain=0.3, alpha=0.05)
    series, priors = data.series(counts), fc.Priors(level=0.5, noise=0.2)
    target = fc.LocalLevel(priors=priors).density(series).target
    rng, outer, inner = data.generator(), 600, 400
    noise = np.abs(priors.noise * rng.standard_normal((outer, 1)))
    alpha = np.square(priors.dispersion * rng.standard_normal((outer, 1)))
    level = target.prior.centre + priors.level * rng.standard_normal((outer, inner))
    log_likelihood = np.zeros(outer)
    for month, count in enumerate(counts):
        if month:
            level = level + noise * rng.standard_normal((outer, inner))
        weight = np.exp(fc.NegativeBinomial().logpmf(float(count), np.exp(level), alpha))
        log_likelihood += np.log(weight.mean(axis=1))
        cumulative = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
        chosen = [np.searchsorted(row, (rng.random() + np.arange(inner)) / inner) for row in cumulative]
        level = np.take_along_axis(level, np.minimum(chosen, inner - 1), axis=1)
    likelihood = np.exp(log_likelihood - log_likelihood.max())
    error = float(likelihood.std() / np.sqrt(outer) / likelihood.mean())
    right = float(np.log(likelihood.mean()) + log_likelihood.max())
    assert error < 0.15
    posterior = fc.LocalLevel(priors=priors).posterior(series, rng=data.generator())
    assert posterior.log_evidence == pytest.approx(right, abs=3.0 * error)


def test_large_totals_have_the_evidence_of_paths_drawn_from_their_prior() -> None:
    """Two totals of months that are limited, too: the exact likelihood averaged over the prior, nothing else."""
    rows = [
        Linear((0, 1, 2), (1, 1, 1), 300, 300),
        Linear((3, 4, 5), (1, 1, 1), 500, 500),
        Linear((4, 5), (1, 1), 330, None),
        *(Linear((t,), (1,), None, 220) for t in range(6)),
    ]
    where = data.months(6)
    evidence = data.Known(where, Constraints.solve(where, rows))
    priors, rng, number = fc.Priors(level=0.4, noise=0.25, dispersion=0.4), data.generator(), 20_000
    target = fc.LocalLevel(priors=priors).density(evidence).target
    noise, kappa = (np.abs(scale * rng.standard_normal(number)) for scale in (priors.noise, priors.dispersion))
    steps = np.vstack([priors.level * rng.standard_normal(number), noise * rng.standard_normal((5, number))])
    path = target.prior.centre + np.cumsum(steps, axis=0)
    logs = target.log_likelihood(np.column_stack([noise, kappa]), path, np.empty((0, number)))
    weights = np.exp(logs - logs.max())
    right = float(np.log(weights.mean()) + logs.max())
    error = float(weights.std() / weights.mean() / np.sqrt(number))
    assert error < 0.06
    posterior = fc.LocalLevel(priors=priors).posterior(evidence, rng=data.generator())
    assert posterior.khat < 0.7
    assert posterior.log_evidence == pytest.approx(right, abs=3.0 * error)
    for column, drawn in (("noise", noise), ("alpha", np.square(kappa))):
        mean = float(weights @ drawn / weights.sum())
        spread = float(np.sqrt(np.square(weights) @ np.square(drawn - mean)) / weights.sum())
        found = posterior.summary().loc[column]
        assert found["mean"] == pytest.approx(mean, abs=3.0 * np.hypot(spread, found["sd"] / np.sqrt(posterior.ess)))
    for month in (0, 4):
        mean = float(weights @ path[month] / weights.sum())
        spread = float(np.sqrt(np.square(weights) @ np.square(path[month] - mean)) / weights.sum())
        own = posterior.sample.work[:, month]
        assert own.mean() == pytest.approx(mean, abs=3.0 * np.hypot(spread, own.std() / np.sqrt(posterior.ess)))


@pytest.mark.parametrize("reversion", [False, True])
def test_weights_are_even_on_yearly_totals(reversion: bool) -> None:
    """Totals are curved functions of the log means: normal paths alone would miss them."""
    for terms in (None, fc.Step("2023-01")):
        model = fc.LocalLevel(reversion=reversion, terms=terms)
        for seed in (1, 2):
            posterior = model.posterior(data.courts(), draws=200, rng=seed)
            assert posterior.khat < 0.7
            assert posterior.ess > 75


@pytest.mark.parametrize("reversion", [False, True])
@pytest.mark.parametrize("seasonal", [0, 1])
def test_without_noise_it_is_the_regression(reversion: bool, seasonal: int) -> None:
    series = data.simulated(36)
    terms = fc.Intercept() + fc.Seasonal(1) if seasonal else fc.Intercept()
    regression = fc.CountRegression(terms).posterior(series, draws=40_000, rng=data.generator())
    model = fc.LocalLevel(seasonal=seasonal, reversion=reversion, priors=fc.Priors(noise=1e-4))
    posterior = model.posterior(series, draws=40_000, rng=data.generator())
    assert posterior.log_evidence == pytest.approx(regression.log_evidence, abs=0.01)
    assert posterior.log_evidence_still == pytest.approx(regression.log_evidence, abs=0.03)


def test_growth_without_noise_is_a_trend() -> None:
    series, priors = data.simulated(30), fc.Priors(noise=1e-4, trend=0.02)
    terms = fc.Intercept() + fc.Trend(origin=series.months[0])
    regression = fc.CountRegression(terms, priors=priors).posterior(series, draws=40_000, rng=data.generator())
    posterior = fc.LocalLevel(growth=True, priors=priors).posterior(series, draws=40_000, rng=data.generator())
    assert posterior.log_evidence == pytest.approx(regression.log_evidence, abs=0.01)
    assert posterior.log_evidence_still == pytest.approx(regression.log_evidence, abs=0.03)


def test_facts_without_noise_are_those_of_the_regression() -> None:
    evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    regression = fc.CountRegression().posterior(evidence, rng=data.generator())
    posterior = fc.LocalLevel(priors=fc.Priors(noise=1e-4)).posterior(evidence, rng=data.generator())
    assert posterior.log_evidence == pytest.approx(regression.log_evidence, abs=0.02)


def test_a_total_of_one_month_is_the_month_and_exact_facts_are_a_series() -> None:
    counts = data.drifting(14)
    where = data.months(14)
    rows = [Linear((t,), (1,), int(y), int(y)) for t, y in enumerate(counts)]
    facts = data.Known(where, Constraints.solve(where, rows))
    one, other = (fc.LocalLevel().posterior(known, rng=data.generator()) for known in (facts, data.series(counts)))
    np.testing.assert_array_equal(one.sample.work, other.sample.work)
    assert one.log_evidence == other.log_evidence


def test_months_drawn_under_a_level_satisfy_every_fact() -> None:
    """Two half years as totals, the later one of at least 60; then a record of 19."""
    where = data.months(13)
    rows = [
        Linear(tuple(range(6)), (1,) * 6, 40, 40),
        Linear(tuple(range(6, 12)), (1,) * 6, 60, None),
        Linear((12,), (1,), 19, 19),
        *(Linear((12, t), (1, -1), 1, None, (), True) for t in range(12)),
    ]
    facts = data.Known(where, Constraints.solve(where, rows))
    months = fc.reconstruct(
        fc.LocalLevel().posterior(facts, draws=300, rng=data.generator()), rng=data.generator()
    ).paths
    assert (months[:, :6].sum(axis=1) == 40).all()
    assert (months[:, 6:12].sum(axis=1) >= 60).all()
    assert (months[:, 12] == 19).all()
    assert (months[:, :12].max(axis=1) < 19).all()


def test_the_level_follows_a_shift() -> None:
    counts = [*([20] * 12), *([60] * 12)]
    posterior = fc.LocalLevel().posterior(data.series(counts), rng=data.generator())
    level = posterior.level()
    assert level.columns.tolist() == ["mean", "lo-90", "lo-50", "median", "hi-50", "hi-90"]
    assert level.index.equals(posterior.months)
    assert level["median"].iloc[2] == pytest.approx(20, rel=0.25)
    assert level["median"].iloc[-3] == pytest.approx(60, rel=0.25)
    assert posterior.log_bayes_factor > 5
    np.testing.assert_array_equal(posterior.level([0.05, 0.5])[0.5], level["median"])


def test_forecasts_carry_the_noise_of_the_level() -> None:
    posterior = fc.LocalLevel().posterior(data.series(data.drifting(40, gain=0.4)), rng=data.generator())
    ahead = posterior.forecast(24, rng=data.generator())
    spread = np.log(ahead.mean).std(axis=0)
    steps = np.log(ahead.mean[:, 12]) - np.log(ahead.mean[:, 0])
    assert spread[23] > 1.5 * spread[0]
    assert steps.std() == pytest.approx(np.sqrt(12 * np.square(posterior.draws[:, 1]).mean()), rel=0.1)


def test_growth_fades_and_reversion_returns() -> None:
    counts = np.round(10 * 1.05 ** np.arange(36)).astype(int)
    grown = fc.LocalLevel(growth=True, priors=fc.Priors(noise=0.01, growth=0.1)).posterior(
        data.series(counts), rng=data.generator()
    )
    ahead = np.log(grown.forecast(60, rng=data.generator()).mean).mean(axis=0)
    assert ahead[1] - ahead[0] == pytest.approx(0.9 * 0.9 * 0.049, rel=0.3)
    assert ahead[-1] - ahead[-12] < 0.01
    counts = [*([20] * 30), 60, 60, 60]
    drawn = fc.LocalLevel(reversion=True).posterior(data.series(counts), rng=data.generator())
    mean = np.median(drawn.forecast(60, rng=data.generator()).mean, axis=0)
    assert mean[-1] < 0.75 * mean[0]


def test_scenarios_share_the_steps_of_the_level() -> None:
    posterior = fc.LocalLevel().posterior(data.series(data.drifting(24)), rng=data.generator())
    ahead = fc.outlook(posterior, [fc.Continue(), fc.Persist(), fc.Shift(0.5)], horizon=6, rng=data.generator())
    same = posterior.components(posterior.future(6))[0]
    np.testing.assert_array_equal(same, posterior.components(posterior.future(6))[0])
    np.testing.assert_allclose(np.log(ahead["Continue"].mean), same, rtol=1e-12)
    assert np.ptp(np.log(ahead["Persist"].mean), axis=1).max() < 1e-12
    with pytest.raises(InvalidWindow, match="before that"):
        posterior.components(data.months(1, "2017-01"))


def test_a_posterior_is_pickled_and_goes_on_alike() -> None:
    posterior = fc.LocalLevel().posterior(data.series(data.drifting(18)), draws=200, rng=data.generator())
    copy: LocalLevelPosterior = pickle.loads(pickle.dumps(posterior))
    assert copy.log_evidence_still == posterior.log_evidence_still
    np.testing.assert_array_equal(
        copy.forecast(3, rng=data.generator()).paths, posterior.forecast(3, rng=data.generator()).paths
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"seasonal": 7}, "harmonics"),
        ({"seasonal": True}, "harmonics"),
        ({"growth": 1}, "growth=1 must be True or False"),
        ({"reversion": "yes"}, "reversion='yes' must be True or False"),
        ({"damping": 1.5}, "damping=1.5"),
        ({"distribution": "poisson"}, "not a count distribution"),
        ({"terms": "step"}, "must be terms"),
        ({"terms": fc.Intercept()}, "the level itself"),
        ({"terms": fc.Trend() + fc.Step("2023-01")}, "growth=True"),
        ({"terms": fc.Seasonal()}, "seasonal=1"),
    ],
)
def test_impossible_models(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        fc.LocalLevel(**wrong)  # type: ignore[arg-type]


def test_impossible_data_and_requests() -> None:
    with pytest.raises(InvalidInput, match="cannot show a season"):
        fc.LocalLevel(seasonal=1).posterior(data.series([3, 4, 5]), rng=1)
    with pytest.raises(InvalidInput, match="needs at least two"):
        fc.LocalLevel().posterior(data.series([3, 4, 5], missing=[0, 1]), rng=1)
    posterior = fc.LocalLevel().posterior(data.series([3, 4, 5]), draws=100, rng=1)
    with pytest.raises(InvalidInput, match="strictly between 0 and 1"):
        posterior.level([0.0])


def burst(size: int) -> np.ndarray:
    counts = data.generator().poisson(0.2, size)
    counts[size // 3 : size // 3 + 3] = (40, 5000, 300)
    return counts


@pytest.mark.parametrize(
    "counts",
    [
        burst(200),
        np.where(np.arange(120) == 60, 2000, data.generator().poisson(20, 120)),
        np.r_[np.zeros(35, dtype=int), 1],
        np.zeros(24, dtype=int),
        data.generator().poisson(1e6, 12),
        data.generator().poisson(np.exp(np.linspace(0, 13, 36))),
        np.full(6, 7),
    ],
    ids=["burst", "outlier", "nearly zero", "zero", "a million", "growth", "constant"],
)
def test_weights_are_even_on_hard_series(counts: np.ndarray) -> None:
    for distribution in (fc.NegativeBinomial(), fc.Poisson()):
        posterior = fc.LocalLevel(distribution=distribution).posterior(data.series(counts), rng=data.generator())
        assert posterior.khat < 0.7
        assert posterior.ess > 250


def test_outliers_take_more_than_one_path_each() -> None:
    """A month that is an outlier or is not has two peaks: one normal path will not do, many averaged will."""
    counts = np.where(np.arange(60) < 30, data.generator().poisson(20, 60), data.generator().poisson(400, 60))
    model = fc.LocalLevel(distribution=fc.Contaminated())
    posterior = model.posterior(data.series(counts), draws=1000, rng=data.generator())
    assert posterior.khat < 0.7
    level = posterior.level()["median"]
    assert level.iloc[27] == pytest.approx(20, rel=0.3)
    assert level.iloc[32] == pytest.approx(400, rel=0.3)


def test_what_cannot_be_sampled_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.models.local_level.sampler.KHAT_LIMIT", -9.0)
    with pytest.raises(SamplingError, match=r"k-hat .* limit -9.*another distribution or prior of the noise"):
        fc.LocalLevel().posterior(data.series(data.drifting(12)), draws=500, rng=data.generator())


def generated(
    priors: fc.Priors, size: int, level: float, rng: np.random.Generator
) -> tuple[FloatArray, IntArray, float]:
    """Return log level, counts and noise of a walk, all drawn from their priors."""
    noise, kappa = abs(rng.normal(0.0, priors.noise)), abs(rng.normal(0.0, priors.dispersion))
    path = rng.normal(np.log(level), priors.level) + noise * np.r_[0.0, np.cumsum(rng.standard_normal(size - 1))]
    return path, fc.NegativeBinomial().sample(np.exp(path), np.full(size, kappa**2), rng=rng), float(noise)


def mixed(counts: IntArray) -> list[Linear]:
    """Return what is known: a quarter to the nearest ten, quarters, bounds, an ordering, the last three months."""
    total = [int(counts[first : first + 3].sum()) for first in (0, 3, 6)]
    rows = [
        Linear((0, 1, 2), (1, 1, 1), total[0] // 10 * 10, total[0] // 10 * 10 + 9),
        Linear((3, 4, 5), (1, 1, 1), total[1], total[1]),
        Linear((6, 7, 8), (1, 1, 1), total[2], total[2]),
        *(Linear((t,), (1,), int(counts[t]), int(counts[t])) for t in (11, 12, 13)),
        Linear((9,), (1,), int(counts[9]) // 5 * 5, int(counts[9]) // 5 * 5 + 4),
    ]
    rows.append(Linear((10,), (1,), *((6, None) if counts[10] >= 6 else (None, 5))))
    return [*rows, Linear((3, 4), (1, -1), *((1, None) if counts[3] > counts[4] else (None, 0)), (), True)]


@pytest.mark.slow
def test_ranks_of_truths_are_uniform_whatever_is_known() -> None:
    """Simulation-based calibration (Talts et al. 2018) with a quarter in a band, quarters, bounds and orderings."""
    priors, rng, ranks = fc.Priors(level=0.5), data.generator(), []
    model = fc.LocalLevel(priors=priors)
    for _ in range(40):
        path, counts, noise = generated(priors, 15, 8.0, rng)
        where = data.months(14)
        density = model.density(data.Known(where, Constraints.solve(where, mixed(counts[:14]))))
        density.target.prior = replace(density.target.prior, centre=float(np.log(8.0)))
        sample = sample_path(density.target, 200, rng=rng)
        posterior = LocalLevelPosterior(density.data, density, sample, rng)
        months = fc.reconstruct(posterior, rng=rng).paths
        ahead = posterior.forecast(1, rng=rng).paths
        drawn = np.column_stack([posterior.draws[:, 1], sample.work[:, [0, 4, 13]], months[:, [1, 3, 10]], ahead])
        truth = np.r_[noise, path[[0, 4, 13]], counts[[1, 3, 10, 14]]]
        ranks.append((drawn < truth).mean(axis=0) + rng.random(truth.size) * (drawn == truth).mean(axis=0))
    p_values = [kstest(column, "uniform").pvalue for column in np.array(ranks).T]
    assert min(p_values) > 0.005
    assert 0.7 < float((np.abs(np.array(ranks) - 0.5) < 0.4).mean()) < 0.9
