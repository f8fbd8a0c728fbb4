"""Weighted draws to draws of equal weight."""

from __future__ import annotations

import numpy as np

from forecasting.kernels.counts import FloatArray


def systematic(weights: FloatArray, draws: int, rng: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return `draws` indices with expected frequencies proportional to `weights`, in random order.

    Each frequency is its expectation rounded down or up (Kitagawa 1996, JCGS 5, 1-25).
    """
    levels = (rng.random() + np.arange(draws)) / draws
    cumulative = np.cumsum(weights)
    chosen = np.searchsorted(cumulative / cumulative[-1], levels, side="right").clip(max=len(weights) - 1)
    return rng.permutation(chosen)
