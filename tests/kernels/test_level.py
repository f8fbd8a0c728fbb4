"""The recursion of a level against a slow, obvious loop, and what it promises of outliers and missing months."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.kernels.level import Motion, levels

LEAST = 1e-9


def slow(
    counts: list[float],
    missing: list[bool],
    factors: list[float],
    start: float,
    gain: float,
    alpha: float,
    growth: float = 1.0,
    rate: float = 0.0,
    anchor: float = 0.0,
) -> list[float]:
    """One parameter vector, month by month, as the equation stands on paper."""
    path = [start]
    for y, absent, f in zip(counts, missing, factors, strict=True):
        level = path[-1]
        target = level
        if not absent:
            bound = level + 4.0 * math.sqrt(level / f + alpha * level**2) + 10.0 / f
            target = min(y / f, bound)
        path.append(max(growth * (level + gain * (target - level)) + rate * (anchor - level), LEAST))
    return path


def column(value: float) -> np.ndarray:
    return np.array([value])


positive = st.floats(1e-6, 1e6)
counts = st.one_of(st.integers(0, 40), st.integers(0, 10**6), st.just(0))
months = st.lists(st.tuples(counts, st.booleans(), st.floats(0.05, 20.0)), min_size=1, max_size=30)


@given(months, positive, st.floats(0.0, 1.0), st.floats(0.0, 5.0), st.floats(0.9, 1.1), st.floats(0.0, 0.9), positive)
def test_levels_are_those_of_the_loop(
    given_months: list[tuple[int, bool, float]],
    start: float,
    gain: float,
    alpha: float,
    growth: float,
    rate: float,
    anchor: float,
) -> None:
    y, missing, factors = (list(part) for part in zip(*given_months, strict=True))
    arrays = np.array(y, dtype=float), np.array(missing), np.array(factors)[:, None], column(start)
    plain = levels(*arrays, Motion(column(gain), column(alpha)))
    np.testing.assert_allclose(plain[:, 0], slow(y, missing, factors, start, gain, alpha), rtol=1e-9, atol=1e-9)
    whole = levels(*arrays, Motion(column(gain), column(alpha), column(growth), column(rate), column(anchor)))
    expected = slow(y, missing, factors, start, gain, alpha, growth, rate, anchor)
    np.testing.assert_allclose(whole[:, 0], expected, rtol=1e-9, atol=1e-9)


def test_parameter_vectors_do_not_touch_each_other(rng: np.random.Generator) -> None:
    y, missing, factors = rng.poisson(30.0, 40) * 1.0, rng.random(40) < 0.2, rng.gamma(5.0, 0.2, (40, 7))
    start, gain, alpha, growth = rng.gamma(3.0, 10.0, 7), rng.random(7), rng.random(7), rng.normal(1.0, 0.02, 7)
    together = levels(y, missing, factors, start, Motion(gain, alpha, growth))
    for k in range(7):
        alone = slow(y.tolist(), missing.tolist(), factors[:, k].tolist(), start[k], gain[k], alpha[k], growth[k])
        np.testing.assert_allclose(together[:, k], alone, rtol=1e-12)


def test_the_arguments_are_left_alone(rng: np.random.Generator) -> None:
    y, factors, start = rng.poisson(30.0, 20) * 1.0, rng.gamma(5.0, 0.2, (20, 3)), np.full(3, 25.0)
    motion = Motion(np.full(3, 0.3), np.full(3, 0.1))
    copies = y.copy(), factors.copy(), start.copy(), motion.gain.copy()
    levels(y, np.zeros(20, dtype=bool), factors, start, motion)
    for now, then in zip((y, factors, start, motion.gain), copies, strict=True):
        np.testing.assert_array_equal(now, then)


@given(st.floats(0.01, 1e5), st.floats(0.05, 1.0), st.floats(0.0, 2.0), st.floats(0.2, 5.0), st.integers(0, 10**9))
def test_one_month_moves_the_level_by_no_more_than_the_bound(
    level: float, gain: float, alpha: float, factor: float, count: int
) -> None:
    motion = Motion(column(gain), column(alpha))
    moved = float(motion.step(column(level), float(count), column(1.0 / factor))[0])
    most = gain * (4.0 * math.sqrt(level / factor + alpha * level**2) + 10.0 / factor)
    assert moved - level <= most * (1.0 + 1e-12)
    assert moved >= (1.0 - gain) * level * (1.0 - 1e-12)


def test_beyond_the_bound_the_size_of_an_outlier_is_forgotten() -> None:
    y = np.array([20.0, 25.0, 18.0, 22.0])
    calm = np.zeros(4, dtype=bool), np.ones((4, 1)), column(20.0), Motion(column(0.3), column(0.05))
    paths = [levels(np.append(y[:3], far), *calm) for far in (500.0, 5e3, 1e6, 1e15)]
    for other in paths[1:]:
        np.testing.assert_array_equal(other, paths[0])
    assert paths[0][4, 0] > paths[0][3, 0]


def test_a_missing_month_leaves_the_level_and_what_stands_there_means_nothing() -> None:
    missing = np.array([False, True, True, False])
    motion = Motion(column(0.4), column(0.1))
    for filler in (0.0, 7.0, 1e9, np.nan):
        path = levels(np.array([9.0, filler, filler, 4.0]), missing, np.ones((4, 1)), column(5.0), motion)
        np.testing.assert_allclose(path[:, 0], [5.0, 6.6, 6.6, 6.6, 5.56], rtol=1e-12)


def test_growth_and_reversion_go_on_in_missing_months() -> None:
    missing, y, flat = np.ones(200, dtype=bool), np.zeros(200), np.ones((200, 1))
    growing = levels(y, missing, flat, column(5.0), Motion(column(0.4), column(0.1), growth=column(1.02)))
    np.testing.assert_allclose(growing[:, 0], 5.0 * 1.02 ** np.arange(201), rtol=1e-12)
    drawn = Motion(column(0.4), column(0.1), rate=column(0.1), anchor=column(80.0))
    back = levels(y, missing, flat, column(5.0), drawn)
    np.testing.assert_allclose(back[:, 0], 80.0 - 75.0 * 0.9 ** np.arange(201), rtol=1e-12)


@pytest.mark.parametrize("gain", [0.0, 0.2, 1.0])
def test_extreme_counts(gain: float) -> None:
    def path(y: np.ndarray, start: float) -> np.ndarray:
        known = np.zeros(len(y), dtype=bool)
        return levels(y, known, np.ones((len(y), 1)), column(start), Motion(column(gain), column(0.3)))[:, 0]

    steady = path(np.full(600, 1e6), 1e6)
    np.testing.assert_allclose(steady, 1e6, rtol=1e-12)
    empty = path(np.zeros(600), 0.5)
    np.testing.assert_allclose(empty, np.maximum(0.5 * (1.0 - gain) ** np.arange(601), LEAST), rtol=1e-9)
    assert empty.min() >= LEAST
    climbing = path(np.full(600, 1e6), LEAST)
    assert np.isfinite(climbing).all()
    assert (np.diff(climbing) >= 0).all()
    assert climbing[-1] <= 1e6
    assert climbing[-1] == pytest.approx(1e6 if gain else LEAST, rel=1e-6)


def test_with_the_whole_gain_the_level_is_the_last_count() -> None:
    y = np.array([3.0, 8.0, 5.0, 6.0])
    path = levels(y, np.zeros(4, dtype=bool), np.full((4, 1), 0.5), column(4.0), Motion(column(1.0), column(0.3)))
    np.testing.assert_allclose(path[1:, 0], 2.0 * y, rtol=1e-12)
