"""The facts of one series, and what they leave of each month."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecasting.evidence import Evidence
from forecasting.figures.hover import count_of, tell
from forecasting.figures.style import (
    AMBER,
    BLUE,
    GREEN,
    INK,
    MUTED,
    RULE,
    SMALL,
    WIDTH,
    canvas,
    month_axis,
    rows,
    scale_of_counts,
    shown,
    styled,
    total,
)

_ROLES = {"data": BLUE, "check": GREEN, "context": AMBER}
_LABELLED = 9  # months up to which there is room for numbers
_ROW = 0.34  # inches a fact


@styled
def facts_figure(evidence: Evidence) -> Figure:
    """Draw the range of each month, and below it every fact as a bar over the months it is about.

    Examples
    --------
    >>> import forecasting as fc
    >>> from forecasting.figures import facts_figure
    >>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    >>> float(facts_figure(evidence).get_figwidth())  # inches: narrow enough for a phone
    5.6
    """
    facts = evidence.dossier.facts
    below = _ROW * len(facts) + 0.75
    figure, axes = canvas(shown(evidence.series, 46), 2.8 + below, left=0.48, top=0.58, bottom=below)
    _draw_ranges(axes, evidence)
    height = figure.get_figheight()
    lower = figure.add_axes((0.48 / WIDTH, 0.12 / height, 1.0 - 0.58 / WIDTH, _ROW * len(facts) / height), sharex=axes)
    rows(lower, len(facts))
    lower.tick_params(labelbottom=False, length=0)
    lower.spines["bottom"].set_visible(False)
    origin, last = evidence.months[0].ordinal, len(evidence.months) - 0.6
    for row, fact in enumerate(facts):
        role = evidence.dossier.roles[fact.fact_id]
        colour = _ROLES.get(role, MUTED)
        start, end = fact.start.ordinal - origin - 0.45, fact.end.ordinal - origin + 0.45
        lower.plot(
            np.clip([start, end], -0.6, last), [row + 0.28] * 2, color=colour, linewidth=3.5, solid_capstyle="butt"
        )
        compared = np.asarray(fact.compared.asi8 - origin, dtype=float)
        lower.plot(compared, np.full(compared.size, row + 0.28), ".", color=colour, markersize=3.5)
        note = "" if role == "data" else f", {role}"
        lower.annotate(
            shown(f"{fact.fact_id}  {fact.kind} {fact.statement}{note}", 56),
            (0.0, row - 0.12),
            (-27, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            size=SMALL,
            color=colour,
        )
    tell(
        lower,
        (f"{one.fact_id}, {evidence.dossier.roles[one.fact_id]}: {one.kind}, {one.statement}" for one in facts),
        [row + 0.1 for row in range(len(facts))],
        across=True,
    )
    known = evidence.constraints
    tell(axes, map(count_of, evidence.months, known.lower, known.upper), range(len(evidence.months)))
    counts = evidence.ranges()["status"].value_counts()
    figure.set_label(
        f"{len(facts)} facts about {shown(evidence.series)} over {len(evidence.months)} months: "
        + ", ".join(f"{counts.get(status, 0)} months {status}" for status in ("exact", "bounded", "unknown"))
        + "."
    )
    return figure


def _draw_ranges(axes: Axes, evidence: Evidence) -> None:
    known, months = evidence.constraints, evidence.months
    month_axis(axes, months)
    top = 1.15 * max(1.0, float(np.where(np.isfinite(known.upper), known.upper, known.lower).max()))
    axes.set_ylim(0.0, top)
    places, high = np.arange(len(months)), np.minimum(known.upper, top)
    exact, wide = known.exact, min(14.0, 160.0 / len(months))
    axes.vlines(places[~exact], known.lower[~exact], high[~exact], color=RULE, linewidth=wide)
    axes.plot(places[exact], high[exact], "o", color=INK, markersize=min(6.0, wide))
    if len(months) <= _LABELLED:
        for place, limits in enumerate(zip(known.lower.tolist(), known.upper.tolist(), strict=True)):
            said = total(limits, "-") if np.isfinite(limits[1]) else f"{limits[0]:,} +"
            axes.annotate(said, (place, high[place]), (0, 5), textcoords="offset points", ha="center", size=SMALL - 1)
    scale_of_counts(axes, "what a month can have been")
