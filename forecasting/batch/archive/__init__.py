"""The archive of issued forecasts: SQLite or PostgreSQL, append-only."""

from forecasting.batch.archive.archive import Archive, Stored

__all__ = ["Archive", "Stored"]
