"""How often each sentence of an onset is printed, and how often its smallest sets hold the month.

The months are those of `benchmarks.validation.jumps`, without a change, with a step, a ramp or a smooth turn of the level.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks.replications import Record, Study
from benchmarks.validation import jumps
from forecasting.scenarios.onset_shapes import SHAPES

TITLE = "Size, power and coverage of an onset"
REPLICATIONS = 100
DRAWS = 500


@dataclass(frozen=True)
class Case:
    """How months vary, how many there are, and by what factor and in what shape the level changes at two thirds of them."""

    kind: str
    months: int
    factor: float = 1.0
    shape: int = 0

    @property
    def name(self) -> str:
        """The case in words."""
        if self.factor == 1.0:
            return f"no change: {self.kind}, {self.months} months"
        shape = SHAPES[self.shape]
        length = f" over {shape.months} months" if shape.months > 1 else ""
        return f"{shape.name}{length}, factor {Fraction(self.factor)}: {self.kind}, {self.months} months"


CASES = {
    case.name: case
    for case in (
        *(Case(kind, months) for months in (8, 18, 36, 60) for kind in jumps.KINDS),
        *(Case("over-dispersed", months, factor) for months in (18, 36, 60) for factor in (2.0, 0.5, 4.0)),
        *(Case(kind, 36, 3.0) for kind in ("AR(1) rate", "random walk", "trend", "season")),
        *(Case("over-dispersed", 60, 3.0, shape) for shape in (1, 2, 3, 4)),
    )
}


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return the Bayes factor, and whether the sets hold the month and the interval the factor at the end."""
    data, draws = (np.random.default_rng(child) for child in seed.spawn(2))
    first = case.months - case.months // 3
    reached = SHAPES[case.shape].reached(np.arange(case.months) - first + 1)
    y = jumps.simulate(jumps.Case(case.kind, case.months), data, np.power(case.factor, reached))
    series = fc.CountSeries(pd.period_range("2010-01", periods=case.months, freq="M"), y)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", fc.SamplingWarning)
        report = fc.onset(series, draws=DRAWS, rng=draws)
    month, effect = series.months[first], report.effect
    return {
        "log_bayes_factor": report.log_bayes_factor,
        "in_doubt": float(bool(caught)),
        "set_50": float(month in report.interval(0.5)),
        "set_90": float(month in report.interval(0.9)),
        "months_90": float(len(report.interval(0.9))),
        "factor_95": float(effect.lower <= case.factor ** reached[-1] <= effect.upper),
    }


STUDY = Study(CASES, replicate, Path(__file__), (Path(jumps.__file__),))

_FOR, _TEN, _AGAINST = np.log(20.0), np.log(10.0), np.log(1.0 / 3.0)


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return, by case, shares with standard errors in place of single outcomes."""
    return {case: _summary(pd.DataFrame(rows)) for case, rows in records.items() if rows}


def _summary(rows: pd.DataFrame) -> dict[str, Any]:
    factor, count = rows["log_bayes_factor"], len(rows)
    called = {
        "speak for": factor > _FOR,
        "above 10": factor > _TEN,
        "speak against": factor < _AGAINST,
        "50% set": rows["set_50"],
        "90% set": rows["set_90"],
        "95% interval": rows["factor_95"],
    }
    shares = {name: float(np.mean(values)) for name, values in called.items()}
    errors = {name: float(np.sqrt(max(share * (1.0 - share), 0.25 / count) / count)) for name, share in shares.items()}
    return {
        "replications": count,
        "shares": shares,
        "errors": errors,
        "median months of the 90% set": float(rows["months_90"].median()),
        "in doubt": float(rows["in_doubt"].mean()),
    }


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the largest share of false sentences, and the range of the coverage of the 90% sets under a change."""
    still = [entry["shares"] for case, entry in summary.items() if CASES[case].factor == 1.0]
    moved = [entry["shares"]["90% set"] for case, entry in summary.items() if CASES[case].factor != 1.0]
    return {
        "The facts speak for a change, without one": f"≤ {max(shares['speak for'] for shares in still):.2f}",
        "Bayes factor above 10, without one": f"≤ {max(shares['above 10'] for shares in still):.2f}",
        "90% sets hold the month": f"{min(moved):.2f} to {max(moved):.2f}",
    }


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    lines = [
        f"# {TITLE}",
        "",
        f"Months as in [jumps.md](jumps.md), around {jumps.LEVEL:g}; `fc.onset` with {DRAWS} draws. A change begins after two",
        "thirds of the months. Shares in % (standard error). *Speak for* and *speak against* are the sentences; what is",
        "neither is *do not settle*. *Doubt*: runs that warn of their draws.",
        "",
    ]
    groups = (
        ("No change", True, ("speak for", "above 10", "speak against")),
        ("A change", False, ("speak for", "above 10", "speak against", "50% set", "90% set", "95% interval")),
    )
    for title, still, columns in groups:
        extra = [] if still else ["months of the 90% set"]
        head = ["case", "series", *columns, *extra, "doubt"]
        lines += [f"## {title}", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        for case, entry in summary.items():
            if (CASES[case].factor == 1.0) != still:
                continue
            cells = [f"{100 * entry['shares'][name]:.0f} ({100 * entry['errors'][name]:.0f})" for name in columns]
            more = [] if still else [f"{entry['median months of the 90% set']:g}"]
            row = [case, str(entry["replications"]), *cells, *more, f"{100 * entry['in doubt']:.0f}"]
            lines.append(f"| {' | '.join(row)} |")
        lines.append("")
    return [
        *lines,
        "Coverage is that of one fixed month and size, at which the prior has no reason to aim; averaged over changes drawn",
        "from the prior it is nominal (`tests/scenarios/test_onset.py`).",
    ]
