"""Grids of adjoining dyadic blocks of counts: fine where a sequence varies, long where it is smooth."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.blocks import NODES, Block, block
from forecasting.kernels.counts import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Grid:
    """B blocks of counts, each the one after the other.

    Attributes
    ----------
    start, level : int64[B]
        First count of each block, and its level: it holds ``16 * 2**level`` counts.
    """

    start: IntArray
    level: IntArray

    @property
    def size(self) -> IntArray:
        """Number of counts of each block ``[B]``."""
        return np.asarray(NODES << self.level)

    @property
    def end(self) -> int:
        """The count after the last block."""
        return int(self.start[-1] + (NODES << int(self.level[-1])))

    @property
    def nodes(self) -> IntArray:
        """The counts ``[16 B]`` at which values are needed."""
        return np.concatenate([at + block(int(k)).nodes for at, k in zip(self.start, self.level, strict=True)])

    @property
    def halves(self) -> Grid:
        """The first halves of all blocks, and then the second ones."""
        return Grid(np.concatenate([self.start, self.start + self.size // 2]), np.tile(self.level - 1, 2))

    def only(self, which: NDArray[np.bool_]) -> Grid:
        """Return some of the blocks."""
        return Grid(self.start[which], self.level[which])

    def by_level(self) -> Iterator[tuple[NDArray[np.bool_], Block]]:
        """Yield, for each level, the blocks that have it and their weights."""
        for level in np.unique(self.level):
            yield self.level == level, block(int(level))

    def holding(self, y: FloatArray | IntArray) -> IntArray:
        """Return the number of the block that holds each count."""
        return np.asarray(np.searchsorted(self.start, y, side="right") - 1)

    def rest(self, values: FloatArray) -> FloatArray:
        """Return how far the polynomials through `values` ``[B, 16, M]`` are from being resolved, ``[B, M]``."""
        weights = np.stack([block(int(k)).rest for k in self.level])
        return np.asarray(np.abs(weights @ values).max(axis=1))


def joined(parts: list[tuple[Grid, FloatArray]]) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the starts, the levels and the values of several grids, ordered by count."""
    start = np.concatenate([grid.start for grid, _ in parts])
    order = np.argsort(start)
    level, values = np.concatenate([grid.level for grid, _ in parts]), np.concatenate([values for _, values in parts])
    return start[order], level[order], values[order]


def resolved(
    grid: Grid,
    evaluate: Callable[[IntArray], FloatArray],
    rough: Callable[[Grid, FloatArray], NDArray[np.bool_]],
    most: int,
) -> tuple[IntArray, IntArray, FloatArray] | None:
    """Halve blocks until none is rough; return starts, levels and values, or None if that takes more than `most` blocks.

    Parameters
    ----------
    grid : Grid
        Where to begin.
    evaluate : callable
        Values ``[N, M]`` at N counts.
    rough : callable
        Which blocks to halve, given their values ``[B, 16, M]``; blocks of level 0 never are.
    most : int
        Number of blocks.
    """
    done: list[tuple[Grid, FloatArray]] = []
    while grid.start.size:
        if len(grid.start) + sum(len(kept.start) for kept, _ in done) > most:
            return None
        values = evaluate(grid.nodes).reshape(len(grid.start), NODES, -1)
        again = rough(grid, values)
        done.append((grid.only(~again), values[~again]))
        grid = grid.only(again).halves
    return joined(done)
