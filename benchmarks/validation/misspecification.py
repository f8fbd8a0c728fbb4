"""Models that are wrong: data of one process forecast by models of another, outliers, empty months, steps, sparse counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.replications import Study
from benchmarks.validation import methods, prediction, truths
from benchmarks.validation.methods import METHODS
from benchmarks.validation.prediction import Case

TITLE = "Misspecification"
REPLICATIONS = 200
MONTHS = 60
CASES = {truth: Case(truth, MONTHS, tuple(METHODS)) for truth in truths.HARD}

STUDY = Study(
    CASES,
    prediction.replicate,
    Path(__file__),
    (Path(prediction.__file__), Path(methods.__file__), Path(truths.__file__)),
)
summarise = prediction.summarise
_NAMES = ("oracle", *METHODS)


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return, by method, the worst fair coverage of 90% intervals of months and the worst relative score."""
    found = {}
    for name in METHODS:
        entries = [entry[name] for entry in summary.values() if "months" in entry[name]]
        low = min(entry["months"]["fair"]["0.9"][0] for entry in entries)
        found[name] = f"coverage ≥ {low:.2f}, score ≤ {max(entry['months']['score'] for entry in entries):.2f}"
    return found


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    lines = [
        f"# {TITLE}",
        "",
        f"Series of {MONTHS} months from processes that most of the models are not (`benchmarks/validation/truths.py`), and",
        "the six months that follow. Scores are mean ranked probability scores relative to those of the process itself, with",
        "everything known (1 is perfect); bias is the mean log ratio of the expected counts to those of the process. Coverage",
        "is fair coverage, as in [prediction](prediction.md), whose methods these are; *zero-inflated* and *contaminated*",
        "regressions have the terms of *regression*. Standard errors in brackets.",
    ]
    views = {
        "Score of months": lambda entry: f"{entry['months']['score']:.2f}",
        "Score of the total": lambda entry: f"{entry['total']['score']:.2f}",
        "Coverage of 90% intervals of months, %": lambda entry: _percent(entry["months"]["fair"]["0.9"]),
        "Coverage of 90% intervals of the total, %": lambda entry: _percent(entry["total"]["fair"]["0.9"]),
        "Bias": lambda entry: "{:+.3f} ({:.3f})".format(*entry["bias"]),
    }
    for title, view in views.items():
        lines += ["", f"## {title}", "", "| truth | " + " | ".join(_NAMES) + " |", "|" + "---|" * (1 + len(_NAMES))]
        for truth, entry in summary.items():
            cells = (view(entry[name]) if "months" in entry[name] else "refused" for name in _NAMES)
            lines.append(f"| {truth} | " + " | ".join(cells) + " |")
    return [*lines, "", *prediction.refusals(summary)]


def _percent(found: list[float]) -> str:
    return f"{100 * found[0]:.0f} ({100 * found[1]:.0f})"
