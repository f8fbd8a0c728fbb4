"""Local level: the log mean has Gaussian noise of its own, and any facts may be known."""

from forecasting.models.local_level.model import LocalLevel
from forecasting.models.local_level.posterior import LocalLevelPosterior

__all__ = ["LocalLevel", "LocalLevelPosterior"]
