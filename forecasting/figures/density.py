"""A smooth outline of draws."""

from __future__ import annotations

import numpy as np

from forecasting.kernels.counts import FloatArray


def outline(values: FloatArray, grid: FloatArray) -> FloatArray:
    """Return a kernel density estimate, scaled to a highest value of 1, on an even grid.

    Normal kernel with Silverman's bandwidth, 0.9 min(sd, iqr / 1.34) n^(-1/5), at least half a grid step.
    """
    step = float(grid[1] - grid[0])
    quartiles = np.quantile(values, [0.25, 0.75])
    spread = min(float(values.std()), float(quartiles[1] - quartiles[0]) / 1.34)
    bandwidth = max(0.9 * spread * values.size**-0.2, 0.5 * step)
    edges = np.append(grid - 0.5 * step, grid[-1] + 0.5 * step)
    counts = np.histogram(values, edges)[0].astype(float)
    reach = int(np.ceil(4.0 * bandwidth / step))
    kernel = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) * step / bandwidth))
    smooth = np.convolve(np.pad(counts, reach), kernel, mode="valid")
    return np.asarray(smooth / max(float(smooth.max()), 1e-300))
