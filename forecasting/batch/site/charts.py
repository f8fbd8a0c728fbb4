"""Pictures of counts and forecasts as plain shapes in a small coordinate system; the template only writes them down.

A month is a step, because nothing is known of what lies between months, and because a forecast of one month can be seen then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from forecasting.kernels.counts import FloatArray

WIDTH, HEIGHT = 374.0, 190.0  # as 374 units the type stays readable on a phone 360 pixels wide
_LEFT, _RIGHT, _TOP, _BOTTOM = 36.0, 6.0, 14.0, 30.0
_STEEPEST = 4.0  # times the counts and medians: what an interval reaches beyond is cut off
_ALONE = 1.0  # half of a count without neighbours; the width of the line fills it and rounds it
_EDGE = 2.0  # around a line in a table, for the width of its ends
_TICKS = 4
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis."""

    at: float
    label: str
    below: str = ""


@dataclass(frozen=True)
class Dot:
    """A count."""

    x: float
    y: float
    outside: bool


@dataclass(frozen=True)
class Chart:
    """Shapes in units of a drawing `WIDTH` wide and `HEIGHT` high.

    Attributes
    ----------
    label : str
        The picture in words.
    bands : tuple of (int, str)
        From the widest inwards, numbered from 0: the outline.
    line, median : str
        Paths of the counts and of the medians.
    dots : tuple of Dot
        Counts that are compared with a forecast.
    months, counts : tuple of Tick
        The axes.
    cut : str
        The count at which intervals are cut off, or empty.
    """

    label: str
    bands: tuple[tuple[int, str], ...]
    line: str
    median: str
    dots: tuple[Dot, ...]
    months: tuple[Tick, ...]
    counts: tuple[Tick, ...]
    cut: str


def draw(
    label: str,
    first: int,
    counts: ArrayLike,
    median: ArrayLike,
    bands: Sequence[tuple[ArrayLike, ArrayLike]],
    *,
    compared: bool = False,
) -> Chart:
    """Return the picture of T months.

    Parameters
    ----------
    label : str
        The picture in words.
    first : int
        The first of the T months, counted from January 1970.
    counts, median : array_like[T]
        NaN where there is none.
    bands : sequence of (array_like[T], array_like[T])
        Lower and upper limits of intervals, the widest first, NaN where there is none.
    compared : bool
        Whether counts are dots on their forecasts, rather than a line before them.
    """
    y, middle = np.asarray(counts, dtype=float), np.asarray(median, dtype=float)
    limits = [(np.asarray(low, dtype=float), np.asarray(high, dtype=float)) for low, high in bands]
    reach = _largest([high for _, high in limits])
    top = max(_largest([y]), min(reach, _STEEPEST * max(_largest([y, middle]), 1.0)), 1.0)
    marks = _round_counts(top)
    across = (WIDTH - _LEFT - _RIGHT) / len(y)
    left: FloatArray = np.asarray(_LEFT + across * np.arange(len(y)), dtype=float)

    def height(values: FloatArray) -> FloatArray:
        room = HEIGHT - _TOP - _BOTTOM
        return np.asarray(_TOP + room * (1.0 - np.minimum(values, top) / top))

    outer = limits[0] if limits else (y, y)
    return Chart(
        label,
        tuple((k, _columns(left, across, height(low), height(high))) for k, (low, high) in enumerate(limits)),
        "" if compared else _polyline(left + across / 2.0, height(y)),
        _segments(left, across, height(middle)),
        tuple(
            Dot(_short(left[t] + across / 2.0), _short(height(y)[t]), bool(y[t] < outer[0][t] or y[t] > outer[1][t]))
            for t in (np.flatnonzero(~np.isnan(y)) if compared else ())
        ),
        _month_ticks(first, left + across / 2.0),
        tuple(Tick(_short(float(height(np.array(mark)))), f"{mark:,.0f}") for mark in marks),
        f"{top:,.0f}" if reach > top else "",
    )


def sparkline(counts: FloatArray, width: float = 96.0, high: float = 22.0) -> str:
    """Return the path of a line through counts, NaN where there is none.

    Examples
    --------
    >>> sparkline(np.array([0.0, 4.0]))
    'M2 20L94 2'
    """
    top = max(_largest([counts]), 1.0)
    x: FloatArray = np.linspace(_EDGE, width - _EDGE, len(counts))
    return _polyline(x, _EDGE + (high - 2.0 * _EDGE) * (1.0 - counts / top))


def central_pairs(levels: Sequence[float]) -> Mapping[float, tuple[int, int]]:
    """Return the central intervals that quantile levels hold, the widest first: coverage to the positions of its ends.

    Examples
    --------
    >>> central_pairs([0.05, 0.25, 0.5, 0.75, 0.95])
    {0.9: (0, 4), 0.5: (1, 3)}
    """
    at = {round(level, 9): position for position, level in enumerate(levels)}
    lower = sorted(level for level in at if level < 0.5 and round(1.0 - level, 9) in at)
    return {round(1.0 - 2.0 * level, 9): (at[level], at[round(1.0 - level, 9)]) for level in lower}


def _largest(arrays: Sequence[FloatArray]) -> float:
    known = np.concatenate([np.zeros(1), *(values[~np.isnan(values)] for values in arrays)])
    return float(known.max())


def _round_counts(top: float) -> list[float]:
    """Return 0 and a few round whole numbers up to `top`."""
    rough = top / _TICKS
    power = 10.0 ** np.floor(np.log10(rough))
    step = max(next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= rough), 1.0)
    return [step * k for k in range(int(top / step) + 1)]


def _month_ticks(first: int, middle: FloatArray) -> tuple[Tick, ...]:
    every = next((step for step, most in ((1, 12), (3, 30), (6, 66)) if len(middle) <= most), 12)
    years: set[int] = set()
    ticks = []
    for t, x in enumerate(middle):
        year, month = divmod(first + t, 12)
        if month % every == 0:
            ticks.append(Tick(_short(x), _MONTHS[month], "" if year in years else str(1970 + year)))
            years.add(year)
    return tuple(ticks)


def _columns(left: FloatArray, across: float, low: FloatArray, high: FloatArray) -> str:
    """Return the outline of a band: a column a month, neighbours joined."""
    parts = []
    for start, end in _runs(~np.isnan(low)):
        x = np.repeat(np.append(left[start:end], left[end - 1] + across), 2)[1:-1]
        roof, floor = np.repeat(high[start:end], 2), np.repeat(low[start:end], 2)
        parts.append(_path(np.concatenate([x, x[::-1]]), np.concatenate([roof, floor[::-1]])) + "Z")
    return "".join(parts)


def _segments(left: FloatArray, across: float, y: FloatArray) -> str:
    known = np.flatnonzero(~np.isnan(y))
    return "".join(f"M{_short(left[t])} {_short(y[t])}h{_short(across)}" for t in known)


def _polyline(x: FloatArray, y: FloatArray) -> str:
    """Return a line for months that follow each other, and a diamond for one that stands alone."""
    around = _ALONE * np.array([[-1, 0, 1, 0], [0, -1, 0, 1]])
    return "".join(
        _path(x[start:end], y[start:end])
        if end - start > 1
        else _path(x[start] + around[0], y[start] + around[1]) + "Z"
        for start, end in _runs(~np.isnan(y))
    )


def _path(x: FloatArray, y: FloatArray) -> str:
    points = [f"{_short(a)} {_short(b)}" for a, b in zip(x, y, strict=True)]
    return "M" + "L".join(points)


def _runs(known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]])))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _short(value: float) -> float:
    rounded = round(float(value), 1)
    return int(rounded) if rounded.is_integer() else rounded
