"""AutoARIMA and AutoETS of statsforecast on a long table of counts; runs in the environment of the peers.

Arguments: the CSV file and the horizon.  Each model is first run on three series, so that what is compiled on first use is not
counted; forecasts come with their 50, 80 and 90% intervals, in one process with one thread.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from importlib.metadata import version
from typing import Any

for pool in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[pool] = "1"

import pandas as pd  # noqa: E402
from statsforecast import StatsForecast  # noqa: E402
from statsforecast.models import AutoARIMA, AutoETS  # noqa: E402

LEVELS = [50, 80, 90]


def seconds(model: AutoARIMA | AutoETS, table: pd.DataFrame, horizon: int) -> tuple[float, float]:
    """Return wall and CPU time."""
    forecaster = StatsForecast(models=[model], freq="MS", n_jobs=1)
    wall, cpu = time.perf_counter(), time.process_time()
    forecaster.forecast(df=table, h=horizon, level=LEVELS)
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    table = pd.read_csv(sys.argv[1], parse_dates=["ds"])
    horizon, names = int(sys.argv[2]), table["unique_id"].unique()
    few = table[table["unique_id"].isin(names[:3])]
    result: dict[str, Any] = {}
    for cls in (AutoARIMA, AutoETS):
        seconds(cls(season_length=12), few, horizon)
        wall, cpu = seconds(cls(season_length=12), table, horizon)
        result[cls.__name__] = {"series": len(names), "wall_s": wall, "cpu_ms_per_series": 1e3 * cpu / len(names)}
    result["statsforecast"] = version("statsforecast")
    print(json.dumps(result))


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about fits of single series
        main()
