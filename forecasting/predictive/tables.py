"""Forecasts as long tables, by the names that the packages of the field share."""

from __future__ import annotations

from collections.abc import Sized
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.kernels.counts import IntArray
from forecasting.predictive.levels import central, read_levels


class Tabled(Protocol):
    """What a table of months asks of a forecast."""

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def months(self) -> pd.PeriodIndex: ...  # noqa: D102

    @property
    def expected(self) -> pd.Series: ...  # noqa: D102

    def quantile(self, levels: ArrayLike) -> pd.DataFrame: ...  # noqa: D102


def month_table(forecast: Tabled, levels: ArrayLike, model: str | None = None) -> pd.DataFrame:
    """Return one row per month: unique_id, ds, mean, median, and the central intervals, ``lo-90`` and ``hi-90`` for 0.9."""
    asked = (
        []
        if isinstance(levels, Sized) and getattr(levels, "ndim", 1) != 0 and len(levels) == 0
        else read_levels(levels).tolist()
    )
    limits = {level: central(level) for level in asked}
    points = forecast.quantile([0.5, *(limit for pair in limits.values() for limit in pair)])
    names = [f"{end}-{100 * level:g}" for level in limits for end in ("lo", "hi")]
    table = points.set_axis(["median", *names], axis=1).reset_index(drop=True)
    table.insert(0, "mean", forecast.expected.to_numpy())
    if model is not None:
        table = table.rename(columns={name: model if name == "mean" else f"{model}-{name}" for name in table})
    table.insert(0, "ds", forecast.months.to_timestamp())
    table.insert(0, "unique_id", forecast.name)
    return table


def path_table(name: str, months: pd.PeriodIndex, paths: IntArray) -> pd.DataFrame:
    """Return one row per month and path: unique_id, ds, sample_id, y."""
    draws, horizon = paths.shape
    return pd.DataFrame(
        {
            "unique_id": name,
            "ds": np.tile(months.to_timestamp().to_numpy(), draws),
            "sample_id": np.repeat(np.arange(draws), horizon),
            "y": paths.ravel(),
        }
    )


def label_of(months: pd.PeriodIndex) -> str:
    """Return a window of months as text, both ends included."""
    return f"{months[0]}" if len(months) == 1 else f"{months[0]}..{months[-1]}"
