"""
Are the probabilities right? On average
=======================================

The average forecast distribution minus the distribution of the counts that came: near zero where both agree.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import marginal_figure

series = fc.load_counts("tornadoes")
season = fc.CountRegression(fc.Intercept() + fc.Seasonal(2), fc.NegativeBinomial())
models = {"season": season, "same month a year ago": fc.SeasonalNaive(), "the last year": fc.Climatology()}
result = fc.backtest(models, series, horizon=6, origins=10, rng=np.random.default_rng(1), keep=True)

pairs = [
    (series.values[series.months.isin(forecast.months)], forecast)
    for (_, model, _), forecast in result.forecasts.items()
    if model == "season"
]
figure = marginal_figure(fc.evaluation.marginal_calibration(pairs, counts=range(0, 501, 20)))
