"""Models of monthly counts: one mean structure a file, any count distribution."""

from forecasting.models.automatic import Auto, Member, PooledForecast, auto
from forecasting.models.autoregression import Autoregression
from forecasting.models.base import BayesianModel, Model
from forecasting.models.baselines import Climatology, HistoricalMoments, SeasonalNaive
from forecasting.models.fit import Fit
from forecasting.models.level import DynamicLevel
from forecasting.models.local_level import LocalLevel, LocalLevelPosterior
from forecasting.models.process import ProcessModel, Row
from forecasting.models.reconstruction import Reconstruction, reconstruct
from forecasting.models.registry import find_model, known_models, register_model
from forecasting.models.regression import CountRegression
from forecasting.models.results import Posterior
from forecasting.models.sarima import SARIMA
from forecasting.models.shifting_level import ShiftingLevel
from forecasting.parameters import Priors

__all__ = [
    "SARIMA",
    "Auto",
    "Autoregression",
    "BayesianModel",
    "Climatology",
    "CountRegression",
    "DynamicLevel",
    "Fit",
    "HistoricalMoments",
    "LocalLevel",
    "LocalLevelPosterior",
    "Member",
    "Model",
    "PooledForecast",
    "Posterior",
    "Priors",
    "ProcessModel",
    "Reconstruction",
    "Row",
    "SeasonalNaive",
    "ShiftingLevel",
    "auto",
    "find_model",
    "known_models",
    "reconstruct",
    "register_model",
]
