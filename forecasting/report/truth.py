"""Forecasts made from what was public on a day, against what was published later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from forecasting.evidence import Evidence
from forecasting.predictive import Predictive
from forecasting.randomness import Rng, require_rng
from forecasting.scenarios import JumpReport

_LEVELS = {"median": 0.5, "lo-50": 0.25, "hi-50": 0.75, "lo-90": 0.05, "hi-90": 0.95}


def check_truth(report: JumpReport, later: Evidence, *, rng: Rng) -> pd.DataFrame:
    """Score the scenarios of a report, and each baseline going on as it was, against a later state of the ledger.

    Parameters
    ----------
    report : JumpReport
        Made from what was public on its day.
    later : Evidence
        The same series as known later.
    rng : numpy.random.Generator or int
        Generator or seed; required, for the forecasts of the baselines.

    Returns
    -------
    DataFrame
        A row for each month of the outlook and forecast.  `lower`, `upper` and `status` say what is known of the month
        now.  `median` and the limits of the 50% and 90% intervals are of the forecast; `at_least`, the forecast
        probability of at least the published count, and `log_score`, the natural logarithm of its probability, are
        missing for months that were not published.
    """
    generator = require_rng(rng)
    ranges = later.ranges()
    forecasts = dict(_forecasts(report, generator))
    points = {key: forecast.quantile(list(_LEVELS.values())).to_numpy() for key, forecast in forecasts.items()}
    rows = []
    for place, month in enumerate(report.outlook.months):
        known: dict[str, Any] = {"lower": 0, "upper": pd.NA, "status": "unknown"}
        if month in ranges.index:
            known = {str(name): cell for name, cell in ranges.loc[str(month)].items()}
        rows += [
            {"month": month, "kind": kind, "forecast": name}
            | known
            | dict(zip(_LEVELS, points[kind, name][place].tolist(), strict=True))
            | _score(forecast, month, known)
            for (kind, name), forecast in forecasts.items()
        ]
    return pd.DataFrame(rows)


def _forecasts(report: JumpReport, rng: np.random.Generator) -> Iterator[tuple[tuple[str, str], Predictive]]:
    for name, forecast in report.outlook.scenarios.items():
        yield ("scenario", name), forecast
    for result in report.results:
        if result.posterior is report.fullest:
            continue  # the scenario Continue is its forecast
        yield ("baseline", result.name), result.posterior.forecast(len(report.outlook.months), rng=rng)


def _score(forecast: Predictive, month: pd.Period, known: Mapping[str, Any]) -> dict[str, float]:
    if known["status"] != "exact":
        return {"at_least": np.nan, "log_score": np.nan}
    count = int(known["lower"])
    reached = forecast.exceedance(month, count - 1) if count > 0 else 1.0
    return {"at_least": reached, "log_score": forecast.logpmf(month, count)}


def published(truth: pd.DataFrame) -> dict[pd.Period, int]:
    """Return the months of a truth check that were published, with their counts."""
    exact = truth[truth["status"] == "exact"]
    return {month: int(count) for month, count in zip(exact["month"], exact["lower"], strict=True)}


def coverage(truth: pd.DataFrame) -> str:
    """Say how many of the forecasts held what was published, and what is still unknown."""
    exact = truth[truth["status"] == "exact"]
    months = list(truth["month"].unique())
    if exact.empty:
        return f"None of the {len(months)} months after the data has been published as an exact count."
    lines = []
    for level in ("50", "90"):
        held = (exact[f"lo-{level}"] <= exact["lower"]) & (exact["lower"] <= exact[f"hi-{level}"])
        lines.append(f"{int(held.sum())} of {len(exact)} {level}% intervals")
    known = list(published(truth))
    missing = [str(month) for month in months if month not in known]
    some = "one month" if len(known) == 1 else f"{len(known)} months"
    return (
        f"What was published fell within {' and '.join(lines)}. These forecasts are of {some} and share their facts, so "
        "they are no test of calibration."
        + (f" Still not published as exact counts: {', '.join(missing)}." if missing else "")
    )
