"""Forecasts as Parquet files: one row per draw, and the rest in the metadata as JSON; anything that reads Parquet reads them.

Nothing is executed on reading: a conditional distribution is stored by its name and numbers, and made again from those that
the library has.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from os import PathLike
from typing import Any, Self

import numpy as np
import pandas as pd

from forecasting import distributions
from forecasting.distributions import Law
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.predictive.parquet import read_columns, write_columns

_KNOWN = {name: getattr(distributions, name) for name in distributions.__all__ if name[0].isupper()}


class Stored:
    """A forecast that can be kept in a file."""

    months: pd.PeriodIndex
    paths: IntArray
    mean: FloatArray
    shape: tuple[FloatArray, ...]
    distribution: Law
    name: str

    def save(self, path: str | PathLike[str]) -> None:
        """Write the forecast to a Parquet file from which `load` makes it again exactly; needs pyarrow.

        How the forecast was made (its account) and the months before it are not stored.

        Raises
        ------
        InvalidInput
            If pyarrow is not installed, or the conditional distribution is not one that the library exports.
        """
        columns: dict[str, Any] = {f"y[{month}]": self.paths[:, h] for h, month in enumerate(self.months)}
        columns |= {f"mean[{month}]": self.mean[:, h] for h, month in enumerate(self.months)}
        for k, shape in enumerate(self.shape):
            wide = shape.reshape(len(shape), -1)
            columns |= {f"shape[{k}][{h}]": wide[:, h] for h in range(wide.shape[1])}
        described = {
            "name": self.name,
            "months": [str(month) for month in self.months],
            "distribution": _described(self.distribution),
            "shape_columns": [shape.size // len(shape) if shape.ndim > 1 else 0 for shape in self.shape],
        }
        write_columns(path, columns, described)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Return the forecast that `save` has written; reading it runs no code that the file could bring.

        Raises
        ------
        InvalidInput
            If the file is not such a forecast.
        """
        return cls(*read_parts(path))


def read_parts(path: str | PathLike[str]) -> tuple[Any, ...]:
    """Return what `Predictive` is made of, from a file that `Predictive.save` wrote."""
    columns, found = read_columns(path, "forecast")
    months = found["months"]
    shapes = []
    for k, width in enumerate(found["shape_columns"]):
        wide = np.column_stack([columns[f"shape[{k}][{h}]"] for h in range(max(width, 1))])
        shapes.append(wide if width else wide[:, 0])
    return (
        pd.PeriodIndex(months, freq="M"),
        np.column_stack([columns[f"y[{month}]"] for month in months]),
        np.column_stack([columns[f"mean[{month}]"] for month in months]),
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
