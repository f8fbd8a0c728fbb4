"""The archive of issued forecasts: SQLite or PostgreSQL, append-only."""

from forecasting.errors import ArchiveUnavailable

try:
    from forecasting.batch.archive.archive import Archive, Stored
    from forecasting.batch.archive.contents import Contents
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "sqlalchemy":
        raise
    raise ArchiveUnavailable(
        "the archive needs the package sqlalchemy; install it with pip install 'desertion-forecasting[batch]'"
    ) from None

__all__ = ["Archive", "Contents", "Stored"]
