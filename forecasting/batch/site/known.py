"""What the archive holds of a series, as plain arrays: one query of each kind for many series, no table for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from forecasting.batch.archive import Contents
from forecasting.batch.monitoring import first_issued
from forecasting.batch.records import ForecastRecord
from forecasting.batch.scoring import score_table
from forecasting.kernels.counts import FloatArray
from forecasting.months import month_name

Columns: TypeAlias = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, eq=False)
class Known:
    """What the archive holds of one series; months are counted from January 1970.

    Attributes
    ----------
    name, as_of : str
        Of the series; the day of its newest counts.
    first : int
        The first month with a count.
    counts : float64[T]
        NaN where there is none.
    keys, rows : mapping of str to arrays
        Columns of `Archive.keys`, the last attempt last, and of `score_table` for what was issued first.
    records : mapping
        By job.
    """

    name: str
    as_of: str
    first: int
    counts: FloatArray
    keys: Columns
    rows: Columns
    records: Mapping[str, ForecastRecord]

    @cached_property
    def newest(self) -> dict[str, ForecastRecord]:
        """Forecasts that were issued last, from the last month of the data, by model."""
        done = np.flatnonzero(self.keys["status"] == "done")
        order = done[np.lexsort((self.keys["id"][done], self.keys["origin"][done]))]
        return {self.keys["model"][k]: self.records[self.keys["job"][k]] for k in order}

    def of(self, model: str, status: str = "") -> Columns:
        """Return the rows of a model, and of a status."""
        chosen = self.rows["model"] == model
        return take(self.rows, chosen & (self.rows["status"] == status) if status else chosen)

    @property
    def last(self) -> tuple[str, int] | None:
        """The newest month with a count."""
        return (month_name(self.first + len(self.counts) - 1), int(self.counts[-1])) if len(self.counts) else None


def read_known(archive: Contents, names: list[str]) -> Iterator[Known]:
    """Yield what is known of each of the series, in the order of their names."""
    keys = _by_series(archive.keys(series=names))
    rows = _by_series(first_issued(score_table(archive, series=names)))
    truth = _by_series(archive.truth(series=names))
    records = {
        name: {record.key.digest: record for record in found}
        for name, found in groupby(archive.forecasts(series=names), key=lambda one: one.key.series)
    }
    none = {column: values[:0] for column, values in next(iter(rows.values()), {}).items()}
    for name in names:
        known = truth.get(name)
        months = known["ds"] if known else np.empty(0, dtype=np.int64)
        first = int(months[0]) if known else 0
        counts = np.full(int(months[-1]) - first + 1 if known else 0, np.nan)
        if known:
            counts[months - first] = known["y"]
        day = max(known["known"]) if known else ""
        yield Known(name, day, first, counts, keys[name], rows.get(name, none), records.get(name, {}))


def _by_series(frame: pd.DataFrame) -> dict[str, Columns]:
    """Return the columns of each series of a table that is sorted by series; months as numbers."""
    names = frame["unique_id"].to_numpy(dtype=object)
    columns = {
        str(name): values.array.asi8 if isinstance(values.dtype, pd.PeriodDtype) else _plain(values)
        for name, values in frame.items()
    }
    starts = np.flatnonzero(np.append(len(names) > 0, names[1:] != names[:-1]))
    ends = [*starts[1:], len(names)]
    return {
        names[start]: {column: values[start:end] for column, values in columns.items()}
        for start, end in zip(starts, ends, strict=True)
    }


def _plain(values: pd.Series[Any]) -> np.ndarray[Any, Any]:
    return values.to_numpy() if values.dtype.kind in "if" else values.to_numpy(dtype=object)


def take(columns: Columns, chosen: np.ndarray[Any, Any]) -> Columns:
    """Return some of the rows."""
    return {name: values[chosen] for name, values in columns.items()}
