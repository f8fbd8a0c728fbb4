"""Series and facts that several tests use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.constraints import Constraints, Linear
from forecasting.kernels.counts import FloatArray
from forecasting.models.level.density import LevelDensity
from forecasting.series import CountSeries


def months(size: int, start: str = "2018-01") -> pd.PeriodIndex:
    return pd.period_range(start, periods=size, freq="M")


def series(values: Iterable[int], start: str = "2018-01", missing: Iterable[int] = ()) -> CountSeries:
    counts = list(values)
    return CountSeries(months(len(counts), start), counts, np.isin(np.arange(len(counts)), list(missing)))


def simulated(size: int = 60, seed: int = 5, alpha: float = 0.12, level: float = 3.0) -> CountSeries:
    """Negative-binomial counts with a trend and a season."""
    rng = np.random.default_rng(seed)
    t = np.arange(size)
    mean = np.exp(level + 0.01 * (t - t.mean()) + 0.3 * np.cos(2 * np.pi * (t + 1) / 12))
    rate = mean * rng.gamma(1 / alpha, alpha, size) if alpha else mean
    return series(rng.poisson(rate))


def underdispersed(size: int = 24) -> CountSeries:
    """Counts that vary less than Poisson."""
    return series([20 + (k % 3) for k in range(size)])


@dataclass(frozen=True)
class Known:
    """Facts without a ledger."""

    months: pd.PeriodIndex
    constraints: Constraints
    name: str = "known"


def courts() -> Known:
    """Two years known only as totals, and a record in the month after them.

    As the cases opened at the courts: 1,001 in 2022, 5,092 in 2023, 644 in January 2024, which was the highest.
    """
    rows = [
        Linear(tuple(range(12)), (1,) * 12, 1001, 1001, ("year 2022",)),
        Linear(tuple(range(12, 24)), (1,) * 12, 5092, 5092, ("year 2023",)),
        Linear((24,), (1,), 644, 644, ("January 2024",)),
        *(Linear((24, t), (1, -1), 1, None, ("record",), True) for t in range(24)),
    ]
    where = months(25, "2022-01")
    return Known(where, Constraints.solve(where, rows), "courts")


def design(size: int) -> FloatArray:
    """Intercept, trend from the middle, one harmonic: the terms of the regressions below, written out."""
    t = np.arange(size)
    angle = 2 * np.pi * (t + 1) / 12
    return np.column_stack([np.ones(size), t - t.mean(), np.cos(angle), np.sin(angle)])


def generator(seed: int = 17) -> np.random.Generator:
    return np.random.default_rng(seed)


def drifting(
    size: int, level: float = 30.0, gain: float = 0.2, alpha: float = 0.05, swing: float = 0.0, seed: int = 5
) -> np.ndarray:
    """Counts of the model: a level that moves by `gain`, one harmonic of height `swing`, negative-binomial noise."""
    rng, counts = generator(seed), np.empty(size, dtype=np.int64)
    for month in range(size):
        factor = np.exp(swing * np.cos(2.0 * np.pi * (month + 1) / 12.0))
        rate = level * factor * (rng.gamma(1.0 / alpha, alpha) if alpha else 1.0)
        counts[month] = rng.poisson(rate)
        level = max(level + gain * (counts[month] / factor - level), 1e-9)
    return counts


def some_points(density: LevelDensity, number: int = 6, spread: float = 0.5) -> np.ndarray:
    return density.start + spread * density.scale * generator(3).normal(size=(number, density.start.size))
