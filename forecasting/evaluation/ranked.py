r"""The ranked probability score of a mixture, exact at any size of the counts.

.. math:: \mathrm{RPS}(F, y) = \sum_{k\ge 0}\bigl(F(k) - 1\{y\le k\}\bigr)^2
          = \sum_{k<y} P(Y\le k)^2 + \sum_{k>y} P(Y\ge k)^2

The second form sums squares of tails that are each accumulated from their own end, so it keeps relative accuracy where the
score is tiny.  The probability function of the mixture is evaluated at 16 counts of each dyadic block
(`forecasting.kernels.blocks`), the blocks are halved until their polynomials are resolved, and the sums over all counts
follow exactly from the polynomials.  Three things are checked, none assumed: the two highest coefficients of each block,
weighted by what an error there would do to the score; the probability of all blocks and the tail beyond them, which must be
one; and a bound on the squares beyond the last block,
:math:`\sum_{k\ge U}P(Y\ge k)^2\le P(Y\ge U)^{3/2}\sqrt{\mathrm{E}Y^2}`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.distributions import Distribution
from forecasting.errors import TooLarge
from forecasting.evaluation.observed import filled, scored
from forecasting.kernels.blocks import NODES, block
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.predictive import Predictive

_TOLERANCE = 1e-9
_BEYOND = 1e-12
_TABLE = 2**18
_MOST_BLOCKS = 2**15
_STRIDES = (8.0, 2.0, 0.5)
"""Longest block near a component, in standard deviations of it; tried in turn until no probability is missed."""


def rps(observed: ArrayLike, forecast: Predictive) -> FloatArray:
    """Return the ranked probability score of each month: the continuous ranked probability score of a count.

    Parameters
    ----------
    observed : array_like, [H]
        Counts, NaN where a month has none.
    forecast : Predictive
        Forecast of the same H months.

    Returns
    -------
    ndarray, [H]
        In units of the counts, smaller is better; NaN where there is no count.  The relative error is below 1e-9
        for counts up to 10^5; above, it is that of the log probabilities, a few 1e-9 at 10^6.

    Raises
    ------
    TooLarge
        If more than 32,768 blocks would be needed: draws so far apart and so sharp that nothing joins them.

    References
    ----------
    Epstein (1969), J. Appl. Meteorology 8; Gneiting and Raftery (2007), JASA 102, sec. 4.2; Wei and Held (2014), TEST 23.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting.distributions import Poisson
    >>> months = pd.period_range("2024-01", periods=1, freq="M")
    >>> certain = Predictive(months, [[160]], np.array([[160.0]]), (), Poisson(), "y")
    >>> rps([160], certain).round(2).tolist()
    [2.95]
    """
    counts, where = scored(observed, forecast)
    if not where.size:
        return counts
    months = _Months(forecast.distribution, forecast.mean[:, where].T.copy(), forecast.shape)
    return filled(_summed(counts[where], months), where, len(counts))


@dataclass(frozen=True)
class _Months:
    """Mixtures of M months with the same draws: means ``[M, S]``, shapes ``[S]``."""

    distribution: Distribution
    mean: FloatArray
    shape: tuple[FloatArray, ...]

    @property
    def variance(self) -> FloatArray:
        return np.asarray(self.distribution.variance(self.mean, *self.shape))

    def pmf(self, y: IntArray) -> FloatArray:
        """Return P(Y = y) ``[N, M]``; the months share what depends on the count and the shape alone."""
        result = np.empty((len(y), len(self.mean)))
        rows = max(_TABLE // self.mean.size, 1)
        for start in range(0, len(y), rows):
            count = y[start : start + rows, None, None].astype(float)
            log = self.distribution.logpmf(count, self.mean, *self.shape)
            result[start : start + rows] = np.exp(log, out=log).mean(axis=2)
        return result

    def beyond(self, last: int) -> FloatArray:
        """Return P(Y > last) ``[M]``."""
        return np.asarray(self.distribution.sf(float(last), self.mean, *self.shape).mean(axis=1))


@dataclass(frozen=True)
class _Grid:
    """Blocks that cover 0, 1, ... without gaps: first counts ``[B]``, levels ``[B]``, probabilities ``[B, 16, M]``."""

    start: IntArray
    level: IntArray
    values: FloatArray

    @property
    def end(self) -> int:
        """The count after the last block."""
        return int(self.start[-1] + (NODES << int(self.level[-1])))

    def with_blocks(self, start: IntArray, level: IntArray, months: _Months, kept: NDArray[np.bool_]) -> _Grid:
        """Add new blocks, keep the old ones that `kept` marks, and order them by count."""
        if kept.sum() + len(start) > _MOST_BLOCKS:
            raise TooLarge(
                f"the ranked probability score needs more than {_MOST_BLOCKS:,} blocks of counts: the draws of this "
                "forecast are sharp and far apart; score its quantiles instead (crps_from_quantiles)"
            )
        y = np.concatenate([at + block(int(k)).nodes for at, k in zip(start, level, strict=True)])
        fresh = months.pmf(y).reshape(len(start), NODES, -1)
        joined = np.concatenate([self.start[kept], start])
        order = np.argsort(joined)
        return _Grid(
            joined[order],
            np.concatenate([self.level[kept], level])[order],
            np.concatenate([self.values[kept], fresh])[order],
        )

    def halved(self, where: NDArray[np.bool_], months: _Months) -> _Grid:
        """Return the grid with the blocks marked by `where` in two halves each."""
        start, level = self.start[where], self.level[where] - 1
        halves = np.concatenate([start, start + (NODES << level)])
        return self.with_blocks(halves, np.tile(level, 2), months, ~where)


def _summed(observed: FloatArray, months: _Months) -> FloatArray:
    """Return the score ``[M]`` of counts that are all known."""
    rms = np.sqrt((months.variance + months.mean**2).mean(axis=1))
    for stride in _STRIDES:
        grid = _first_grid(months, stride, float(observed.max()))
        while True:
            beyond = months.beyond(grid.end - 1)
            sums = _Sums.of(grid, beyond, observed)
            rough = sums.unresolved()
            short = bool((beyond**1.5 * rms > _BEYOND * sums.score).any()) and grid.end < LARGEST
            if not short and not rough.any():
                break
            if rough.any():
                grid = grid.halved(rough, months)
            if short:
                grid = _doubled(grid, months)
        if sums.complete():
            return sums.exact()
    raise TooLarge(
        "the blocks miss part of the probability of this forecast: its draws are sharper than their variance tells; "
        "score its quantiles instead (crps_from_quantiles)"
    )


def _first_grid(months: _Months, stride: float, observed: float) -> _Grid:
    """Return dyadic blocks that see every component: near its mean none is longer than `stride` standard deviations."""
    spread = np.sqrt(months.variance)
    reach = max(observed + 1.0, float((months.mean + 8.0 * spread).max()), float(NODES))
    blocks = [(0, 0)] + [(NODES << k, k) for k in range(int(np.ceil(np.log2(min(reach, LARGEST) / NODES))))]
    finest = np.log2(np.maximum(stride * spread / NODES, 1.0)).astype(np.int64)
    cell = months.mean.astype(np.int64) // (NODES << finest)
    needs = np.unique(np.stack([finest.ravel(), cell.ravel()]), axis=1)
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
    nothing = _Grid(start[:0], level[:0], np.empty((0, NODES, len(months.mean))))
    return nothing.with_blocks(start, level, months, np.zeros(0, dtype=bool))


def _doubled(grid: _Grid, months: _Months) -> _Grid:
    """Return the grid with one more block, as long as all before it."""
    end = grid.end
    more = np.array([end], dtype=np.int64), np.array([int(np.log2(end // NODES))], dtype=np.int64)
    return grid.with_blocks(*more, months, np.ones(len(grid.start), dtype=bool))


@dataclass(frozen=True)
class _Sums:
    """Sums over the blocks of a grid, each ``[B, M]``, the tails before and after them, and a first score ``[M]``."""

    grid: _Grid
    observed: FloatArray
    beyond: FloatArray
    below: FloatArray
    above: FloatArray
    mass: FloatArray
    at: IntArray
    whole: FloatArray
    """Squares of the blocks that lie wholly on one side of the observed count, summed."""
    reach: FloatArray
    """Sum of the tails themselves: what an error of probability, wherever it is, can do to the score, is twice this."""

    @classmethod
    def of(cls, grid: _Grid, beyond: FloatArray, observed: FloatArray) -> _Sums:
        shape = (len(grid.start), len(observed))
        mass, rise, fall, rising, falling = (np.empty(shape) for _ in range(5))
        for level in np.unique(grid.level):
            who, weights = grid.level == level, block(int(level))
            p = grid.values[who]
            mirrored = p[:, ::-1]
            mass[who] = np.einsum("i,bim->bm", weights.total, p)
            rise[who] = np.einsum("i,bim->bm", weights.linear, p)
            fall[who] = np.einsum("i,bim->bm", weights.linear, mirrored)
            rising[who] = (np.tensordot(p, weights.square, (1, 0)).swapaxes(1, 2) * p).sum(axis=1)
            falling[who] = (np.tensordot(mirrored, weights.square, (1, 0)).swapaxes(1, 2) * mirrored).sum(axis=1)
        size = (NODES << grid.level)[:, None]
        below = np.cumsum(mass, axis=0) - mass
        above = np.cumsum(mass[::-1], axis=0)[::-1] - mass + beyond
        at = np.searchsorted(grid.start, observed, side="right") - 1
        row = np.arange(shape[0])[:, None]
        before, after = row < at, row > at
        whole = np.where(before, (size * below + 2.0 * rise) * below + rising, 0.0)
        whole += np.where(after, (size * above + 2.0 * fall) * above + falling, 0.0)
        reach = np.where(row <= at, size * below + rise, 0.0) + np.where(row >= at, size * above + fall, 0.0)
        return cls(grid, observed, beyond, below, above, mass, at, whole.sum(axis=0), reach.sum(axis=0))

    @property
    def score(self) -> FloatArray:
        """A lower bound of the score, good once the block of the observed count is small."""
        return np.maximum(self.whole, 1e-300)

    def unresolved(self) -> NDArray[np.bool_]:
        """Mark the blocks ``[B]`` whose polynomials may still move the score, down to the rounding of the log pmf."""
        grid = self.grid
        left = np.empty_like(self.mass)
        for level in np.unique(grid.level):
            who = grid.level == level
            left[who] = np.abs(np.einsum("ki,bim->bkm", block(int(level)).rest, grid.values[who])).max(axis=1)
        last = (grid.start + (NODES << grid.level)).astype(float)
        rounding = np.maximum(_TOLERANCE * 1e-2, np.finfo(float).eps * last * np.log(last))
        noise = rounding[:, None] * np.abs(grid.values).max(axis=1)
        harm = 2.0 * (NODES << grid.level)[:, None] * left * self.reach
        return np.asarray(((harm > _TOLERANCE * self.score) & (left > noise)).any(axis=1))

    def complete(self) -> bool:
        """Whether the blocks and the tail beyond them hold all of the probability."""
        last = float(self.grid.end)
        allowed = max(1e-8, 4.0 * np.finfo(float).eps * last * np.log(last))
        return bool((np.abs(self.below[-1] + self.mass[-1] + self.beyond - 1.0) <= allowed).all())

    def exact(self) -> FloatArray:
        """Return the score ``[M]``, the block of the observed count included."""
        parts = [
            _inside(
                self.grid.values[b, :, m],
                int(self.grid.level[b]),
                float(self.below[b, m]),
                float(self.above[b, m]),
                int(self.observed[m] - self.grid.start[b]),
            )
            for m, b in enumerate(self.at)
        ]
        return np.asarray(self.whole + np.array(parts))


def _inside(p: FloatArray, level: int, below: float, above: float, place: int) -> float:
    """Return the squares of one block that holds the observed count at `place`: halve it until every value is at hand."""
    total = 0.0
    while level:
        weights, half = block(level), block(level - 1)
        left, right = weights.left @ p, weights.right @ p
        level -= 1
        if place < half.size:
            tail = right[::-1]
            total += (half.size * above + 2.0 * float(half.linear @ tail)) * above + float(tail @ half.square @ tail)
            above += float(half.total @ right)
            p = left
        else:
            total += (half.size * below + 2.0 * float(half.linear @ left)) * below + float(left @ half.square @ left)
            below += float(half.total @ left)
            p, place = right, place - half.size
    under = below + np.cumsum(p)[:place]
    over = above + np.cumsum(p[::-1])[: NODES - 1 - place]
    return total + float(under @ under) + float(over @ over)
