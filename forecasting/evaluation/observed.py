"""Observed counts as scores take them: a vector beside a forecast, NaN where a month has no truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.errors import InvalidInput
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.predictive import Predictive


def read_observed(observed: ArrayLike, forecast: Predictive) -> FloatArray:
    """Return the observed counts ``[H]`` of the months of a forecast as floats, NaN where there is none.

    Masked arrays and missing values of pandas become NaN.

    Raises
    ------
    InvalidInput
        If the length differs from the horizon, or an entry is negative, fractional, infinite or above 2^53.
    """
    vector = read_counts(observed)
    if vector.shape != (len(forecast.months),):
        raise InvalidInput(
            f"observed has shape {vector.shape}; the forecast of {forecast.name} covers {len(forecast.months)} months: "
            "give one count for each, NaN where there is none yet"
        )
    return vector


def read_counts(observed: ArrayLike) -> FloatArray:
    """Return counts as an array of floats, NaN where there is none; raises `InvalidInput` where an entry is no count."""
    try:
        if isinstance(observed, np.ma.MaskedArray):
            observed = np.where(np.ma.getmaskarray(observed), np.nan, observed.data)
        to_numpy = getattr(observed, "to_numpy", None)
        values = np.array(to_numpy(dtype=float, na_value=np.nan) if to_numpy else observed, dtype=float)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"observed={observed!r} are no counts; give numbers, NaN where a month has none") from error
    seen = values[~np.isnan(values)]
    wrong = seen[~((seen >= 0) & (seen <= LARGEST) & (np.floor(seen) == seen))]
    if wrong.size:
        raise InvalidInput(
            f"observed holds {wrong[0]:g}; counts are whole numbers of at least 0, NaN where there is none"
        )
    return values


def scored(observed: ArrayLike, forecast: Predictive) -> tuple[FloatArray, IntArray]:
    """Return the observed counts ``[H]`` and the positions of the months that have one."""
    counts = read_observed(observed, forecast)
    return counts, np.flatnonzero(~np.isnan(counts))


def filled(values: FloatArray, where: IntArray | NDArray[np.bool_], size: int) -> FloatArray:
    """Return a vector of `size` that holds `values` at `where` and NaN elsewhere."""
    result = np.full(size, np.nan)
    result[where] = values
    return result
