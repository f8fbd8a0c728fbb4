"""What a predictive distribution is made of, checked at the door and made read-only."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecasting.distributions import Law
from forecasting.errors import InvalidInput, SamplingError
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.months import read_months
from forecasting.reading.arguments import read_array

LARGEST_MEAN = 1e15


def read_consecutive(months: pd.PeriodIndex) -> pd.PeriodIndex:
    """Return `months` if they are one or more consecutive calendar months."""
    if not isinstance(months, pd.PeriodIndex) or months.freqstr != "M" or months.empty:
        raise InvalidInput(f"months={months!r} must be a PeriodIndex of at least one month, frequency 'M'")
    if not months.equals(pd.period_range(months[0], months[-1], freq="M")):
        raise InvalidInput(f"the months {months[0]}..{months[-1]} have gaps or are out of order")
    return months


def read_mean(mean: ArrayLike, months: pd.PeriodIndex) -> FloatArray:
    """Return the conditional means ``[S, H]``, read-only.

    Raises
    ------
    InvalidInput
        If the shape is wrong or a mean is negative.
    SamplingError
        If a mean is not finite or above 10^15; names the first such month.
    """
    array = _read_only(read_array(_by_column(mean, months, "mean"), "mean"))
    if array.ndim != 2 or array.shape[0] == 0 or array.shape[1] != len(months):
        raise InvalidInput(f"mean has shape {array.shape}; it must be [draws, {len(months)}]")
    refuse_explosion(~(array <= LARGEST_MEAN), months, "a mean above 10^15 or no number")
    if (array < 0).any():
        raise InvalidInput("a mean is negative; the mean of a count is at least 0")
    return array


def _by_column(values: Any, months: pd.PeriodIndex, name: str) -> Any:
    """Return a table whose columns are named by the months in their order, anything else as it is."""
    if not isinstance(values, pd.DataFrame) or pd.api.types.is_numeric_dtype(values.columns.dtype):
        return values
    columns = read_months(values.columns, f"columns of {name}")
    if sorted(columns) != list(months):
        raise InvalidInput(
            f"the columns of {name} are not the months {months[0]}..{months[-1]}; give one for each of them"
        )
    return values.iloc[:, columns.get_indexer(months)]


def read_shape(shape: tuple[ArrayLike, ...], distribution: Law, like: FloatArray) -> tuple[FloatArray, ...]:
    """Return the shape parameters, one read-only array ``[S]`` or ``[S, H]`` for each that `distribution` names."""
    if not isinstance(distribution, Law):
        raise InvalidInput(
            f"distribution={distribution!r} is no count distribution; use Poisson() or NegativeBinomial()"
        )
    if not isinstance(shape, tuple | list):
        raise InvalidInput(f"shape is {type(shape).__name__}; give a tuple of arrays, () for a Poisson distribution")
    arrays = tuple(_read_only(read_array(values, "shape")) for values in shape)
    names = distribution.shape_names
    if len(arrays) != len(names) or any(array.shape not in (like.shape[:1], like.shape) for array in arrays):
        raise InvalidInput(
            f"shape holds arrays of shape {[array.shape for array in arrays]}; {type(distribution).__name__} "
            f"needs {list(names)}, each of shape {like.shape[:1]} or {like.shape}"
        )
    for name, array in zip(names, arrays, strict=True):
        if not np.isfinite(array).all() or (name not in distribution.signed and (array < 0).any()):
            raise InvalidInput(
                f"{name} must be finite{'' if name in distribution.signed else ' and at least 0'} in every draw"
            )
        if name in distribution.proportions and (array >= 1).any():
            raise InvalidInput(f"{name} is a probability and must be below 1 in every draw")
    return arrays


def beside(shape: tuple[FloatArray, ...]) -> list[FloatArray]:
    """Return shape parameters so that they broadcast against means ``[S, H]``."""
    return [values if values.ndim == 2 else values[:, None] for values in shape]


def refuse_explosion(
    exploding: NDArray[np.bool_], months: pd.PeriodIndex, what: str, remedy: str = "tighter priors or fewer terms"
) -> None:
    """Raise `SamplingError` where any entry ``[N, H]`` is true; names the first month."""
    if exploding.any():
        month = months[int(exploding.any(axis=0).argmax())]
        raise SamplingError(f"{month} has {what}: the parameters explode; use a shorter horizon, {remedy}")


def read_paths(paths: ArrayLike, like: FloatArray, months: pd.PeriodIndex) -> IntArray:
    """Return sample paths as read-only int64 of the same shape ``[S, H]`` as `like`.

    Raises
    ------
    InvalidInput
        If an entry is no count, or the shape is wrong.
    SamplingError
        If a count reaches 2^53; names the first such month.
    """
    try:
        array = np.asarray(_by_column(paths, months, "paths"))
    except ValueError:
        raise InvalidInput(f"paths must be counts of shape {like.shape}; their rows have different lengths") from None
    if array.dtype.kind not in "iu" or array.shape != like.shape or (array < 0).any():
        raise InvalidInput(f"paths ({array.dtype}, shape {array.shape}) must be counts of shape {like.shape}")
    refuse_explosion(array >= LARGEST, months, "a count of 2^53 or more")
    copy = array.astype(np.int64)
    copy.flags.writeable = False
    return copy


def read_uniforms(uniforms: ArrayLike, like: FloatArray) -> FloatArray:
    """Return uniforms of the same shape ``[S, H]`` as `like`, each in [0, 1)."""
    array = read_array(uniforms, "uniforms")
    if array.shape != like.shape or not np.all((array >= 0.0) & (array < 1.0)):
        raise InvalidInput(f"uniforms (shape {array.shape}) must lie in [0, 1) and have shape {like.shape}")
    return array


def read_count(value: int, name: str) -> int:
    """Return a count, called `name`, as an int."""
    try:
        count = -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        count = int(value) if isinstance(value, float | np.floating) and float(value).is_integer() else -1
    if not 0 <= count <= LARGEST:
        raise InvalidInput(f"{name}={value!r} must be a whole number from 0 to 2^53")
    return count


def _read_only(array: FloatArray) -> FloatArray:
    array.flags.writeable = False
    return array
