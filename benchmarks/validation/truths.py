"""Processes that monthly counts could come from, each with the predictive distribution of somebody who knows everything.

A process returns past and future months of one series and paths of the months after the past, drawn with its parameters and
its state known: what no forecaster can beat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

HORIZON = 6
PATHS = 1000


class Drawn(NamedTuple):
    """One series: what a forecaster sees ``[n]``, what comes ``[H]``, and paths of the process from there ``[S, H]``."""

    past: Counts
    future: Counts
    oracle: Counts


def negative_binomial(mean: Array, alpha: float, rng: np.random.Generator) -> Counts:
    """Return counts with variance mean + alpha mean^2."""
    rate = mean * rng.gamma(1.0 / alpha, alpha, size=mean.shape) if alpha > 0 else mean
    return np.asarray(rng.poisson(rate))


def _level(rng: np.random.Generator) -> float:
    return float(np.exp(rng.uniform(np.log(8.0), np.log(80.0))))


def _alpha(rng: np.random.Generator) -> float:
    return float((abs(rng.normal(0.0, 0.35)) + 0.05) ** 2)


def _around(mean: Array, alpha: float, rng: np.random.Generator) -> Drawn:
    """Return independent counts around known means ``[n + H]``."""
    y = negative_binomial(mean, alpha, rng)
    ahead = np.broadcast_to(mean[-HORIZON:], (PATHS, HORIZON))
    return Drawn(y[:-HORIZON], y[-HORIZON:], negative_binomial(ahead, alpha, rng))


def static(months: int, rng: np.random.Generator) -> Drawn:
    return _around(np.full(months + HORIZON, _level(rng)), _alpha(rng), rng)


def trend(months: int, rng: np.random.Generator) -> Drawn:
    """Growth by a constant factor a month, the slower the longer the series."""
    slope = rng.normal(0.0, min(0.06, 0.9 / months))
    return _around(_level(rng) * np.exp(slope * (np.arange(months + HORIZON) - months / 2.0)), _alpha(rng), rng)


def seasonal(months: int, rng: np.random.Generator) -> Drawn:
    """A wave of the year and its first overtone."""
    angle = 2.0 * np.pi * np.arange(months + HORIZON) / 12.0
    size, phases = rng.uniform(0.2, 0.7), rng.uniform(0.0, 2.0 * np.pi, 2)
    wave = size * np.sin(angle + phases[0]) + 0.4 * size * np.sin(2.0 * angle + phases[1])
    return _around(_level(rng) * np.exp(wave), _alpha(rng), rng)


def random_walk(months: int, rng: np.random.Generator) -> Drawn:
    """A log level that moves by independent normal steps, standard deviation 0.1 a month."""
    alpha, start = _alpha(rng) / 2.0, np.log(_level(rng))
    path = start + np.cumsum(rng.normal(0.0, 0.1, months + HORIZON))
    y = negative_binomial(np.exp(path), alpha, rng)
    ahead = path[months - 1] + np.cumsum(rng.normal(0.0, 0.1, (PATHS, HORIZON)), axis=1)
    return Drawn(y[:months], y[months:], negative_binomial(np.exp(ahead), alpha, rng))


def ingarch(months: int, rng: np.random.Generator) -> Drawn:
    """Identity link: 0.4 of the last count and 0.4 of its mean, stationary."""
    level, alpha = _level(rng), 0.04
    return _fed_back(months, lambda y, mean: 0.2 * level + 0.4 * y + 0.4 * mean, level, alpha, rng, 200)


def log_autoregression(months: int, rng: np.random.Generator) -> Drawn:
    """Log link with a lasting past: 0.5 of log(last count + 1), 0.4 of the last log mean."""
    level, alpha = _level(rng), 0.04

    def step(y: Array, mean: Array) -> Array:
        return np.asarray(np.exp(0.1 * np.log(level) + 0.5 * np.log(y + 1.0) + 0.4 * np.log(mean)))

    return _fed_back(months, step, level, alpha, rng, 200)


def _fed_back(
    months: int,
    step: Callable[[Array, Array], Array],
    level: float,
    alpha: float,
    rng: np.random.Generator,
    unseen: int,
) -> Drawn:
    """Return counts whose means depend on the last count and the last mean, after so many months that nobody sees."""

    def run(length: int, mean: Array, y: Array) -> tuple[Counts, Array]:
        counts = np.empty((len(y), length), dtype=np.int64)
        for t in range(length):
            mean = step(y, mean)
            counts[:, t] = negative_binomial(mean, alpha, rng)
            y = counts[:, t].astype(float)
        return counts, mean

    before = np.array([level])
    past, mean = run(unseen + months, before, before)
    last = past[:, -1].astype(float)
    future, _ = run(HORIZON, mean, last)
    oracle, _ = run(HORIZON, np.repeat(mean, PATHS), np.repeat(last, PATHS))
    return Drawn(past[0, -months:], future[0], oracle)


def local_level(months: int, rng: np.random.Generator) -> Drawn:
    """The library's own dynamic level, without season: a level that moves by 0.25 of each surprise."""
    level, alpha = _level(rng), 0.06
    return _fed_back(months, lambda y, mean: np.maximum(mean + 0.25 * (y - mean), 1e-3), level, alpha, rng, 0)


def outliers(months: int, rng: np.random.Generator) -> Drawn:
    """A constant level; each month is with probability 0.03 multiplied by 4 to 12."""
    level, alpha = _level(rng), 0.03

    def draw(shape: tuple[int, ...]) -> Counts:
        burst = np.where(rng.random(shape) < 0.03, rng.uniform(4.0, 12.0, shape), 1.0)
        return negative_binomial(level * burst, alpha, rng)

    return Drawn(draw((months,)), draw((HORIZON,)), draw((PATHS, HORIZON)))


def zero_inflated(months: int, rng: np.random.Generator) -> Drawn:
    """A constant level; three months in ten count nothing."""
    level, alpha = _level(rng), 0.05

    def draw(shape: tuple[int, ...]) -> Counts:
        return np.where(rng.random(shape) < 0.3, 0, negative_binomial(np.full(shape, level), alpha, rng))

    return Drawn(draw((months,)), draw((HORIZON,)), draw((PATHS, HORIZON)))


def step(months: int, rng: np.random.Generator) -> Drawn:
    """A level that doubles or halves for good after two thirds of the months, unknown to the forecaster."""
    factor = 2.0 if rng.random() < 0.5 else 0.5
    level = _level(rng) * np.where(np.arange(months + HORIZON) < 2 * months // 3, 1.0, factor)
    return _around(level, _alpha(rng) / 2.0, rng)


def sparse(months: int, rng: np.random.Generator) -> Drawn:
    """Around one a month, with over-dispersion 1."""
    return _around(np.full(months + HORIZON, rng.uniform(0.5, 2.0)), 1.0, rng)


PLAIN: dict[str, Callable[[int, np.random.Generator], Drawn]] = {
    "static": static,
    "trend": trend,
    "seasonal": seasonal,
    "random walk": random_walk,
    "INGARCH": ingarch,
}
HARD: dict[str, Callable[[int, np.random.Generator], Drawn]] = {
    "INGARCH": ingarch,
    "log autoregression": log_autoregression,
    "dynamic level": local_level,
    "random walk": random_walk,
    "step": step,
    "outliers": outliers,
    "zero inflation": zero_inflated,
    "sparse": sparse,
}
