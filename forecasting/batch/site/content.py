"""What the page of a series shows, and its line in the index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from forecasting.batch.accounts import in_words
from forecasting.batch.overview import total_of
from forecasting.batch.records import ForecastRecord
from forecasting.batch.site.charts import Chart, central_pairs, draw, sparkline
from forecasting.batch.site.known import Columns, Known, take
from forecasting.batch.site.pages import file_name
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.months import month_name
from forecasting.reading import month_number

FLAGS = {
    "D": "drifted",
    "W": "watch",
    "J": "beyond forecast",
    "X": "failed",
    "N": "fit warns",
    "B": "bad data",
    "S": "stale",
    "G": "gone",
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


def content(known: Known, attention: Attention, shown: Sequence[str]) -> tuple[Page, list[Any]]:
    """Return the page of a series and its line in the index.

    Parameters
    ----------
    known : Known
        What the archive holds of the series.
    attention : Attention
        What calls for attention.
    shown : sequence of str
        Models in the order in which they are shown; others follow.
    """
    found = set(known.keys["model"])
    models = [model for model in shown if model in found]
    models += sorted(found - set(models))
    forecasts = [_forecast(known, model) for model in models if model in known.newest]
    first = forecasts[0].model if forecasts else models[0]
    scores, common = _scores(known, models)
    page = Page(
        name=known.name,
        known=int((~np.isnan(known.counts)).sum()),
        first=month_name(known.first) if known.last else "",
        last=known.last[0] if known.last else "",
        as_of=known.as_of,
        tiles=tuple(_tiles(known, first)),
        notices=attention.notices,
        forecasts=tuple(forecasts),
        scores=tuple(scores),
        score_names=tuple(_SCORES),
        common=common,
        failures=tuple(_failures(known.keys)),
    )
    return page, line(known.name, attention, known, first)


def line(name: str, attention: Attention, known: Known | None = None, model: str = "") -> list[Any]:
    """Return the line of a series in the index: what `index.js` expects; without a file where it has no page."""
    if known is None:
        return [name, "", attention.flags, "", "", None, None, None, None, 0, None, None, ""]
    last, count = known.last or ("", None)
    middle, low, high = _first_month(known.newest[model]) if model in known.newest else (None, None, None)
    scored = known.of(model, "scored")
    n = len(scored["y"])
    size = scored["y"].mean() if n else 0.0
    held = _rounded(scored["cover_80"].mean()) if n else None
    crps = _rounded(scored["crps"].mean() / size) if size else None
    row = [name, file_name(name), attention.flags, model, last, count, middle, low, high, n, held, crps]
    return [*row, sparkline(known.counts[-_SPARK:])]


def _tiles(known: Known, model: str) -> Iterator[Tile]:
    if known.last:
        yield Tile(f"{known.last[1]:,}", f"in {known.last[0]}, the newest count")
    if model in known.newest:
        record = known.newest[model]
        middle, low, high = _first_month(record)
        said = f"median for {record.months[0]} by {model}"
        if low is not None:
            said += f"; {next(iter(central_pairs(record.levels))):.0%} interval {low:,} to {high:,}"
        yield Tile(f"{middle:,}", said)
        if len(record.months) > 1 and len(record.paths):
            total = total_of(record.paths)
            yield Tile(
                f"{total['median']:,}",
                f"median of the total {record.months[0]} to {record.months[-1]}; "
                f"{total['level']:.0%} interval {total['lower']:,} to {total['upper']:,}",
            )
    held = known.of(model, "scored")["cover_80"]
    if len(held) and not np.isnan(held).all():
        yield Tile(f"{np.nanmean(held):.0%}", f"of {len(held)} scored months of forecasts were within the 80% interval")


def _forecast(known: Known, model: str) -> Forecast:
    record = known.newest[model]
    pairs = dict(list(central_pairs(record.levels).items())[:_SHADES])
    start = month_number(record.months[0])
    first = min(max(known.first, start - _BEHIND), start)
    drawn = start + len(record.months) - first
    behind = np.full(drawn, np.nan)
    seen = known.counts[first - known.first :][:drawn] if len(known.counts) else known.counts
    behind[: len(seen)] = seen

    def ahead(values: FloatArray | IntArray) -> FloatArray:
        return np.concatenate([np.full(start - first, np.nan), values])

    middle = _median(record)
    fan = draw(
        f"Counts up to {known.last[0] if known.last else 'none'}, and the forecast from {record.months[0]}: "
        f"medians {middle.min():,.0f} to {middle.max():,.0f}",
        first,
        behind,
        ahead(middle),
        [(ahead(record.quantiles[low]), ahead(record.quantiles[high])) for low, high in pairs.values()],
    )
    return Forecast(
        model=model,
        origin=record.key.origin,
        fan=fan,
        shades=", ".join(f"{level:.0%}" for level in pairs) + " interval" + "s" * (len(pairs) > 1),
        levels=tuple(f"{level:.4g}" for level in record.levels),
        rows=tuple(
            {"month": month, "mean": mean, "quantiles": column}
            for month, mean, column in zip(
                record.months, record.mean.tolist(), record.quantiles.T.tolist(), strict=True
            )
        ),
        past=_past(known, model),
        messages=(*in_words(record.account), *record.messages),
    )


def _past(known: Known, model: str) -> Chart | None:
    """Return the counts with the last forecast that was issued before each."""
    mine = known.of(model)
    mine = take(mine, ~np.isnan(mine["y"]))
    months = mine["ds"]
    if not len(months):
        return None
    last = np.append(months[1:] != months[:-1], True)  # they come by month and origin
    last &= months > months[-1] - _BEHIND
    mine = take(mine, last)
    first = int(mine["ds"][0])
    table = np.full((2 + 2 * _SHADES, int(mine["ds"][-1]) - first + 1), np.nan)
    for month, job, ahead, y in zip(mine["ds"], mine["job"], mine["horizon"], mine["y"], strict=True):
        record = known.records[job]
        pairs = list(central_pairs(record.levels).values())[:_SHADES]
        ends = [record.quantiles[end, ahead - 1] for pair in pairs for end in pair]
        table[: 2 + len(ends), month - first] = [y, _median(record)[ahead - 1], *ends]
    bands = [(low, high) for low, high in zip(table[2::2], table[3::2], strict=True) if not np.isnan(low).all()]
    label = f"{len(mine['ds'])} counts, each with the last forecast before it"
    return draw(label, first, table[0], table[1], bands, compared=True)


def _scores(known: Known, models: Sequence[str]) -> tuple[list[dict[str, Any]], int]:
    """Return means over the months that all models with scores were scored on, and how many these are."""
    scored = {model: rows for model in models if len((rows := known.of(model, "scored"))["y"])}
    months = {model: set(zip(rows["origin"], rows["ds"], strict=True)) for model, rows in scored.items()}
    common = set.intersection(*months.values()) if months else set()
    table = []
    for model, rows in scored.items():
        held = np.array([pair in common for pair in zip(rows["origin"], rows["ds"], strict=True)], dtype=bool)
        mine = take(rows, held)
        values = [_shown(mine[column].mean() if common else np.nan, form) for column, form in _SCORES.values()]
        pending = len(known.of(model)["y"]) - len(rows["y"])
        table.append({"model": model, "values": values, "scored": len(rows["y"]), "pending": pending})
    return table, len(common)


def _failures(keys: Columns) -> Iterator[dict[str, Any]]:
    failed = take(keys, keys["status"] == "failed")
    for k in np.argsort(-failed["id"])[:_FAILURES]:
        yield {"model": failed["model"][k], "origin": failed["origin"][k], "error": failed["error"][k]}


def _first_month(record: ForecastRecord) -> tuple[int, int | None, int | None]:
    """Return median and widest interval of the first month."""
    pairs = list(central_pairs(record.levels).values())
    low, high = (int(record.quantiles[end, 0]) for end in pairs[0]) if pairs else (None, None)
    return round(float(_median(record)[0])), low, high


def _median(record: ForecastRecord) -> FloatArray:
    """Return the archived median, or the mean where none was kept."""
    at = np.flatnonzero(np.isclose(record.levels, 0.5))
    return record.quantiles[at[0]].astype(float) if at.size else record.mean


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 3)


def _shown(value: float, form: str) -> str:
    return "-" if np.isnan(value) else format(value, form)
