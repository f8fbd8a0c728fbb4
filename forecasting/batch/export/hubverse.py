"""Model output in the format of the hubverse, as CSV or Parquet.

Task columns: ``origin_date``, the last day of the data and the name of the round; ``target``; ``horizon``, months ahead;
``target_end_date``, the last day of the month; ``location``, the series.  Then ``output_type``, ``output_type_id``, ``value``.
Quantiles have their level as id, samples a number from 1 that is unique in a file: the months of one path share it, so
samples are joint over horizons (``compound_taskid_set`` = origin_date, target, location).  Files lie in
``model-output/<team>-<model>/<origin_date>-<team>-<model>.<suffix>``.

References
----------
hubverse documentation, "Model output" and "Sample output type" (docs.hubverse.io, user guide).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from forecasting.batch.export.files import SUFFIXES, make_folder, write_table
from forecasting.batch.export.selection import Selection
from forecasting.batch.records import ForecastRecord
from forecasting.errors import InvalidInput

OutputType = Literal["quantile", "sample"]
OUTPUT_TYPES: tuple[OutputType, ...] = ("quantile", "sample")
_LONGEST = 16  # characters of a team or a model in a hub's file names


def write_hub(
    selection: Selection,
    out: Path,
    *,
    types: Sequence[OutputType] = OUTPUT_TYPES,
    target: str = "count",
    team: str = "forecasting",
    suffix: str = ".csv",
) -> list[Path]:
    """Write one file for each model and origin.

    Parameters
    ----------
    selection : Selection
        Forecasts.
    out : Path
        A file, ``.csv`` or ``.parquet``, for one model and one origin; or the folder of a hub, which is made.
    types : sequence of {"quantile", "sample"}
        Output types.
    target, team : str
        Name of the target; of the team, letters, digits and underscores.
    suffix : {".csv", ".parquet"}
        Of the files in a folder.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    InvalidInput
        If a file is asked for and there are several models or origins, a name cannot be that of a team, or a folder cannot be
        made.
    """
    if not types or not set(types) <= set(OUTPUT_TYPES):
        raise InvalidInput(f"types={list(types)!r} must be some of {', '.join(OUTPUT_TYPES)}")
    if abbreviation(team) != team:
        raise InvalidInput(f"team={team!r} must have 1 to {_LONGEST} letters, digits and underscores")
    rounds = selection.keys[["model", "origin"]].drop_duplicates().itertuples(index=False)
    files = [(str(model), str(origin)) for model, origin in rounds]
    if out.suffix in SUFFIXES:
        if len(files) > 1:
            raise InvalidInput(
                f"a hub keeps one model and one origin a file, and there are {len(files)}: "
                "give a folder, or choose a model and an origin"
            )
        write_table(hub_parts(selection, types, target), out)
        return [out]
    written = []
    for model, origin in files:
        name = f"{team}-{abbreviation(model)}"
        path = out / "model-output" / name / f"{_last_day(origin)}-{name}{suffix}"
        make_folder(path.parent)
        write_table(hub_parts(selection.where(model=model, origin=origin), types, target), path)
        written.append(path)
    return written


def hub_parts(selection: Selection, types: Sequence[OutputType], target: str) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file, a table a forecast; samples are numbered through."""
    first = 1
    for record in selection.records():
        tables = {"quantile": _quantiles(record), "sample": _samples(record, first)}
        chosen = pd.concat([tables[name].assign(output_type=name) for name in types], ignore_index=True)
        months = pd.PeriodIndex(record.months, freq="M")
        at = chosen["horizon"].to_numpy() - 1
        yield pd.DataFrame(
            {
                "origin_date": _last_day(record.key.origin),
                "target": target,
                "horizon": chosen["horizon"],
                "target_end_date": np.array([_last_day(str(month)) for month in months], dtype=object)[at],
                "location": record.key.series,
                "output_type": chosen["output_type"],
                "output_type_id": chosen["output_type_id"],
                "value": chosen["value"],
            }
        )
        first += len(record.paths)


def abbreviation(name: str) -> str:
    """Return a name as hubs allow it in file names: itself where it is one, else made of its letters and a digest.

    Examples
    --------
    >>> abbreviation("auto"), abbreviation("../a name")
    ('auto', 'a_name_94efc9')
    """
    if re.fullmatch(rf"[A-Za-z0-9_]{{1,{_LONGEST}}}", name):
        return name
    plain = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")[: _LONGEST - 7]
    return f"{plain}_{blake2b(name.encode(), digest_size=3).hexdigest()}".lstrip("_")


def _quantiles(record: ForecastRecord) -> pd.DataFrame:
    levels, horizon = record.quantiles.shape
    return pd.DataFrame(
        {
            "horizon": np.repeat(np.arange(1, horizon + 1), levels),
            "output_type_id": np.tile([f"{level:.9g}" for level in record.levels], horizon),
            "value": record.quantiles.T.ravel(),
        }
    )


def _samples(record: ForecastRecord, first: int) -> pd.DataFrame:
    number, horizon = record.paths.shape
    return pd.DataFrame(
        {
            "horizon": np.tile(np.arange(1, horizon + 1), number),
            "output_type_id": np.repeat([str(first + k) for k in range(number)], horizon),
            "value": record.paths.ravel(),
        }
    )


def _last_day(month: str) -> str:
    return pd.Period(month, "M").end_time.strftime("%Y-%m-%d")
