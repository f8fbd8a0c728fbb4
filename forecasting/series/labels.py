"""Values that carry the months they belong to: aligned by label, never by position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import pandas as pd

from forecasting.errors import InvalidSeries
from forecasting.months import MonthLike, read_months
from forecasting.reading import Unreadable, entries
from forecasting.series.listing import listing

ByMonth: TypeAlias = pd.Series | Mapping[MonthLike, Any]


def values_by_month(values: Any, months: pd.PeriodIndex, where: str, *, rows: Any = None) -> list[Any]:
    """Return one value per month, in the order of the months.

    Parameters
    ----------
    values : Series, mapping or array_like, [T]
        A Series whose index names months, and a mapping, are aligned by label; a Series whose index is that of the
        `rows`, and anything without labels, by position.
    months : PeriodIndex, [T]
        The months.
    where : str
        Opens the message of an error.
    rows : Series, optional
        What the months were read from, if it has an index of its own.

    Raises
    ------
    InvalidSeries
        If the labels are not the months, or the values are not a list.

    Examples
    --------
    >>> months = pd.period_range("2023-01", "2023-02", freq="M")
    >>> values_by_month({"2023-02": 5, "2023-01": 3}, months, "counts")
    [3, 5]
    """
    values = with_labels(values)
    if isinstance(values, Mapping):
        return _by_label(list(values.values()), read_months(list(values), where), months, where)
    try:
        listed = entries(values)
    except Unreadable as error:
        raise InvalidSeries(f"{where}: the list of values {error}") from None
    if not isinstance(values, pd.Series):
        return listed
    labels = values.index
    if isinstance(rows, pd.Series) and rows.index.equals(labels):
        return listed
    if _names_months(labels):
        return _by_label(listed, read_months(labels, where), months, where)
    if isinstance(rows, pd.Series):
        raise InvalidSeries(
            f"{where}: months and values come from rows with different labels; take both from one table, or pass "
            "values.to_numpy() if their order is that of the months"
        )
    if not labels.is_monotonic_increasing:
        raise InvalidSeries(
            f"{where}: the labels of the values are out of order and are not months; label the values with months, or "
            "pass values.to_numpy() if their order is that of the months"
        )
    return listed


def with_labels(values: Any) -> Any:
    """Return a column of xarray, whose coordinates are labels, as a Series; anything else as it is."""
    is_column = hasattr(values, "coords") and hasattr(values, "to_series") and values.ndim == 1
    return values.to_series() if is_column else values


def _names_months(labels: pd.Index) -> bool:
    """Return whether labels are dates or texts; numbers are the numbers of rows."""
    return not pd.api.types.is_numeric_dtype(labels.dtype)


def _by_label(listed: list[Any], labels: pd.PeriodIndex, months: pd.PeriodIndex, where: str) -> list[Any]:
    repeated = labels[labels.duplicated()].unique()
    if len(repeated):
        raise InvalidSeries(f"{where}: there are several values for {listing(repeated)}; keep one per month")
    absent, surplus = months.difference(labels), labels.difference(months)
    if len(absent):
        raise InvalidSeries(
            f"{where}: there is no value for {listing(absent)}; if nothing was counted then, add a zero, for example with "
            "values.reindex(months, fill_value=0)"
        )
    if len(surplus):
        raise InvalidSeries(f"{where}: there are values for {listing(surplus)}, which are not among the months")
    found = dict(zip(labels, listed, strict=True))
    return [found[month] for month in months]
