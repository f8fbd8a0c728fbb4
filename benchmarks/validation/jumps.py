"""Size and power of the jump analysis, beside the tests that are usually done.

Complete monthly series around ten a month; six months against the six before them, the year before that being history.  Every
method answers with a probability; it *calls a change* below 5%.  Where the windows are chosen after the fact, they are the
adjacent pair with the largest rise of three years.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats
from statsmodels.discrete.discrete_model import NegativeBinomial

import forecasting as fc
from benchmarks.replications import Record, Study
from benchmarks.validation.truths import negative_binomial
from forecasting.figures.style import BLUE, INK, MUTED, RULE, VERMILION, styled
from forecasting.figures.svg import svg
from forecasting.scenarios import rates

Counts = NDArray[np.int64]

TITLE = "Size and power of the jump analysis"
REPLICATIONS = 200
WINDOW, HISTORY = 6, 12
DRAWS = 300
LEVEL = 10.0
SHUFFLES = 999


@dataclass(frozen=True)
class Case:
    """How months vary, by what factor the last six change, and whether the windows are chosen after the fact."""

    kind: str
    factor: float = 1.0
    chosen: bool = False


CASES = {
    **{f"no change: {kind}": Case(kind) for kind in ("Poisson", "over-dispersed", "INGARCH", "AR(1) rate", "trend")},
    **{f"chosen: {kind}": Case(kind, chosen=True) for kind in ("Poisson", "over-dispersed", "AR(1) rate")},
    "factor 1.5: Poisson": Case("Poisson", 1.5),
    "factor 1.5: over-dispersed": Case("over-dispersed", 1.5),
    "factor 2: over-dispersed": Case("over-dispersed", 2.0),
    "factor 2: AR(1) rate": Case("AR(1) rate", 2.0),
}


def simulate(case: Case, rng: np.random.Generator) -> Counts:
    months = 36 if case.chosen else HISTORY + 2 * WINDOW
    mean, alpha = np.full(months, LEVEL), 0.0 if case.kind in ("Poisson", "INGARCH") else 1.0 / LEVEL
    if case.kind == "trend":
        mean *= np.exp(0.03 * (np.arange(months) - months / 2.0))
    if case.kind == "AR(1) rate":
        shocks = rng.normal(0.0, 0.3 * np.sqrt(1.0 - 0.7**2), months)
        rate = np.empty(months)
        for t in range(months):
            rate[t] = 0.7 * rate[t - 1] + shocks[t] if t else rng.normal(0.0, 0.3)
        mean *= np.exp(rate)
    mean[months - WINDOW :] *= case.factor
    if case.kind != "INGARCH":
        return negative_binomial(mean, alpha, rng)
    y, level = np.empty(months + 50, dtype=np.int64), LEVEL
    for t in range(len(y)):
        level = 0.3 * LEVEL + 0.3 * (y[t - 1] if t else LEVEL) + 0.4 * level
        y[t] = rng.poisson(level)
    return y[50:]


def boundary(y: Counts, chosen: bool) -> int:
    """Return the first month of the later window."""
    if not chosen:
        return len(y) - WINDOW
    sums = np.convolve(y, np.ones(WINDOW), mode="valid")
    return int(np.argmax(sums[WINDOW:] / np.maximum(sums[:-WINDOW], 1.0))) + WINDOW


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return the probability that each method gives to what happened, were nothing changed."""
    data, draws = (np.random.default_rng(child) for child in seed.spawn(2))
    y = simulate(case, data)
    first = boundary(y, case.chosen)
    before, after = y[first - WINDOW : first], y[first : first + WINDOW]
    usual = {
        "exact Poisson": rates.p_value(int(after.sum()), int(before.sum())),
        "quasi-Poisson": _quasi_poisson(before, after),
        "negative binomial": _likelihood_ratio(before, after),
        "permutation": _permutation(before, after, data),
    }
    return {**usual, **_analysis(y, first, draws)}


def _analysis(y: Counts, first: int, rng: np.random.Generator) -> dict[str, float]:
    months = pd.period_range("2010-01", periods=len(y), freq="M")
    windows = (months[first - WINDOW], months[first - 1]), (months[first], months[first + WINDOW - 1])
    report = fc.jump(fc.CountSeries(months, y), *windows, draws=DRAWS, rng=rng)
    table, found = report.table(), {}
    for name in ("constant Poisson", "constant", "trend"):
        tail = float(table.loc[name, "tail"])
        found[f"surprise, {name}"] = min(1.0, 2.0 * min(tail, 1.0 - tail)) if np.isfinite(tail) else 1.0
    found["surprise, every baseline"] = max(found.values())
    found["step, interval"] = _two_sided(report.result("step").posterior, f"step[{months[first]}]")
    found["trend + step, interval"] = _two_sided(report.result("trend + step").posterior, f"step[{months[first]}]")
    changed = float(table["probability"].filter(like="step").sum())
    found["probability of no step"] = 1.0 - changed
    for name in ("constant", "trend"):
        found[f"search, {name}"] = float(table.loc[name, "search"])
    return found


def _two_sided(posterior: Any, name: str) -> float:
    """Return twice the smaller posterior probability of a rise and a fall: below 5% where the 95% interval excludes none."""
    share = float((posterior.draws[:, posterior.names.index(name)] > 0).mean())
    return 2.0 * min(share, 1.0 - share)


def _quasi_poisson(before: Counts, after: Counts) -> float:
    """Return the p-value of a step in a Poisson regression whose standard error carries Pearson's dispersion."""
    means = max(before.mean(), 1e-9), max(after.mean(), 1e-9)
    n = before.size + after.size
    pearson = sum((np.square(window - mean) / mean).sum() for window, mean in zip((before, after), means, strict=True))
    error = np.sqrt(pearson / (n - 2) * sum(1.0 / (WINDOW * mean) for mean in means))
    return float(2.0 * stats.t.sf(abs(np.log(means[1] / means[0])) / max(error, 1e-12), n - 2))


def _likelihood_ratio(before: Counts, after: Counts) -> float:
    """Return the p-value of the likelihood ratio of negative binomials with and without a step, by statsmodels."""
    y = np.concatenate([before, after])
    one, step = np.ones(y.size), np.repeat([0.0, 1.0], WINDOW)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        heights = [NegativeBinomial(y, np.column_stack(columns)).fit(disp=0).llf for columns in ([one], [one, step])]
    return float(stats.chi2.sf(max(2.0 * (heights[1] - heights[0]), 0.0), 1))


def _permutation(before: Counts, after: Counts, rng: np.random.Generator) -> float:
    """Return the share of shuffles of the months with as large a difference of totals; months exchangeable."""
    months = np.concatenate([before, after])
    shuffled = rng.permuted(np.tile(months, (SHUFFLES, 1)), axis=1)
    apart = np.abs(shuffled[:, WINDOW:].sum(axis=1) - shuffled[:, :WINDOW].sum(axis=1))
    return float((1 + (apart >= abs(after.sum() - before.sum())).sum()) / (1 + SHUFFLES))


STUDY = Study(CASES, replicate, Path(__file__))

THRESHOLD = 0.05
_OURS = ("surprise", "step", "trend + step", "probability", "search")


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return, by case and method, how often a change is called, with its standard error; NaN counts as no call."""
    return {case: {name: _share([row[name] for row in rows]) for name in rows[0]} for case, rows in records.items()}


def _share(values: list[float]) -> dict[str, float]:
    called = np.array(values, dtype=float) < THRESHOLD
    share = float(called.mean())
    return {
        "replications": len(called),
        "called": share,
        "error": float(np.sqrt(max(share * (1 - share), 0.25 / len(called)) / len(called))),
    }


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the largest share of false calls, windows fixed beforehand, by method."""
    fixed = [entry for case, entry in summary.items() if case.startswith("no change")]
    return {name: f"≤ {max(entry[name]['called'] for entry in fixed):.2f}" for name in fixed[0]}


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    names = list(next(iter(summary.values())))
    lines = [
        f"# {TITLE}",
        "",
        "![How often each method calls a change](jumps.svg)",
        "",
        f"Complete series around {LEVEL:g} a month; six months against the six before, with a year of history before those.",
        "*Over-dispersed*: variance twice the mean; *INGARCH*: Poisson, 0.3 of the last count and 0.4 of its mean;",
        "*AR(1) rate*: over-dispersed around a rate whose logarithm has standard deviation 0.3 and correlation 0.7 from month",
        "to month; *trend*: 3% a month, over-dispersed. *Chosen*: no change, and the windows are the adjacent pair with the",
        "largest rise within three years. The rest have a real change of the last six months.",
        "",
        "A method calls a change where the probability it gives is below 5%:",
        "",
        "* tests of the two windows alone: exact conditional Poisson; Poisson regression with Pearson's dispersion; likelihood",
        "  ratio of negative binomials (statsmodels); permutation of the twelve months;",
        f"* `jump` (all months, {DRAWS} draws): *surprise* of the ratio given the months before the later window, two-sided,",
        "  under one baseline and under every one of the three; the 95% interval of the *step*; posterior *probability of no",
        "  step* (the analysis reports it, it does not call); *search*, the chance that some pair of windows rises as much.",
        "",
        "## Calls, % (standard error)",
        "",
        "| method | " + " | ".join(summary) + " |",
        "|" + "---|" * (1 + len(summary)),
    ]
    for name in names:
        cells = (f"{100 * entry[name]['called']:.0f} ({100 * entry[name]['error']:.0f})" for entry in summary.values())
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [
        *lines,
        "",
        "The first eight columns are false alarms, 5% being the promise; the last four are power, which compares only methods",
        "whose false alarms are alike. A trend is a change of level: only methods that know of trends can tell it from a jump.",
        "",
        f"* Within two standard errors of 5% or below it in all five cases without change: {_promised(summary, 'no change')}.",
        f"* The same where the windows were chosen after the fact: {_promised(summary, 'chosen')}.",
    ]


def _promised(summary: dict[str, Any], start: str) -> str:
    """Return the methods whose false alarms keep to the promise in all cases of one kind."""
    cases = [entry for case, entry in summary.items() if case.startswith(start)]
    kept = [
        name
        for name in cases[0]
        if all(entry[name]["called"] <= THRESHOLD + 2.0 * entry[name]["error"] for entry in cases)
    ]
    return "; ".join(kept) or "none"


@styled
def draw(summary: dict[str, Any], file: Path) -> None:
    """Write the picture: a row a method, a panel a kind of case."""
    groups = {"no change": "No change", "chosen": "No change, windows chosen", "factor": "A real change"}
    names = list(next(iter(summary.values())))[::-1]
    figure = Figure(figsize=(10.4, 4.4), layout="constrained")
    panels = figure.subplots(1, len(groups), sharey=True)
    markers = ("o", "s", "^", "D", "v")
    for axes, (start, title) in zip(panels, groups.items(), strict=True):
        cases = [case for case in summary if case.startswith(start)]
        for marker, case in zip(markers, cases, strict=False):
            called = [100 * summary[case][name]["called"] for name in names]
            label = case if start == "factor" else case.partition(": ")[2]
            colours = [BLUE if name.startswith(_OURS) else VERMILION for name in names]
            axes.scatter(
                called, range(len(names)), marker=marker, s=22, facecolors="none", edgecolors=colours, label=label
            )
        if start != "factor":
            axes.axvline(100 * THRESHOLD, color=INK, linewidth=0.8)
        axes.set(title=title, xlim=(-3, 103), xlabel="calls a change, %")
        axes.set_yticks(range(len(names)), names)
        axes.yaxis.grid(True, color=RULE)
        axes.legend(loc="lower right", labelcolor=MUTED, fontsize=7.5)
    figure.set_label(
        "How often each method calls a change, without one, with windows chosen after the fact, and with one."
    )
    file.write_text(svg(figure), encoding="utf-8")
