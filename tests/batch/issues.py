"""Forecasts, vintages and runs as the runner would issue them."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from forecasting.batch.issue import issued
from forecasting.batch.records import ForecastRecord, JobKey, RunRecord, Vintage
from forecasting.distributions import NegativeBinomial
from forecasting.predictive import Predictive

LEVELS = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
ORIGIN = "2023-12"


def run(seed: int = 1) -> RunRecord:
    return RunRecord("c" * 32, datetime(2024, 1, 5, 6, 0, tzinfo=UTC), {"horizon": 3}, {"numpy": "2"}, seed)


def vintage(
    series: str = "requests",
    months: int = 24,
    *,
    as_of: date | None = date(2024, 1, 3),
    first: str = "2022-01",
    add: int = 0,
) -> Vintage:
    values = np.arange(months) % 7 + 20
    values[-1] += add
    return Vintage(series, as_of, first, values, np.zeros(months, dtype=bool))


def forecast(
    series: str = "requests", *, level: float = 22.0, horizon: int = 3, draws: int = 400, seed: int = 0
) -> Predictive:
    rng = np.random.default_rng(seed)
    mean = level * np.exp(rng.normal(0.0, 0.2, (draws, 1)) + rng.normal(0.0, 0.05, (draws, horizon)))
    months = pd.period_range(pd.Period(ORIGIN, "M") + 1, periods=horizon, freq="M")
    shape = (rng.gamma(2.0, 0.05, draws),)
    return Predictive.draw(months, mean, shape, NegativeBinomial(), name=series, rng=rng)


def key(data: Vintage, model: str = "auto", *, horizon: int = 3, seed: int = 1) -> JobKey:
    return JobKey(data.series, model, ORIGIN, data.digest, "s" * 32, horizon, seed)


def record(
    data: Vintage, model: str = "auto", *, level: float = 22.0, horizon: int = 3, seed: int = 1
) -> ForecastRecord:
    made = forecast(data.series, level=level, horizon=horizon, seed=seed)
    made_so = issued(key(data, model, horizon=horizon, seed=seed), made, LEVELS)
    return dataclasses.replace(made_so, messages=("converged",), cpu=0.25)


def renamed(template: ForecastRecord, data: Vintage) -> ForecastRecord:
    """The same numbers for another series."""
    return dataclasses.replace(template, key=key(data))


def moved(template: ForecastRecord, origin: str, data: Vintage) -> ForecastRecord:
    """The same numbers from another origin."""
    months = pd.period_range(pd.Period(origin, "M") + 1, periods=len(template.months), freq="M")
    moved_key = dataclasses.replace(template.key, origin=origin, vintage=data.digest)
    return dataclasses.replace(template, key=moved_key, months=tuple(months.astype(str)))
