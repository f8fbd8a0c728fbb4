"""Pictures that say their numbers where a reader points at a month, in notebooks and in pages, without a script."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import Any

import numpy as np
from matplotlib.dates import date2num

from forecasting.constraints import Observed
from forecasting.display import chance
from forecasting.errors import InvalidInput
from forecasting.figures.hover import count_of, interval_of, tell
from forecasting.figures.months import told_of
from forecasting.figures.onaxes import draw
from forecasting.figures.style import canvas, shown, styled
from forecasting.figures.svg import svg
from forecasting.models import Reconstruction
from forecasting.models.local_level.posterior import LocalLevelPosterior
from forecasting.predictive import Predictive
from forecasting.predictive.levels import POINT_NAMES, POINTS
from forecasting.scenarios import JumpReport, OnsetReport
from forecasting.scenarios.outlook import Outlook

_HALF = 15.2  # days


class Drawing(str):
    """An ``<svg>`` element as text, which a notebook shows as the picture."""

    def _repr_html_(self) -> str:
        return str(self)


@styled
def interactive(result: Any, *, history: Observed | None = None, **options: Any) -> Drawing:
    """Draw a result as `plot` does, with the numbers of each month shown where the pointer is.

    Parameters
    ----------
    result : CountSeries, Evidence, Predictive, Reconstruction, Outlook, JumpReport, OnsetReport or LocalLevelPosterior
        Drawn.
    history : CountSeries or Evidence, optional
        The data before a forecast.
    **options
        Those of `plot`.

    Returns
    -------
    Drawing
        A text, to be written into a file or a page; a notebook shows it.

    Raises
    ------
    InvalidInput
        If the result has no months to point at, or an option is not known.

    Examples
    --------
    >>> import forecasting as fc
    >>> series = fc.load_counts("tornadoes").until("2008-12")
    >>> drawing = fc.figures.interactive(fc.auto(series, horizon=3, rng=1), history=series)
    >>> drawing.startswith("<svg"), drawing.count("<title>")
    (True, 27)
    """
    given = options if history is None else {**options, "history": history}
    figure, axes = canvas(shown(getattr(result, "name", getattr(result, "series", "")), 46), 3.4, left=0.62, bottom=0.5)
    draw(result, axes, **given)
    axes.set_ylim(bottom=0.0)
    for one in filter(None, (history, result)):
        tell(axes, said(one), date2num(one.months.to_timestamp().to_numpy()).tolist(), _HALF)
    figure.set_label(shown(repr(result).partition("\n")[0], 200))
    return Drawing(svg(figure))


@singledispatch
def said(result: object) -> Sequence[str]:
    """Return what there is to say of each month of a result."""
    if not isinstance(result, Observed):
        raise InvalidInput(f"a {type(result).__name__} has no months to point at; draw it with plot()")
    known = result.constraints
    return list(map(count_of, result.months, known.lower, known.upper))


@said.register
def _(result: Predictive | Reconstruction) -> Sequence[str]:
    return list(map(interval_of, result.months, result.quantile(POINTS).to_numpy(float)))


@said.register
def _(result: LocalLevelPosterior) -> Sequence[str]:
    level = result.level()[POINT_NAMES]
    return list(map(interval_of, result.months, level.to_numpy(float)))


@said.register
def _(result: OnsetReport) -> Sequence[str]:
    shares = zip(result.months, result.table["probability"], strict=True)
    return [f"{month.strftime('%B %Y')}: {chance(share)}" for month, share in shares]


@said.register
def _(result: JumpReport) -> Sequence[str]:
    known = result.known
    points = known[POINT_NAMES].to_numpy(float)
    return list(map(told_of, result.months, known["exact"], known["lower"], known["upper"], points))


@said.register
def _(result: Outlook) -> Sequence[str]:
    points = {name: one.quantile(POINTS).to_numpy(float) for name, one in result.scenarios.items()}
    return [
        "\n".join(f"{shown(name)}, {interval_of(month, np.asarray(table[row]))}" for name, table in points.items())
        for row, month in enumerate(result.months)
    ]
