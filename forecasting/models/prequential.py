"""Scores one month ahead for any model that forecasts: it is given the months before each month, and scored on that month.

Nothing that comes later is seen, so that fitting gains nothing that would have to be taken back (Dawid 1984, JRSS A 147,
278-292).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from forecasting.constraints import Observed
from forecasting.errors import ForecastingError
from forecasting.kernels.counts import FloatArray
from forecasting.models.known import read_counts
from forecasting.predictive import Predictive
from forecasting.randomness import Rng, named_streams, require_rng

_FEWEST = 3  # known months before the first that is scored


class Forecaster(Protocol):
    """A model that forecasts."""

    def forecast(self, data: Observed, horizon: int, *, draws: int | None = None, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data."""
        ...


@dataclass(frozen=True, eq=False)
class Refitted:
    """A model with its data, fitted again before each month that is scored.

    Attributes
    ----------
    model : Forecaster
        Any model.
    data : CountSeries or Evidence
        Months known or missing.
    draws : int or None
        Number of paths of a forecast; None leaves it to the model.
    rng : numpy.random.Generator
        Of the forecasts that are scored.
    """

    model: Forecaster
    data: Observed
    draws: int | None
    rng: np.random.Generator

    def one_step_scores(self, last: int | None = None) -> FloatArray:
        """Return the log score of each known month ``[t]`` given those before it; NaN before the `last` of them.

        NaN also where the model cannot forecast from so few months.
        """
        counts, missing = read_counts(self.data, type(self.model).__name__)
        known, stream = np.flatnonzero(~missing), named_streams(self.rng)
        scores = np.full(known.size, np.nan)
        first = _FEWEST if last is None else max(known.size - last, _FEWEST)
        for k in range(first, known.size):
            before, month = self.data.months[known[k] - 1], self.data.months[known[k]]
            try:
                past = self.data.until(before)
                forecast = self.model.forecast(past, 1, draws=self.draws, rng=stream(str(month)))
                scores[k] = forecast.logpmf(month, int(counts[known[k]]))
            except ForecastingError:
                continue
        return scores

    def forecast(self, horizon: int, *, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data."""
        return self.model.forecast(self.data, horizon, draws=self.draws, rng=require_rng(rng))
