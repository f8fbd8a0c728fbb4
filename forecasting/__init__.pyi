from .distributions import Hurdle, NegativeBinomial, Poisson, ZeroInflated
from .errors import (
    ContradictoryFacts,
    ForecastingError,
    ForecastingWarning,
    InvalidInput,
    InvalidLedger,
    InvalidSeries,
    InvalidWindow,
    NotIdentified,
    Problem,
    SamplingError,
    TooLarge,
    UnknownSeries,
)
from .evidence import Evidence, Fact, Ledger, Source, load_ledger
from .inference.priors import Priors
from .models import SARIMA, Autoregression, CountRegression, reconstruct
from .predictive import Predictive
from .scenarios import Continue, JumpReport, Persist, Revert, Shift, jump, outlook
from .series import CountSeries
from .terms import (
    Covariate,
    DecayingPulse,
    Exposure,
    Intercept,
    MonthEffects,
    Pulse,
    Ramp,
    Seasonal,
    Step,
    Trend,
)

__version__: str

__all__ = [
    "SARIMA",
    "Autoregression",
    "Continue",
    "ContradictoryFacts",
    "CountRegression",
    "CountSeries",
    "Covariate",
    "DecayingPulse",
    "Evidence",
    "Exposure",
    "Fact",
    "ForecastingError",
    "ForecastingWarning",
    "Hurdle",
    "Intercept",
    "InvalidInput",
    "InvalidLedger",
    "InvalidSeries",
    "InvalidWindow",
    "JumpReport",
    "Ledger",
    "MonthEffects",
    "NegativeBinomial",
    "NotIdentified",
    "Persist",
    "Poisson",
    "Predictive",
    "Priors",
    "Problem",
    "Pulse",
    "Ramp",
    "Revert",
    "SamplingError",
    "Seasonal",
    "Shift",
    "Source",
    "Step",
    "TooLarge",
    "Trend",
    "UnknownSeries",
    "ZeroInflated",
    "jump",
    "load_ledger",
    "outlook",
    "reconstruct",
]
