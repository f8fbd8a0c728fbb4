"""What no longer comes: series whose newest count is old, and series that have left the input."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecasting.batch.archive import Contents
from forecasting.errors import ArchiveError
from forecasting.reading import month_number

STALE = 3
_BEHIND_OTHERS = 2
"""Months by which the newest count of a series may not be older than that of the median series."""

COLUMNS = ["unique_id", "kind", "last", "months", "run"]


def absences(archive: Contents, *, stale: int = STALE) -> pd.DataFrame:
    """Return the series that are stale or gone, in the order of their names.

    A series of the newest run that ended is *stale* if its newest count is `stale` or more months older than the last month
    that was over on the day of the run, or two or more months older than that of the median series.  A series is *gone* if an
    earlier run found it in the same input, and the newest run of that input, or any other newest run, did not.

    Parameters
    ----------
    archive : Archive
        Read only.
    stale : int
        Months.

    Returns
    -------
    pandas.DataFrame
        ``unique_id``; ``kind``, stale or gone; ``last``, the month of the newest count (text, empty if there is none);
        ``months`` that it is older than it should be, 0 for what is gone; ``run``, the last that found the series.
    """
    runs = archive.runs()
    ended = runs[runs["roll"].notna()]
    if ended.empty:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    last = archive.last_months()
    found = [*_stale(archive, ended, last, stale), *_gone(archive, ended, last)]
    return pd.DataFrame(sorted(found), columns=COLUMNS)


def _stale(archive: Contents, ended: pd.DataFrame, last: Mapping[str, str], stale: int) -> Iterator[tuple[Any, ...]]:
    newest = ended.iloc[-1]
    known = {name: month_number(last[name]) for name in archive.rolls()[newest["roll"]].good if name in last}
    if not known:
        return
    day = str(json.loads(newest["summary"]).get("day", newest["started"]))[:7]
    usual = int(np.median(list(known.values())))
    for name, month in known.items():
        old, behind = month_number(day) - 1 - month, usual - month
        if old >= stale or behind >= _BEHIND_OTHERS:
            yield name, "stale", last[name], max(old, behind), int(newest["id"])


def _gone(archive: Contents, ended: pd.DataFrame, last: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    rolls = {digest: {*roll.good, *roll.bad} for digest, roll in archive.rolls().items()}
    runs = ended.assign(source=[_source(config) for config in ended["config"]])
    newest = runs.drop_duplicates("source", keep="last")
    present = set[str]().union(*(rolls[digest] for digest in newest["roll"]))
    seen: dict[str, int] = {}
    for run, digest in zip(runs["id"], runs["roll"], strict=True):
        seen |= dict.fromkeys(rolls[digest] - present, int(run))
    for name, run in seen.items():
        yield name, "gone", last.get(name, ""), 0, run


def _source(config: str) -> str:
    """Return what says which input a run read; a choice of series is no other input."""
    try:
        source = dict(json.loads(config).get("input", {}))
    except (ValueError, TypeError, AttributeError):
        raise ArchiveError("the archived configuration of a run cannot be read: the archive is damaged") from None
    return json.dumps({name: value for name, value in source.items() if name != "series"}, sort_keys=True)


def in_words(row: Mapping[str, Any]) -> str:
    """Return what a row says, without the name of the series.

    Examples
    --------
    >>> in_words({"kind": "stale", "last": "2023-05", "months": 7, "run": 12})
    'stale: the newest count is of 2023-05, 7 months older than it should be'
    """
    if row["kind"] == "stale":
        return f"stale: the newest count is of {row['last']}, {row['months']} months older than it should be"
    newest = f"; the newest count is of {row['last']}" if row["last"] else ""
    return f"gone: run {row['run']} was the last that found it in the input{newest}"
