"""Facts in models that follow the counts, against sums over all vectors and draws that need no trust."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import poisson

import forecasting as fc
from forecasting.batch.accounts import account_of, in_words
from forecasting.constraints import Constraints, Linear
from forecasting.errors import InvalidInput, SamplingError
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.models.augmented import (
    FEWEST_EFFECTIVE,
    AugmentedDensity,
    AugmentedPosterior,
    FollowingModel,
    draw_vectors,
)
from tests.models.data import Known, generator, months

COUNTS = (3, 0, 2, 4, 1, 3, 2, 5)
SYSTEMS = {
    "a total": [Linear((2, 3, 5), (1, 1, 1), 9, 9, ("total",))],
    "a bound": [Linear((4,), (1,), 0, 3, ("bound",))],
    "an ordering": [
        Linear((1,), (1,), 0, 6, ("bound",)),
        Linear((6,), (1,), 0, 7, ("bound",)),
        Linear((6, 1), (1, -1), 1, None, ("order",), True),
    ],
}
MODELS = {
    "level": fc.DynamicLevel(),
    "log": fc.Autoregression((1,), (1,)),
    "identity": fc.Autoregression((1, 2), (), link="identity", distribution=fc.Poisson(), presample="marginal"),
}


def known(system: list[Linear], counts: tuple[int, ...] = COUNTS) -> Known:
    """Return the months outside the system exactly, those inside it by its rows."""
    open_months = {month for row in system for month in row.positions}
    rows = [Linear((t,), (1,), y, y, (f"month {t}",)) for t, y in enumerate(counts) if t not in open_months]
    where = months(len(counts))
    return Known(where, Constraints.solve(where, [*rows, *system]))


def augmented(model: FollowingModel, data: Known, seed: int = 1) -> AugmentedDensity:
    """Return the simulated likelihood, as `posterior` makes it."""
    posterior = model.posterior(data, draws=100, rng=seed)
    assert isinstance(posterior, AugmentedPosterior)
    return posterior.density


def vectors(data: Known) -> list[IntArray]:
    """Return every month vector that the facts allow."""
    system = data.constraints
    ranges = [range(int(a), int(b) + 1) for a, b in zip(system.lower, system.upper, strict=True)]
    return [y for y in map(np.array, itertools.product(*ranges)) if all(allowed(row, y) for row in system.linear)]


def allowed(row: Linear, y: IntArray) -> bool:
    """Return whether the counts `y` satisfy a row."""
    value = sum(coef * y[t] for t, coef in zip(row.positions, row.coefs, strict=True))
    return (row.low is None or value >= row.low) and (row.high is None or value <= row.high)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_likelihood_is_the_sum_over_all_vectors(model: str, system: str) -> None:
    data = known(SYSTEMS[system])
    posterior = MODELS[model].posterior(data, draws=100, rng=1)
    assert isinstance(posterior, AugmentedPosterior)
    work = posterior.sample.work[:8]
    every = vectors(data)
    assert len(every) > 3
    exact = logsumexp(
        [MODELS[model].density(fc.CountSeries(data.months, y)).log_likelihood(work) for y in every], axis=0
    )
    spread = 4.0 / np.sqrt(posterior.density.effective(work)) + 0.01
    found = posterior.density.log_likelihood(work)
    assert (np.abs(found - exact) < np.minimum(spread, 0.3)).all()
    assert np.abs(found - exact).mean() < 0.08


def test_a_total_under_an_inarch_is_that_of_dynamic_programming() -> None:
    total, size = 14, 8
    model = fc.Autoregression((1,), (), link="identity", distribution=fc.Poisson(), presample="zero")
    counts = (3, 2, *(2,) * 5, 4)
    data = known([Linear(tuple(range(2, 7)), (1,) * 5, total, total, ("total",))], counts)
    posterior = model.posterior(data, draws=200, rng=1)
    work, natural = posterior.sample.work[:5], posterior.draws[:5]
    exact = [inarch(a, b, counts[:2], total, size - 3, counts[-1]) for a, b in natural]
    assert np.abs(posterior.density.log_likelihood(work) - exact).max() < 0.15


def inarch(a: float, b: float, before: tuple[int, ...], total: int, span: int, after: int) -> float:
    """Return the log probability of counts, a total of the `span` months that follow, and a count after them."""
    past, result = 0, 0.0
    for y in before:
        result += float(poisson.logpmf(y, a + b * past))
        past = y
    state: dict[tuple[int, int], float] = {(past, 0): 1.0}  # of the last count and the running sum
    for _ in range(span):
        following: dict[tuple[int, int], float] = {}
        for (last, running), mass in state.items():
            for y in range(total - running + 1):
                key = (y, running + y)
                following[key] = following.get(key, 0.0) + mass * float(poisson.pmf(y, a + b * last))
        state = following
    reached = sum(
        mass * float(poisson.pmf(after, a + b * last)) for (last, running), mass in state.items() if running == total
    )
    return result + float(np.log(reached))


@pytest.mark.parametrize("model", MODELS)
def test_facts_that_say_every_month_are_a_series_bit_for_bit(model: str) -> None:
    facts = MODELS[model].posterior(known([]), draws=100, rng=1)
    series = MODELS[model].posterior(fc.CountSeries(months(8), COUNTS), draws=100, rng=1)
    assert np.array_equal(facts.sample.log_likelihood, series.sample.log_likelihood)
    assert np.array_equal(facts.draws, series.draws)


@pytest.mark.parametrize("model", MODELS)
def test_other_counts_in_a_density_are_those_of_the_series(model: str) -> None:
    rng = generator()
    start = fc.CountSeries(months(8), COUNTS, missing=np.arange(8) == 3)
    density = MODELS[model].density(start)
    work = density.start + 0.1 * density.scale * rng.standard_normal((6, density.start.size))
    counts = rng.poisson(4.0, (6, 8))
    counts[:, 3] = 0
    found = density.with_counts(counts)
    for s, y in enumerate(counts):
        alone = MODELS[model].density(fc.CountSeries(months(8), y, missing=np.arange(8) == 3))
        assert found.log_likelihood(work)[s] == pytest.approx(alone.log_likelihood(work[s : s + 1])[0], rel=1e-9)
        assert found.means(work)[s] == pytest.approx(alone.means(work[s : s + 1])[0], rel=1e-9)


def test_draws_of_months_weigh_each_vector_by_its_probability() -> None:
    model, data = MODELS["level"], known(SYSTEMS["a bound"])
    density = augmented(model, data)
    work = np.repeat(density.start[None], 20_000, axis=0)
    drawn: FloatArray = np.bincount(density.months(work, rng=generator())[:, 4], minlength=4) / len(work)
    every = vectors(data)
    logs = np.array(
        [model.density(fc.CountSeries(data.months, y)).log_likelihood(density.start[None])[0] for y in every]
    )
    exact = np.exp(logs - logsumexp(logs))
    assert drawn == pytest.approx(exact, abs=0.05)


def test_every_draw_of_the_months_satisfies_every_fact() -> None:
    data = known([*SYSTEMS["a total"], *SYSTEMS["an ordering"]])
    paths = fc.reconstruct(MODELS["level"].posterior(data, draws=200, rng=1), rng=2).paths
    assert paths.shape == (200, 8)
    assert all(allowed(row, y) for row in data.constraints.linear for y in paths)
    assert (paths[:, 0] == COUNTS[0]).all()


def test_a_month_of_which_nothing_is_known_is_drawn_around_its_mean() -> None:
    rows = [Linear((t,), (1,), 400, 400, (f"month {t}",)) for t in range(7)]
    total = Linear((8, 9), (1, 1), 800, 800, ("total",))
    where = months(10)
    posterior = MODELS["level"].posterior(Known(where, Constraints.solve(where, [*rows, total])), draws=200, rng=1)
    paths = posterior.draw_months(rng=2)
    assert (paths[:, 8] + paths[:, 9] == 800).all()
    assert 300 < np.median(paths[:, 7]) < 500
    assert len(np.unique(paths[:, 7])) > 10


def test_a_path_goes_on_from_its_own_months() -> None:
    where, rows = months(8), [Linear((t,), (1,), 20, 20, (f"month {t}",)) for t in range(6)]
    data = Known(where, Constraints.solve(where, [*rows, Linear((6, 7), (1, 1), 60, 60, ("total",))]))
    model = fc.Autoregression((1,), (), distribution=fc.Poisson())
    posterior = model.posterior(data, draws=400, rng=1)
    forecast = posterior.forecast(1, rng=3)
    assert forecast.history is not None
    assert forecast.history.draw is not None
    past = forecast.history.draw()
    assert isinstance(posterior, AugmentedPosterior)
    again = posterior.density.base.with_counts(past)
    means = again.simulate(posterior.sample.work, forecast.months, rng=generator())[1]
    assert np.array_equal(means, forecast.mean)
    window = forecast.total(str(where[6]), str(forecast.months[0]))
    assert np.array_equal(window.draws, past[:, 6:].sum(axis=1) + forecast.paths[:, 0])


def test_the_same_seed_gives_the_same_posterior() -> None:
    data = known(SYSTEMS["a total"])
    first, again = (MODELS["level"].posterior(data, draws=100, rng=5) for _ in range(2))
    assert np.array_equal(first.draws, again.draws)
    assert np.array_equal(first.forecast(2, rng=1).paths, again.forecast(2, rng=1).paths)


def test_the_density_of_the_vectors_sums_to_one() -> None:
    data = known(SYSTEMS["an ordering"])
    drawn = draw_vectors(data, fc.DynamicLevel().terms_for(data), rng=generator())
    assert drawn.repeats.sum() == 400
    assert len(drawn.counts) == len({tuple(y) for y in drawn.counts})
    # The mean of 1 / q over draws of q is the number of vectors; those never drawn are the improbable ones.
    assert 0.9 < np.exp(drawn.log_density).sum() <= 1.0 + 1e-9


def test_too_few_effective_vectors_are_refused_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.models.augmented.FEWEST_EFFECTIVE", 401)
    with pytest.raises(
        SamplingError, match=r"of the 3 months known in part.*effective under DynamicLevel.*Use LocalLevel"
    ):
        MODELS["level"].posterior(known(SYSTEMS["a total"]), draws=100, rng=1)


def test_the_number_of_effective_vectors_is_told() -> None:
    posterior = MODELS["level"].posterior(known(SYSTEMS["a total"]), draws=100, rng=1)
    assert isinstance(posterior, AugmentedPosterior)
    assert FEWEST_EFFECTIVE < posterior.months_effective <= 400
    account = posterior.forecast(1, rng=1).account
    assert account.members[0].to_dict()["months_effective"] == posterior.months_effective
    assert "vectors of months" in in_words(account_of("level", account))[0]


def test_a_fit_still_needs_each_month() -> None:
    with pytest.raises(InvalidInput, match="as do LocalLevel and the posteriors of DynamicLevel and Autoregression"):
        fc.Autoregression((1,), ()).fit(known(SYSTEMS["a total"]))
