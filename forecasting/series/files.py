"""Counts of one series from a file of delimited text: every fault with its line, future rows told from gaps."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from forecasting.errors import InvalidInput, InvalidSeries
from forecasting.months import months_at
from forecasting.reading import Unreadable, count_in, month_number, name_of, open_delimited
from forecasting.reading.arguments import read_path
from forecasting.series.frames import refuse_alike
from forecasting.series.incomplete import Day, LastMonth, months_known
from forecasting.series.listing import listing
from forecasting.series.series import CountSeries


class Columns(NamedTuple):
    """Names of the columns of a long table; without `unique_id` a column of that name is used if there is one."""

    unique_id: str | None = None
    ds: str = "ds"
    y: str = "y"


DEFAULT = Columns()


class _Row(NamedTuple):
    line: int
    name: str
    month: str
    cell: str


def read_counts_file(
    file: str | PathLike[str],
    unique_id: str | None = None,
    *,
    columns: Columns = DEFAULT,
    allow_missing: bool = False,
    last_month: LastMonth | None = None,
    as_of: Day | None = None,
) -> tuple[CountSeries, tuple[str, ...]]:
    r"""Read a series of a file, and what was done to it.

    Rows after the last count are months to be forecast.  Between the first count and the last one, a month without a row and
    a row without a count are the same: a month that was not observed.

    Parameters
    ----------
    file : path
        Delimited text with a header, as `forecasting.reading.open_delimited` reads it.
    unique_id : str, optional
        The series; needed if there are several.
    columns : Columns
        Names of the columns.
    allow_missing, last_month, as_of
        As in `CountSeries.from_frame`.

    Raises
    ------
    InvalidSeries
        If the file cannot be read, or the series is not one of monthly counts; all faults of a kind are told at once.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "counts.csv"
    ...     _ = file.write_text("ds;y\n2023-09;184\n2023-10;171\n2023-11;\n")
    ...     read_counts_file(file)
    (CountSeries('y', 2023-09..2023-10, 2 months), ('2023-11: no count; taken as months to be forecast',))
    """
    place = read_path(file, "file")
    rows = _chosen(_rows(place, columns), unique_id, place.name)
    name = rows[0].name
    counts = _counts(rows, f"{place.name}, series {name!r}")
    counted = sorted(month for month, count in counts.items() if count is not None)
    if not counted:
        raise InvalidSeries(f"{place.name}, series {name!r} has no observed month; give at least one count")
    known, warning = months_known(months_at(counted), last_month, as_of, name)
    span = pd.period_range(known[0], known[-1], freq="M")
    absent = span.difference(known)
    if len(absent) and not allow_missing:
        raise InvalidSeries(
            f"{place.name}, series {name!r} has no count for {listing(absent)}; add them, or pass allow_missing=True if these "
            "months were not observed"
        )
    values = [counts.get(month.ordinal) or 0 for month in span]
    notes = [warning] if warning else []
    if as_of is not None and len(known) < len(counted):
        notes.append(f"{listing(months_at(counted).difference(known))}: left out, as not known or not over on {as_of}")
    future = [month for month in counts if month > counted[-1]]
    if future:
        notes.append(f"{listing(months_at(sorted(future)))}: no count; taken as months to be forecast")
    return CountSeries(span, values, np.isin(span, absent), name), tuple(notes)


def _rows(file: Path, columns: Columns) -> list[_Row]:
    with open_delimited(file) as table:
        id_col = columns.unique_id or ("unique_id" if "unique_id" in table.header else None)
        needed = [columns.ds, columns.y, *([] if id_col is None else [id_col])]
        places = table.positions(*needed, remedy="name the columns with id_col, time_col and target_col")
        rows = []
        for line, cells, fault in table.rows:
            if fault:
                raise InvalidSeries(f"{file.name}:{line} {fault}")
            month, count, *names = (cells[place] for place in places)
            try:
                name = name_of(names[0]) if names else columns.y
            except Unreadable as error:
                raise InvalidSeries(f"{file.name}:{line} [{id_col}] is {error}; name the series of every row") from None
            rows.append(_Row(line, name, month, count))
    if not rows:
        raise InvalidSeries(f"{file.name} has no rows below its header; give one row per month")
    return rows


def _chosen(rows: list[_Row], wanted: str | None, place: str) -> list[_Row]:
    names = list(dict.fromkeys(row.name for row in rows))
    refuse_alike(names, place)
    if wanted is None and len(names) > 1:
        raise InvalidSeries(f"{place} holds {len(names)} series; choose one with unique_id: {listing(names)}")
    chosen = [row for row in rows if wanted is None or row.name == wanted.strip()]
    if not chosen:
        raise InvalidSeries(f"{place} has no series {wanted!r}; it holds {listing(names)}")
    return chosen


def _counts(rows: list[_Row], where: str) -> dict[int, int | None]:
    """Return the count of each month that has a row, None for an empty one."""
    counts: dict[int, int | None] = {}
    faults = []
    for row in rows:
        try:
            month = month_number(row.month)
            if month in counts:
                faults.append(f"line {row.line}: several rows for {row.month}; sum daily or weekly rows first")
            counts[month] = count_in(row.cell)
        except InvalidInput as error:
            faults.append(f"line {row.line}: {error}")
        except Unreadable as error:
            faults.append(f"line {row.line}: {row.month} is {row.cell[:40]!r} ({error})")
    if faults:
        raise InvalidSeries(f"{where}, {listing(faults)}; counts are whole numbers from 0 to 10^9")
    return counts
