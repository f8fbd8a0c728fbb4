"""Series of known processes, with their true predictive distribution: a collection nobody has tuned anything on.

The truth knows the parameters and the state of the process at the origin, not the future: no forecaster can do better but by
luck.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.rolling import HORIZON, Task
from forecasting.kernels.counts import FloatArray
from forecasting.randomness import named_streams

SERIES, MONTHS, SEED = 200, 60, 20240229
PATHS = 2000
START = "2015-01"


@dataclass(frozen=True)
class Simulated:
    """Counts, and the law of the year after a month given all that the process knows there.

    Attributes
    ----------
    values : int64[T]
        Counts.
    law : callable
        ``law(origin, paths, rng)``: distribution, its means ``[S, H]`` and its shape parameters, given the months before
        month number `origin`; one row of means where the future is no mixture.
    """

    values: FloatArray
    law: Callable[
        [int, int, np.random.Generator], tuple[fc.NegativeBinomial | fc.ZeroInflated, FloatArray, list[float]]
    ]


def seasonal(rng: np.random.Generator) -> Simulated:
    """Negative binomial around a fixed season of one harmonic and its half."""
    level, alpha, t = np.exp(rng.uniform(1.0, 5.5)), rng.uniform(0.01, 0.3), np.arange(MONTHS + HORIZON)
    phase = rng.uniform(0, 2 * np.pi, 2)
    mean = level * np.exp(0.5 * np.cos(np.pi * t / 6 + phase[0]) + 0.2 * np.cos(np.pi * t / 3 + phase[1]))
    values = fc.NegativeBinomial().sample(mean[:MONTHS], alpha, rng=rng)
    return Simulated(values, lambda o, *_: (fc.NegativeBinomial(), mean[None, o : o + HORIZON], [alpha]))


def sparse(rng: np.random.Generator) -> Simulated:
    """Mostly zeros: zero-inflated negative binomial with a constant mean."""
    mean, alpha, zero = np.exp(rng.uniform(-1.0, 1.5)), rng.uniform(0.1, 1.0), rng.uniform(0.2, 0.7)
    law = fc.ZeroInflated()
    values = law.sample(np.full(MONTHS, mean), alpha, zero, rng=rng)
    return Simulated(values, lambda *_: (law, np.full((1, HORIZON), mean), [alpha, zero]))


def autoregressive(rng: np.random.Generator) -> Simulated:
    """INGARCH(1, 1), identity link, negative binomial."""
    a, b = rng.uniform(0.1, 0.5), rng.uniform(0.0, 0.45)
    constant, alpha = np.exp(rng.uniform(1.0, 4.0)) * (1.0 - a - b), rng.uniform(0.0, 0.2)

    def after(mean: FloatArray, count: FloatArray) -> FloatArray:
        return constant + a * count + b * mean

    return _fed_back(np.array([constant / (1.0 - a - b)]), after, alpha, rng)


def walking(rng: np.random.Generator) -> Simulated:
    """The log level is a random walk."""
    step, alpha = rng.uniform(0.03, 0.15), rng.uniform(0.0, 0.1)
    return _moving(np.exp(rng.uniform(1.0, 5.0)), lambda size, r: step * r.standard_normal(size), alpha, rng)


def shifting(rng: np.random.Generator) -> Simulated:
    """The level jumps in one month of 25."""
    alpha = rng.uniform(0.0, 0.1)

    def jumps(size: tuple[int, ...], r: np.random.Generator) -> FloatArray:
        return np.where(r.random(size) < 0.04, 0.8 * r.standard_normal(size), 0.0)

    return _moving(np.exp(rng.uniform(1.0, 5.0)), jumps, alpha, rng)


def _moving(level: float, steps: Callable[..., FloatArray], alpha: float, rng: np.random.Generator) -> Simulated:
    path = level * np.exp(np.cumsum(steps((MONTHS,), rng)))
    values = fc.NegativeBinomial().sample(path, alpha, rng=rng)

    def law(origin: int, paths: int, r: np.random.Generator) -> tuple[fc.NegativeBinomial, FloatArray, list[float]]:
        return fc.NegativeBinomial(), path[origin - 1] * np.exp(np.cumsum(steps((paths, HORIZON), r), axis=1)), [alpha]

    return Simulated(values, law)


def _fed_back(
    mean: FloatArray, after: Callable[[FloatArray, FloatArray], FloatArray], alpha: float, rng: np.random.Generator
) -> Simulated:
    means, counts = [mean], []
    for _ in range(MONTHS):
        counts.append(fc.NegativeBinomial().sample(means[-1], alpha, rng=rng))
        means.append(after(means[-1], counts[-1]))

    def law(origin: int, paths: int, r: np.random.Generator) -> tuple[fc.NegativeBinomial, FloatArray, list[float]]:
        ahead = [np.repeat(means[origin], paths)]
        for _ in range(HORIZON - 1):
            ahead.append(after(ahead[-1], fc.NegativeBinomial().sample(ahead[-1], alpha, rng=r)))
        return fc.NegativeBinomial(), np.column_stack(ahead), [alpha]

    return Simulated(np.concatenate(counts), law)


PROCESSES: dict[str, Callable[[np.random.Generator], Simulated]] = {
    "seasonal": seasonal,
    "INGARCH": autoregressive,
    "level shifts": shifting,
    "sparse": sparse,
    "random walk": walking,
}


def simulate(number: int) -> tuple[str, Simulated]:
    """Return the name of a series and the series; always the same one for the same number."""
    process = list(PROCESSES)[number % len(PROCESSES)]
    rng = named_streams(np.random.default_rng(SEED))("series", str(number))
    return f"{process} {number // len(PROCESSES)}", PROCESSES[process](rng)


def collection(series: int = SERIES) -> list[Task]:
    """Return the simulated series as tasks."""
    found = (simulate(number) for number in range(series))
    return [Task("simulated", name, START, tuple(int(v) for v in series.values)) for name, series in found]


def truth(name: str, training: fc.CountSeries, rng: np.random.Generator) -> fc.Predictive:
    """Return the true distribution of the year after the training months of a simulated series."""
    process, _, place = name.rpartition(" ")
    _, series = simulate(int(place) * len(PROCESSES) + list(PROCESSES).index(process))
    law, mean, shape = series.law(len(training.months), PATHS, rng)
    months = pd.period_range(training.months[-1] + 1, periods=HORIZON, freq="M")
    return fc.Predictive.draw(months, mean, tuple(np.full(len(mean), s) for s in shape), law, name=name, rng=rng)
