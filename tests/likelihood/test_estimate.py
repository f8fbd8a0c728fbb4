"""The estimate for systems that nothing exact covers: right on average, as precise as it says, and never outside the facts."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.constraints import Constraints, Infeasible, Linear
from forecasting.constraints.reduction import groups
from forecasting.distributions import NegativeBinomial, Poisson
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood import FactLikelihood
from forecasting.likelihood.estimate import EstimatedGroup, log_error
from forecasting.likelihood.sums import SumGroup
from tests.constraints.test_random_systems import system
from tests.likelihood import brute

FAMILY = NegativeBinomial()


def plain(positions: range, low: int | None, high: int | None) -> Linear:
    return Linear(tuple(positions), (1,) * len(positions), low, high, ("F",))


def above(one: int, other: int) -> Linear:
    return Linear.of({one: 1, other: -1}, 1, None, ("G",), compares=True)


def estimated(known: Constraints, mean: FloatArray, alpha: float, seed: int = 1) -> tuple[float, float]:
    """Return the log of the estimate for all tied months, and its standard error."""
    value = variance = 0.0
    for months, rows in groups(known.linear):
        group = EstimatedGroup(rows, months, known.lower, known.upper, seed=seed)
        at = mean[None, months], [np.array([alpha])], FAMILY
        value += group.log_probability(*at)[0]
        variance += log_error(group.log_weights(*at), group.number)[0] ** 2
    return value, float(np.sqrt(variance))


def test_random_systems_against_enumeration(rng: np.random.Generator) -> None:
    scores = []
    for seed in range(60):
        size = int(rng.integers(2, 6))
        top = 7 if size < 5 else 4
        rows, mean, alpha = (
            system(rng, size, top),
            rng.uniform(0.5, 0.8 * top, size),
            float(rng.choice([0.0, 0.1, 1.0])),
        )
        try:
            known = brute.known(rows, size)
        except Infeasible:
            continue
        if not known.linear:
            continue
        value, error = estimated(known, mean, alpha, seed)
        untied = FactLikelihood(Constraints(known.months, known.lower, known.upper)).log_likelihood(
            np.log(mean)[None], [np.array([alpha])], FAMILY
        )
        tied = [t for months, _ in groups(known.linear) for t in months]
        alone = FAMILY.log_interval(known.lower[tied], known.upper[tied], mean[tied], alpha).sum()
        truth = brute.log_probability(rows, mean, alpha, far=top) - untied[0] + alone
        assert abs(value - truth) < 4.5 * error + 1e-9, rows
        scores.append((value - truth) / max(error, 1e-9))
    assert len(scores) > 12
    assert abs(np.mean(scores)) < 3.0 / np.sqrt(len(scores))


LARGE = {
    "a year and its record month": [plain(range(6), 900, 900), *(above(3, k) for k in (0, 1, 2, 4, 5))],
    "bands that cross": [plain(range(0, 4), 560, 640), plain(range(2, 6), 580, 660)],
    "totals that roll": [plain(range(k, k + 3), 450 + 20 * k, 450 + 20 * k) for k in (0, 1, 2, 3)],
    "an open window across a total": [plain(range(0, 3), 420, 420), plain(range(2, 6), 700, None)],
    "a chain": [plain(range(0, 3), 450, 450), plain(range(3, 6), 460, 460), above(1, 0), above(4, 1), above(5, 4)],
    "a ratio of two unknown sums": [
        plain(range(6), 850, 950),
        Linear.of({0: -6, 1: -6, 2: -6, 3: 5, 4: 5, 5: 5}, 0, None, ("G",), compares=True),
        Linear.of({0: -7, 1: -7, 2: -7, 3: 5, 4: 5, 5: 5}, None, 0, ("G",), compares=True),
    ],
}
MEAN = np.array([140.0, 150.0, 145.0, 160.0, 150.0, 155.0])


@pytest.mark.parametrize("case", LARGE)
@pytest.mark.parametrize("alpha", [0.0, 0.4])
def test_two_seeds_agree_within_the_error_they_state(case: str, alpha: float) -> None:
    known = brute.known(LARGE[case], 6)
    (one, first), (two, second) = (estimated(known, MEAN, alpha, seed) for seed in (1, 2))
    assert max(first, second) < 0.15
    assert abs(one - two) < 4.0 * np.hypot(first, second)


@pytest.mark.parametrize("alpha", [0.0, 0.05, 1.0])
def test_nested_totals_agree_with_the_tree(alpha: float) -> None:
    rows = [plain(range(12), 1001, 1001), plain(range(6), 400, 600), plain(range(3), 150, None)]
    known = brute.known(rows, 12)
    mean = np.linspace(60.0, 110.0, 12)
    exact = SumGroup(known.linear, range(12), known.lower, known.upper)
    truth = exact.log_probability(mean[None], [np.array([alpha])], FAMILY)[0]
    value, error = estimated(known, mean, alpha)
    assert error < 0.1
    assert abs(value - truth) < 4.0 * error


@pytest.mark.slow
def test_the_estimate_is_unbiased_away_from_its_anchors() -> None:
    """Fifty sets of vectors, a hundred thousand in all, drawn where the means are half as large again."""
    rows = [plain(range(3), 12, 12), plain(range(1, 4), 9, 14), above(0, 3)]
    mean, drawn_at = np.array([4.0, 3.0, 5.0, 2.0]), np.array([3.0, 5.0, 4.0, 3.0])
    known = brute.known(rows, 4)
    values = []
    for seed in range(50):
        group = EstimatedGroup(known.linear, range(4), known.lower, known.upper, vectors=2048, seed=seed)
        group.anchor(drawn_at[None], [np.array([0.3])], FAMILY)
        values.append(np.exp(group.log_probability(mean[None], [np.array([0.1])], FAMILY)[0]))
    truth = np.exp(brute.log_probability(rows, mean, 0.1, far=16))
    assert abs(np.mean(values) - truth) < 3.5 * np.std(values) / np.sqrt(len(values))
    assert np.std(values) < 0.1 * truth


def test_errors_of_groups_are_independent_and_those_of_models_are_shared() -> None:
    def estimate_of(first: int) -> float:
        rows = [
            plain(range(first, first + 3), 12, 12),
            plain(range(first + 1, first + 4), 9, 14),
            above(first, first + 3),
        ]
        known = brute.known(rows, first + 4)
        group = EstimatedGroup(known.linear, range(first, first + 4), known.lower, known.upper)
        return float(group.log_probability(np.array([[4.0, 3.0, 5.0, 2.0]]), [np.array([0.1])], FAMILY)[0])

    errors = np.array([estimate_of(first) for first in range(12)])
    assert estimate_of(0) == errors[0]
    assert len(set(errors.tolist())) == 12
    assert errors.std() < 0.05


def test_the_estimate_is_a_smooth_function_of_the_parameters() -> None:
    known = brute.known(LARGE["bands that cross"], 6)
    facts = FactLikelihood(known, "estimate")
    log_mean = np.log(MEAN) + np.linspace(-1e-4, 1e-4, 21)[:, None]
    facts.anchor(np.log(MEAN)[None], [], Poisson())
    values = facts.log_likelihood(log_mean, [], Poisson())
    assert np.abs(np.diff(values, 3)).max() < 1e-9


@pytest.mark.parametrize("case", LARGE)
def test_draws_satisfy_every_fact(case: str, rng: np.random.Generator) -> None:
    rows = LARGE[case]
    facts = FactLikelihood(brute.known(rows, 6), "estimate")
    log_mean = np.log(MEAN) + rng.normal(0.0, 0.05, (500, 1))
    drawn = facts.sample(log_mean, [np.full(500, 0.05)], FAMILY, rng=rng)
    for row in rows:
        total = drawn[:, list(row.positions)] @ np.array(row.coefs)
        assert row.low is None or (total >= row.low).all()
        assert row.high is None or (total <= row.high).all()


def test_draws_follow_the_conditional_law(rng: np.random.Generator) -> None:
    rows = [plain(range(3), 12, 12), plain(range(1, 4), 9, 14), above(0, 3)]
    mean = np.array([4.0, 3.0, 5.0, 2.0])
    allowed = brute.vectors(rows, 4, far=16)
    logs = brute.log_weights(allowed, mean, 0.1)
    truth = np.exp(logs - logs.max()) @ allowed / np.exp(logs - logs.max()).sum()
    facts = FactLikelihood(brute.known(rows, 4), "estimate")
    drawn = facts.sample(np.tile(np.log(mean), (20_000, 1)), [np.full(20_000, 0.1)], FAMILY, rng=rng)
    np.testing.assert_allclose(drawn.mean(axis=0), truth, atol=0.25)  # of the error of a thousand vectors
