"""
What comes next, under three assumptions
========================================

The level stays, goes back to that of the summer, or the trend goes on. All scenarios share their draws, so they differ by the
assumption alone. The line across is the count of January 2024, published later.
"""

import numpy as np
import pandas as pd

import forecasting as fc
from forecasting.figures import outlook_figure

rng = np.random.default_rng(20231205)
evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
model = fc.CountRegression(fc.Intercept() + fc.Trend() + fc.Step("2023-09"), fc.NegativeBinomial())
scenarios = [fc.Persist(), fc.Revert("2023-06", "2023-08"), fc.Continue()]
ahead = fc.outlook(model.posterior(evidence, rng=rng), scenarios, horizon=3, rng=rng)
figure = outlook_figure(ahead, published={pd.Period("2024-01"): 284})

# %%
# The total of the three months:

ahead.totals().round()
