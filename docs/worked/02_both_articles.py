"""
Articles 407 and 408 together, as known on 11 January 2025
==========================================================

Both articles together are printed as such. On 11 January 2025 the twelve months of 2024 were public; eight later months and one
total of two came out until November 2025, when the series ended.
"""

import pandas as pd

import forecasting as fc

name = "ukraine.art407_408.registered"
known = fc.load_ledger().as_of("2025-01-11").evidence(name, start="2024-01", end="2024-12")
months = known.ranges()
months.T

# %%
# Twelve months are little, and the last is far above the others. A pool and the moments of the year are asked.

series = fc.CountSeries(known.months, months["lower"], unique_id="Articles 407 and 408")
forecasts = {"auto": fc.auto(series, horizon=10, rng=1), "moments": fc.HistoricalMoments().forecast(series, 10, rng=1)}

# %%
later = fc.load_ledger().evidence(name, start="2025-01", end="2025-10").ranges()
exact = later[later["status"] == "exact"]["lower"]
table = pd.DataFrame({"published": exact})
for label, forecast in forecasts.items():
    table = table.join(forecast.interval(0.9).add_prefix(f"{label}, "))
table

# %%
for label, forecast in forecasts.items():
    limits = forecast.interval(0.9).loc[exact.index]
    inside = int(((limits["lower"] <= exact) & (exact <= limits["upper"])).sum())
    print(f"{label}: {inside} of {len(exact)} months inside the central 90%")

# %%
axes = forecasts["auto"].plot(history=series)
axes.plot(exact.index.to_timestamp(), exact, "*", label="published later")
axes.legend()
