"""Means that say nothing: a few draws of the parameters whose paths explode carry them away, and no interval shows it."""

from __future__ import annotations

import pandas as pd

from forecasting.predictive.mixture import Mixture
from forecasting.series import listing

_ONE_IN = 100
_MOST = 0.5  # share of a mean that the largest hundredth of the draws may make


def told_of_means(mixture: Mixture, months: pd.PeriodIndex, draws: int, name: str) -> tuple[str, ...]:
    """Return a message that names the months whose mean is that of a few draws; nothing if there are none, or few draws."""
    few = draws // _ONE_IN
    if not few:
        return ()
    share = mixture.largest_share(few)
    exploding = share > _MOST
    if not exploding.any():
        return ()
    return (
        f"{name}: the mean of {listing(months[exploding])} is that of a few exploding draws: one in {_ONE_IN} makes up to "
        f"{share.max():.0%} of it. Use quantile() or interval(), which they do not move",
    )
