"""Scores, calibration and backtests of forecasts.

Scores are plain functions of the observed counts and a `Predictive` that return a number a month; `closed` holds the
formulas for a single Poisson or negative-binomial distribution on plain arrays.
"""

from forecasting.evaluation import closed
from forecasting.evaluation.joint import energy_score, variogram_score
from forecasting.evaluation.ranked import rps
from forecasting.evaluation.scores import (
    absolute_error,
    coverage,
    crps_from_quantiles,
    dawid_sebastiani,
    interval_score,
    interval_width,
    log_score,
    moments,
    quantile_score,
    skill,
    squared_error,
)

__all__ = [
    "absolute_error",
    "closed",
    "coverage",
    "crps_from_quantiles",
    "dawid_sebastiani",
    "energy_score",
    "interval_score",
    "interval_width",
    "log_score",
    "moments",
    "quantile_score",
    "rps",
    "skill",
    "squared_error",
    "variogram_score",
]
