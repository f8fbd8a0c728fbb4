r"""Quantiles read off running sums of probabilities: one evaluation of the probability function serves all levels.

The counts between the lowest and the highest quantile are cut into blocks of :math:`16\cdot 2^k`, short where some month
varies little.  Blocks of 16 hold every probability; of a longer one 16 are evaluated, and the polynomial through them is
summed exactly (`forecasting.kernels.blocks`), after halving where it is not resolved.  A quantile is *sure* where its level
is further from the sums on both sides than their error can be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.blocks import NODES, block, descend
from forecasting.kernels.counts import FloatArray, IntArray, rounding
from forecasting.kernels.grid import Grid, resolved

_STRIDE = 2.0  # longest block, in standard deviations of the draws that vary least
_RESOLVED = 1e-11  # error of the sum over a block
_SURE = 1e-9  # distance of a level from the sums around it
_MOST = 96  # blocks


@dataclass(frozen=True, eq=False)
class RunningSums(Grid):
    """Probabilities of M months on B adjoining blocks of counts.

    Attributes
    ----------
    values : float64[B, 16, M]
        Probabilities at the nodes of the blocks.
    below : float64[B + 1, M]
        Probability of the counts before each block, and of those up to the end of the last.
    """

    values: FloatArray
    below: FloatArray

    @classmethod
    def of(
        cls,
        pmf: Callable[[IntArray], FloatArray],
        cdf: Callable[[float], FloatArray],
        ranges: tuple[FloatArray, FloatArray],
        deviation: FloatArray,
    ) -> RunningSums | None:
        """Sum from the lowest to the highest of the ranges; None where that takes too many blocks.

        Parameters
        ----------
        pmf : callable
            Probabilities ``[N, M]`` of N counts.
        cdf : callable
            Exact P(Y <= y) ``[M]`` of one count.
        ranges : pair of ndarray, [M]
            Where the quantiles of each month are looked for.
        deviation : ndarray, [M]
            Standard deviation of the draws of each month that vary least.
        """
        first, last = int(ranges[0].min()), int(ranges[1].max())
        blocks = _short(first, last, ranges, _STRIDE * deviation)
        found = None if blocks is None else resolved(blocks, pmf, _rough, _MOST)
        if found is None:
            return None
        start, level, values = found
        mass = np.array([block(int(k)).total @ v for k, v in zip(level, values, strict=True)])
        before = cdf(first - 1.0) if first else np.zeros(values.shape[2])
        return cls(start, level, values, np.concatenate([before[None], before + np.cumsum(mass, axis=0)]))

    def quantile(self, levels: FloatArray, cdf: Callable[[float], FloatArray]) -> tuple[IntArray, NDArray[np.bool_]]:
        """Return the smallest y with P(Y <= y) >= level ``[K, M]``, and where that is sure."""
        error = max(_SURE, 4.0 * float(rounding(np.array(self.end))))
        # Blocks longer than 16 may have missed what is sharp: then the sums do not meet the cdf.
        exact = self.below[-1] if not self.level.any() else cdf(self.end - 1.0)
        complete = np.abs(self.below[-1] - exact) < error / 4.0
        at = (self.below[:, None] < levels[:, None]).sum(axis=0) - 1
        inside = complete & (at >= 0) & (at < len(self.start))
        b = np.clip(at, 0, len(self.start) - 1)
        month = np.broadcast_to(np.arange(len(complete)), b.shape)
        missing = levels[:, None] - self.below[b, month]
        p, before, first = self.values[b, :, month], np.zeros(b.shape), self.start[b]
        for which in zip(*np.nonzero(inside & (self.level[b] > 0)), strict=True):
            p[which], before[which], place = descend(p[which], int(self.level[b[which]]), mass=float(missing[which]))
            first[which] += place
        sums = before[:, :, None] + np.cumsum(np.concatenate([np.zeros((*b.shape, 1)), p], axis=2), axis=2)
        place = np.clip((sums < missing[:, :, None]).sum(axis=2), 1, NODES)[:, :, None]
        reached = np.take_along_axis(sums, place, axis=2)[:, :, 0]
        failed = np.take_along_axis(sums, place - 1, axis=2)[:, :, 0]
        sure = inside & (np.minimum(reached - missing, missing - failed) > error)
        return np.asarray(first + place[:, :, 0] - 1), np.asarray(sure)


def _rough(grid: Grid, values: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(grid.size * grid.rest(values).max(axis=1) > _RESOLVED)


def _short(first: int, last: int, ranges: tuple[FloatArray, FloatArray], longest: FloatArray) -> Grid | None:
    """Return blocks from `first` to `last`, none longer than allowed by the months whose range it meets."""
    level = np.array([int(np.ceil(np.log2(max((last + 1 - first) / NODES, 1.0))))])
    grid = Grid(np.array([first], dtype=np.int64), level)
    while len(grid.start) <= _MOST:
        meets = (ranges[0] < (grid.start + grid.size)[:, None]) & (ranges[1] >= grid.start[:, None])
        long = (grid.level > 0) & (grid.size > np.where(meets, longest, np.inf).min(axis=1))
        if not long.any():
            return grid
        kept, halves = grid.only(~long), grid.only(long).halves
        start, level = np.concatenate([kept.start, halves.start]), np.concatenate([kept.level, halves.level])
        grid = Grid(start, level).only(start <= last)
    return None
