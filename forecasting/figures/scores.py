"""How good the forecasts were: scores by months ahead, and differences between models with their uncertainty."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from forecasting.errors import InvalidInput
from forecasting.evaluation.backtest import Backtest
from forecasting.evaluation.comparison import Comparison
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
    scale_of_counts,
    shown,
    styled,
)

_PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
_LOOKS = [(colour, dash) for dash in ("-", "--", ":") for colour in (BLUE, VERMILION, GREEN, AMBER)]


@styled
def horizon_figure(result: Backtest, score: str = "rps") -> Figure:
    """Draw the mean score of each model by months ahead, with the number of months it rests on.

    Raises
    ------
    InvalidInput
        If there are more than twelve models, or no month that all of them have.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> from forecasting.figures import horizon_figure
    >>> months = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]
    >>> series = fc.CountSeries(months, [5, 3, 4, 6] * 6)
    >>> models = {"moments": fc.HistoricalMoments(), "climatology": fc.Climatology()}
    >>> result = fc.backtest(models, series, horizon=2, origins=3, rng=np.random.default_rng(1))
    >>> horizon_figure(result).axes[0].get_xlabel()
    'months ahead; n = 3 each'
    """
    return _lines(result, result.by_horizon(score), score, "months ahead", "months")


@styled
def totals_figure(result: Backtest, score: str = "crps") -> Figure:
    """Draw the mean score of each model by the number of months added up, with the number of totals it rests on.

    Raises
    ------
    InvalidInput
        If there are more than twelve models, or no total that all of them have.

    Examples
    --------
    >>> import forecasting as fc
    >>> from forecasting.figures import totals_figure
    >>> months = [f"{year}-{month:02d}" for year in (2021, 2022, 2023) for month in range(1, 13)]
    >>> series = fc.CountSeries(months, [5, 3, 4, 6] * 9)
    >>> models = {"moments": fc.HistoricalMoments(), "climatology": fc.Climatology()}
    >>> totals_figure(fc.backtest(models, series, origins=2, rng=1)).axes[0].get_xlabel()
    'months added up; n = 2 each'
    """
    return _lines(result, result.by_total(score), score, "months added up", "totals")


def _lines(result: Backtest, table: pd.DataFrame, score: str, along: str, what: str) -> Figure:
    """Draw the columns of a table of mean scores as lines."""
    if len(result.models) > len(_LOOKS) or table.empty:
        raise InvalidInput(
            f"{len(result.models)} models and {len(table)} numbers of {along} cannot be drawn; choose up to "
            f"{len(_LOOKS)} models that share scored {what}"
        )
    extra = 0.2 * len(result.models)
    figure, axes = canvas(f"Mean {shown(score, 20)} by {along}", 3.0 + extra, left=0.55, top=0.62, bottom=0.75 + extra)
    for name, (colour, dash) in zip(result.models, _LOOKS, strict=False):
        label = shown(name, 40)
        axes.plot(table.index, table[name], dash, marker="o", color=colour, linewidth=1.3, markersize=3.5, label=label)
    every = max(1, round(len(table) / 12))
    ticks = table.index[::every]
    counts = table["n"]
    alike = counts.nunique() == 1
    axes.set_xticks(ticks, [f"{h}" if alike else f"{h}\nn={counts[h]:,}" for h in ticks], size=SMALL)
    axes.set_ylim(bottom=min(0.0, 1.1 * float(table[list(result.models)].min().min())))
    axes.set_xlabel(f"{along}; n = {counts.iloc[0]:,} each" if alike else f"{along}; n {what} in common")
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, -0.55 / (figure.get_figheight() - 1.37 - extra)))
    scale_of_counts(axes, "smaller is better" if not score.startswith("cover") else f"share of {what} inside")
    listing = "; ".join(
        f"{shown(name)} {table[name].iloc[0]:.3g} to {table[name].iloc[-1]:.3g}" for name in result.models
    )
    figure.set_label(
        f"Mean {score} from {table.index[0]} to {table.index[-1]} {along}, "
        f"{counts.min()} to {counts.max()} {what} each: {listing}."
    )
    return figure


@styled
def difference_figure(comparisons: Sequence[Comparison], title: str = "Differences of mean scores") -> Figure:
    """Draw paired differences with their 95% intervals, a row each; where there is too little to tell, it says so.

    Raises
    ------
    InvalidInput
        If there is none.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from forecasting.evaluation import compare
    >>> from forecasting.figures import alternative, difference_figure
    >>> differences = pd.DataFrame({"unique_id": list("abcdef"), "difference": [-1.2, -0.8, -1.0, -1.1, -0.9, -1.0]})
    >>> differences = differences.assign(origin=pd.Period("2023-06"), horizon=1)
    >>> comparison = compare(differences, rng=np.random.default_rng(1))
    >>> print(alternative(difference_figure([comparison])).split(";")[0])
    Differences of mean scores: a minus b: -1 (95% interval -1.167 to -0.8667
    """
    if not comparisons:
        raise InvalidInput("there is no comparison to draw")
    figure, axes = canvas(shown(title, 46), 0.95 + 0.78 * len(comparisons), top=0.42, bottom=0.55)
    rows(axes, len(comparisons))
    axes.axvline(0.0, color=INK, linewidth=0.8, zorder=1)
    for row, found in enumerate(comparisons):
        low, high = found.interval
        clear = np.isfinite(low) and (low > 0 or high < 0)
        colour = MUTED if not clear else BLUE if high < 0 else VERMILION
        if np.isfinite(low):
            axes.hlines(row + 0.28, low, high, color=colour, linewidth=2.2, zorder=2)
        axes.plot([found.mean], [row + 0.28], "o", color=colour, markersize=5.5, zorder=3)
        support = f"{found.series:,} series" if found.series > 1 else f"{found.origins} origins"
        words = f"{found.verdict}; n = {found.n:,}, {support}"
        for place, text, ink in ((-0.28, shown(found.name, 66), INK), (-0.04, words, MUTED)):
            axes.text(0.0, row + place, text, transform=axes.get_yaxis_transform(), size=SMALL, color=ink, bbox=_PLAIN)
        axes.axhline(row + 0.5, color=RULE, linewidth=0.5, zorder=0)
    axes.margins(x=0.12)
    axes.set_xlabel("below 0 the first is better; line: 95% interval")
    figure.set_label("Differences of mean scores: " + "; ".join(shown(str(found), 200) for found in comparisons) + ".")
    return figure
