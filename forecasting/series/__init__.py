"""Series of monthly counts, and the tables that they come from."""

from forecasting.months import read_months
from forecasting.reading.cells import LARGEST_COUNT
from forecasting.series.listing import listing
from forecasting.series.series import CountSeries

__all__ = ["LARGEST_COUNT", "CountSeries", "listing", "read_months"]
