r"""Modes by Fisher scoring, for densities whose months depend on the parameters through their log means.

One Newton step with finite differences of the whole density costs :math:`p^2` evaluations; the slopes of the log means cost
p, and the expected information follows from them, :math:`J'WJ` (McCullagh and Nelder 1989, Generalized Linear Models, 2.5).
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from forecasting.inference.density import Density
from forecasting.inference.mode import Mode, inverse_root
from forecasting.kernels.counts import FloatArray

_ITERATIONS = 12
_ENOUGH = 1e-2  # gain in log density, relative to a standard deviation's half unit, at which a proposal is near enough
_FLATTEST = 1e-2
_STEPS = 2.0 ** np.array([0.0, -1.0, -2.0, -4.0, -7.0])


@runtime_checkable
class Scored(Density, Protocol):
    """A density that knows its gradient and an approximation of its curvature."""

    def curvature(self, work: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return log posterior density, gradient ``[p]`` and positive information ``[p, p]`` at the point ``[p]``."""
        ...


def climb(density: Scored) -> Mode:
    """Return a rough mode of the posterior, near enough for a proposal."""
    point, scale = density.start.astype(float).copy(), density.scale
    outer = np.outer(scale, scale)
    for taken in range(1, _ITERATIONS + 1):  # noqa: B007
        value, gradient, information = density.curvature(point)
        root = inverse_root(-information * outer, _FLATTEST)
        step = scale * (root @ (root.T @ (gradient * scale)))
        decrement = 0.5 * float(step @ gradient)
        trials = point + _STEPS[:, None] * step
        heights = np.nan_to_num(density.log_likelihood(trials) + density.log_prior(trials), nan=-np.inf)
        best = int(np.argmax(heights))
        if heights[best] <= value:
            break
        point = trials[best]
        if heights[best] - value < _ENOUGH:
            break
    return Mode(
        point=point,
        value=value,
        gradient=gradient,
        hessian=-information,
        decrement=decrement,
        iterations=taken,
        converged=decrement < 1.0,
    )
