r"""The distribution of each month of a forecast in a few hundred bytes, so that scores stay exact years later.

The log probability of a count is a smooth function of the count.  It is kept at 16 counts of each block of a grid: blocks
0-15, 16-31, 32-63, 64-127, ... halved where the polynomial through the 16 values is not resolved
(`forecasting.kernels.blocks`).  Blocks of 16 counts hold every value, so that a forecast with few possible counts is kept as
it is.  The grid ends where at most 1e-9 of the probability is left; from there on the probabilities fall as a geometric
series.

Precision: a log probability is off by less than 1e-8 where the probability is, by less than 3e-6 in blocks that hold next to
none, up to the end of the grid.  Cumulative probabilities are off by some 1e-9, ranked probability scores by as much,
relatively.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from forecasting.batch.packing import pack, pack_many, unpack, unpack_many
from forecasting.batch.table import IMPOSSIBLE, LONGEST, Blocks, Table, size_for
from forecasting.errors import ArchiveError, TooLarge
from forecasting.evaluation.grid import Months, Probabilities, component_blocks
from forecasting.evaluation.ranked import Resolved
from forecasting.kernels.blocks import NODES, block
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.kernels.grid import Grid, resolved
from forecasting.predictive import Predictive

MOST_BLOCKS = 256
_MOST_SPARSE = 4096
_RESOLUTION = 2.0**-28
_TOLERANCE = 1e-9
_LOOSEST = 1e-6
_LEFT = np.log(1e-9)
_MISSING = 1e-8
"""Probability that may be missing from the sum over all counts."""

_UNDERFLOW = -600.0
_REACH = 6.0
_AHEAD = 4  # ends of the grid that are looked at together
_DIFFERENCES = bytes([0, 2, 0, 0])  # orders of the four packed arrays
_HIGHEST = 54  # level of a block that no count reaches


class Marginals(Blocks):
    """Distributions of M months, from a forecast or from bytes."""

    @classmethod
    def of(cls, forecast: Predictive) -> Marginals:
        """Return the distributions of all months of a forecast.

        Raises
        ------
        TooLarge
            If more than 256 blocks would be needed: draws so sharp and so far apart that nothing joins them.  Forecasts of
            few possible counts may take 4,096, most of them empty.
        """
        months = _distinct(Months.of(forecast, np.arange(len(forecast.months))))
        for layout in (_dyadic, _by_component):
            with suppress(TooLarge):
                found = cls._on(months, layout(months))
                if found._is_whole():
                    return found
        raise TooLarge(f"the distributions of {forecast.name!r} have no compact form")

    @classmethod
    def _on(cls, months: Months, grid: Grid) -> Marginals:
        """Halve the blocks of a grid until they are resolved."""
        end = int((grid.start + grid.size).max())
        most = _MOST_SPARSE if months.distribution.lumpy else MOST_BLOCKS
        found = resolved(grid, partial(_logpmf, months), _rough, most)
        if found is None:
            raise TooLarge("too many blocks of counts")
        start, level, log = found
        last = _logpmf(months, np.array([end, end + 1]))
        expected, variance = months.expected, months.variance
        spread = np.sqrt(variance.mean(axis=1) + expected.var(axis=1))
        return cls(
            start,
            level,
            _rounded(log, level),
            _scaled(np.rint(last / _RESOLUTION)),
            np.asarray(expected.mean(axis=1)),
            np.asarray(spread),
        )

    # As bytes

    def to_bytes(self) -> bytes:
        """Return a compact form: integers (multiples of 2^-28 for log probabilities) packed one after the other."""
        log = np.rint(self.log / _RESOLUTION).astype(np.int64).transpose(2, 0, 1)
        last = np.rint(self.last / _RESOLUTION).astype(np.int64)
        moments = np.stack([self.mean, self.spread])
        return pack_many(
            [
                pack(values, differences=order)
                for values, order in zip(
                    (self.level, log.reshape(len(self.mean), -1), last, moments.view(np.int64)),
                    _DIFFERENCES,
                    strict=True,
                )
            ]
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Marginals:
        """Read what `to_bytes` wrote.

        Raises
        ------
        ArchiveError
            If the bytes are damaged.
        """
        parts = unpack_many(data)
        if b"".join(part[1:2] for part in parts) != _DIFFERENCES:
            raise ArchiveError("the distributions of an archived forecast are damaged")
        level, log, last, moments = map(unpack, parts)
        fits = last.ndim == 2 and log.shape == (last.shape[1], NODES * level.size) and moments.shape == last.shape
        if not (fits and level.ndim == 1 and level.size and level.min() >= 0 and level.max() <= _HIGHEST):
            raise ArchiveError("the distributions of an archived forecast are damaged")
        size = NODES << level
        mean, spread = moments.view(np.float64)
        values = log.reshape(len(mean), len(level), NODES).transpose(1, 2, 0)
        return cls(np.cumsum(size) - size, level, _scaled(values), _scaled(last), mean, spread)

    # Probabilities

    def logpmf(self, y: IntArray) -> FloatArray:
        """Return log P(Y = y) ``[N, M]`` for N counts."""
        result = np.empty((len(y), len(self.mean)))
        at = self.holding(y)
        beyond = y >= self.end
        for b in np.unique(at[~beyond]):
            who = (at == b) & ~beyond
            place = y[who] - self.start[b]
            values = self.log[b]
            result[who] = values[place] if self.level[b] == 0 else block(int(self.level[b])).at(place) @ values
        result[beyond] = self.last[0] + (y[beyond] - self.end)[:, None] * self._decay
        return np.where(result <= IMPOSSIBLE / 2, -np.inf, result)

    def pmf(self, y: IntArray) -> FloatArray:
        """Return P(Y = y) ``[N, M]``."""
        return np.exp(self.logpmf(y))

    def beyond(self, last: int) -> FloatArray:
        """Return P(Y > last) ``[M]`` for a count at or after the end of the blocks, less one."""
        first = self.last[0] + (last + 1 - self.end) * self._decay
        return np.asarray(np.exp(first) / -np.expm1(self._decay))

    @property
    def _decay(self) -> FloatArray:
        return np.asarray(np.minimum(self.last[1] - self.last[0], -1e-9))

    # What scores and quantiles are computed with

    @property
    def expected(self) -> FloatArray:
        """Expectation ``[M, 1]``."""
        return self.mean[:, None]

    @property
    def variance(self) -> FloatArray:
        """Variance ``[M, 1]``."""
        return np.square(self.spread)[:, None]

    def first_grid(self, stride: float, observed: float) -> Probabilities:
        """Return the blocks, and more of them up to `observed`."""
        start, level = list[int](), list[int]()
        end = self.end
        while end <= observed:
            start.append(end)
            level.append(int(np.log2(end // NODES)))
            end *= 2
        blocks = Probabilities(self.start, self.level, np.exp(self.log))
        more = Grid(np.array(start, dtype=np.int64), np.array(level, dtype=np.int64))
        return blocks.with_blocks(more, self, np.ones(len(self.start), dtype=bool)) if start else blocks

    def select(self, columns: IntArray) -> Marginals:
        """Return the distributions of the months numbered `columns`."""
        return Marginals(
            self.start,
            self.level,
            self.log[:, :, columns],
            self.last[:, columns],
            self.mean[columns],
            self.spread[columns],
        )

    def log_probability(self, y: FloatArray) -> FloatArray:
        """Return log P(Y = y) ``[M]`` of one count of each month."""
        months = np.arange(len(y))
        return np.asarray(self.logpmf(y.astype(np.int64))[months, months])

    def pit(self, y: FloatArray) -> FloatArray:
        """Return P(Y < y) and P(Y <= y) ``[M, 2]`` of one count of each month."""
        table = self._table(float(y.max()))
        return Resolved.of(self, y).pit(y) if table is None else table.pit(y)

    def rps(self, y: FloatArray) -> FloatArray:
        """Return the ranked probability score ``[M]`` of one count of each month."""
        table = self._table(float(y.max()))
        return Resolved.of(self, y).rps(y, np.arange(len(y))) if table is None else table.rps(y)

    def quantile(self, levels: FloatArray) -> IntArray:
        """Return the smallest y with P(Y <= y) >= level ``[L, M]``."""
        table = self._table(0.0)
        if table is not None and table.reaches(float(levels.max())):
            return table.quantile(levels)
        finest = min(1e-3, float((1.0 - levels).min()) / 10.0)
        end = self._resolved.grid.end
        if (self.beyond(end - 1) <= finest).all():
            return self._resolved.quantile(levels).T
        return Resolved.of(self, np.floor(self.mean), tail=finest).quantile(levels).T

    @cached_property
    def _resolved(self) -> Resolved:
        return Resolved.of(self, np.floor(self.mean))

    def _is_whole(self) -> bool:
        """Return True if the blocks hold all of the probability; raises `TooLarge` where that cannot be found out."""
        table = self._table(0.0)
        if table is None:
            return bool(self._resolved.grid.end)
        return bool((np.abs(table.total - 1.0) <= _MISSING).all())

    def _table(self, highest: float) -> Table | None:
        """Return the probabilities of all counts that matter, up to `highest` at least; None if they are too many."""
        size = self.table_size(highest)
        if size > LONGEST:
            return None
        return self._whole if size == self._size else Table.of(self, size)

    def table_size(self, highest: float) -> int:
        """Return the length of a `Table` of these months that holds the count `highest`."""
        return max(self._size, int(1 << int(highest).bit_length()))

    @cached_property
    def _size(self) -> int:
        return size_for(self)

    @cached_property
    def _whole(self) -> Table:
        return Table.of(self, self._size)


def _distinct(months: Months) -> Months:
    """Return the months with one draw if all draws are equal: a distribution that is known exactly."""
    if any((values != values[..., :1]).any() for values in (months.mean, *months.shape)):
        return months
    return replace(months, mean=months.mean[:, :1], shape=tuple(values[..., :1] for values in months.shape))


def _dyadic(months: Months) -> Grid:
    """Return blocks 0-15, 16-31, 32-63, ... up to where next to nothing is left."""
    reach = float((months.expected + _REACH * np.sqrt(months.variance)).max())
    blocks = 1 + int(np.ceil(np.log2(max(min(reach, LARGEST) / NODES, 1.0))))
    while True:
        ends = NODES << np.arange(blocks - 1, blocks - 1 + _AHEAD)
        first, second = _logpmf(months, np.concatenate([ends, ends + 1])).reshape(2, _AHEAD, -1)
        left = first - np.log(-np.expm1(np.minimum(second - first, -1e-9)))
        enough = (left <= _LEFT).all(axis=1) | (ends >= LARGEST)
        if enough.any():
            blocks += int(enough.argmax())
            break
        blocks += _AHEAD
    level = np.maximum(np.arange(blocks) - 1, 0)
    return Grid(np.array([0, *(NODES << np.arange(blocks - 1))], dtype=np.int64), level)


def _by_component(months: Months) -> Grid:
    """Return blocks that are short around each component: those of `_dyadic` may overlook what is sharp."""
    return component_blocks(months, 8.0, float(_dyadic(months).start[-1]))


def _logpmf(months: Months, y: IntArray) -> FloatArray:
    """Return log P(Y = y) ``[N, M]``, however small."""
    with np.errstate(divide="ignore"):
        result = np.maximum(np.log(months.pmf(y)), IMPOSSIBLE)
    if months.distribution.lumpy:
        return result
    # Few counts are so improbable that the average must be taken relative to its largest term.
    for n in np.flatnonzero((result < _UNDERFLOW).any(axis=1)):
        terms = np.maximum(months.distribution.logpmf(float(y[n]), months.mean, *months.shape), IMPOSSIBLE)
        result[n] = logsumexp(terms, axis=1) - np.log(terms.shape[1])
    return result


def _rough(grid: Grid, log: FloatArray) -> NDArray[np.bool_]:
    """Tell whether the polynomial of a block may be off by more than what its probability allows."""
    rounding = 16.0 * np.finfo(float).eps * np.abs(log).max(axis=1)
    return np.asarray((grid.rest(log) > np.maximum(_allowed(log, grid.level), rounding)).any(axis=1))


def _allowed(log: FloatArray, level: IntArray) -> FloatArray:
    """Return the error ``[B, M]`` of log probabilities that changes the probability of a block by less than 1e-9."""
    mass = (NODES << level)[:, None] * np.exp(np.minimum(log.max(axis=1), 0.0))
    return np.asarray(np.clip(_TOLERANCE / np.maximum(mass, 1e-300), _TOLERANCE, _LOOSEST))


def _rounded(log: FloatArray, level: IntArray) -> FloatArray:
    """Round to what is allowed in each block: where there is next to no probability, low bits vanish and compress."""
    step = np.maximum(2.0 ** np.floor(np.log2(_allowed(log, level).min(axis=1))), _RESOLUTION)[:, None, None]
    return np.asarray(np.rint(log / step) * step)


def _scaled(whole: IntArray | FloatArray) -> FloatArray:
    return np.asarray(whole * _RESOLUTION, dtype=float)
