"""The probabilities of several months on dyadic blocks of counts: 16 values a block, finer where they vary."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.distributions import Law
from forecasting.distributions.base import Mixture
from forecasting.errors import TooLarge
from forecasting.kernels.blocks import NODES
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.kernels.grid import Grid, joined
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

    def first_grid(self, stride: float, observed: float) -> Probabilities:
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

    def first_grid(self, stride: float, observed: float) -> Probabilities:
        """Return dyadic blocks that see every component."""
        return first_grid(self, stride, observed)


@dataclass(frozen=True, eq=False)
class Probabilities(Grid):
    """Blocks that cover 0, 1, ... without gaps, and the probabilities at their nodes, ``[B, 16, M]``."""

    values: FloatArray

    def with_blocks(self, more: Grid, months: Marginal, kept: NDArray[np.bool_]) -> Probabilities:
        """Add new blocks, keep the old ones that `kept` marks, and order them by count."""
        if kept.sum() + len(more.start) > MOST_BLOCKS:
            raise TooLarge(
                f"the ranked probability score needs more than {MOST_BLOCKS:,} blocks of counts: the draws of this "
                "forecast are sharp and far apart; score its quantiles instead (crps_from_quantiles)"
            )
        fresh = months.pmf(more.nodes).reshape(len(more.start), NODES, -1)
        return Probabilities(*joined([(self.only(kept), self.values[kept]), (more, fresh)]))

    def halved(self, where: NDArray[np.bool_], months: Marginal) -> Probabilities:
        """Return the grid with the blocks marked by `where` in two halves each."""
        return self.with_blocks(self.only(where).halves, months, ~where)


def component_blocks(months: Months, stride: float, observed: float) -> Grid:
    """Return dyadic blocks, none longer than `stride` deviations near a component's mean."""
    centre, spread = months.expected, np.sqrt(months.variance)
    reach = max(observed + 1.0, float((centre + 8.0 * spread).max()), float(NODES))
    blocks = [(0, 0)] + [(NODES << k, k) for k in range(int(np.ceil(np.log2(min(reach, LARGEST) / NODES))))]
    finest = np.log2(np.maximum(stride * spread / NODES, 1.0)).astype(np.int64)
    cell = np.minimum(centre, LARGEST).astype(np.int64) // (NODES << finest)
    numbers = np.unique((finest << _CELL_BITS) + cell)  # ten times faster than sorting pairs
    needs = np.stack([numbers >> _CELL_BITS, numbers & ((1 << _CELL_BITS) - 1)])
    start, level = np.array(blocks, dtype=np.int64).T
    grid = Grid(start, level)
    while True:
        low = (needs[1] - 1) * (NODES << needs[0])
        high = (needs[1] + 2) * (NODES << needs[0])
        meets = (low < (grid.start + grid.size)[:, None]) & (high > grid.start[:, None])
        long = ((grid.level[:, None] > needs[0]) & meets).any(axis=1)
        if not long.any():
            return grid
        short, halves = grid.only(~long), grid.only(long).halves
        grid = Grid(np.concatenate([short.start, halves.start]), np.concatenate([short.level, halves.level]))


def first_grid(months: Months, stride: float, observed: float) -> Probabilities:
    """Return dyadic blocks that see every component."""
    nothing = np.empty(0, dtype=np.int64)
    empty = Probabilities(nothing, nothing, np.empty((0, NODES, len(months.mean))))
    return empty.with_blocks(component_blocks(months, stride, observed), months, np.zeros(0, dtype=bool))


def doubled(grid: Probabilities, months: Marginal) -> Probabilities:
    """Return the grid with one more block, as long as all before it."""
    more = Grid(np.array([grid.end], dtype=np.int64), np.array([int(np.log2(grid.end // NODES))], dtype=np.int64))
    return grid.with_blocks(more, months, np.ones(len(grid.start), dtype=bool))
