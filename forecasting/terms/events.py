"""Changes that begin in a named month."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.errors import InvalidInput, InvalidWindow
from forecasting.months import MonthLike, to_month
from forecasting.parameters import declared
from forecasting.terms.base import FloatArray, Term, months_since

PULSE = declared("pulse", 1.0, "Change of the log mean of one month.")


@dataclass(frozen=True, repr=False)
class _Event(Term):
    """A term that begins in a month."""

    month: MonthLike

    def __post_init__(self) -> None:
        object.__setattr__(self, "month", to_month(self.month))

    @property
    def columns(self) -> tuple[str, ...]:
        """The family with the month, such as ``step[2023-09]``."""
        return (f"{self.family}[{self.month}]",)


@dataclass(frozen=True, repr=False)
class Step(_Event):
    """A lasting change of level: 1 from `month` on.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-08", periods=4, freq="M")
    >>> fc.Step("2023-09").rows(months, origin=months)
    array([0., 1., 1., 1.])
    """

    family = declared("step", 1.0, "Change of the log mean.")

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return 0 before the month and 1 from it on."""
        return np.asarray(months_since(months, to_month(self.month)) >= 0, dtype=np.float64)


@dataclass(frozen=True, repr=False)
class Pulse(_Event):
    """A change of one month only: 1 in `month`.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-08", periods=4, freq="M")
    >>> fc.Pulse("2023-09").rows(months, origin=months)
    array([0., 1., 0., 0.])
    """

    family = PULSE

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return 1 in the month and 0 elsewhere."""
        return np.asarray(months_since(months, to_month(self.month)) == 0, dtype=np.float64)


@dataclass(frozen=True, repr=False)
class DecayingPulse(_Event):
    """A change that fades: 1 in `month`, and every month after it `decay` times the month before.

    A decay of 0 is a pulse, of 1 a step (Fokianos, Fried 2010, J. Time Series Analysis 31, 210-225).

    Attributes
    ----------
    month : month
        The first month that differs.
    decay : float
        From 0 to 1.

    Raises
    ------
    InvalidInput
        If `decay` is no number from 0 to 1.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-08", periods=4, freq="M")
    >>> fc.DecayingPulse("2023-09", decay=0.5).rows(months, origin=months)
    array([0.  , 1.  , 0.5 , 0.25])
    """

    family = PULSE
    decay: float = 0.8

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.decay, bool) or not isinstance(self.decay, int | float) or not 0 <= self.decay <= 1:
            raise InvalidInput(f"decay={self.decay!r} must be a number from 0 (a pulse) to 1 (a step)")

    @property
    def columns(self) -> tuple[str, ...]:
        """The month with the decay, such as ``pulse[2023-09, 0.8]``."""
        return (f"pulse[{self.month}, {self.decay:g}]",)

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return 0 before the month and powers of the decay from it on."""
        since = months_since(months, to_month(self.month))
        return np.where(since >= 0, np.power(float(self.decay), np.maximum(since, 0)), 0.0)


@dataclass(frozen=True, repr=False)
class Ramp(_Event):
    """A gradual change of level: 1 in `month`, one more every month, constant after `end`.

    Attributes
    ----------
    month : month
        The first month that differs.
    end : month, optional
        The last month of the rise; without it the rise goes on.

    Raises
    ------
    InvalidWindow
        If `end` is not after `month`.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-08", periods=5, freq="M")
    >>> fc.Ramp("2023-09", end="2023-11").rows(months, origin=months)
    array([0., 1., 2., 3., 3.])
    """

    family = declared("ramp", 0.25, "Change of the log mean per month of the rise.")
    end: MonthLike | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.end is None:
            return
        object.__setattr__(self, "end", to_month(self.end))
        if to_month(self.end) <= to_month(self.month):
            raise InvalidWindow(
                f"the ramp from {self.month} ends in {self.end}; it must end later, or be a step or a pulse"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """``ramp[2023-09]``, or ``ramp[2023-09..2023-12]`` where it ends."""
        return (f"ramp[{self.month}]" if self.end is None else f"ramp[{self.month}..{self.end}]",)

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return the number of months that the rise has lasted."""
        start = to_month(self.month)
        lasts = np.inf if self.end is None else (to_month(self.end) - start).n + 1
        return np.asarray(np.clip(months_since(months, start) + 1, 0, lasts))
