"""
Was October unusual?
====================

Forecast October from the months before it, and ask where the count lies. Here the calls of October 2025 were 2.5 times
what the level of 100 a month and the season would give.
"""

import numpy as np
import pandas as pd

import forecasting as fc

months = pd.period_range("2021-01", "2025-10", freq="M")
mean = 100 * np.exp(0.2 * np.cos(2 * np.pi * months.month / 12)) * np.where(months == pd.Period("2025-10"), 2.5, 1)
calls = fc.CountSeries(months, np.random.default_rng(1).poisson(mean), unique_id="calls")

# %%
# October must be left out of what the forecast rests on.

forecast = fc.auto(calls.until("2025-09"), horizon=1, rng=1)
print(forecast.in_words(observed={"2025-10": calls.values[-1]}))

# %%
forecast.to_frame()

# %%
axes = forecast.plot(history=calls.until("2025-09"))
axes.plot([pd.Timestamp("2025-10-01")], [calls.values[-1]], "*", markersize=10)
