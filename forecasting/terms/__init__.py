"""Terms of a log-linear mean, written as a sum: ``Intercept() + Trend() + Step("2023-09")``.

A term turns calendar months into columns of the design matrix or, for an exposure, into an offset of the
log mean.  A new one subclasses `Term` and says three things: its `family`, its `columns` and its `rows`.
"""

from forecasting.terms.base import Term, Terms
from forecasting.terms.calendar import Intercept, MonthEffects, Seasonal, Trend, Weekdays
from forecasting.terms.events import DecayingPulse, Pulse, Ramp, Step
from forecasting.terms.known import Covariate, Exposure

__all__ = [
    "Covariate",
    "DecayingPulse",
    "Exposure",
    "Intercept",
    "MonthEffects",
    "Pulse",
    "Ramp",
    "Seasonal",
    "Step",
    "Term",
    "Terms",
    "Trend",
    "Weekdays",
]
