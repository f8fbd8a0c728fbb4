"""Sums over all counts of a range from few of them, against the plain sums."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.kernels import counts, lattice


@pytest.mark.parametrize("alpha", [0.0, 0.001, 0.1, 2.0])
@pytest.mark.parametrize(
    ("low", "last", "mean"), [(0, 5000, 420.0), (0, 643, 420.0), (500, 2600, 2000.0), (0, 900, 3.0)]
)
def test_few_points_sum_probabilities_times_waves(low: int, last: int, mean: float, alpha: float) -> None:
    deviation = np.sqrt(mean * (1.0 + alpha * mean))
    points = lattice.panels(low, last, alpha, lattice.longest_panel(2.0 / deviation))
    assert points.weights.sum() == pytest.approx(last - low + 1)
    y = np.arange(low, last + 1)
    p, few = np.exp(counts.logpmf(y, mean, alpha)), np.exp(counts.logpmf(low + points.x, mean, alpha)) * points.weights
    for tilt in (-0.5, 0.0, 0.5):
        for frequency in (0.0, 2.0):
            turn = (tilt + 1j * frequency) / deviation
            plain, size = p @ np.exp(turn * (y - mean)), p @ np.exp(turn.real * (y - mean))
            assert few @ np.exp(turn * (low + points.x - mean)) == pytest.approx(plain, abs=2e-11 * size)


@pytest.mark.parametrize("alpha", [0.0, 0.05, 2.0])
@pytest.mark.parametrize("mean", [40.0, 900.0, 60_000.0])
def test_few_whole_numbers_sum_what_is_known_at_counts_only(mean: float, alpha: float) -> None:
    last = int(mean + 12 * np.sqrt(mean * (1.0 + alpha * mean)))
    points = lattice.panels(30, last, alpha, whole=True)
    assert (points.x == np.round(points.x)).all()
    assert (points.weights > 0.0).all()
    assert points.every or points.x.size < 0.76 * last
    y = np.arange(30, last + 1)
    few = (
        np.exp(counts.logpmf(30 + points.x, mean, alpha))
        * counts.cdf(30 + points.x - 1, 0.8 * mean, alpha)
        @ points.weights
    )
    plain = np.exp(counts.logpmf(y, mean, alpha)) * counts.cdf(y - 1, 0.8 * mean, alpha)
    assert few == pytest.approx(plain.sum(), rel=5e-11)


def test_points_are_far_fewer_than_counts() -> None:
    assert lattice.panels(0, 5000, 0.1).x.size < 200
    assert lattice.panels(0, 100, 0.0).every


def test_panels_are_no_longer_than_asked() -> None:
    assert lattice.panels(0, 5000, 0.1, 64.0).longest <= 64


def test_waves_are_a_transform() -> None:
    points = lattice.panels(100, 4000, 0.1)
    turned = lattice.waves(points, 37, 5000).view(np.complex128)
    expected = np.exp(-2j * np.pi / 5000 * np.outer(points.x, np.arange(37)))
    np.testing.assert_allclose(turned, expected, atol=1e-11)
