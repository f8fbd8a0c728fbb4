"""The next months under each scenario, and what was published of them since."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecasting.figures.hover import interval_of, tell
from forecasting.figures.style import (
    AMBER,
    BLUE,
    GREEN,
    INK,
    MUTED,
    RULE,
    SMALL,
    VERMILION,
    canvas,
    rows,
    shown,
    styled,
)
from forecasting.kernels.counts import FloatArray
from forecasting.predictive.levels import POINTS
from forecasting.scenarios.outlook import Outlook

_COLOURS = (BLUE, GREEN, AMBER, MUTED)


@styled
def outlook_figure(outlook: Outlook, published: Mapping[pd.Period, int] | None = None) -> Figure:
    """Draw median, 50% and 90% interval of each month under each scenario.

    Parameters
    ----------
    outlook : Outlook
        The forecasts.
    published : mapping of Period to int, optional
        Counts published after the forecasts' day; drawn across the scenarios of their month.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, outlook_figure
    >>> rng = np.random.default_rng(1)
    >>> series = fc.CountSeries(["2023-08", "2023-09", "2023-10", "2023-11"], [100, 200, 210, 190])
    >>> posterior = fc.CountRegression(fc.Intercept() + fc.Step("2023-09"), fc.Poisson()).posterior(series, rng=rng)
    >>> ahead = fc.outlook(posterior, [fc.Persist()], horizon=2, rng=rng)
    >>> print(alternative(outlook_figure(ahead)).split(":")[0])
    Median and 90% interval of the next months
    """
    later = {month: count for month, count in (published or {}).items() if month in outlook.months}
    points: dict[str, FloatArray] = {
        name: forecast.quantile(POINTS).to_numpy(float) for name, forecast in outlook.scenarios.items()
    }
    block, count = len(points) + 1, len(outlook.months)
    title = "The next month, by scenario" if count == 1 else f"The next {count} months, by scenario"
    figure, axes = canvas(title, 0.95 + 0.22 * block * count, left=1.0, right=0.62, bottom=0.5)
    rows(axes, block * count)
    axes.set_xlim(0.0, 1.04 * max([1.0, *(float(table.max()) for table in points.values()), *later.values()]))
    axes.xaxis.grid(True)
    axes.axhline(-0.5, color=RULE, linewidth=0.8)
    _beside(axes, 0, "median", INK, right=True)
    for number, month in enumerate(outlook.months):
        top = number * block
        _beside(axes, top, f"{month.strftime('%B %Y')}", INK, heading=True)
        for row, (name, table) in enumerate(points.items(), 1):
            colour = _COLOURS[(row - 1) % len(_COLOURS)]
            _interval(axes, top + row, table[number], colour)
            _beside(axes, top + row, shown(name.partition("(")[0], 14), colour)
            tell(axes, [f"{shown(name)}, {interval_of(month, table[number])}"], [top + row], across=True)
            _beside(axes, top + row, f"{table[number, 2]:,.0f}", colour, right=True)
        if month in later:
            axes.vlines(later[month], top + 0.5, top + block - 0.5, color=VERMILION, linewidth=1.6, zorder=4)
            said = f"published: {later[month]:,}"
            axes.text(later[month], top, said, ha="center", va="center", size=SMALL, color=VERMILION)
    axes.set_xlabel("count a month; thick line 50%, thin line 90%")
    figure.set_label(_told(outlook, points, later))
    return figure


def _interval(axes: Axes, row: int, points: FloatArray, colour: str) -> None:
    low, lower, middle, upper, high = points
    axes.plot([low, high], [row, row], color=colour, linewidth=1.4)
    axes.plot([lower, upper], [row, row], color=colour, linewidth=5.0, solid_capstyle="butt")
    axes.plot([middle], [row], "o", color="white", markeredgecolor=colour, markersize=5.5, zorder=3)


def _beside(axes: Axes, row: int, text: str, colour: str, *, right: bool = False, heading: bool = False) -> None:
    """Write into the margin at a row: a name on the left, a number on the right."""
    axes.annotate(
        text,
        (1.0 if right else 0.0, row),
        (40 if right else -65 if heading else -6, 0),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        ha="left" if heading else "right",
        va="center",
        size=SMALL,
        color=colour,
        weight="bold" if heading else "normal",
    )


def _told(outlook: Outlook, points: Mapping[str, FloatArray], later: Mapping[pd.Period, int]) -> str:
    scenarios = []
    for name, table in points.items():
        months = [
            f"{month} {row[2]:,.0f} ({row[0]:,.0f} to {row[4]:,.0f})"
            for month, row in zip(outlook.months, table, strict=True)
        ]
        scenarios.append(f"{shown(name)} {', '.join(months)}")
    since = [f"{month} {count:,}" for month, count in later.items()]
    published = f"; published since: {', '.join(since)}" if since else ""
    return f"Median and 90% interval of the next months: {'; '.join(scenarios)}{published}."
