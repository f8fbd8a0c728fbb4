"""A batch as a command, in a folder of its own: simulated series in, wall time, CPU and memory of all its processes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

HORIZON = 12
DRAWS = 1000
_LOOK = 0.25  # seconds between looks at the memory of the processes

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
name = "{name}"
draws = {draws}
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
    """Write the counts, row by row, and the configuration; a model is a name, or ``name of ... draws``."""
    with (folder / "counts.csv").open("w") as stream:
        stream.write("unique_id,ds,y\n")
        stream.writelines(f"{name},{stamp},{y}\n" for name, stamp, y in rows(series, months))
    name, _, draws = model.removesuffix(" draws").partition(" of ")
    text = CONFIGURATION.format(horizon=HORIZON, workers=workers, name=name, draws=draws or DRAWS)
    (folder / "batch.toml").write_text(text)


def run(folder: Path, *options: str) -> dict[str, Any]:
    """Run the batch as a command; CPU is that of all processes that it starts, memory the peak of each.

    Raises
    ------
    RuntimeError
        If it fails; says why.
    """
    load, start = os.getloadavg()[0], time.perf_counter()
    arguments = [sys.executable, "-m", "forecasting", "batch", "run", str(folder / "batch.toml"), "--json", *options]
    with (folder / "summary.json").open("w") as output, (folder / "log").open("w") as log:
        child = subprocess.Popen(arguments, stdout=output, stderr=log)
        with peaks(child.pid) as memory:
            _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError((folder / "log").read_text().strip().splitlines()[-1])
    summary = json.loads((folder / "summary.json").read_text())
    number = summary["series"]
    parent = memory.pop(child.pid, usage.ru_maxrss / 1024)
    return {
        "series": number,
        "wall_s": time.perf_counter() - start,
        "cpu_ms_per_series": 1e3 * (usage.ru_utime + usage.ru_stime) / number,
        "cpu_ms_of_jobs_per_series": 1e3 * summary["cpu"] / number,
        "parent_mb": parent,
        "largest_worker_mb": max(memory.values(), default=0.0),
        "archive_kb_per_series": (folder / "archive.db").stat().st_size / 1024 / number,
        "load_before": load,
    }


def run_on_cluster(folder: Path, workers: int) -> dict[str, Any]:
    """Run the batch on a Dask cluster of this machine, one thread a worker; CPU is that of workers and command."""
    from distributed import Client, LocalCluster

    with (
        warnings.catch_warnings(),
        LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        warnings.simplefilter("ignore")
        before = client.run(time.process_time)
        found = run(folder, "--workers", cluster.scheduler_address.replace("tcp:", "dask:"))
        after = client.run(time.process_time)
    in_workers = sum(after[name] - before[name] for name in before)
    found["cpu_ms_per_series"] += 1e3 * in_workers / found["series"]
    return found | {"workers": workers}


def run_peers(folder: Path, peers: Path) -> dict[str, Any]:
    """Forecast the counts of the folder with statsforecast, in the interpreter of the peers.

    Raises
    ------
    CalledProcessError
        If it fails; holds its last words.
    """
    command = [peers, Path(__file__).with_name("peers_batch.py"), folder / "counts.csv", str(HORIZON)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


@contextmanager
def peaks(pid: int) -> Iterator[dict[int, float]]:
    """Fill a dictionary with the peak memory in MB of a process and of its children, where the system tells it."""
    found: dict[int, float] = {}
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(_LOOK):
            for one in (pid, *_children(pid)):
                found[one] = max(found.get(one, 0.0), _peak(one))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def _children(pid: int) -> list[int]:
    try:
        return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _peak(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
