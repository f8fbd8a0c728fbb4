"""Batches: CPU a series beside statsforecast on the same data in one run, and how memory and time grow with the series.

``python -m benchmarks.batch`` forecasts 1,000 series of 60 months; ``--scale 10000 20000`` writes and forecasts as many short
series, generated row by row.  Both go through the command line, archive included, and write into ``results/``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import RESULTS, machine, versions

PEERS = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"
HORIZON = 12
A_DAY = 86_400
SHORT = 18

CONFIGURATION = """
seed = 20231205
horizon = {horizon}
as_of = 2024-12-31
last_month = "use"
workers = {workers}
archive = "archive.db"
[input]
csv = "counts.csv"
[[models]]
name = "{model}"
"""


def rows(series: int, months: int) -> Iterator[tuple[str, str, int]]:
    """Yield name, month and count: negative binomial around a level, a trend and a season, each series with its own."""
    t = np.arange(months)
    stamps = [f"{2020 + k // 12}-{k % 12 + 1:02d}" for k in range(months)]
    for number in range(series):
        rng = np.random.default_rng((20231205, number))
        level, growth, swing, phase = rng.normal(3.0, 1.2), rng.normal(0, 0.01), rng.gamma(2, 0.15), rng.uniform(0, 12)
        mean = np.exp(level + growth * t + swing * np.cos(2 * np.pi * (t - phase) / 12))
        size = rng.gamma(4.0, 4.0)
        for stamp, y in zip(stamps, rng.poisson(mean * rng.gamma(size, 1 / size, months)).tolist(), strict=True):
            yield f"series-{number:06d}", stamp, y


def write(folder: Path, series: int, months: int, model: str, workers: int) -> None:
    with (folder / "counts.csv").open("w") as stream:
        stream.write("unique_id,ds,y\n")
        stream.writelines(f"{name},{stamp},{y}\n" for name, stamp, y in rows(series, months))
    text = CONFIGURATION.format(horizon=HORIZON, workers=workers, model=model)
    (folder / "batch.toml").write_text(text)


def run_ours(folder: Path) -> dict[str, Any]:
    """Run the batch as a command; CPU and memory are those of all its processes."""
    start = time.perf_counter()
    arguments = [sys.executable, "-m", "forecasting", "batch", "run", str(folder / "batch.toml"), "--json"]
    with (folder / "summary.json").open("w") as output, (folder / "log").open("w") as log:
        child = subprocess.Popen(arguments, stdout=output, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError((folder / "log").read_text().strip().splitlines()[-1])
    summary = json.loads((folder / "summary.json").read_text())
    number = summary["series"]
    return {
        "series": number,
        "wall_s": time.perf_counter() - start,
        "cpu_ms_per_series": 1e3 * (usage.ru_utime + usage.ru_stime) / number,
        "cpu_ms_of_jobs_per_series": 1e3 * summary["cpu"] / number,
        "largest_process_mb": usage.ru_maxrss / 1024,
        "archive_kb_per_series": (folder / "archive.db").stat().st_size / 1024 / number,
    }


def run_peers(folder: Path, python: Path) -> dict[str, Any]:
    script = Path(__file__).with_name("peers_batch.py")
    done = subprocess.run(
        [python, script, str(folder / "counts.csv"), str(HORIZON)], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def measure(series: int = 1000, months: int = 60, model: str = "auto", peers: Path = PEERS) -> dict[str, Any]:
    """Return wall and CPU time of a batch with two workers, and of the peers where they are installed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, series, months, model, workers=2)
        result: dict[str, Any] = {"model": model, "months": months, "forecasting": run_ours(folder)}
        if not peers.exists():
            return result | {"peers": "not installed; `make bench` installs them where it can"}
        try:
            return result | run_peers(folder, peers)
        except subprocess.CalledProcessError as error:
            return result | {"peers": f"failed: {error.stderr.strip().splitlines()[-1]}"}


def grow(sizes: Sequence[int], model: str = "auto", workers: int = 2) -> list[dict[str, Any]]:
    """Return wall time, CPU time and memory for growing numbers of short series."""
    result = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            write(Path(name), size, SHORT, model, workers)
            result.append(run_ours(Path(name)) | {"workers": workers, "model": model, "months": SHORT})
    return result


def table(result: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    ours = result["forecasting"]
    lines = [
        f"{ours['series']} simulated series of {result['months']} months, horizon {HORIZON}; two workers and a SQLite archive "
        "for ours, one process for the peers.",
        "",
        "| what | wall, s | CPU, ms a series |",
        "|---|---|---|",
        f"| forecasting, `{result['model']}`, archive written | {ours['wall_s']:.0f} | {ours['cpu_ms_per_series']:.0f} |",
    ]
    for name in ("AutoARIMA", "AutoETS"):
        if name in result:
            theirs = result[name]
            lines.append(f"| statsforecast {name} | {theirs['wall_s']:.0f} | {theirs['cpu_ms_per_series']:.0f} |")
    if "peers" in result:
        lines.append(f"| statsforecast | {result['peers']} | |")
    return lines


def growth_table(result: list[dict[str, Any]]) -> list[str]:
    """Return lines of Markdown."""
    lines = [
        f"Series of {SHORT} months, generated row by row; `{result[0]['model']}`, {result[0]['workers']} workers.",
        "",
        "| series | wall, s | CPU, ms a series | largest process, MB | series a day on one core |",
        "|---|---|---|---|---|",
    ]
    for row in result:
        lines.append(
            f"| {row['series']:,} | {row['wall_s']:.0f} | {row['cpu_ms_per_series']:.1f} | {row['largest_process_mb']:.0f} | "
            f"{1e3 * A_DAY / row['cpu_ms_per_series']:,.0f} |"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--scale", type=int, nargs="+", help="numbers of short series, instead of the comparison")
    parser.add_argument("--model", default="auto")
    parser.add_argument("--workers", type=int, default=2, help="for --scale")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where the results go")
    options = parser.parse_args(arguments)
    header = {"date": datetime.date.today().isoformat(), "machine": machine(), "versions": versions()}
    if options.scale:
        grown = grow(options.scale, options.model, options.workers)
        name, found, lines = "batch-growth", {"growth": grown}, growth_table(grown)
    else:
        compared = measure(options.series, model=options.model)
        name, found, lines = "batch", compared, table(compared)
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / f"{name}.json").write_text(json.dumps(header | found, indent=1) + "\n")
    page = "\n".join([f"# Batches, measured on {header['date']}: {header['machine']['processor']}", "", *lines, ""])
    (options.folder / f"{name}.md").write_text(page)
    print(page)


if __name__ == "__main__":
    main()
