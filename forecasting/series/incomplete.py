"""The last month of a series, if it was not over when it was counted."""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypeAlias

import numpy as np
import pandas as pd

from forecasting.errors import InvalidInput, InvalidSeries
from forecasting.months import to_month
from forecasting.reading import read_day
from forecasting.reading.arguments import read_choice

Day: TypeAlias = str | dt.date | np.datetime64
LastMonth: TypeAlias = Literal["drop", "keep"]


def today() -> dt.date:
    """Return the day on which the program runs; only a warning depends on it."""
    return dt.date.today()


def months_known(
    months: pd.PeriodIndex, last_month: LastMonth | None, as_of: Day | None, name: str
) -> tuple[pd.PeriodIndex, str]:
    """Return the months that were known on a day, and a warning if the last of them was not over.

    Parameters
    ----------
    months : PeriodIndex
        Months with a count, in order.
    last_month : {"drop", "keep"} or None
        What to do with the month of the day, which is not over; None keeps it and any later month, with a warning.
    as_of : date or None
        The day; later months are left out.  None for no day: then nothing is left out, and the warning is about today.
    name : str
        Name of the series.

    Raises
    ------
    InvalidInput
        If `last_month` is something else, or is to be dropped and there is no day.
    InvalidSeries
        If no month is left.

    Examples
    --------
    >>> months = pd.period_range("2023-10", "2023-12", freq="M")
    >>> months_known(months, "drop", "2023-12-05", "requests")[0]
    PeriodIndex(['2023-10', '2023-11'], dtype='period[M]')
    """
    if last_month is not None:
        read_choice(last_month, "last_month", ("drop", "keep"))
    if last_month == "drop" and as_of is None:
        raise InvalidInput("last_month='drop' needs the day of the data, for example as_of='2023-12-05'")
    day = today() if as_of is None else read_day(as_of, "as_of=")
    running = to_month(day)
    kept = months
    if as_of is not None:
        kept = months[months < running] if last_month == "drop" else months[months <= running]
        if kept.empty and len(months):
            raise InvalidSeries(f"series {name!r} has no month that was over on {day}; it starts in {months[0]}")
    if last_month is None and len(kept) and kept[-1] > running:
        return kept, (
            f"series {name!r}: {kept[-1]}, the last month, has not begun on {day}, so nobody has counted it; check the months, "
            "or take them as they are with last_month='keep'"
        )
    if last_month is None and len(kept) and kept[-1] == running:
        return kept, (
            f"series {name!r}: {running}, the last month, is not over on {day}, and its count may be too low; leave it out "
            f"with last_month='drop' and as_of='{day}', or take it as complete with last_month='keep'"
        )
    return kept, ""
