"""Seasonal ARIMA: the automatic search and one fit, beside statsmodels in the same run and R's recorded times."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import cpu_of_calls
from forecasting import SARIMA, CountSeries

RECORDED = {60: 0.42, 120: 4.74, 240: 11.11}
"""CPU seconds of R's ``auto.arima(y, lambda = 0)`` on series of the same law: forecast 8.20, R 4.2.2, another machine."""

R_SECONDS = 3.1
"""The same on 120 months without the logarithm, which is faster."""


def simulate(months: int) -> CountSeries:
    """Negative-binomial counts with a trend and a season, size 15: the law of R's recorded series."""
    rng, t = np.random.default_rng(200 + months), np.arange(1, months + 1)
    mean = np.exp(4 + 0.4 * t / 120 + 0.35 * np.cos(np.pi * t / 6) + 0.2 * np.sin(np.pi * t / 6))
    return CountSeries(
        pd.period_range("2000-01", periods=months, freq="M"), rng.poisson(mean * rng.gamma(15, 1 / 15, months))
    )


def statsmodels_fit(series: CountSeries) -> float:
    """Return the AICc of the airline model by statsmodels, differenced beforehand as here."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    model = SARIMAX(np.log(series.values), order=(0, 1, 1), seasonal_order=(0, 1, 1, 12), simple_differencing=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its own start
        return float(model.fit(disp=0).aicc)


def measure(repeats: int = 5) -> dict[str, Any]:
    """Return CPU times and criteria for 60, 120 and 240 months."""
    result = {}
    for months in RECORDED:
        series = simulate(months)
        model = SARIMA(transform="log")
        found = SARIMA.auto(series, transform="log")

        def forecast(series: CountSeries = series, model: SARIMA = model) -> object:
            return model.forecast(series, 12, rng=np.random.default_rng(1))

        calls = {
            "auto_s": lambda series=series: SARIMA.auto(series, transform="log"),
            "fit_s": lambda series=series, model=model: model.fit(series),
            "forecast_s": forecast,
            "statsmodels_fit_s": lambda series=series: statsmodels_fit(series),
        }
        result[str(months)] = {name: min(cpu_of_calls(call, repeats)) for name, call in calls.items()} | {
            "chosen": str(found.best.orders),
            "aicc": found.fit.aicc,
            "exact_likelihoods": len(found.table),
            "airline_aicc": model.fit(series).aicc,
            "statsmodels_airline_aicc": statsmodels_fit(series),
        }
    return result


def table(result: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    lines = [
        "| months | search, CPU s | chosen | one fit, CPU ms | statsmodels, the same fit, CPU ms | search in such fits | "
        "posterior and forecast, 1000 draws, CPU ms | R's search, recorded, CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for months, row in result.items():
        lines.append(
            f"| {months} | {row['auto_s']:.2f} | {row['chosen']} | {1e3 * row['fit_s']:.0f} | "
            f"{1e3 * row['statsmodels_fit_s']:.0f} | {row['auto_s'] / row['statsmodels_fit_s']:.1f} | "
            f"{1e3 * row['forecast_s']:.0f} | {RECORDED[int(months)]:.2f} |"
        )
    return lines
