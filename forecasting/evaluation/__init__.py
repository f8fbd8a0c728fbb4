"""Scores, calibration and backtests of forecasts.

Scores are plain functions of the observed counts and a `Predictive` that return a number a month; `closed` holds the
formulas for a single Poisson or negative-binomial distribution on plain arrays.

Examples
--------
>>> import pandas as pd
>>> import forecasting as fc
>>> months = pd.period_range("2024-01", periods=2, freq="M")
>>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
>>> fc.evaluation.rps([4, 9], forecast).round(2)  # the second month is a surprise
array([0.45, 3.91])
"""

from forecasting.evaluation import closed
from forecasting.evaluation.backtest import Backtest, backtest
from forecasting.evaluation.calibration import CalibrationTest, null_moments, pit_test, score_test
from forecasting.evaluation.card import score_card
from forecasting.evaluation.comparison import Comparison, DieboldMariano, compare, diebold_mariano
from forecasting.evaluation.joint import energy_score, variogram_score
from forecasting.evaluation.pit import PIT, marginal_calibration, pit_ends
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
from forecasting.evaluation.totals import total_card, total_crps

__all__ = [
    "PIT",
    "Backtest",
    "CalibrationTest",
    "Comparison",
    "DieboldMariano",
    "absolute_error",
    "backtest",
    "closed",
    "compare",
    "coverage",
    "crps_from_quantiles",
    "dawid_sebastiani",
    "diebold_mariano",
    "energy_score",
    "interval_score",
    "interval_width",
    "log_score",
    "marginal_calibration",
    "moments",
    "null_moments",
    "pit_ends",
    "pit_test",
    "quantile_score",
    "rps",
    "score_card",
    "score_test",
    "skill",
    "squared_error",
    "total_card",
    "total_crps",
    "variogram_score",
]
