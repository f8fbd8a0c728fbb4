"""
A forecast after its history
============================

A year of tornadoes in the United States, forecast by the pool that needs no choice: central intervals of 50, 80 and 90%.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import forecast_figure

series = fc.load_counts("tornadoes")
history = fc.CountSeries(series.months[-60:-12], series.values[-60:-12], unique_id="tornadoes")
forecast = fc.auto(history, horizon=12, rng=np.random.default_rng(1))
figure = forecast_figure(forecast, history)

# %%
# What came, beside the interval of 80%:

forecast.interval(0.8).assign(came=series.values[-12:]).head(6)
