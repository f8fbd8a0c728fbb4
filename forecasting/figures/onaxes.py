"""Results on axes of the caller's: axes in, axes out, and nothing of the look of the axes is touched.

What a result is drawn as:

======================  ==============================================================================
`CountSeries`           counts joined by a line
`Evidence`              exact months as points, ranges of the others as bars
`Predictive`            median and central intervals of each month, after the history if it is given
`Reconstruction`        the same for the months of the data
`Outlook`               median, 50 and 90% interval of each month under each scenario
`JumpReport`            what is known of each month, its posterior, and the two windows
`Backtest`              mean score of each model by months ahead
`Quantity`              the share of draws at each value, with median and 90% interval
`Fit`, `Posterior`      estimate and interval of each parameter
`LocalLevel` posterior  the data, and median, 50 and 90% interval of the level
`ChangesReport`         the data, the level with 50 and 90% interval, and the 90% set of each change
`InterventionSearch`    the statistic of a change in each month
`InterventionTest`      factor, or what is added, and 95% interval of each effect
`OnsetReport`           the probability of each month; the smallest set that holds 90% is filled
`Comparison`            mean difference by months ahead, over its 95% interval
`PIT`                   density of the transforms in ten bins; 1 everywhere if calibrated
`SarimaSearch`          AICc of the ten best models
`Forecasts`             median and 90% interval of the total of each series
======================  ==============================================================================

A test that is one number, and an account of draws, have a table and no picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num

from forecasting.constraints import Observed
from forecasting.errors import InvalidInput
from forecasting.evaluation.backtest import Backtest
from forecasting.evaluation.comparison import Comparison
from forecasting.evaluation.pit import PIT
from forecasting.evidence import Evidence
from forecasting.figures.fan import draw_counts, draw_fan
from forecasting.figures.style import shown
from forecasting.kernels.counts import FloatArray
from forecasting.models import Posterior, Reconstruction
from forecasting.models.automatic import Forecasts
from forecasting.models.fit import Fit
from forecasting.models.local_level.posterior import LocalLevelPosterior
from forecasting.models.sarima.model import SarimaSearch
from forecasting.predictive import Predictive, Quantity
from forecasting.predictive.levels import POINT_NAMES, POINTS, read_levels
from forecasting.scenarios import ChangesReport, JumpReport
from forecasting.scenarios.intervention_search import InterventionSearch
from forecasting.scenarios.interventions import InterventionTest
from forecasting.scenarios.onset_report import OnsetReport
from forecasting.scenarios.outlook import Outlook
from forecasting.series import CountSeries

_LEVELS = (0.5, 0.8, 0.9)
_MONTH = 28.0  # days: the width of a month that leaves a gap to the next
_COUNTS = "count per month"


def draw(result: object, ax: Axes | None = None, **options: Any) -> Axes:
    """Draw a result and return the axes; see `forecasting.display.Drawable.plot`."""
    picture = drawn.dispatch(type(result))
    known = [name for name in signature(picture).parameters if name not in ("result", "axes")]
    for name in options:
        if name not in known:
            raise InvalidInput(
                f"{name!r} is not an option of the picture of a {type(result).__name__}; it takes "
                f"{', '.join(known) or 'none'}; set everything else on the axes returned"
            )
    if ax is not None and not isinstance(ax, Axes):
        raise InvalidInput(f"ax must be matplotlib axes, such as plt.subplots()[1], got {type(ax).__name__}")
    axes = _new_axes(result) if ax is None else ax
    picture(result, axes, **options)
    return axes


@singledispatch
def drawn(result: object, axes: Axes) -> None:
    """Draw `result` on `axes`; one function is registered for each kind of result."""
    raise InvalidInput(f"a {type(result).__name__} has no picture")


@drawn.register
def _(result: CountSeries | Evidence, axes: Axes, color: str | None = None) -> None:
    _months(axes, result.months)
    _history(axes, result, color)


@drawn.register
def _(
    result: Predictive,
    axes: Axes,
    history: Observed | None = None,
    levels: float | Sequence[float] = _LEVELS,
    color: str | None = None,
) -> None:
    if history is not None:
        if not hasattr(history, "constraints"):
            raise InvalidInput(f"history must be a CountSeries or Evidence, got {type(history).__name__}")
        _months(axes, history.months)
        _history(axes, history, None)
    at = _months(axes, result.months)
    draw_fan(axes, at, result, color or _cycle(0), _MONTH, read_levels(levels).tolist())


@drawn.register
def _(result: Reconstruction, axes: Axes, color: str | None = None) -> None:
    _rods(axes, _months(axes, result.months), result.quantile(POINTS), color or _cycle(0))


@drawn.register
def _(result: Outlook, axes: Axes) -> None:
    at, count = _months(axes, result.months), len(result.scenarios)
    for number, (name, forecast) in enumerate(result.scenarios.items()):
        offset = _MONTH * ((number + 0.5) / count - 0.5)
        points = forecast.quantile(POINTS)
        _rods(axes, at + offset, points, _cycle(number), label=shown(name))
    axes.legend()


@drawn.register
def _(result: JumpReport, axes: Axes, color: str | None = None) -> None:
    at, known = _months(axes, result.months), result.known
    for window in (result.comparison.before, result.comparison.after):
        first, last = _dates(window)[[0, -1]]
        axes.axvspan(first - _MONTH / 2, last + _MONTH / 2, color=rcParams["grid.color"], alpha=0.25, linewidth=0)
    exact = known["exact"].to_numpy(bool)
    lower, upper = (known[name].to_numpy(float) for name in ("lower", "upper"))
    draw_counts(axes, at, lower, upper, _ink(), _pale(), linewidth=0.0)
    points = known.loc[~exact, POINT_NAMES]
    _rods(axes, at[~exact], points, color or _cycle(0))


@drawn.register
def _(result: Backtest, axes: Axes, score: str = "rps") -> None:
    table = result.by_horizon(score)
    for number, name in enumerate(result.models):
        axes.plot(table.index, table[name], marker="o", color=_cycle(number), label=shown(name))
    axes.set_xlabel("months ahead")
    axes.set_ylabel(f"mean {score}")
    axes.legend()


@drawn.register
def _(result: Quantity, axes: Axes, color: str | None = None) -> None:
    draws = result.draws[np.isfinite(result.draws)]
    colour = color or _cycle(0)
    whole = bool((draws == np.floor(draws)).all())
    reach = np.quantile(draws, [0.001, 0.999])
    number = int(min(60, max(10, np.ptp(reach) + 1))) if whole else 60
    width = max(1.0, np.ceil((np.ptp(reach) + 1) / number)) if whole else np.ptp(reach) / number or 1.0
    edges = np.arange(reach[0] - 0.5 * whole, reach[1] + width, width)
    axes.hist(draws, bins=edges.tolist(), weights=np.full(draws.size, 1.0 / result.draws.size), color=colour, alpha=0.5)
    axes.axvline(result.median, color=colour)
    for end in result.interval(0.9):
        axes.axvline(end, color=colour, linestyle=":")
    axes.set_xlabel(shown(result.name))
    axes.set_ylabel("share of draws")


@drawn.register
def _(result: Fit, axes: Axes, color: str | None = None) -> None:
    limits = result.conf_int("wald").reindex(result.params.index)
    _forest(axes, result.params.to_numpy(float), limits.to_numpy(float), list(result.params.index), color)


@drawn.register
def _(result: Posterior, axes: Axes, color: str | None = None) -> None:
    low, middle, high = np.quantile(result.draws, [0.05, 0.5, 0.95], axis=0)
    _forest(axes, middle, np.stack([low, high], axis=1), list(result.names), color)


@drawn.register
def _(result: LocalLevelPosterior, axes: Axes, color: str | None = None) -> None:
    _level(axes, result.data, result.level(), color or _cycle(0))


@drawn.register
def _(result: ChangesReport, axes: Axes, color: str | None = None) -> None:
    colour = color or _cycle(0)
    for months in result.interval(0.9):
        for at in _dates(months):
            axes.axvspan(at - 30.5, at, color=rcParams["grid.color"], alpha=0.5, linewidth=0)
    _level(axes, result.data, result.level(), colour)


@drawn.register
def _(result: InterventionSearch, axes: Axes) -> None:
    at = _months(axes, pd.PeriodIndex(result.statistics.index))
    for number, kind in enumerate(result.statistics.columns):
        label = {0.0: "pulse", 1.0: "step"}.get(float(kind), f"decay {kind:g}")
        axes.plot(at, result.statistics[kind], color=_cycle(number), label=label)
    axes.set_ylabel("score statistic")
    axes.legend()


@drawn.register
def _(result: InterventionTest, axes: Axes, color: str | None = None) -> None:
    factors = bool(np.isfinite(result.effects["factor"]).all())
    columns = ["factor", "factor_lower", "factor_upper"] if factors else ["estimate", "lower", "upper"]
    values = result.effects[columns].to_numpy(float)
    axes.axvline(float(factors), color=_pale(), linestyle="--")
    _forest(axes, values[:, 0], values[:, 1:], list(result.effects.index), color)
    axes.set_xlabel("factor of the mean, 95% interval" if factors else "added to the mean, 95% interval")


@drawn.register
def _(result: OnsetReport, axes: Axes, color: str | None = None) -> None:
    axes.set_ylabel("probability of the onset")
    at, colour = _months(axes, result.months), color or _cycle(0)
    inside, heights = result.table["month"].isin(result.interval(0.9)), result.table["probability"].to_numpy(float)
    for which, filling in ((inside, colour), (~inside, "none")):
        axes.bar(at[which], heights[which], width=0.8 * _MONTH, color=filling, edgecolor=colour)


@drawn.register
def _(result: Comparison, axes: Axes, color: str | None = None) -> None:
    table, colour = result.by_horizon, color or _cycle(0)
    if np.isfinite(result.interval).all():
        axes.axhspan(*result.interval, color=colour, alpha=0.2, linewidth=0)
    axes.axhline(0.0, color=_ink(), linewidth=0.8)
    axes.axhline(result.mean, color=colour)
    axes.plot(table.index, table["mean"], "o", color=colour)
    axes.set_xlabel("months ahead")
    axes.set_ylabel(shown(result.name, 60))


@drawn.register
def _(result: PIT, axes: Axes, color: str | None = None) -> None:
    heights = result.histogram(10)
    axes.bar((np.arange(10) + 0.5) / 10, heights, 0.094, color=color or _cycle(0), alpha=0.5)
    axes.axhline(1.0, color=_ink(), linewidth=0.8)
    axes.set_xlabel(f"probability integral transform, {result.n:,} {result.unit}")
    axes.set_ylabel("density")


@drawn.register
def _(result: SarimaSearch, axes: Axes, color: str | None = None) -> None:
    best = result.table.head(10)
    values = best["aicc"].to_numpy(float)
    _forest(axes, values, np.stack([values, values], axis=1), best["model"].map(str).tolist(), color)
    axes.set_xlabel("AICc, smaller is better")


@drawn.register
def _(result: Forecasts, axes: Axes, color: str | None = None) -> None:
    totals = [one.total() for one in result.values()]
    middle, limits = np.array([one.median for one in totals]), np.array([one.interval(0.9) for one in totals])
    _forest(axes, middle, limits.reshape(-1, 2), list(result), color)
    axes.set_xlabel("total of the months ahead, median and 90% interval")


def _new_axes(result: object) -> Axes:
    """Return axes of a figure that a notebook shows by itself, which is what pyplot is for."""
    import matplotlib.pyplot as plt

    axes: Axes = plt.subplots()[1]
    title = getattr(result, "name", None) or getattr(result, "series", "")
    axes.set_title(shown(title) if isinstance(title, str) else "")
    axes.figure.set_label(shown(repr(result).partition("\n")[0], 200))
    return axes


def _months(axes: Axes, months: pd.PeriodIndex) -> FloatArray:
    """Return the dates of months as numbers, and make the axis one of dates where it is not yet."""
    if not isinstance(axes.xaxis.get_major_formatter(), ConciseDateFormatter):
        axes.xaxis_date()
        inches = axes.get_window_extent().width / axes.figure.dpi
        locator = AutoDateLocator(minticks=2, maxticks=max(3, int(2.2 * inches)))
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    if not axes.get_ylabel():
        axes.set_ylabel(_COUNTS)
    at = _dates(months)
    axes.update_datalim([(at[0], 0.0)])  # counts are judged from zero
    return at


def _dates(months: pd.PeriodIndex) -> FloatArray:
    return np.asarray(date2num(months.to_timestamp().to_numpy()))


def _history(axes: Axes, data: Observed, color: str | None) -> None:
    known = data.constraints
    lower = known.lower.astype(float)
    at = _dates(data.months)
    draw_counts(axes, at, lower, known.upper, color or _ink(), color or _pale(), linewidth=0.8, markersize=3.0)
    limitless = np.isinf(known.upper) & (lower > 0)
    axes.plot(at[limitless], lower[limitless], "^", color=color or _pale())


def _level(axes: Axes, data: Observed, level: pd.DataFrame, colour: str) -> None:
    _months(axes, data.months)
    _history(axes, data, None)
    at = _dates(pd.PeriodIndex(level.index))
    for width, opacity in ((90, 0.2), (50, 0.4)):
        axes.fill_between(at, level[f"lo-{width}"], level[f"hi-{width}"], color=colour, alpha=opacity, linewidth=0)
    axes.plot(at, level["median"], color=colour)


def _rods(axes: Axes, at: FloatArray, points: pd.DataFrame, color: str, label: str | None = None) -> None:
    """Draw 90% as thin lines, 50% as thick ones, medians as points."""
    low, lower, middle, upper, high = points.to_numpy(float).T
    axes.vlines(at, low, high, color=color, linewidth=1.2)
    axes.vlines(at, lower, upper, color=color, linewidth=3.5)
    axes.plot(at, middle, "o", color=color, markerfacecolor=axes.get_facecolor(), markersize=4.5, label=label)


def _forest(axes: Axes, middle: FloatArray, limits: FloatArray, names: list[str], color: str | None) -> None:
    rows = np.arange(len(names))
    axes.hlines(rows, limits[:, 0], limits[:, 1], color=color or _cycle(0))
    axes.plot(middle, rows, "o", color=color or _cycle(0))
    axes.set_yticks(rows, [shown(name, 40) for name in names])
    axes.invert_yaxis()


def _cycle(number: int) -> str:
    """Return a colour of the caller's cycle, resolved now, so that a later change of style does not repaint it."""
    return to_hex(f"C{number}")


def _ink() -> str:
    return to_hex(rcParams["text.color"])


def _pale() -> str:
    return to_hex(rcParams["grid.color"])
