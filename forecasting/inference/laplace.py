"""A proposal for funnels: normal approximations at several values of a shape parameter, joined.

Where totals over many months are all that is known, the coefficients are pinned down while the over-dispersion is near zero
and loose where it is large.  No single bell covers such a posterior; a row of bells along the over-dispersion does (the idea
of integrated nested Laplace approximations: Rue, Martino, Chopin 2009, JRSS B 71).
"""

from __future__ import annotations

import numpy as np

from forecasting.errors import SamplingError
from forecasting.inference.density import Density
from forecasting.inference.mode import LogDensity, Mode, find_mode, inverse_root
from forecasting.inference.proposals import StudentT
from forecasting.kernels.counts import FloatArray

_GRID = np.array([0.0, 0.08, 0.16, 0.25, 0.36, 0.5, 0.7, 1.0, 1.4, 1.9, 2.6])  # in units of the prior scale
_NEGLIGIBLE = 12.0  # log units below the highest bell at which one is left out
_FREEDOM = 6.0
_WIDER = 1.1


def nested_laplace(
    density: Density, log_posterior: LogDensity, mode: Mode, coordinate: int
) -> list[tuple[StudentT, float]]:
    """Return t distributions along one folded coordinate, with weights that sum to one.

    Parameters
    ----------
    density : Density
        Gives the scale of the coordinates.
    log_posterior : callable
        ``[S, p] -> [S]``.
    mode : Mode
        Where to start from.
    coordinate : int
        The coordinate to condition on.

    Notes
    -----
    A value of the coordinate whose conditional mode lies against the edge of the support has no bell and is left out.  That is
    what large, scattered counts make of a vanishing over-dispersion: an autoregression that is all but unit, a million log
    units down.  The weights of the draws tell whether a bell is missed.
    """
    free = np.arange(density.start.size) != coordinate
    grid = _possible(log_posterior, mode.point, coordinate, _GRID * density.scale[coordinate])
    if not free.any():
        return []
    centres, roots, heights = [], [], []
    start = mode.point.copy()
    for value in grid:
        start[coordinate] = value
        try:
            conditional = find_mode(log_posterior, start, density.scale, free=free, rough=True)
        except SamplingError:
            start = mode.point.copy()
            continue
        start = conditional.point.copy()
        length = density.scale[free]
        root = length[:, None] * inverse_root(conditional.hessian * np.outer(length, length), 1e-2)
        centres.append(conditional.point)
        roots.append(root)
        heights.append(conditional.value + float(np.linalg.slogdet(root)[1]))
    if len(centres) < 2:
        return []
    grid = np.array([centre[coordinate] for centre in centres])
    spacing = np.gradient(grid)
    level = np.array(heights) + np.log(spacing)
    kept = np.flatnonzero(level > level.max() - _NEGLIGIBLE)
    weights = np.exp(level[kept] - level.max())
    slopes = np.gradient(np.array(centres), grid, axis=0)
    parts = [
        StudentT(centres[j], _with_slope(roots[j], slopes[j], spacing[j], free, coordinate), _FREEDOM) for j in kept
    ]
    return list(zip(parts, (weights / weights.sum()).tolist(), strict=True))


def _possible(log_posterior: LogDensity, point: FloatArray, coordinate: int, grid: FloatArray) -> FloatArray:
    """Return the values of the coordinate at which the density is finite: an empty month rules out a hurdle of zero."""
    points = np.repeat(point[None], grid.size, axis=0)
    points[:, coordinate] = grid
    return grid[np.isfinite(log_posterior(points))]


def _with_slope(root: FloatArray, slope: FloatArray, spacing: float, free: np.ndarray, coordinate: int) -> FloatArray:
    """Return a root of the joint scale matrix: `root` given the coordinate, whose own spread drags the others along."""
    joint = np.zeros((free.size, free.size))
    joint[np.ix_(free, free)] = _WIDER * root
    joint[:, coordinate] = 0.6 * spacing * slope
    joint[coordinate, coordinate] = 0.6 * spacing
    return joint
