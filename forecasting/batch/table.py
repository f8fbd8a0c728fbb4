r"""The probabilities of M months at every count that matters: scores and quantiles are plain sums then.

With :math:`F(k)=P(Y\le k)` summed from below and :math:`G(k)=P(Y\ge k)` from above, so that neither loses its small values,

.. math:: \mathrm{RPS}(y) = \sum_{k<y} F(k)^2 + \sum_{k>y} G(k)^2.

The table ends where the rest is smooth: there a block of counts is the polynomial through 16 probabilities, whose sums, and
sums of squared running sums, are known (`forecasting.kernels.blocks`); after the last block the probabilities fall as a
geometric series of ratio r, and the squares that are left sum to :math:`G(n)^2/(1-r^2)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from forecasting.kernels.blocks import NODES, block
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.grid import Grid

LONGEST = 2**13
"""Most counts of a table."""

_SHORTEST = 64
_SMOOTH = 1e-11
"""Probability by which a block beyond the table may be wrong."""

IMPOSSIBLE = -(2.0**30)
"""Stands for the log of zero."""


@dataclass(frozen=True, eq=False)
class Blocks(Grid):
    """Distributions of M months on B blocks of counts.

    Attributes
    ----------
    log : float64[B, 16, M]
        Log probabilities at the nodes of the blocks.
    last : float64[2, M]
        Log probabilities of the two counts after the last block; the geometric tail goes through both.
    mean, spread : float64[M]
        Expectation and standard deviation.
    """

    log: FloatArray
    last: FloatArray
    mean: FloatArray
    spread: FloatArray


@dataclass(frozen=True, eq=False)
class Table:
    """Probabilities of the counts 0, 1, ..., n - 1 in M months, and what is needed of the rest.

    Attributes
    ----------
    log : float64[n, M]
        Log probabilities.
    beyond : float64[M]
        Probability of n or more.
    squares : float64[M]
        Sum of P(Y >= k)^2 over all k from n on.
    mean, spread : float64[M]
        Expectation and standard deviation.
    """

    log: FloatArray
    beyond: FloatArray
    squares: FloatArray
    mean: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, blocks: Blocks, size: int) -> Table:
        """Return a table of `size` counts, as `size_for` found it or longer."""
        log = np.empty((size, len(blocks.mean)))
        end = blocks.end
        inside = blocks.start < size
        for level in np.unique(blocks.level[inside]):
            who = inside & (blocks.level == level)
            counts = blocks.start[who, None] + np.arange(NODES << level)
            log[counts] = np.matmul(_everywhere(int(level)), blocks.log[who]) if level else blocks.log[who]
        decay = np.minimum(blocks.last[1] - blocks.last[0], -1e-9)
        log[end:] = blocks.last[0] + np.arange(max(size - end, 0))[:, None] * decay
        log[log <= IMPOSSIBLE / 2] = -np.inf
        beyond = np.exp(blocks.last[0] + max(size - end, 0) * decay) / -np.expm1(decay)
        squares = np.square(beyond) / -np.expm1(2.0 * decay)
        if not inside.all():
            more, around = _rest(blocks.level[~inside], np.exp(blocks.log[~inside]), beyond)
            beyond, squares = beyond + more, squares + around
        return cls(log, beyond, squares, blocks.mean, blocks.spread)

    @classmethod
    def beside(cls, tables: Sequence[Table]) -> Table:
        """Return the months of several tables of the same length as one."""
        names = ("beyond", "squares", "mean", "spread")
        joined = (np.concatenate([getattr(table, name) for table in tables]) for name in names)
        return cls(np.concatenate([table.log for table in tables], axis=1), *joined)

    @cached_property
    def _p(self) -> FloatArray:
        return np.exp(self.log)

    @cached_property
    def _up_to(self) -> FloatArray:
        """F ``[n, M]``."""
        return np.cumsum(self._p, axis=0)

    @cached_property
    def _from(self) -> FloatArray:
        """G ``[n + 1, M]``."""
        upside_down = np.concatenate([self.beyond[None], self._p[::-1]])
        return np.asarray(np.cumsum(upside_down, axis=0)[::-1])

    @property
    def total(self) -> FloatArray:
        """Sum of all probabilities ``[M]``, 1 but for rounding."""
        return np.asarray(self._from[0])

    def log_probability(self, y: FloatArray) -> FloatArray:
        """Return log P(Y = y) ``[M]`` of one count below n of each month."""
        return np.asarray(self.log[y.astype(np.int64), np.arange(len(y))])

    def pit(self, y: FloatArray) -> FloatArray:
        """Return P(Y < y) and P(Y <= y) ``[M, 2]`` of one count below n of each month."""
        at, month = y.astype(np.int64), np.arange(len(y))
        upper = self._up_to[at, month]
        lower = np.where(at > 0, self._up_to[at - 1, month], 0.0)
        return np.asarray(np.clip(np.column_stack([lower, upper]), 0.0, 1.0))

    def rps(self, y: FloatArray) -> FloatArray:
        """Return the ranked probability score ``[M]`` of one count below n of each month."""
        count = np.arange(len(self.log))[:, None]
        below = np.where(count < y, np.square(self._up_to), 0.0).sum(axis=0)
        above = np.where(count > y, np.square(self._from[:-1]), 0.0).sum(axis=0)
        return np.asarray(below + above + self.squares)

    def reaches(self, level: float) -> bool:
        """Return True if the quantile at a level lies within the table in every month."""
        return bool((self._up_to[-1] >= level).all())

    def quantile(self, levels: FloatArray) -> IntArray:
        """Return the smallest y with P(Y <= y) >= level ``[L, M]``, which the table must reach."""
        columns = [np.searchsorted(column, levels) for column in self._up_to.T]
        return np.array(columns, dtype=np.int64).reshape(-1, len(levels)).T


def size_for(blocks: Blocks) -> int:
    """Return how long a table must be until the rest is smooth; a power of two."""
    rough = np.flatnonzero(blocks.rest(np.exp(blocks.log)).max(axis=1) * blocks.size > _SMOOTH)
    until = (blocks.start + blocks.size)[rough[-1]] if rough.size else 0
    return int(1 << (max(int(until), _SHORTEST) - 1).bit_length())


def _rest(level: IntArray, p: FloatArray, beyond: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the probability of blocks, and the sum of squared tails over them."""
    weights = [block(int(k)) for k in level]
    mirrored = p[:, ::-1]
    mass = np.einsum("bi,bim->bm", np.stack([one.total for one in weights]), p)
    falling = np.einsum("bi,bim->bm", np.stack([one.linear for one in weights]), mirrored)
    square = np.stack([one.square for one in weights])
    squares = np.einsum("bim,bim->bm", np.einsum("bij,bjm->bim", square, mirrored), mirrored)
    after = np.cumsum(mass[::-1], axis=0)[::-1] - mass + beyond
    around = (NODES << level)[:, None] * np.square(after) + 2.0 * after * falling + squares
    return mass.sum(axis=0), around.sum(axis=0)


@lru_cache(maxsize=16)
def _everywhere(level: int) -> FloatArray:
    """Return the matrix ``[size, 16]`` that takes the values at the nodes of a block to those at all of its counts."""
    return block(level).at(np.arange(NODES << level))
