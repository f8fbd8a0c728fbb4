"""Probabilities averaged over draws: the fast ways against the plain average."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting import Contaminated, Hurdle, NegativeBinomial, Poisson, ZeroInflated
from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray

COUNTS = np.array([0, 1, 2, 15, 16, 40, 41, 300, 5000, 10**6])
DRAWS = 400


def spread(width: float, level: float = 20.0) -> FloatArray:
    rng = np.random.default_rng(2)
    return level * np.exp(rng.normal(0.0, width, (3, DRAWS)))


def apart() -> FloatArray:
    """Nearly all draws at one end, a single one at the other, as far as the shortcut is taken."""
    mean = np.full((3, DRAWS), 1.0)
    mean[:, 0] = 2.0 * np.exp(5.9) - 1.0
    return mean


MEANS = {"narrow": spread(0.2), "wide": spread(1.0), "very wide": spread(4.0), "apart": apart(), "one": spread(0.0)}
ALPHA = np.random.default_rng(3).gamma(2.0, 0.1, DRAWS)
SHARE = np.random.default_rng(4).beta(2.0, 8.0, DRAWS)
FAMILIES: list[tuple[Distribution, tuple[FloatArray, ...]]] = [
    (Poisson(), ()),
    (NegativeBinomial(), (ALPHA,)),
    (NegativeBinomial(), (1e-6 * ALPHA,)),
    (NegativeBinomial(), (np.tile(ALPHA, (3, 1)),)),
    (Contaminated(), (ALPHA,)),
    (Contaminated(Poisson()), ()),
    (ZeroInflated(Poisson()), (SHARE,)),
    (Hurdle(), (ALPHA, SHARE)),
]


@pytest.mark.parametrize("width", MEANS)
@pytest.mark.parametrize(("family", "shape"), FAMILIES, ids=lambda one: repr(one)[:20])
def test_it_is_the_average_of_the_probabilities(
    family: Distribution, shape: tuple[FloatArray, ...], width: str
) -> None:
    mean = MEANS[width]
    plain = family.pmf(COUNTS[:, None, None].astype(float), mean, *shape).mean(axis=2)
    found = family.mixture(mean, *shape)(COUNTS)
    assert found.shape == (len(COUNTS), 3)
    assert found == pytest.approx(plain, rel=1e-10, abs=1e-280)


def test_a_mean_of_zero_gives_no_count_but_zero() -> None:
    found = NegativeBinomial().mixture(np.zeros((1, 2)), np.array([0.0, 0.5]))(np.array([0, 1]))
    assert found.tolist() == [[1.0], [0.0]]
