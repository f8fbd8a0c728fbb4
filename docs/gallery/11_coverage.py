"""
Are the probabilities right? Coverage
=====================================

How often central intervals held what came, level by level; on the diagonal where the forecasts are calibrated.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import coverage_figure

series = fc.load_counts("tornadoes")
season = fc.CountRegression(fc.Intercept() + fc.Seasonal(2), fc.NegativeBinomial())
models = {"season": season, "same month a year ago": fc.SeasonalNaive(), "the last year": fc.Climatology()}
result = fc.backtest(models, series, horizon=6, origins=10, rng=np.random.default_rng(1))

figure = coverage_figure(result.pit("season"))
