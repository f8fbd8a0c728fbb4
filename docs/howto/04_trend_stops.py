"""
What if the trend stops?
========================

An outlook forecasts the same months under several assumptions, with the same draws, so that they differ by the assumption
alone. Here the counts grow by 5% a month and had a mean of 163 in the last month.
"""

import numpy as np
import pandas as pd

import forecasting as fc

months = pd.period_range("2023-01", "2025-06", freq="M")
mean = 40 * 1.05 ** np.arange(len(months))
calls = fc.CountSeries(months, np.random.default_rng(4).poisson(mean), unique_id="calls")

# %%
posterior = fc.CountRegression(fc.Intercept() + fc.Trend(), fc.NegativeBinomial()).posterior(calls, rng=1)
ahead = fc.outlook(posterior, [fc.Continue(), fc.Persist()], horizon=6, rng=1)
print(ahead.in_words())

# %%
ahead.totals()

# %%
axes = ahead.plot()
