"""How a result shows itself: as a picture on axes, as a table in a notebook, as JSON, and with chances in words.

Pictures stand above the results and rooms import only downwards, so a result does not know its picture.  It asks for the
room of pictures by name, and only when somebody wants one, as pandas asks for its plotting backend.  This is the one
file that looks upwards.
"""

from __future__ import annotations

import datetime as dt
import math
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment
    from matplotlib.axes import Axes

_PICTURES = "forecasting.figures.onaxes"


class Drawable:
    """A result with a picture; which one is said in `forecasting.figures.onaxes`."""

    def plot(self, ax: Axes | None = None, **options: Any) -> Axes:
        """Draw the result on axes of the caller's and return them.

        Size, typeface, colour cycle and everything else that a style sets are the caller's; several results can share
        axes, since months stand at their dates.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Axes to draw on; by default those of a new ``pyplot`` figure, with the name of the series as title.
        **options
            ``color`` for every result but an outlook, a backtest and a search.  A forecast also takes ``history``, the data
            it rests on, and ``levels``, the probabilities of its intervals; a backtest takes ``score``.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        InvalidInput
            If `ax` is not matplotlib axes, or an option is not known.

        Examples
        --------
        >>> import forecasting as fc
        >>> from matplotlib.figure import Figure
        >>> axes = Figure(figsize=(8, 3)).subplots()
        >>> series = fc.load_counts("tornadoes")
        >>> series.plot(axes) is axes
        True
        >>> fc.auto(series, horizon=6, rng=1).plot(axes).get_ylabel()
        'count per month'
        """
        axes: Axes = import_module(_PICTURES).draw(self, ax, **options)
        return axes


def chance(probability: float) -> str:
    """Return a probability in words and digits a reader can hold.

    Examples
    --------
    >>> chance(0.143), chance(0.0004), chance(1e-12)
    ('14%', '0.04%', 'less than one in a million')
    """
    if probability >= 0.995:
        return "more than 99%"
    if probability >= 0.01:
        return f"{probability:.0%}"
    if probability >= 1e-6:
        return f"{100.0 * probability:.1g}%" if probability < 1e-3 else f"{100.0 * probability:.1f}%"
    return "less than one in a million"


def as_row(result: Any) -> str:
    """Return the fields of a result, a dataclass of plain values, as a table of one row as a notebook shows it.

    Examples
    --------
    >>> from forecasting.evaluation import CalibrationTest
    >>> "0.69" in as_row(CalibrationTest("rps against its expectation", statistic=0.4, pvalue=0.69, n=36))
    True
    """
    import pandas as pd

    return as_html(type(result).__name__, pd.DataFrame([vars(result)]), index=False, float_format="{:.4g}".format)


def as_html(headline: str, table: pd.DataFrame | None = None, **formats: Any) -> str:
    """Return a headline and a table as a notebook shows them; `formats` are those of `DataFrame.to_html`.

    Examples
    --------
    >>> as_html("<Fit of y>")
    '<p>&lt;Fit of y&gt;</p>'
    """
    shown = f"<p>{escape(headline)}</p>"
    return shown if table is None else shown + table.to_html(**formats)


def templates(package: str) -> Environment:
    """Return the templates of a package: what they are given is escaped, and a name that they are not given is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader(package)
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    return [{str(name): cell for name, cell in row.items()} for row in table.to_dict("records")]


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: numbers that are missing or infinite are None, months and dates are text.

    Examples
    --------
    >>> plain({"share": float("nan"), "months": (2, 3)})
    {'share': None, 'months': [2, 3]}
    """
    if isinstance(value, dict):
        return {str(key): plain(cell) for key, cell in value.items()}
    if isinstance(value, list | tuple):
        return [plain(cell) for cell in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if hasattr(value, "item"):  # a number of NumPy
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    text = str(value)
    if text in ("NaT", "<NA>"):
        return None
    return text[:10] if isinstance(value, dt.datetime) else text
