"""The series and the model of the speed benchmarks: 60 months, a trend, two harmonics, over-dispersion."""

from __future__ import annotations

import numpy as np
import pandas as pd

import forecasting as fc

MONTHS = pd.period_range("2019-01", periods=60, freq="M")


def model(origin: str | None = None) -> fc.CountRegression:
    """Return the regression; the level is that of `origin`, of the middle of the months where left out."""
    return fc.CountRegression(
        fc.Intercept() + fc.Trend(origin=origin) + fc.Seasonal(harmonics=2), fc.NegativeBinomial()
    )


def simulate(seed: int = 60) -> fc.CountSeries:
    """Return negative-binomial counts around 100 with a slow rise and a season, cv of the rate 0.22."""
    rng = np.random.default_rng(seed)
    angle = 2 * np.pi * np.arange(60) / 12
    mean = 100 * np.exp(0.01 * np.arange(-30, 30) + 0.3 * np.cos(angle) + 0.1 * np.sin(2 * angle))
    return fc.CountSeries(MONTHS, rng.poisson(mean * rng.gamma(20, 1 / 20, size=60)))
