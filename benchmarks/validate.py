"""Simulate the coverage of prediction intervals and the calibration of posteriors; write docs/validation/."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

from benchmarks import calibration, intervals
from benchmarks.measuring import RESULTS, versions
from benchmarks.replications import SEED, run

DOCS = Path(__file__).parents[1] / "docs" / "validation"
STUDIES = {"coverage": (intervals, 1000), "sbc": (calibration, 600)}


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    mpl.use("Agg")
    mpl.rcParams |= {"svg.hashsalt": "validation", "svg.fonttype": "none"}
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.studies or STUDIES:
        module, usual = STUDIES[name]
        store = options.results / f"{name}.jsonl"
        records = run(module.STUDY, options.replications or usual, store, options.workers)
        summary = module.summarise(records)
        described = {"seed": SEED, "versions": versions(), "cases": summary}
        (options.folder / f"{name}.json").write_text(json.dumps(described, indent=1) + "\n")
        (options.folder / f"{name}.md").write_text("\n".join([*module.page(summary), "", _footer(), ""]))
        module.draw(summary, options.folder / f"{name}.svg")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", help=f"which of {list(STUDIES)} to run; all where left out")
    parser.add_argument("--replications", type=int, help="replications of each case; fewer for a trial")
    parser.add_argument("--workers", type=int, default=2, help="processes; the results do not depend on it")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the pages go")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where finished blocks are kept")
    return parser.parse_args(arguments)


def _footer() -> str:
    packages = ", ".join(f"{name} {number}" for name, number in versions().items())
    return f"Made by `make validate` with seed {SEED}; {packages}."


if __name__ == "__main__":
    main()
