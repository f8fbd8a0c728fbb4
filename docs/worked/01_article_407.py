"""
Proceedings under Article 407, as known on 16 December 2024
===========================================================

Ukraine registers criminal proceedings under Article 407 (absence without leave). A proceeding is an entry in a register,
neither a person nor an act, and rules and practice changed several times; the counts say how much was registered, not why.
On 16 December 2024 the months from January 2022 to October 2024 were public.
"""

import pandas as pd

import forecasting as fc

name = "ukraine.art407.registered"
known = fc.load_ledger().as_of("2024-12-16").evidence(name)
print(known)

# %%
# Five ways to go on, none told anything that was published later. The counts are exact, so models of complete series apply.

ranges = known.ranges()
series = fc.CountSeries(known.months, ranges["lower"], unique_id="Article 407")
models = {
    "auto": fc.Auto(),
    "local level": fc.LocalLevel(),
    "INGARCH": fc.Autoregression((1,), (1,)),
    "seasonal ARIMA": fc.SARIMA((0, 1, 1), (0, 0, 0), transform="log"),
    "last value, trend": fc.CountRegression(fc.Intercept() + fc.Trend(), fc.NegativeBinomial()),
}
forecasts = {label: model.forecast(series, 11, rng=1) for label, model in models.items()}

# %%
# What was published later: seven months to the unit, and one total of four.

later = fc.load_ledger().evidence(name, start="2024-11", end="2025-09").ranges()
exact = later[later["status"] == "exact"]["lower"]
total = fc.load_ledger().evidence(name).sum_range("2025-01", "2025-04")[0]
pd.DataFrame({"published": exact}).join(
    pd.DataFrame({label: forecast.quantile(0.5).to_numpy()[:, 0] for label, forecast in forecasts.items()}, later.index)
)

# %%
# Scores on those months (mean logarithmic score, smaller is better; share inside the central 90%), and where the total of
# January to April 2025 fell among the draws.

rows = {}
for label, forecast in forecasts.items():
    limits = forecast.interval(0.9).loc[exact.index]
    rows[label] = {
        "log score": -sum(forecast.logpmf(month, count) for month, count in exact.items()) / len(exact),
        "inside 90%": float(((limits["lower"] <= exact) & (exact <= limits["upper"])).mean()),
        "chance of a larger total": forecast.total("2025-01", "2025-04").exceedance(total),
    }
pd.DataFrame(rows).T.round(2)

# %%
# December 2024 was 15,511 after 8,779 in November. A forecast made before it can only be wide; the picture shows how wide.

axes = forecasts["auto"].plot(history=series)
axes.plot(exact.index.to_timestamp(), exact, "*", label="published later")
axes.legend()
