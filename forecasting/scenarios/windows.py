"""Two windows of months to compare, and every other pair of the same lengths that could have been chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.errors import InvalidWindow
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.months import Window, days_in, month_range, read_window


@dataclass(frozen=True, eq=False)
class Windows:
    """An earlier and a later window within the months of some data, and what is known of their totals.

    Attributes
    ----------
    before, after : pandas.PeriodIndex
        The windows.
    before_range, after_range : tuple of (int, float)
        Smallest and largest possible total of each.
    """

    before: pd.PeriodIndex
    after: pd.PeriodIndex
    before_range: tuple[int, float]
    after_range: tuple[int, float]

    @classmethod
    def of(cls, data: Observed, before: Window, after: Window) -> Windows:
        """Return the comparison of two windows, each ``(start, end)``.

        Raises
        ------
        InvalidWindow
            If a window is reversed, outside the data, not earlier than the other, or nothing limits its total.
        """
        windows = {
            "before": month_range(*read_window(before, "before")),
            "after": month_range(*read_window(after, "after")),
        }
        for name, window in windows.items():
            if window[0] < data.months[0] or window[-1] > data.months[-1]:
                raise InvalidWindow(
                    f"{name}={window[0]}..{window[-1]} leaves the months known of {data.name}, "
                    f"{data.months[0]}..{data.months[-1]}; choose a window inside, or widen the data with start= and end="
                )
        early, late = windows["before"], windows["after"]
        if late[0] <= early[-1]:
            raise InvalidWindow(
                f"before={early[0]}..{early[-1]} must end before after={late[0]}..{late[-1]} starts; "
                "the windows overlap or are swapped"
            )
        ranges = {}
        for name, window in windows.items():
            ranges[name] = data.constraints.sum_range(_positions(data.months, window))
            if np.isinf(ranges[name][1]):
                raise InvalidWindow(
                    f"nothing known of {data.name} limits the total of {name}={window[0]}..{window[-1]} from above; "
                    "choose a window whose total, or whose months, are facts, or write the largest total that can be believed "
                    "as the high of a bound"
                )
        return cls(early, late, ranges["before"], ranges["after"])

    @property
    def exact(self) -> bool:
        """Whether both totals are known exactly."""
        return self.before_range[0] == self.before_range[1] and self.after_range[0] == self.after_range[1]

    @property
    def ratios(self) -> tuple[float, float]:
        """Smallest and largest possible ratio of the totals, after over before; infinite over nothing, 1 if both are zero."""
        return (
            _quotient(self.after_range[0], self.before_range[1]),
            _quotient(self.after_range[1], self.before_range[0]),
        )

    @property
    def direction(self) -> Literal["rise", "fall"]:
        """Which way the count per month went; by the middles of the ranges if the totals are not exact."""
        after, before = (sum(ends) / 2.0 for ends in (self.after_range, self.before_range))
        return "rise" if _quotient(after, before) >= self.month_exposure or after == before == 0 else "fall"

    @property
    def ratio(self) -> float:
        """Ratio of the totals, after over before; the smallest change that is possible where they are not exact."""
        return self.ratios[0] if self.direction == "rise" else self.ratios[1]

    @property
    def month_exposure(self) -> float:
        """Months of the later window over months of the earlier one."""
        return len(self.after) / len(self.before)

    @property
    def day_exposure(self) -> float:
        """Days of the later window over days of the earlier one."""
        return float(days_in(self.after).sum() / days_in(self.before).sum())

    def totals(self, paths: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the earlier and the later totals ``[S, N]`` of all N pairs of windows like these within ``[S, T]`` paths."""
        running = np.concatenate([np.zeros((len(paths), 1)), np.cumsum(paths, axis=1)], axis=1)
        early, gap, late = len(self.before), self.gap, len(self.after)
        starts = np.arange(self.pairs(paths.shape[1]))
        earlier = running[:, starts + early] - running[:, starts]
        later = running[:, starts + early + gap + late] - running[:, starts + early + gap]
        return np.asarray(earlier), np.asarray(later)

    def as_large(self, earlier: FloatArray, later: FloatArray) -> NDArray[np.bool_]:
        r"""Return which pairs of totals change at least as much as these windows, in the same direction.

        Of two pairs the one with the larger :math:`(A+\tfrac12)/(B+\tfrac12)` rises more, which also orders pairs that begin
        with zero (Haldane 1955).
        """
        now = (later + 0.5) / (earlier + 0.5)
        if self.direction == "rise":
            return np.asarray(now >= (self.after_range[0] + 0.5) / (self.before_range[1] + 0.5) - 1e-12)
        return np.asarray(now <= (self.after_range[1] + 0.5) / (self.before_range[0] + 0.5) + 1e-12)

    @property
    def gap(self) -> int:
        """Months between the windows."""
        return int(self.after[0].ordinal - self.before[-1].ordinal - 1)

    def pairs(self, months: int) -> int:
        """Return how many such pairs fit in a period of so many months."""
        return months - len(self.before) - self.gap - len(self.after) + 1


def _quotient(after: float, before: float) -> float:
    if before > 0:
        return after / before
    return float(np.inf) if after > 0 else 1.0


def _positions(months: pd.PeriodIndex, window: pd.PeriodIndex) -> list[int]:
    return [month.ordinal - months[0].ordinal for month in window]
