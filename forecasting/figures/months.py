"""What is known, month by month."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from forecasting.figures.hover import interval_of, tell
from forecasting.figures.style import (
    BLUE,
    INK,
    MUTED,
    RULE,
    SMALL,
    WASH,
    canvas,
    month_axis,
    scale_of_counts,
    shown,
    span,
    styled,
    total,
)
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.months import month_range
from forecasting.predictive import Predictive
from forecasting.predictive.levels import POINT_NAMES, POINTS
from forecasting.scenarios import JumpReport

_LABELLED = 14  # months up to which there is room for a number at each exact one


@styled
def known_figure(report: JumpReport, ahead: Predictive | None = None) -> Figure:
    """Draw exact months, the range the facts leave to the others, and their posterior; the windows are shaded.

    Parameters
    ----------
    report : JumpReport
        Its `known` table is drawn.
    ahead : Predictive, optional
        A forecast of the months after the data.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, known_figure
    >>> series = fc.CountSeries(["2023-07", "2023-08", "2023-09", "2023-10"], [105, 100, 190, 200])
    >>> windows = ("2023-07", "2023-08"), ("2023-09", "2023-10")
    >>> report = fc.jump(series, *windows, draws=200, rng=np.random.default_rng(1))
    >>> print(alternative(known_figure(report)).split("; ")[0])
    Months of y: known exactly are 2023-07 105, 2023-08 100, 2023-09 190, 2023-10 200
    """
    lower, upper = (report.known[name].to_numpy(float) for name in ("lower", "upper"))
    exact = report.known["exact"].to_numpy(bool)
    points = report.known[POINT_NAMES].to_numpy(float)
    later = np.empty((0, 5)) if ahead is None else ahead.quantile(POINTS).to_numpy(float)
    months = month_range(report.months[0], report.months[-1] + len(later))
    figure, axes = canvas(f"What is known, {span(report.months)}", 3.6, left=0.48, top=0.58, bottom=0.82)
    tallest = max(points.max(), later.max(initial=0.0))
    top = 1.24 * min(max(tallest, upper[np.isfinite(upper)].max(initial=0.0)), 2.5 * tallest)
    axes.set_ylim(0.0, max(top, 1.0))
    month_axis(axes, months)
    _shade(axes, report, len(months), top)
    places, thick = np.arange(len(exact)), 150.0 / len(months)
    axes.vlines(
        places[~exact],
        lower[~exact],
        np.minimum(upper[~exact], top),
        color=RULE,
        linewidth=min(14.0, thick),
        zorder=1,
    )
    axes.plot(places[exact], lower[exact], "o", color=INK, markersize=min(6.0, 3.0 + thick / 10.0), zorder=4)
    for place in places[exact] if len(months) <= _LABELLED else ():
        axes.annotate(f"{lower[place]:,.0f}", (place, lower[place]), (0, 6), textcoords="offset points", ha="center")
    _posterior(axes, places[~exact], points[~exact], thick, BLUE)
    _posterior(axes, np.arange(len(exact), len(months)), later, thick, MUTED)
    scale_of_counts(axes, "count a month")
    _key(figure)
    ahead_of = months[len(exact) :]
    told = [*map(told_of, report.months, exact, lower, upper, points), *map(interval_of, ahead_of, later)]
    tell(axes, told, range(len(months)))
    said = [f"{month} {count:,.0f}" for month, count in zip(months[places[exact]], lower[exact], strict=True)]
    others = [f"{months[i]} {points[i, 0]:,.0f} to {points[i, -1]:,.0f}" for i in places[~exact]]
    next_months = [f"{month} {row[0]:,.0f} to {row[-1]:,.0f}" for month, row in zip(ahead_of, later, strict=True)]
    figure.set_label(
        f"Months of {shown(report.series)}: known exactly are {', '.join(said) or 'none'}; "
        f"90% intervals of the others are {', '.join(others) or 'not needed'}"
        f"{'; and of the months ahead ' if next_months else ''}{', '.join(next_months)}."
    )
    return figure


def _shade(axes: Axes, report: JumpReport, size: int, top: float) -> None:
    """Shade both windows and print their totals: inside a wide window, else running away from the other one."""
    pair, origin = report.comparison, report.months[0].ordinal
    for window, name, limits, align in (
        (pair.before, "before", pair.before_range, "right"),
        (pair.after, "after", pair.after_range, "left"),
    ):
        first, last = window[0].ordinal - origin - 0.46, window[-1].ordinal - origin + 0.46
        axes.axvspan(first, last, color=WASH, zorder=0, linewidth=0)
        wide = len(window) > size / 6
        at = 0.5 * (first + last) if wide else {"right": last, "left": first}[align]
        axes.text(
            at,
            top * 0.985,
            f"{name}: {total(limits)}",
            ha="center" if wide else align,
            va="top",
            size=SMALL,
        )


def _posterior(axes: Axes, places: IntArray, points: FloatArray, thick: float, colour: str) -> None:
    low, lower, middle, upper, high = points.T
    axes.vlines(places, low, high, color=colour, linewidth=1.4, zorder=2)
    axes.vlines(places, lower, upper, color=colour, linewidth=min(5.0, thick / 2), zorder=2)
    size = min(5.0, 2.0 + thick / 8.0)
    axes.plot(
        places,
        middle,
        "o",
        color="white",
        markeredgecolor=colour,
        markersize=size,
        markeredgewidth=1.3,
        zorder=3,
    )


def told_of(month: pd.Period, exact: bool, lower: float, upper: float, points: FloatArray) -> str:
    """Return what there is to say of a month of a jump: its count, or its posterior and what the facts allow."""
    if exact:
        return f"{month.strftime('%B %Y')}: {lower:,.0f}, known exactly"
    allowed = f"at least {lower:,.0f}" if np.isinf(upper) else f"{lower:,.0f} to {upper:,.0f}"
    return f"{interval_of(month, points)}\nallowed by the facts: {allowed}"


def _key(figure: Figure) -> None:
    figure.legend(
        handles=[
            Line2D([], [], marker="o", linestyle="", color=INK, markersize=6, label="exact"),
            Patch(color=RULE, label="all that the facts allow"),
            Line2D([], [], color=BLUE, linewidth=1.4, label="90%"),
            Line2D(
                [], [], color=BLUE, linewidth=5, marker="o", markerfacecolor="white", markersize=5, label="50%, median"
            ),
        ],
        loc="lower left",
        bbox_to_anchor=(0.0, 0.01),
        ncols=4,
    )
