"""Dynamic level: the mean follows the counts, with shrunken seasons."""

from forecasting.models.level.model import DynamicLevel

__all__ = ["DynamicLevel"]
