"""Probabilities that a caller asks for: quantile levels and the limits of central intervals."""

from __future__ import annotations

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
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{levels!r} are no levels; give numbers such as [0.05, 0.5, 0.95]") from error
    if vector.ndim != 1 or vector.size == 0 or not np.all((vector > 0.0) & (vector < 1.0)):
        raise InvalidInput(f"levels={levels!r} must be one or more numbers strictly between 0 and 1")
    return vector


def central(level: float) -> tuple[float, float]:
    """Return the two quantile levels that bound the central interval of probability `level`.

    Examples
    --------
    >>> central(0.5)
    (0.25, 0.75)
    """
    tail = (1.0 - float(read_levels(level)[0])) / 2.0
    return tail, 1.0 - tail
