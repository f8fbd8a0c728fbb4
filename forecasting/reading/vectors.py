"""One-dimensional things, whatever library they come from, as plain lists."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from typing import Any

import numpy as np

from forecasting.reading.cells import Unreadable

_PERIOD = "pandas.period"


def period_frequency(field: Any) -> str:
    """Return the frequency of a column of Arrow that pandas has made of periods, an empty text for any other.

    Whether Arrow knows the type, or only what the file says of it, depends on what else was imported.
    """
    if getattr(field.type, "extension_name", "") == _PERIOD:
        return str(field.type.freq)
    said = field.metadata or {}
    is_period = said.get(b"ARROW:extension:name") == _PERIOD.encode()
    return str(json.loads(said[b"ARROW:extension:metadata"])["freq"]) if is_period else ""


def months_of_periods(ordinals: Iterable[int | None], frequency: str) -> list[Any]:
    """Return the months that the numbers of a column of periods stand for.

    Raises
    ------
    Unreadable
        If the periods are not months.

    Examples
    --------
    >>> months_of_periods([644, None], "M")
    [np.datetime64('2023-09'), None]
    """
    if frequency != "M":
        raise Unreadable(f"has periods of frequency {frequency}; give months")
    return [None if one is None else np.datetime64(one, "M") for one in ordinals]


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
        kind = getattr(values, "type", None)
        is_period = getattr(kind, "extension_name", "") == _PERIOD
        return (
            months_of_periods(values.to_pylist(), str(getattr(kind, "freq", "")))
            if is_period
            else list(values.to_pylist())
        )
    if hasattr(values, "dims"):  # xarray, whose entries are arrays again
        values = np.asarray(values)
    if not isinstance(values, Iterable):
        raise Unreadable(f"is {type(values).__name__}; give a list")
    return list(values)
