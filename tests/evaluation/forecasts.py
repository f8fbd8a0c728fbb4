"""Forecasts that several tests use, and scores by sums that one can read."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.distributions import NegativeBinomial, Poisson
from forecasting.kernels import counts
from forecasting.kernels.counts import FloatArray
from forecasting.predictive import Predictive


def months(size: int, start: str = "2024-01") -> pd.PeriodIndex:
    return pd.period_range(start, periods=size, freq="M")


def plain(mean: ArrayLike, alpha: float | None = None) -> Predictive:
    """One draw: a Poisson or negative binomial with these means ``[H]``."""
    means = np.atleast_2d(np.asarray(mean, dtype=float))
    paths = np.rint(means).astype(np.int64)
    if alpha is None:
        return Predictive(months(means.shape[1]), paths, means, (), Poisson(), "y")
    return Predictive(months(means.shape[1]), paths, means, ([alpha],), NegativeBinomial(), "y")


def mixed(mean: float, rng: np.random.Generator, draws: int = 40, horizon: int = 3, alpha: float = 0.1) -> Predictive:
    """Draws that disagree about mean and dispersion; months that differ in level."""
    level = mean * np.exp(0.4 * rng.normal(size=(draws, 1))) * np.linspace(0.5, 2.0, horizon)
    shape = alpha * np.exp(0.5 * rng.normal(size=draws))
    return Predictive.draw(months(horizon), level, (shape,), NegativeBinomial(), name="y", rng=rng)


def rps_by_sum(y: int, forecast: Predictive, h: int, last: int) -> float:
    """Sum over the counts 0..last, the tails from the cumulative probabilities of each draw."""
    k = np.arange(last + 1.0)
    below, above = np.zeros(last + 1), np.zeros(last + 1)
    for s, mean in enumerate(forecast.mean[:, h]):
        shape = [values[s] for values in forecast.shape]
        below += counts.cdf(k, mean, *shape) / len(forecast.mean)
        above += counts.sf(k - 1.0, mean, *shape) / len(forecast.mean)
    return float(np.square(below[:y]).sum() + np.square(above[y + 1 :]).sum())


def pmf_table(mean: float, alpha: float, last: int) -> FloatArray:
    return np.exp(counts.logpmf(np.arange(last + 1.0), mean, alpha))
