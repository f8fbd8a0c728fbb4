"""Run every speed benchmark and write results/speed.json and results/speed.md."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import import_cost, jump_cost, maximum_likelihood, posterior, sarima
from benchmarks.measuring import RESULTS, machine, versions

SECTIONS: dict[str, tuple[str, Any]] = {
    "posterior": ("Posterior: 60 months, trend, two harmonics, over-dispersion", posterior),
    "start": ("Start", import_cost),
    "jump": ("Jump analysis, after `import forecasting`", jump_cost),
    "maximum_likelihood": ("Maximum likelihood: the same regression", maximum_likelihood),
    "sarima": ("Seasonal ARIMA: automatic orders, one fit", sarima),
}
JUMP_LIMITS = dict(zip(jump_cost.ANALYSES, (3.0, 10.0, 10.0, 10.0), strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    results: dict[str, Any] = {
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
        "versions": versions(),
    }
    for name, (title, module) in SECTIONS.items():
        start = time.perf_counter()
        repeats = () if options.repeats is None else (options.repeats,)
        results[name] = module.measure(*repeats)
        print(f"{title}: measured in {time.perf_counter() - start:.0f} s", file=sys.stderr)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "speed.json").write_text(json.dumps(results, indent=1) + "\n")
    page = render(results)
    (options.folder / "speed.md").write_text(page)
    print(page)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, help="runs of each benchmark; fewer for a trial")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where the results go")
    return parser.parse_args(arguments)


def render(results: dict[str, Any]) -> str:
    """Return the results as a page of Markdown."""
    here = results["machine"]
    packages = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    lines = [
        "# Speed",
        "",
        f"Measured on {results['date']}: {here['processor']}, {here['cores']} cores, {here['system']}, "
        f"Python {here['python']};",
        f"{packages}.",
        "CPU time of one thread; compare ratios measured in one run, not seconds from different machines.",
        "",
        *budgets(results),
    ]
    for name, (title, module) in SECTIONS.items():
        lines += ["", f"## {title}", "", *module.table(results[name])]
    return "\n".join(lines) + "\n"


def budgets(results: dict[str, Any]) -> list[str]:
    """Return the table of what was promised and what was measured."""
    start, jump = results["start"], results["jump"]
    rows = [
        ("`import forecasting`, CPU s", 0.3, start["import forecasting"]),
        ("`forecasting --help`, CPU s", 0.4, start["forecasting --help"]),
        ("a first posterior, CPU s", 1.5, start["import forecasting, then a first posterior"]),
        *(
            (f"posterior, {name}, CPU ms", 25.0, entry["forecasting"]["cpu_ms"])
            for name, entry in results["posterior"].items()
        ),
        *((f"jump, {name}, CPU s", limit, jump.get(name, {}).get("first_s")) for name, limit in JUMP_LIMITS.items()),
    ]
    return ["| budget | limit | measured | kept |", "|---|---|---|---|", *(_budget(*row) for row in rows)]


def _budget(name: str, limit: float, measured: float | None) -> str:
    if measured is None:
        return f"| {name} | {limit:g} | not measured | |"
    return f"| {name} | {limit:g} | {measured:.2f} | {'yes' if measured <= limit else 'no'} |"


if __name__ == "__main__":
    main()
