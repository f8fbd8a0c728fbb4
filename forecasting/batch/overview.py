"""What an operator asks first: how the last run went, which series there are, and what is known of one of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from forecasting.batch.accounts import in_words
from forecasting.batch.archive import Contents
from forecasting.errors import InvalidInput
from forecasting.predictive.levels import read_level
from forecasting.reading.typed import typed

_KEPT = ("done", "known", "failed", "bad_series", "series", "seconds", "complete")


@typed
def status(archive: Contents, *, now: datetime | None = None) -> dict[str, Any]:
    """Return how the newest run went, and how many series have a forecast from the newest origin.

    Parameters
    ----------
    archive : Archive
        Read only.
    now : datetime, optional
        If it is not now.

    Returns
    -------
    dict
        ``run`` (None before the first), ``started``, ``finished`` (None while it runs, or if it was interrupted); when the
        newest run that ended did so (``ended``), the ``hours`` since, and what came of it (``done, known, failed,
        bad_series, series, seconds, complete``); ``origin``, the newest, and ``current``, the number of the ``archived``
        series with a finished forecast from it.
    """
    with archive.snapshot() as held:
        runs, keys = held.runs(), held.keys(status="done")
    found: dict[str, Any] = dict.fromkeys(("run", "started", "finished", "ended", "hours", *_KEPT))
    if len(runs):
        newest, ended = runs.iloc[-1], runs[runs["finished"].notna()]
        found |= {"run": int(newest["id"]), "started": newest["started"]}
        found["finished"] = newest["finished"] if isinstance(newest["finished"], str) else None
        if len(ended):
            summary = json.loads(ended["summary"].iloc[-1])
            found |= {name: summary.get(name) for name in _KEPT}
            since = (now or datetime.now(UTC)) - datetime.fromisoformat(ended["finished"].iloc[-1])
            found["ended"] = ended["finished"].iloc[-1]
            found["hours"] = round(since.total_seconds() / 3600.0, 1)
    newest_origin = keys["origin"].max() if len(keys) else None
    current = int(keys.loc[keys["origin"] == newest_origin, "unique_id"].nunique()) if len(keys) else 0
    return {**found, "origin": newest_origin, "current": current, "archived": int(keys["unique_id"].nunique())}


@typed
def series_table(archive: Contents) -> pd.DataFrame:
    """Return one row per series of an archive.

    Returns
    -------
    pandas.DataFrame
        ``unique_id``; ``last``, the month of the newest count; ``origin``, the newest; numbers of ``models``, ``forecasts``,
        ``hindcasts`` among them, and ``failed``.
    """
    with archive.snapshot() as held:
        keys, last = held.keys(), held.last_months()
    done = keys[keys["status"] == "done"]
    groups = done.groupby("unique_id")
    table = groups.agg(
        origin=("origin", "max"), models=("model", "nunique"), forecasts=("id", "size"), hindcasts=("hindcast", "sum")
    )
    table["failed"] = keys[keys["status"] == "failed"].groupby("unique_id").size()
    table = table.reindex(sorted({*keys["unique_id"], *last})).fillna({"origin": ""}).fillna(0)
    table.insert(0, "last", [last.get(name, "") for name in table.index])
    whole = {name: "int64" for name in ("models", "forecasts", "hindcasts", "failed")}
    return table.astype(whole).rename_axis("unique_id").reset_index()


@typed
def inspect(archive: Contents, series: str, *, level: float = 0.9) -> dict[str, Any]:
    """Return everything that is known of a series, newest last.

    Parameters
    ----------
    archive : Archive
        Read only.
    series : str
        Name of the series.
    level : float
        Probability of the interval of a total.

    Returns
    -------
    dict
        ``series``; ``releases``, each with ``known``, the day, ``first`` and ``last`` month and number of ``counts``; and
        ``forecasts``, each with ``run, model, origin, status, hindcast, seed, cpu``, the lines of its ``account``, its
        ``error``, and, if it is finished, median and interval of the ``total`` over its horizon, from the archived paths.

    Raises
    ------
    InvalidInput
        If the archive does not hold the series.
    """
    read_level(level)
    with archive.snapshot() as held:
        keys = held.keys(series=series)
        releases = [
            {"known": day, "first": v.first, "last": v.last, "counts": int((~v.missing).sum())}
            for day, v in held.dated(series)
        ]
        totals = {
            record.key.digest: total_of(record.paths, level)
            for record in held.read(keys.loc[keys["status"] == "done", "id"])
        }
    if keys.empty and not releases:
        raise InvalidInput(
            f"the archive {archive.address} does not hold {series!r}; `forecasting batch list` names its series"
        )
    rows = []
    for row in keys.sort_values("id").to_dict("records"):
        kept = ("run", "model", "origin", "status", "hindcast", "seed", "cpu", "error")
        rows.append({**{name: row[name] for name in kept}, "account": in_words(row["account"]) + list(row["messages"])})
        if row["status"] == "done":
            rows[-1]["total"] = totals[row["job"]]
    return {"series": series, "releases": releases, "forecasts": rows}


def total_of(paths: Any, level: float = 0.9) -> dict[str, Any]:
    """Return median and central interval of the total of a forecast, from its sample paths ``[P, H]``.

    Examples
    --------
    >>> total_of([[1, 2], [2, 2], [3, 4]], 0.5)
    {'median': 4, 'lower': 3, 'upper': 7, 'level': 0.5}
    """
    tail = (1.0 - level) / 2.0
    sums = np.asarray(paths).sum(axis=1)
    median, lower, upper = np.quantile(sums, [0.5, tail, 1.0 - tail], method="inverted_cdf").tolist()
    return {"median": int(median), "lower": int(lower), "upper": int(upper), "level": level}
