"""What a picture says where a reader points: invisible strips over it, each with a sentence of its own.

A strip becomes an SVG ``<title>``, which every browser shows beside the pointer: no script, nothing fetched, and the same in a
notebook, a report and a page that was saved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape, unescape

import pandas as pd
from matplotlib.axes import Axes

from forecasting.figures.style import shown
from forecasting.kernels.counts import FloatArray

_MARK = "told by pointing: "
_STRIP = re.compile(rf'<g id="{_MARK}([^"]*)"')
_LIT = "<style>.told:hover path { opacity: .12 !important }</style>"
_LONGEST = 300
_UNSEEN = 0.002  # what is fully transparent is not drawn, and cannot be pointed at


def tell(axes: Axes, texts: Iterable[str], places: Sequence[float], half: float = 0.5, *, across: bool = False) -> None:
    """Lay strips over axes whose limits are final.

    Parameters
    ----------
    axes : Axes
        Drawn on; limits and scales stay as they are.
    texts : iterable of str, [n]
        What each strip says.
    places : sequence of float, [n]
        Middles of the strips.
    half : float
        Half their width.
    across : bool
        Strips over rows instead of columns.
    """
    limits = axes.get_xlim(), axes.get_ylim()
    strip = axes.axhspan if across else axes.axvspan
    for text, place in zip(texts, places, strict=True):
        clean = "\n".join(shown(line, _LONGEST) for line in text.split("\n"))
        strip(place - half, place + half, color="black", alpha=_UNSEEN, linewidth=0, zorder=9, gid=_MARK + clean)
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])


def count_of(month: pd.Period, lower: float, upper: float) -> str:
    """Return what there is to say of a month of the data, given the smallest and the largest count it can have."""
    if lower == upper:
        return f"{month.strftime('%B %Y')}: {lower:,.0f}"
    if upper == float("inf"):
        return f"{month.strftime('%B %Y')}: {f'at least {lower:,.0f}' if lower else 'not known'}"
    return f"{month.strftime('%B %Y')}: {lower:,.0f} to {upper:,.0f}"


def interval_of(month: pd.Period, points: FloatArray) -> str:
    """Return what there is to say of a month, given its quantiles at 0.05, 0.25, 0.5, 0.75 and 0.95."""
    low, lower, middle, upper, high = points
    return f"{month.strftime('%B %Y')}: median {middle:,.0f}\n50%: {lower:,.0f} to {upper:,.0f}\n90%: {low:,.0f} to {high:,.0f}"


def titled(drawing: str) -> str:
    """Return a drawing whose strips say what they say where a reader points at them."""
    told, count = _STRIP.subn(
        lambda strip: f'<g class="told"><title>{escape(unescape(strip[1]), quote=False)}</title', drawing
    )
    return told.replace("<defs>", f"{_LIT}<defs>", 1) if count else told
