"""What the page of a series shows, and its line in the index."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from forecasting.batch.archive import Archive
from forecasting.batch.monitoring import first_issued
from forecasting.batch.records import ForecastRecord
from forecasting.batch.scoring import score_table
from forecasting.batch.site.charts import Chart, central_pairs, draw, sparkline
from forecasting.batch.site.pages import file_name
from forecasting.kernels.counts import FloatArray

FLAGS = {
    "D": "calibration drifted",
    "W": "calibration on watch",
    "J": "beyond the last forecast",
    "X": "failed",
    "N": "fit warns",
    "B": "bad data",
}
"""What calls for attention, by the letter that stands for it in the index."""

_BEHIND = 60  # months before a forecast that are drawn
_SPARK = 36
_SHADES = 3
_FAILURES = 10
_SCORES = {
    "log score": ("log_score", ".3f"),
    "RPS": ("rps", ".2f"),
    "CRPS": ("crps", ".2f"),
    "abs. error": ("absolute_error", ".2f"),
    "80% interval": ("interval_score_80", ".2f"),
    "held 50%": ("cover_50", ".0%"),
    "held 80%": ("cover_80", ".0%"),
    "held 95%": ("cover_95", ".0%"),
}


@dataclass(frozen=True)
class Tile:
    """A number that is to be seen first."""

    value: str
    meaning: str


@dataclass(frozen=True)
class Forecast:
    """The newest forecast of a model, and what became of the earlier ones."""

    model: str
    origin: str
    fan: Chart
    shades: str
    levels: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    past: Chart | None
    messages: tuple[str, ...]

    @property
    def beyond(self) -> int:
        """Number of past counts outside the widest interval."""
        return sum(dot.outside for dot in self.past.dots) if self.past else 0


@dataclass(frozen=True)
class Page:
    """All that the page of a series shows."""

    name: str
    known: int
    first: str
    last: str
    as_of: str
    tiles: tuple[Tile, ...]
    notices: tuple[str, ...]
    forecasts: tuple[Forecast, ...]
    scores: tuple[dict[str, Any], ...]
    score_names: tuple[str, ...]
    common: int
    failures: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Attention:
    """What calls for attention in a series: letters of `FLAGS`, and sentences."""

    flags: str = ""
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Known:
    """What the archive holds of one series."""

    name: str
    keys: pd.DataFrame
    records: dict[str, ForecastRecord]
    rows: pd.DataFrame  # of `score_table`
    counts: pd.Series[float]  # by month, NaN where there is none
    as_of: str

    def newest(self, model: str) -> ForecastRecord | None:
        """Return the last forecast that was issued from the last month of the data."""
        done = self.keys[(self.keys["model"] == model) & (self.keys["status"] == "done")]
        return self.records[done.sort_values(["origin", "id"])["job"].iloc[-1]] if len(done) else None


def contents(
    archive: Archive, names: Sequence[str], attention: Mapping[str, Attention], models: Sequence[str]
) -> Iterator[tuple[Page, list[Any]]]:
    """Yield the page and the line of each series.

    Parameters
    ----------
    archive : Archive
        Read only.
    names : sequence of str
        The series, as many as fit into memory.
    attention : mapping
        By series.
    models : sequence of str
        Models in the order in which they are shown; others follow.
    """
    for known in _known(archive, sorted(names)):
        found = sorted(known.keys["model"].unique(), key=lambda one: (one not in models, _place(models, one), one))
        yield _content(known, found, attention.get(known.name, Attention()))


def line(name: str, *, file: str, attention: Attention, known: _Known | None = None, model: str = "") -> list[Any]:
    """Return the line of a series in the index: what `index.js` expects."""
    empty = [None] * 6
    if known is None:
        return [name, file, attention.flags, "", "", None, *empty, ""]
    seen = known.counts.dropna()
    record = known.newest(model)
    scored = known.rows[(known.rows["model"] == model) & (known.rows["status"] == "scored")]
    values: list[Any] = list(empty)
    if record is not None:
        pairs = list(central_pairs(record.levels).values())
        ends = [_whole(record.quantiles[end, 0]) for end in pairs[0]] if pairs else [None, None]
        values[:3] = [_whole(_median(record)[0]), *ends]
    values[3] = len(scored)
    if len(scored):
        held, size = scored["cover_80"].mean(), scored["y"].mean()
        values[4] = None if np.isnan(held) else round(float(held), 3)
        values[5] = round(float(scored["crps"].mean() / size), 3) if size else None
    last = str(seen.index[-1]) if len(seen) else ""
    count = _whole(seen.iloc[-1]) if len(seen) else None
    drawn = sparkline(np.asarray(known.counts.to_numpy()[-_SPARK:], dtype=float))
    return [name, file, attention.flags, model, last, count, *values, drawn]


def _known(archive: Archive, names: list[str]) -> Iterator[_Known]:
    keys = dict(list(archive.keys(series=names).groupby("unique_id")))
    rows = dict(list(score_table(archive, series=names).groupby("unique_id")))
    truth = dict(list(archive.truth(series=names).groupby("unique_id")))
    known = {name: list(found) for name, found in groupby(archive.vintages(series=names), key=lambda one: one.series)}
    records = {
        name: {record.key.digest: record for record in found}
        for name, found in groupby(archive.forecasts(series=names), key=lambda one: one.key.series)
    }
    for name in names:
        counts = pd.Series(dtype=float)
        if name in truth and len(truth[name]):
            table = truth[name].set_index("ds")["y"].astype(float)
            counts = table.reindex(pd.period_range(table.index[0], table.index[-1], freq="M"))
        day = known[name][-1].as_of if name in known else None
        yield _Known(name, keys[name], records.get(name, {}), rows[name], counts, str(day or ""))


def _content(known: _Known, models: list[str], attention: Attention) -> tuple[Page, list[Any]]:
    forecasts = [_forecast(known, model, record) for model in models if (record := known.newest(model)) is not None]
    first = forecasts[0].model if forecasts else models[0]
    seen = known.counts.dropna()
    scores, common = _scores(known.rows, models)
    page = Page(
        name=known.name,
        known=len(seen),
        first=str(seen.index[0]) if len(seen) else "",
        last=str(seen.index[-1]) if len(seen) else "",
        as_of=known.as_of,
        tiles=tuple(_tiles(known, first)),
        notices=attention.notices,
        forecasts=tuple(forecasts),
        scores=tuple(scores),
        score_names=tuple(_SCORES),
        common=common,
        failures=tuple(_failures(known.keys)),
    )
    return page, line(known.name, file=file_name(known.name), attention=attention, known=known, model=first)


def _tiles(known: _Known, model: str) -> Iterator[Tile]:
    seen = known.counts.dropna()
    if len(seen):
        yield Tile(f"{seen.iloc[-1]:,.0f}", f"in {seen.index[-1]}, the newest count")
    record = known.newest(model)
    if record is not None:
        said = f"median for {record.months[0]} by {model}"
        pairs = central_pairs(record.levels)
        if pairs:
            level, (low, high) = next(iter(pairs.items()))
            said += f"; {level:.0%} interval {record.quantiles[low, 0]:,} to {record.quantiles[high, 0]:,}"
        yield Tile(f"{_median(record)[0]:,.0f}", said)
    scored = known.rows[(known.rows["model"] == model) & (known.rows["status"] == "scored")]
    if len(scored) and scored["cover_80"].notna().any():
        yield Tile(f"{scored['cover_80'].mean():.0%}", f"of {len(scored)} scored counts within their 80% interval")


def _forecast(known: _Known, model: str, record: ForecastRecord) -> Forecast:
    pairs = dict(list(central_pairs(record.levels).items())[:_SHADES])
    months = pd.PeriodIndex(record.months, freq="M")
    origin = pd.Period(record.key.origin, "M")
    first = max(min(known.counts.index, default=origin), origin - _BEHIND + 1)
    drawn = pd.period_range(first, months[-1], freq="M")
    place = drawn.get_indexer(months)

    def spread(values: FloatArray) -> FloatArray:
        result = np.full(len(drawn), np.nan)
        result[place] = values
        return result

    middle = _median(record)
    fan = draw(
        f"Counts of the months before {months[0]}, and the forecast: medians {middle.min():,.0f} to {middle.max():,.0f}",
        drawn,
        known.counts.reindex(drawn).to_numpy(),
        spread(middle),
        [(spread(record.quantiles[low]), spread(record.quantiles[high])) for low, high in pairs.values()],
    )
    return Forecast(
        model=model,
        origin=record.key.origin,
        fan=fan,
        shades=", ".join(f"{level:.0%}" for level in pairs) + " interval" + "s" * (len(pairs) > 1),
        levels=tuple(f"{level:.4g}" for level in record.levels),
        rows=tuple(
            {"month": month, "mean": float(mean), "quantiles": [int(q) for q in column]}
            for month, mean, column in zip(record.months, record.mean, record.quantiles.T, strict=True)
        ),
        past=_past(known, model),
        messages=record.messages,
    )


def _past(known: _Known, model: str) -> Chart | None:
    """Return the counts with the last forecast that was issued before each."""
    rows = first_issued(known.rows[(known.rows["model"] == model) & known.rows["y"].notna()])
    if rows.empty:
        return None
    last = rows.drop_duplicates("ds", keep="last").tail(_BEHIND)
    months = pd.period_range(last["ds"].iloc[0], last["ds"].iloc[-1], freq="M")
    table = np.full((2 + 2 * _SHADES, len(months)), np.nan)
    for month, job, ahead, y in zip(last["ds"], last["job"], last["horizon"], last["y"], strict=True):
        record = known.records[job]
        pairs = list(central_pairs(record.levels).values())[:_SHADES]
        ends = [float(record.quantiles[end, ahead - 1]) for pair in pairs for end in pair]
        column = [y, _median(record)[ahead - 1], *ends]
        table[: len(column), months.get_loc(month)] = column
    bands = [(low, high) for low, high in zip(table[2::2], table[3::2], strict=True) if not np.isnan(low).all()]
    label = f"{len(last)} counts with the last forecast before each"
    return draw(label, months, table[0], table[1], bands, compared=True)


def _scores(rows: pd.DataFrame, models: Sequence[str]) -> tuple[list[dict[str, Any]], int]:
    """Return means over the months that all models with scores were scored on, and how many these are."""
    issued = first_issued(rows)
    scored = issued[issued["status"] == "scored"]
    judged = [model for model in models if (scored["model"] == model).any()]
    if not judged:
        return [], 0
    models_of_month = scored.groupby(["origin", "ds"])["model"].transform("size")
    common = scored[models_of_month == len(judged)]
    table = []
    for model in judged:
        mine = common[common["model"] == model]
        values = [_shown(mine[column].mean(), form) for column, form in _SCORES.values()]
        own = issued[issued["model"] == model]["status"]
        table.append(
            {
                "model": model,
                "values": values,
                "scored": int((own == "scored").sum()),
                "pending": int((own != "scored").sum()),
            }
        )
    return table, len(common) // len(judged)


def _failures(keys: pd.DataFrame) -> Iterator[dict[str, Any]]:
    failed = keys[keys["status"] == "failed"].sort_values("id", ascending=False)
    for row in failed.head(_FAILURES).itertuples():
        yield {"model": row.model, "origin": row.origin, "error": row.error}


def _median(record: ForecastRecord) -> FloatArray:
    """Return the archived median, or the mean where none was kept."""
    at = np.flatnonzero(np.isclose(record.levels, 0.5))
    return record.quantiles[at[0]].astype(float) if at.size else record.mean


def _place(models: Sequence[str], name: str) -> int:
    return models.index(name) if name in models else len(models)


def _whole(value: float) -> int:
    return round(float(value))


def _shown(value: float, form: str) -> str:
    return "-" if np.isnan(value) else format(value, form)
