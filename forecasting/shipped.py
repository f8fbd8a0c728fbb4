"""Complete monthly counts that come with the library, each with its unit, source and licence."""

from __future__ import annotations

import csv
from difflib import get_close_matches
from typing import overload

import pandas as pd

from forecasting.errors import UnknownSeries
from forecasting.evidence.ledger import shipped_folder
from forecasting.series import CountSeries

_INDEX = "counts.csv"
_LISTED = ["name", "what", "unit", "months", "source", "licence"]


@overload
def load_counts(name: str) -> CountSeries: ...
@overload
def load_counts(name: None = None) -> pd.DataFrame: ...
def load_counts(name: str | None = None) -> CountSeries | pd.DataFrame:
    """Return a shipped series of monthly counts, or the list of all.

    Parameters
    ----------
    name : str, optional
        One of the names in the list.

    Returns
    -------
    CountSeries or pandas.DataFrame
        The series of that name; without one, a table with one row per series and the columns name, what, unit,
        months (their number, empty ones included), source and licence.  Whoever passes a series on passes its
        source on too.

    Raises
    ------
    UnknownSeries
        If no series of that name is shipped.

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.load_counts("ukraine_art407")
    CountSeries('ukraine_art407', 2022-01..2024-12, 36 months)
    >>> fc.load_counts()[["name", "unit", "months"]]
                  name                              unit  months
    0  eritrea_frontex              detections per month     196
    1       russia_cbp              encounters per month      68
    2        tornadoes               tornadoes per month      78
    3  tornadoes_1950s               tornadoes per month      72
    4   ukraine_art407  proceedings registered per month      36
    """
    index = _index()
    if name is None:
        months = [len(_read(row["file"], one)) for one, row in index.items()]
        return pd.DataFrame(index.values()).assign(months=months)[_LISTED]
    if not isinstance(name, str) or name not in index:
        close = get_close_matches(str(name), index, cutoff=0.4)
        meant = f"did you mean {close[0]}?" if close else f"there are {', '.join(index)}"
        raise UnknownSeries(f"no counts called {name!r} are shipped; {meant}")
    return _read(index[name]["file"], name)


def _index() -> dict[str, dict[str, str]]:
    with open(shipped_folder() / _INDEX, encoding="utf-8", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def _read(file: str, name: str) -> CountSeries:
    return CountSeries.from_frame(pd.read_csv(shipped_folder() / file), name, allow_missing=True)
