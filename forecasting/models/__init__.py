"""Models of monthly counts: one mean structure a file, any count distribution."""

from forecasting.models.fit import Fit
from forecasting.models.reconstruction import Reconstruction, reconstruct
from forecasting.models.regression import CountRegression
from forecasting.models.results import Posterior

__all__ = ["CountRegression", "Fit", "Posterior", "Reconstruction", "reconstruct"]
