from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp

from forecasting.constraints import Linear
from forecasting.distributions import NegativeBinomial
from forecasting.likelihood.pairs import is_pair, pair
from forecasting.likelihood.sums import SumGroup

FAMILY = NegativeBinomial()


@pytest.mark.parametrize("exact", [True, False])
def test_a_sum_of_two_months_against_all_pairs(exact: bool, rng: np.random.Generator) -> None:
    rare = 0
    for _ in range(20):
        lower = rng.integers(0, 60, 2)
        upper = lower + rng.integers(1, 90, 2) * (rng.random() < 0.7) + 40
        low = int(rng.integers(lower.sum(), upper.sum()))
        high = low if exact else min(low + int(rng.integers(1, 80)), int(upper.sum()))
        group = SumGroup([Linear((0, 1), (1, 1), low, high)], (0, 1), lower, upper.astype(float))
        mean, alpha = np.exp(rng.uniform(0.0, 5.5, (6, 2))), np.square(rng.uniform(0.0, 1.0, 6)) * (rng.random(6) < 0.8)
        one, two = (FAMILY.logpmf(np.arange(lower[c], upper[c] + 1.0), mean[:, [c]], alpha[:, None]) for c in range(2))
        total = np.add.outer(np.arange(lower[0], upper[0] + 1), np.arange(lower[1], upper[1] + 1))
        inside = (total >= low) & (total <= high)
        truth = logsumexp((one[:, :, None] + two[:, None, :])[:, inside], axis=1)
        assert is_pair(group.root)
        direct = pair(group.root, mean, [alpha], FAMILY)
        rare += int(np.isnan(direct).sum())
        np.testing.assert_allclose(direct, np.where(np.isnan(direct), np.nan, truth), atol=1e-9)
        np.testing.assert_allclose(group.log_probability(mean, [alpha], FAMILY), truth, atol=1e-8)
    assert (rare == 0) == exact  # a rare range is left to the transforms


@pytest.mark.parametrize(
    ("low", "high", "lower"), [(20, 20, (0, 0)), (5, 25, (3, 0)), (20, 30, (3, 2)), (0, 3, (0, 0))]
)
@pytest.mark.parametrize("mean", [(0.0, 0.0), (0.0, 5.0)])
def test_a_mean_of_zero_leaves_what_it_leaves(
    low: int, high: int, lower: tuple[int, int], mean: tuple[float, float]
) -> None:
    group = SumGroup([Linear((0, 1), (1, 1), low, high)], (0, 1), np.array(lower), np.array([40.0, 40.0]))
    second = np.arange(max(low, lower[1]), min(high, 40) + 1.0)  # the first month is zero for certain
    law = FAMILY.logpmf(second, np.array([[mean[1]]]), np.array([[0.5]]))
    truth = -np.inf if lower[0] else logsumexp(law)
    assert group.log_probability(np.array([mean]), [np.array([0.5])], FAMILY) == pytest.approx([truth], abs=1e-9)
