"""Densities with known modes, moments and evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass
class Known:
    """A log likelihood given as a function, under a flat log prior of zero."""

    log_likelihood: Callable[[FloatArray], FloatArray]
    start: FloatArray
    scale: FloatArray
    folded: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))

    def __post_init__(self) -> None:
        if not self.folded.size:
            self.folded = np.zeros(self.start.size, dtype=bool)
        self.names = tuple(f"x{k}" for k in range(self.start.size))

    def log_prior(self, work: FloatArray) -> FloatArray:
        return np.zeros(len(work))

    def natural(self, work: FloatArray) -> FloatArray:
        return work


def normal_mixture(*parts: tuple[float, FloatArray, float]) -> Callable[[FloatArray], FloatArray]:
    """Log of a weighted sum of round normal densities (weight, centre, sd): its integral is the sum of the weights."""

    def log_density(x: FloatArray) -> FloatArray:
        terms = [
            np.log(w) - 0.5 * np.sum(((x - c) / s) ** 2, axis=1) - x.shape[1] * np.log(s * np.sqrt(2 * np.pi))
            for w, c, s in parts
        ]
        return np.logaddexp.reduce(terms, axis=0)

    return log_density
