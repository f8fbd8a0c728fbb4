"""Facts that are well formed and mean something else than their author thinks; each is refused with its remedy."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pandas as pd

_COMPLETE = ("count", "total", "rounded")


def misleading(cells: dict[str, Any], months: pd.PeriodIndex, compared: pd.PeriodIndex) -> str | None:
    """Return what is wrong with a fact that is to be used as data or check; None if nothing is.

    Parameters
    ----------
    cells : dict
        Validated cells of the fact: `kind`, `low`, `high` and `published`.
    months, compared : PeriodIndex
        Its window, and the months it compares it with.
    """
    kind, low, high, published = (cells[name] for name in ("kind", "low", "high", "published"))
    if kind == "ratio":
        return _ratio(set(months), set(compared), low, high)
    bounded_above = kind == "bound" and high is not None
    if (kind in _COMPLETE or bounded_above) and published < _last_day(months[-1]):
        return (
            f"was published on {published}, before its window ends on {_last_day(months[-1])}, so it cannot be complete; "
            "make it kind bound with low alone, end the window earlier, or set use to context"
        )
    return None


def _last_day(month: pd.Period) -> dt.date:
    return dt.date(month.year, month.month, month.days_in_month)


def _ratio(part: set[pd.Period], whole: set[pd.Period], low: Fraction | None, high: Fraction | None) -> str | None:
    """Return what a ratio of overlapping windows cannot mean: a part above its whole, or a share of another series."""
    advice = "; a share of another series cannot be written as a ratio: turn it into a bound, or set use to context"
    if part == whole:
        return "compares a window with itself, whose ratio is always one" + advice
    if part < whole and low is not None and low > 1:
        return f"says that part of a window is at least {float(low):g} times the whole" + advice
    if whole < part and high is not None and high < 1:
        return f"says that a window is at most {float(high):g} times a part of itself" + advice
    return None
