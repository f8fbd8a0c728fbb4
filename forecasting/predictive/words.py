"""A forecast in sentences: what comes, and whether what came is unusual."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import pandas as pd

from forecasting.display import chance
from forecasting.errors import InvalidInput
from forecasting.months import MonthLike, to_month
from forecasting.predictive.quantity import Quantity

_UNUSUAL = 0.025  # probability of one tail: outside the central 95%


class Tellable(Protocol):
    """What sentences ask of a forecast."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def months(self) -> pd.PeriodIndex: ...  # noqa: D102
    def total(self) -> Quantity: ...  # noqa: D102
    def interval(self, level: float) -> pd.DataFrame: ...  # noqa: D102
    def cdf(self, month: MonthLike, y: float) -> float: ...  # noqa: D102
    def exceedance(self, month: MonthLike, y: float) -> float: ...  # noqa: D102


class Told:
    """A forecast that says itself in sentences."""

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
        return told(cast("Tellable", self), level, observed)


def told(forecast: Tellable, level: float, observed: Mapping[MonthLike, int] | None) -> str:
    """Return the total of a forecast, or how each observed month compares with it."""
    if observed is not None and not isinstance(observed, Mapping):
        raise InvalidInput(f"observed is {type(observed).__name__}; give a mapping such as {{'2024-01': 9}}")
    if observed:
        return " ".join(_judged(forecast, month, count, level) for month, count in observed.items())
    first, last, total = forecast.months[0], forecast.months[-1], forecast.total()
    (low, high), middle = total.interval(level), total.median
    where = f"in {first}" if first == last else f"in {first} to {last} together"
    return (
        f"{forecast.name} {where}: between {low:,.0f} and {high:,.0f} with a probability of {level:.0%}, as likely below "
        f"{middle:,.0f} as above."
    )


def _judged(forecast: Tellable, month: MonthLike, count: int, level: float) -> str:
    more, less = forecast.exceedance(month, count - 1), forecast.cdf(month, count)
    side, tail = ("high", more) if more <= less else ("low", less)
    verdict = f"unusually {side}" if tail <= _UNUSUAL else "not unusual"
    low, high = forecast.interval(level).to_numpy()[forecast.months == to_month(month)][0]
    way = "more" if side == "high" else "fewer"
    return (
        f"{to_month(month)}: {count:,} is {verdict}. {level:.0%} of the probability lay between {low:,} and {high:,}; "
        f"the chance of {count:,} or {way} was {chance(tail)}."
    )
