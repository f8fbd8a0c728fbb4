"""Where forecasts start: origins, the training data before them, the counts after them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.errors import InvalidInput, InvalidSeries
from forecasting.evaluation.observed import exact_counts
from forecasting.kernels.counts import FloatArray
from forecasting.months import MonthLike, following, to_month
from forecasting.reading import Unreadable, entries
from forecasting.reading.arguments import read_whole
from forecasting.series.collection import read_collection, warn_of_failures
from forecasting.series.frames import is_table

SEASON = 12


def read_histories(data: Any) -> tuple[list[Observed], dict[str, str]]:
    """Return the series of a list or a table, and what is wrong with the series of a table that cannot be used.

    Raises
    ------
    InvalidSeries
        If there is none, one of them is not a series, or two have the same name.
    """
    if is_table(data):
        found = read_collection(data)
        warn_of_failures(found.failures, len(found.series) + len(found.failures), stacklevel=3)
        return list(found.series), found.failures
    try:
        histories = [data] if isinstance(data, Observed) else entries(data)
    except Unreadable as error:
        raise InvalidSeries(f"the data {error}; a backtest needs CountSeries, Evidence or a long table") from None
    for history in histories:
        if not isinstance(history, Observed):
            raise InvalidSeries(f"a backtest needs CountSeries, Evidence or a long table, not {type(history).__name__}")
    names = [history.name for history in histories]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if not names or repeated:
        raise InvalidSeries(
            f"a backtest needs series of different names; {f'repeated: {repeated}' if names else 'got none'}"
        )
    return histories, {}


def read_origins(
    months: pd.PeriodIndex, origins: int | Sequence[MonthLike], step: int, horizon: int
) -> list[pd.Period]:
    """Return the last months known to each forecast, in order.

    Parameters
    ----------
    months : pandas.PeriodIndex
        Months of the series.
    origins : int or sequence of months
        How many, counted back in steps from the latest with `horizon` months after it; or which.
    step, horizon : int
        Months between origins; months of a forecast.
    """
    if isinstance(origins, int | np.integer):
        number = read_whole(origins, "origins")
        return [months[-1] - horizon - step * back for back in reversed(range(number))]
    if isinstance(origins, str):
        raise InvalidInput(f"origins={origins!r} must be a number or a list of months such as ['2023-08']")
    try:
        chosen = sorted(to_month(month) for month in entries(origins))
    except Unreadable as error:
        raise InvalidInput(f"the list of origins {error}; or give their number") from None
    if not chosen or len(set(chosen)) < len(chosen):
        raise InvalidInput(f"origins={list(origins)!r} must be different months, at least one")
    return chosen


def truth(history: Observed, origin: pd.Period, horizon: int) -> FloatArray:
    """Return the counts ``[horizon]`` after `origin`, NaN where they are not known exactly."""
    ahead = following(pd.PeriodIndex([origin]), horizon)
    known = pd.Series(exact_counts(history), index=history.months)
    return np.asarray(known.reindex(ahead), dtype=float)


def seasonal_scale(training: Observed) -> float:
    """Return the mean absolute difference of counts twelve months apart; NaN where there is none or it is zero."""
    return seasonal_difference(exact_counts(training))


def seasonal_difference(counts: FloatArray) -> float:
    """Return the mean absolute difference of counts ``[T]`` twelve months apart; NaN where there is none or it is zero."""
    apart = np.abs(counts[SEASON:] - counts[:-SEASON])
    apart = apart[~np.isnan(apart)]
    return float(apart.mean()) if apart.any() else float("nan")
