"""Pools of forecasts: the mixture they stand for, and what cannot be pooled."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting import InvalidInput, NegativeBinomial, Predictive
from forecasting.predictive import pool

MONTHS = pd.period_range("2024-01", periods=2, freq="M")


def constant(mean: float, draws: int = 500, alpha: float = 0.2) -> Predictive:
    """A forecast whose draws all have one mean, so that the pool is a finite mixture in closed form."""
    family, shape = NegativeBinomial(), (np.full(draws, alpha),)
    return Predictive.draw(
        MONTHS, np.full((draws, 2), mean), shape, family, name="y", rng=np.random.default_rng(int(mean))
    )


def test_a_pool_is_the_mixture() -> None:
    pooled = pool([constant(3.0), constant(20.0)], [0.3, 0.7], 1000)
    family, y = NegativeBinomial(), np.arange(60)
    expected = 0.3 * np.exp(family.logpmf(y, 3.0, 0.2)) + 0.7 * np.exp(family.logpmf(y, 20.0, 0.2))
    np.testing.assert_allclose(pooled.pmf("2024-01", upto=59), expected, rtol=1e-9)
    np.testing.assert_allclose(pooled.expected, 0.3 * 3.0 + 0.7 * 20.0)
    assert len(pooled.paths) == 1000


def test_draws_stay_together() -> None:
    """Path, mean and shape of a draw come from one forecast."""
    pooled = pool([constant(3.0, alpha=0.1), constant(2000.0, alpha=1e-6)], [1, 1], 200)
    high = pooled.mean[:, 0] > 100
    assert high.sum() == 100
    np.testing.assert_array_equal(pooled.paths[:, 0] > 500, high)
    np.testing.assert_array_equal(pooled.shape[0] < 1e-3, high)


@pytest.mark.parametrize("draws", [100, 101, 999, 1000])
def test_as_many_draws_as_the_weights_say(draws: int) -> None:
    weights = np.array([0.123, 0.4, 0.0, 0.477])
    means = [1.0, 10.0, 100.0, 1000.0]
    pooled = pool([constant(mean) for mean in means], 7.0 * weights, draws)
    counts = np.array([(pooled.mean[:, 0] == mean).sum() for mean in means])
    assert counts.sum() == draws
    assert counts[2] == 0
    assert (np.abs(counts - draws * weights) <= 1.0).all()


def test_short_forecasts_repeat_their_draws() -> None:
    few = constant(5.0, draws=30)
    pooled = pool([few, constant(50.0)], [0.5, 0.5], 200)
    own = pooled.paths[:100]
    np.testing.assert_array_equal(own, few.paths[np.arange(100) % 30])


def test_a_pool_of_one_is_itself() -> None:
    alone = constant(5.0)
    pooled = pool([alone], [3.0], 500)
    np.testing.assert_array_equal(pooled.paths, alone.paths)
    assert pooled.name == "y"


@pytest.mark.parametrize("weights", [[1.0], [0.0, 0.0], [-0.1, 1.1], [np.nan, 1.0], [np.inf, 1.0], []])
def test_weights_that_are_none(weights: list[float]) -> None:
    with pytest.raises(InvalidInput, match="2 non-negative numbers"):
        pool([constant(3.0), constant(4.0)], weights, 100)


def test_only_forecasts_of_the_same_months_can_be_pooled() -> None:
    one = constant(3.0)
    later = Predictive(MONTHS + 1, one.paths, one.mean, one.shape, one.distribution, "y")
    with pytest.raises(InvalidInput, match="only forecasts of the same months can be pooled"):
        pool([one, later], [0.5, 0.5], 100)
