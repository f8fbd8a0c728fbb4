"""Probabilities that a caller asks for: quantile levels and the limits of central intervals."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray


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
