"""Archived forecasts in the formats of others."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from forecasting.batch.export.files import write_table
from forecasting.batch.export.hubverse import write_hub
from forecasting.batch.export.nixtla import nixtla_frame
from forecasting.batch.export.paths import path_parts
from forecasting.batch.export.selection import Selection
from forecasting.errors import InvalidInput

Format = Literal["nixtla", "hubverse", "paths"]

__all__ = ["Format", "Selection", "export", "nixtla_frame", "path_parts", "write_hub", "write_table"]


def export(selection: Selection, layout: Format, out: Path, **options: Any) -> list[Path]:
    """Write forecasts to files.

    Parameters
    ----------
    selection : Selection
        Forecasts.
    layout : {"nixtla", "hubverse", "paths"}
        A wide frame of means and intervals (CSV or Parquet), model output of a hub (CSV, Parquet or a folder of them), or
        sample paths (Parquet; CSV is possible).
    out : Path
        The file; for a hub also a folder.
    **options
        Of `write_hub`.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    InvalidInput
        If the format is unknown or the name of the file does not suit it.
    """
    if layout == "hubverse":
        return write_hub(selection, out, **options)
    if layout not in ("nixtla", "paths"):
        raise InvalidInput(f"there is no format {layout!r}; choose nixtla, hubverse or paths")
    write_table([nixtla_frame(selection)] if layout == "nixtla" else path_parts(selection), out)
    return [out]
