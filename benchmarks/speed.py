"""Run every speed benchmark and write results/speed.json and results/speed.md."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import automatic, import_cost, ingarch, jump_cost, maximum_likelihood, paths, posterior, sarima
from benchmarks.measuring import RESULTS, machine, versions

SECTIONS: dict[str, tuple[str, Any]] = {
    "automatic": ("Forecasts: one dynamic level, and the automatic forecaster", automatic),
    "posterior": ("Posterior: 60 months, trend, two harmonics, over-dispersion", posterior),
    "start": ("Start", import_cost),
    "jump": ("Jump analysis, after `import forecasting`", jump_cost),
    "maximum_likelihood": ("Maximum likelihood: the same regression", maximum_likelihood),
    "sarima": ("Seasonal ARIMA: automatic orders, one fit", sarima),
    "ingarch": ("INGARCH: maximum likelihood and the search for interventions", ingarch),
    "paths": ("Simulated paths, 10,000 of 12 months: million draws a second", paths),
}
JUMP_LIMITS = dict(zip(jump_cost.ANALYSES, (3.0, 10.0, 10.0, 10.0), strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    before = options.folder / "speed.json"
    results: dict[str, Any] = json.loads(before.read_text()) if options.only and before.exists() else {}
    results |= {"date": datetime.date.today().isoformat(), "machine": machine(), "versions": versions()}
    wanted = options.only or list(SECTIONS)
    results["earlier"] = [name for name in SECTIONS if name in results and name not in wanted]
    for name in wanted:
        title, module = SECTIONS[name]
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
    parser.add_argument(
        "--only", nargs="+", choices=list(SECTIONS), help="sections to measure; the others stay as they are"
    )
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
        "CPU time of one thread; compare ratios measured in one run, not seconds from different machines. Forecasts, ARIMA,",
        "INGARCH and paths: the fastest of several repeats.",
        "",
        *budgets(results),
    ]
    for name, (title, module) in SECTIONS.items():
        if name in results:
            lines += ["", f"## {title}", "", *module.table(results[name])]
            lines += ["", "Measured in an earlier run."] if name in results["earlier"] else []
    return "\n".join(lines) + "\n"


Budget = tuple[str, float, float | None]
"""What was promised, the limit, and what was measured; nothing where it was not."""


def budgets(results: dict[str, Any]) -> list[str]:
    """Return the table of what was promised and what was measured."""
    return [
        "| budget | limit | measured | kept |",
        "|---|---|---|---|",
        *(_budget(*row, "at most") for row in _at_most(results)),
        *(_budget(*row, "at least") for row in _at_least(results)),
    ]


def _at_most(results: dict[str, Any]) -> Iterator[Budget]:
    start, jump = results.get("start", {}), results.get("jump", {})
    yield "`import forecasting`, CPU s", 0.3, start.get("import forecasting")
    yield "`forecasting --help`, CPU s", 0.4, start.get("forecasting --help")
    yield "a first posterior, CPU s", 1.5, start.get("import forecasting, then a first posterior")
    for name, entry in results.get("posterior", {}).items():
        yield f"posterior, {name}, CPU ms", 25.0, entry["forecasting"]["cpu_ms"]
    for name, limit in JUMP_LIMITS.items():
        yield f"jump, {name}, CPU s", limit, jump.get(name, {}).get("first_s")
    forecasts = results.get("automatic", {})
    yield f"{automatic.LEVEL}, CPU ms", 15.0, forecasts.get(automatic.LEVEL)
    yield f"`{automatic.AUTO}`, CPU ms", 60.0, forecasts.get(automatic.AUTO)
    searches = [time for name, time in results.get("ingarch", {}).get("campy", {}).items() if "one kind" in name]
    limit = ingarch.R_SECONDS["search"]
    yield "INGARCH, search with 1,000 replicates, CPU s; R's with 30", limit, searches[0] / 1e3 if searches else None


def _at_least(results: dict[str, Any]) -> Iterator[Budget]:
    """What is better the larger it is: ratios of R's recorded CPU time to ours, and rates."""
    fits = list(results.get("ingarch", {}).get("campy", {}).values())
    yield "INGARCH, one fit, R's time over ours", 50.0, 1e3 * ingarch.R_SECONDS["fit"] / fits[0] if fits else None
    search = results.get("sarima", {}).get("120", {}).get("auto_s")
    yield "SARIMA.auto, 120 months, R's time over ours", 5.0, sarima.R_SECONDS / search if search else None
    rates = list(results.get("paths", {}).values())
    free = min((rate["Predictive.draw"] / rate["NumPy"] for rate in rates), default=None)
    yield "free paths, least share of NumPy's rate", 0.5, free
    coupled = min((rate["quantile"] for rate in rates), default=None)
    yield "coupled paths, least million draws a second", 3.0, coupled


def _budget(name: str, limit: float, measured: float | None, sense: str) -> str:
    if measured is None:
        return f"| {name} | {sense} {limit:g} | not measured | |"
    kept = measured <= limit if sense == "at most" else measured >= limit
    return f"| {name} | {sense} {limit:g} | {measured:.2f} | {'yes' if kept else 'no'} |"


if __name__ == "__main__":
    main()
