"""Nested lower limits far from where the model puts the totals, against closed forms for Poisson months.

Given their sum, independent Poisson months are multinomial, so a total with two nested windows is a sum of binomial tails.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from forecasting.constraints import Linear
from forecasting.distributions import Poisson
from forecasting.likelihood.sums import SumGroup

TOTAL, HALF, FIVE = 5092, 2076, 1053


def exact(mean: np.ndarray) -> float:
    half = np.arange(HALF, TOTAL + 1)
    inside = stats.binom.logpmf(half, TOTAL, mean[:6].sum() / mean.sum())
    inside += stats.binom.logsf(FIVE - 1, half, mean[:5].sum() / mean[:6].sum())
    return float(stats.poisson.logpmf(TOTAL, mean.sum()) + logsumexp(inside))


@pytest.mark.parametrize("trend", [-0.3, -0.1, 0.0, 0.06, 0.10, 0.14, 0.2, 0.35])
@pytest.mark.parametrize("level", [5.0, 5.9, 6.5])
def test_nested_windows_keep_their_digits(level: float, trend: float) -> None:
    mean = np.exp(level + trend * (np.arange(12) - 5.5))
    rows = [
        Linear(tuple(range(12)), (1,) * 12, TOTAL, TOTAL),
        Linear(tuple(range(6)), (1,) * 6, HALF, None),
        Linear(tuple(range(5)), (1,) * 5, FIVE, None),
    ]
    group = SumGroup(rows, range(12), np.zeros(12, dtype=np.int64), np.full(12, float(TOTAL)))
    told = group.log_probability(mean[None], [], Poisson())[0]
    assert told == pytest.approx(exact(mean), rel=1e-9)


@pytest.mark.parametrize(("low", "high"), [(1, None), (40, None), (200, None), (3, 12), (17, 17)])
def test_a_window_of_one_month_is_that_month(low: int, high: int | None) -> None:
    group = SumGroup([Linear((0,), (1,), low, high)], (0,), np.zeros(1, dtype=np.int64), np.full(1, np.inf))
    mean = np.array([5.0, 17.0, 150.0])
    told = group.log_probability(mean[:, None], [], Poisson())
    if high is None:
        expected = stats.poisson.logsf(low - 1, mean)
    else:
        expected = logsumexp(stats.poisson.logpmf(np.arange(low, high + 1)[:, None], mean), axis=0)
    assert told == pytest.approx(expected, rel=1e-9)
