"""
Did 1 March change the level, and by how much?
==============================================

Add a step in that month to a model that has the season, and test it. Here the level rose by a factor of 1.5 in
March 2025. The month must have been named before the counts were seen; if it was not, ask when it turned.
"""

import numpy as np
import pandas as pd

import forecasting as fc

months = pd.period_range("2021-01", "2025-10", freq="M")
mean = 100 * np.exp(0.3 * np.cos(2 * np.pi * months.month / 12)) * np.where(months >= pd.Period("2025-03"), 1.5, 1)
calls = fc.CountSeries(months, np.random.default_rng(3).poisson(mean), unique_id="calls")

# %%
model = fc.CountRegression(fc.Intercept() + fc.Trend() + fc.Seasonal(1), fc.NegativeBinomial())
test = fc.intervention_test(model, calls, fc.Step("2025-03"), method="lr")
print(test.in_words())

# %%
test.to_frame()

# %%
axes = calls.plot()
axes.axvline(pd.Timestamp("2025-02-15"), linestyle=":")
