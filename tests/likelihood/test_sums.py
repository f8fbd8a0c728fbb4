"""Nested totals against listing, and totals in the far tail against direct convolution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forecasting.constraints import Linear
from forecasting.constraints.linear import Infeasible
from forecasting.distributions import NegativeBinomial
from forecasting.kernels.lattice import COARSE
from forecasting.likelihood import FactLikelihood
from forecasting.likelihood.sums import SumGroup
from forecasting.likelihood.tree import is_nested
from tests.kernels import exact
from tests.likelihood import brute

FAMILY = NegativeBinomial()


def plain(positions: tuple[int, ...], low: int | None, high: int | None) -> Linear:
    return Linear(positions, (1,) * len(positions), low, high, ("F",))


def log_likelihood(rows: list[Linear], mean: list[float], alpha: float) -> float:
    facts = FactLikelihood(brute.known(rows, len(mean)))
    return float(facts.log_likelihood(np.log([mean]), [np.array([alpha])], FAMILY)[0])


MEAN = [2.0, 3.5, 1.0, 0.4]
NESTED = {
    "a total": [plain((0, 1, 2), 7, 7)],
    "a total inside a total": [plain((0, 1, 2, 3), 9, 9), plain((1, 2), 5, 5)],
    "an interval inside an interval": [plain((0, 1, 2, 3), 6, 12), plain((0, 1), 2, 5)],
    "an open window": [plain((0, 1, 2), 10, None)],
    "an open window in an open window": [plain((0, 1, 2), 12, None), plain((1, 2), 7, None)],
    "a limit from above in an open window": [plain((0, 1, 2), 12, None), plain((1, 2), None, 3)],
    "bounded months under a total": [plain((0, 1, 2), 8, 8), plain((0,), 2, 4), plain((1,), 1, None)],
    "three levels": [plain((0, 1, 2, 3), 8, 11), plain((0, 1, 2), 5, 9), plain((0, 1), 4, 6)],
    "two windows side by side": [plain((0, 1, 2, 3), 9, 9), plain((0, 1), 3, None), plain((2, 3), 1, 5)],
    "an improbable open window": [plain((0, 1, 2), 38, None)],
}


@pytest.mark.parametrize("alpha", [0.0, 1e-9, 0.05])
@pytest.mark.parametrize("case", NESTED)
def test_nested_totals(case: str, alpha: float) -> None:
    rows = NESTED[case]
    assert is_nested(rows)
    far = 45 if any(row.high is None for row in rows) else 14
    expected = brute.log_probability(rows, np.array(MEAN), alpha, far)
    # Where nothing bounds the months, the listing itself leaves out what lies beyond `far`.
    limit = 1e-6 if case == "an improbable open window" else 1e-10
    assert log_likelihood(rows, MEAN, alpha) == pytest.approx(expected, rel=limit, abs=1e-11)


@st.composite
def laminar(draw: st.DrawFn) -> tuple[list[Linear], list[float], float]:
    """Windows that are pairwise nested or disjoint, with limits, over four months."""
    family: list[frozenset[int]] = []
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, 3))
        window = frozenset(range(start, draw(st.integers(start, 3)) + 1))
        if all(window <= other or other <= window or not window & other for other in family):
            family.append(window)
    rows = []
    for window in family:
        low = draw(st.one_of(st.none(), st.integers(0, 9)))
        high = draw(st.one_of(st.none(), st.integers(low or 0, 12)))
        rows.append(plain(tuple(sorted(window)), low, high))
    mean = draw(st.lists(st.floats(0.05, 3.0), min_size=4, max_size=4))
    return rows, mean, draw(st.sampled_from([0.0, 1e-8, 0.02, 0.1]))


@settings(max_examples=60)
@given(laminar())
def test_any_nested_system(case: tuple[list[Linear], list[float], float]) -> None:
    rows, mean, alpha = case
    try:
        found = log_likelihood(rows, mean, alpha)
    except Infeasible:
        assume(False)
    assert found == pytest.approx(brute.log_probability(rows, np.array(mean), alpha), abs=2e-9)


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 0.1, 5.0])
@pytest.mark.parametrize("share", [0.2, 1.0, 5.0])
def test_a_total_in_the_far_tail_keeps_its_digits(share: float, alpha: float) -> None:
    mean = np.linspace(10.0, 100.0, 12 if share < 5 else 8)
    total = int(share * mean.sum())
    expected = exact.log_total(total, mean.tolist(), alpha)
    found = log_likelihood([plain(tuple(range(mean.size)), total, total)], mean.tolist(), alpha)
    assert found == pytest.approx(expected, abs=1e-8)  # eight digits of the probability itself


@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_a_total_far_beyond_the_smallest_double(alpha: float) -> None:
    expected = exact.log_total(4_000, [3.0] * 6, alpha)
    assert expected < -200.0
    assert log_likelihood([plain(tuple(range(6)), 4_000, 4_000)], [3.0] * 6, alpha) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("alpha", [0.0, 0.03, 1.0])
@pytest.mark.parametrize("low", [100, 400, 3_000])
def test_an_open_window_over_poor_and_good_fits(low: int, alpha: float) -> None:
    """P(sum >= low) = 1 - P(sum < low), whether it is almost sure or very rare."""
    mean = np.array([40.0, 60.0, 80.0])
    found = log_likelihood([plain((0, 1, 2), low, None)], mean.tolist(), alpha)
    totals = exact.log_totals(4_000 if alpha < 1 else 8_000, mean.tolist(), alpha, low)
    tail = np.logaddexp.reduce(totals[low:])
    assert found == pytest.approx(float(tail), rel=1e-8, abs=1e-9)


def test_draws_are_evaluated_alone(rng: np.random.Generator) -> None:
    """Chunks, shared tables and tilts of one draw do not touch another."""
    rows = [plain((0, 1, 2, 3), 60, 60), plain((0, 1), 10, 50)]
    known = brute.known(rows, 4)
    group = SumGroup(known.linear, range(4), known.lower, known.upper)
    mean, alpha = rng.uniform(1, 60, (3000, 4)), rng.uniform(0, 0.5, 3000)
    together = group.log_probability(mean, [alpha], FAMILY)
    alone = [group.log_probability(mean[k : k + 1], [alpha[k : k + 1]], FAMILY)[0] for k in range(0, 3000, 100)]
    np.testing.assert_allclose(together[::100], alone, rtol=1e-12)


def long_way(rows: list[Linear], upper: list[float], mean: list[float], alpha: float, last: int) -> float:
    """Log probability of totals over the first months, each nested in the next, by plain convolution of logarithms."""
    y = np.arange(last + 1)
    held = np.where(y > 0, -np.inf, 0.0)
    for t, m in enumerate(mean):
        month = np.where(y > upper[t], -np.inf, FAMILY.logpmf(y, m, alpha))
        held = np.array([np.logaddexp.reduce(held[: k + 1] + month[k::-1]) for k in y])
        for row in rows:
            if len(row.positions) == t + 1:
                held[(y < (row.low or 0)) | (y > (np.inf if row.high is None else row.high))] = -np.inf
    return float(np.logaddexp.reduce(held))


LARGE = {
    "a total": ([plain((0, 1, 2, 3), 900, 900)], [np.inf] * 4),
    "a total of months that are cut off": ([plain((0, 1, 2, 3), 900, 900)], [300.0, 300.0, np.inf, 260.0]),
    "a band": ([plain((0, 1, 2, 3), 700, 1000)], [np.inf] * 4),
    "limits within a total": (
        [plain((0, 1, 2, 3), 900, 900), plain((0, 1, 2), None, 640), plain((0, 1), 380, None)],
        [np.inf] * 4,
    ),
    "a far total": ([plain((0, 1, 2, 3), 1100, 1100), plain((0, 1), None, 550)], [300.0] * 4),
}


@pytest.mark.parametrize("alpha", [0.0, 0.1])
@pytest.mark.parametrize("case", LARGE)
def test_totals_over_large_months(case: str, alpha: float) -> None:
    """Few points and few frequencies give what all of them give."""
    rows, upper = LARGE[case]
    mean = [210.0, 180.0, 250.0, 230.0]
    bounds = [plain((t,), None, int(most)) for t, most in enumerate(upper) if np.isfinite(most)]
    expected = long_way(rows, upper, mean, alpha, 1100)
    assert log_likelihood([*rows, *bounds], mean, alpha) == pytest.approx(expected, abs=1e-8)


def test_sums_for_weights_have_five_digits(rng: np.random.Generator) -> None:
    """Yearly totals and limits within them, of months below a record, at parameters from poor to good."""
    year, months = list(range(12)), 12
    systems = (
        [plain(tuple(year), 1001, 1001)],
        [plain(tuple(year), 5092, 5092), plain((0, 1, 2, 3), 1053, None), plain(tuple(range(6)), 2076, None)],
        [plain(tuple(year), 1001, 1001), plain((1, 2, 3, 4, 5), None, 658)],
        [plain(tuple(year), 4000, 4400), plain((0, 1, 2), 600, 900)],
    )
    for rows in systems:
        group = SumGroup(rows, year, np.zeros(months, dtype=np.int64), np.full(months, 643.0))
        level = rng.normal(np.log(rows[0].low / months), 0.5, 200)
        mean = np.exp(level[:, None] + 0.3 * np.cumsum(rng.standard_normal((200, months)), axis=1))
        alpha = np.square(0.5 * rng.standard_normal(200))
        fine = group.log_probability(mean, [alpha], NegativeBinomial())
        coarse = group.log_probability(mean, [alpha], NegativeBinomial(), COARSE)
        np.testing.assert_allclose(coarse, fine, atol=1e-3, rtol=1e-5)
        assert np.median(np.abs(coarse - fine)) < 1e-5
