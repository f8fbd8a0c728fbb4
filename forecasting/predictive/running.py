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

_STRIDE = 2.0  # longest block, in standard deviations of the draws that vary least
_RESOLVED = 1e-11  # error of the sum over a block
_SURE = 1e-9  # distance of a level from the sums around it
_MOST = 96  # blocks


@dataclass(frozen=True)
class RunningSums:
    """Probabilities of M months on B adjoining blocks of counts.

    Attributes
    ----------
    start, level : int64[B]
        First count of each block, and its level: it holds ``16 * 2**level`` counts.
    values : float64[B, 16, M]
        Probabilities at the nodes of the blocks.
    below : float64[B + 1, M]
        Probability of the counts before each block, and of those up to the end of the last.
    """

    start: IntArray
    level: IntArray
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
        if blocks is None:
            return None
        start, level = blocks
        done: list[tuple[IntArray, IntArray, FloatArray]] = []
        while start.size:
            if len(start) + sum(len(kept[0]) for kept in done) > _MOST:
                return None
            nodes = np.concatenate([at + block(int(k)).nodes for at, k in zip(start, level, strict=True)])
            values = pmf(nodes).reshape(len(start), NODES, -1)
            rest = np.array([np.abs(block(int(k)).rest @ v).max() for k, v in zip(level, values, strict=True)])
            rough = (NODES << level) * rest > _RESOLVED
            done.append((start[~rough], level[~rough], values[~rough]))
            start, level = _halved(start[rough], level[rough])
        start, level, values = (np.concatenate(parts) for parts in zip(*done, strict=True))
        order = np.argsort(start)
        start, level, values = start[order], level[order], values[order]
        mass = np.array([block(int(k)).total @ v for k, v in zip(level, values, strict=True)])
        before = cdf(first - 1.0) if first else np.zeros(values.shape[2])
        return cls(start, level, values, np.concatenate([before[None], before + np.cumsum(mass, axis=0)]))

    @property
    def end(self) -> int:
        """The count after the last block."""
        return int(self.start[-1] + (NODES << int(self.level[-1])))

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


def _short(
    first: int, last: int, ranges: tuple[FloatArray, FloatArray], longest: FloatArray
) -> tuple[IntArray, IntArray] | None:
    """Return blocks from `first` to `last`, none longer than allowed by the months whose range it meets."""
    level = np.array([int(np.ceil(np.log2(max((last + 1 - first) / NODES, 1.0))))])
    start = np.array([first], dtype=np.int64)
    while len(start) <= _MOST:
        size = NODES << level
        meets = (ranges[0] < (start + size)[:, None]) & (ranges[1] >= start[:, None])
        long = (level > 0) & (size > np.where(meets, longest, np.inf).min(axis=1))
        if not long.any():
            return start, level
        halves = _halved(start[long], level[long])
        start, level = (np.concatenate([old[~long], new]) for old, new in zip((start, level), halves, strict=True))
        kept = start <= last
        start, level = start[kept], level[kept]
    return None


def _halved(start: IntArray, level: IntArray) -> tuple[IntArray, IntArray]:
    return np.concatenate([start, start + (NODES << level) // 2]), np.tile(level - 1, 2)
