"""What it costs to start: CPU seconds of processes that import, show help, or reach a first posterior."""

from __future__ import annotations

import subprocess
from typing import Any

from benchmarks.measuring import cpu_of_process

FIRST_POSTERIOR = """
import numpy as np
import forecasting as fc
series = fc.CountSeries([f"2023-{month:02}" for month in range(1, 13)], range(3, 27, 2))
fc.CountRegression(fc.Intercept() + fc.Trend()).posterior(series, rng=np.random.default_rng(1)).draws
"""

PROCESSES = {
    "python alone": ["-c", "pass"],
    "import numpy": ["-c", "import numpy"],
    "import pandas": ["-c", "import pandas"],
    "import scipy.stats": ["-c", "import scipy.stats"],
    "import statsmodels.api": ["-c", "import statsmodels.api"],
    "import forecasting": ["-c", "import forecasting"],
    "forecasting --help": ["-m", "forecasting", "--help"],
    "import forecasting, then a first posterior": ["-c", FIRST_POSTERIOR],
}


def measure(repeats: int = 7) -> dict[str, Any]:
    """Return the median CPU seconds of each process, interpreter included; None where it does not run."""
    result: dict[str, Any] = {}
    for name, arguments in PROCESSES.items():
        try:
            cpu_of_process(arguments, 1)  # warms the disk cache and the byte code
            result[name] = cpu_of_process(arguments, repeats)
        except subprocess.CalledProcessError:
            result[name] = None
    return result


def table(result: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    rows = [f"| {name} | {'does not run' if s is None else f'{s:.2f}'} |" for name, s in result.items()]
    return ["| process | CPU s |", "|---|---|", *rows]
