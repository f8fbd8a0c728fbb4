"""A slow, obvious sampler of any log density: random-walk Metropolis, many chains at once.

Each half of the chains jumps by scaled differences of the other half (ter Braak 2006, Statistics and Computing 16), so
nothing is tuned, no mode or curvature is used, and nothing is shared with the sampler under test but the density.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def metropolis(
    log_density: Callable[[FloatArray], FloatArray],
    start: FloatArray,
    scale: FloatArray,
    folded: NDArray[np.bool_],
    *,
    chains: int,
    steps: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the states ``[steps, chains, p]`` after discarding as many burn-in steps as a third of `steps`."""
    p, half, burn = start.size, chains // 2, steps // 3
    points = start + 0.3 * scale * rng.standard_normal((chains, p))
    heights = log_density(points)
    kept = np.empty((steps, chains, p))
    for step in range(-burn, steps):
        for mine, others in ((slice(0, half), slice(half, None)), (slice(half, None), slice(0, half))):
            mates = points[others]
            first, second = rng.permuted(np.tile(np.arange(len(mates)), (half, 1)), axis=1)[:, :2].T
            length = 1.0 if step % 10 == 0 else 2.38 / np.sqrt(2 * p)
            jump = length * (mates[first] - mates[second]) + 1e-4 * scale * rng.standard_normal((half, p))
            trial = points[mine] + jump
            trial_heights = log_density(trial)
            accepted = np.log(rng.random(half)) < trial_heights - heights[mine]
            points[mine] = np.where(accepted[:, None], trial, points[mine])
            heights[mine] = np.where(accepted, trial_heights, heights[mine])
        if step >= 0:
            kept[step] = points
    # An even density knows no sign: a folded coordinate stands for its absolute value.
    return np.where(folded, np.abs(kept), kept)


def error_of_mean(values: FloatArray) -> FloatArray:
    """Standard error of the mean of ``[steps, chains, ...]`` by means of blocks of the whole ensemble."""
    blocks = np.array([block.mean(axis=(0, 1)) for block in np.array_split(values, 10)])
    return np.asarray(blocks.std(axis=0, ddof=1) / np.sqrt(len(blocks)))
