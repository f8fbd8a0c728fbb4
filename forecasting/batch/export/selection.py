"""Which of the archived forecasts to export."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from forecasting.batch.archive import Contents
from forecasting.batch.records import ForecastRecord
from forecasting.errors import InvalidInput
from forecasting.months import to_month
from forecasting.reading.typed import typed


@dataclass(frozen=True)
class Selection:
    """Finished forecasts, at most one for each series, model and origin: the one issued last.

    Attributes
    ----------
    archive : Archive or Contents
        Where they are.
    keys : pandas.DataFrame
        Their rows of `Archive.keys`, by series, model and origin.
    older : tuple of str
        Series that were left out because their newest forecasts are from an earlier origin.
    """

    archive: Contents
    keys: pd.DataFrame
    older: tuple[str, ...] = ()

    @classmethod
    @typed
    def of(
        cls,
        archive: Contents,
        *,
        series: str | Sequence[str] | None = None,
        model: str | Sequence[str] | None = None,
        origin: str | Sequence[str] | None = None,
        run: int | None = None,
    ) -> Selection:
        """Choose forecasts.

        Parameters
        ----------
        archive : Archive or Contents
            Where they are.
        series, model : str or sequence of str, optional
            All by default.
        origin : str or sequence of str, optional
            Last months of the data, ``YYYY-MM``; ``"all"``; by default the newest of all, so that no old forecast passes for
            a new one.
        run : int, optional
            Number of the run.

        Raises
        ------
        InvalidInput
            If an origin is not a month, or nothing is left.
        """
        named = [origin] if isinstance(origin, str) else list(origin or ())
        wanted = None if "all" in named else [str(to_month(one)) for one in named] or None
        keys = archive.keys(series=series, model=model, origin=wanted, run=run, status="done").sort_values("id")
        keys = keys.sort_values(["origin", "id"]).drop_duplicates(["unique_id", "model", "origin"], keep="last")
        if keys.empty:
            raise InvalidInput(
                f"the archive {archive.address} has no finished forecast of that kind; nothing to export"
            )
        older = set[str]()
        if origin is None:
            newest = keys[keys["origin"] == keys["origin"].max()]
            older = set(keys["unique_id"]) - set(newest["unique_id"])
            keys = newest
        return cls(archive, keys.sort_values(["unique_id", "model", "origin"], ignore_index=True), tuple(sorted(older)))

    def where(self, **columns: str) -> Selection:
        """Return the forecasts whose columns have these values."""
        keys = self.keys
        for name, value in columns.items():
            keys = keys[keys[name] == value]
        return Selection(self.archive, keys)

    def records(self) -> Iterator[ForecastRecord]:
        """Yield the forecasts."""
        yield from self.archive.read(self.keys["id"])
