"""Forecasts with the posteriors behind them, asked for in one way of every model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from forecasting.constraints import Observed
from forecasting.models.base import Model
from forecasting.predictive import Predictive


def forecast_and_posterior(
    model: Model, data: Observed, horizon: int, *, draws: int | None, rng: np.random.Generator
) -> tuple[Predictive, Any, Mapping[str, Any]]:
    """Forecast by way of the posterior, so that it can be looked at.

    Returns
    -------
    forecast : Predictive
        The same as that of ``model.forecast``.
    posterior : Posterior, SarimaPosterior or None
        Of the model itself; None if it draws none, as a pool or a baseline.
    members : mapping of str to posterior
        Those of the members of a pool that draw one; empty for any other model.
    """
    sample = getattr(model, "posterior", None)
    if sample is None:
        forecast = model.forecast(data, horizon, draws=draws, rng=rng)
        return forecast, None, getattr(forecast, "posteriors", {})
    posterior = sample(data, draws=draws, rng=rng)
    return posterior.forecast(horizon, rng=rng), posterior, {}
