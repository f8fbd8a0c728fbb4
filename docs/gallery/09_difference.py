"""
Is one model better than another?
=================================

Differences of mean scores, month for month, with their 95% intervals: Student's t over the origins of one series, the
bootstrap over several. Below zero the first is better.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import difference_figure

series = fc.load_counts("tornadoes")
season = fc.CountRegression(fc.Intercept() + fc.Seasonal(2), fc.NegativeBinomial())
models = {"season": season, "same month a year ago": fc.SeasonalNaive(), "the last year": fc.Climatology()}
result = fc.backtest(models, series, horizon=6, origins=10, rng=np.random.default_rng(1))

rng = np.random.default_rng(2)
others = ["same month a year ago", "the last year"]
figure = difference_figure([result.compare("season", other, rng=rng) for other in others])
