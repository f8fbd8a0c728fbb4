"""
From counts to a forecast
=========================

What you have is a count for every month. What you want: the next months with honest limits, and to know how far to trust them.

Counts of your own come from a table with the columns ``unique_id, ds, y``: ``fc.CountSeries.from_frame(df)``. Here are
some that come with the library:
"""

import forecasting as fc

fc.load_counts()[["name", "unit", "months", "licence"]]

# %%
series = fc.load_counts("tornadoes")
axes = series.plot()

# %%
# A forecast that needs no choice
# -------------------------------
#
# ``auto`` pools several models, weighted by how well they predicted the last two years.

forecast = fc.auto(series, horizon=6, rng=1)
print(forecast.weights.round(2))

# %%
forecast.to_frame()

# %%
# Point at a month, and the picture says its numbers. ``forecast.plot(history=recent)`` draws the same on axes of your own.

recent = fc.CountSeries(series.months[-36:], series.values[-36:], unique_id="tornadoes")
fc.figures.interactive(forecast, history=recent)

# %%
# Totals and chances
# ------------------
#
# The total of several months is a quantity of its own, and so is the chance of passing a number.

total = forecast.total()
print(total.in_words(above=500))
print(f"The chance of more than 100 in December alone is {forecast.exceedance('2013-12', 100):.1%}.")

# %%
# How good is it?
# ---------------
#
# Forecast from earlier months with what was known then, beside two simple rules, and score what came. Smaller is better.

models = {"auto": fc.Auto(), "same month a year ago": fc.SeasonalNaive(), "the last year": fc.Climatology()}
result = fc.backtest(models, series, horizon=6, origins=4, rng=1)
result.table()[["n", "rps", "log_score", "cover_80", "cover_95"]].round(2)

# %%
# Totals are scored as well. Months can be covered and their total not, if a forecast is too sure of its level:

result.by_total("cover_90")

# %%
scores = result.plot()

# %%
# Take it elsewhere
# -----------------
#
# Tables and draws are plain frames; ``forecasting forecast --csv counts.csv --model auto --json`` does the same
# on the command line.

forecast.samples().head(3)
