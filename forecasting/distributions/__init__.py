"""Conditional distributions of a monthly count given its mean."""

from forecasting.distributions.base import Distribution, split_shape
from forecasting.distributions.negative_binomial import NegativeBinomial
from forecasting.distributions.poisson import Poisson

__all__ = ["Distribution", "NegativeBinomial", "Poisson", "split_shape"]
