"""The scores of single months: a function of what is judged, and a row in the table; live and archived forecasts share them.

What a score is computed from:

- ``log_score``, ``rps``, ``dss``, ``pit_lower`` and ``pit_upper`` from the distribution of the month.  Archived distributions
  (`forecasting.batch.marginals`) give the log score to less than 1e-8 for ordinary counts and to less than 3e-6 for surprising
  ones (beyond the point where 1e-9 of the probability is left it is an extrapolation); the others are off by less than 1e-8,
  relatively.  NaN where no distribution was kept: archives of schema version 1, and the rare forecast without a compact form.
- ``crps`` from the quantiles alone (`crps_from_quantiles`), so it exists for every forecast and is comparable where the levels
  are the same.
- ``absolute_error`` (of the median), ``interval_score_50, _80, _95`` and ``cover_50, _80, _95`` from the quantiles where their
  levels are there, else from the quantiles of the distribution, else NaN.

The archive keeps scores in long form, so a new one needs no change of its schema: the next `score_archive` adds it to all
months that are scored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Protocol

import numpy as np

from forecasting.evaluation.grid import Months
from forecasting.evaluation.ranked import Resolved
from forecasting.evaluation.scores import crps_from_quantiles, interval_score_of, log_score, moments
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.predictive import Predictive
from forecasting.predictive.levels import central

LEVELS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.975, 0.99)
"""Quantile levels of the quantile form of the continuous ranked probability score of a live forecast."""

INTERVALS = {"cover_50": 0.5, "cover_80": 0.8, "cover_95": 0.95}
"""Coverage of the intervals that are judged."""


class Distributions(Protocol):
    """Distributions of M months, as far as scores of one count of each need them."""

    @property
    def mean(self) -> FloatArray:
        """Expectation ``[M]``."""
        ...

    @property
    def spread(self) -> FloatArray:
        """Standard deviation ``[M]``."""
        ...

    def log_probability(self, y: FloatArray) -> FloatArray:
        """Return log P(Y = y) ``[M]`` of one count of each month."""
        ...

    def pit(self, y: FloatArray) -> FloatArray:
        """Return P(Y < y) and P(Y <= y) ``[M, 2]``."""
        ...

    def rps(self, y: FloatArray) -> FloatArray:
        """Return the ranked probability score ``[M]``."""
        ...

    def quantile(self, levels: FloatArray) -> IntArray:
        """Return the smallest y with P(Y <= y) >= level ``[L, M]``."""
        ...


@dataclass(frozen=True)
class Judged:
    """M counts and what was foretold of them.

    Attributes
    ----------
    y : float64[M]
        The counts.
    levels : tuple of float
        L quantile levels: those archived, or `LEVELS`.
    quantiles : int64[L, M]
        The quantiles.
    marginals : Distributions or None
        The distributions, None if they were not kept.
    """

    y: FloatArray
    levels: tuple[float, ...]
    quantiles: IntArray
    marginals: Distributions | None

    @cached_property
    def pit(self) -> FloatArray:
        """P(Y < y) and P(Y <= y) ``[M, 2]``, NaN where no distribution was kept."""
        return np.full((len(self.y), 2), np.nan) if self.marginals is None else self.marginals.pit(self.y)

    def quantile(self, level: float) -> FloatArray:
        """Return the quantiles at a level ``[M]``: those held, else those of the distributions, else NaN."""
        at = np.flatnonzero(np.abs(np.array(self.levels) - level) < _SAME)
        if at.size:
            return np.asarray(self.quantiles[at[0]], dtype=float)
        if self.marginals is None:
            return np.full(len(self.y), np.nan)
        return np.asarray(self.marginals.quantile(np.array([level]))[0], dtype=float)


_SAME = 1e-9
"""Levels that differ by less are the same one."""

Score = Callable[[Judged], FloatArray]


def _of_distribution(score: Callable[[Distributions, FloatArray], FloatArray]) -> Score:
    """Return a score that is NaN where no distribution was kept."""

    def scored(judged: Judged) -> FloatArray:
        if judged.marginals is None:
            return np.full(len(judged.y), np.nan)
        return score(judged.marginals, judged.y)

    return scored


def _dawid_sebastiani(months: Distributions, y: FloatArray) -> FloatArray:
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(y == months.mean, 0.0, np.square((y - months.mean) / months.spread))
        return np.where(np.isinf(distance), np.inf, distance + 2.0 * np.log(months.spread))


def _interval_score(level: float) -> Score:
    low, high = central(level)
    return lambda judged: interval_score_of(judged.y, judged.quantile(low), judged.quantile(high), level)


def _cover(level: float) -> Score:
    low, high = central(level)

    def held(judged: Judged) -> FloatArray:
        lower, upper = judged.quantile(low), judged.quantile(high)
        inside = ((lower <= judged.y) & (judged.y <= upper)).astype(float)
        return np.where(np.isnan(lower), np.nan, inside)

    return held


_POINTS: dict[str, Score] = {
    "log_score": _of_distribution(lambda months, y: -months.log_probability(y)),
    "rps": _of_distribution(lambda months, y: months.rps(y)),
    "dss": _of_distribution(_dawid_sebastiani),
    "crps": lambda judged: crps_from_quantiles(judged.y, judged.quantiles.T, judged.levels),
    "absolute_error": lambda judged: np.abs(judged.y - judged.quantile(0.5)),
}
_INTERVAL_SCORES = {
    name.replace("cover", "interval_score"): _interval_score(level) for name, level in INTERVALS.items()
}
_HITS: dict[str, Score] = {
    **{name: _cover(level) for name, level in INTERVALS.items()},
    "pit_lower": lambda judged: judged.pit[:, 0],
    "pit_upper": lambda judged: judged.pit[:, 1],
}

CARD: Mapping[str, Score] = MappingProxyType(_POINTS | _HITS)
"""Scores of a live forecast by name."""

SCORES: Mapping[str, Score] = MappingProxyType(_POINTS | _INTERVAL_SCORES | _HITS)
"""Scores of an archived forecast by name."""

MEAN_SCORES = tuple(_POINTS)
"""Scores whose means are compared, smaller is better."""


def scores_of(judged: Judged, scores: Mapping[str, Score] = SCORES) -> dict[str, FloatArray]:
    """Return every score of M counts, ``[M]`` each."""
    return {name: score(judged) for name, score in scores.items()}


@dataclass(frozen=True, eq=False)
class Live:
    """Distributions of the months of a forecast that are numbered `where`; see `Distributions`."""

    forecast: Predictive
    where: IntArray
    resolved: Resolved

    @cached_property
    def _moments(self) -> tuple[FloatArray, FloatArray]:
        mean, variance = moments(self.forecast)
        return mean[self.where], np.sqrt(variance[self.where])

    @property
    def mean(self) -> FloatArray:
        """Expectation ``[M]``."""
        return self._moments[0]

    @property
    def spread(self) -> FloatArray:
        """Standard deviation ``[M]``."""
        return self._moments[1]

    def log_probability(self, y: FloatArray) -> FloatArray:
        """Return log P(Y = y) ``[M]`` of one count of each month."""
        whole = np.full(len(self.forecast.months), np.nan)
        whole[self.where] = y
        return -log_score(whole, self.forecast)[self.where]

    def pit(self, y: FloatArray) -> FloatArray:
        """Return P(Y < y) and P(Y <= y) ``[M, 2]``."""
        return self.resolved.pit(y)

    def rps(self, y: FloatArray) -> FloatArray:
        """Return the ranked probability score ``[M]``."""
        return self.resolved.rps(y, np.arange(len(y)))

    def quantile(self, levels: FloatArray) -> IntArray:
        """Return the smallest y with P(Y <= y) >= level ``[L, M]``."""
        return self.resolved.quantile(levels).T


def judged(forecast: Predictive, y: FloatArray, where: IntArray) -> Judged:
    """Return the counts `y` ``[M]`` of the months numbered `where`, and what the forecast said of them."""
    live = Live(forecast, where, Resolved.of(Months.of(forecast, where), y))
    return Judged(y, LEVELS, live.quantile(np.array(LEVELS)), live)
