"""The whole jump analysis: CPU seconds after `import forecasting`, loading of the facts and lazy imports included."""

from __future__ import annotations

import statistics
from typing import Any

import forecasting as fc
from benchmarks.measuring import output_of

SCRIPT = """
import json, time
import numpy as np
import forecasting as fc
seconds = []
for _ in range(2):
    start = time.process_time()
    evidence = fc.load_ledger().as_of("{as_of}").evidence("{series}"{options})
    fc.jump(evidence, before={before}, after={after}, rng=np.random.default_rng(1))
    seconds.append(time.process_time() - start)
print(json.dumps(seconds))
"""

YEARS: dict[str, Any] = {
    "series": "courts.art337.cases_received",
    "as_of": "2024-03-04",
    "before": ("2022-01", "2022-12"),
    "after": ("2023-01", "2023-12"),
    "options": "",
}
LIMIT = 120.0  # seconds, after which an analysis counts as not measured
ANALYSES: dict[str, dict[str, Any]] = {
    "Get Lost, summer to autumn 2023": {
        "series": "get_lost.desertion_requests",
        "as_of": "2023-12-05",
        "before": ("2023-06", "2023-08"),
        "after": ("2023-09", "2023-11"),
        "options": "",
    },
    "courts, 2022 to 2023, all that was public": YEARS,
    "courts, 2022 to 2023, years known as totals, and a record": YEARS
    | {"options": ', start="2022-01", end="2024-01", without=["F060", "F075a", "F076"]'},
    "courts, 2022 to 2023, nothing known after 2023": YEARS | {"options": ', start="2022-01", end="2023-12"'},
}


def measure(repeats: int = 1) -> dict[str, Any]:
    """Return, by analysis, the median CPU seconds of the first and of a second call in one process."""
    if "jump" not in fc.__all__:
        return {name: {"error": "the jump analysis does not exist yet"} for name in ANALYSES}
    return {name: _measure(analysis, repeats) for name, analysis in ANALYSES.items()}


def _measure(analysis: dict[str, Any], repeats: int) -> dict[str, Any]:
    try:
        pairs = [output_of(SCRIPT.format(**analysis), LIMIT) for _ in range(repeats)]
    except RuntimeError as error:
        return {"error": str(error)}
    first, again = zip(*pairs, strict=True)
    return {"first_s": statistics.median(first), "again_s": statistics.median(again)}


def table(result: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    rows = [
        f"| {name} | not measured: {entry['error']} | |"
        if "error" in entry
        else f"| {name} | {entry['first_s']:.2f} | {entry['again_s']:.2f} |"
        for name, entry in result.items()
    ]
    return ["| analysis | CPU s, first call | again |", "|---|---|---|", *rows]
