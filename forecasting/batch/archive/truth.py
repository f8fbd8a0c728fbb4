"""Counts that became known after a forecast: the first release of each month, the latest, or those of a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Literal

import numpy as np
import pandas as pd

from forecasting.batch.records import Vintage
from forecasting.errors import InvalidInput

Release = Literal["first", "latest"] | date
"""Which release of a count: the first, the latest, or the latest known on a day."""


def truth_of(dated: Iterable[tuple[str, Vintage]], release: Release) -> pd.DataFrame:
    """Return the counts of a release, see `Archive.truth`.

    Parameters
    ----------
    dated : iterable of (str, Vintage)
        The vintages of each series together, the earliest first, with the day each became known as ISO text.
    release : {"first", "latest"} or date
        A month that a later vintage marks as missing keeps the count it had.
    """
    if release not in ("first", "latest") and not isinstance(release, date):
        raise InvalidInput(f"release={release!r} must be 'first', 'latest' or a date")
    parts = [_of_one(name, [*group], release) for name, group in groupby(dated, key=lambda pair: pair[1].series)]
    columns = {"unique_id": "str", "ds": "period[M]", "y": "int64", "known": "str"}
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame({k: pd.Series(dtype=v) for k, v in columns.items()})
    )


def _of_one(name: str, dated: list[tuple[str, Vintage]], release: Release) -> pd.DataFrame:
    chosen = [(day, v) for day, v in dated if not isinstance(release, date) or day <= release.isoformat()]
    counts = [pd.DataFrame({"ds": v.months, "y": v.values, "known": day})[~v.missing] for day, v in chosen]
    rows = (
        pd.concat(counts)
        if counts
        else pd.DataFrame({"ds": pd.PeriodIndex([], freq="M"), "y": np.empty(0, np.int64), "known": ""})
    )
    kept = rows.drop_duplicates("ds", keep="first" if release == "first" else "last").sort_values("ds")
    kept.insert(0, "unique_id", name)
    return kept
