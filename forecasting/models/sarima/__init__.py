"""Seasonal ARIMA models of counts: exact likelihood, posterior forecasts, automatic orders."""

from forecasting.models.sarima.model import SARIMA, SarimaSearch
from forecasting.models.sarima.search import Limits

__all__ = ["SARIMA", "Limits", "SarimaSearch"]
