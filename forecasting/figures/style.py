"""The look that all pictures share: one width, one typeface, thin axes, colours safe for colour-blind readers."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecasting.reading.typed import typed

P = ParamSpec("P")
R = TypeVar("R")

WIDTH = 5.6
"""Inches; as 403 units of SVG the type is that of the text beside it, and stays readable on a phone 390 pixels wide."""

INK, MUTED, RULE, WASH = "#1a1a1a", "#5c6168", "#c9cdd2", "#eef1f4"
BLUE, VERMILION, GREEN, AMBER = "#0072b2", "#d55e00", "#007a5a", "#b97900"  # after Okabe and Ito

SMALL = 9.5
STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": SMALL,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "xtick.color": RULE,
    "xtick.labelcolor": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.color": RULE,
    "ytick.labelcolor": MUTED,
    "ytick.labelsize": SMALL,
    "xtick.major.size": 3.0,
    "xtick.minor.size": 0.0,
    "ytick.major.size": 0.0,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "legend.handlelength": 1.2,
    "legend.columnspacing": 1.2,
    "legend.borderpad": 0.0,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
}


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function that draws: arguments of the types that it says, and the style of the house."""
    return typed(rc_context(STYLE)(function))


def canvas(
    title: str,
    height: float,
    *,
    left: float = 0.1,
    right: float = 0.1,
    top: float = 0.42,
    bottom: float = 0.3,
) -> tuple[Figure, Axes]:
    """Return a figure of the common width with a title, and axes within margins; all lengths in inches."""
    figure = Figure(figsize=(WIDTH, height))
    figure.text(0.1 / WIDTH, 1.0 - 0.06 / height, title, ha="left", va="top", weight="bold", size=11)
    width = 1.0 - (left + right) / WIDTH
    axes = figure.add_axes((left / WIDTH, bottom / height, width, 1.0 - (top + bottom) / height))
    return figure, axes


def rows(axes: Axes, count: int) -> None:
    """Make room for `count` rows at the heights 0, 1, ... from the top down, without a scale of their own."""
    axes.set_ylim(count - 0.5, -0.5)
    axes.set_yticks([])


def scale_of_counts(axes: Axes, meaning: str) -> None:
    """Rule the height of the axes lightly and say above it what it measures."""
    axes.yaxis.grid(True)
    axes.annotate(
        meaning, (0.0, 1.0), (-27, 6), xycoords="axes fraction", textcoords="offset points", size=SMALL, color=MUTED
    )


def month_axis(axes: Axes, months: pd.PeriodIndex) -> None:
    """Label months that sit at 0, 1, ...: every one where they are few, the first months of quarters or years else."""
    every = next((step for step, most in ((1, 12), (3, 30), (6, 60)) if len(months) <= most), 12)
    places = [place for place, month in enumerate(months) if (month.month - 1) % every == 0]
    named: set[int] = set()
    labels = []
    for place in places:
        year = months[place].year
        labels.append(months[place].strftime("%b") + ("" if year in named else f"\n{year}"))
        named.add(year)
    axes.set_xticks(places, labels)
    axes.set_xlim(-0.6, len(months) - 0.4)


def ratio_axis(axes: Axes) -> None:
    """Label an axis of log ratios with round ratios."""
    low, high = axes.get_xlim()
    doublings = [2.0**power for power in range(-8, 9) if low <= power * math.log(2.0) <= high]
    if len(doublings) < 4:
        doublings = [value for value in (0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0) if low <= math.log(value) <= high]
    labels = [f"1/{1 / value:g}" if value < 1 and (1 / value).is_integer() else f"{value:g}" for value in doublings]
    axes.set_xticks([math.log(value) for value in doublings], labels)


def shown(text: object, limit: int = 60) -> str:
    r"""Return text from outside without control characters and no longer than `limit`.

    Examples
    --------
    >>> shown("a\x00b", 5), shown("abcdefgh", 5)
    ('ab', 'abcd…')
    """
    clean = "".join(letter for letter in str(text) if unicodedata.category(letter) not in ("Cc", "Cs"))
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


def span(window: pd.PeriodIndex) -> str:
    """Return a window briefly.

    Examples
    --------
    >>> span(pd.period_range("2023-09", "2023-11", freq="M"))
    'Sep-Nov 2023'
    """
    first, last = window[0], window[-1]
    if first == last:
        return str(first.strftime("%b %Y"))
    start = first.strftime("%b") if first.year == last.year else first.strftime("%b %Y")
    return f"{start}-{last.strftime('%b %Y')}"


def total(limits: tuple[int, float], between: str = " to ") -> str:
    """Return a total, or the limits it is known to lie within."""
    low, high = limits
    return f"{low:,}" if low == high else f"{low:,}{between}{high:,.0f}"
