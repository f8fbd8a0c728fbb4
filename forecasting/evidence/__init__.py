"""Reported facts and what they say about each month: ledgers, vintages, contradictions, feasible ranges."""

from forecasting.evidence.evidence import Evidence
from forecasting.evidence.fact import Fact, Reading, Source
from forecasting.evidence.ledger import Ledger, load_ledger

__all__ = ["Evidence", "Fact", "Ledger", "Reading", "Source", "load_ledger"]
