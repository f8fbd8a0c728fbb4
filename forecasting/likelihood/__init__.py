"""Exact probability of what is known about the months, and draws of the months it leaves open."""

from forecasting.likelihood.facts import FactLikelihood, Unit

__all__ = ["FactLikelihood", "Unit"]
