"""A forecast with the history it came from."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from forecasting.constraints import Observed
from forecasting.figures.style import BLUE, INK, RULE, SMALL, canvas, month_axis, scale_of_counts, shown, styled
from forecasting.months import month_range
from forecasting.predictive import Predictive

_LEVELS = {0.9: 0.16, 0.8: 0.28, 0.5: 0.5}


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
    exact = np.flatnonzero(known.exact)
    limited = np.flatnonzero(~known.exact & np.isfinite(known.upper))
    ahead = np.arange(len(history.months), len(months))
    bands = {level: forecast.interval(level) for level in _LEVELS}
    median = forecast.quantile(0.5).to_numpy()[:, 0]
    top = 1.12 * max(
        [float(bands[0.9]["upper"].max()), *known.lower[exact].tolist(), *known.lower[limited].tolist(), 1.0]
    )
    axes.set_ylim(0.0, top)
    axes.vlines(
        limited, known.lower[limited], np.minimum(known.upper[limited], top), color=RULE, linewidth=4.0, zorder=1
    )
    counts = np.where(known.exact, known.lower, np.nan)
    axes.plot(counts, "-o", color=INK, linewidth=0.7, markersize=min(5.0, 160.0 / len(months)), zorder=3)
    for level, opacity in _LEVELS.items():
        low, high = bands[level]["lower"].to_numpy(), bands[level]["upper"].to_numpy()
        axes.bar(ahead, high - low, 0.92, bottom=low, color=BLUE, alpha=opacity, linewidth=0, zorder=2)
    axes.hlines(median, ahead - 0.46, ahead + 0.46, color=BLUE, linewidth=2.0, zorder=3)
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
    rows = zip(forecast.months, median, *bands[0.9].to_numpy().T, strict=True)
    listing = ", ".join(f"{month} {middle:,} ({low:,} to {high:,})" for month, middle, low, high in rows)
    figure.set_label(f"Forecast of {shown(forecast.name)}, median and 90% interval: {listing}.")
    return figure
