from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betainc, ndtr

from forecasting.kernels import counts, quantiles
from forecasting.kernels.quantiles import quantile
from tests.kernels import exact

MEANS = [1e-9, 0.02, 0.4, 3.0, 25.0, 180.0, 2500.0, 1e5]


def extreme(rng: np.random.Generator, size: int) -> np.ndarray:
    """Uniforms, half of them far out in the tails."""
    u = rng.random(size)
    u[: size // 4] = 10.0 ** rng.uniform(-15, -1, size // 4)
    u[size // 4 : size // 2] = 1.0 - 10.0 ** rng.uniform(-14, -1, size // 2 - size // 4)
    return u


def inverts(y: np.ndarray, u: np.ndarray, mean: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Whether P(Y < y) < u <= P(Y <= y), element by element."""
    return (counts.cdf(y, mean, alpha) >= u) & ((y == 0) | (counts.cdf(y - 1, mean, alpha) < u))


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-5, 1e-3, 0.03, 0.4, 1.0, 2.0, 6.0])
def test_every_element_inverts_the_cdf(alpha: float, rng: np.random.Generator) -> None:
    """P(Y < y) < u <= P(Y <= y), by the cdf of the incomplete beta and gamma functions."""
    mean = np.array(MEANS)[:, None] * np.exp(0.5 * rng.standard_normal((len(MEANS), 1500)))
    dispersion = alpha * np.exp(0.3 * rng.standard_normal(mean.shape))
    u = np.broadcast_to(extreme(rng, 1500), mean.shape)
    y = quantile(u, mean, dispersion)
    assert y.dtype == np.int64
    assert inverts(y, u, mean, dispersion).all()


@pytest.mark.parametrize("tails", [False, True])
def test_means_and_sizes_over_nine_powers_of_ten(tails: bool, rng: np.random.Generator) -> None:
    n = 60_000
    mean, alpha = 10.0 ** rng.uniform(-2, 7, n), 10.0 ** rng.uniform(-6, 2, n)
    alpha[: n // 6] = 0.0
    u = rng.permutation(extreme(rng, n)) if tails else rng.random(n)
    assert inverts(quantile(u, mean, alpha), u, mean, alpha).all()


@pytest.mark.parametrize(
    ("mean", "alpha"), [(0.3, 4.0), (8.0, 0.0), (8.0, 0.3), (40.0, 0.0), (40.0, 0.02), (40.0, 0.7)]
)
def test_quantiles_of_a_table_in_forty_digits(mean: float, alpha: float, rng: np.random.Generator) -> None:
    steps = np.cumsum(exact.table(mean, alpha, 700)).astype(float)
    u = np.concatenate([rng.random(3000), 10.0 ** rng.uniform(-12, -2, 300), 1.0 - 10.0 ** rng.uniform(-6, -2, 300)])
    np.testing.assert_array_equal(quantile(u, mean, alpha), np.searchsorted(steps, u))


def test_levels_of_zero_and_almost_one() -> None:
    mean = np.array([0.0, 1e-3, 2.0, 50.0, 1e4, 1e7, 1e9])
    for alpha in (0.0, 0.1, 5.0):
        assert (quantile(0.0, mean, alpha) == 0).all()
        for u in (1e-300, 1e-17, 1.0 - 1e-12, np.nextafter(1.0, 0.0)):
            y = quantile(u, mean, alpha)
            assert inverts(y, np.full(7, u), mean, np.full(7, alpha))[:-1].all()
            assert y[0] == 0


@pytest.mark.parametrize("size", [0.5, 2.0, 10.0, 30.0, 100.0, 1e4])
def test_the_saddlepoint_is_as_near_as_its_bound(size: float) -> None:
    """In counts, against the incomplete beta function at counts that are not whole."""
    z = np.linspace(-4.39, 4.39, 800)
    u, alpha = ndtr(z), 1.0 / size
    for mean in (5.0, 20.0, 40.0, 300.0, 1e4, 1e6):
        y, bound = quantiles._inverted(u, np.full(800, mean), np.full(800, alpha))
        known = np.isfinite(bound)
        y, bound, level, upper = y[known], bound[known], u[known], ndtr(-z[known])
        odds = alpha * mean
        below, above = betainc(size, y + 1.0, 1.0 / (1.0 + odds)), betainc(y + 1.0, size, odds / (1.0 + odds))
        excess = np.where(level < 0.5, below - level, upper - above)
        assert (np.abs(excess) <= bound * np.exp(counts.logpmf(y + 0.5, mean, alpha))).all()


def test_levels_at_the_very_steps_are_met_not_passed() -> None:
    for mean, alpha in ((0.7, 0.0), (6.0, 0.5), (300.0, 0.1), (900.0, 0.0)):
        y = np.arange(max(int(mean - 2 * mean**0.5), 0), int(mean + 2 * mean**0.5) + 2)
        step = counts.cdf(y, mean, alpha)
        np.testing.assert_array_equal(quantile(step, mean, alpha), y)
        np.testing.assert_array_equal(quantile(np.nextafter(step, 1.0), mean, alpha), y + 1)


def test_larger_means_give_larger_counts_element_by_element(rng: np.random.Generator) -> None:
    u = rng.random((3000, 1))
    means = np.geomspace(0.01, 1e5, 40) * np.array([[1.0]])
    for alpha in (0.0, 0.2, 2.0):
        assert (np.diff(quantile(u, means, alpha), axis=1) >= 0).all()


def test_blocks_do_not_matter(rng: np.random.Generator) -> None:
    u, mean = rng.random(40_000), np.exp(rng.normal(2.0, 2.0, 40_000))
    whole = quantile(u, mean, 0.3)
    np.testing.assert_array_equal(
        whole, np.concatenate([quantile(u[:77], mean[:77], 0.3), quantile(u[77:], mean[77:], 0.3)])
    )
    np.testing.assert_array_equal(whole.reshape(160, 250), quantile(u.reshape(160, 250), mean.reshape(160, 250), 0.3))
    assert quantile(np.empty((0, 3)), 2.0).shape == (0, 3)
