"""The months before a forecast, so that a total can begin in the past and end in the future."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import InvalidWindow
from forecasting.kernels.counts import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class History:
    """Counts of the months before a forecast; what is not exact can be drawn, in the order of the forecast's paths.

    Attributes
    ----------
    months : pandas.PeriodIndex
        The T months of the data.
    counts : int64[T]
        Exact counts; what stands where `known` is false means nothing.
    known : ndarray of bool, [T]
        Months whose count is exact.
    draw : callable or None
        Returns all months ``[S, T]``: row i belongs to the parameters that made path i of the forecast.  None if months that
        are not exact cannot be drawn.
    """

    months: pd.PeriodIndex
    counts: IntArray
    known: NDArray[np.bool_]
    draw: Callable[[], IntArray] | None = None

    @cached_property
    def _drawn(self) -> IntArray:
        assert self.draw is not None
        return self.draw()

    def sum(self, window: pd.PeriodIndex, paths: int) -> FloatArray:
        """Return the total of a window of the past for each path ``[S]``.

        Raises
        ------
        InvalidWindow
            If the window leaves the data, or holds a month of which nothing can be said.
        """
        inside = np.asarray(self.months.isin(window))
        if inside.sum() < len(window):
            raise InvalidWindow(f"{window[0]} is before the data, which begin in {self.months[0]}")
        if self.known[inside].all():
            return np.full(paths, float(self.counts[inside].sum()))
        if self.draw is None:
            unknown = self.months[inside & ~self.known][0]
            raise InvalidWindow(f"{unknown} is not known, so no total holds it; begin after it")
        return np.asarray(self._drawn[:, inside].sum(axis=1, dtype=float))
