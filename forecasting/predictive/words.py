"""A forecast in sentences: what comes, and whether what came is unusual."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import pandas as pd

from forecasting.display import chance
from forecasting.errors import InvalidInput
from forecasting.months import MonthLike, to_month
from forecasting.predictive.quantity import Quantity

_UNUSUAL = 0.025  # probability of one tail: outside the central 95%


class Told(ABC):
    """A forecast that says itself in sentences."""

    name: str
    months: pd.PeriodIndex

    @abstractmethod
    def total(self) -> Quantity: ...  # noqa: D102
    @abstractmethod
    def interval(self, level: float) -> pd.DataFrame: ...  # noqa: D102
    @abstractmethod
    def cdf(self, month: MonthLike, y: float) -> float: ...  # noqa: D102
    @abstractmethod
    def exceedance(self, month: MonthLike, y: float) -> float: ...  # noqa: D102

    def in_words(self, level: float = 0.9, *, observed: Mapping[MonthLike, int] | None = None) -> str:
        """Return the total as a sentence; or, for counts that are known by now, whether each was unusual.

        A count is called unusual if it lies outside the central 95%.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecasting as fc
        >>> forecast = fc.Predictive(pd.period_range("2024-01", periods=1, freq="M"), [[4]], [[4.0]], (), fc.Poisson(), "y")
        >>> print(forecast.in_words(observed={"2024-01": 9}))
        2024-01: 9 is unusually high. 90% of the probability lay between 1 and 8; the chance of 9 or more was 2%.
        """
        if observed is not None and not isinstance(observed, Mapping):
            raise InvalidInput(f"observed is {type(observed).__name__}; give a mapping such as {{'2024-01': 9}}")
        if observed:
            return " ".join(self._judged(month, count, level) for month, count in observed.items())
        first, last, total = self.months[0], self.months[-1], self.total()
        (low, high), middle = total.interval(level), total.median
        where = f"in {first}" if first == last else f"in {first} to {last} together"
        return (
            f"{self.name} {where}: between {low:,.0f} and {high:,.0f} with a probability of {level:.0%}, as likely below "
            f"{middle:,.0f} as above."
        )

    def _judged(self, month: MonthLike, count: int, level: float) -> str:
        more, less = self.exceedance(month, count - 1), self.cdf(month, count)
        side, tail = ("high", more) if more <= less else ("low", less)
        verdict = f"unusually {side}" if tail <= _UNUSUAL else "not unusual"
        low, high = self.interval(level).to_numpy()[self.months == to_month(month)][0]
        way = "more" if side == "high" else "fewer"
        return (
            f"{to_month(month)}: {count:,} is {verdict}. {level:.0%} of the probability lay between {low:,} and {high:,}; "
            f"the chance of {count:,} or {way} was {chance(tail)}."
        )
