"""Seasonal ARIMA models of counts: exact likelihood, posterior forecasts, automatic orders."""

from forecasting.distributions.rounded_normal import RoundedNormal
from forecasting.models.sarima.fit import SarimaFit
from forecasting.models.sarima.model import SARIMA, SarimaSearch
from forecasting.models.sarima.posterior import SarimaPosterior
from forecasting.models.sarima.search import Limits

__all__ = ["SARIMA", "Limits", "RoundedNormal", "SarimaFit", "SarimaPosterior", "SarimaSearch"]
