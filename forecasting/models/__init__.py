"""Models of monthly counts: one mean structure a file, any count distribution."""

from forecasting.models.base import BayesianModel, Model
from forecasting.models.fit import Fit
from forecasting.models.reconstruction import Reconstruction, reconstruct
from forecasting.models.regression import CountRegression
from forecasting.models.results import Posterior

__all__ = ["BayesianModel", "CountRegression", "Fit", "Model", "Posterior", "Reconstruction", "reconstruct"]
