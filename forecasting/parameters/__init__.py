"""Parameters of models: tables of names, priors and transforms, and the scales of priors by family."""

from forecasting.parameters.families import declared
from forecasting.parameters.priors import Priors, read_priors
from forecasting.parameters.table import Parameter, Parameters, Theta, log_normal_density

__all__ = ["Parameter", "Parameters", "Priors", "Theta", "declared", "log_normal_density", "read_priors"]
