"""How a level moves by itself: what the dynamic level and the local level have in common."""

from __future__ import annotations

from typing import Protocol

from scipy.special import logit

from forecasting.constraints import Observed
from forecasting.distributions import Distribution
from forecasting.parameters import Parameter, Priors, declared
from forecasting.terms import Terms

GROWTH = Parameter(
    "growth", family=declared("growth", 0.02, "Change of the log level per month of a dynamic level."), is_log_rate=True
)
REVERSION = Parameter(
    "reversion",
    float(logit(0.05)),
    transform="logistic",
    family=declared("reversion", 1.5, "Logit of the rate at which a dynamic level reverts, around that of 0.05."),
)


class Settings(Protocol):
    """What a density asks of a model with a level."""

    @property
    def reversion(self) -> bool: ...  # noqa: D102
    @property
    def distribution(self) -> Distribution: ...  # noqa: D102
    @property
    def priors(self) -> Priors: ...  # noqa: D102

    def terms_for(self, data: Observed) -> Terms:
        """Return season and effects for these data."""
        ...
