"""The jump report as a page of its own, with what other readings change and what was published later."""

from forecasting.report.checklist import Item, checklist
from forecasting.report.page import pictures, render
from forecasting.report.provenance import provenance
from forecasting.report.readings import compare_readings
from forecasting.report.truth import check_truth, coverage

__all__ = [
    "Item",
    "check_truth",
    "checklist",
    "compare_readings",
    "coverage",
    "pictures",
    "provenance",
    "render",
]
