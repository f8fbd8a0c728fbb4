"""Quantities known for every month: covariates and exposures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd

from forecasting.errors import InvalidInput
from forecasting.months import MonthLike, days_in
from forecasting.parameters import declared
from forecasting.reading.arguments import read_array
from forecasting.series import listing, read_months
from forecasting.terms.base import ROUNDING, FloatArray, Term

_EXTREME = 1e100  # squares of larger values, or of smaller ones, leave the range of doubles

ByMonth: TypeAlias = pd.Series | Mapping[MonthLike, float]


@dataclass(frozen=True, eq=False, repr=False)
class Covariate(Term):
    """A known quantity; its coefficient is the change of the log mean per unit.

    Attributes
    ----------
    name : str
        Name of the column.
    by_month : pandas.Series or mapping
        Value of each month; the months to be forecast must be there too.

    Raises
    ------
    InvalidInput
        If a value is no finite number or a month occurs twice.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-08", periods=3, freq="M")
    >>> hotline = fc.Covariate("hotline_hours", {"2023-08": 80, "2023-09": 120, "2023-10": 120})
    >>> hotline.rows(months, origin=months)
    array([ 80., 120., 120.])
    """

    family = declared(
        "covariate",
        1.0,
        "Effect of one standard deviation of a covariate on the log mean; of its largest departure in any month given, if it "
        "is the same in all months of the data.",
    )
    name: str
    by_month: ByMonth

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput(f"a covariate is named by a text, not by {self.name!r}")
        object.__setattr__(self, "by_month", _read_values(self.by_month, f"covariate {self.name!r}"))

    def __eq__(self, other: object) -> bool:
        """Tell whether it is the same name with the same values."""
        return isinstance(other, Covariate) and (self.name, _content(self)) == (other.name, _content(other))

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash((self.name, _content(self)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The name."""
        return (self.name,)

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return the values of the months."""
        return _look_up(self.by_month, months, f"covariate {self.name!r}")

    def unit(self, months: pd.PeriodIndex) -> float:
        """Return the standard deviation over the `months` of the data.

        A covariate that is constant there has none.  Its unit is then its largest departure from that constant in any month
        given, so that a policy that is 0 in the data and 1 afterwards is weighed as a step; or its size, if there is none.
        """
        values = self.rows(months, months)
        every = np.asarray(pd.Series(self.by_month), dtype=np.float64)
        size = float(np.abs(every).max())
        candidates = (float(values.std()), float(np.abs(every - values[0]).max()), size)
        return next((unit for unit in candidates if unit > ROUNDING * size), 1.0)


@dataclass(frozen=True, eq=False, repr=False)
class Exposure(Term):
    """What the mean is proportional to: its logarithm is an offset, so the intercept is a log rate per unit.

    Attributes
    ----------
    by_month : "days", pandas.Series or mapping
        Days of the month, or a positive value for each month, those to be forecast included.

    Raises
    ------
    InvalidInput
        If a value is no positive, finite number or a month occurs twice.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-01", periods=3, freq="M")
    >>> np.exp(fc.Exposure("days").offset(months)).round()
    array([31., 28., 31.])
    """

    by_month: ByMonth | Literal["days"]

    def __post_init__(self) -> None:
        if isinstance(self.by_month, str):
            if self.by_month != "days":
                raise InvalidInput(f"the exposure {self.by_month!r} is unknown; give 'days' or a Series by month")
            return
        values = _read_values(self.by_month, "exposure")
        low = values[values <= 0]
        if len(low):
            shown = listing(f"{month} is {value}" for month, value in low.items())
            raise InvalidInput(f"exposure: {shown}; an exposure is above 0 (a month that was not open is missing)")
        object.__setattr__(self, "by_month", values)

    def __eq__(self, other: object) -> bool:
        """Tell whether it has the same values."""
        return isinstance(other, Exposure) and _content(self) == _content(other)

    def __hash__(self) -> int:
        """Agree with equality."""
        return hash((Exposure, _content(self)))

    def offset(self, months: pd.PeriodIndex) -> FloatArray:
        """Return the logarithm of the exposure."""
        if isinstance(self.by_month, str):
            return np.log(days_in(months))
        return np.log(_look_up(self.by_month, months, "exposure"))


def _content(term: Covariate | Exposure) -> str | tuple[bytes, bytes]:
    """Return the values with their months, to be compared."""
    values: Any = term.by_month
    return values if isinstance(values, str) else (values.index.asi8.tobytes(), values.to_numpy().tobytes())


def _read_values(by_month: Any, where: str) -> pd.Series:
    """Return a private copy of values by month, checked."""
    if not isinstance(by_month, pd.Series | Mapping):
        raise InvalidInput(
            f"{where} is {type(by_month).__name__}; give a pandas Series or a mapping by month, such as "
            'dict(zip(df["ds"], df["x"]))'
        )
    raw = pd.Series(by_month)
    months = read_months(raw.index, where)
    values = pd.Series(read_array(raw.to_numpy(dtype=object, na_value=np.nan), where), index=months)
    repeated = months[months.duplicated()].unique()
    if len(repeated):
        raise InvalidInput(f"{where} has several values for {listing(repeated)}; leave one a month")
    unusable = values[~np.isfinite(values)]
    if len(unusable):
        shown = listing(f"{month} is {value}" for month, value in unusable.items())
        raise InvalidInput(f"{where}: {shown}; values are finite numbers, and a month without one is left out")
    size = float(values.abs().max()) if len(values) else 1.0
    if not (size == 0.0 or 1.0 / _EXTREME <= size <= _EXTREME):
        raise InvalidInput(
            f"{where} has a largest value of {size:g}; measure it in another unit, so that values are not extreme"
        )
    return values


def _look_up(values: Any, months: pd.PeriodIndex, where: str) -> FloatArray:
    absent = months[~months.isin(values.index)]
    if len(absent):
        raise InvalidInput(
            f"{where} has no value for {listing(absent)}; add them "
            "(future values are an assumption that only you can make)"
        )
    return np.asarray(values.loc[months], dtype=np.float64)
