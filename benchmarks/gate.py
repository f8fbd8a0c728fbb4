"""Compare a run of the speed benchmarks with the committed one, and fail if something got slower.

Seconds of different machines cannot be compared.  So every CPU time of ours is divided by the one that statsmodels takes
for the same regression in the same run, and only these ratios are compared.  Sections that the run took over from an earlier
one are left out.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measuring import RESULTS

YARDSTICK = ("maximum_likelihood", "statsmodels", "cpu_ms")
_OURS = {
    "automatic": ("DynamicLevel, posterior and forecast", "fc.auto"),
    "posterior": ("trend from the middle/forecasting/cpu_ms", "trend from the first month/forecasting/cpu_ms"),
    "start": ("import forecasting, then a first posterior",),
    "jump": ("*/again_s",),
    "maximum_likelihood": ("forecasting/cpu_ms",),
    "sarima": ("*/auto_s", "*/fit_s", "*/forecast_s"),
    "ingarch": ("*/*",),
}


def ratios(results: dict[str, Any]) -> dict[str, float]:
    """Return our CPU times over the yardstick of the same run."""
    yardstick = _at(results, YARDSTICK)
    if not yardstick or YARDSTICK[0] in results.get("earlier", []):
        raise SystemExit("the section maximum_likelihood was not measured; without it there is no yardstick")
    return {
        name: value / yardstick
        for section, patterns in _OURS.items()
        if section in results and section not in results.get("earlier", [])
        for pattern in patterns
        for name, value in _found(results[section], pattern.split("/"), section)
    }


def slower(before: dict[str, float], now: dict[str, float], limit: float) -> dict[str, float]:
    """Return what takes more than `limit` times as long as before, and how many times."""
    return {
        name: now[name] / before[name]
        for name in sorted(before.keys() & now.keys())
        if now[name] > limit * before[name]
    }


def _found(tree: Any, path: Sequence[str], name: str) -> Iterator[tuple[str, float]]:
    if not path:
        if isinstance(tree, int | float):
            yield name, float(tree)
    elif isinstance(tree, dict):
        for key in tree if path[0] == "*" else [path[0]] if path[0] in tree else []:
            yield from _found(tree[key], path[1:], f"{name}/{key}")


def _at(tree: Any, path: Sequence[str]) -> float | None:
    return next((value for _, value in _found(tree, path, "")), None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print every ratio that both runs have; return 1 if one is beyond the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("now", type=Path, help="speed.json of the run to be judged")
    parser.add_argument("--before", type=Path, default=RESULTS / "speed.json", help="speed.json to compare with")
    parser.add_argument("--limit", type=float, default=1.25, help="how many times as long is too long")
    options = parser.parse_args(arguments)
    committed = json.loads(options.before.read_text()) | {"earlier": []}  # its sections are of one machine
    before, now = ratios(committed), ratios(json.loads(options.now.read_text()))
    beyond = slower(before, now, options.limit)
    for name in sorted(before.keys() & now.keys()):
        mark = "SLOWER" if name in beyond else ""
        print(f"{now[name] / before[name]:6.2f}  {name}  {mark}".rstrip())
    return 1 if beyond else 0


if __name__ == "__main__":
    sys.exit(main())
