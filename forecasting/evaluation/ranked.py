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
from numpy.typing import NDArray

from forecasting.errors import TooLarge
from forecasting.evaluation.grid import Marginal, Months, Probabilities, doubled
from forecasting.evaluation.observed import Truth, filled, scored
from forecasting.kernels.blocks import NODES, block, descend
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray, rounding
from forecasting.predictive import Predictive

_TOLERANCE = 1e-9
_BEYOND = 1e-12
_STRIDES = (8.0, 2.0, 0.5)
"""Longest block near a component, in standard deviations of it; tried in turn until no probability is missed."""


def rps(observed: Truth, forecast: Predictive) -> FloatArray:
    """Return the ranked probability score of each month: the continuous ranked probability score of a count.

    Parameters
    ----------
    observed : array_like, [H]
        Counts, NaN where a month has none; or a Series indexed by month, or a CountSeries.
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
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=1, freq="M")
    >>> certain = fc.Predictive(months, [[160]], np.array([[160.0]]), (), fc.Poisson(), "y")
    >>> fc.evaluation.rps([160], certain).round(2).tolist()
    [2.95]
    """
    counts, where = scored(observed, forecast)
    if not where.size:
        return counts
    columns = np.arange(len(where))
    return filled(
        Resolved.of(Months.of(forecast, where), counts[where]).rps(counts[where], columns), where, len(counts)
    )


@dataclass(frozen=True)
class Resolved:
    """Mixtures of M months on blocks fine enough for all sums over the counts.

    Attributes
    ----------
    grid : Probabilities
        B blocks.
    below, above : float64[B, M]
        Probability before and after each block.
    under, over : float64[B, M]
        Sum of squares of P(Y <= k) over the blocks before, and of P(Y >= k) over the blocks after.
    """

    grid: Probabilities
    below: FloatArray
    above: FloatArray
    under: FloatArray
    over: FloatArray

    @classmethod
    def of(cls, months: Marginal, around: FloatArray, *, tail: float = 1.0) -> Resolved:
        """Resolve what matters for scores at the counts `around` ``[M]``, and leave at most `tail` beyond the blocks.

        Raises
        ------
        TooLarge
            If too many blocks are needed, or part of the probability is never found.
        """
        rms = np.sqrt((months.variance + months.expected**2).mean(axis=1))
        for stride in _STRIDES:
            grid = months.first_grid(stride, float(around.max()))
            beyond = months.beyond(grid.end - 1)
            while True:
                sums = _Sums.of(grid, beyond)
                score, rough = sums.judged(around)
                short = grid.end < LARGEST and bool(((beyond**1.5 * rms > _BEYOND * score) | (beyond > tail)).any())
                if not short and not rough.any():
                    break
                if rough.any():
                    grid = grid.halved(rough, months)
                if short:
                    grid = doubled(grid, months)
                    beyond = months.beyond(grid.end - 1)
            if sums.complete(beyond):
                under, over = _before(sums.rising), _after(sums.falling)
                return cls(grid, sums.below, sums.above, under, over)
        raise TooLarge(
            "the blocks miss part of the probability of this forecast: its draws are sharper than their variance tells; "
            "score its quantiles instead (crps_from_quantiles)"
        )

    def rps(self, y: FloatArray, column: IntArray) -> FloatArray:
        """Return the ranked probability score ``[N]`` of N counts of the months numbered `column`."""
        at = self.grid.holding(y)
        total = self.under[at, column] + self.over[at, column]
        below, above = self.below[at, column], self.above[at, column]
        p, place = self.grid.values[at, :, column], y.astype(np.int64) - self.grid.start[at]
        for n in np.flatnonzero(self.grid.level[at]):
            level = int(self.grid.level[at[n]])
            p[n], below[n], above[n], place[n], outside = _leaf(p[n], level, below[n], above[n], int(place[n]))
            total[n] += outside
        under = below[:, None] + np.cumsum(p, axis=1)
        over = above[:, None] + np.cumsum(p[:, ::-1], axis=1)[:, ::-1]
        node, middle = np.arange(NODES), place[:, None]
        total += np.where(node < middle, np.square(under), 0.0).sum(axis=1)
        return np.asarray(total + np.where(node > middle, np.square(over), 0.0).sum(axis=1))

    def pit(self, y: FloatArray) -> FloatArray:
        """Return P(Y < y) and P(Y <= y) ``[M, 2]`` for one count of each month."""
        result = np.empty((len(y), 2))
        for m, b in enumerate(self.grid.holding(y)):
            place = int(y[m] - self.grid.start[b])
            p, before, first = descend(self.grid.values[b, :, m], int(self.grid.level[b]), place=place)
            result[m] = self.below[b, m] + before + p[: place - first].sum() + [0.0, p[place - first]]
        return np.clip(result, 0.0, 1.0)

    def quantile(self, levels: FloatArray) -> IntArray:
        """Return the smallest y with P(Y <= y) >= level ``[M, K]``; the cumulative probability is good to some 1e-11."""
        result = np.empty((self.below.shape[1], len(levels)), dtype=np.int64)
        for m, below in enumerate(self.below.T):
            for k, (level, b) in enumerate(zip(levels, np.searchsorted(below, levels) - 1, strict=True)):
                missing = level - below[b]
                p, before, first = descend(self.grid.values[b, :, m], int(self.grid.level[b]), mass=missing)
                inside = np.searchsorted(np.cumsum(np.maximum(p, 0.0)), missing - before)
                result[m, k] = self.grid.start[b] + first + min(int(inside), NODES - 1)
        return result


@dataclass(frozen=True)
class _Sums:
    """Sums over each block ``[B, M]``: probability before, in and after it, tails, and squares of tails."""

    grid: Probabilities
    below: FloatArray
    mass: FloatArray
    above: FloatArray
    low: FloatArray
    high: FloatArray
    rising: FloatArray
    falling: FloatArray

    @classmethod
    def of(cls, grid: Probabilities, beyond: FloatArray) -> _Sums:
        mass, rise, fall, rising, falling = (np.empty((len(grid.start), grid.values.shape[2])) for _ in range(5))
        for who, weights in grid.by_level():
            p = grid.values[who]
            mirrored = p[:, ::-1]
            mass[who] = np.einsum("i,bim->bm", weights.total, p)
            rise[who] = np.einsum("i,bim->bm", weights.linear, p)
            fall[who] = np.einsum("i,bim->bm", weights.linear, mirrored)
            rising[who] = (np.tensordot(p, weights.square, (1, 0)).swapaxes(1, 2) * p).sum(axis=1)
            falling[who] = (np.tensordot(mirrored, weights.square, (1, 0)).swapaxes(1, 2) * mirrored).sum(axis=1)
        size = grid.size[:, None]
        below, above = _before(mass), _after(mass) + beyond
        return cls(
            grid,
            below,
            mass,
            above,
            size * below + rise,
            size * above + fall,
            (size * below + 2.0 * rise) * below + rising,
            (size * above + 2.0 * fall) * above + falling,
        )

    def judged(self, around: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
        """Return a lower bound of the scores ``[M]`` at the counts `around` and the blocks ``[B]`` that may still move them.

        An error of probability moves a score by at most twice the sum of all tails; one below the rounding of the log
        probabilities is no reason to look closer.
        """
        grid = self.grid
        row, at = np.arange(len(grid.start))[:, None], grid.holding(around)
        score = np.where(row < at, self.rising, 0.0) + np.where(row > at, self.falling, 0.0)
        tails = np.where(row <= at, self.low, 0.0) + np.where(row >= at, self.high, 0.0)
        bound = np.maximum(score.sum(axis=0), 1e-300)
        left = np.empty_like(self.mass)
        for who, weights in grid.by_level():
            left[who] = np.abs(np.einsum("ki,bim->bkm", weights.rest, grid.values[who])).max(axis=1)
        noise = np.maximum(1e-2 * _TOLERANCE, rounding(grid.start + grid.size))[:, None]
        harm = 2.0 * grid.size[:, None] * left * tails.sum(axis=0)
        moving = (harm > _TOLERANCE * bound) & (left > noise * np.abs(grid.values).max(axis=1))
        return bound, np.asarray(moving.any(axis=1))

    def complete(self, beyond: FloatArray) -> bool:
        """Whether the blocks and the tail beyond them hold all of the probability."""
        allowed = max(1e-8, 4.0 * float(rounding(np.array([self.grid.end]))[0]))
        return bool((np.abs(self.mass.sum(axis=0) + beyond - 1.0) <= allowed).all())


def _before(values: FloatArray) -> FloatArray:
    return np.asarray(np.cumsum(values, axis=0) - values)


def _after(values: FloatArray) -> FloatArray:
    return np.asarray(np.cumsum(values[::-1], axis=0)[::-1] - values)


def _leaf(
    p: FloatArray, level: int, below: float, above: float, place: int
) -> tuple[FloatArray, float, float, int, float]:
    """Halve a block down to the 16 counts that hold the count at `place`.

    Returns their probabilities, the probability before and after them, the place among them, and the squares of the tails
    over the rest of the block.
    """
    squares = 0.0
    while level:
        weights, half = block(level), block(level - 1)
        left, right = weights.left @ p, weights.right @ p
        level -= 1
        if place < half.size:
            tail = right[::-1]
            squares += (half.size * above + 2.0 * float(half.linear @ tail)) * above + float(tail @ half.square @ tail)
            above += float(half.total @ right)
            p = left
        else:
            squares += (half.size * below + 2.0 * float(half.linear @ left)) * below + float(left @ half.square @ left)
            below += float(half.total @ left)
            p, place = right, place - half.size
    return p, below, above, place, squares
