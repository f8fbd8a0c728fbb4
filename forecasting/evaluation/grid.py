"""The probabilities of several months on dyadic blocks of counts: 16 values a block, finer where they vary."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.distributions import Law
from forecasting.distributions.base import Mixture
from forecasting.errors import TooLarge
from forecasting.kernels.blocks import NODES, Block, block
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.predictive import Predictive

MOST_BLOCKS = 2**15
_CELL_BITS = 50  # a count is below 2^53, and a cell holds 16 or more


class Marginal(Protocol):
    """The distributions of M months, however they are known."""

    @property
    def expected(self) -> FloatArray:
        """Expectation of each component ``[M, S]``."""
        ...

    @property
    def variance(self) -> FloatArray:
        """Variance of each component ``[M, S]``."""
        ...

    def pmf(self, y: IntArray) -> FloatArray:
        """Return P(Y = y) ``[N, M]``."""
        ...

    def beyond(self, last: int) -> FloatArray:
        """Return P(Y > last) ``[M]`` for a count at or after the end of the first grid."""
        ...

    def first_grid(self, stride: float, observed: float) -> Grid:
        """Return blocks that miss no part of the probability, up to the count `observed` at least."""
        ...


@dataclass(frozen=True)
class Months:
    """Mixtures of M months with the same draws: means ``[M, S]``, shapes ``[S]`` or ``[M, S]``."""

    distribution: Law
    mean: FloatArray
    shape: tuple[FloatArray, ...]

    @classmethod
    def of(cls, forecast: Predictive, columns: IntArray) -> Months:
        """Return the months of a forecast that are numbered `columns`."""
        shape = (
            values if values.ndim == 1 else np.ascontiguousarray(values[:, columns].T) for values in forecast.shape
        )
        return cls(forecast.distribution, np.ascontiguousarray(forecast.mean[:, columns].T), tuple(shape))

    @cached_property
    def expected(self) -> FloatArray:
        """Expectation of each component ``[M, S]``."""
        return np.asarray(self.distribution.expectation(self.mean, *self.shape))

    @cached_property
    def variance(self) -> FloatArray:
        """Variance of each component ``[M, S]``."""
        return np.asarray(self.distribution.variance(self.mean, *self.shape))

    def pmf(self, y: IntArray) -> FloatArray:
        """Return P(Y = y) ``[N, M]``; months that do not differ are computed once."""
        found = self._mixture(y)
        return np.repeat(found, len(self.mean), axis=1) if self._alike else found

    @cached_property
    def _mixture(self) -> Mixture:
        if not self._alike:
            return self.distribution.mixture(self.mean, *self.shape)
        first = [values[:1] if values.ndim == 2 else values for values in self.shape]
        return self.distribution.mixture(self.mean[:1], *first)

    @cached_property
    def _alike(self) -> bool:
        """Whether all months have the same draws, as those of a constant level."""
        several = [self.mean, *(values for values in self.shape if values.ndim == 2)]
        return all(bool((values == values[:1]).all()) for values in several)

    def beyond(self, last: int) -> FloatArray:
        """Return P(Y > last) ``[M]``."""
        return np.asarray(self.distribution.sf(float(last), self.mean, *self.shape).mean(axis=1))

    def first_grid(self, stride: float, observed: float) -> Grid:
        """Return dyadic blocks that see every component."""
        return first_grid(self, stride, observed)


@dataclass(frozen=True)
class Grid:
    """Blocks that cover 0, 1, ... without gaps: first counts ``[B]``, levels ``[B]``, probabilities ``[B, 16, M]``."""

    start: IntArray
    level: IntArray
    values: FloatArray

    @property
    def size(self) -> IntArray:
        """Number of counts of each block."""
        return np.asarray(NODES << self.level)

    @property
    def nodes(self) -> IntArray:
        """Counts ``[B, 16]`` at which the probabilities are known."""
        return np.asarray([at + block(int(k)).nodes for at, k in zip(self.start, self.level, strict=True)])

    def by_level(self) -> Iterator[tuple[NDArray[np.bool_], Block]]:
        """Yield, for each level, the blocks that have it and their weights."""
        for level in np.unique(self.level):
            yield self.level == level, block(int(level))

    def holding(self, y: FloatArray) -> IntArray:
        """Return the number of the block that holds each count."""
        return np.asarray(np.searchsorted(self.start, y, side="right") - 1)

    @property
    def end(self) -> int:
        """The count after the last block."""
        return int(self.start[-1] + (NODES << int(self.level[-1])))

    def with_blocks(self, start: IntArray, level: IntArray, months: Marginal, kept: NDArray[np.bool_]) -> Grid:
        """Add new blocks, keep the old ones that `kept` marks, and order them by count."""
        if kept.sum() + len(start) > MOST_BLOCKS:
            raise TooLarge(
                f"the ranked probability score needs more than {MOST_BLOCKS:,} blocks of counts: the draws of this "
                "forecast are sharp and far apart; score its quantiles instead (crps_from_quantiles)"
            )
        y = np.concatenate([at + block(int(k)).nodes for at, k in zip(start, level, strict=True)])
        fresh = months.pmf(y).reshape(len(start), NODES, -1)
        joined = np.concatenate([self.start[kept], start])
        order = np.argsort(joined)
        return Grid(
            joined[order],
            np.concatenate([self.level[kept], level])[order],
            np.concatenate([self.values[kept], fresh])[order],
        )

    def halved(self, where: NDArray[np.bool_], months: Marginal) -> Grid:
        """Return the grid with the blocks marked by `where` in two halves each."""
        start, level = self.start[where], self.level[where] - 1
        halves = np.concatenate([start, start + (NODES << level)])
        return self.with_blocks(halves, np.tile(level, 2), months, ~where)


def component_blocks(months: Months, stride: float, observed: float) -> tuple[IntArray, IntArray]:
    """Return first counts and levels of dyadic blocks, none longer than `stride` deviations near a component's mean."""
    centre, spread = months.expected, np.sqrt(months.variance)
    reach = max(observed + 1.0, float((centre + 8.0 * spread).max()), float(NODES))
    blocks = [(0, 0)] + [(NODES << k, k) for k in range(int(np.ceil(np.log2(min(reach, LARGEST) / NODES))))]
    finest = np.log2(np.maximum(stride * spread / NODES, 1.0)).astype(np.int64)
    cell = np.minimum(centre, LARGEST).astype(np.int64) // (NODES << finest)
    numbers = np.unique((finest << _CELL_BITS) + cell)  # ten times faster than sorting pairs
    needs = np.stack([numbers >> _CELL_BITS, numbers & ((1 << _CELL_BITS) - 1)])
    start, level = np.array(blocks, dtype=np.int64).T
    while True:
        size = NODES << level
        low = (needs[1] - 1) * (NODES << needs[0])
        high = (needs[1] + 2) * (NODES << needs[0])
        meets = (low < (start + size)[:, None]) & (high > start[:, None])
        long = ((level[:, None] > needs[0]) & meets).any(axis=1)
        if not long.any():
            break
        parts = level[long] - 1
        start = np.concatenate([start[~long], start[long], start[long] + (NODES << parts)])
        level = np.concatenate([level[~long], parts, parts])
    return start, level


def first_grid(months: Months, stride: float, observed: float) -> Grid:
    """Return dyadic blocks that see every component."""
    start, level = component_blocks(months, stride, observed)
    nothing = Grid(start[:0], level[:0], np.empty((0, NODES, len(months.mean))))
    return nothing.with_blocks(start, level, months, np.zeros(0, dtype=bool))


def doubled(grid: Grid, months: Marginal) -> Grid:
    """Return the grid with one more block, as long as all before it."""
    end = grid.end
    more = np.array([end], dtype=np.int64), np.array([int(np.log2(end // NODES))], dtype=np.int64)
    return grid.with_blocks(*more, months, np.ones(len(grid.start), dtype=bool))
