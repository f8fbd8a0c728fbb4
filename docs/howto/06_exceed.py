"""
Will this year exceed last?
===========================

What is missing to last year's total is compared with the forecast of the remaining months. Here the mean is 60 a month in both
years until September, so that the answer hangs on the last quarter.
"""

import numpy as np
import pandas as pd

import forecasting as fc

months = pd.period_range("2022-01", "2025-09", freq="M")
calls = fc.CountSeries(months, np.random.default_rng(6).poisson(60, len(months)), unique_id="calls")

# %%
years = calls.to_frame().groupby(calls.months.year)["y"].sum()
missing = int(years[2024] - years[2025])
rest = fc.auto(calls, horizon=3, rng=1).total()
print(rest.in_words(above=missing))

# %%
years.to_frame()

# %%
axes = rest.plot()
axes.axvline(missing, linestyle="--")
