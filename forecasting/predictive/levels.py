"""Probabilities that a caller asks for: quantile levels, the limits of central intervals, smallest sets."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray

POINTS = [0.05, 0.25, 0.5, 0.75, 0.95]
"""Quantile levels of median, 50% and 90% intervals."""
POINT_NAMES = ["lo-90", "lo-50", "median", "hi-50", "hi-90"]
"""Columns of tables that hold them."""


def read_levels(levels: ArrayLike) -> FloatArray:
    """Return one or several levels as a vector.

    Raises
    ------
    InvalidInput
        If there is none, or one of them is not strictly between 0 and 1.

    Examples
    --------
    >>> read_levels(0.5).tolist()
    [0.5]
    """
    try:
        vector = np.atleast_1d(np.asarray(levels, dtype=float))
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"levels={levels!r} are not levels; give numbers such as [0.05, 0.5, 0.95]") from error
    if vector.ndim != 1 or vector.size == 0 or not np.all((vector > 0.0) & (vector < 1.0)):
        raise InvalidInput(f"levels={levels!r} must be one or more numbers strictly between 0 and 1")
    return vector


def read_level(level: float) -> float:
    """Return one level.

    Raises
    ------
    InvalidInput
        If it is a list, even of one, or is not strictly between 0 and 1.

    Examples
    --------
    >>> read_level(0.9)
    0.9
    """
    if not isinstance(level, Real) and getattr(level, "ndim", 1) != 0:
        raise InvalidInput(f"level={level!r} must be one number, such as 0.9; call once for each level")
    return float(read_levels(level)[0])


def central(level: float) -> tuple[float, float]:
    """Return the two quantile levels that bound the central interval of probability `level`.

    Examples
    --------
    >>> central(0.5)
    (0.25, 0.75)
    """
    tail = (1.0 - read_level(level)) / 2.0
    return tail, 1.0 - tail


def smallest_set(probabilities: FloatArray, level: float) -> IntArray:
    """Return the positions, in order, of the fewest probabilities that add up to `level`.

    Examples
    --------
    >>> smallest_set(np.array([0.1, 0.5, 0.05, 0.35]), 0.8).tolist()
    [1, 3]
    """
    ranked = np.argsort(-probabilities, kind="stable")
    enough = int(np.searchsorted(np.cumsum(probabilities[ranked]), read_level(level) - 1e-12)) + 1
    return np.sort(ranked[:enough])


def level_table(draws: FloatArray, months: pd.PeriodIndex, quantiles: Sequence[float] | None = None) -> pd.DataFrame:
    """Return quantiles of the level of each month, from draws ``[S, T]``; by default mean, median, 50% and 90% intervals.

    Examples
    --------
    >>> months = pd.period_range("2024-01", periods=1, freq="M")
    >>> level_table(np.array([[1.0], [2.0], [4.0]]), months, [0.5])
             0.5
    2024-01  2.0
    """
    if quantiles is not None:
        at = read_levels(quantiles)
        return pd.DataFrame(np.quantile(draws, at, axis=0).T, index=months, columns=at.tolist())
    table = pd.DataFrame(np.quantile(draws, POINTS, axis=0).T, index=months, columns=POINT_NAMES)
    table.insert(0, "mean", draws.mean(axis=0))
    return table
