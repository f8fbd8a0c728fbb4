"""Small batches on disk, run in this process or as a command of their own."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forecasting.batch.archive import Archive
from forecasting.batch.config import load_config
from forecasting.batch.runner import Summary, run_batch

FAST = '[[models]]\nname = "CountRegression"\ndraws = 100\n'
USUAL = 'seed = 7\nhorizon = 3\nas_of = 2024-03-31\nlast_month = "drop"\narchive = "archive.db"\n'


def counts(number: int, months: int = 24) -> list[str]:
    """Return rows of a CSV file: as many series, each with a level of its own."""
    rng = np.random.default_rng(number)
    stamps = [f"{2022 + k // 12}-{k % 12 + 1:02d}" for k in range(months)]
    levels = rng.gamma(2.0, 10.0, number)
    return [
        f"s{k:03d},{stamp},{y}"
        for k, level in enumerate(levels)
        for stamp, y in zip(stamps, rng.poisson(level, months).tolist(), strict=True)
    ]


def write_batch(
    folder: Path,
    rows: Iterable[str],
    settings: str = "",
    models: str = FAST,
    header: str = "unique_id,ds,y",
    columns: str = "",
) -> Path:
    """Write a table and its configuration into a folder, which is made, and return the configuration."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "counts.csv").write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    written = f'{USUAL}{settings}\n[input]\ncsv = "counts.csv"\n{columns}\n{models}'
    (folder / "batch.toml").write_text(written, encoding="utf-8")
    return folder / "batch.toml"


def run_here(config: Path, **changed: Any) -> Summary:
    return run_batch(load_config(config, **changed), lambda event, **details: None)


def fingerprint(config: Path) -> str:
    with Archive.open(str(config.parent / "archive.db"), create=False) as archive:
        return archive.fingerprint()


def stored(config: Path) -> int:
    """Return the number of forecasts that the archive holds by now; asked often, so without the library."""
    file = config.parent / "archive.db"
    try:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return int(database.execute("SELECT COUNT(*) FROM forecasts").fetchone()[0])
    except sqlite3.OperationalError:  # not there yet
        return 0


def command(config: Path, *options: str) -> subprocess.Popen[str]:
    """Start ``forecasting batch run`` in a process group of its own."""
    arguments = [sys.executable, "-m", "forecasting", "batch", "run", str(config), "--json", *options]
    return subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    )


def eventually(happens: Callable[[], Any], limit: float = 60.0) -> Any:
    """Return the first true value of a function; fail if there is none within the limit."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if value := happens():
            return value
        time.sleep(0.02)
    pytest.fail(f"nothing happened within {limit:g} s")


def children(process: int) -> list[int]:
    """Return the processes that a process has started and that still run."""
    file = Path(f"/proc/{process}/task/{process}/children")
    return [int(number) for number in file.read_text().split()] if file.exists() else []
