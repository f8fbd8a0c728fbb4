"""All series of a long table: the good ones are read, and the bad ones named."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecasting.errors import ForecastingWarning, InvalidSeries
from forecasting.series.frames import check_columns, drop_blank_rows, read_frame, series_names
from forecasting.series.listing import listing
from forecasting.series.series import CountSeries


@dataclass(frozen=True, eq=False)
class Collection:
    """The series of a table.

    Attributes
    ----------
    series : tuple of CountSeries
        Those that can be used, in the order in which the table names them.
    failures : dict of str to str
        What is wrong with each of the others, by name.
    """

    series: tuple[CountSeries, ...]
    failures: dict[str, str]


def read_collection(
    table: Any, *, id_col: str = "unique_id", time_col: str = "ds", target_col: str = "y"
) -> Collection:
    """Read every series of a long table, one row per series and month; an empty count is a month that was not observed.

    Parameters
    ----------
    table : DataFrame
        As in `CountSeries.from_frame`; without the column `id_col` it holds one series, named by `target_col`.
    id_col, time_col, target_col : str
        Names of the columns.

    Raises
    ------
    InvalidSeries
        If it is not a table, has no rows, or lacks a column.

    Examples
    --------
    >>> found = read_collection({"unique_id": ["a", "b"], "ds": ["2023-09", "2023-09"], "y": [184, -3]})
    >>> found.series, found.failures["b"].partition(";")[0]
    ((CountSeries('a', 2023-09..2023-09, 1 months),), "series 'b': 2023-09 is -3 (negative)")
    """
    df = read_frame(table)
    check_columns(df, time_col, target_col)
    if df.empty:
        raise InvalidSeries(
            f"the table has no rows; give one row per month, with the columns {id_col}, {time_col}, {target_col}"
        )
    if id_col in df.columns:
        check_columns(df, id_col)
        df = drop_blank_rows(df, id_col, time_col, target_col)
        groups = df.groupby(series_names(df[id_col]), sort=False)
    else:
        groups = df.groupby(pd.Series(target_col, index=df.index))
    series, failures = [], {}
    for name, rows in groups:
        try:
            one = CountSeries.from_frame(
                rows[[time_col, target_col]],
                str(name),
                id_col=id_col,
                time_col=time_col,
                target_col=target_col,
                allow_missing=True,
            )
            series.append(one)
        except InvalidSeries as error:
            failures[str(name)] = str(error)
    return Collection(tuple(series), failures)


def warn_of_failures(failures: dict[str, str], series: int, stacklevel: int) -> None:
    """Warn that some of so many series were left out, and raise if none is left.

    Raises
    ------
    InvalidSeries
        If all of them failed.
    """
    if not failures:
        return
    told = listing(message if name in message else f"{name}: {message}" for name, message in failures.items())
    if len(failures) == series:
        raise InvalidSeries(told if series == 1 else f"none of the {series} series can be forecast; {told}")
    warnings.warn(
        f"{len(failures)} of {series} series are left out, see `failures`; {told}",
        ForecastingWarning,
        stacklevel=stacklevel + 1,
    )
