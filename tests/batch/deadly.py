"""Jobs that kill or stop whoever does them.  A worker imports this file, so it imports little."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from forecasting import CountSeries
from forecasting.batch.jobs import Chunk, Job
from forecasting.batch.records import ForecastRecord, JobKey
from forecasting.batch.specification import Specification

SERIES = CountSeries(["2023-01", "2023-02", "2023-03"], [1, 2, 3])


def job(name: str) -> Job:
    return Job(JobKey(name, "m", "2023-03", "v", "s", 1, 1), Specification("m", "Climatology"), SERIES, ())


def chunks(*names: str, library: str = "1") -> list[Chunk]:
    return [Chunk(tuple(job(one) for one in name.split()), (), (0.5,), 10, library) for name in names]


def deadly(chunk: Chunk) -> list[ForecastRecord]:
    """Do the jobs; "poison" kills the worker, "frozen" stops it, "once:FILE" kills it unless the file is there already."""
    for one in chunk.jobs:
        name, _, file = one.key.series.partition(":")
        if name == "poison" or (name == "once" and not Path(file).exists()):
            if file:
                Path(file).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "frozen":
            os.kill(os.getpid(), signal.SIGSTOP)
    return [ForecastRecord.failed(one.key, "as expected") for one in chunk.jobs]
