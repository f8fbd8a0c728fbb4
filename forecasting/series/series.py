"""A series of monthly counts: one count per month, or none where the month was not observed."""

from __future__ import annotations

import reprlib
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecasting.constraints import Constraints
from forecasting.display import Drawable, as_html
from forecasting.errors import ForecastingWarning, InvalidSeries
from forecasting.kernels.frozen import Frozen
from forecasting.months import MonthLike, read_months, to_month
from forecasting.reading import Unreadable, count_of, is_missing
from forecasting.reading.arguments import read_flag
from forecasting.series.frames import (
    check_columns,
    choose_series,
    drop_blank_rows,
    read_frame,
    read_label,
    read_name,
    series_names,
)
from forecasting.series.incomplete import Day, LastMonth, months_known
from forecasting.series.labels import ByMonth, values_by_month
from forecasting.series.listing import listing


@dataclass(frozen=True, init=False, eq=False, repr=False)
class CountSeries(Drawable, Frozen):
    """Counts of T consecutive calendar months.

    Attributes
    ----------
    months : pandas.PeriodIndex
        The T months, frequency ``M``, in order and without gaps.  Dates, month starts, month ends and names
        such as ``"2023-09"`` are accepted in any order.
    values : int64[T]
        The counts, read-only.  Where `missing` is true the entry is 0 and means nothing.  Counts that carry their
        months, as a Series indexed by month or a mapping, are aligned by them.
    missing : bool[T]
        Months that were not observed, read-only; none by default.  Aligned as the counts are.
    unique_id : str
        Name of the series; by default that of a Series of counts, else ``"y"``.

    Raises
    ------
    InvalidSeries
        If months have gaps or duplicates, if a count is missing, negative, fractional, infinite, above 10^9
        or not a number, if values are labelled with other months, or if no month was observed.

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.CountSeries(["2023-10", "2023-09"], [171, 184], unique_id="requests")
    CountSeries('requests', 2023-09..2023-10, 2 months)
    """

    months: pd.PeriodIndex
    values: NDArray[np.int64]
    missing: NDArray[np.bool_]
    unique_id: str

    def __init__(
        self,
        months: pd.PeriodIndex | Iterable[MonthLike],
        values: ArrayLike | ByMonth | None = None,
        missing: ArrayLike | ByMonth | None = None,
        unique_id: str | None = None,
    ) -> None:
        if values is None:
            raise InvalidSeries(
                "there are months but no counts; give CountSeries(months, counts), CountSeries.from_pandas(series) for a "
                "Series indexed by month, or CountSeries.from_frame(df) for a table"
            )
        name = _name_of(values) if unique_id is None else read_name(unique_id)
        where = f"series {name!r}"
        index = read_months(months, where)
        counts = values_by_month(values, index, where, rows=months)
        absent = [False] * len(counts)
        if missing is not None:
            absent = _read_mask(values_by_month(missing, index, f"{where}, missing", rows=months), where)
        if not len(index) == len(counts) == len(absent):
            lengths = [f"{len(index)} months", f"{len(counts)} counts"]
            if missing is not None:
                lengths.append(f"{len(absent)} entries in `missing`")
            raise InvalidSeries(f"{where} has {' and '.join(lengths)}; give one of each for every month")
        order = np.argsort(index, kind="stable")
        index, mask = index[order], np.array(absent, dtype=bool)[order]
        _check_consecutive(index, where)
        whole = np.array(_read_counts(index, [counts[row] for row in order], mask, where), dtype=np.int64)
        for array in (whole, mask):
            array.flags.writeable = False
        for field, value in zip(("months", "values", "missing", "unique_id"), (index, whole, mask, name), strict=True):
            object.__setattr__(self, field, value)

    @classmethod
    def from_frame(
        cls,
        df: Any,
        unique_id: str | None = None,
        *,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
        allow_missing: bool = False,
        last_month: LastMonth | None = None,
        as_of: Day | None = None,
    ) -> CountSeries:
        """Read one series of a long table, one row per month.

        Parameters
        ----------
        df : DataFrame
            With the columns `time_col` and `target_col`, and `id_col` if it holds several series.  Of pandas, polars, an
            Arrow table, or a mapping of columns.
        unique_id : str, optional
            The series to read; needed if there are several.
        id_col, time_col, target_col : str
            Names of the columns.
        allow_missing : bool
            Take an empty count for a month that was not observed, instead of for a mistake.
        last_month : {"drop", "keep"}, optional
            Leave out the month of `as_of`, which was not over on that day, or take its count as complete.
        as_of : date, optional
            Day on which the counts were known; later months are left out.

        Raises
        ------
        InvalidSeries
            If a column is missing, the series is unknown or not the only one, or its rows are not monthly counts.
        InvalidInput
            If `last_month` is unknown, or is ``"drop"`` without `as_of`.

        Warns
        -----
        ForecastingWarning
            If the last count is that of the month of `as_of`, by default of today, or of a later one, unless `last_month` says
            what to do.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecasting as fc
        >>> df = pd.DataFrame({"unique_id": "requests", "ds": ["2023-09", "2023-10", "2023-11"], "y": [184, 171, 12]})
        >>> fc.CountSeries.from_frame(df, last_month="drop", as_of="2023-11-05").values.tolist()
        [184, 171]
        """
        table = read_frame(df)
        check_columns(table, time_col, target_col)
        if read_label(id_col) in table.columns:
            check_columns(table, id_col)
            table = drop_blank_rows(table, id_col, time_col, target_col)
            names = series_names(table[id_col])
            name = choose_series(names, unique_id)
            table = table[names == name]
        else:
            name = str(target_col) if unique_id is None else read_name(unique_id)
        months = read_months(table[time_col], f"series {name!r}")
        return cls._known(months, table[target_col].to_numpy(), name, allow_missing, last_month, as_of)

    @classmethod
    def from_pandas(
        cls,
        series: pd.Series,
        *,
        allow_missing: bool = False,
        last_month: LastMonth | None = None,
        as_of: Day | None = None,
    ) -> CountSeries:
        """Read counts indexed by month: a PeriodIndex, dates, or names such as ``"2023-09"``.

        Parameters
        ----------
        series : pandas.Series
            The counts.
        allow_missing, last_month, as_of
            As in `from_frame`.

        Raises
        ------
        InvalidSeries
            If it is not a Series, or not of monthly counts.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecasting as fc
        >>> fc.CountSeries.from_pandas(pd.Series([184, 171], pd.date_range("2023-09", periods=2, freq="ME")))
        CountSeries('y', 2023-09..2023-10, 2 months)
        """
        if not isinstance(series, pd.Series):
            raise InvalidSeries(
                f"from_pandas reads a pandas Series indexed by month, not {type(series).__name__}; use from_frame(df) for a "
                "table, or CountSeries(months, counts)"
            )
        name = _name_of(series)
        months = read_months(series.index, f"series {name!r}")
        return cls._known(months, series.to_numpy(), name, allow_missing, last_month, as_of)

    @classmethod
    def _known(
        cls,
        months: pd.PeriodIndex,
        values: NDArray[Any],
        name: str,
        allow_missing: bool,
        last_month: LastMonth | None,
        as_of: Day | None,
    ) -> CountSeries:
        read_flag(allow_missing, "allow_missing")
        absent = np.array([is_missing(value) for value in values], dtype=bool)
        counted = months[~absent].sort_values()
        known, warning = months_known(counted, last_month, as_of, name)
        if warning:
            warnings.warn(warning, ForecastingWarning, stacklevel=3)
        if as_of is not None and len(known):
            kept = months <= known[-1]
            months, values, absent = months[kept], values[kept], absent[kept]
        return cls(months, values, absent if allow_missing else None, name)

    @property
    def name(self) -> str:
        """Name of the series."""
        return self.unique_id

    @cached_property
    def constraints(self) -> Constraints:
        """What is known about each month: its count, or nothing where it is missing."""
        return Constraints.complete(self.months, self.values, self.missing)

    def until(self, month: MonthLike) -> CountSeries:
        """Return the series up to and including `month`, as if the later months had not been seen."""
        last = to_month(month)
        kept = self.months <= last
        if not kept.any():
            raise InvalidSeries(f"series {self.name!r} starts in {self.months[0]}, after {last}")
        return CountSeries(self.months[kept], self.values[kept], self.missing[kept], self.unique_id)

    def to_frame(self) -> pd.DataFrame:
        """Return a long table: unique_id, ds (month starts) and y (Int64, empty where missing)."""
        counts = pd.array(self.values, dtype="Int64")
        counts[self.missing] = pd.NA
        return pd.DataFrame({"unique_id": self.unique_id, "ds": self.months.to_timestamp(), "y": counts})

    def __len__(self) -> int:
        return len(self.months)

    def __repr__(self) -> str:
        gaps = f", {self.missing.sum()} missing" if self.missing.any() else ""
        span = f"{self.months[0]}..{self.months[-1]}"
        return f"CountSeries({self.unique_id!r}, {span}, {len(self)} months{gaps})"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame().drop(columns="unique_id"), max_rows=12, index=False)


def _name_of(values: Any) -> str:
    """Return the name that a Series of counts has, else ``"y"``."""
    name = values.name if isinstance(values, pd.Series) else None
    return "y" if name is None else str(name)


def _read_mask(entries: list[Any], where: str) -> list[bool]:
    for entry in entries:
        if not isinstance(entry, bool | np.bool_):
            raise InvalidSeries(f"{where}: `missing` holds {reprlib.repr(entry)}; give True or False for every month")
    return [bool(entry) for entry in entries]


def _check_consecutive(months: pd.PeriodIndex, where: str) -> None:
    if months.empty:
        raise InvalidSeries(f"{where} has no rows; give at least one month")
    repeated = months[months.duplicated()].unique()
    if len(repeated):
        raise InvalidSeries(
            f"{where} has several rows for {listing(repeated)}; keep one row per month; sum daily or weekly rows first"
        )
    gaps = pd.period_range(months[0], months[-1], freq="M").difference(months)
    if len(gaps):
        raise InvalidSeries(
            f"{where} has no row for {listing(gaps)}; add the months, and where they were not observed name them with "
            "missing=, or leave the count empty and pass allow_missing=True to from_frame or from_pandas"
        )


def _read_counts(months: pd.PeriodIndex, values: list[Any], missing: NDArray[np.bool_], where: str) -> list[int]:
    """Return the counts, 0 where missing; all faults are told at once."""
    counts, faults, hint = [], [], ""
    for row, (value, absent) in enumerate(zip(values, missing.tolist(), strict=True)):
        try:
            count = 0 if absent else count_of(value)
        except Unreadable as error:
            shown = value.item() if isinstance(value, np.generic) else value
            faults.append(f"{months[row]} is {reprlib.repr(shown)} ({error})")
            continue
        if count is None:
            faults.append(f"{months[row]} is missing")
            hint = "; name a month that was not observed with missing=, or pass allow_missing=True to from_frame or from_pandas"
        counts.append(count or 0)
    if faults:
        raise InvalidSeries(f"{where}: {listing(faults)}; counts are whole numbers from 0 to 10^9{hint}")
    if missing.all():
        raise InvalidSeries(f"{where} has no observed month; give at least one count")
    return counts
