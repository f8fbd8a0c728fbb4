"""Tables to files, a part at a time; a file appears when it is whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
from pandas.api.types import is_string_dtype

from forecasting.batch.export.spreadsheet import escaped
from forecasting.errors import ForecastingError, InvalidInput
from forecasting.extras import needed

SUFFIXES = (".csv", ".parquet")


def write_table(parts: Iterable[pd.DataFrame], path: Path) -> None:
    """Write a table that comes in parts with the same columns, as CSV or Parquet by the name of the file.

    Texts in CSV files are safe for spreadsheets (`forecasting.batch.export.spreadsheet`), missing values are ``NA``.

    Raises
    ------
    InvalidInput
        If the suffix is neither ``.csv`` nor ``.parquet``, or the folder is not there.
    ForecastingError
        If it cannot be written, for example because the disk is full; a file of that name is then as it was.
    """
    if path.suffix not in SUFFIXES:
        raise InvalidInput(f"{path.name!r} must end in .csv or .parquet")
    if not path.parent.is_dir():
        raise InvalidInput(f"there is no folder {path.parent} to write {path.name!r} into")
    with _whole(path) as unfinished:
        (_write_csv if path.suffix == ".csv" else _write_parquet)(parts, unfinished)


def _write_csv(parts: Iterable[pd.DataFrame], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for number, part in enumerate(parts):
            texts = [str(name) for name in part.columns if is_string_dtype(part[name])]
            safe = part.assign(**{name: part[name].map(escaped, na_action="ignore") for name in texts})
            safe = safe.rename(columns=escaped)
            safe.to_csv(file, index=False, header=not number, na_rep="NA", date_format="%Y-%m-%d", lineterminator="\n")


def _write_parquet(parts: Iterable[pd.DataFrame], path: Path) -> None:
    arrow = needed("pyarrow", "batch", "writing Parquet files")
    parquet = needed("pyarrow.parquet", "batch", "writing Parquet files")
    writer = None
    try:
        for part in parts:
            table = arrow.Table.from_pandas(part, preserve_index=False)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()


def make_folder(path: Path) -> None:
    """Make a folder, and those above it.

    Raises
    ------
    InvalidInput
        If that is not possible.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"the folder {path} cannot be made ({error.strerror}); choose another place") from None


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield unfinished
        unfinished.replace(path)
    except OSError as error:
        raise ForecastingError(f"{path} was not written: {error.strerror or error}") from None
    finally:
        unfinished.unlink(missing_ok=True)
