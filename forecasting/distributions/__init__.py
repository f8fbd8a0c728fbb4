"""Conditional distributions of a monthly count given its mean."""

from forecasting.distributions.base import Distribution, Law, split_shape
from forecasting.distributions.contaminated import Contaminated
from forecasting.distributions.hurdle import Hurdle
from forecasting.distributions.negative_binomial import NegativeBinomial
from forecasting.distributions.one_of import OneOf
from forecasting.distributions.point import Point
from forecasting.distributions.poisson import Poisson
from forecasting.distributions.rounded_normal import RoundedNormal
from forecasting.distributions.zero_inflated import ZeroInflated

__all__ = [
    "Contaminated",
    "Distribution",
    "Hurdle",
    "Law",
    "NegativeBinomial",
    "OneOf",
    "Point",
    "Poisson",
    "RoundedNormal",
    "ZeroInflated",
    "split_shape",
]
