from __future__ import annotations

import numpy as np
import pytest

from forecasting.kernels import counts
from forecasting.kernels.quantiles import quantile

MEANS = [1e-9, 0.02, 0.4, 3.0, 25.0, 180.0, 2500.0, 1e5]


def extreme(rng: np.random.Generator, size: int) -> np.ndarray:
    """Uniforms, half of them far out in the tails."""
    u = rng.random(size)
    u[: size // 4] = 10.0 ** rng.uniform(-15, -1, size // 4)
    u[size // 4 : size // 2] = 1.0 - 10.0 ** rng.uniform(-14, -1, size // 2 - size // 4)
    return u


@pytest.mark.parametrize("alpha", [0.0, 1e-12, 1e-5, 1e-3, 0.03, 0.4, 1.0, 2.0, 6.0])
def test_every_element_inverts_the_cdf(alpha: float, rng: np.random.Generator) -> None:
    """P(Y < y) < u <= P(Y <= y), by the cdf of the incomplete beta and gamma functions."""
    mean = np.array(MEANS)[:, None] * np.exp(0.5 * rng.standard_normal((len(MEANS), 1500)))
    dispersion = alpha * np.exp(0.3 * rng.standard_normal(mean.shape))
    u = np.broadcast_to(extreme(rng, 1500), mean.shape)
    y = quantile(u, mean, dispersion)
    assert y.dtype == np.int64
    assert (counts.cdf(y, mean, dispersion) >= u).all()
    assert (counts.cdf(y - 1, mean, dispersion)[y > 0] < u[y > 0]).all()


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
    u, mean = rng.random(10_001), np.exp(rng.normal(2.0, 2.0, 10_001))
    whole = quantile(u, mean, 0.3)
    np.testing.assert_array_equal(
        whole, np.concatenate([quantile(u[:77], mean[:77], 0.3), quantile(u[77:], mean[77:], 0.3)])
    )
    np.testing.assert_array_equal(whole.reshape(73, 137), quantile(u.reshape(73, 137), mean.reshape(73, 137), 0.3))
    assert quantile(np.empty((0, 3)), 2.0).shape == (0, 3)
