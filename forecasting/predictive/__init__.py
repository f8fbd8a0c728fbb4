"""Forecasts as distributions: integer sample paths and, for every draw, the distribution of each month."""

from forecasting.predictive.pool import pool
from forecasting.predictive.predictive import Predictive
from forecasting.predictive.quantity import Quantity

__all__ = ["Predictive", "Quantity", "pool"]
