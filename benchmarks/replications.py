"""Run many independent replications: resumable, and the same for any number of processes.

Replication r of a case draws from a stream of its own, derived from the seed, the name of the case and r.  Finished blocks
are appended to a file of JSON lines and found again by a key of everything that can change them: the case, the code, the
versions of the packages.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import forecasting
from benchmarks.measuring import versions

SEED = 20231205
BLOCK = 20
INFLUENTIAL = (
    "kernels",
    "constraints",
    "evaluation",
    "likelihood",
    "inference",
    "models",
    "predictive",
    "terms",
    "distributions",
    "scenarios",
    "series",
)

Record = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """Cases by name, what is done once in each replication of a case, and the scripts that say so."""

    cases: dict[str, Any]
    replicate: Callable[[Any, np.random.SeedSequence], Record]
    script: Path
    shared: tuple[Path, ...] = ()


def run(study: Study, replications: int, store: Path, workers: int = 2) -> dict[str, list[Record]]:
    """Return the records of each case in the order of the replications; only missing blocks are computed."""
    code = digest(study)
    blocks = list(_blocks(study, replications, code))
    done = _stored(store)
    missing = sorted((block for block in blocks if block[0] not in done), key=lambda block: block[2].start)
    print(f"{study.script.stem}: {len(blocks) - len(missing)} of {len(blocks)} blocks known", file=sys.stderr)
    start = time.perf_counter()
    store.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(workers) as pool, store.open("a") as log:
        futures = {pool.submit(_block, study, case, span): (key, case, span) for key, case, span in missing}
        for number, future in enumerate(as_completed(futures), start=1):
            key, case, span = futures[future]
            done[key] = future.result()
            log.write(json.dumps({"key": key, "case": case, "first": span.start, "records": done[key]}) + "\n")
            log.flush()
            elapsed = time.perf_counter() - start
            left = elapsed / number * (len(missing) - number)
            print(f"  {case}: block {number} of {len(missing)}, {elapsed:.0f} s, {left:.0f} s to go", file=sys.stderr)
    result: dict[str, list[Record]] = {case: [] for case in study.cases}
    for key, case, _ in blocks:
        result[case] += done[key]
    return result


def _blocks(study: Study, replications: int, code: str) -> Iterator[tuple[str, str, range]]:
    for case, settings in study.cases.items():
        for first in range(0, replications, BLOCK):
            span = range(first, min(first + BLOCK, replications))
            described = repr((case, settings, SEED, span, code))
            yield hashlib.blake2b(described.encode(), digest_size=16).hexdigest(), case, span


def _block(study: Study, case: str, span: range) -> list[Record]:
    entropy = (SEED, zlib.crc32(case.encode()))
    return [
        study.replicate(study.cases[case], np.random.SeedSequence(entropy, spawn_key=(replication,)))
        for replication in span
    ]


def digest(study: Study) -> str:
    """Return a digest of the code and package versions that can change a record.

    Of a script only what stands above its ``STUDY`` counts: what stands below it reads records and makes none.  Of all files
    only what runs counts, not comments and docstrings.
    """
    package = Path(forecasting.__file__).parent
    files = [*study.shared, Path(__file__)]
    for room in INFLUENTIAL:
        path = package / room
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    found = hashlib.blake2b(json.dumps(versions()).encode(), digest_size=16)
    found.update(_running(study.script.read_text(encoding="utf-8").partition("\nSTUDY = ")[0]))
    for file in files:
        found.update(file.name.encode() + _running(file.read_text(encoding="utf-8")))
    return found.hexdigest()


@cache
def _running(source: str) -> bytes:
    """Return what runs of a script: its syntax tree without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree).encode()


def _stored(store: Path) -> dict[str, list[Record]]:
    """Return finished blocks by key; a line cut short by an interruption is left out."""
    found = {}
    for line in store.read_text().splitlines() if store.exists() else ():
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[entry["key"]] = entry["records"]
    return found
