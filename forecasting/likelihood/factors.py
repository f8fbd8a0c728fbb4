"""Independent parts of a sum as tables at few points, and the first frequencies of the transform of the sum."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.fft import rfft

from forecasting.kernels import lattice, sums
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.lattice import Points

_STEP, _VALUE, _WAVE = 2.0, 40.0, 60.0  # price of a step of a fast transform, a value, a wave, in products of the two


class Factor(NamedTuple):
    """Tables ``[S, c, J]`` of c independent parts of a sum, each with sum one, and how often each part occurs ``[c]``.

    Of all `points` the J from `start` on are kept, outside of which there is next to nothing; they are counted from `shift`
    above the lower limit of the part.
    """

    points: Points
    start: int
    table: FloatArray
    times: IntArray
    shift: int

    @classmethod
    def cut(cls, points: Points, table: FloatArray, times: IntArray, nothing: float, shift: int = 0) -> Factor:
        """Return a factor without the ends that no draw needs."""
        kept = np.flatnonzero(table.max(axis=(0, 1)) > nothing)
        start, stop = (int(kept[0]), int(kept[-1]) + 1) if kept.size else (0, table.shape[2])
        return cls(points, start, table[:, :, start:stop], times, shift)

    @property
    def powers(self) -> FloatArray:
        """Values and their squares ``[J, 2]``."""
        x = self.points.x[self.start : self.start + self.table.shape[2]]
        return np.stack([x, x * x], axis=1)

    @property
    def least(self) -> int:
        """Least value, counted from the lower limit."""
        return self.shift + int(self.points.x[self.start])

    @property
    def most(self) -> int:
        """Largest value, counted from the lower limit."""
        return self.shift + math.ceil(float(self.points.x[self.start + self.table.shape[2] - 1]))


def extent(factors: Sequence[Factor], low: int, high: int) -> tuple[int, int, int]:
    """Return a length of transform that keeps the values low..high of a sum apart, and the first and last of them there are."""
    least = sum(factor.least * int(factor.times.sum()) for factor in factors)
    most = sum(factor.most * int(factor.times.sum()) for factor in factors)
    skip, last = min(max(low, least), most), max(min(high, most), least)
    return round_up(sums.alias_free(skip - least, last - least, most - least)), skip, max(last, skip)


def round_up(number: float) -> int:
    """Return a whole number, at most a quarter more, of which there are few, so that tables of waves can be kept."""
    unit = 1 << max(math.floor(math.log2(max(number, 8.0))) - 2, 0)
    return math.ceil(number / unit) * unit


def fast(size: int, number: int, length: int, rows: int) -> bool:
    """Return whether a fast transform of `rows` tables is cheaper than the product of `size` values with `number` waves."""
    return size * number * (1.0 + _WAVE / rows) > _STEP * length * math.log2(length)


def dear(factors: Sequence[Factor], number: int, length: int) -> bool:
    """Return whether complete tables and fast transforms are cheaper than few points and `number` frequencies."""
    few = complete = 0.0
    for factor in factors:
        draws, count, size = factor.table.shape
        step = _STEP * length * math.log2(length)
        price = size * number * (draws * count + _WAVE)
        few += min(price, draws * count * step) if factor.points.every else price
        complete += draws * count * (step + _VALUE * float(factor.points.weights.sum()))
    return few > complete


def transform_of(factors: Sequence[Factor], number: int, length: int) -> sums.ComplexArray:
    """Return the first frequencies ``[S, number]`` of the transform of a sum."""
    product: sums.ComplexArray | None = None
    for points, start, table, times, shift in factors:
        draws, count, size = table.shape
        if points.every and size <= length and fast(size, number, length, draws * count):
            parts = rfft(table, length, axis=-1)[:, :, :number]
            shift += start
        else:
            waved = table.reshape(draws * count, size) @ lattice.waves(points, number, length, start, start + size)
            parts = waved.view(np.complex128).reshape(draws, count, number)
        if shift:
            parts *= np.exp(-2j * np.pi / length * shift * np.arange(number))
        for c, repeated in enumerate(times):
            for _ in range(repeated):
                product = parts[:, c].copy() if product is None else np.multiply(product, parts[:, c], out=product)
    if product is None:
        raise ValueError("a sum needs at least one table")
    return product
