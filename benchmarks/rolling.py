"""The protocol of the comparison with peers: collections, origins, scores, and the forecasters that run in this interpreter.

Three origins a series, twelve months each, refitted on all months before the origin.  Every forecaster hands back 15 quantiles
a month; below zero they are clipped.  One that fails is replaced by the empirical distribution of the last twelve months, and
counted.
"""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

import forecasting as fc
from benchmarks import gift_eval
from forecasting.evaluation import crps_from_quantiles
from forecasting.kernels.counts import FloatArray
from forecasting.randomness import named_streams

HORIZON = 12
LEVELS = np.array([0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99])
INTERVALS = {"cover_80": (3, 11), "cover_95": (1, 13)}  # places of the ends among the levels
TOTALS = (3, 6, 12)  # first months of the horizon
DRAWS = 1000
_LEAST_MEAN = 0.05
FLOOR = 1e-10
"""Least probability in a log score."""

ORIGINS = {
    "hospital": (12, 15, 18),
    "carparts": (12, 15, 18),
    "conflict": (12, 24, 36),
    "classic": (12, 24, 36),
    "simulated": (12, 15, 18),
}
"""Months before the end of a series."""

LONGEST = {"conflict": 120}
"""Months used for training, where not all of them."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """A series of a collection, and who forecasts it."""

    collection: str
    unique_id: str
    start: str
    values: tuple[int, ...]
    only: tuple[str, ...] = ()  # forecasters to run; all, where empty

    @property
    def name(self) -> str:
        """Collection and series."""
        return f"{self.collection}/{self.unique_id}"

    def cuts(self) -> Iterator[tuple[fc.CountSeries, FloatArray]]:
        """Yield the training months and the counts of the year after them, an origin each."""
        months = pd.period_range(self.start, periods=len(self.values), freq="M")
        for before in ORIGINS[self.collection]:
            origin = len(self.values) - before
            first = max(origin - LONGEST.get(self.collection, origin), 0)
            training = fc.CountSeries(months[first:origin], self.values[first:origin], unique_id=self.unique_id)
            yield training, np.array(self.values[origin : origin + HORIZON], dtype=float)


def shared_folder() -> Path:
    """Return the folder with the public collections, which belong to others and are not part of the repository."""
    named = os.environ.get("FORECASTING_SHARED")
    return (Path(named) if named else Path(__file__).parents[2] / "shared") / "benchmark"


def read_collection(name: str, folder: Path) -> list[Task]:
    """Return the series of a collection."""
    table = pd.read_csv(folder / f"{name}.csv.gz", dtype={"unique_id": str})
    return [
        Task(name, str(key), str(pd.Period(rows["ds"].iloc[0], freq="M")), tuple(rows["y"].astype(int)))
        for key, rows in table.groupby("unique_id", sort=True)
    ]


# Forecasters: training months and a stream in, quantiles and log probabilities of the counts to come out


class Forecast(NamedTuple):
    """Quantiles ``[12, 15]``; where there are any, log probabilities and ends ``[3, 2]`` of 90% intervals of totals."""

    quantiles: FloatArray
    logpmf: Callable[[FloatArray], FloatArray] | None = None
    totals: FloatArray | None = None


Forecaster = Callable[[fc.CountSeries, np.random.Generator], Forecast]


def ours(model: Any) -> Forecaster:
    """Return a model of this library as a forecaster."""

    def forecast(training: fc.CountSeries, rng: np.random.Generator) -> Forecast:
        return of_predictive(model.forecast(training, HORIZON, draws=DRAWS, rng=rng))

    return forecast


def of_predictive(issued: fc.Predictive) -> Forecast:
    """Return quantiles and log probabilities of a predictive distribution."""

    def logpmf(y: FloatArray) -> FloatArray:
        return np.array([issued.logpmf(month, int(count)) for month, count in zip(issued.months, y, strict=True)])

    ends = [issued.total(issued.months[0], issued.months[last - 1]).interval(0.9) for last in TOTALS]
    return Forecast(issued.quantile(LEVELS).to_numpy().astype(float), logpmf, np.array(ends))


def moments(last: int) -> Forecaster:
    """Negative binomial with the moments of the last months plugged in.

    It reproduces the log scores recorded for this peer; its scaled scores are a little better than recorded, where quantiles
    were probably those of samples.
    """

    def forecast(training: fc.CountSeries, rng: np.random.Generator) -> Forecast:
        recent = training.values[-last:].astype(float)
        mean = max(recent.mean(), _LEAST_MEAN)
        alpha = max(recent.var(ddof=1) - mean, 0.0) / mean**2
        law = fc.NegativeBinomial()
        quantiles = np.tile(law.quantile(LEVELS, mean, alpha).astype(float), (HORIZON, 1))
        return Forecast(quantiles, lambda y: law.logpmf(y, mean, alpha))

    return forecast


def empirical(last: int) -> Forecaster:
    """The last months, each as likely as the other, interpolated (Hazen): a little better than recorded on conflict."""

    def forecast(training: fc.CountSeries, rng: np.random.Generator) -> Forecast:
        return Forecast(np.tile(np.quantile(training.values[-last:], LEVELS, method="hazen"), (HORIZON, 1)))

    return forecast


def structural(logarithm: bool, moving_season: bool) -> Forecaster:
    """Local level and twelve months by statsmodels' UnobservedComponents, on the counts or on log(1 + y).

    With a season that moves it reproduces the scores recorded for both peers to all digits.
    """

    def forecast(training: fc.CountSeries, rng: np.random.Generator) -> Forecast:
        from statsmodels.tsa.statespace.structural import UnobservedComponents

        y = training.values.astype(float)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about convergence: what it forecasts counts
            model = UnobservedComponents(
                np.log1p(y) if logarithm else y, level="llevel", seasonal=12, stochastic_seasonal=moving_season
            )
            ahead = model.fit(disp=0, maxiter=50).get_forecast(HORIZON)
        mean, deviation = ahead.predicted_mean, np.maximum(ahead.se_mean, 1e-6)
        quantiles = mean[:, None] + deviation[:, None] * ndtri(LEVELS)
        if logarithm:
            return Forecast(np.expm1(quantiles))

        def logpmf(y: FloatArray) -> FloatArray:
            below = np.where(y > 0, ndtr((y - 0.5 - mean) / deviation), 0.0)
            return np.log(np.maximum(ndtr((y + 0.5 - mean) / deviation) - below, FLOOR))

        return Forecast(quantiles, logpmf)

    return forecast


@cache
def forecasters() -> dict[str, Forecaster]:
    """Return ours first, then the peers."""
    return {
        "fc.auto": ours(fc.Auto()),
        "DynamicLevel()": ours(fc.DynamicLevel()),
        "HistoricalMoments()": ours(fc.HistoricalMoments()),
        "negative binomial, moments of the last 12": moments(12),
        "negative binomial, moments of the last 24": moments(24),
        "empirical distribution of the last 12": empirical(12),
        "UnobservedComponents": structural(False, True),
        "UnobservedComponents on log1p": structural(True, True),
        "UnobservedComponents, fixed season": structural(False, False),
        "UnobservedComponents on log1p, fixed season": structural(True, False),
    }


# Scores


def seasonal_scale(training: fc.CountSeries) -> float:
    """Return the mean absolute lag-12 difference of the training months."""
    y = training.values.astype(float)
    return float(np.abs(y[12:] - y[:-12]).mean())


def scored(training: fc.CountSeries, truth: FloatArray, forecast: Forecast) -> Record:
    """Return the scores of one forecast of a year, averaged over its months."""
    quantiles, logpmf, ends = forecast
    clipped = np.maximum(quantiles, 0.0)
    crps = float(crps_from_quantiles(truth, clipped, LEVELS).mean())
    scale = seasonal_scale(training)
    covered = {
        name: float(((clipped[:, low] <= truth) & (truth <= clipped[:, high])).mean())
        for name, (low, high) in INTERVALS.items()
    }
    totals = {
        f"total_{last}": None if ends is None else float(ends[k, 0] <= truth[:last].sum() <= ends[k, 1])
        for k, last in enumerate(TOTALS)
    }
    return {
        "crps": crps,
        "scaled_crps": crps / scale if scale > 0 else None,
        "log_score": None if logpmf is None else float(-np.maximum(logpmf(truth), np.log(FLOOR)).mean()),
        **covered,
        **totals,
        "below_zero": float((quantiles < 0).mean()),
        "fractional": float((quantiles != np.round(quantiles)).mean()),
        "largest": float(quantiles.max()),
        "gift_eval": gift_eval.sums(truth, clipped, scale),
    }


def compared(task: Task, seed: np.random.SeedSequence) -> Record:
    """Return the scores of every forecaster at every origin of a series; each has a stream of its own, by name."""
    stream = named_streams(np.random.default_rng(seed))
    used = {name: one for name, one in forecasters().items() if not task.only or name in task.only}
    result: Record = {name: [] for name in used}
    for origin, (training, truth) in enumerate(task.cuts()):
        for name, forecaster in used.items():
            result[name].append(attempted(forecaster, training, truth, stream(name, str(origin))))
    return result


def attempted(forecaster: Forecaster, training: fc.CountSeries, truth: FloatArray, rng: np.random.Generator) -> Record:
    """Return scores and CPU milliseconds of a forecast, or of its replacement where it fails, with the message."""
    failure = None
    start = time.process_time()
    try:
        forecast = forecaster(training, rng)
        if not np.isfinite(forecast.quantiles).all():
            raise ArithmeticError("a quantile is infinite or no number")
    except Exception as error:  # one bad series must not end, or hide in, a run of thousands
        failure = f"{type(error).__name__}: {error}"
        forecast = empirical(HORIZON)(training, rng)
    seconds = time.process_time() - start
    return scored(training, truth, forecast) | {"cpu_ms": 1e3 * seconds, "failure": failure}
