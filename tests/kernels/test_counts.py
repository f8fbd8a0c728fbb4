from __future__ import annotations

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forecasting.kernels import counts
from forecasting.kernels.quantiles import quantile
from tests.kernels import exact

ALPHAS = [
    0.0,
    1e-100,
    1e-21,
    1e-19,
    1e-14,
    1e-12,
    1e-9,
    1e-6,
    9.9e-5,
    1.01e-4,
    1e-3,
    0.05,
    0.7,
    1.0,
    10.0,
    100.0,
]
COUNTS = [0, 1, 2, 7, 100, 3_000, 100_000, 1_000_000]
MEANS = [1e-3, 0.5, 30.0, 1e3, 1e5, 1e6]
SIGMAS = [-20, -6, -3, -1, -0.2, 0, 0.2, 1, 3, 8, 15]


def away(mean: float, alpha: float, sigmas: float) -> int:
    """A count so many standard deviations from the mean."""
    return int(mean + sigmas * math.sqrt(mean + alpha * mean**2))


@pytest.mark.parametrize("alpha", ALPHAS)
def test_log_rising(alpha: float) -> None:
    for y in COUNTS:
        limit = 1e-9 if y <= 100_000 else 5e-9
        assert abs(float(counts.log_rising(y, alpha) - exact.log_rising(y, alpha))) < limit


def test_log_rising_of_small_counts_is_exact_for_every_alpha() -> None:
    alpha = np.logspace(-18, 3, 200)
    y = np.arange(20)
    direct = np.array([np.log1p(np.outer(alpha, np.arange(k))).sum(axis=1) for k in y]).T
    np.testing.assert_allclose(counts.log_rising(y, alpha[:, None]), direct, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_logpmf(alpha: float) -> None:
    for mean in MEANS:
        for y in COUNTS:
            expected = float(exact.log_pmf(y, mean, alpha))
            assert float(counts.logpmf(y, mean, alpha)) == pytest.approx(expected, rel=5e-10, abs=5e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("mean", [1e-3, 0.5, 30.0, 1e3, 5e3])
def test_tails(mean: float, alpha: float) -> None:
    for sigmas in SIGMAS:
        y = away(mean, alpha, sigmas)
        if y < 0:
            continue
        if y <= mean:
            expected, found = exact.log_sum(0, y, mean, alpha), counts.cdf(y, mean, alpha)
        elif y < 10_000:
            expected, found = exact.log_sum(y, math.inf, mean, alpha), counts.sf(y - 1, mean, alpha)
        else:
            continue
        assert float(found / mp.exp(expected)) == pytest.approx(1.0, abs=2e-10)


@pytest.mark.parametrize("alpha", [0.0, 1e-14, 1e-9, 1e-6])
@pytest.mark.parametrize("sigmas", [-6, -1, 1, 5, 8])
def test_tails_of_a_million(alpha: float, sigmas: float) -> None:
    mean = 1e6
    y = away(mean, alpha, sigmas)
    if sigmas < 0:
        expected, found = exact.log_sum(0, y, mean, alpha), counts.cdf(y, mean, alpha)
    else:
        expected, found = exact.log_sum(y, math.inf, mean, alpha), counts.sf(y - 1, mean, alpha)
    assert float(found / mp.exp(expected)) == pytest.approx(1.0, abs=2e-10)


def test_below_zero() -> None:
    np.testing.assert_array_equal(counts.cdf([-1, -5], 3.0, 0.1), [0.0, 0.0])
    np.testing.assert_array_equal(counts.sf([-1, -5], 3.0, 0.1), [1.0, 1.0])


def test_mean_zero() -> None:
    np.testing.assert_array_equal(counts.logpmf([0, 1], 0.0, 0.3), [0.0, -np.inf])
    np.testing.assert_array_equal(counts.cdf([0, 1], 0.0, 0.3), [1.0, 1.0])
    np.testing.assert_array_equal(quantile([0.0, 0.999], 0.0, 0.3), [0, 0])
    np.testing.assert_array_equal(counts.log_interval([0, 1], [0, np.inf], 0.0, 0.3), [0.0, -np.inf])


INTERVALS = [
    *((0, 0), (0, 3), (1, 1), (5, 9), (28, 32), (30, 30), (0, 2_000), (29, math.inf), (31, math.inf)),
    *((55, 60), (90, 90), (200, 210), (400, math.inf), (900, 5_000), (3_000, 3_001), (6_000, math.inf)),
]


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("mean", [0.01, 30.0, 800.0])
def test_log_interval(mean: float, alpha: float) -> None:
    for low, high in INTERVALS:
        expected = exact.log_sum(low, high, mean, alpha)
        found = float(counts.log_interval(low, high, mean, alpha))
        assert found == pytest.approx(float(expected), rel=1e-10, abs=2e-9), (low, high)


@pytest.mark.parametrize("alpha", [0.0, 1e-8, 0.3, 50.0])
def test_log_interval_far_out(alpha: float) -> None:
    """Probabilities far below the smallest double, and narrow intervals around a large mean."""
    cases = [
        (100.0, 5_000, math.inf),
        (100.0, 20_000, 20_100),
        (1e6, 0, 50),
        (1e6, 1_000_000, 1_000_003),
        (5e4, 0, 20_000),
    ]
    for mean, low, high in cases:
        expected = float(exact.log_sum(low, high, mean, alpha))
        assert float(counts.log_interval(low, high, mean, alpha)) == pytest.approx(expected, rel=1e-9, abs=1e-8)


def test_log_interval_stops_at_its_end() -> None:
    """An interval in a slowly falling tail, wider than the terms summed singly, is not the whole tail."""
    mean, alpha, low = 500.0, 20.0, 8_000_000
    found = float(counts.log_interval(low, low + 10_000, mean, alpha))
    rate = mean / (1.0 + alpha * mean)
    terms = np.arange(low, low + 10_001.0)
    logs = counts.logpmf(terms, mean, alpha)
    assert 1.0 - alpha * rate < 1.1e-4  # the tail goes on for tens of thousands of counts
    assert found == pytest.approx(float(np.logaddexp.reduce(logs)), rel=1e-8)


def test_empty_interval() -> None:
    assert counts.log_interval(5, 4, 3.0, 0.1) == -np.inf


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-4, 0.2, 1.0, 5.0])
@pytest.mark.parametrize("mean", [1e-6, 0.3, 5.0, 120.0])
def test_pmf_sums_to_one(mean: float, alpha: float) -> None:
    y = np.arange(quantile(1.0 - 1e-14, mean, alpha) + 2)
    assert np.exp(counts.logpmf(y, mean, alpha)).sum() == pytest.approx(1.0, abs=1e-11)


levels = st.floats(0.0, 1.0, exclude_max=True)
means = st.floats(-7, 14).map(math.exp)
alphas = st.one_of(st.just(0.0), st.floats(-30, 4.6).map(math.exp))


@given(levels, means, alphas)
@example(0.9999999999999999, 1e6, 100.0)
@example(0.0, 1e6, 100.0)
@example(1e-300, 3.0, 0.0)
def test_quantile_inverts_cdf(u: float, mean: float, alpha: float) -> None:
    y = int(quantile(u, mean, alpha))
    assert y >= 0
    assert counts.cdf(y, mean, alpha) >= u
    assert y == 0 or counts.cdf(y - 1, mean, alpha) < u


@given(st.integers(0, 10**6), means, alphas)
def test_quantile_returns_the_count_behind_its_probability(y: int, mean: float, alpha: float) -> None:
    u, before = float(counts.cdf(y, mean, alpha)), float(counts.cdf(y - 1, mean, alpha))
    if u < 1.0 and before < u:
        assert quantile(u, mean, alpha) == y


@given(levels, means, alphas, st.floats(1.0, 3.0))
def test_quantile_grows_with_the_mean(u: float, mean: float, alpha: float, factor: float) -> None:
    assert quantile(u, mean * factor, alpha) >= quantile(u, mean, alpha)


def test_quantile_of_a_runaway_mean_ends() -> None:
    np.testing.assert_array_equal(quantile(0.999, [1e100, np.inf], 0.1), [2**53, 2**53])


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=8), st.integers(0, 2**32))
def test_integer_search_finds_every_threshold_from_any_guess(thresholds: list[int], seed: int) -> None:
    wanted = np.array(thresholds)
    guess = np.random.default_rng(seed).integers(0, 10**9, wanted.size).astype(float)
    found = counts.integer_search(lambda y, who: y >= wanted[who], guess)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-9, 1e-5, 1e-4, 0.01, 0.3, 25.0, 1e4])
@pytest.mark.parametrize("count", [100_001, 123_456_789, 10**9])
def test_probabilities_of_large_counts_keep_their_digits(count: int, alpha: float) -> None:
    """The difference of log-gammas is good to 1e-5 at 10^9: more than a step of a climb gains."""
    for ratio in (1e-8, 0.01, 0.5, 1 - 1e-4, 1.0, 1 + 1e-4, 3.0, 1e4):
        mean = count * ratio
        truth = float(exact.log_pmf(count, mean, alpha))
        assert float(counts.logpmf(count, mean, alpha)) == pytest.approx(truth, rel=1e-12, abs=1e-10)


def test_large_counts_beside_small_ones_and_under_a_mean_of_zero() -> None:
    together = counts.logpmf([3, 10**9], [2.0, 0.0], [[0.0], [0.5]])
    np.testing.assert_array_equal(together[:, 0], counts.logpmf(3, 2.0, [0.0, 0.5]))
    assert (together[:, 1] == -np.inf).all()
