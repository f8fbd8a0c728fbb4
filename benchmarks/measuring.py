"""CPU time, of calls and of child processes, and a description of the machine."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("desertion-forecasting", "numpy", "pandas", "scipy", "statsmodels")


def cpu_of_calls(call: Callable[[], Any], repeats: int) -> list[float]:
    """Return the CPU seconds of each of `repeats` calls, after one that is not counted."""
    call()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return seconds


def cpu_of_process(arguments: list[str], repeats: int) -> float:
    """Return the median CPU seconds of a Python process from start to end, its interpreter included."""

    def once() -> float:
        child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, arguments)
        return usage.ru_utime + usage.ru_stime

    return statistics.median([once() for _ in range(repeats)])


def output_of(code: str, limit: float) -> Any:
    """Return what Python code prints, read as JSON, run in a process of its own for at most `limit` seconds.

    Raises
    ------
    RuntimeError
        If it fails or takes longer; says which.
    """
    command = [sys.executable, "-c", code]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"more than {limit:g} s") from None
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout)


def machine() -> dict[str, str | int]:
    """Return processor, cores and interpreter."""
    processor = platform.processor() or platform.machine()
    description = Path("/proc/cpuinfo")
    if description.exists():
        fields = (line.partition(":") for line in description.read_text().splitlines())
        processor = next((value.strip() for name, _, value in fields if name.strip() == "model name"), processor)
    return {
        "processor": processor,
        "cores": os.cpu_count() or 1,
        "system": platform.system(),
        "python": platform.python_version(),
    }


def versions() -> dict[str, str]:
    """Return the versions of the packages that matter to the figures."""
    return {name: version(name) for name in PACKAGES}
