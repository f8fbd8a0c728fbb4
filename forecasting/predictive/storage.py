"""Forecasts as Parquet files: one row per draw, and the rest in the metadata as JSON; anything that reads Parquet reads them.

Nothing is executed on reading: a conditional distribution is stored by its name and numbers, and made again from those that
the library has.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
import pandas as pd

from forecasting import distributions
from forecasting.distributions import Law
from forecasting.errors import InvalidInput

if TYPE_CHECKING:
    from forecasting.predictive.predictive import Predictive

_KEY, _VERSION = b"forecasting", 1
_KNOWN = {name: getattr(distributions, name) for name in distributions.__all__ if name[0].isupper()}


class Stored:
    """A forecast that can be kept in a file."""

    def save(self, path: str | PathLike[str]) -> None:
        """Write the forecast to a Parquet file from which `load` makes it again exactly; needs pyarrow.

        How the forecast was made (its account) and the months before it are not stored.

        Raises
        ------
        InvalidInput
            If pyarrow is not installed, or the conditional distribution is not one that the library exports.
        """
        write_forecast(cast("Predictive", self), path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Return the forecast that `save` has written; reading it runs no code that the file could bring.

        Raises
        ------
        InvalidInput
            If the file is not such a forecast.
        """
        return cls(*read_parts(path))


def write_forecast(forecast: Predictive, path: str | PathLike[str]) -> None:
    """Write a forecast; see `Predictive.save`."""
    arrow, parquet = _pyarrow()
    columns: dict[str, Any] = {f"y[{month}]": forecast.paths[:, h] for h, month in enumerate(forecast.months)}
    columns |= {f"mean[{month}]": forecast.mean[:, h] for h, month in enumerate(forecast.months)}
    for k, shape in enumerate(forecast.shape):
        wide = shape.reshape(len(shape), -1)
        columns |= {f"shape[{k}][{h}]": wide[:, h] for h in range(wide.shape[1])}
    described = {
        "version": _VERSION,
        "name": forecast.name,
        "months": [str(month) for month in forecast.months],
        "distribution": _described(forecast.distribution),
        "shape_columns": [shape.size // len(shape) if shape.ndim > 1 else 0 for shape in forecast.shape],
    }
    table = arrow.table({name: np.ascontiguousarray(column) for name, column in columns.items()})
    parquet.write_table(table.replace_schema_metadata({_KEY: json.dumps(described).encode()}), str(path))


def read_parts(path: str | PathLike[str]) -> tuple[Any, ...]:
    """Return what `Predictive` is made of, from a file that `write_forecast` wrote."""
    _, parquet = _pyarrow()
    try:
        table = parquet.read_table(str(path))
        found = json.loads((table.schema.metadata or {})[_KEY])
    except FileNotFoundError:
        raise InvalidInput(f"there is no file {path}; give one that save() has written") from None
    except (KeyError, ValueError, OSError):
        raise InvalidInput(f"{path} is not a forecast; give a file that save() has written") from None
    if found["version"] != _VERSION:
        raise InvalidInput(f"{path} has version {found['version']} of the format; this library reads {_VERSION}")

    def matrix(names: list[str]) -> Any:
        return np.column_stack([table[name].to_numpy() for name in names])

    months = found["months"]
    shapes = []
    for k, width in enumerate(found["shape_columns"]):
        columns = matrix([f"shape[{k}][{h}]" for h in range(max(width, 1))])
        shapes.append(columns if width else columns[:, 0])
    return (
        pd.PeriodIndex(months, freq="M"),
        matrix([f"y[{month}]" for month in months]),
        matrix([f"mean[{month}]" for month in months]),
        tuple(shapes),
        _made(found["distribution"], path),
        found["name"],
    )


def _described(law: Law) -> dict[str, Any]:
    name = type(law).__name__
    if _KNOWN.get(name) is not type(law) or not is_dataclass(law):
        raise InvalidInput(
            f"a forecast with months distributed as {law!r} cannot be stored; store its samples() or to_frame()"
        )
    values = {field.name: getattr(law, field.name) for field in fields(law)}
    return {"name": name} | {key: _plain(value) for key, value in values.items()}


def _plain(value: Any) -> Any:
    """Return a parameter of a law as JSON holds it: a law as a table, several as a list of tables."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return _described(value) if isinstance(value, Law) else value


def _made(described: dict[str, Any], path: str | PathLike[str]) -> Law:
    kind = _KNOWN.get(str(described.get("name")))
    if kind is None:
        raise InvalidInput(f"{path} holds a distribution that this library does not have: {described.get('name')}")

    def read(value: Any) -> Any:
        if isinstance(value, list):
            return tuple(read(one) for one in value)
        return _made(value, path) if isinstance(value, dict) else value

    law: Law = kind(**{key: read(value) for key, value in described.items() if key != "name"})
    return law


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # type: ignore[import-untyped]
        from pyarrow import parquet
    except ImportError as error:
        raise InvalidInput("Parquet files need pyarrow; install it with pip install pyarrow") from error
    return pyarrow, parquet
