"""Long tables of any library, one row per month: their columns, and the names of their series."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import pandas as pd

from forecasting.errors import InvalidSeries
from forecasting.reading import Unreadable, entries, name_of
from forecasting.reading.names import alike
from forecasting.series.listing import listing


def is_table(data: object) -> bool:
    """Return whether something is a table: a data frame of any library, an Arrow table or a mapping of columns."""
    return isinstance(data, pd.DataFrame | Mapping) or hasattr(data, "collect_schema") or _names(data) is not None


def read_frame(table: Any) -> pd.DataFrame:
    """Return a table as a pandas data frame, with the named levels of its index, such as unique_id, as columns.

    Parameters
    ----------
    table : DataFrame, Arrow table or mapping
        Of pandas, polars, pyarrow or any library whose table has names of columns and gives a column by its name.

    Raises
    ------
    InvalidSeries
        If it is something else.

    Examples
    --------
    >>> read_frame({"ds": ["2023-09"], "y": [184]})
            ds    y
    0  2023-09  184
    """
    if isinstance(table, pd.DataFrame):
        levels = [name for name in table.index.names if name is not None and name not in table.columns]
        return table.reset_index(levels) if levels else table
    if hasattr(table, "collect_schema") and hasattr(
        table, "collect"
    ):  # a lazy frame of polars is a plan, not yet a table
        table = table.collect()
    names = list(table) if isinstance(table, Mapping) else _names(table)
    if names is None:
        raise InvalidSeries(
            f"a table is a data frame with one row per month, not {type(table).__name__}; of counts indexed by month make a "
            "series with CountSeries.from_pandas, of two lists with CountSeries(months, counts)"
        )
    columns = []
    for name in names:
        try:
            columns.append(pd.Series(entries(table[name]), dtype=object))
        except (Unreadable, TypeError, KeyError) as error:
            raise InvalidSeries(
                f"column {name!r} of the {type(table).__name__} cannot be read ({error}); convert the table to pandas first"
            ) from None
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise InvalidSeries(f"the columns have different lengths: {listing(sorted(lengths))}")
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    return frame.set_axis(names, axis=1)


def _names(table: Any) -> list[Any] | None:
    names = getattr(table, "column_names", None)  # pyarrow, whose `columns` are the columns themselves
    if names is None and hasattr(table, "__getitem__"):
        names = getattr(table, "columns", None)
    return list(names) if isinstance(names, list | tuple | pd.Index) else None


def check_columns(df: pd.DataFrame, *needed: str) -> None:
    """Raise `InvalidSeries` unless each column is there once."""
    columns = list(df.columns)
    for column in needed:
        read_label(column)
        if columns.count(column) != 1:
            fault = "no column" if column not in columns else "more than one column"
            raise InvalidSeries(
                f"the table has {fault} {column!r}, only {listing(columns) or 'none at all'}; "
                "name the columns with id_col, time_col and target_col"
            )


def read_label(column: Any) -> Any:
    """Return what names a column: a text, or a number of a table without names."""
    if not isinstance(column, Hashable):
        raise InvalidSeries(f"a column is named by a text, not by {type(column).__name__}")
    return column


def drop_blank_rows(df: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Return the rows that say anything in some of the columns."""
    return df[df[list(columns)].notna().any(axis=1)]


def series_names(ids: pd.Series) -> pd.Series:
    """Return the name of the series of each row.

    Raises
    ------
    InvalidSeries
        If a row has none, or two different values, such as 1 and "1", would give the same name.
    """
    names: list[str] = []
    written: dict[str, Any] = {}
    for row, value in enumerate(ids, 1):
        try:
            name = name_of(value)
        except Unreadable as error:
            raise InvalidSeries(
                f"{ids.name} in row {row} is {error}; a series is named by a text or a whole number"
            ) from None
        first = written.setdefault(name, value)
        if first != value or isinstance(first, str) != isinstance(value, str):
            raise InvalidSeries(
                f"{ids.name} holds both {first!r} and {value!r}, which are the same name; write each series in one way"
            )
        names.append(name)
    refuse_alike(written, str(ids.name))
    return pd.Series(names, index=ids.index, dtype=object)


def refuse_alike(names: Iterable[str], place: str) -> None:
    """Raise `InvalidSeries` where two names differ only by how their characters are stored."""
    for first, name in alike(names):
        raise InvalidSeries(f"{place} holds {first!a} and {name!a}, which look the same; write each series in one way")


def choose_series(names: pd.Series, wanted: Any) -> str:
    """Return the only series of a table, or the one that is wanted.

    Raises
    ------
    InvalidSeries
        If there is no such series, or there are several and none is wanted.
    """
    known = list(names.unique())
    if wanted is None:
        if len(known) != 1:
            remedy = f"choose one with unique_id: {listing(known)}" if known else "give at least one row"
            raise InvalidSeries(f"the table holds {len(known)} series; {remedy}")
        return str(known[0])
    name = read_name(wanted)
    if name not in known:
        raise InvalidSeries(f"the table has no series {name!r}; it holds {listing(known) or 'no rows'}")
    return name


def read_name(name: object) -> str:
    """Return the name of a series.

    Raises
    ------
    InvalidSeries
        If it is neither a text nor a whole number.
    """
    try:
        return name_of(name)
    except Unreadable as error:
        raise InvalidSeries(f"unique_id={name!r} is {error}; a series is named by a text or a whole number") from None
