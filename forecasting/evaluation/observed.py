"""Observed counts as scores take them: a vector beside a forecast, NaN where a month has no truth."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecasting.constraints import Observed
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.months import read_months
from forecasting.predictive import Predictive
from forecasting.reading import is_missing
from forecasting.series.labels import ByMonth, values_by_month, with_labels

Truth: TypeAlias = ArrayLike | ByMonth | Observed
"""Counts ``[H]`` in the order of the months of the forecast, or labelled with their months; or what is known of a series."""


def read_observed(observed: Truth, forecast: Predictive) -> FloatArray:
    """Return the observed counts ``[H]`` of the months of a forecast as floats, NaN where there is none.

    Parameters
    ----------
    observed : array_like, Series, mapping, CountSeries or Evidence
        One count per month in their order; or counts labelled with exactly these months, in any order; or a series that has
        some of the months, of which the others are not known yet.  Masked arrays and missing values become NaN.
    forecast : Predictive
        Forecast of H months.

    Raises
    ------
    InvalidInput
        If the months differ from those of the forecast, or an entry is negative, fractional, infinite or above 2^53.
    """
    months, where = read_forecast(forecast).months, f"the truth of {forecast.name}"
    if isinstance(observed, Observed):
        known = pd.Series(exact_counts(observed), index=observed.months)
        if not months.isin(known.index).any():
            raise InvalidInput(
                f"{observed.name} knows {observed.months[0]}..{observed.months[-1]}, no month of the forecast of "
                f"{forecast.name}, {months[0]}..{months[-1]}"
            )
        return np.asarray(known.reindex(months), dtype=float)
    observed = with_labels(observed)
    if isinstance(observed, pd.Series | Mapping):
        observed = values_by_month(observed, months, where)
    vector = read_outcomes(observed)
    if vector.shape != (len(months),):
        raise InvalidInput(
            f"observed has shape {vector.shape}; the forecast of {forecast.name} covers {len(months)} months: "
            "give one count for each, NaN where there is none yet"
        )
    return vector


def read_forecast(forecast: object) -> Predictive:
    """Return a forecast to be scored; raises `InvalidInput` if it is none."""
    if not isinstance(forecast, Predictive):
        raise InvalidInput(
            f"a forecast to be scored is a Predictive, such as a model returns, not {type(forecast).__name__}; "
            "the counts come first, then the forecast"
        )
    return forecast


def read_pairs(pairs: object) -> list[tuple[Truth, Predictive]]:
    """Return pairs of observed counts and forecasts; raises `InvalidInput` if they are something else."""
    try:
        listed = [(observed, read_forecast(forecast)) for observed, forecast in pairs]  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            "pairs must be a list of (observed counts, forecast), such as [([4, 9], forecast)]"
        ) from None
    return listed


def exact_counts(history: Observed) -> FloatArray:
    """Return the counts ``[T]``, NaN where they are not known exactly."""
    known = history.constraints
    return np.where(known.exact, known.lower, np.nan)


def read_outcomes(observed: Any) -> FloatArray:
    """Return counts as an array of floats, NaN where there is none; raises `InvalidInput` where an entry is no count."""
    try:
        if isinstance(observed, np.ma.MaskedArray):
            observed = np.where(np.ma.getmaskarray(observed), np.nan, observed.data)
        to_numpy = getattr(observed, "to_numpy", None)
        raw = np.asarray(to_numpy() if to_numpy else observed, dtype=object)
        if any(isinstance(entry, str | bytes | bool | np.bool_) for entry in raw.flat):
            raise TypeError("texts and truth values are not counts")
        values = np.array([np.nan if is_missing(entry) else entry for entry in raw.flat], dtype=float).reshape(
            raw.shape
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"observed={reprlib.repr(observed)} are not counts; give numbers, NaN where a month has none"
        ) from error
    seen = values[~np.isnan(values)]
    wrong = seen[~((seen >= 0) & (seen <= LARGEST) & (np.floor(seen) == seen))]
    if wrong.size:
        raise InvalidInput(
            f"observed holds {wrong[0]:g}; counts are whole numbers of at least 0, NaN where there is none"
        )
    return values


def read_outcomes_of(observed: ArrayLike | ByMonth, table: object) -> FloatArray:
    """Return counts in the order of the rows of a table whose labels are months; as they come where either has no labels."""
    if isinstance(observed, pd.Series | Mapping) and isinstance(table, pd.DataFrame):
        if pd.api.types.is_numeric_dtype(table.index.dtype):
            refuse_other_labels(observed, table, "observed counts and quantiles")
        else:
            observed = values_by_month(observed, read_months(table.index, "the table of quantiles"), "observed")
    return read_outcomes(observed)


def refuse_other_labels(one: object, other: object, what: str) -> None:
    """Raise `InvalidInput` if two columns or tables of pandas have different labels: they would be paired by position."""
    labels = [each.index for each in (one, other) if isinstance(each, pd.Series | pd.DataFrame)]
    if len(labels) == 2 and not labels[0].equals(labels[1]):
        raise InvalidInput(f"{what} have different labels; give both for the same months, in one order")


def scored(observed: Truth, forecast: Predictive) -> tuple[FloatArray, IntArray]:
    """Return the observed counts ``[H]`` and the positions of the months that have one."""
    counts = read_observed(observed, forecast)
    return counts, np.flatnonzero(~np.isnan(counts))


def filled(values: FloatArray, where: IntArray | NDArray[np.bool_], size: int) -> FloatArray:
    """Return a vector of `size` that holds `values` at `where` and NaN elsewhere."""
    result = np.full(size, np.nan)
    result[where] = values
    return result
