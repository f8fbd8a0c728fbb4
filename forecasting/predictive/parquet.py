"""Parquet files of columns with a description in their metadata, as JSON; reading one runs no code that it could bring."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from typing import Any

import numpy as np

from forecasting.errors import InvalidInput
from forecasting.extras import needed
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.reading.arguments import read_path

_KEY, _VERSION = b"forecasting", 1
_WHAT = "a Parquet file"


def write_columns(
    path: str | PathLike[str], columns: Mapping[str, FloatArray | IntArray], described: Mapping[str, Any]
) -> None:
    """Write columns of one length, and what describes them.

    Raises
    ------
    InvalidInput
        If pyarrow is not installed, or the file cannot be written.
    """
    place = read_path(path, "path")
    arrow, parquet = needed("pyarrow", "batch", _WHAT), needed("pyarrow.parquet", "batch", _WHAT)
    table = arrow.table({name: np.ascontiguousarray(column) for name, column in columns.items()})
    text = json.dumps({"version": _VERSION, **described})
    try:
        parquet.write_table(table.replace_schema_metadata({_KEY: text.encode()}), str(place))
    except OSError as error:
        raise InvalidInput(f"{place} cannot be written ({error.strerror or error}); choose another place") from None


def read_columns(path: str | PathLike[str], what: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns by name, and what describes them; `what` is the thing that was stored, for messages.

    Raises
    ------
    InvalidInput
        If pyarrow is not installed, or there is no such file.
    """
    place = read_path(path, "path")
    parquet = needed("pyarrow.parquet", "batch", _WHAT)
    try:
        table = parquet.read_table(str(place))
        found = json.loads((table.schema.metadata or {})[_KEY])
    except FileNotFoundError:
        raise InvalidInput(f"there is no file {path}; give one that save() has written") from None
    except (KeyError, ValueError, OSError):
        found = {}
    if found.get("kind", "forecast") != what or not found:
        raise InvalidInput(f"{path} is not a {what}; give a file that save() has written") from None
    if found["version"] != _VERSION:
        raise InvalidInput(f"{path} has version {found['version']} of the format; this library reads {_VERSION}")
    return {name: table[name].to_numpy() for name in table.column_names}, found
