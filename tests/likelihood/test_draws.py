"""Draws of the unknown months: each satisfies every fact, and together they follow the conditional law."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.constraints import Linear
from forecasting.distributions import Distribution, NegativeBinomial, Poisson
from forecasting.likelihood import FactLikelihood
from tests.likelihood import brute
from tests.likelihood.test_enumeration import SYSTEMS
from tests.likelihood.test_sums import NESTED

DRAWS = 20_000
MEAN = np.array([2.0, 3.5, 1.0, 0.4])
BOUNDED = {
    name: rows
    for name, rows in {**NESTED, **SYSTEMS}.items()
    if name not in ("an improbable open window", "an open window in an open window")
}


@pytest.mark.parametrize("case", BOUNDED)
@pytest.mark.parametrize("alpha", [0.0, 0.15])
def test_draws_follow_the_conditional_law(case: str, alpha: float, rng: np.random.Generator) -> None:
    rows = BOUNDED[case]
    size = 1 + max(i for row in rows for i in row.positions)
    far = 25 if "open" in case else 15
    allowed = brute.vectors(rows, size, far)
    logs = brute.log_weights(allowed, MEAN[:size], alpha)
    facts = FactLikelihood(brute.known(rows, size))
    log_mean = np.tile(np.log(MEAN[:size]), (DRAWS, 1))
    drawn = facts.sample(log_mean, [np.full(DRAWS, alpha)], NegativeBinomial(), rng=rng)
    inside = (drawn <= far).all(axis=1)  # the listing of an open window stops somewhere
    assert inside.mean() > 0.999
    seen = brute.frequencies(drawn[inside], allowed)
    weights = np.exp(logs - logs.max())
    assert abs(brute.chi_square_sigmas(seen, weights / weights.sum())) < 4.5


@pytest.mark.parametrize("family", [Poisson(), NegativeBinomial()])
def test_a_range_truncates_the_distribution(family: Distribution, rng: np.random.Generator) -> None:
    rows = [Linear((0,), (1,), 3, 7), Linear((1,), (1,), 6, None), Linear((2,), (1,), 4, 4)]
    facts = FactLikelihood(brute.known(rows, 4))
    shape = [np.full(DRAWS, 0.3)] * len(family.shape_names)
    mean = np.array([5.0, 4.0, 1.0, 2.0])
    drawn = facts.sample(np.tile(np.log(mean), (DRAWS, 1)), shape, family, rng=rng)
    assert (drawn[:, 2] == 4).all()
    for month, low, high in ((0, 3, 7), (1, 6, 60), (3, 0, 60)):
        points = np.arange(low, high + 1)
        weights = np.exp(family.logpmf(points, mean[month], *(s[0] for s in shape)))
        seen = np.bincount(drawn[:, month] - low, minlength=points.size)[: points.size]
        assert seen.sum() == DRAWS
        assert abs(brute.chi_square_sigmas(seen, weights / weights.sum())) < 4.5


@pytest.mark.parametrize(("low", "high", "mean"), [(900, None, 20.0), (5_000, 5_010, 20.0), (0, 3, 4_000.0)])
def test_a_range_in_the_far_tail(low: int, high: int | None, mean: float, rng: np.random.Generator) -> None:
    """The conditional law there is nearly geometric; draws must not pile up at one value."""
    facts = FactLikelihood(brute.known([Linear((0,), (1,), low, high)], 1))
    drawn = facts.sample(np.full((1_500, 1), np.log(mean)), [], Poisson(), rng=rng)[:, 0]
    assert drawn.min() >= low
    assert high is None or drawn.max() <= high
    points = np.arange(low, low + 200 if high is None else high + 1)
    logs = Poisson().logpmf(points, mean)
    weights = np.exp(logs - logs.max())
    seen = np.bincount(drawn - low, minlength=points.size)[: points.size]
    assert abs(brute.chi_square_sigmas(seen, weights / weights.sum())) < 4.5


@pytest.mark.slow
def test_every_draw_satisfies_every_fact_under_poor_parameters(rng: np.random.Generator) -> None:
    """Posterior draws may put a total in the far tail; the months must add up all the same."""
    rows = [
        Linear(tuple(range(12)), (1,) * 12, 1001, 1001),
        Linear((0, 1, 2), (1,) * 3, 100, 400),
        Linear((5,), (1,), None, 90),
        Linear(tuple(range(12, 18)), (1,) * 6, 700, None),
        Linear((18,), (1,), 10, 10),
    ]
    facts = FactLikelihood(brute.known(rows, 20))
    log_mean = rng.normal(4.4, 1.0, (400, 20))
    drawn = facts.sample(log_mean, [rng.uniform(0, 0.5, 400)], NegativeBinomial(), rng=rng)
    assert (drawn >= 0).all()
    for row in rows:
        total = drawn[:, list(row.positions)].sum(axis=1)
        assert (total >= (row.low or 0)).all()
        assert row.high is None or (total <= row.high).all()
