"""Exact probability of what is known about the months, and draws of the months it leaves open."""

from forecasting.likelihood.facts import FactLikelihood, Unit
from forecasting.likelihood.strategy import Likelihood, read_likelihood

__all__ = ["FactLikelihood", "Likelihood", "Unit", "read_likelihood"]
