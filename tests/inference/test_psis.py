from __future__ import annotations

import numpy as np
import pytest

from forecasting.inference.psis import fit_generalized_pareto, smooth_weights


@pytest.mark.parametrize("shape", [-0.4, 0.0, 0.3, 0.7, 1.2])
def test_shape_of_a_generalized_pareto_tail(shape: float, rng: np.random.Generator) -> None:
    u = rng.random((200, 1000))
    excess = np.sort(-np.log1p(-u) if shape == 0 else np.expm1(-shape * np.log1p(-u)) / shape, axis=1)
    found = np.array([fit_generalized_pareto(row) for row in excess])
    assert found[:, 0].mean() == pytest.approx(shape, abs=0.03)
    assert found[:, 1].mean() == pytest.approx(1.0, abs=0.05)
    assert found[:, 0].std() < 1.5 * (1 + abs(shape)) / np.sqrt(1000)


@pytest.mark.parametrize("tail", [0.2, 0.5, 0.9])
def test_khat_of_weights_with_a_power_tail(tail: float, rng: np.random.Generator) -> None:
    """Weights U^-k have the tail shape k."""
    found = [smooth_weights(-tail * np.log(rng.random(20_000)))[1] for _ in range(40)]
    assert np.mean(found) == pytest.approx(tail, abs=0.05)


def test_weights_are_normalised_and_keep_their_order(rng: np.random.Generator) -> None:
    logs = rng.normal(0.0, 1.5, 5000)
    weights, khat = smooth_weights(logs)
    assert weights.sum() == pytest.approx(1.0)
    assert (weights >= 0).all()
    assert (np.diff(weights[np.argsort(logs)]) >= -1e-15).all()
    assert khat < 0.7


def test_smoothing_leaves_the_bulk_alone(rng: np.random.Generator) -> None:
    logs = rng.normal(0.0, 1.0, 4000)
    weights, _ = smooth_weights(logs)
    bulk = np.argsort(logs)[:3800]
    ratio = weights[bulk] / np.exp(logs[bulk])
    np.testing.assert_allclose(ratio, ratio[0])


def test_equal_weights_are_perfect() -> None:
    weights, khat = smooth_weights(np.full(400, -7.0))
    np.testing.assert_allclose(weights, 1 / 400)
    assert khat == -np.inf


def test_a_single_dominant_weight_is_hopeless() -> None:
    logs = np.full(1000, -np.inf)
    logs[3] = 0.0
    assert smooth_weights(logs)[1] == np.inf


def test_weights_of_minus_infinity_count_as_nothing(rng: np.random.Generator) -> None:
    logs = rng.normal(size=2000)
    logs[::3] = -np.inf
    weights, _ = smooth_weights(logs)
    np.testing.assert_array_equal(weights[::3], 0.0)
