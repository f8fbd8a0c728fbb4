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

_ITERATIONS = 30
_ENOUGH = 1e-2  # gain in log density that is no longer worth a step
_FLATTEST = 1e-2
_LONGEST = 3.0  # longest step, in units of `scale`
_STEPS = 2.0 ** np.array([0.0, -1.0, -2.0, -4.0, -7.0])
_DAMPING, _MOST_DAMPING = 8.0, 1e6  # how fast a step turns from Newton's towards the gradient when it fails


@runtime_checkable
class Scored(Density, Protocol):
    """A density that knows its gradient and an approximation of its curvature."""

    def curvature(self, work: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return log posterior density, gradient ``[p]`` and positive information ``[p, p]`` at the point ``[p]``."""
        ...


def climb(density: Scored) -> Mode:
    """Return a rough mode of the posterior, near enough for a proposal."""
    point, scale = density.start.astype(float).copy(), density.scale
    value, gradient, information = density.curvature(point)
    taken, damping = 0, 0.0
    while taken < _ITERATIONS and damping < _MOST_DAMPING:
        taken += 1
        unit = information * np.outer(scale, scale)
        root = inverse_root(-(unit + damping * np.diag(np.diag(unit))), _FLATTEST)
        step = root @ (root.T @ (gradient * scale))
        step *= min(1.0, _LONGEST / max(float(np.abs(step).max()), 1e-300))
        trials = point + _STEPS[:, None] * (scale * step)
        heights = np.nan_to_num(density.log_likelihood(trials) + density.log_prior(trials), nan=-np.inf)
        best = int(np.argmax(heights))
        gain = float(heights[best]) - value
        if gain <= 0.0:
            if float(gradient @ (scale * step)) < _ENOUGH:
                break
            damping = max(_DAMPING * damping, 1.0)
            continue
        point, damping = trials[best], damping / _DAMPING
        value, gradient, information = density.curvature(point)
        if gain < _ENOUGH and damping < 1.0:
            break
    return Mode(
        point=point,
        value=value,
        gradient=gradient,
        hessian=-information,
        decrement=0.5 * float(np.sum(np.square(inverse_root(-information, 0.0).T @ gradient))),
        iterations=taken,
        converged=damping < _MOST_DAMPING,
    )
