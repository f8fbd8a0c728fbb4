"""Weighted pools of forecasts: the linear opinion pool of Stone (1961, Annals of Mathematical Statistics 32, 1339-1342)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from forecasting.distributions import Law, OneOf
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.predictive.predictive import Predictive


def pool(forecasts: Sequence[Predictive], weights: ArrayLike, draws: int) -> Predictive:
    """Return a forecast whose draws come from several, as many from each as its weight says.

    Parameters
    ----------
    forecasts : sequence of Predictive
        Of the same months, under any conditional distributions.
    weights : array_like, [N]
        Non-negative; their sum is taken as one.
    draws : int
        Number of draws; a forecast with fewer than its share repeats some.

    Raises
    ------
    InvalidInput
        If months differ, or the weights are no weights.
    """
    share = np.asarray(weights, dtype=float)
    if share.shape != (len(forecasts),) or not (np.isfinite(share).all() and (share >= 0).all() and share.sum() > 0):
        raise InvalidInput(f"weights={weights!r} must be {len(forecasts)} non-negative numbers, not all of them zero")
    first = forecasts[0]
    for other in forecasts[1:]:
        if not other.months.equals(first.months):
            raise InvalidInput(
                f"{other!r} has other months than {first!r}; only forecasts of the same months can be pooled"
            )
    ends = np.round(np.cumsum(share / share.sum()) * draws).astype(int)
    numbers = np.diff(ends, prepend=0)
    chosen = [np.arange(number) % len(f.paths) for f, number in zip(forecasts, numbers, strict=True)]
    pairs = list(zip(forecasts, chosen, strict=True))
    law, shapes = _common([(f.distribution, [values[rows] for values in f.shape], rows.size) for f, rows in pairs])
    return Predictive(
        first.months,
        np.concatenate([f.paths[rows] for f, rows in pairs]),
        np.concatenate([f.mean[rows] for f, rows in pairs]),
        tuple(_stacked(values) for values in zip(*shapes, strict=True)),
        law,
        first.name,
    )


def _common(parts: list[tuple[Law, list[FloatArray], int]]) -> tuple[Law, list[list[FloatArray]]]:
    """Return one law for all parts, and the shape parameters of each part under it."""
    laws = tuple(dict.fromkeys(law for law, _, _ in parts))
    if len(laws) == 1:
        return laws[0], [shape for _, shape, _ in parts]
    either = OneOf(laws)
    return either, [either.shapes(laws.index(law), shape, rows) for law, shape, rows in parts]


def _stacked(values: Sequence[FloatArray]) -> FloatArray:
    """Return shape parameters of several parts, ``[S]``, or ``[S, H]`` if they differ by month in some part."""
    months = max((one.shape[1] for one in values if one.ndim == 2), default=0)
    wide = [one if one.ndim == 2 or not months else np.repeat(one[:, None], months, axis=1) for one in values]
    return np.concatenate(wide)
