"""Calendar months, kept as `pandas.Period` with frequency ``M`` everywhere."""

from __future__ import annotations

import datetime as dt
import re
from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import InvalidInput, InvalidWindow

MonthLike: TypeAlias = str | pd.Period | pd.Timestamp | dt.date | np.datetime64
Window: TypeAlias = tuple[MonthLike, MonthLike]

_FULL_YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)|^\d{8}")
_DAY_AND_MONTH = re.compile(r"(\d{1,2})[-/. ]+(\d{1,2})[-/. ]+\d")


def to_month(value: MonthLike) -> pd.Period:
    """Return the calendar month that a date, month start, month end or Period falls in.

    Parameters
    ----------
    value : str, Period, Timestamp, date or datetime64
        Anything that names a day or a month; ``"2023-09"`` and ``"2023-09-30"`` are the same month.  Texts that can be
        read in two ways, ``"01/02/2023"`` or ``"Jan-23"``, are refused.

    Returns
    -------
    pandas.Period
        With frequency ``M``.

    Raises
    ------
    InvalidInput
        If `value` names no month, or a period longer than one.

    Examples
    --------
    >>> to_month("2023-09-30")
    Period('2023-09', 'M')
    """
    try:
        if isinstance(value, pd.Period):
            month = value.asfreq("M", how="start")
            whole = month == value.asfreq("M", how="end")
        elif isinstance(value, str):
            named = pd.Period(value)
            month = named.asfreq("M", how="start")
            whole = month == named.asfreq("M", how="end")
        elif isinstance(value, (dt.date, np.datetime64)):
            month, whole = pd.Timestamp(value).to_period("M"), True
        else:
            raise TypeError("neither text nor a date")
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(f"{value!r} is no month; write it as YYYY-MM, for example 2023-09") from error
    if not isinstance(month, pd.Period) or not whole:
        raise InvalidInput(f"{value!r} is no single month; write it as YYYY-MM, for example 2023-09")
    if isinstance(value, str):
        _check_one_reading(value.strip())
    return month


def _check_one_reading(text: str) -> None:
    numbers = _DAY_AND_MONTH.match(text)
    if numbers and numbers[1] != numbers[2] and max(int(numbers[1]), int(numbers[2])) <= 12:
        fault = "may have the day or the month first"
    elif not _FULL_YEAR.search(text):
        fault = "has no year of four digits"
    else:
        return
    raise InvalidInput(f"{text!r} {fault}; write it as YYYY-MM, for example 2023-09")


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


def following(months: pd.PeriodIndex, horizon: int) -> pd.PeriodIndex:
    """Return the `horizon` months after the last of `months`.

    Raises
    ------
    InvalidInput
        If `horizon` is no whole number from 1 to 1200.

    Examples
    --------
    >>> [str(month) for month in following(month_range("2023-10", "2023-11"), 2)]
    ['2023-12', '2024-01']
    """
    if isinstance(horizon, bool) or not isinstance(horizon, (int, np.integer)) or not 1 <= horizon <= 1200:
        raise InvalidInput(f"horizon={horizon!r} must be a whole number of months from 1 to 1200")
    return pd.period_range(months[-1] + 1, periods=int(horizon), freq="M")
