"""Scores of archived forecasts, once the counts are known.

A score (`forecasting.evaluation.judged`) belongs to a forecast, a month and a count.  Which count is the truth (first release,
latest, or that of a day) is chosen when scores are read, and revised counts never touch a score that was stored.

A *hindcast* was issued when counts of the months that it covers were known, or could have been: from an earlier origin than the
last month of the data, or as of a day in the past.  Its data may have been revised since, so it is told apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce
from itertools import product

import numpy as np
import pandas as pd

from forecasting.batch.archive import Archive, Contents
from forecasting.batch.archive.contents import months_of
from forecasting.batch.archive.truth import Release
from forecasting.batch.judging import score_forecasts
from forecasting.batch.records import ForecastRecord, ScoreRecord
from forecasting.evaluation import Backtest
from forecasting.evaluation.backtest import IN_TABLE, KEY, SCALED, TOTAL_KEY, TOTAL_ROW
from forecasting.evaluation.judged import INTERVALS, SCORES
from forecasting.evaluation.judged import MEAN_SCORES as CARD
from forecasting.evaluation.origins import seasonal_difference
from forecasting.evaluation.totals import TOTAL_COLUMNS, USUAL, scores_of_total
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.reading.typed import typed

Series = str | Sequence[str] | None

_SERIES = 200
"""Series in memory at a time."""

_TOTAL = ["job", "months", "y"]
_COUNTED = ["n", "own", "failed", "n_scaled"]


@dataclass(frozen=True)
class Scored:
    """What scoring an archive came to, in months of forecasts.

    Attributes
    ----------
    new, known : int
        Scored now, and before.
    pending : int
        Without a count as yet.
    failed : int
        Of forecasts that failed.
    """

    new: int
    known: int
    pending: int
    failed: int

    def to_dict(self) -> dict[str, int]:
        """Return the numbers by name."""
        return asdict(self)


@typed
def score_archive(archive: Archive, *, releases: Sequence[Release] = ("first", "latest")) -> Scored:
    """Score every archived forecast, months and totals of the first of them, against the counts that came since.

    Parameters
    ----------
    archive : Archive
        Read and written; the scores that it holds are not computed again.
    releases : sequence of {"first", "latest"} or date
        Counts to score against; where they agree the score is the same one.

    Returns
    -------
    Scored
        Months are counted once for each different count of theirs.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> from forecasting.batch import Archive, load_config, run_batch, score_archive
    >>> folder = tempfile.TemporaryDirectory()
    >>> address = f"{folder.name}/forecasts.db"
    >>> quick = {"archive": address, "models": [{"name": "SeasonalNaive"}], "origins": 3}
    >>> config = load_config(files("forecasting.batch") / "example.toml", **quick)
    >>> summary = run_batch(config)
    >>> with Archive.open(address) as archive:
    ...     scored = score_archive(archive)
    >>> scored.new, scored.pending
    (6, 66)
    >>> folder.cleanup()
    """
    new = known = pending = failed = 0
    with archive.snapshot() as held:
        for names in _in_parts(held):
            months = _months(held, releases, names)
            counted = pd.concat(months).drop_duplicates(["job", "ds", "y"])
            left = counted[counted["status"] == "unscored"]
            new += archive.store_scores(_scores(held, left))
            archive.store_scores(_scores_of_totals(held, _left_totals(held, months, names)))
            known += int((counted["status"] == "scored").sum())
            pending += len(reduce(pd.MultiIndex.intersection, map(_pending, months)))
            failed += int((months[0]["status"] == "failed").sum())
    return Scored(new, known, pending, failed)


def _pending(months: pd.DataFrame) -> pd.MultiIndex:
    """Return the months that have no count yet."""
    return pd.MultiIndex.from_frame(months.loc[months["status"] == "pending", ["job", "ds"]])


def _scores(archive: Contents, left: pd.DataFrame) -> Iterator[ScoreRecord]:
    """Yield the scores of months of forecasts; a month that was revised is there once for each count."""
    which = left.groupby(["id", "horizon"]).cumcount()
    for _, rows in left.groupby(which):
        counted = _by_forecast(archive, rows, "horizon")
        yield from score_forecasts((record, _counts(record, horizon, y)) for record, horizon, y in counted)


def _left_totals(archive: Contents, months: Sequence[pd.DataFrame], series: Series) -> pd.DataFrame:
    """Return the totals whose months all have a count, and that are not scored."""
    known = pd.concat([_totals(rows) for rows in months]).dropna(subset="y").drop_duplicates(_TOTAL)
    scored = archive.scored(TOTAL_COLUMNS, series=series, total=True)[_TOTAL].astype({"y": float})
    found = known.merge(scored, "left", _TOTAL, indicator="found")
    return found[found["found"] == "left_only"]


def _totals(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the usual totals of the first months of finished forecasts; y is NaN where a month has no count."""
    done = rows[rows["status"] != "failed"].sort_values(["job", "horizon"])
    job, ahead, y = done["job"], done["horizon"], done["y"]
    size = job.groupby(job).transform("size")
    usual = ahead.isin(USUAL) | ((size < min(USUAL)) & (ahead == size) & (size > 1))
    gaps = y.isna().groupby(job).cumsum()
    totals = done.assign(y=y.fillna(0.0).groupby(job).cumsum().where(gaps == 0))
    return totals[usual].rename(columns={"horizon": "months"})


def _scores_of_totals(archive: Contents, left: pd.DataFrame) -> Iterator[ScoreRecord]:
    for record, sizes, counts in _by_forecast(archive, left, "months"):
        sums = np.cumsum(record.paths, axis=1, dtype=float)
        for months, y in zip(sizes.tolist(), counts.tolist(), strict=True):
            values = dict(zip(TOTAL_COLUMNS, scores_of_total(sums[:, months - 1], y), strict=True))
            yield ScoreRecord(record.key.digest, record.months[months - 1], int(y), values, months)


def _by_forecast(
    archive: Contents, rows: pd.DataFrame, column: str
) -> Iterator[tuple[ForecastRecord, IntArray, FloatArray]]:
    """Yield each forecast with the values of a column, and the counts, of its rows."""
    ordered = rows.sort_values("id", kind="stable")
    numbers, starts = np.unique(ordered["id"].to_numpy(), return_index=True)
    parts = (np.split(ordered[name].to_numpy(), starts[1:]) for name in (column, "y"))
    yield from zip(archive.read(numbers), *parts, strict=numbers.size > 0)


def _counts(record: ForecastRecord, horizon: IntArray, y: FloatArray) -> FloatArray:
    counts = np.full(len(record.months), np.nan)
    counts[horizon - 1] = y
    return counts


@typed
def score_table(
    archive: Contents, *, release: Release = "latest", series: Series = None, names: Sequence[str] = tuple(SCORES)
) -> pd.DataFrame:
    """Return every month of every forecast with its truth and its scores; none is left out.

    Parameters
    ----------
    archive : Archive
        With scores, see `score_archive`.
    release : {"first", "latest"} or date
        Which count is the truth.
    series : str or sequence of str, optional
        All by default.
    names : sequence of str
        Which scores; all by default.

    Returns
    -------
    pandas.DataFrame
        ``unique_id, model, origin`` and ``ds`` (Periods), ``horizon`` (months ahead), ``job, run, vintage``, ``hindcast``,
        ``status``, ``y`` (NaN without a count), ``message`` of a failure, and the scores.  The status is ``scored``;
        ``pending``, no count as yet; ``unscored``, a count that `score_archive` has not seen; ``failed``, a forecast that
        failed and was not made up for by a later attempt.
    """
    with archive.snapshot() as held:
        rows = _months(held, [release], series)[0].drop(columns="id")
        scores = held.scores(names, series=series)[["job", "ds", "y", *names]].astype({"y": float})
    return rows.merge(scores, "left", ["job", "ds", "y"])


def _months(archive: Contents, releases: Sequence[Release], series: Series) -> list[pd.DataFrame]:
    """Return every month of every forecast with its truth, and whether it is scored; a table for each release."""
    keys = archive.keys(series=series)
    issued = pd.concat([keys[keys["status"] == "done"], _lost(keys)])
    rows = issued.loc[issued.index.repeat(issued["horizon"])].reset_index(drop=True)
    rows["horizon"] = rows.groupby("id").cumcount() + 1
    rows["origin"] = months_of(rows["origin"])
    rows["ds"] = pd.PeriodIndex(rows["origin"].array + rows["horizon"].to_numpy(), freq="M")
    scored = archive.scored(list(SCORES), series=series)
    scored = scored.drop(columns="months").astype({"y": float})
    scored["ds"] = months_of(scored["ds"])
    return [_beside(rows, truth, scored) for truth in archive.truths(releases, series=series)]


def _beside(rows: pd.DataFrame, truth: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """Return months of forecasts with their counts, and whether these are scored."""
    rows = rows.merge(truth.drop(columns="known").astype({"y": float}), "left", ["unique_id", "ds"])
    rows = rows.merge(scored, "left", ["job", "ds", "y"], indicator="found")
    choices = [rows["status"] == "failed", rows["y"].isna(), rows["found"] == "both"]
    rows["status"] = np.select(choices, ["failed", "pending", "scored"], "unscored")
    names = ["id", "unique_id", "model", "origin", "ds", "horizon", "job", "run", "vintage", "hindcast", "status", "y"]
    return rows.rename(columns={"error": "message"})[[*names, "message"]]


@typed
def mean_scores(archive: Contents, *, release: Release = "latest", hindcasts: bool | None = None) -> pd.DataFrame:
    """Return what `as_backtest` has as its table, of an archive of any size: series are read in parts, and added up."""
    counts = sums = measured = pd.DataFrame()
    totals: list[pd.DataFrame] = []
    with archive.snapshot() as held:
        models = tuple(held.models(hindcast=hindcasts))
        for names in [*_in_parts(held)] or [[]]:
            part = as_backtest(held, release=release, series=names, hindcasts=hindcasts)
            part = replace(part, models=models)
            scores = part.common().groupby("model")[[*CARD, *SCALED, *INTERVALS]]
            counts = counts.add(part.table()[_COUNTED], fill_value=0)
            sums = sums.add(scores.sum(), fill_value=0)
            measured = measured.add(scores.count(), fill_value=0)
            of_totals = part.common(totals=True).groupby(["model", "total"])[list(IN_TABLE)]
            totals.append(of_totals.agg(["sum", "count"]))
    whole = counts.astype(int).join(sums / measured)[[*_COUNTED[:3], *CARD, *SCALED, *INTERVALS, *_COUNTED[3:]]]
    added = pd.concat(totals).groupby(level=["model", "total"]).sum()
    for total, score in product(sorted(added.index.unique("total")), IN_TABLE):
        rows = added.xs(total, level="total")[score]
        whole[f"total_{total}_{score}"] = rows["sum"] / rows["count"]
    return whole.rename_axis("model")


def as_backtest(
    archive: Contents, *, release: Release = "latest", series: Series = None, hindcasts: bool | None = None
) -> Backtest:
    """Return the scores of what was issued in the form of a backtest: common support, comparisons, calibration.

    Of several forecasts of one series, model and origin the first that was issued counts.  Months that are pending have
    no count, and failures are listed; `Backtest.table` compares on the months that all models have and says how many.

    Parameters
    ----------
    archive : Archive
        With scores, see `score_archive`.
    release : {"first", "latest"} or date
        Which count is the truth.
    series : str or sequence of str, optional
        All by default.
    hindcasts : bool, optional
        Only hindcasts, or only what was issued in time; both by default.
    """
    with archive.snapshot() as held:
        rows = score_table(held, release=release, series=series).sort_values("run", kind="stable")
        scored = held.scores(TOTAL_COLUMNS, series=series, total=True)[[*_TOTAL, *TOTAL_COLUMNS]].astype({"y": float})
        gaps = {
            v.digest: seasonal_difference(np.where(v.missing, np.nan, v.values))
            for v in held.observations(rows["vintage"].unique())
        }
    chosen = rows.drop_duplicates(["unique_id", "model", "origin"])["job"]
    rows = rows[rows["job"].isin(chosen) & ((hindcasts is None) | (rows["hindcast"] == hindcasts))]
    rows = rows.sort_values(["unique_id", "model", *KEY[1:]], ignore_index=True)
    failed = rows[(rows["status"] == "failed") & (rows["horizon"] == 1)]
    issued = rows[rows["status"] != "failed"].copy()
    issued.loc[issued["status"] == "unscored", "y"] = np.nan
    scale = issued["vintage"].map(gaps).astype(float)
    for name in SCALED:
        issued[name] = issued[name.removeprefix("scaled_")] / scale
    totals = _totals(issued).drop(columns=[*TOTAL_COLUMNS], errors="ignore").merge(scored, "left", _TOTAL)
    totals["y"] = totals["y"].where(totals["crps"].notna())  # scored as yet, like months
    totals["scaled_crps"] = totals["crps"] / (totals["months"] * totals["vintage"].map(gaps).astype(float))
    totals = totals.rename(columns={"months": "total"}).sort_values(["unique_id", "model", *TOTAL_KEY[1:]])
    return Backtest(
        issued.reset_index(drop=True),
        failed[["unique_id", "model", "origin", "message"]].reset_index(drop=True),
        tuple(rows["model"].unique()),
        {},
        totals[TOTAL_ROW].reset_index(drop=True),
    )


def _lost(keys: pd.DataFrame) -> pd.DataFrame:
    """Return the last attempt of the jobs that no attempt has finished."""
    finished = keys.loc[keys["status"] == "done", "job"]
    return keys[~keys["job"].isin(finished)].sort_values("attempt").drop_duplicates("job", keep="last")


def _in_parts(archive: Contents) -> Iterator[list[str]]:
    names = archive.series()
    for first in range(0, len(names), _SERIES):
        yield names[first : first + _SERIES]
