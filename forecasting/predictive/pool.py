"""Weighted pools of forecasts: the linear opinion pool of Stone (1961, Annals of Mathematical Statistics 32, 1339-1342)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from forecasting.errors import InvalidInput
from forecasting.predictive.predictive import Predictive


def pool(forecasts: Sequence[Predictive], weights: ArrayLike, draws: int) -> Predictive:
    """Return a forecast whose draws come from several, as many from each as its weight says.

    Parameters
    ----------
    forecasts : sequence of Predictive
        Of the same months, with the same conditional distribution.
    weights : array_like, [N]
        Non-negative; their sum is taken as one.
    draws : int
        Number of draws; a forecast with fewer than its share repeats some.

    Raises
    ------
    InvalidInput
        If months or distributions differ, or the weights are no weights.
    """
    share = np.asarray(weights, dtype=float)
    if share.shape != (len(forecasts),) or not (np.isfinite(share).all() and (share >= 0).all() and share.sum() > 0):
        raise InvalidInput(f"weights={weights!r} must be {len(forecasts)} non-negative numbers, not all of them zero")
    first = forecasts[0]
    for other in forecasts[1:]:
        if not other.months.equals(first.months) or other.distribution != first.distribution:
            raise InvalidInput(
                f"{other!r} has other months, or another conditional distribution than {first!r}; only like can be pooled"
            )
    ends = np.round(np.cumsum(share / share.sum()) * draws).astype(int)
    numbers = np.diff(ends, prepend=0)
    chosen = [np.arange(number) % len(f.paths) for f, number in zip(forecasts, numbers, strict=True)]
    return Predictive(
        first.months,
        np.concatenate([f.paths[rows] for f, rows in zip(forecasts, chosen, strict=True)]),
        np.concatenate([f.mean[rows] for f, rows in zip(forecasts, chosen, strict=True)]),
        tuple(
            np.concatenate([f.shape[k][rows] for f, rows in zip(forecasts, chosen, strict=True)])
            for k in range(len(first.shape))
        ),
        first.distribution,
        first.name,
    )
