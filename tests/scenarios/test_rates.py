"""Exact comparisons of two Poisson rates, against R's poisson.test and the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from forecasting.errors import InvalidInput
from forecasting.scenarios import rates

# R 4.2.2: poisson.test(c(after, before), T = c(e, 1) scaled, conf.level = 0.95)$conf.int
R_INTERVALS = {
    (577, 305, 1.0): (1.6438522583070585, 2.18057742943676),
    (577, 305, 91 / 92): (1.6619165688379052, 2.2045398187712295),
    (20, 10, 1.0): (0.8935088903846914, 4.784552440338102),
    (3, 0, 1.0): (0.413231355030894, np.inf),
    (0, 0, 1.0): (0.0, np.inf),
    (1, 1, 1.0): (0.012739367083666625, 78.49683531626285),
    (5, 5, 1.0): (0.23014246893810797, 4.345134579523997),
    (218, 54, 1.0): (2.9847403424851624, 5.544354078289078),
    (12, 3, 3.0): (0.3598242441303731, 7.362762299247155),
}
R_P_VALUES = {(577, 305): 3.629696163064504e-20, (20, 10): 0.09873714670538894, (218, 54): 1.5660896816813882e-24}


@pytest.mark.parametrize("case", R_INTERVALS)
def test_exact_interval_is_that_of_r(case: tuple[int, int, float]) -> None:
    np.testing.assert_allclose(rates.exact_interval(*case), R_INTERVALS[case], rtol=1e-10)


@pytest.mark.parametrize("case", R_P_VALUES)
def test_p_value_is_that_of_r_where_exposures_are_equal(case: tuple[int, int]) -> None:
    assert rates.p_value(*case) == pytest.approx(R_P_VALUES[case], rel=1e-9)


def test_p_value_is_central_where_exposures_differ() -> None:
    # R's two-sided p-value adds unlikely outcomes of the other side (7.21e-21); the central one doubles the tail.
    assert rates.p_value(577, 305, 91 / 92) == pytest.approx(2 * 4.00386802013728e-21, rel=1e-9)


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.2, 5.0), st.sampled_from([0.8, 0.95]))
def test_interval_ends_have_the_stated_tails(after: int, before: int, exposure: float, level: float) -> None:
    low, high = rates.exact_interval(after, before, exposure, level)
    tail = (1 - level) / 2
    n = after + before
    if after > 0:
        p = low * exposure / (1 + low * exposure)
        assert stats.binom.sf(after - 1, n, p) == pytest.approx(tail, rel=1e-6)
    if before > 0:
        p = high * exposure / (1 + high * exposure)
        assert stats.binom.cdf(after, n, p) == pytest.approx(tail, rel=1e-6)
    narrow_low, narrow_high = rates.mid_p_interval(after, before, exposure, level)
    assert low <= narrow_low * (1 + 1e-9)
    assert narrow_high <= high * (1 + 1e-9)


@given(st.integers(1, 300), st.integers(1, 300))
def test_mid_p_counts_half_of_the_observed_outcome(after: int, before: int) -> None:
    low, high = rates.mid_p_interval(after, before)
    n = after + before
    for ratio, lower in ((low, True), (high, False)):
        p = ratio / (1 + ratio)
        half = 0.5 * stats.binom.pmf(after, n, p)
        tail = stats.binom.sf(after, n, p) if lower else stats.binom.cdf(after - 1, n, p)
        assert tail + half == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize(("after", "before", "exposure"), [(-1, 3, 1.0), (1.5, 3, 1.0), (1, 3, 0.0), (1, 3, np.nan)])
def test_nonsense_is_refused(after: int, before: int, exposure: float) -> None:
    with pytest.raises(InvalidInput):
        rates.exact_interval(after, before, exposure)
