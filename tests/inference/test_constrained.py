"""Constrained maxima against a general-purpose optimiser, and many at once against one at a time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from forecasting.inference.constrained import Region, maximise

SIDES = np.vstack([-np.eye(3), np.ones((1, 3))])
REGION = Region(SIDES, np.array([0.0, 0.0, 0.0, 1.0]))  # the corner of a cube


class Bowls:
    """Concave functions -sum((x - c)^4) - (x - c)'A(x - c), one a row."""

    def __init__(self, centres: np.ndarray, matrix: np.ndarray) -> None:
        self.centres, self.matrix = centres, matrix

    def height(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        x = points - self.centres[rows]
        return -(x**4).sum(axis=1) - np.einsum("np,pq,nq->n", x, self.matrix, x)

    def derivatives(self, points: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        x = points - self.centres[rows]
        hessian = -2.0 * self.matrix - 12.0 * np.eye(3) * np.square(x)[:, :, None]
        return self.height(points, rows), -4.0 * x**3 - 2.0 * x @ self.matrix, hessian


@pytest.fixture
def bowls(rng: np.random.Generator) -> Bowls:
    root = rng.normal(size=(3, 3))
    return Bowls(rng.normal(0.2, np.repeat([[0.05], [0.6]], 20, axis=0), (40, 3)), root @ root.T + 0.1 * np.eye(3))


def test_maxima_are_those_of_a_general_optimiser(bowls: Bowls) -> None:
    start = np.full((40, 3), 0.2)
    found = maximise(bowls, start, np.ones(3), REGION)
    assert found.converged.all()
    assert (REGION.slack(found.points) > -1e-12).all()
    assert {0, 1, 2} <= set(found.active.sum(axis=1))  # inside, on a side, on an edge
    for k in range(40):
        row = np.array([k])
        other = minimize(
            lambda x, row=row: -bowls.height(x[None], row)[0],
            start[k],
            jac=lambda x, row=row: -bowls.derivatives(x[None], row)[1][0],
            method="SLSQP",
            constraints={"type": "ineq", "fun": lambda x: REGION.slack(x[None])[0], "jac": lambda x: -SIDES},
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert found.values[k] >= -other.fun - 1e-9
        np.testing.assert_allclose(found.points[k], other.x, atol=1e-5)


def test_many_at_once_are_one_at_a_time(bowls: Bowls) -> None:
    start = np.full((40, 3), 0.2)
    together = maximise(bowls, start, np.ones(3), REGION)
    for k in range(40):
        alone = maximise(Bowls(bowls.centres[k : k + 1], bowls.matrix), start[:1], np.ones(3), REGION)
        np.testing.assert_allclose(alone.points[0], together.points[k], atol=1e-8)


def test_a_function_that_cannot_be_computed_is_no_maximum() -> None:
    class Nowhere(Bowls):
        def derivatives(self, points: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            value, gradient, hessian = super().derivatives(points, rows)
            return value, gradient, np.where(rows[:, None, None] == 0, np.nan, hessian)

    found = maximise(Nowhere(np.zeros((2, 3)), np.eye(3)), np.full((2, 3), 0.2), np.ones(3), REGION)
    assert found.converged.tolist() == [False, True]
