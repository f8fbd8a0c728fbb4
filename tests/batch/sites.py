"""A small archive with everything that a report has to show, some of it hostile."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd

from forecasting.batch.archive import Archive
from forecasting.batch.records import ForecastRecord, Roll, RunRecord, Vintage
from forecasting.batch.scoring import score_archive
from tests.batch import issues

HOSTILE = (
    "<script>window.hacked = 1; alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "\"quoted\" & 'single' &amp; `tick`",
    "../../etc/passwd",
    "C:\\temp\\%2e%2e/\u2028line",
    "{{ 7 * 7 }} {% raw %} ${1} <!-- \\u003c",
    "\u202eright to left\u202c",
    "\U0001f986 \u043e\u0442\u0440\u044f\u0434 \u0301",
    "x" * 300,
)
PLAIN = "requests"
DRIFTING = "drifting"
LOST = "only failures"
NEW = "nothing scored"
BAD = "bad <i>data</i>"
SERIES = (*HOSTILE, PLAIN, DRIFTING, LOST, NEW)
DOUBTED = {"members": [{"name": "baseline", "weight": 1.0, "method": "importance", "khat": 0.91, "ess": 12.0}]}
MONTHS = 60
FIRST_ORIGIN = 35  # months before the first forecast


def fill(archive: Archive) -> None:
    """Store forecasts of three months from successive origins by two models, their counts, and scores."""
    rng = np.random.default_rng(5)
    months = pd.period_range("2019-01", periods=MONTHS, freq="M")
    template = issues.record(issues.vintage(), level=20.0)
    run = archive.begin(
        RunRecord("c" * 32, datetime(2024, 1, 5, 6, 0, tzinfo=UTC), {"archive": "postgresql://cron:***@host/f"}, {}, 1)
    )
    for name in SERIES:
        values = rng.poisson(20.0, MONTHS)
        if name == DRIFTING:
            values[FIRST_ORIGIN:] = rng.poisson(55.0, MONTHS - FIRST_ORIGIN)
        if name == PLAIN:
            values[-1] = 400
        missing = np.zeros(MONTHS, dtype=bool)
        missing[10] = name == PLAIN
        known = lambda n, day: Vintage(name, day, "2019-01", values[:n], missing[:n])  # noqa: B023, E731
        first = {DRIFTING: FIRST_ORIGIN, NEW: MONTHS, LOST: MONTHS}.get(name, MONTHS - 3)
        for n in range(first, MONTHS + 1):
            data = known(n, date(2024, 1, 3))
            records = [issues.moved(issues.renamed(template, data), str(months[n - 1]), data)]
            if name == PLAIN:
                other = dataclasses.replace(records[0].key, model="baseline <b>")
                records.append(dataclasses.replace(records[0], key=other, account=DOUBTED))
            if name == LOST:
                records = [ForecastRecord.failed(records[0].key, "SamplingError: <b>no</b> sampler worked")]
            archive.store(run, [data], records)
    archive.finish(run, {}, Roll(SERIES, {BAD: "a gap: <i>2022-03</i>"}))
    score_archive(archive)
