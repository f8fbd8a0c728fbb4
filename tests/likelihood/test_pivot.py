"""Systems that are nested totals once a month or two are known, against listing and against formulas."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.constraints import Infeasible, Linear
from forecasting.constraints.reduction import groups
from forecasting.distributions import NegativeBinomial
from forecasting.errors import TooLarge
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood import FactLikelihood
from forecasting.likelihood.enumeration import ListedGroup
from forecasting.likelihood.pivot import PivotGroup
from tests.constraints.test_random_systems import system
from tests.likelihood import brute

FAMILY = NegativeBinomial()


def plain(positions: range, low: int | None, high: int | None) -> Linear:
    return Linear(tuple(positions), (1,) * len(positions), low, high, ("F",))


def above(one: int, other: int) -> Linear:
    return Linear.of({one: 1, other: -1}, 1, None, ("G",), compares=True)


def test_random_systems_against_listing(rng: np.random.Generator) -> None:
    pivots = []
    for _ in range(90):
        size = int(rng.integers(2, 7))
        try:
            known = brute.known(system(rng, size, 5), size)
        except Infeasible:
            continue
        for months, rows in groups(known.linear):
            listed = ListedGroup(rows, months, known.lower, known.upper)
            try:
                group = PivotGroup(rows, months, known.lower, known.upper)
            except TooLarge:
                continue
            at = rng.uniform(0.3, 5.0, (3, len(months))), [np.array([0.0, 0.1, 1.0])], FAMILY
            np.testing.assert_allclose(group.log_probability(*at), listed.log_probability(*at), atol=1e-10)
            pivots.append(len(group.pivots))
    assert {1, 2} <= set(pivots)
    assert len(pivots) > 20


LARGE: dict[str, list[Linear]] = {
    "a record among quarters": [
        *(plain(range(k, k + 3), 24, 24) for k in (0, 3, 6, 9)),
        *(above(4, k) for k in range(12) if k != 4),
    ],
    "the lowest month of a year": [plain(range(12), 40, 48), *(above(k, 4) for k in range(12) if k != 4)],
    "years that cross in a month": [plain(range(6), 30, 30), plain(range(5, 11), 35, 40)],
    "the highest and the lowest": [
        *(plain(range(k, k + 1), None, 14) for k in range(7)),
        *(above(2, k) for k in range(7) if k != 2),
        *(above(k, 5) for k in (0, 1, 3, 4, 6)),
    ],
}


@pytest.mark.parametrize("case", LARGE)
def test_the_cost_rule_takes_pivots_that_the_estimate_confirms(case: str, rng: np.random.Generator) -> None:
    size = 1 + max(row.positions[-1] for row in LARGE[case])
    known = brute.known(LARGE[case], size)
    exact, estimate = FactLikelihood(known), FactLikelihood(known, "estimate")
    assert all(isinstance(group, PivotGroup) for group in exact.groups)
    at = np.log(np.full((1, size), 6.0)), [np.array([0.1])], FAMILY
    assert estimate.log_likelihood(*at)[0] == pytest.approx(exact.log_likelihood(*at)[0], abs=0.2)
    drawn = exact.sample(np.tile(at[0], (200, 1)), [np.full(200, 0.1)], FAMILY, rng=rng)
    for row in LARGE[case]:
        total = drawn[:, list(row.positions)] @ np.array(row.coefs)
        assert row.low is None or (total >= row.low).all()
        assert row.high is None or (total <= row.high).all()


def record(mean: FloatArray, alpha: float, top: int) -> float:
    """Return log P(the first month is above all others, none above `top`), by its formula."""
    v = np.arange(1, top + 1)
    below = [np.log(np.cumsum(np.exp(FAMILY.logpmf(np.arange(top + 1), m, alpha))))[v - 1] for m in mean[1:]]
    return float(np.logaddexp.reduce(FAMILY.logpmf(v, mean[0], alpha) + np.sum(below, axis=0)))


@pytest.mark.parametrize("alpha", [0.0, 0.3])
@pytest.mark.parametrize("first", [20.0, 90.0, 250.0])
def test_a_record_among_large_months(first: float, alpha: float) -> None:
    mean = np.array([first, 100.0, 80.0, 120.0, 95.0])
    rows = [*(plain(range(k, k + 1), None, 300) for k in range(5)), *(above(0, k) for k in range(1, 5))]
    facts = FactLikelihood(brute.known(rows, 5))
    assert isinstance(facts.groups[0], PivotGroup)
    found = facts.log_likelihood(np.log(mean)[None], [np.array([alpha])], FAMILY)[0]
    assert found == pytest.approx(record(mean, alpha, 300), rel=1e-9)


def test_draws_follow_the_conditional_law(rng: np.random.Generator) -> None:
    rows = [plain(range(3), 9, 9), plain(range(2, 5), 4, 8), above(0, 3), above(0, 4)]
    mean, draws = np.array([4.0, 2.0, 3.0, 1.0, 2.0]), 8_000
    known = brute.known(rows, 5)
    group = PivotGroup(known.linear, range(5), known.lower, known.upper)
    allowed = brute.vectors(rows, 5, far=9)
    logs = brute.log_weights(allowed, mean, 0.15)
    drawn = group.sample(np.tile(mean, (draws, 1)), [np.full(draws, 0.15)], FAMILY, rng)
    assert abs(brute.chi_square_sigmas(brute.frequencies(drawn, allowed), np.exp(logs) / np.exp(logs).sum())) < 4.0


def test_more_than_two_pivots_are_refused() -> None:
    rows = [*(plain(range(k, k + 2), 20, 25) for k in range(8)), *(plain(range(k, k + 1), None, 20) for k in range(9))]
    known = brute.known(rows, 9)
    with pytest.raises(TooLarge, match="no two months"):
        PivotGroup(known.linear, range(9), known.lower, known.upper)
