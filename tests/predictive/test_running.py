"""Quantiles read off running sums are those of the search with the cdf, whatever the mixture; and they are quick."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from forecasting.distributions import Contaminated, Distribution, Hurdle, NegativeBinomial, Poisson, ZeroInflated
from forecasting.distributions.point import Point
from forecasting.kernels.counts import FloatArray
from forecasting.predictive.mixture import Mixture
from forecasting.predictive.running import RunningSums

LEVELS = np.array([1e-6, 0.01, 0.025, 0.1, 0.3, 0.5, 0.7, 0.9, 0.975, 0.99, 0.999, 1.0 - 1e-9])
SEASON = np.exp(2.5 * np.cos(np.pi * np.arange(12) / 6.0))

Case = tuple[Distribution, FloatArray, tuple[FloatArray, ...]]


def _near(level: float, spread: float = 0.2) -> FloatArray:
    return level * np.exp(spread * np.random.default_rng(1).standard_normal((60, 12)))


def _alpha(scale: float) -> FloatArray:
    return np.square(scale * np.random.default_rng(2).standard_normal(60))


CASES: dict[str, Callable[[], Case]] = {
    "sparse": lambda: (Contaminated(), _near(0.05), (_alpha(1.0),)),
    "usual": lambda: (Contaminated(), _near(20.0), (_alpha(0.2),)),
    "large": lambda: (NegativeBinomial(), _near(1e5), (_alpha(0.2),)),
    "seasons far apart": lambda: (NegativeBinomial(), _near(300.0, 0.05) * SEASON, (_alpha(0.1),)),
    "sharp and far apart": lambda: (Poisson(), _near(1e3, 3.0), ()),
    "empty or large": lambda: (ZeroInflated(), _near(5e3), (_alpha(0.2), np.full(60, 0.3))),
    "a wall at one": lambda: (Hurdle(), _near(3.0), (_alpha(0.2), np.full(60, 0.4))),
    "months known": lambda: (Point(), np.round(_near(40.0)), ()),
    "shapes a month": lambda: (NegativeBinomial(), _near(50.0), (np.repeat(_alpha(0.3)[:, None], 12, axis=1),)),
}


@pytest.mark.parametrize("name", CASES)
def test_quantiles_are_those_of_the_search(name: str) -> None:
    distribution, mean, shape = CASES[name]()
    mixture = Mixture(distribution, mean, shape)
    everywhere = np.tile(np.arange(12), len(LEVELS))
    for guess in (np.quantile(mean, LEVELS, axis=0).round(), np.ones((len(LEVELS), 12))):
        expected = mixture.search(np.repeat(LEVELS, 12), everywhere, guess.ravel()).reshape(guess.shape)
        np.testing.assert_array_equal(mixture.quantiles(LEVELS, guess), expected)


def test_what_the_blocks_overlook_is_not_sure() -> None:
    """A spike of a tenth between the nodes of a block: sums that miss it must not answer."""

    def pmf(y: FloatArray) -> FloatArray:
        return np.exp(-np.square((np.asarray(y) - 4000.0) / 800.0) / 2.0)[:, None] * 0.9 / (800.0 * np.sqrt(2 * np.pi))

    def cdf(y: float) -> FloatArray:
        smooth = pmf(np.arange(int(y) + 1)).sum(axis=0) if y >= 0 else np.zeros(1)
        return np.asarray(smooth + 0.1 * (y >= 4321))

    levels = np.array([0.2, 0.9])
    sums = RunningSums.of(pmf, cdf, (np.array([0.0]), np.array([9000.0])), np.array([800.0]))
    assert sums is not None
    assert not sums.quantile(levels, cdf)[1].any()
    found, sure = sums.quantile(levels * 0.9, lambda y: cdf(y) - 0.1)
    assert sure.all()
    table = np.cumsum(pmf(np.arange(9000))[:, 0])
    assert found[:, 0].tolist() == np.searchsorted(table, levels * 0.9).tolist()


def test_fifteen_levels_of_a_year_cost_less_than_the_search() -> None:
    rng = np.random.default_rng(3)
    mean, alpha = 20.0 * np.exp(0.2 * rng.standard_normal((1000, 12))), np.square(0.2 * rng.standard_normal(1000))
    mixture, levels = Mixture(Contaminated(), mean, (alpha,)), np.linspace(0.01, 0.99, 15)
    guess = np.quantile(rng.poisson(mean), levels, axis=0, method="inverted_cdf").astype(float)

    def cost(call: Callable[[], object]) -> float:
        started = time.process_time()
        call()
        return time.process_time() - started

    whole = [
        cost(lambda: mixture.search(np.repeat(levels, 12), np.tile(np.arange(12), 15), guess.ravel())) for _ in range(3)
    ]
    assert min(cost(lambda: mixture.quantiles(levels, guess)) for _ in range(3)) < min(whole) / 3.0
