"""How a level moves by itself: what the dynamic level and the local level have in common."""

from __future__ import annotations

from scipy.special import logit

from forecasting.parameters import Parameter, declared

GROWTH = Parameter(
    "growth", family=declared("growth", 0.02, "Change of the log level per month of a dynamic level."), is_log_rate=True
)
REVERSION = Parameter(
    "reversion",
    float(logit(0.05)),
    transform="logistic",
    family=declared("reversion", 1.5, "Logit of the rate at which a dynamic level reverts, around that of 0.05."),
)
