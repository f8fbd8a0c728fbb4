"""Models of monthly counts: one mean structure a file, any count distribution."""

from forecasting.models.autoregression import Autoregression
from forecasting.models.base import BayesianModel, Model
from forecasting.models.fit import Fit
from forecasting.models.level import DynamicLevel
from forecasting.models.reconstruction import Reconstruction, reconstruct
from forecasting.models.regression import CountRegression
from forecasting.models.results import Posterior
from forecasting.models.sarima import SARIMA, SarimaFit, SarimaPosterior

__all__ = [
    "SARIMA",
    "Autoregression",
    "BayesianModel",
    "CountRegression",
    "DynamicLevel",
    "Fit",
    "Model",
    "Posterior",
    "Reconstruction",
    "SarimaFit",
    "SarimaPosterior",
    "reconstruct",
]
