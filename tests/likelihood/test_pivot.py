"""Systems that are nested totals once a month or two are known, against listing and against formulas."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import ArrayLike

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


class NoSmoothness(NegativeBinomial):
    """A law of which nothing is known between its counts."""

    def least_dispersion(self, *shape: ArrayLike) -> FloatArray | None:
        return None


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


def test_random_systems_with_unlimited_pivots_against_listing(rng: np.random.Generator) -> None:
    unlimited, following = 0, 0
    for _ in range(50):
        size = int(rng.integers(2, 4))
        rows = [plain(range(*sorted(rng.choice(size + 1, 2, replace=False))), int(rng.integers(0, 12)), None)]
        if rng.random() < 0.4:
            total = int(rng.integers(2, 12))
            rows.append(plain(range(1, size), total, total + int(rng.integers(0, 3))))
        record, sign = int(rng.integers(0, size)), int(rng.choice([1, -1]))
        rows += [
            Linear.of({record: sign, k: -sign}, int(rng.integers(0, 2)), None, ("G",), compares=True)
            for k in range(size)
            if k != record
        ]
        try:
            known = brute.known(rows, size)
        except Infeasible:
            continue
        for months, left in groups(known.linear):
            try:
                group = PivotGroup(left, months, known.lower, known.upper)
            except TooLarge:
                continue
            if not np.isinf(known.upper[group.pivots[0]]):
                continue
            limits = [plain(range(m, m + 1), int(known.lower[m]), _limit(known.upper[m])) for m in months]
            mean, alpha = rng.uniform(0.3, 4.0, (3, len(months))), np.array([0.0, 0.05, 0.12])
            found = group.log_probability(mean, [alpha], FAMILY)
            for s in range(3):
                at = np.zeros(size)
                at[list(months)] = mean[s]
                wanted = brute.log_probability([*left, *limits], at, alpha[s])
                if wanted > -18.0:  # what listing leaves out is less than its digits
                    assert found[s] == pytest.approx(wanted, abs=1e-9)
                    unlimited += 1
            drawn = group.sample(np.repeat(mean, 40, axis=0), [np.repeat(alpha, 40)], FAMILY, rng)
            for row in (*left, *limits):
                sums = drawn[:, [list(months).index(i) for i in row.positions]] @ np.array(row.coefs)
                assert row.low is None or (sums >= row.low).all()
                assert row.high is None or (sums <= row.high).all()
            following += len(months) > 1
    assert unlimited > 40
    assert following > 12


def _limit(upper: float) -> int | None:
    return None if np.isinf(upper) else int(upper)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 4.0])
@pytest.mark.parametrize("first", [20.0, 90.0, 400.0])
def test_a_record_without_a_limit(first: float, alpha: float) -> None:
    mean = np.array([first, 100.0, 80.0, 120.0])
    known = brute.known([above(0, k) for k in range(1, 4)], 4)
    facts = FactLikelihood(known, "exact")
    assert isinstance(facts.groups[0], PivotGroup)
    found = facts.log_likelihood(np.log(mean)[None], [np.array([alpha])], FAMILY)[0]
    assert found == pytest.approx(record(mean, alpha, 60_000), rel=1e-9, abs=1e-11)


def test_quarters_and_a_record_without_count_are_exact_where_the_estimate_was_poor() -> None:
    rows = [
        plain(range(3), 142, 142),
        plain(range(3, 5), 97, 97),
        plain(range(6, 9), 251, None),
        plain(range(7, 8), 81, 81),
        plain(range(9, 12), 225, 234),
        *(above(8, k) for k in range(12) if k != 8),
    ]
    known = brute.known(rows, 12)
    exact, estimate = FactLikelihood(known), FactLikelihood(known, "estimate")
    assert not exact.estimated
    log_mean = np.log(np.full((1, 12), 70.0))
    at = log_mean, [np.array([0.2])], FAMILY
    assert estimate.log_likelihood(*at)[0] == pytest.approx(exact.log_likelihood(*at)[0], abs=0.3)


@pytest.mark.parametrize(("law", "scale"), [(FAMILY, 9_000.0), (NoSmoothness(), 60.0)])
def test_draws_of_a_record_without_a_limit_follow_its_law(
    law: NegativeBinomial, scale: float, rng: np.random.Generator
) -> None:
    """Far beyond what is listed, the mean of the draws is that of the weights, and every one is a record."""
    known = brute.known([above(0, 1), plain(range(2), 20, None)], 2)
    group = PivotGroup(known.linear, range(2), known.lower, known.upper)
    mean, alpha, draws = np.array([scale, 0.9 * scale]), 0.2, 300
    drawn = group.sample(np.tile(mean, (draws, 1)), [np.full(draws, alpha)], law, rng)
    assert (drawn[:, 0] > drawn[:, 1]).all()
    v = np.arange(11, 13 * int(scale))
    logs = FAMILY.logpmf(v, mean[0], alpha) + np.log(FAMILY.cdf(v - 1, mean[1], alpha))
    weights = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    centre = float(weights @ v)
    error = float(np.sqrt(weights @ np.square(v - centre) / draws))
    assert abs(drawn[:, 0].mean() - centre) < 4.0 * error
