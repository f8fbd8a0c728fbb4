"""The banded likelihood against the dense one, written down from the definition, and against statsmodels' Kalman filter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.kernels import arma

SHAPES = [
    (0, 0, 0, 0),
    (1, 0, 0, 0),
    (0, 2, 0, 0),
    (2, 1, 1, 0),
    (1, 2, 1, 1),
    (0, 1, 0, 2),
    (3, 0, 2, 1),
    (2, 2, 2, 2),
]
MONTHS = 60


def process(shape: tuple[int, int, int, int], draws: int, rng: np.random.Generator) -> tuple[list[np.ndarray], ...]:
    """Coefficients in R's signs and the two polynomials."""
    signs = (1.0, -1.0, 1.0, -1.0)
    parts = [s * arma.coefficients(np.tanh(rng.normal(size=(draws, k)))) for s, k in zip(signs, shape, strict=True)]
    return parts, [arma.polynomial(-parts[0], -parts[2], 12), arma.polynomial(parts[1], parts[3], 12)]


def log_density(white: arma.Whitened) -> np.ndarray:
    squares = np.square(white.columns[:, :, 0]).sum(axis=1)
    return -0.5 * (white.columns.shape[1] * np.log(2 * np.pi) + white.log_det + squares)


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_kalman_filter(shape: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    (ar, ma, seasonal_ar, seasonal_ma), (full_ar, full_ma) = process((shape[0], shape[1], shape[2], shape[3]), 4, rng)
    y = rng.normal(size=MONTHS)
    oracle = SARIMAX(y, order=(shape[0], 0, shape[1]), seasonal_order=(shape[2], 0, shape[3], 12))
    expected = [
        oracle.loglike(np.r_[ar[s], ma[s], seasonal_ar[s], seasonal_ma[s], 1.0], transformed=True) for s in range(4)
    ]
    np.testing.assert_allclose(log_density(arma.whiten(full_ar, full_ma, y[:, None])), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("shape", SHAPES)
def test_whitening_is_the_dense_cholesky_factor(shape: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """The covariance is summed from the weights of past innovations, as many as it takes."""
    _, (ar, ma) = process(shape, 1, rng)
    weights = arma.impulse_response(ar, 6000, ma)[0]
    acov = np.array([weights[k:] @ weights[: weights.size - k] for k in range(MONTHS)])
    dense = acov[np.abs(np.subtract.outer(np.arange(MONTHS), np.arange(MONTHS)))]
    y = rng.normal(size=MONTHS)
    white = arma.whiten(ar, ma, y[:, None])
    assert np.square(white.columns).sum() == pytest.approx(y @ np.linalg.solve(dense, y), rel=1e-5)
    assert white.log_det[0] == pytest.approx(np.linalg.slogdet(dense)[1], abs=1e-5)


@given(st.lists(st.floats(-0.99, 0.99), min_size=1, max_size=6))
def test_partial_autocorrelations_come_back(values: list[float]) -> None:
    phi = arma.coefficients(np.array([values]))[0]
    assert (np.abs(np.roots(np.r_[1.0, -phi])) < 1.0).all()
    np.testing.assert_allclose(arma.partial_autocorrelations(phi), values, atol=1e-6)


def test_an_explosive_process_is_seen() -> None:
    assert np.isinf(arma.partial_autocorrelations(np.array([0.3, 1.2]))[0])


def test_months_ahead_leave_the_likelihood_alone(rng: np.random.Generator) -> None:
    _, (ar, ma) = process((1, 1, 0, 1), 3, rng)
    y = rng.normal(size=(MONTHS, 2))
    here, further = arma.whiten(ar, ma, y), arma.whiten(ar, ma, y, ahead=20)
    np.testing.assert_array_equal(here.columns, further.columns)
    assert further.factor.shape[1] == MONTHS + 20


def test_many_vectors_are_as_good_as_one(rng: np.random.Generator) -> None:
    _, (ar, ma) = process((2, 1, 1, 1), 9, rng)
    y = rng.normal(size=(MONTHS, 1))
    together = arma.whiten(ar, ma, y).log_det
    np.testing.assert_allclose(together, [arma.whiten(ar[[s]], ma[[s]], y).log_det[0] for s in range(9)], rtol=1e-12)
