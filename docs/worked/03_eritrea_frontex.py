"""
Detections of Eritrean nationals at the external borders of the European Union
==============================================================================

196 months counted by Frontex, strongly seasonal, with shifts of level in 2013-14 and 2016-17. A detection is not a person. Five
models are refitted at each of two origins and scored on the twelve months that followed.
"""

import forecasting as fc

series = fc.load_counts("eritrea_frontex")
axes = series.plot()
axes.set_title("Eritrean nationals, detections per month (source: Frontex)")

# %%
models = {
    "auto": fc.Auto(),
    "local level": fc.LocalLevel(),
    "INGARCH": fc.Autoregression((1,), (1, 12)),
    "seasonal ARIMA": fc.SARIMA((1, 0, 1), (0, 1, 1), transform="log"),
    "same month a year ago": fc.SeasonalNaive(),
}
result = fc.backtest(models, series, horizon=12, origins=2, rng=1)
result.table()[["n", "failed", "rps", "log_score", "scaled_rps", "cover_80", "cover_95"]].round(2)

# %%
scores = result.plot()

# %%
# Fitted to all months, the wandering level shows the two shifts without being told of them.

level = fc.LocalLevel().posterior(series, rng=1)
wandering = level.plot()
wandering.set_yscale("symlog", linthresh=100)
