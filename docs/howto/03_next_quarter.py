"""
How many next quarter, 90% sure?
================================

The total of three months is a quantity of its own: the limits of single months must not be added up. Here the months keep
a mean of 40, so that a quarter has 120 on average.
"""

import numpy as np
import pandas as pd

import forecasting as fc

months = pd.period_range("2022-01", "2025-09", freq="M")
calls = fc.CountSeries(months, np.random.default_rng(3).poisson(40, len(months)), unique_id="calls")

# %%
# The last sentence is for who must be 90% sure that it will not be more.

forecast = fc.auto(calls, horizon=3, rng=1)
total = forecast.total()
print(total.in_words(0.9))
print(f"With a probability of 90% there will be at most {total.quantile(0.9).iloc[0]:.0f}.")

# %%
forecast.to_frame()

# %%
axes = forecast.plot(history=calls)
