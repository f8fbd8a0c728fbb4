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
