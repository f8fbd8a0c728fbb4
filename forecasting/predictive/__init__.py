"""Forecasts as distributions: integer sample paths and, for every draw, the distribution of each month."""

from forecasting.predictive.account import Account, AccountMember
from forecasting.predictive.history import History
from forecasting.predictive.pool import pool
from forecasting.predictive.predictive import Predictive
from forecasting.predictive.quantity import Quantity

__all__ = ["Account", "AccountMember", "History", "Predictive", "Quantity", "pool"]
