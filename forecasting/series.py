"""A series of monthly counts: one count a month, or none where the month was not observed."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecasting.constraints import Constraints
from forecasting.errors import InvalidInput, InvalidSeries
from forecasting.months import MonthLike, to_month

LARGEST_COUNT = 10**9
_LISTED = 6


@dataclass(frozen=True, init=False, eq=False, repr=False)
class CountSeries:
    """Counts of T consecutive calendar months.

    Attributes
    ----------
    months : pandas.PeriodIndex
        The T months, frequency ``M``, in order and without gaps.  Dates, month starts, month ends and names
        such as ``"2023-09"`` are accepted in any order.
    values : int64[T]
        The counts, read-only.  Where `missing` is true the entry is 0 and means nothing.
    missing : bool[T]
        Months that were not observed, read-only; none by default.
    unique_id : str
        Name of the series.

    Raises
    ------
    InvalidSeries
        If months have gaps or duplicates, if a count is missing, negative, fractional, infinite, above 10^9
        or no number, or if no month was observed.

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
        values: ArrayLike,
        missing: ArrayLike | None = None,
        unique_id: str = "y",
    ) -> None:
        where = f"series {unique_id!r}"
        index = read_months(months, where)
        counts = pd.Series(values, dtype=object).to_numpy()
        absent = np.zeros(len(counts), bool) if missing is None else np.asarray(missing, dtype=bool)
        if not len(index) == len(counts) == len(absent):
            lengths = [f"{len(index)} months", f"{len(counts)} counts"]
            if missing is not None:
                lengths.append(f"{len(absent)} entries in `missing`")
            raise InvalidSeries(f"{where} has {' and '.join(lengths)}; give one of each for every month")
        order = np.argsort(index, kind="stable")
        index, counts, absent = index[order], counts[order], absent[order]
        _check_consecutive(index, where)
        _check_counts(index[~absent], counts[~absent], where)
        whole = np.where(absent, 0, counts).astype(np.int64)
        for array in (whole, absent):
            array.flags.writeable = False
        for field, value in zip(
            ("months", "values", "missing", "unique_id"), (index, whole, absent, unique_id), strict=True
        ):
            object.__setattr__(self, field, value)

    @classmethod
    def from_frame(
        cls,
        df: pd.DataFrame,
        unique_id: str | None = None,
        *,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
        allow_missing: bool = False,
    ) -> CountSeries:
        """Read one series of a long table, one row a month.

        Parameters
        ----------
        df : pandas.DataFrame
            With the columns `time_col` and `target_col`, and `id_col` where it holds several series.
        unique_id : str, optional
            The series to read; needed where there are several.
        id_col, time_col, target_col : str
            Names of the columns.
        allow_missing : bool
            Take an empty count for a month that was not observed, instead of for a mistake.

        Raises
        ------
        InvalidSeries
            If a column is missing, the series is unknown or not the only one, or its rows are no monthly
            counts.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecasting as fc
        >>> df = pd.DataFrame({"unique_id": "requests", "ds": ["2023-09", "2023-10"], "y": [184, 171]})
        >>> fc.CountSeries.from_frame(df).values.tolist()
        [184, 171]
        """
        _check_columns(df, time_col, target_col)
        if id_col in df.columns:
            unique_id = _choose_series(df[id_col], unique_id)
            df = df[df[id_col].astype(str) == unique_id]
        return cls(
            df[time_col],
            df[target_col],
            missing=df[target_col].isna() if allow_missing else None,
            unique_id=target_col if unique_id is None else unique_id,
        )

    @classmethod
    def from_pandas(cls, series: pd.Series, *, allow_missing: bool = False) -> CountSeries:
        """Read counts indexed by month: a PeriodIndex, dates, or names such as ``"2023-09"``.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecasting as fc
        >>> fc.CountSeries.from_pandas(pd.Series([184, 171], pd.date_range("2023-09", periods=2, freq="ME")))
        CountSeries('y', 2023-09..2023-10, 2 months)
        """
        return cls(
            series.index,
            series,
            missing=series.isna() if allow_missing else None,
            unique_id="y" if series.name is None else str(series.name),
        )

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


def read_months(stamps: Iterable[Any], where: str) -> pd.PeriodIndex:
    """Return calendar months for Periods, dates or names of months; `where` opens the message of an error."""
    index = stamps if isinstance(stamps, pd.Index) else pd.Index(stamps)
    if isinstance(index, pd.DatetimeIndex):
        index = index.tz_localize(None).to_period("M")
    if isinstance(index, pd.PeriodIndex) and index.freqstr == "M" and not index.hasnans:
        return index
    return pd.PeriodIndex([_read_month(stamp, row, where) for row, stamp in enumerate(index, 1)], freq="M")


def _read_month(stamp: Any, row: int, where: str) -> pd.Period:
    try:
        if isinstance(stamp, Number):
            raise InvalidInput(f"the number {stamp!r} is no month; write it as YYYY-MM, for example 2023-09")
        return to_month(stamp)
    except InvalidInput as error:
        raise InvalidSeries(f"{where}, row {row}: {error}") from error


def listing(items: Iterable[object]) -> str:
    """Return the first few items, and how many more there are."""
    texts = [str(item) for item in items]
    more = f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else ""
    return ", ".join(texts[:_LISTED]) + more


def _check_columns(df: pd.DataFrame, *needed: str) -> None:
    columns = list(df.columns)
    for column in needed:
        if columns.count(column) != 1:
            fault = "no column" if column not in columns else "more than one column"
            raise InvalidSeries(
                f"the table has {fault} {column!r}, only {listing(columns) or 'none at all'}; "
                "name the columns with id_col, time_col and target_col"
            )


def _choose_series(ids: pd.Series, wanted: str | None) -> str:
    known = [str(name) for name in ids.unique()]
    if wanted is None and len(known) != 1:
        remedy = f"choose one with unique_id: {listing(known)}" if known else "give at least one row"
        raise InvalidSeries(f"the table holds {len(known)} series; {remedy}")
    if wanted is not None and wanted not in known:
        raise InvalidSeries(f"the table has no series {wanted!r}; it holds {listing(known) or 'no rows'}")
    return known[0] if wanted is None else wanted


def _check_consecutive(months: pd.PeriodIndex, where: str) -> None:
    if months.empty:
        raise InvalidSeries(f"{where} has no rows; give at least one month")
    repeated = months[months.duplicated()].unique()
    if len(repeated):
        raise InvalidSeries(
            f"{where} has several rows for {listing(repeated)}; leave one row a month, "
            "with the sum where rows are days or weeks"
        )
    gaps = pd.period_range(months[0], months[-1], freq="M").difference(months)
    if len(gaps):
        raise InvalidSeries(
            f"{where} has no row for {listing(gaps)}; add the months, with an empty count and "
            "allow_missing=True where they were not observed"
        )


def _fault(count: Any) -> str | None:
    """Return what keeps a value from being a count, if anything does."""
    if pd.api.types.is_scalar(count) and pd.isna(count):
        return "missing"
    if isinstance(count, bool) or not isinstance(count, int | float | np.integer | np.floating):
        return "not an integer or float"
    if count in (math.inf, -math.inf):
        return "infinite"
    if count < 0:
        return "negative"
    if count > LARGEST_COUNT:
        return "above 10^9"
    return None if count == math.floor(count) else "fractional"


def _check_counts(months: pd.PeriodIndex, counts: Iterable[object], where: str) -> None:
    faults = [
        (
            fault,
            f"{month} is {fault}" if fault == "missing" else f"{month} is {reprlib.repr(count)} ({fault})",
        )
        for month, count in zip(months, counts, strict=True)
        if (fault := _fault(count))
    ]
    if faults:
        hint = "; pass allow_missing=True if a month was not observed" if "missing" in dict(faults) else ""
        raise InvalidSeries(
            f"{where}: {listing(text for _, text in faults)}; counts are whole numbers from 0 to 10^9{hint}"
        )
    if months.empty:
        raise InvalidSeries(f"{where} has no observed month; give at least one count")
