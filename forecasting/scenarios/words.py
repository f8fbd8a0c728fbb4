"""Numbers as words: chances, limits of chances, ranges and windows of months as a person would write them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting.display import chance as chance
from forecasting.scenarios import rates

_FOR, _AGAINST = 20.0, 1.0 / 3.0  # Bayes factors from which data are said to speak for a change, or against one


def chances(probabilities: Sequence[float]) -> str:
    """Return the range of several probabilities, or one of them where they read the same.

    Examples
    --------
    >>> chances([0.31, 0.24, 0.45]), chances([0.052, 0.048]), chances([0.999, 0.2]), chances([0.99, 0.999])
    ('24% to 45%', '5%', '20% to more than 99%', '99% or more')
    """
    low, high = chance(min(probabilities)), chance(max(probabilities))
    if low != high and high == f"more than {low}":
        return f"{low} or more"
    if low != high and low == f"less than {high}":
        return f"{high} or less"
    return _between(low, high)


def factors(low: float, high: float) -> str:
    """Return a range of ratios.

    Examples
    --------
    >>> factors(0.61, 3.02), factors(1.201, 1.199), factors(0.4138, float("inf"))
    ('0.61 to 3.02', '1.20', '0.41 to infinity')
    """
    return _between(factor(low), factor(high))


def factor(value: float) -> str:
    """Return a ratio with two decimals.

    Examples
    --------
    >>> factor(1.8918), factor(float("inf")), factor(231.4)
    ('1.89', 'infinity', '231')
    """
    if np.isinf(value):
        return "infinity"
    return f"{value:,.0f}" if value >= 100.0 else f"{value:.2f}"


def _between(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def below(limit: float) -> str:
    """Return an upper limit of a probability in words, rounded up.

    Examples
    --------
    >>> below(0.00075), below(0.015)
    ('less than 0.08%', 'less than 2%')
    """
    digit = 10.0 ** np.floor(np.log10(limit))
    said = chance(float(np.ceil(limit / digit - 1e-9) * digit))
    return said if said.startswith("less") else f"less than {said}"


def share(value: float, draws: int, *, counted: bool = False) -> str:
    """Return a share of draws as a chance; where no draw counted, its 95% bound (`rates.unseen_bound`).

    Examples
    --------
    >>> share(0.5, 100), share(0.0, 4000), share(0.0, 4000, counted=True)
    ('50%', 'less than 0.08%', 'less than 0.08% (none of 4,000 draws)')
    """
    if value * draws >= 0.5:
        return chance(value)
    return below(rates.unseen_bound(draws)) + (f" (none of {draws:,} draws)" if counted else "")


def months(window: pd.PeriodIndex) -> str:
    """Return a window as words, for example ``September to November 2023``.

    Examples
    --------
    >>> months(pd.period_range("2023-09", "2023-11", freq="M"))
    'September to November 2023'
    """
    first, last = window[0], window[-1]
    if first == last:
        return str(first.strftime("%B %Y"))
    return f"{first.strftime('%B' if first.year == last.year else '%B %Y')} to {last.strftime('%B %Y')}"


def total(limits: tuple[int, float]) -> str:
    """Return a total, or the limits it is known to lie within.

    Examples
    --------
    >>> total((305, 305.0)), total((1200, 1300.0))
    ('305', 'between 1,200 and 1,300')
    """
    low, high = int(limits[0]), int(limits[1])
    return f"{low:,}" if low == high else f"between {low:,} and {high:,}"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Return parts as an English list.

    Examples
    --------
    >>> listed(["a"]), listed(["a", "b"], "or"), listed(["a", "b", "c"])
    ('a', 'a or b', 'a, b and c')
    """
    return f" {last} ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


def spans(months: pd.PeriodIndex) -> str:
    """Return months as words, neighbours together.

    Examples
    --------
    >>> spans(pd.PeriodIndex(["2023-05", "2023-06", "2023-07", "2023-09"], freq="M"))
    '2023-05 to 2023-07 and 2023-09'
    """
    numbers = months.asi8
    breaks = np.flatnonzero(np.diff(numbers) > 1) + 1
    runs = np.split(np.arange(numbers.size), breaks)
    return listed([str(months[run[0]]) if run.size == 1 else f"{months[run[0]]} to {months[run[-1]]}" for run in runs])


def verdict(log_bayes_factor: float, data: str) -> str:
    """Return whether the `data` speak for a change of level; the first sentence of a report.

    Examples
    --------
    >>> verdict(5.0, "facts"), verdict(0.0, "counts")
    ('The facts speak for a change of level.', 'The counts do not settle whether the level changed.')
    """
    if log_bayes_factor > np.log(_FOR):
        return f"The {data} speak for a change of level."
    if log_bayes_factor < np.log(_AGAINST):
        return f"The {data} speak against a change of level."
    return f"The {data} do not settle whether the level changed."


def times(log_bayes_factor: float) -> str:
    """Return how much more or less probable something is.

    Examples
    --------
    >>> times(np.log(250.0)), times(np.log(0.5)), times(70.0)
    ('250 times more', '2.0 times less', 'more than a million times more')
    """
    size = float(np.exp(min(abs(log_bayes_factor), np.log(2e6))))
    said = "more than a million" if size > 1e6 else f"{size:,.0f}" if size >= 10.0 else f"{size:.1f}"
    return f"{said} times {'more' if log_bayes_factor > 0 else 'less'}"
