"""Counts that became known after a forecast: the first release of each month, the latest, or those of a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.batch.records import Vintage
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import IntArray

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
    names, months, counts, days = list[str](), list[IntArray](), list[IntArray](), list[NDArray[np.str_]]()
    for name, group in groupby(dated, key=lambda pair: pair[1].series):
        month, y, day = _of_one([*group], release)
        names += [name] * len(month)
        months, counts, days = [*months, month], [*counts, y], [*days, day]
    empty = np.empty(0, dtype=np.int64)
    return pd.DataFrame(
        {
            "unique_id": pd.Series(names, dtype="str"),
            "ds": pd.PeriodIndex(pd.arrays.PeriodArray(np.concatenate([empty, *months]), dtype=pd.PeriodDtype("M"))),
            "y": np.concatenate([empty, *counts]),
            "known": pd.Series(np.concatenate([np.empty(0, dtype="<U10"), *days]), dtype="str"),
        }
    )


def _of_one(dated: list[tuple[str, Vintage]], release: Release) -> tuple[IntArray, IntArray, NDArray[np.str_]]:
    """Return months, counts, and the days they became known, of one series."""
    chosen = [(day, v) for day, v in dated if not isinstance(release, date) or day <= release.isoformat()]
    if release != "first":
        chosen.reverse()
    known = [np.flatnonzero(~v.missing) for _, v in chosen]
    empty = np.empty(0, dtype=np.int64)
    starts = [pd.Period(v.first, freq="M").ordinal for _, v in chosen]
    months = np.concatenate([empty, *(start + at for start, at in zip(starts, known, strict=True))])
    counts = np.concatenate([empty, *(v.values[at] for (_, v), at in zip(chosen, known, strict=True))])
    days = np.repeat(np.array([day for day, _ in chosen], dtype="<U10"), [len(at) for at in known])
    kept, first = np.unique(months, return_index=True)
    return kept, counts[first], days[first]
