"""Every score of one live forecast at once, from one table of its probabilities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasting.evaluation.judged import CARD, judged, scores_of
from forecasting.evaluation.observed import Truth, scored
from forecasting.predictive import Predictive


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
    card = pd.DataFrame(np.nan, index=range(len(counts)), columns=["y", *CARD])
    card["y"] = counts
    if where.size:
        card.loc[where, list(CARD)] = np.column_stack(
            list(scores_of(judged(forecast, counts[where], where), CARD).values())
        )
    return card
