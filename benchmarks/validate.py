"""Re-run the evidence that the stated uncertainties are true; write docs/validation/.

Every piece simulates many replications; finished blocks are kept and found again, so that an interrupted run goes on where it
stopped.  Pages, pictures and numbers of a piece are written as soon as it is done, and the summary with them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.measuring import RESULTS, machine, versions
from benchmarks.replications import SEED, digest, run
from benchmarks.validation import PIECES

DOCS = Path(__file__).parents[1] / "docs" / "validation"


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    mpl.use("Agg")
    mpl.rcParams |= {"svg.hashsalt": "validation", "svg.fonttype": "none"}
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.pieces or PIECES:
        piece = PIECES[name]
        wanted = min(options.replications or piece.REPLICATIONS, piece.REPLICATIONS)
        records = run(piece.STUDY, wanted, options.results / f"{name}.jsonl", options.workers)
        summary = piece.summarise(records)
        made = {
            "date": dt.datetime.now(dt.UTC).date().isoformat(),
            "seed": SEED,
            "replications": wanted,
            "code": digest(piece.STUDY)[:12],
            "versions": versions(),
        }
        _write_json(options.folder / f"{name}.json", {**made, "cases": summary})
        (options.folder / f"{name}.md").write_text("\n".join([*piece.page(summary), "", _footer(made), ""]))
        if hasattr(piece, "draw"):
            piece.draw(summary, options.folder / f"{name}.svg")
        _index(options.folder, name, {"title": piece.TITLE, **made, "headline": piece.headline(summary)})


def _index(folder: Path, name: str, entry: dict[str, Any]) -> None:
    """Put one piece into the summary, which keeps what other runs have put there, and write its front page."""
    file = folder / "summary.json"
    known = json.loads(file.read_text())["pieces"] if file.exists() else {}
    known[name] = entry
    pieces = {name: known[name] for name in PIECES if name in known}
    _write_json(file, {"machine": machine(), "pieces": pieces})
    lines = [
        "# Validation",
        "",
        "Are the stated uncertainties true? Simulated series whose truth is known, and the numbers of other software.",
        "`make validate` re-runs everything; standard errors are those of the simulation. Where fewer replications stand than",
        "a full run has, it was a short one.",
        "[summary.json](summary.json) holds the headlines for machines, a file of the same name as each page all numbers.",
        "",
        "| page | replications of a case | date | code | headline |",
        "|---|---|---|---|---|",
    ]
    for piece, held in pieces.items():
        headline = "; ".join(f"{key.replace('_', ' ')} {_shown(value)}" for key, value in held["headline"].items())
        lines.append(
            f"| [{held['title']}]({piece}.md) | {held['replications']} of {PIECES[piece].REPLICATIONS} | {held['date']} "
            f"| `{held['code']}` | {headline} |"
        )
    (folder / "README.md").write_text("\n".join([*lines, ""]))


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _write_json(file: Path, content: dict[str, Any]) -> None:
    """Write an entry a line, two levels deep."""
    blocks = []
    for key, value in content.items():
        inner = value.items() if isinstance(value, dict) else None
        lines = ",\n".join(f"  {json.dumps(name)}: {_dumped(held)}" for name, held in inner) if inner else ""
        blocks.append(f" {json.dumps(key)}: " + (f"{{\n{lines}\n }}" if inner else _dumped(value)))
    file.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


def _dumped(value: Any) -> str:
    """Return JSON with six significant digits."""
    return json.dumps(
        json.loads(json.dumps(value), parse_float=lambda text: float(f"{float(text):.6g}")), ensure_ascii=False
    )


def _footer(made: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in made["versions"].items())
    return f"Made by `make validate` on {made['date']} with seed {made['seed']}, code `{made['code']}`; {packages}."


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pieces", nargs="*", help=f"which of {', '.join(PIECES)} to run; all where left out")
    parser.add_argument("--replications", type=int, help="replications of each case; fewer for a trial")
    parser.add_argument("--workers", type=int, default=2, help="processes; the results do not depend on it")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where the pages go")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where finished blocks are kept")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
