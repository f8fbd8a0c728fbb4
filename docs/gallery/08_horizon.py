"""
Scores by months ahead
======================

Each model is refitted at each origin on what was known then. Smaller is better; the months behind each point are counted
below.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import horizon_figure

series = fc.load_counts("tornadoes")
season = fc.CountRegression(fc.Intercept() + fc.Seasonal(2), fc.NegativeBinomial())
models = {"season": season, "same month a year ago": fc.SeasonalNaive(), "the last year": fc.Climatology()}
result = fc.backtest(models, series, horizon=6, origins=10, rng=np.random.default_rng(1))

figure = horizon_figure(result)
