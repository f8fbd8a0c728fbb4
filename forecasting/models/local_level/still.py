"""The same model with a level that never moves: the other end of the question whether it did."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.counts import FloatArray
from forecasting.models.local_level.target import Target
from forecasting.parameters import log_normal_density


class StillDensity:
    """Likelihood and prior of a local level without noise; see `forecasting.inference.density.Density`.

    Working coordinates are the level (or the anchor) where the path begins, the other coefficients, and the parameters but
    for the noise.
    """

    def __init__(self, target: Target) -> None:
        self._target, prior = target, target.prior
        self._own = int(prior.reversion)  # coefficients that the level stands for
        others = prior.scale[self._own :]
        self._after = 1 + others.size
        self.names = ("level", *(f"coefficient {k + 1}" for k in range(others.size)), *target.names[1:])
        self.scale = np.concatenate([[prior.spread], others, target.scale[1:]])
        self._centre = np.concatenate([[prior.centre], np.zeros(others.size), target.centre[1:]])
        self.folded: NDArray[np.bool_] = np.concatenate([np.zeros(self._after, dtype=bool), target.folded[1:]])
        self.start = self._centre + np.where(self.folded, 0.5 * self.scale, 0.0)

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S]`` of everything known."""
        prior, draws = self._target.prior, len(work)
        parameters = np.column_stack([np.zeros(draws), work[:, self._after :]])
        motion = self._target.motion(parameters)
        coefs = work[:, 1 - self._own : self._after].T
        path = np.empty((prior.size, draws))
        path[0] = work[:, 0]
        for month in range(1, prior.size):
            path[month] = prior.expected(path[month - 1], coefs, motion)
        return self._target.log_likelihood(parameters, path, coefs)

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density ``[S]``."""
        return log_normal_density(work, self._centre, self.scale, self.folded)

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the working coordinates themselves."""
        return work
