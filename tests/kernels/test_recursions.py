"""Recursions against the obvious loop; derivatives against differences and multiple precision."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from forecasting.kernels.ingarch import PRESAMPLES, Predictor
from forecasting.kernels.recursions import propagate, propagate_back
from forecasting.kernels.slopes import slopes

SHAPES = [((1, 12), (1,)), ((1,), (13,)), ((), (2, 5)), ((3,), ()), ((), ())]


def loop(x: np.ndarray, lags: list[int], weights: list[np.ndarray]) -> np.ndarray:
    s = np.zeros_like(x)
    for t in range(len(x)):
        s[t] = x[t]
        for lag, w in zip(lags, weights, strict=True):
            if t >= lag:
                s[t] += (w[t if len(w) > 1 else 0] * s[t - lag].T).T
    return s


@pytest.mark.parametrize("vectors", [1, 4])
@pytest.mark.parametrize("lags", [[1], [3], [2, 7], [1, 1], [4, 40], []])
@pytest.mark.parametrize("varying", [False, True])
def test_propagation_is_the_loop(vectors: int, lags: list[int], varying: bool, rng: np.random.Generator) -> None:
    size = 30
    weights = [rng.uniform(-0.4, 0.4, (size if varying else 1, vectors)) for _ in lags]
    for extra in ((), (3,)):
        x = rng.normal(size=(size, vectors, *extra))
        kept = x.copy()
        np.testing.assert_allclose(propagate(x, lags, weights), loop(x, lags, weights), rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(x, kept)


@pytest.mark.parametrize("vectors", [1, 4])
@pytest.mark.parametrize("lags", [[1], [2, 7], [4, 40]])
def test_going_back_is_the_transpose(vectors: int, lags: list[int], rng: np.random.Generator) -> None:
    weights = [rng.uniform(-0.4, 0.4, (30, vectors)) for _ in lags]
    x, g = rng.normal(size=(2, 30, vectors))
    forwards = (g * propagate(x, lags, weights)).sum(axis=0)
    np.testing.assert_allclose(forwards, (propagate_back(g, lags, weights) * x).sum(axis=0), rtol=1e-12)


def by_hand(p: Predictor, theta: np.ndarray, before: float, z: np.ndarray) -> np.ndarray:
    counts, means, inner = len(p.past_counts), len(p.past_means), p.inner.shape[1]
    core, total = np.zeros(len(z)), np.zeros(len(z))
    for t in range(len(z)):
        core[t] = theta[0] + p.inner[t] @ theta[1 + counts + means : 1 + counts + means + inner]
        for k, lag in enumerate(p.past_counts):
            core[t] += theta[1 + k] * (before if t < lag else core[t - lag] if p.missing[t - lag] else z[t - lag])
        for k, lag in enumerate(p.past_means):
            core[t] += theta[1 + counts + k] * (before if t < lag else core[t - lag])
        total[t] = core[t] + p.outer[t] @ theta[1 + counts + means + inner :]
    return total


@pytest.mark.parametrize("presample", PRESAMPLES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("vectors", [1, 3])
def test_predictor_and_its_derivatives(
    presample: str, shape: tuple[tuple[int, ...], tuple[int, ...]], gaps: bool, vectors: int, rng: np.random.Generator
) -> None:
    size, missing = 30, np.isin(np.arange(30), [0, 7, 8, 20] if gaps else [])
    z = np.where(missing[:, None], 0.0, rng.normal(2, 1, (size, vectors)))
    predictor = Predictor(z, missing, *shape, rng.normal(size=(size, 2)), rng.normal(size=(size, 1)), presample)
    past = rng.uniform(0.05, 0.25, len(shape[0]) + len(shape[1]))
    theta = np.concatenate([[1.0], past, rng.normal(size=3)]) * (1 + 0.1 * rng.random((vectors, 1)))
    value, slope = predictor.slopes(theta)
    for s, before in enumerate(predictor.start(theta)):
        np.testing.assert_allclose(value[:, s], by_hand(predictor, theta[s], before, z[:, s]), rtol=1e-11, atol=1e-12)
    weight = rng.normal(size=(size, vectors))
    curvature = predictor.curvature(theta, slope, weight)
    for k, step in enumerate(1e-5 * np.eye(predictor.width)):
        (up, up_slope), (down, down_slope) = predictor.slopes(theta + step), predictor.slopes(theta - step)
        np.testing.assert_allclose(slope[:, :, k], (up - down) / 2e-5, rtol=1e-6, atol=1e-7)
        second = np.einsum("ts,tsp->sp", weight, (up_slope - down_slope) / 2e-5)
        np.testing.assert_allclose(curvature[:, k], second, rtol=1e-5, atol=1e-6)


def test_values_before_the_sample() -> None:
    z, theta = np.arange(20.0)[:, None], np.array([[2.0, 0.3, 0.2]])
    nothing = np.empty((20, 0))
    found = {
        rule: float(Predictor(z, np.zeros(20, bool), (1,), (1,), nothing, nothing, rule).start(theta)[0])
        for rule in PRESAMPLES
    }
    expected = {"first_year": 5.5, "marginal": 4.0, "iid": 2.0, "firstobs": 0.0, "zero": 0.0}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("alpha", [1e-6, 1e-3, 0.0079, 0.0081, 0.3, 4.0])
@pytest.mark.parametrize("y", [0, 1, 7, 400])
def test_slopes_in_many_digits(y: int, alpha: float) -> None:
    mean = 4.3
    with mpmath.workdps(40):

        def log_probability(m: mpmath.mpf, a: mpmath.mpf) -> mpmath.mpf:
            size = 1 / a
            rising = mpmath.loggamma(y + size) - mpmath.loggamma(size) + y * mpmath.log(a)
            return rising + y * mpmath.log(m) - (y + size) * mpmath.log(1 + a * m)

        orders = [(1, 0), (2, 0), (1, 1), (0, 1), (0, 2)]
        expected = [float(mpmath.diff(log_probability, (mean, alpha), order)) for order in orders]
    found = slopes(np.array(float(y)), np.array(mean), np.array(alpha))
    np.testing.assert_allclose([float(part) for part in found], expected, rtol=1e-8, atol=1e-8)


def test_slopes_at_the_poisson_boundary() -> None:
    y, mean = np.array([0.0, 3.0, 9.0]), np.array([2.0, 4.0, 5.0])
    found = slopes(y, mean, np.zeros(3))
    np.testing.assert_allclose(found.mean, y / mean - 1.0)
    np.testing.assert_allclose(found.alpha, 0.5 * (np.square(y - mean) - y))
