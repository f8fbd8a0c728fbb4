"""
When did it turn?
=================

The month of a change of level as an unknown: its probability, and the smallest set of months that holds 90% of it. Here
the level rose from 50 to 80 in September 2024.
"""

import numpy as np
import pandas as pd

import forecasting as fc

months = pd.period_range("2023-01", "2025-08", freq="M")
mean = np.where(months >= pd.Period("2024-09"), 80, 50)
calls = fc.CountSeries(months, np.random.default_rng(5).poisson(mean), unique_id="calls")

# %%
turn = fc.onset(calls, rng=1)
print(turn.in_words())

# %%
turn.table.sort_values("probability", ascending=False).head()

# %%
axes = turn.plot()

# %%
# Was that the only one?  Complete months have a probability for each number of changes.
several = fc.changes(calls, rng=1)
several.number.head(4)
