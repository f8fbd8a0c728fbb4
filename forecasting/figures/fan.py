"""A forecast with the history it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecasting.constraints import Observed
from forecasting.figures.hover import count_of, interval_of, tell
from forecasting.figures.style import BLUE, INK, RULE, SMALL, canvas, month_axis, scale_of_counts, shown, styled
from forecasting.kernels.counts import FloatArray
from forecasting.months import month_range
from forecasting.predictive import Predictive
from forecasting.predictive.levels import POINTS

_LEVELS = (0.5, 0.8, 0.9)
_FAINTEST, _STRONGEST = 0.16, 0.5  # opacity of the widest and the narrowest interval


@styled
def forecast_figure(forecast: Predictive, history: Observed) -> Figure:
    """Draw the central 50, 80 and 90% intervals of a forecast after the months that it rests on.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, forecast_figure
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> history = fc.CountSeries(["2023-11", "2023-12"], [3, 5])
    >>> print(alternative(forecast_figure(forecast, history)))
    Forecast of y, median and 90% interval: 2024-01 4 (1 to 8), 2024-02 4 (1 to 8).
    """
    known = history.constraints
    months = month_range(history.months[0], forecast.months[-1])
    figure, axes = canvas(shown(forecast.name, 46), 3.4, left=0.48, top=0.58, bottom=0.55)
    month_axis(axes, months)
    ahead = np.arange(len(history.months), len(months), dtype=float)
    limits = forecast.interval(_LEVELS[-1])
    median = forecast.quantile(0.5).to_numpy()[:, 0]
    seen = known.exact | np.isfinite(known.upper)
    top = 1.12 * max(float(limits["upper"].max()), float(known.lower[seen].max(initial=1)))
    axes.set_ylim(0.0, top)
    past, upper = np.arange(float(len(history.months))), np.where(seen, np.minimum(known.upper, top), np.inf)
    draw_counts(
        axes, past, known.lower.astype(float), upper, INK, RULE, markersize=min(5.0, 160.0 / len(months)), linewidth=0.7
    )
    draw_fan(axes, ahead, forecast, BLUE, 0.92)
    axes.annotate(
        "median, 50, 80, 90%",
        (ahead[0] - 0.5, top),
        (0, -10),
        textcoords="offset points",
        ha="right",
        size=SMALL,
        color=BLUE,
    )
    scale_of_counts(axes, "count a month")
    tell(axes, map(interval_of, forecast.months, forecast.quantile(POINTS).to_numpy(float)), ahead.tolist())
    tell(axes, map(count_of, history.months, known.lower, known.upper), past.tolist())
    rows = zip(forecast.months, median, *limits.to_numpy().T, strict=True)
    listing = ", ".join(f"{month} {middle:,} ({low:,} to {high:,})" for month, middle, low, high in rows)
    figure.set_label(f"Forecast of {shown(forecast.name)}, median and 90% interval: {listing}.")
    return figure


def draw_counts(
    axes: Axes,
    at: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    ink: str,
    pale: str,
    **line: Any,
) -> None:
    """Draw exact months as points joined where they follow each other, and the others as bars over their ranges."""
    exact = np.asarray(lower == upper)
    limited = ~exact & np.isfinite(upper)
    axes.vlines(at[limited], lower[limited], upper[limited], color=pale, linewidth=4.0, zorder=1)
    axes.plot(at, np.where(exact, lower, np.nan), "-o", color=ink, zorder=3, **line)


def draw_fan(
    axes: Axes, at: FloatArray, forecast: Predictive, colour: str, width: float, levels: Sequence[float] = _LEVELS
) -> None:
    """Draw the median and the central intervals of each month as bars of one width, the narrower the stronger."""
    opacities = np.linspace(_FAINTEST, _STRONGEST, len(levels))
    for level, opacity in zip(sorted(levels, reverse=True), opacities, strict=True):
        low, high = forecast.interval(level).to_numpy().T
        axes.bar(at, high - low, width, bottom=low, color=colour, alpha=opacity, linewidth=0, zorder=2)
    median = forecast.quantile(0.5).to_numpy()[:, 0]
    axes.hlines(median, at - width / 2, at + width / 2, color=colour, linewidth=2.0, zorder=3)
