r"""Scores of the total of the next months, from the sample paths: what a user asks for, and what months do not show.

The distribution of a total is that of the sums of the S paths.  With the sums in order, :math:`x_{(1)}\le\dots\le x_{(S)}`, its
continuous ranked probability score is

.. math:: \frac1S\sum_s|x_s-y| - \frac1{S^2}\sum_s(2s-S-1)\,x_{(s)},

which for whole numbers is the ranked probability score (Gneiting and Raftery 2007, JASA 102, eq. 21).
"""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting.errors import InvalidInput
from forecasting.evaluation.judged import INTERVALS
from forecasting.evaluation.observed import Truth, read_observed
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.predictive import Predictive
from forecasting.predictive.levels import central

USUAL = (3, 6, 12)
"""Months of the totals that are scored by default, as far as the horizon reaches."""

TOTAL_INTERVALS = dict(sorted((INTERVALS | {"cover_90": 0.9}).items()))

TOTAL_SCORES = ("crps", "absolute_error")
"""Columns that are scores, smaller is better."""

TOTAL_COLUMNS = (*TOTAL_SCORES, *TOTAL_INTERVALS, "pit_lower", "pit_upper")
"""Everything that is computed of a total and its count."""


def read_totals(totals: Sequence[int] | None, horizon: int) -> tuple[int, ...]:
    """Return the numbers of months of the totals of a forecast of `horizon` months.

    Parameters
    ----------
    totals : sequence of int, optional
        Each from 1 to the horizon; by default 3, 6 and 12 as far as it reaches, the horizon itself if it is shorter, and none
        for a single month.
    horizon : int
        Months of the forecast.

    Raises
    ------
    InvalidInput
        If a number is not a whole number from 1 to the horizon, or occurs twice.
    """
    if totals is None:
        return tuple(size for size in USUAL if size <= horizon) or ((horizon,) if horizon > 1 else ())
    try:
        sizes = [operator.index(size) for size in totals]
    except TypeError:
        sizes = [0, 0]
    if len(set(sizes)) < len(sizes):
        raise InvalidInput(f"totals={totals!r} must be different whole numbers of months, for example (3, 6, 12)")
    beyond = [size for size in sizes if not 1 <= size <= horizon]
    if beyond:
        raise InvalidInput(
            f"totals={totals!r}: a total of {beyond[0]} months does not fit into a forecast of {horizon}; "
            "ask for a longer horizon, or for totals from 1 month to the horizon"
        )
    return tuple(sorted(sizes))


def total_crps(observed: Truth, forecast: Predictive, totals: Sequence[int] | None = None) -> FloatArray:
    """Return the continuous ranked probability score of the total of the first months of a forecast ``[K]``.

    Parameters
    ----------
    observed : array_like, [H]
        Counts, NaN where a month has none: totals that hold it are NaN.
    forecast : Predictive
        Forecast of the same H months, whose sample paths tell how months go together.
    totals : sequence of int, optional
        Numbers of months; 3, 6 and 12 by default, as far as the forecast reaches.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> paths = [[3, 4], [5, 4], [4, 6], [2, 4]]  # totals of 7, 9, 10 and 6
    >>> forecast = fc.Predictive(months, paths, [[4.0, 4.0]] * 4, (), fc.Poisson(), "y")
    >>> fc.evaluation.total_crps([4, 9], forecast).tolist()
    [4.125]
    """
    return total_card(observed, forecast, totals)["crps"].to_numpy(dtype=float)


def total_card(observed: Truth, forecast: Predictive, totals: Sequence[int] | None = None) -> pd.DataFrame:
    """Return every score of the totals of the first months of a forecast, one row per total.

    Parameters
    ----------
    observed : array_like, [H]
        Counts, NaN where a month has none: totals that hold it are NaN.
    forecast : Predictive
        Forecast of the same H months, whose sample paths tell how months go together.
    totals : sequence of int, optional
        Numbers of months; 3, 6 and 12 by default, as far as the forecast reaches.

    Returns
    -------
    pandas.DataFrame
        ``total``, the number of months; ``y``, their sum; ``crps``; ``absolute_error`` of the median; ``cover_50``,
        ``cover_80``, ``cover_90``, ``cover_95``, 1 where the central interval holds the sum; ``pit_lower``, ``pit_upper``.

    Raises
    ------
    InvalidInput
        If a total does not fit into the forecast.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=3, freq="M")
    >>> paths = [[3, 4, 5], [5, 4, 5], [4, 6, 6], [2, 4, 1]]
    >>> forecast = fc.Predictive(months, paths, [[4.0, 4.0, 4.0]] * 4, (), fc.Poisson(), "y")
    >>> fc.evaluation.total_card([4, 4, None], forecast, totals=(2, 3))[["total", "y", "cover_80", "pit_lower", "pit_upper"]]
       total    y  cover_80  pit_lower  pit_upper
    0      2  8.0       1.0        0.5        0.5
    1      3  NaN       NaN        NaN        NaN
    """
    counts = read_observed(observed, forecast)
    sizes = read_totals(totals, len(counts))
    sums = np.cumsum(forecast.paths, axis=1, dtype=float)
    observed_sums = [float(counts[:size].sum()) for size in sizes]
    rows = [[y, *scores_of_total(sums[:, size - 1], y)] for size, y in zip(sizes, observed_sums, strict=True)]
    card = pd.DataFrame(rows, columns=["y", *TOTAL_COLUMNS], dtype=float)
    card.insert(0, "total", np.array(sizes, dtype=np.int64))
    return card


def scores_of_total(paths: FloatArray, y: float) -> list[float]:
    """Return the `TOTAL_COLUMNS` of one total from its draws ``[S]``; NaN without a count."""
    if np.isnan(y):
        return [np.nan] * len(TOTAL_COLUMNS)
    draws, number = np.sort(paths), len(paths)
    rank: IntArray = np.arange(1, number + 1)
    crps = np.abs(draws - y).mean() - float((2 * rank - number - 1) @ draws) / number**2
    inside = []
    for level in TOTAL_INTERVALS.values():
        low, high = np.quantile(draws, central(level), method="inverted_cdf")
        inside.append(float(low <= y <= high))
    median = np.quantile(draws, 0.5, method="inverted_cdf")
    ends = [float(np.searchsorted(draws, y, side)) / number for side in ("left", "right")]
    return [float(crps), float(abs(median - y)), *inside, *ends]
