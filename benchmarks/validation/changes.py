"""How often `fc.changes` finds changes that are not there, and whether its sets hold the months of those that are.

The months are those of `benchmarks.validation.jumps`, without a change or with two of the level.
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

TITLE = "Size and power of several changes"
REPLICATIONS = 200
DRAWS = 100  # of the level, which is not looked at; probabilities do not depend on them
MOST = 10


@dataclass(frozen=True)
class Case:
    """How months vary, how many there are, and by what factor the level changes at a third of them, to change back at two."""

    kind: str
    months: int
    factor: float = 1.0

    @property
    def name(self) -> str:
        """The case in words."""
        change = "no change" if self.factor == 1.0 else f"factor {Fraction(self.factor)} and back"
        return f"{change}: {self.kind}, {self.months} months"


CASES = {
    case.name: case
    for case in (
        *(Case(kind, months) for months in (18, 36, 60) for kind in jumps.KINDS),
        *(Case("over-dispersed", months, factor) for months in (18, 36, 60) for factor in (2.0, 0.5, 4.0)),
        *(Case(kind, 60, 3.0) for kind in ("AR(1) rate", "random walk", "trend", "season")),
    )
}


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return the Bayes factor, the most probable number, and whether the sets of two changes hold both months."""
    data, draws = (np.random.default_rng(child) for child in seed.spawn(2))
    first, second = case.months // 3, 2 * case.months // 3
    month = np.arange(case.months)
    raised = np.where((month >= first) & (month < second), case.factor, 1.0)
    y = jumps.simulate(jumps.Case(case.kind, case.months), data, raised)
    series = fc.CountSeries(pd.period_range("2010-01", periods=case.months, freq="M"), y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fc.ForecastingWarning)
        report = fc.changes(series, most=MOST, draws=DRAWS, rng=draws)
    sets = report.interval(0.9, 2)
    return {
        "log_bayes_factor": report.log_bayes_factor,
        "number": int(report.number.idxmax()),
        "set_90": float(np.mean([series.months[at] in held for at, held in zip((first, second), sets, strict=True)])),
        "months_90": float(np.mean([len(held) for held in sets])),
    }


STUDY = Study(CASES, replicate, Path(__file__), (Path(jumps.__file__),))

_TEN, _AGAINST = np.log(10.0), np.log(1.0 / 3.0)


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return, by case, shares with standard errors in place of single outcomes."""
    return {case: _summary(pd.DataFrame(rows)) for case, rows in records.items() if rows}


def _summary(rows: pd.DataFrame) -> dict[str, Any]:
    factor, count = rows["log_bayes_factor"], len(rows)
    called = {
        "above 10": (factor > _TEN).astype(float),
        "against": (factor < _AGAINST).astype(float),
        "two most probable": (rows["number"] == 2).astype(float),
        "90% sets": rows["set_90"],
    }
    shares = {name: float(np.mean(values)) for name, values in called.items()}
    errors = {
        name: float(max(np.std(values), 0.5 / np.sqrt(count)) / np.sqrt(count)) for name, values in called.items()
    }
    return {
        "replications": count,
        "shares": shares,
        "errors": errors,
        "median months of the 90% sets": float(rows["months_90"].median()),
    }


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return how often changes were found where there are none, under the model and outside it."""
    still = {case: entry["shares"]["above 10"] for case, entry in summary.items() if CASES[case].factor == 1.0}
    own = [share for case, share in still.items() if CASES[case].kind in ("Poisson", "over-dispersed")]
    worst = max(still, key=lambda case: still[case])
    return {
        "Bayes factor above 10, one level": f"≤ {max(own):.2f}",
        "worst where the level is not constant": f"{still[worst]:.2f} ({worst.removeprefix('no change: ')})",
    }


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    lines = [
        f"# {TITLE}",
        "",
        f"Months as in [jumps.md](jumps.md), around {jumps.LEVEL:g}; `fc.changes` with at most {MOST}. The level changes after",
        "a third of the months, and back after two thirds. Shares in % (standard error). *Above 10*, *against*: the Bayes",
        "factor of any change against none, above 10 and below a third. *Two*: two changes are the most probable number.",
        "*90% sets*: changes inside their smallest sets given two, and the mean size of both sets in months, the median of it.",
        "",
        "The levels of the model are constant between changes. A level that drifts, wanders or has a season is told as",
        "changes, which the first table shows.",
        "",
    ]
    groups = (
        ("No change", True, ("above 10", "against")),
        ("Two changes", False, ("above 10", "against", "two most probable", "90% sets")),
    )
    for title, still, columns in groups:
        head = ["case", "series", *columns, *([] if still else ["months"])]
        lines += [f"## {title}", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
        for case, entry in summary.items():
            if (CASES[case].factor == 1.0) != still:
                continue
            cells = [f"{100 * entry['shares'][name]:.0f} ({100 * entry['errors'][name]:.0f})" for name in columns]
            size = [] if still else [f"{entry['median months of the 90% sets']:g}"]
            lines.append(f"| {' | '.join([case, str(entry['replications']), *cells, *size])} |")
        lines.append("")
    return lines[:-1]
