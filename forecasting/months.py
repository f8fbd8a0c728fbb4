"""Calendar months, kept as `pandas.Period` with frequency ``M`` everywhere."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import InvalidInput, InvalidSeries, InvalidWindow
from forecasting.reading import Unreadable, entries, month_number

MonthLike: TypeAlias = str | pd.Period | pd.Timestamp | dt.date | np.datetime64
Window: TypeAlias = tuple[MonthLike, MonthLike] | str
"""First and last month, as a pair or written as ``2023-06..2023-08``."""


def to_month(value: MonthLike) -> pd.Period:
    """Return the calendar month that a date, month start, month end or Period falls in.

    Parameters
    ----------
    value : str, Period, Timestamp, date or datetime64
        Anything that names a day or a month; ``"2023-09"`` and ``"2023-09-30"`` are the same month.  Texts that can be
        read in two ways, ``"01/02/2023"`` or ``"Jan-23"``, are refused, and so are stamps that a change of time zone may
        have moved to another month, such as ``"2023-12-31T22:00:00Z"``: convert them to local time first.

    Returns
    -------
    pandas.Period
        With frequency ``M``.

    Raises
    ------
    InvalidInput
        If `value` does not name one month for certain.

    Examples
    --------
    >>> to_month("2023-09-30")
    Period('2023-09', 'M')
    """
    if isinstance(value, pd.Period):
        return _month_of_period(value)
    return pd.Period(ordinal=month_number(value), freq="M")


def _month_of_period(period: pd.Period) -> pd.Period:
    month = period.asfreq("M", how="start")
    if month != period.asfreq("M", how="end"):
        raise InvalidInput(f"{period!r} is not a single month; write it as YYYY-MM, for example 2023-09")
    return period if period.freqstr == "M" else pd.Period(ordinal=month_number(period.start_time), freq="M")


def read_months(stamps: Iterable[Any], where: str) -> pd.PeriodIndex:
    """Return the months that Periods, dates or texts name.

    Parameters
    ----------
    stamps : iterable
        Anything that `to_month` takes.
    where : str
        Opens the message of an error.

    Raises
    ------
    InvalidSeries
        If one of them does not name a month; the message holds its row.

    Examples
    --------
    >>> read_months(["2023-09", "Oct 2023"], "series 'y'")
    PeriodIndex(['2023-09', '2023-10'], dtype='period[M]')
    """
    if isinstance(stamps, pd.PeriodIndex) and stamps.freqstr == "M" and not stamps.hasnans:
        return stamps
    try:
        listed = entries(stamps)
    except Unreadable as error:
        raise InvalidSeries(f"{where}: the list of months {error}") from None
    ordinals = [_ordinal(stamp, row, where) for row, stamp in enumerate(listed, 1)]
    return months_at(ordinals)


def months_at(numbers: Iterable[int]) -> pd.PeriodIndex:
    """Return the months with these numbers, counted from January 1970."""
    return pd.PeriodIndex(np.array([*numbers], dtype=np.int64).astype("datetime64[M]"), freq="M")


def month_name(number: int) -> str:
    """Return ``YYYY-MM`` of a month counted from January 1970."""
    return f"{1970 + number // 12:04d}-{number % 12 + 1:02d}"


def asked_months(months: Iterable[Any]) -> pd.PeriodIndex:
    """Return the months that a caller asks for, one or more.

    Raises
    ------
    InvalidSeries
        If one of them is not a month, or there is none.

    Examples
    --------
    >>> asked_months(["2023-09"])
    PeriodIndex(['2023-09'], dtype='period[M]')
    """
    found = read_months(months, "months")
    if found.empty:
        raise InvalidSeries("months is empty; ask for at least one month")
    return found


def _ordinal(stamp: Any, row: int, where: str) -> int:
    try:
        return _month_of_period(stamp).ordinal if isinstance(stamp, pd.Period) else month_number(stamp)
    except InvalidInput as error:
        raise InvalidSeries(f"{where}, row {row}: {error}") from error


def month_range(start: MonthLike, end: MonthLike) -> pd.PeriodIndex:
    """Return every month from `start` to `end`, both included.

    Raises
    ------
    InvalidWindow
        If `end` comes before `start`.

    Examples
    --------
    >>> len(month_range("2023-11", "2024-02"))
    4
    """
    first, last = to_month(start), to_month(end)
    if last < first:
        raise InvalidWindow(f"the window {first}..{last} ends before it starts; swap the two months")
    return pd.period_range(first, last, freq="M")


def read_window(window: Window, name: str) -> tuple[MonthLike, MonthLike]:
    """Return a pair of months; `name` is the argument.

    Raises
    ------
    InvalidWindow
        If it is neither a pair nor such a text.

    Examples
    --------
    >>> read_window(("2023-06", "2023-08"), "before")
    ('2023-06', '2023-08')
    >>> read_window("2023-06..2023-08", "before")
    ('2023-06', '2023-08')
    """
    if isinstance(window, str) and ".." in window:
        start, _, end = window.partition("..")
        return start.strip(), end.strip()
    if not isinstance(window, tuple | list) or len(window) != 2:
        raise InvalidWindow(
            f"{name}={window!r} must be a pair of months, for example ('2023-06', '2023-08') or '2023-06..2023-08'"
        )
    return window


def parse_months(text: str) -> pd.PeriodIndex:
    """Read ``2023-04..2023-11`` (a window) or ``2023-09,2023-10`` (a list) as months.

    Examples
    --------
    >>> [str(month) for month in parse_months("2023-09,2023-12")]
    ['2023-09', '2023-12']
    """
    if ".." in text:
        start, _, end = text.partition("..")
        return month_range(start.strip(), end.strip())
    return pd.PeriodIndex([to_month(part.strip()) for part in text.split(",")], freq="M")


def days_in(months: pd.PeriodIndex) -> NDArray[np.int64]:
    """Return the number of days of each month, leap years included.

    Examples
    --------
    >>> days_in(month_range("2024-02", "2024-03")).tolist()
    [29, 31]
    """
    return np.asarray(months.days_in_month, dtype=np.int64)


def weekdays_in(months: pd.PeriodIndex) -> NDArray[np.int64]:
    """Return the number of Mondays to Fridays of each month.

    Examples
    --------
    >>> weekdays_in(month_range("2024-02", "2024-03")).tolist()
    [21, 21]
    """
    first = months.asi8.astype("datetime64[M]")
    return np.asarray(
        np.busday_count(first.astype("datetime64[D]"), (first + 1).astype("datetime64[D]")), dtype=np.int64
    )


def following(months: pd.PeriodIndex, horizon: int) -> pd.PeriodIndex:
    """Return the `horizon` months after the last of `months`.

    Raises
    ------
    InvalidInput
        If `horizon` is not a whole number from 1 to 1200.

    Examples
    --------
    >>> [str(month) for month in following(month_range("2023-10", "2023-11"), 2)]
    ['2023-12', '2024-01']
    """
    if isinstance(horizon, bool) or not isinstance(horizon, (int, np.integer)) or not 1 <= horizon <= 1200:
        raise InvalidInput(f"horizon={horizon!r} must be a whole number of months from 1 to 1200")
    return pd.period_range(months[-1] + 1, periods=int(horizon), freq="M")
