"""Level, trend, season, and the weekdays of a month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.months import MonthLike, to_month, weekdays_in
from forecasting.parameters import declared
from forecasting.reading.arguments import read_whole
from forecasting.terms.base import FloatArray, Term, months_since

SEASONAL = declared("seasonal", 0.5, "Each harmonic or month coefficient.")


@dataclass(frozen=True, repr=False)
class Intercept(Term):
    """The level: a column of ones.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-10", periods=3, freq="M")
    >>> fc.Intercept().rows(months, origin=months)
    array([1., 1., 1.])
    """

    family = declared("level", 2.0, "Log level, around the log of the mean of what is known.")
    columns = ("intercept",)

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return ones."""
        return np.ones(len(months))


@dataclass(frozen=True, repr=False)
class Trend(Term):
    """Change of the log mean per month.

    Attributes
    ----------
    origin : month, optional
        Where the trend is zero; the middle of the data unless given.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-10", periods=4, freq="M")
    >>> fc.Trend().rows(months, origin=months)
    array([-1.5, -0.5,  0.5,  1.5])
    >>> fc.Trend(origin="2023-10").rows(months, origin=months)
    array([0., 1., 2., 3.])
    """

    family = declared("trend", 0.1, "Change of the log mean per month.")
    columns = ("trend",)
    origin: MonthLike | None = None

    def __post_init__(self) -> None:
        if self.origin is not None:
            object.__setattr__(self, "origin", to_month(self.origin))

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return months since the origin; halves occur where the data have an even number of months."""
        if self.origin is None:
            return np.asarray(months.asi8 - origin.asi8[[0, -1]].mean())
        return months_since(months, to_month(self.origin))


@dataclass(frozen=True, repr=False)
class Seasonal(Term):
    """Harmonics of the year: cosine and sine of 2 pi k m / 12, month m = 1..12, k = 1..`harmonics`.

    The sine of the sixth harmonic is zero in every month and left out.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.PeriodIndex(["2023-02", "2023-04"], freq="M")
    >>> fc.Seasonal(harmonics=1).columns
    ('cos1', 'sin1')
    >>> fc.Seasonal(harmonics=1).rows(months, origin=months).round(2)
    array([[ 0.5 ,  0.87],
           [-0.5 ,  0.87]])
    """

    family = SEASONAL
    harmonics: int = 1

    def __post_init__(self) -> None:
        read_whole(self.harmonics, "harmonics", 1, 6)

    @property
    def columns(self) -> tuple[str, ...]:
        """cos1, sin1, cos2, ..., without sin6."""
        return tuple(f"{wave}{k}" for k in range(1, self.harmonics + 1) for wave in ("cos", "sin"))[:11]

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return cosine and sine of each harmonic, side by side."""
        angles = np.pi / 6 * np.outer(months.asi8 % 12 + 1, np.arange(1, self.harmonics + 1))
        waves = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        return waves.reshape(len(months), -1)[:, :11]


@dataclass(frozen=True, repr=False)
class MonthEffects(Term):
    """A free effect of each month of the year, relative to January.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-01", periods=3, freq="M")
    >>> fc.MonthEffects().columns[:2]
    ('month[02]', 'month[03]')
    >>> fc.MonthEffects().rows(months, origin=months)[:, :2]
    array([[0., 0.],
           [1., 0.],
           [0., 1.]])
    """

    family = SEASONAL
    columns = tuple(f"month[{month:02d}]" for month in range(2, 13))

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return indicators of February to December."""
        return np.equal.outer(months.month, np.arange(2, 13)).astype(np.float64)


@dataclass(frozen=True, repr=False)
class Weekdays(Term):
    """The Mondays to Fridays of a month, beyond five sevenths of its days.

    Offices, courts, clinics and shops work on weekdays: where counts are made there, a month with 23 of them has more than one
    with 20.  The coefficient is the change of the log mean if one more day of a month of the same length is a weekday.  Public
    holidays, which differ between places, are not in it.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-07", periods=3, freq="M")  # 21, 23 and 21 weekdays
    >>> fc.Weekdays().rows(months, origin=months).round(2)
    array([-1.14,  0.86, -0.43])
    """

    family = declared(
        "weekday",
        0.02,
        "Change of the log mean if one more day of a month is a weekday: 0.045 where nothing happens on weekends, 0 where all "
        "days are alike.",
    )
    columns = ("weekdays",)

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return the number of weekdays less five sevenths of the days."""
        return np.asarray(weekdays_in(months) - months.days_in_month * 5.0 / 7.0, dtype=np.float64)
