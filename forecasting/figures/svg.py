"""A figure as a drawing that can stand in a page: the same bytes every time, text as text, with an alternative text."""

from __future__ import annotations

import io
import re
import warnings
from html import escape

from matplotlib import rc_context
from matplotlib.figure import Figure

from forecasting.figures.hover import titled
from forecasting.figures.style import AMBER, BLUE, GREEN, INK, MUTED, RULE, STYLE, VERMILION, WASH
from forecasting.reading.typed import typed

_TYPEFACES = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_GROUP_NAME = re.compile(r'<g id="[^"]*"')
_TYPEFACE = re.compile(r"'DejaVu Sans'(?:, [^;\"]*)?(?=[;\"])")

_THEME = {
    "ink": INK,
    "muted": MUTED,
    "grid": RULE,
    "shade": WASH,
    "blue": BLUE,
    "vermilion": VERMILION,
    "green": GREEN,
    "amber": AMBER,
    "paper": "#ffffff",
}


@typed
def alternative(figure: Figure) -> str:
    """Return what a reader who cannot see the picture is told: one sentence with its numbers.

    Examples
    --------
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, facts_figure
    >>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    >>> print(alternative(facts_figure(evidence)).split(":")[0])
    14 facts about get_lost.desertion_requests over 8 months
    """
    return str(figure.get_label())


@typed
def svg(figure: Figure) -> str:
    """Return a figure as an ``<svg>`` element.

    Several of them can share a page, since only what is referred to keeps an identifier and those differ
    between pictures.

    Examples
    --------
    >>> import forecasting as fc
    >>> from forecasting.figures import facts_figure, svg
    >>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    >>> svg(facts_figure(evidence)).startswith("<svg role=")
    True
    """
    label = alternative(figure)
    buffer = io.StringIO()
    with rc_context({**STYLE, "svg.hashsalt": label}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's typefaces draw the text
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg ") :]
    drawing = titled(drawing)
    for pattern, replacement in ((_METADATA, ""), (_GROUP_NAME, "<g"), (_TYPEFACE, _TYPEFACES)):
        drawing = pattern.sub(replacement, drawing)
    return drawing.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1).rstrip() + "\n"


@typed
def themed(drawing: str) -> str:
    """Return a drawing whose colours are variables of the page that it stands in: ``--ink``, ``--paper``, ``--blue`` and so on.

    Where a page does not set one, it is as drawn.  Programs that show a drawing by itself need not know variables.

    Examples
    --------
    >>> from forecasting.figures import themed
    >>> themed('<path style="fill: #ffffff; stroke: #0072b2"/>')
    '<path style="fill: var(--paper, #ffffff); stroke: var(--blue, #0072b2)"/>'
    """
    for name, colour in _THEME.items():
        drawing = drawing.replace(f": {colour}", f": var(--{name}, {colour})")
    return drawing
