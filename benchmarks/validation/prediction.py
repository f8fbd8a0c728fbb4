"""Coverage of prediction intervals of months, totals and ratios of windows, by method, length of series and truth.

An interval holds the count y when P(Y <= y) and P(Y < y) say so, so two numbers a forecast give the coverage at every level:
of whole intervals, both ends included, which hold at least their level however right the forecast; and *fair*, where an end
that falls on the count takes the part of it that the level asks for, so that a right forecast has its level exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmarks.replications import Record, Study
from benchmarks.validation import methods, truths
from benchmarks.validation.methods import METHODS
from benchmarks.validation.truths import HORIZON
from forecasting.errors import InvalidInput, SamplingError
from forecasting.evaluation.pit import share_below
from forecasting.figures.style import AMBER, BLUE, GREEN, INK, MUTED, RULE, VERMILION, WASH, styled
from forecasting.figures.svg import svg
from forecasting.kernels.counts import FloatArray

TITLE = "Coverage of prediction intervals"
REPLICATIONS = 200
LEVELS = (0.5, 0.8, 0.9, 0.95)
QUANTITIES = ("months", "total", "ratio")
LENGTHS = (6, 8, 12, 24, 60, 120)
COMPARED = (
    *("regression", "dynamic level", "auto", "autoregression", "SARIMA"),
    *("plug-in regression", "plug-in SARIMAX"),
)


@dataclass(frozen=True)
class Case:
    """A truth, how many of its months are seen, and who forecasts the six that follow."""

    truth: str
    months: int
    methods: tuple[str, ...] = COMPARED


CASES = {f"{truth}, {months} months": Case(truth, months) for truth in truths.PLAIN for months in LENGTHS}


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return, by method, where the truth fell, how wide the intervals were, and scores; None where it refused."""
    data, *streams = (np.random.default_rng(child) for child in seed.spawn(1 + len(METHODS)))
    drawn = (truths.PLAIN | truths.HARD)[case.truth](case.months, data)
    future = quantities(drawn.future[None].astype(float))[0]
    record: Record = {"oracle": _judged(drawn.oracle.astype(float), future)}
    for (name, method), stream in zip(METHODS.items(), streams, strict=True):
        if name in case.methods:
            try:
                record[name] = _judged(method(drawn.past, stream), future)
            except (InvalidInput, SamplingError):
                record[name] = None
    return record


def quantities(paths: FloatArray) -> FloatArray:
    """Return the months, their total, and the ratio of the last three to the first three, ``[S, H + 2]``."""
    half = HORIZON // 2
    first, last = paths[:, :half].sum(axis=1), paths[:, half:].sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(first > 0, last / first, np.where(last > 0, np.inf, 1.0))
    return np.column_stack([paths, first + last, ratio])


def _judged(paths: FloatArray, future: FloatArray) -> dict[str, Any]:
    values = np.sort(quantities(paths), axis=0)
    below, upto = (values < future).mean(axis=0), (values <= future).mean(axis=0)
    tails = np.quantile(values, [0.05, 0.95], axis=0, method="inverted_cdf")
    with np.errstate(invalid="ignore"):
        width, score = tails[1] - tails[0], ranked_probability(values, future)
    return {
        "below": below.round(4).tolist(),
        "upto": upto.round(4).tolist(),
        "width": np.minimum(np.nan_to_num(width, nan=np.inf), 1e12).round(4).tolist(),
        "score": np.minimum(np.nan_to_num(score, nan=np.inf), 1e12).round(4).tolist(),
        "mean": float(np.minimum(paths.mean(), 1e12)),
    }


def ranked_probability(values: FloatArray, y: FloatArray) -> FloatArray:
    """Return the ranked probability score of sorted draws ``[S, K]``: E|X - y| - E|X - X'| / 2."""
    draws = len(values)
    weight = (2.0 * np.arange(1.0, draws + 1.0) - draws - 1.0) / (draws * (draws - 1.0))
    return np.asarray(np.abs(values - y).mean(axis=0) - weight @ values)


STUDY = Study(CASES, replicate, Path(__file__), (Path(methods.__file__), Path(truths.__file__)))

_PARTS = {"months": slice(0, HORIZON), "total": slice(HORIZON, HORIZON + 1), "ratio": slice(HORIZON + 1, HORIZON + 2)}


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return coverage with standard errors (a replication is the unit), relative width and score, by case and method.

    Widths and scores are relative to those of the oracle; *bias* is the mean log ratio of expected counts to the oracle's.
    """
    return {case: {name: _method(rows, name) for name in rows[0]} for case, rows in records.items()}


def _method(rows: list[Record], name: str) -> dict[str, Any]:
    kept = [row for row in rows if row[name] is not None]
    result: dict[str, Any] = {"replications": len(rows), "refused": len(rows) - len(kept)}
    if not kept:
        return result
    held, best = (
        {key: np.array([row[who][key] for row in kept]) for key in ("below", "upto", "width", "score")}
        for who in (name, "oracle")
    )
    scale = np.maximum(best["width"], 1e-9)
    for quantity, part in _PARTS.items():
        below, upto = held["below"][:, part], held["upto"][:, part]
        result[quantity] = {
            "coverage": {str(level): _share(_whole(below, upto, level)) for level in LEVELS},
            "fair": {str(level): _share(_fair(below, upto, level)) for level in LEVELS},
            "width": float(np.median(held["width"][:, part] / scale[:, part])),
            "score": float((held["score"] / scale)[:, part].mean() / (best["score"] / scale)[:, part].mean()),
        }
    off = np.log([max(row[name]["mean"], 1e-9) / max(row["oracle"]["mean"], 1e-9) for row in kept])
    result["bias"] = [float(off.mean()), float(off.std(ddof=1) / np.sqrt(len(off)))]
    return result


def _whole(below: FloatArray, upto: FloatArray, level: float) -> FloatArray:
    tail = (1.0 - level) / 2.0
    return ((upto >= tail - 1e-9) & (below < 1.0 - tail - 1e-9)).astype(float)


def _fair(below: FloatArray, upto: FloatArray, level: float) -> FloatArray:
    tail = (1.0 - level) / 2.0
    parts = share_below(below, upto, np.array([tail, 1.0 - tail]))
    return np.asarray(parts[..., 1] - parts[..., 0])


def _share(hits: FloatArray) -> list[float]:
    """Return the mean and its standard error."""
    by_replication = hits.mean(axis=1)
    return [float(by_replication.mean()), float(by_replication.std(ddof=1) / np.sqrt(len(hits)))]


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return fair coverage of 90% intervals of months, over all truths and lengths."""
    shown = (name for name in ("oracle", *COMPARED))
    return {name: "{:.3f} ± {:.3f}".format(*_average(list(summary.values()), name, "months", 0.9)) for name in shown}


def _average(entries: list[dict[str, Any]], name: str, quantity: str, level: float, kind: str = "fair") -> list[float]:
    """Return the average over cases and its standard error."""
    found = np.array([entry[name][quantity][kind][str(level)] for entry in entries if quantity in entry[name]])
    return [float(found[:, 0].mean()), float(np.sqrt(np.square(found[:, 1]).sum()) / len(found))]


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    lines = [
        f"# {TITLE}",
        "",
        "![Fair coverage of 90% intervals by length of the series, a panel a truth](prediction.svg)",
        "",
        "Series of n months from five processes with levels between 8 and 80 a month (`benchmarks/validation/truths.py`), and",
        "the six months that follow: each month, their total, and the ratio of the last three to the first three.",
        "",
        "* Ours: *regression*, `CountRegression` with intercept, trend, from 24 months on one wave of the year, negative",
        "  binomial; *dynamic level*, `DynamicLevel()`; *auto*, `fc.auto`; *autoregression*, `Autoregression((1,), (1,))`;",
        "  *SARIMA*, (0,1,1), from 36 months on (0,1,1)(0,1,1), on log(y + 1).",
        "* *plug-in regression*: statsmodels' `NegativeBinomial` with the same terms, its estimates taken for the truth;",
        "  *plug-in SARIMAX*: statsmodels' `SARIMAX` of the same orders on the counts, normal, below zero clipped to zero.",
        "* *oracle*: the process itself with parameters and state known.",
        "",
        "*Fair* coverage takes the part of an interval end that falls on the count: a right forecast has its level exactly.",
        "Whole intervals, ends included, hold more than their level by construction; their coverage is in `prediction.json`,",
        "with standard errors of everything. No model is meant for every truth: a regression on a random walk, or a plain",
        "autoregression under a season, is wrong, and the tables show by how much.",
        "",
    ]
    names = [name for name in ("oracle", *COMPARED)]
    for quantity in QUANTITIES:
        lines += [f"## {quantity.capitalize()}: fair coverage of 90% intervals, %", "", *_head(("series", *names))]
        for case, entry in summary.items():
            lines.append(f"| {case} | " + " | ".join(_percent(entry[name], quantity) for name in names) + " |")
        lines.append("")
    lines += ["## By level: fair coverage, %, average of the five truths", "", *_head(("months", "level", *names))]
    for months in LENGTHS:
        entries = [entry for case, entry in summary.items() if CASES[case].months == months]
        for level in LEVELS:
            cells = (_average(entries, name, "months", level) for name in names)
            shown = " | ".join(f"{100 * value:.1f} ({100 * error:.1f})" for value, error in cells)
            lines.append(f"| {months} | {100 * level:.0f} | {shown} |")
    lines += [
        "",
        "## Width of 90% intervals and score of months, relative to the oracle's",
        "",
        *_head(("series", *names[1:])),
    ]
    for case, entry in summary.items():
        lines.append(f"| {case} | " + " | ".join(_relative(entry[name]) for name in names[1:]) + " |")
    lines += [
        "",
        "Median width, then mean ranked probability score (both 1 for the oracle; smaller scores are better).",
        "",
        *refusals(summary),
    ]
    return lines


def refusals(summary: dict[str, Any]) -> list[str]:
    """Return which methods refused to forecast which series."""
    refused = [
        f"{name} {held['refused']} of {held['replications']} ({case})"
        for case, entry in summary.items()
        for name, held in entry.items()
        if held["refused"]
    ]
    return [f"Refused with an error, and left out: {'; '.join(refused) or 'none'}."]


def _head(columns: tuple[str, ...]) -> list[str]:
    return ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]


def _percent(entry: dict[str, Any], quantity: str) -> str:
    if quantity not in entry:
        return "refused"
    value, error = entry[quantity]["fair"]["0.9"]
    return f"{100 * value:.0f} ({100 * error:.0f})"


def _relative(entry: dict[str, Any]) -> str:
    return f"{entry['months']['width']:.2f}, {entry['months']['score']:.2f}" if "months" in entry else "refused"


_COLOURS = {
    "oracle": MUTED,
    "regression": BLUE,
    "dynamic level": GREEN,
    "auto": INK,
    "autoregression": AMBER,
    "plug-in regression": VERMILION,
}


@styled
def draw(summary: dict[str, Any], file: Path) -> None:
    """Write the picture: fair coverage of 90% intervals of months and of totals, by length, a panel a truth."""
    figure = Figure(figsize=(10.4, 4.6), layout="constrained")
    panels = figure.subplots(2, len(truths.PLAIN), sharex=True, sharey=True)
    for row, quantity in zip(panels, ("months", "total"), strict=True):
        for axes, truth in zip(row, truths.PLAIN, strict=True):
            axes.axhspan(88, 92, color=WASH, zorder=0)
            axes.axhline(90, color=RULE, linewidth=0.8, zorder=1)
            for shift, (name, colour) in enumerate(_COLOURS.items()):
                entries = [summary[f"{truth}, {months} months"][name] for months in LENGTHS]
                found = np.array(
                    [entry.get(quantity, {"fair": {"0.9": [np.nan, 0]}})["fair"]["0.9"] for entry in entries]
                )
                places = np.arange(len(LENGTHS)) + 0.08 * (shift - 2.5)
                dashes = "--" if name.startswith("plug-in") else "-"
                axes.errorbar(
                    *(places, 100 * found[:, 0], 200 * found[:, 1]),
                    color=colour, linestyle=dashes, marker="o", markersize=2.5, linewidth=1.0, elinewidth=0.6, label=name,
                )  # fmt: skip
            axes.set(title=truth if quantity == "months" else None, xticks=range(len(LENGTHS)), ylim=(40, 101))
            axes.set_xticklabels([str(months) for months in LENGTHS])
        row[0].set_ylabel(f"{quantity}: coverage of 90%, %")
    panels[1, len(truths.PLAIN) // 2].set_xlabel("months of data")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=len(_COLOURS))
    figure.set_label("Fair coverage of 90% intervals of months and of totals, by length of series, truth and method.")
    file.write_text(svg(figure), encoding="utf-8")
