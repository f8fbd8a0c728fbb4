from __future__ import annotations

import numpy as np
import pytest

from forecasting import CountRegression, Intercept, NegativeBinomial, Poisson, SamplingError, Seasonal, Trend
from forecasting.inference.mode import differences, extrapolated, find_mode, inverse_root
from forecasting.kernels.counts import FloatArray
from tests.models import data

CENTRE = np.array([3.0, -40.0, 1e-3])
CURVATURE = np.array([[2.0, 0.3, 0.0], [0.3, 0.02, 5.0], [0.0, 5.0, 4e4]])


def quadratic(x: FloatArray) -> FloatArray:
    d = x - CENTRE
    return 7.0 - 0.5 * np.einsum("sp,pq,sq->s", d, CURVATURE + np.diag([0, 1.0, 0]), d)


def test_a_quadratic_is_solved_whatever_the_scales() -> None:
    mode = find_mode(quadratic, np.zeros(3), np.array([1.0, 10.0, 0.1]))
    assert mode.converged
    assert mode.value == pytest.approx(7.0, abs=1e-10)
    np.testing.assert_allclose(mode.point, CENTRE, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(mode.hessian, -(CURVATURE + np.diag([0, 1.0, 0])), rtol=1e-7, atol=1e-6)


def test_a_curved_valley() -> None:
    """Rosenbrock's function, from its usual start."""
    mode = find_mode(
        lambda x: -((1 - x[:, 0]) ** 2) - 100 * (x[:, 1] - x[:, 0] ** 2) ** 2, np.array([-1.2, 1.0]), np.ones(2)
    )
    assert mode.converged
    np.testing.assert_allclose(mode.point, [1.0, 1.0], atol=1e-5)


def test_a_distant_start_behind_a_saddle() -> None:
    mode = find_mode(lambda x: -np.log1p(np.sum((x - 4.0) ** 2, axis=1)), np.array([30.0, -20.0]), np.ones(2))
    assert mode.converged
    np.testing.assert_allclose(mode.point, 4.0, atol=1e-4)


def test_fixed_coordinates_stay() -> None:
    start = np.array([0.0, 5.0, 0.0])
    mode = find_mode(quadratic, start, np.array([1.0, 10.0, 0.1]), free=np.array([True, False, True]))
    assert mode.point[1] == 5.0
    assert mode.hessian.shape == (2, 2)
    rest = CURVATURE[np.ix_([0, 2], [0, 2])]
    expected = CENTRE[[0, 2]] - np.linalg.solve(rest, CURVATURE[[0, 2], 1] * 45.0)
    np.testing.assert_allclose(mode.point[[0, 2]], expected, rtol=1e-6)


def test_walls_are_not_climbed() -> None:
    def walled(x: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.log(x[:, 0]) - x[:, 0]  # NaN below zero

    mode = find_mode(walled, np.array([0.02]), np.array([1.0]))
    assert mode.point[0] == pytest.approx(1.0, abs=1e-5)


def test_an_impossible_start_says_so() -> None:
    with pytest.raises(SamplingError, match="not finite around"):
        find_mode(lambda x: np.full(len(x), -np.inf), np.zeros(2), np.ones(2))


def test_a_flat_direction_is_no_failure() -> None:
    mode = find_mode(lambda x: -((x[:, 0] + x[:, 1] - 3.0) ** 2), np.zeros(2), np.ones(2))
    assert mode.point.sum() == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("size", [8, 60, 240])
def test_hessian_of_a_generalised_linear_model(size: int) -> None:
    """Minus X'WX, at the maximum of a Poisson regression."""
    y = data.simulated(size)
    density = CountRegression(Intercept() + Trend() + Seasonal(), Poisson()).density(y)
    mode = find_mode(density.log_likelihood, density.start, density.scale)
    mean = np.exp(density.design @ mode.point)
    exact = -(density.design * mean[:, None]).T @ density.design
    root = np.linalg.cholesky(np.linalg.inv(-exact))
    # In coordinates in which the exact Hessian is minus the identity, every entry has about seven digits.
    np.testing.assert_allclose(root.T @ mode.hessian @ root, -np.eye(4), atol=3e-7)
    assert np.abs(density.design.T @ (y.values - mean) @ root).max() < 1e-6


def test_hessian_of_a_negative_binomial_regression() -> None:
    """Against statsmodels' analytic second derivatives in (coefficients, alpha), by the chain rule."""
    import statsmodels.api as sm

    y = data.simulated(60)
    density = CountRegression(Intercept() + Trend() + Seasonal(), NegativeBinomial()).density(y)
    mode = find_mode(density.log_likelihood, density.start, density.scale)
    kappa = mode.point[-1]
    slopes = np.diag([1.0, 1.0, 1.0, 1.0, 2 * kappa])
    model = sm.NegativeBinomial(y.values, density.design)
    model._transparams = False  # its derivatives are to be with respect to alpha, not to its logarithm
    exact = slopes @ model.hessian(density.natural(mode.point[None])[0]) @ slopes
    root = np.linalg.cholesky(np.linalg.inv(-exact))
    np.testing.assert_allclose(root.T @ mode.hessian @ root, -np.eye(5), atol=1e-6)


def test_extrapolation_beats_plain_differences() -> None:
    def quartic(x: FloatArray) -> FloatArray:
        return -np.sum(x**4, axis=1) + x[:, 0] * x[:, 1]

    point, exact = np.array([1.0, -0.5]), np.array([[-12.0, 1.0], [1.0, -3.0]])
    _, _, plain = differences(quartic, point, np.eye(2), 0.08)
    _, gradient, fine = extrapolated(quartic, point, np.eye(2))
    assert np.abs(fine - exact).max() < 1e-9 < np.abs(plain - exact).max()
    np.testing.assert_allclose(gradient, [-4.5, 1.5], atol=1e-10)


def test_inverse_root() -> None:
    hessian = -np.array([[4.0, 1.0], [1.0, 3.0]])
    root = inverse_root(hessian, 1e-8)
    np.testing.assert_allclose(root, np.linalg.cholesky(np.linalg.inv(-hessian)), rtol=1e-12)


def test_an_inverse_root_is_one_of_a_kind_where_curvatures_are_equal_or_of_either_sign(
    rng: np.random.Generator,
) -> None:
    turn, _ = np.linalg.qr(rng.normal(size=(4, 4)))
    hessian = -(turn * np.array([2.0, 2.0, -0.5, 1e-9])) @ turn.T
    root = inverse_root(hessian, 1e-2)
    expected = np.linalg.cholesky((turn / np.array([2.0, 2.0, 0.5, 1e-2])) @ turn.T)
    np.testing.assert_allclose(root, expected, rtol=1e-9, atol=1e-12)


def test_a_wall_between_the_two_stencils_is_stepped_back_from() -> None:
    """The search differences closer than the final extrapolation, which alone meets this wall at 0.05 deviations."""

    def walled(x: FloatArray) -> FloatArray:
        return np.where(np.abs(x[:, 0]) > 0.05, np.nan, -0.5 * np.square(x[:, 0]))

    mode = find_mode(walled, np.array([0.01]), np.ones(1))
    assert mode.point[0] == pytest.approx(0.0, abs=1e-6)
    assert mode.hessian[0, 0] == pytest.approx(-1.0, abs=1e-6)
