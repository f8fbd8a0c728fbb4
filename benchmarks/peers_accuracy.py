"""AutoETS of statsforecast on training series; runs in the environment of the peers.

Reads ``{"levels": [...], "horizon": 12, "series": [[...], ...]}`` as JSON from the file named first; writes quantiles
``[N, model, horizon, level]``, NaN where a fit failed, to the second and CPU milliseconds ``[N, model]`` to the third.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path

for pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[pool] = "1"

import numpy as np  # noqa: E402
from statsforecast.models import AutoETS  # noqa: E402


def quantiles(y: np.ndarray, levels: list[float], horizon: int) -> np.ndarray:
    """Return quantiles ``[horizon, level]``, each the end of a central interval; the mean is the median."""
    central = {tau: 100.0 * abs(1.0 - 2.0 * tau) for tau in levels}
    wanted = sorted({round(width, 6) for tau, width in central.items() if tau != 0.5})
    found = AutoETS(season_length=12).forecast(y=y, h=horizon, level=wanted)
    columns = []
    for tau in levels:
        side = "lo" if tau < 0.5 else "hi"
        columns.append(found["mean"] if tau == 0.5 else found[f"{side}-{round(central[tau], 6)}"])
    return np.column_stack(columns)


def main(problem: str, result: str, cost: str) -> None:
    task = json.loads(Path(problem).read_text())
    levels, horizon, series = task["levels"], task["horizon"], task["series"]
    shape = len(series), 2, horizon, len(levels)
    answer, milliseconds = np.full(shape, np.nan), np.full(shape[:2], np.nan)
    warnings.simplefilter("ignore")
    quantiles(np.arange(48.0) % 12 + 5.0, levels, horizon)
    for n, values in enumerate(series):
        y = np.array(values, dtype=float)
        for k, (forward, back) in enumerate(((np.asarray, np.asarray), (np.log1p, np.expm1))):
            start = time.process_time()
            try:
                answer[n, k] = back(quantiles(forward(y), levels, horizon))
            except Exception as error:
                print(f"series {n}: {type(error).__name__}: {error}", file=sys.stderr)
            milliseconds[n, k] = 1e3 * (time.process_time() - start)
        if n % 500 == 499:
            print(f"  statsforecast: {n + 1} of {len(series)}", file=sys.stderr)
    np.save(result, answer)
    np.save(cost, milliseconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
