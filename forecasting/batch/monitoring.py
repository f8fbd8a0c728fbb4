"""Which series need somebody to look: calibration that drifted, counts beyond their last forecast, fits that warn.

Everything is computed from the archive as it is: scores say where each count fell in each forecast, keys and accounts say how
the fits went.  Three questions are kept apart, each with a stated rate of false alarms:

*drift*
    The forecasts of the month after each origin, the first that was issued for each, judged one after the other
    (`forecasting.batch.drift`).  ``drifted``: at most a share `rate` of the series called so are expected to be false alarms,
    whatever the dependence between series.  ``watch``: the evidence reached 1 / `alarm` at some time, which it ever does
    for at most a share `alarm` of the series whose forecasts are calibrated.
*jumps*
    The newest counts under the last forecast that was issued from data before them: twice the smaller tail, times the number
    of new months.  At most a share `rate` of the jumps are expected to be false alarms (Benjamini and Hochberg 1995, over
    the series of each model, which should be independent or positively dependent).
*fits*
    The newest fit of each series: failed, importance weights in doubt (k-hat above 0.7), annealed, or with warnings.

Beside them stand *absences*, which are facts and no tests (`forecasting.batch.absence`): series whose newest count is old
(*stale*), and series that have left the input (*gone*).  What rests on hindcasts says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting.batch import absence
from forecasting.batch.absence import STALE, absences
from forecasting.batch.accounts import complaints
from forecasting.batch.archive import Contents
from forecasting.batch.archive.truth import Release
from forecasting.batch.drift import discoveries, e_bh, wealth
from forecasting.batch.scoring import score_table
from forecasting.display import as_html
from forecasting.errors import InvalidInput
from forecasting.reading.arguments import read_number, read_whole
from forecasting.reading.typed import typed

RATE = 0.05
ALARM = 0.01
_SMALLEST = 1e-12  # what archived distributions resolve

_TOGETHER = 500  # series in memory at a time
_ROW = ["unique_id", "model"]
_ENDS = ("pit_lower", "pit_upper")

KINDS = {
    "drift": "calibration",
    "jumps": "counts beyond their last forecast",
    "fits": "fits that warn or failed",
    "stale": "series whose newest count is old",
    "gone": "series that have left the input",
}
"""What may call for attention: keys of `Monitor.to_dict`, and their titles."""


@dataclass(frozen=True, eq=False)
class Monitor:
    """What the archive says about its series.

    Attributes
    ----------
    drift : pandas.DataFrame
        One row per series and model with scores: ``n`` months judged, ``hindcasts`` among them, ``last`` of them, ``evidence``
        now and ``highest`` ever against calibration, ``leaning`` of the forecasts, and ``drift``: ``drifted``, ``watch`` or
        empty.
    jumps : pandas.DataFrame
        A row a series and model with scores: ``origin`` of the last forecast, number of new ``months``, the one furthest out
        as ``ds`` with its count ``y``, ``p``, ``direction`` (above or below), ``jumped``.
    fits : pandas.DataFrame
        A row a series and model: ``origin`` of the newest fit, ``status`` (done, failed, or bad data), ``notes``, a tuple of
        what is wrong with it.
    absent : pandas.DataFrame
        One row per series that is stale or gone, see `forecasting.batch.absence.absences`.
    rate, alarm : float
        The rates of false alarms.

    Examples
    --------
    >>> import tempfile
    >>> from forecasting.batch import Archive, monitor
    >>> with tempfile.TemporaryDirectory() as folder, Archive.open(f"{folder}/forecasts.db") as archive:
    ...     found = monitor(archive)
    >>> found.to_dict()["judged"]  # nothing is archived yet
    {'drift': 0, 'jumps': 0, 'fits': 0}
    """

    drift: pd.DataFrame
    jumps: pd.DataFrame
    fits: pd.DataFrame
    absent: pd.DataFrame
    rate: float = RATE
    alarm: float = ALARM

    def table(self) -> pd.DataFrame:
        """Return a row a series and model: ``drift``, ``evidence``, ``jumped``, ``p``, ``status`` and ``notes``."""
        parts = (
            self.drift[[*_ROW, "drift", "evidence"]],
            self.jumps[[*_ROW, "jumped", "p"]],
            self.fits[[*_ROW, "status", "notes"]],
        )
        whole = parts[2]
        for part in parts[:2]:
            whole = whole.merge(part, on=_ROW, how="outer")
        whole["drift"] = whole["drift"].fillna("")
        whole["jumped"] = whole["jumped"].eq(True)
        order = [*_ROW, "drift", "evidence", "jumped", "p", "status", "notes"]
        return whole[order].sort_values(_ROW, ignore_index=True)

    def to_dict(self) -> dict[str, Any]:
        """Return everything that calls for attention, and how much was judged."""
        drifted = self.drift[self.drift["drift"] != ""].sort_values("evidence", ascending=False)
        jumped = self.jumps[self.jumps["jumped"]].sort_values("p")
        noted = self.fits[self.fits["notes"].map(bool)]
        return {
            "rate": self.rate,
            "alarm": self.alarm,
            "judged": {"drift": len(self.drift), "jumps": len(self.jumps), "fits": len(self.fits)},
            "drift": drifted.to_dict("records"),
            "jumps": jumped.to_dict("records"),
            "fits": noted.to_dict("records"),
            **{kind: self.absent[self.absent["kind"] == kind].to_dict("records") for kind in ("stale", "gone")},
        }

    def in_words(self) -> str:
        """Return how many series call for attention, by reason, with a line for each."""
        told = self.to_dict()
        return "\n".join(
            line
            for kind, title in KINDS.items()
            for line in (
                headline(kind, title, told),
                *(f"  {row['unique_id']}: {in_words(kind, row)}" for row in told[kind]),
            )
        )

    def __repr__(self) -> str:
        return f"<Monitor: {'; '.join(headline(kind, title, self.to_dict()) for kind, title in KINDS.items())}>"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.table(), max_rows=20, float_format="{:.4g}".format)


@typed
def monitor(
    archive: Contents,
    *,
    release: Release = "latest",
    rate: float = RATE,
    alarm: float = ALARM,
    stale: int = STALE,
    run: int | None = None,
) -> Monitor:
    """Judge all series of an archive; months that were not scored yet do not count.

    Parameters
    ----------
    archive : Archive
        With scores.
    release : {"first", "latest"} or date
        Which release of the counts is the truth.
    rate : float
        Expected share of false alarms among the series called drifted, and among the jumps.
    alarm : float
        Share of calibrated series that is ever on watch, at most.
    stale : int
        Months by which the newest count of a series may not be older than the last month that was over on the day of the run.
    run : int, optional
        The run whose bad series are told; by default the newest that ended.

    Raises
    ------
    InvalidInput
        If a rate is not between 0 and 1.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> from forecasting.batch import Archive, load_config, monitor, run_batch, score_archive
    >>> folder = tempfile.TemporaryDirectory()
    >>> address = f"{folder.name}/forecasts.db"
    >>> quick = {"archive": address, "models": [{"name": "SeasonalNaive"}], "origins": 3}
    >>> config = load_config(files("forecasting.batch") / "example.toml", **quick)
    >>> summary = run_batch(config)
    >>> with Archive.open(address) as archive:
    ...     scored = score_archive(archive)
    ...     found = monitor(archive)
    >>> found.jumps.loc[found.jumps["jumped"], ["unique_id", "ds", "y"]]
       unique_id       ds    y
    0  tornadoes  2011-04  758
    >>> folder.cleanup()
    """
    for name, value in (("rate", rate), ("alarm", alarm)):
        if not 0.0 < read_number(value, name) < 1.0:
            raise InvalidInput(f"{name}={value!r} must lie between 0 and 1")
    read_whole(stale, "stale")
    with archive.snapshot() as held:
        names = held.series()
        parts = [names[first : first + _TOGETHER] for first in range(0, len(names), _TOGETHER)] or [[]]
        known = _joined([_needed(score_table(held, release=release, series=part, names=_ENDS)) for part in parts])
        newest = _joined([_newest(held.keys(series=part)) for part in parts])
        bad = bad_series(held, run)
        absent = absences(held, stale=stale)
    return Monitor(
        drift=_drift(known, rate, alarm),
        jumps=_jumps(known, rate),
        fits=_fits(newest, bad),
        absent=absent,
        rate=rate,
        alarm=alarm,
    )


def first_issued(rows: pd.DataFrame) -> pd.DataFrame:
    """Return, of the rows of `score_table`, those of the first forecast of each series, model and origin, months in order."""
    done = rows[rows["status"] != "failed"].sort_values("run", kind="stable")
    chosen = done.drop_duplicates([*_ROW, "origin"])["job"]
    return done[done["job"].isin(chosen)].sort_values([*_ROW, "ds", "origin"], ignore_index=True)


def bad_series(archive: Contents, run: int | None = None) -> Mapping[str, str]:
    """Return the series that a run did not forecast because of their data, with the reasons; by default the newest run."""
    runs = archive.runs()
    ended = runs[runs["roll"].notna() & (run is None or runs["id"] == run)]
    return {} if ended.empty else archive.rolls()[ended["roll"].iloc[-1]].bad


def _needed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scored months that a verdict rests on: the first of each forecast, and all of the last forecast."""
    issued = first_issued(rows)
    known = issued[(issued["status"] == "scored") & issued["pit_lower"].notna()]
    needed = (known["horizon"] == 1) | known["job"].isin(_last_before(known))
    return known.loc[needed, [*_ROW, "job", "origin", "ds", "horizon", "hindcast", "y", *_ENDS]]


def _last_before(known: pd.DataFrame) -> pd.Series[Any]:
    """Return the last forecast before the newest count of each series and model."""
    newest = known[known["ds"] == known.groupby(_ROW)["ds"].transform("max")]
    return newest.sort_values("origin").drop_duplicates(_ROW, keep="last")["job"]


def _newest(keys: pd.DataFrame) -> pd.DataFrame:
    """Return the newest fit of each series and model, a finished one rather than a failed one."""
    order = keys.assign(done=keys["status"] == "done").sort_values(["origin", "done", "id"])
    return order.drop_duplicates(_ROW, keep="last").sort_values(_ROW, ignore_index=True)


def _joined(tables: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [table for table in tables if len(table)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]


def _drift(known: pd.DataFrame, rate: float, alarm: float) -> pd.DataFrame:
    ahead = known[known["horizon"] == 1]
    groups = ahead.groupby(_ROW, sort=True)
    row, place = groups.ngroup().to_numpy(), groups.cumcount().to_numpy()
    shape = (groups.ngroups, int(place.max(initial=-1)) + 1)
    ends = np.full((2, *shape), np.nan)
    for end, name in zip(ends, _ENDS, strict=True):
        end[row, place] = ahead[name]
    bets = wealth(ends[0], ends[1])
    table = groups.agg(n=("ds", "size"), hindcasts=("hindcast", "sum"), last=("ds", "max")).reset_index()
    table["evidence"], table["highest"], table["leaning"] = bets.now, bets.highest, list(bets.leaning)
    watched = np.where(bets.highest >= 1.0 / alarm, "watch", "")
    table["drift"] = np.where(e_bh(bets.now, rate), "drifted", watched)
    return table


def _jumps(known: pd.DataFrame, rate: float) -> pd.DataFrame:
    new = known[known["job"].isin(_last_before(known))].copy()
    above, below = 1.0 - new["pit_lower"], new["pit_upper"]
    new["direction"] = np.where(above <= below, "above", "below")
    new["months"] = new.groupby("job")["ds"].transform("size")
    new["p"] = (2.0 * np.minimum(above, below) * new["months"]).clip(_SMALLEST, 1.0)
    table = new.sort_values("p").drop_duplicates(_ROW).sort_values(_ROW, ignore_index=True)
    found = [pd.Series(discoveries(p, rate), p.index) for _, p in table.groupby("model")["p"]]
    table["jumped"] = pd.concat(found) if found else np.zeros(0, dtype=bool)
    columns = [*_ROW, "origin", "hindcast", "months", "ds", "y", "p", "direction", "jumped"]
    return pd.DataFrame(table[columns].astype({"y": "int64"}))


def _fits(newest: pd.DataFrame, bad: Mapping[str, str]) -> pd.DataFrame:
    notes = [
        (str(error),) if status == "failed" else tuple(complaints(account))
        for status, error, account in zip(newest["status"], newest["error"], newest["account"], strict=True)
    ]
    table = newest[[*_ROW, "origin", "status"]].assign(notes=pd.Series(notes, dtype=object))
    rows = [(name, "", "", "bad data", (reason,)) for name, reason in bad.items()]
    return pd.concat([table, pd.DataFrame(rows, columns=table.columns)]) if rows else table


def headline(kind: str, title: str, told: Mapping[str, Any]) -> str:
    """Return how many rows of a kind `Monitor.to_dict` has, of how many that were judged."""
    return f"{title}: {len(told[kind])}" + (f" of {told['judged'][kind]}" if kind in told["judged"] else "")


def in_words(kind: str, row: Mapping[str, Any]) -> str:
    """Return what a row of `Monitor.to_dict` says, without the name of the series.

    Examples
    --------
    >>> row = {"ds": "2023-12", "y": 1250, "direction": "above", "model": "auto", "origin": "2023-11", "p": 3e-7}
    >>> in_words("jumps", row)
    '1,250 in 2023-12 is above the forecast of auto from 2023-11, p 3e-07'
    """
    if kind == "drift":
        said = {"drifted": "calibration drifted", "watch": "calibration on watch"}[row["drift"]]
        late = f", {row['hindcasts']} of them hindcasts" if row.get("hindcasts") else ""
        evidence = f"evidence up to {row['highest']:,.3g} after {row['n']} months{late}"
        return f"{said} ({row['model']}): {row['leaning']}, {evidence}"
    if kind == "jumps":
        where = f"{row['direction']} the forecast of {row['model']} from {row['origin']}"
        return f"{row['y']:,} in {row['ds']} is {where}{', a hindcast' * row.get('hindcast', False)}, p {row['p']:.2g}"
    if kind in ("stale", "gone"):
        return absence.in_words(row)
    who = f" ({row['model']} from {row['origin']})" if row["model"] else ""
    status = "fit warns" if row["status"] == "done" else row["status"]
    return f"{status}{who}: {'; '.join(row['notes'])}"
