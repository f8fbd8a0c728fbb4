"""Every score of one forecast at once, from one table of its probabilities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasting.evaluation.grid import Months
from forecasting.evaluation.observed import Truth, scored
from forecasting.evaluation.ranked import Resolved
from forecasting.evaluation.scores import crps_from_quantiles, dawid_sebastiani, log_score
from forecasting.predictive import Predictive
from forecasting.predictive.levels import central

LEVELS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99)
"""Quantile levels of the quantile form of the continuous ranked probability score."""

INTERVALS = {"cover_50": 0.5, "cover_80": 0.8, "cover_95": 0.95}

SCORES = ("log_score", "rps", "dss", "crps", "absolute_error")
"""Columns that are scores, smaller is better."""


def score_card(observed: Truth, forecast: Predictive) -> pd.DataFrame:
    """Return every score of a forecast, a row a month.

    Parameters
    ----------
    observed : array_like, [H]
        Counts, NaN where a month has none: its row is NaN.
    forecast : Predictive
        Forecast of the same H months.

    Returns
    -------
    pandas.DataFrame
        ``y``; ``log_score``, ``rps``, ``dss``; ``crps``, from the quantiles at `LEVELS`; ``absolute_error`` of the median;
        ``cover_50``, ``cover_80``, ``cover_95``, 1 where the central interval holds the count; ``pit_lower``, ``pit_upper``.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.score_card([4, None], forecast)[["y", "log_score", "rps", "cover_80"]].round(2)
         y  log_score   rps  cover_80
    0  4.0       1.63  0.45       1.0
    1  NaN        NaN   NaN       NaN
    """
    counts, where = scored(observed, forecast)
    card = pd.DataFrame(
        {"y": counts, "log_score": log_score(counts, forecast), "dss": dawid_sebastiani(counts, forecast)}
    )
    names = ["rps", "crps", "absolute_error", *INTERVALS, "pit_lower", "pit_upper"]
    card[names] = np.nan
    if where.size:
        y = counts[where]
        resolved = Resolved.of(Months.of(forecast, where), y)
        limits = {name: central(level) for name, level in INTERVALS.items()}
        levels = np.unique([*LEVELS, *(end for pair in limits.values() for end in pair)])
        quantiles = resolved.quantile(levels).astype(float)
        at = {float(level): quantiles[:, k] for k, level in enumerate(levels)}
        columns = [
            resolved.rps(y, np.arange(len(y))),
            crps_from_quantiles(y, np.column_stack([at[level] for level in LEVELS]), LEVELS),
            np.abs(y - at[0.5]),
            *(((at[low] <= y) & (y <= at[high])).astype(float) for low, high in limits.values()),
            *resolved.pit(y).T,
        ]
        card.loc[where, names] = np.column_stack(columns)
    return card[["y", *SCORES, *INTERVALS, "pit_lower", "pit_upper"]]
