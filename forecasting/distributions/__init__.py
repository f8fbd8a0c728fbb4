"""Conditional distributions of a monthly count given its mean."""

from forecasting.distributions.base import Distribution, split_shape
from forecasting.distributions.contaminated import Contaminated
from forecasting.distributions.hurdle import Hurdle
from forecasting.distributions.negative_binomial import NegativeBinomial
from forecasting.distributions.poisson import Poisson
from forecasting.distributions.zero_inflated import ZeroInflated

__all__ = ["Contaminated", "Distribution", "Hurdle", "NegativeBinomial", "Poisson", "ZeroInflated", "split_shape"]
