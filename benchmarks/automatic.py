"""One dynamic level, and the automatic forecaster, beside AutoETS and AutoARIMA of statsforecast on the same series."""

from __future__ import annotations

import statistics
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import forecasting as fc
from benchmarks import batch_runs
from benchmarks.batch import PEERS
from benchmarks.measuring import cpu_of_calls
from benchmarks.rolling import LEVELS

SERIES, MONTHS, HORIZON, DRAWS = 20, 72, 12, 1000


def measure(repeats: int = 7, peers: Path = PEERS, series: int = SERIES) -> dict[str, Any]:
    """Return CPU milliseconds a series: the fastest of several repeats of each, averaged over the series."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        batch_runs.write(folder, series, MONTHS, "auto", workers=1)
        frame = pd.read_csv(folder / "counts.csv")
        every = [fc.CountSeries.from_frame(frame, str(key)) for key in frame["unique_id"].unique()]
        result: dict[str, Any] = {
            name: statistics.mean(1e3 * min(cpu_of_calls(call(one), repeats)) for one in every)
            for name, call in CALLS.items()
        }
        if not peers.exists():
            return result | {"peers": "not installed; `make bench` installs them where it can"}
        try:
            rounds = [batch_runs.run_peers(folder, peers) for _ in range(min(repeats, 3))]
        except subprocess.CalledProcessError as error:
            return result | {"peers": f"failed: {error.stderr.strip().splitlines()[-1]}"}
    names = [name for name, one in rounds[0].items() if isinstance(one, dict)]  # beside them stands their version
    theirs = {name: min(each[name]["cpu_ms_per_series"] for each in rounds) for name in names}
    return result | {f"statsforecast {name}": value for name, value in theirs.items()}


def _level(series: fc.CountSeries) -> Callable[[], Any]:
    def call() -> fc.Predictive:
        rng = np.random.default_rng(1)
        return fc.DynamicLevel().posterior(series, draws=DRAWS, rng=rng).forecast(HORIZON, rng=rng)

    return call


def _auto(series: fc.CountSeries) -> Callable[[], Any]:
    return lambda: fc.auto(series, HORIZON, rng=np.random.default_rng(1))


def _quantiles(series: fc.CountSeries) -> Callable[[], Any]:
    issued = _auto(series)()
    parts = issued.months, issued.paths, issued.mean, issued.shape, issued.distribution, issued.name
    return lambda: fc.Predictive(*parts).quantile(LEVELS)  # nothing is kept from the call before


LEVEL, AUTO, QUANTILES = "DynamicLevel, posterior and forecast", "fc.auto", "fc.auto, 15 quantiles of each month"
CALLS = {LEVEL: _level, AUTO: _auto, QUANTILES: _quantiles}


def table(result: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    lines = [
        f"{SERIES} simulated series of {MONTHS} months, horizon {HORIZON}, {DRAWS} draws.",
        "",
        "| forecaster | CPU ms a series | over `fc.auto` |",
        "|---|---|---|",
    ]
    for name, value in result.items():
        measured = f"{value:.1f} | {value / result[AUTO]:.2f}" if name != "peers" else f"{value} | "
        lines.append(f"| {name} | {measured} |")
    return lines
