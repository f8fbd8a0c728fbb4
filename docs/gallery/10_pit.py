"""
Are the probabilities right? Transforms
=======================================

Where each count fell within its forecast. Bars at 1 mean calibrated forecasts, a hill too wide ones, a U too narrow ones.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import pit_figure

series = fc.load_counts("tornadoes")
season = fc.CountRegression(fc.Intercept() + fc.Seasonal(2), fc.NegativeBinomial())
models = {"season": season, "same month a year ago": fc.SeasonalNaive(), "the last year": fc.Climatology()}
result = fc.backtest(models, series, horizon=6, origins=10, rng=np.random.default_rng(1))

figure = pit_figure(result.pit("season"))
