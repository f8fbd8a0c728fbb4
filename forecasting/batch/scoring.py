"""Scores of archived forecasts, once the counts are known.

What a score is computed from:

- ``log_score``, ``rps``, ``dss``, ``pit_lower`` and ``pit_upper`` from the archived distribution of the month
  (`forecasting.batch.marginals`).  Against the full forecast the log score is off by less than 1e-8 for ordinary counts and
  by less than 3e-6 for surprising ones (beyond the point where 1e-9 of the probability is left it is an extrapolation); the
  others are off by less than 1e-8, relatively.  NaN where no distribution was kept: archives of schema version 1, and the
  rare forecast without a compact form.
- ``crps`` from the archived quantiles alone (`crps_from_quantiles`), so it exists for every forecast and is comparable where
  the levels are the same.
- ``absolute_error`` (of the median), ``interval_score_50, _80, _95`` and ``cover_50, _80, _95`` from the archived quantiles
  where their levels are there, else from the quantiles of the archived distribution, else NaN.

A score belongs to a forecast, a month and a count.  Which count is the truth (first release, latest, or that of a day) is
chosen when scores are read, and revised counts never touch a score that was stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import reduce

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.batch.archive import Archive, Contents
from forecasting.batch.archive.truth import Release
from forecasting.batch.marginals import Marginals
from forecasting.batch.records import SCORES, ForecastRecord, ScoreRecord
from forecasting.evaluation import Backtest, crps_from_quantiles
from forecasting.evaluation.backtest import KEY, SCALED
from forecasting.evaluation.card import INTERVALS
from forecasting.evaluation.card import SCORES as CARD
from forecasting.evaluation.observed import read_counts
from forecasting.evaluation.origins import seasonal_difference
from forecasting.evaluation.scores import interval_score_of
from forecasting.kernels.counts import FloatArray
from forecasting.predictive.levels import central

_SERIES = 200
"""Series in memory at a time."""

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


def score_forecast(record: ForecastRecord, counts: ArrayLike) -> list[ScoreRecord]:
    """Return the scores of the months of a forecast that have a count.

    Parameters
    ----------
    record : ForecastRecord
        A finished forecast of H months.
    counts : array_like, [H]
        NaN where there is none yet: such a month gives no record.
    """
    observed = read_counts(counts)
    where = np.flatnonzero(~np.isnan(observed))
    if not where.size:
        return []
    y = observed[where]
    marginals = Marginals.from_bytes(record.marginals).select(where) if record.marginals else None
    columns = {**_from_distribution(marginals, y), **_from_quantiles(record, marginals, where, y)}
    return [
        ScoreRecord(record.key.digest, record.months[h], int(y[n]), {name: float(columns[name][n]) for name in SCORES})
        for n, h in enumerate(where)
    ]


def _from_distribution(marginals: Marginals | None, y: FloatArray) -> dict[str, FloatArray]:
    if marginals is None:
        return dict.fromkeys(("log_score", "rps", "dss", "pit_lower", "pit_upper"), np.full(len(y), np.nan))
    lower, upper = marginals.pit(y).T
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(y == marginals.mean, 0.0, np.square((y - marginals.mean) / marginals.spread))
        dss = np.where(np.isinf(distance), np.inf, distance + 2.0 * np.log(marginals.spread))
    return {
        "log_score": -marginals.log_probability(y),
        "rps": marginals.rps(y),
        "dss": dss,
        "pit_lower": lower,
        "pit_upper": upper,
    }


def _from_quantiles(
    record: ForecastRecord, marginals: Marginals | None, where: np.ndarray[tuple[int], np.dtype[np.intp]], y: FloatArray
) -> dict[str, FloatArray]:
    archived = dict(zip(np.round(record.levels, 9).tolist(), record.quantiles[:, where], strict=True))

    def quantile(level: float) -> FloatArray:
        found = archived.get(round(level, 9))
        if found is None and marginals is not None:
            found = marginals.quantile(np.array([level]))[0]
        return np.full(len(y), np.nan) if found is None else found.astype(float)

    result = {
        "crps": crps_from_quantiles(y, record.quantiles[:, where].T, record.levels),
        "absolute_error": np.abs(y - quantile(0.5)),
    }
    for name, level in INTERVALS.items():
        lower, upper = (quantile(end) for end in central(level))
        result[name.replace("cover", "interval_score")] = interval_score_of(y, lower, upper, level)
        held = ((lower <= y) & (y <= upper)).astype(float)
        result[name] = np.where(np.isnan(lower), np.nan, held)
    return result


def score_archive(archive: Archive, *, releases: Sequence[Release] = ("first", "latest")) -> Scored:
    """Score every archived forecast against the counts that the archive has seen since.

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
            months = [_months(held, release, names) for release in releases]
            counted = pd.concat(months).drop_duplicates(["job", "ds", "y"])
            left = counted[counted["status"] == "unscored"]
            new += archive.store_scores(_scores(held, left))
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
        by_job = dict(list(rows.groupby("job")))
        for record in archive.read(np.unique(rows["id"])):
            months = by_job[record.key.digest]
            counts = np.full(len(record.months), np.nan)
            counts[months["horizon"] - 1] = months["y"]
            yield from score_forecast(record, counts)


def score_table(
    archive: Contents, *, release: Release = "latest", series: str | Sequence[str] | None = None
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

    Returns
    -------
    pandas.DataFrame
        ``unique_id, model, origin`` and ``ds`` (Periods), ``horizon`` (months ahead), ``job, run, vintage``, ``status``, ``y``
        (NaN without a count), ``message`` of a failure, and the scores.  The status is ``scored``; ``pending``, no count as
        yet; ``unscored``, a count that `score_archive` has not seen; ``failed``, a forecast that failed and was not made up
        for by a later attempt.
    """
    with archive.snapshot() as held:
        return _months(held, release, series).drop(columns="id")


def _months(archive: Contents, release: Release, series: str | Sequence[str] | None) -> pd.DataFrame:
    """Return what `score_table` does, and the number of the forecast."""
    keys = archive.keys(series=series)
    issued = pd.concat([keys[keys["status"] == "done"], _lost(keys)])
    rows = issued.loc[issued.index.repeat(issued["horizon"])].reset_index(drop=True)
    rows["horizon"] = rows.groupby("id").cumcount() + 1
    rows["origin"] = pd.PeriodIndex(rows["origin"], freq="M")
    rows["ds"] = pd.PeriodIndex(rows["origin"].array + rows["horizon"].to_numpy(), freq="M")
    truth = archive.truth(series=series, release=release).drop(columns="known").astype({"y": float})
    rows = rows.merge(truth, "left", ["unique_id", "ds"])
    scores = archive.scores(series=series).drop(columns=["unique_id", "model", "origin"]).astype({"y": float})
    rows = rows.merge(scores, "left", ["job", "ds", "y"], indicator="found")
    choices = [rows["status"] == "failed", rows["y"].isna(), rows["found"] == "both"]
    rows["status"] = np.select(choices, ["failed", "pending", "scored"], "unscored")
    names = ["id", "unique_id", "model", "origin", "ds", "horizon", "job", "run", "vintage", "status", "y"]
    return rows.rename(columns={"error": "message"})[[*names, "message", *SCORES]]


def mean_scores(archive: Contents, *, release: Release = "latest") -> pd.DataFrame:
    """Return what `as_backtest` has as its table, of an archive of any size: series are read in parts, and added up."""
    counts = sums = measured = pd.DataFrame()
    with archive.snapshot() as held:
        models = tuple(held.models())
        for names in [*_in_parts(held)] or [[]]:
            part = replace(as_backtest(held, release=release, series=names), models=models)
            scores = part.common().groupby("model")[[*CARD, *SCALED, *INTERVALS]]
            counts = counts.add(part.table()[_COUNTED], fill_value=0)
            sums = sums.add(scores.sum(), fill_value=0)
            measured = measured.add(scores.count(), fill_value=0)
    whole = counts.astype(int).join(sums / measured)
    return whole[[*_COUNTED[:3], *CARD, *SCALED, *INTERVALS, *_COUNTED[3:]]].rename_axis("model")


def as_backtest(
    archive: Contents, *, release: Release = "latest", series: str | Sequence[str] | None = None
) -> Backtest:
    """Return the scores of what was issued in the form of a backtest: common support, comparisons, calibration.

    Of several forecasts of one series, model and origin the first that was issued counts.  Months that are pending have
    no count, and failures are listed; `Backtest.table` compares on the months that all models have and says how many.
    """
    with archive.snapshot() as held:
        rows = score_table(held, release=release, series=series).sort_values("run", kind="stable")
        gaps = {
            v.digest: seasonal_difference(np.where(v.missing, np.nan, v.values)) for v in held.vintages(series=series)
        }
    chosen = rows.drop_duplicates(["unique_id", "model", "origin"])["job"]
    rows = rows[rows["job"].isin(chosen)].sort_values(["unique_id", "model", *KEY[1:]], ignore_index=True)
    failed = rows[(rows["status"] == "failed") & (rows["horizon"] == 1)]
    issued = rows[rows["status"] != "failed"].copy()
    issued.loc[issued["status"] == "unscored", "y"] = np.nan
    scale = issued["vintage"].map(gaps)
    for name in SCALED:
        issued[name] = issued[name.removeprefix("scaled_")] / scale
    return Backtest(
        issued.reset_index(drop=True),
        failed[["unique_id", "model", "origin", "message"]].reset_index(drop=True),
        tuple(rows["model"].unique()),
        {},
    )


def _lost(keys: pd.DataFrame) -> pd.DataFrame:
    """Return the last attempt of the jobs that no attempt has finished."""
    finished = keys.loc[keys["status"] == "done", "job"]
    return keys[~keys["job"].isin(finished)].sort_values("attempt").drop_duplicates("job", keep="last")


def _in_parts(archive: Contents) -> Iterator[list[str]]:
    names = archive.series()
    for first in range(0, len(names), _SERIES):
        yield names[first : first + _SERIES]
