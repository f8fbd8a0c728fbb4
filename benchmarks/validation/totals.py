"""Totals of several months by the automatic forecaster, where levels wander, grow, shift or have just broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.replications import Record, Study
from benchmarks.validation import truths
from benchmarks.validation.truths import Array, Counts, negative_binomial

TITLE = "Totals of several months"
REPLICATIONS = 400
HORIZON = 12
AHEAD, SUMS = (1, 6, 12), (3, 6, 12)
LEVELS = (3, 30, 300)
_BROKEN = 42  # months of a series that has broken

Process = Callable[[int, float, np.random.Generator], Counts]


class Case(NamedTuple):
    """A process, the months that are known of it, and its level."""

    process: str
    months: int
    level: float


def walk(step: float, season: bool = False) -> Process:
    """Return a log level that moves by independent normal steps."""

    def draw(months: int, level: float, rng: np.random.Generator) -> Counts:
        path = np.log(level) + np.concatenate([[0.0], rng.normal(0.0, step, months + HORIZON - 1)]).cumsum()
        return negative_binomial(np.exp(path + season * _wave(months, rng)), 0.03, rng)

    return draw


def growth(rate: float) -> Process:
    """Return a level that grows by the same share each month, and is `level` at the end."""

    def draw(months: int, level: float, rng: np.random.Generator) -> Counts:
        return negative_binomial(level * (1.0 + rate) ** (np.arange(months + HORIZON) - (months - 1.0)), 0.03, rng)

    return draw


def broken(factor: float, ago: int) -> Process:
    """Return a level that has changed by a factor some months ago, for good."""

    def draw(months: int, level: float, rng: np.random.Generator) -> Counts:
        mean = np.full(months + HORIZON, level)
        mean[months - ago :] *= factor
        return negative_binomial(mean, 0.03, rng)

    return draw


def shifting(months: int, level: float, rng: np.random.Generator) -> Counts:
    """A level that jumps in one month of 25."""
    jumps = np.where(rng.random(months + HORIZON) < 0.04, 0.8 * rng.standard_normal(months + HORIZON), 0.0)
    return negative_binomial(level * np.exp(jumps.cumsum()), 0.03, rng)


def season(months: int, level: float, rng: np.random.Generator) -> Counts:
    return negative_binomial(level * np.exp(_wave(months, rng)), 0.05, rng)


def flat(months: int, level: float, rng: np.random.Generator) -> Counts:
    """Over-dispersed around a level that stays."""
    return negative_binomial(np.full(months + HORIZON, level), 0.3, rng)


def sparse(months: int, level: float, rng: np.random.Generator) -> Counts:
    """Mostly zeros; `level` is not used."""
    return negative_binomial(np.full(months + HORIZON, rng.uniform(0.1, 1.0)), 0.5, rng)


def ingarch(months: int, level: float, rng: np.random.Generator) -> Counts:
    """INGARCH(1, 1) with both coefficients 0.4, after fifty months."""
    mean, counts = level, []
    for _ in range(months + HORIZON + 50):
        counts.append(int(negative_binomial(np.array(mean), 0.03, rng)))
        mean = 0.2 * level + 0.4 * counts[-1] + 0.4 * mean
    return np.array(counts[50:])


def _wave(months: int, rng: np.random.Generator) -> Array:
    angle = 2.0 * np.pi * np.arange(months + HORIZON) / 12.0
    size, phases = rng.uniform(0.2, 0.6), rng.uniform(0.0, 2.0 * np.pi, 2)
    return np.asarray(size * np.sin(angle + phases[0]) + 0.4 * size * np.sin(2.0 * angle + phases[1]))


LONG: dict[str, Process] = {
    **{f"random walk {step}": walk(step) for step in (0.05, 0.1, 0.15)},
    "INGARCH(0.4, 0.4)": ingarch,
    "fixed season": season,
    "season on a walk": walk(0.08, season=True),
    "level shifts": shifting,
    "flat, over-dispersed": flat,
}
GROWING: dict[str, Process] = {f"growth of {rate:.0%} a month": growth(rate) for rate in (0.03, 0.06)}
BREAKS: dict[str, Process] = {
    f"{level} times {factor:g}, {ago} months ago": broken(factor, ago)
    for level, factor in ((300, 0.1), (1000, 0.03), (30, 0.1), (30, 10.0))
    for ago in (3, 6, 9)
}
PROCESSES: dict[str, Process] = {**LONG, **GROWING, "sparse": sparse, **BREAKS}


def _cases() -> dict[str, Case]:
    found = [Case(name, months, level) for name in LONG for months in (24, 60) for level in LEVELS]
    found += [Case(name, months, level) for name in GROWING for months in (12, 24, 60) for level in LEVELS]
    found += [Case("sparse", months, 1) for months in (24, 60)]
    found += [Case(name, _BROKEN, float(name.split()[0])) for name in BREAKS]
    return {f"{case.process}, {case.months} months, level {case.level:g}": case for case in found}


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return, for one series, the share of each outcome inside its 90% interval."""
    rng = np.random.default_rng(seed)
    counts = PROCESSES[case.process](case.months, case.level, rng)
    months = pd.period_range("2015-01", periods=case.months, freq="M")
    forecast = fc.auto(fc.CountSeries(months, counts[: case.months]), HORIZON, rng=rng)
    paths, truth = forecast.paths.astype(float), counts[case.months :].astype(float)
    held = {f"month {h}": _inside(paths[:, h - 1], truth[h - 1]) for h in AHEAD}
    return held | {f"total of {h}": _inside(paths[:, :h].sum(axis=1), truth[:h].sum()) for h in SUMS}


def _inside(paths: Array, outcome: float) -> float:
    """Return the share of an outcome inside the central 90%: 0, 1, or a part where an end falls on the count."""
    below, upto = float((paths < outcome).mean()), float((paths <= outcome).mean())
    upto = max(upto, below + 1e-9)
    return float(np.clip((min(upto, 0.95) - max(below, 0.05)) / (upto - below), 0.0, 1.0))


STUDY = Study(_cases(), replicate, Path(__file__), (Path(truths.__file__),))


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return coverage and its standard error by process and length, all levels together, and that of the worst level."""
    groups: dict[str, list[list[Record]]] = {}
    for name, found in records.items():
        groups.setdefault(name.rpartition(", ")[0], []).append(found)
    return {name: {what: _coverage(found, what) for what in found[0][0]} for name, found in groups.items()}


def _coverage(found: list[list[Record]], what: str) -> dict[str, float]:
    values = [np.array([record[what] for record in one]) for one in found]
    whole = np.concatenate(values)
    error = float(whole.std() / np.sqrt(whole.size))
    return {"coverage": float(whole.mean()), "error": error, "worst level": float(min(one.mean() for one in values))}


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the lowest coverage of each total, and where it is."""
    found = {}
    for what in (f"total of {h}" for h in SUMS):
        worst = min(summary, key=lambda name: summary[name][what]["coverage"])
        found[what] = f"≥ {summary[worst][what]['coverage']:.2f} ({worst})"
    return found


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    columns = [f"month {h}" for h in AHEAD] + [f"total of {h}" for h in SUMS]
    lines = [
        f"# {TITLE}",
        "",
        "Share of outcomes inside the central 90% intervals of `fc.auto`, in percent, standard error in brackets: months 1, 6",
        "and 12 ahead, and totals of 3, 6 and 12 months. An end that falls on the outcome takes its part. Levels of 3, 30 and",
        "300 together where no level is named; processes are in `benchmarks/validation/totals.py`. None of them is the model",
        "of a member of the pool.",
        "",
        "| process | " + " | ".join(columns) + " | total of 12, worst level |",
        "|" + "---|" * (len(columns) + 2),
    ]
    for name, entry in summary.items():
        cells = [f"{100 * entry[what]['coverage']:.0f} ({100 * entry[what]['error']:.0f})" for what in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + f" | {100 * entry[columns[-1]]['worst level']:.0f} |")
    return lines
