"""One-dimensional things, whatever library they come from, as plain lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from forecasting.reading.cells import Unreadable


def entries(values: object) -> list[Any]:
    """Return the entries of a list, an array or a column of any table library.

    Raises
    ------
    Unreadable
        If it is a single value, has several dimensions or has no order.

    Examples
    --------
    >>> entries(np.array(["2023-09", "2023-10"])) == entries(("2023-09", "2023-10"))
    True
    """
    dimensions = getattr(values, "ndim", 1)
    if dimensions != 1:
        raise Unreadable(f"has shape {getattr(values, 'shape', dimensions)}; give one dimension")
    if isinstance(values, str | bytes | Mapping):
        raise Unreadable(f"is {type(values).__name__}; give a list")
    if isinstance(values, Set):
        raise Unreadable(f"is {type(values).__name__}, which has no order; give a list")
    if hasattr(values, "to_pylist"):  # pyarrow
        return list(values.to_pylist())
    if hasattr(values, "dims"):  # xarray, whose entries are arrays again
        values = np.asarray(values)
    if not isinstance(values, Iterable):
        raise Unreadable(f"is {type(values).__name__}; give a list")
    return list(values)
