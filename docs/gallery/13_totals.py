"""
Which model forecasts better? By the number of months added up
==============================================================

The mean score of totals of the first 3, 6 and 12 months.  Months can be forecast well one by one and their totals badly.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import totals_figure

series = fc.load_counts("tornadoes")
season = fc.CountRegression(fc.Intercept() + fc.Seasonal(2), fc.NegativeBinomial())
models = {"season": season, "same month a year ago": fc.SeasonalNaive(), "the last year": fc.Climatology()}
result = fc.backtest(models, series, horizon=12, origins=6, totals=(3, 6, 12), rng=np.random.default_rng(1))

figure = totals_figure(result)
