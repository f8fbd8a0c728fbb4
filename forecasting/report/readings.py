"""What a careful reader's other readings of the same words would change."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from forecasting.errors import InvalidInput
from forecasting.evidence import Evidence, Ledger
from forecasting.months import Window
from forecasting.randomness import Rng, require_rng
from forecasting.scenarios import JumpReport
from forecasting.scenarios.baselines import TREND_AND_STEP, baselines
from forecasting.scenarios.report import StepEffect
from forecasting.scenarios.surprise import Surprise, surprise
from forecasting.scenarios.windows import Comparison

_DRAWS = 2000


def compare_readings(
    report: JumpReport,
    ledger: Ledger,
    data: Evidence,
    *,
    without: Iterable[str] = (),
    rng: Rng,
) -> pd.DataFrame:
    """Repeat the key numbers of a report under every alternative reading of its series.

    Parameters
    ----------
    report : JumpReport
        Made from `data`; the first row is its own.
    ledger : Ledger
        As of the day of the report.
    data : Evidence
        The facts as they were read.
    without : iterable of str
        Facts that were left out.
    rng : numpy.random.Generator or int
        Generator or seed; required.

    Returns
    -------
    DataFrame
        A row a reading: `why`; `low` and `high`, the range of the sum of the months in `unknown`; the posterior
        probability of each baseline; `tail`, the chance of the observed ratio under the trend, and whether it is only a limit
        because no simulation reached that ratio; the step beyond the trend
        with its interval; and `message` where a reading cannot be used, because it contradicts other facts.
    """
    generator = require_rng(rng)
    unknown = _unknown(report)
    rows: list[dict[str, Any]] = [
        {"reading": "as used", "why": "", **_of_report(report), **_range(data, unknown), "message": ""}
    ]
    own = ledger.readings[ledger.readings["series"] == report.series]
    for name in dict.fromkeys(own["reading"]):
        if name in report.reading:
            continue
        reasons = own.loc[own["reading"] == name, "why"].dropna()
        row: dict[str, Any] = {"reading": str(name), "why": " ".join(dict.fromkeys(reasons)), "message": ""}
        try:
            other = ledger.evidence(
                report.series,
                start=data.months[0],
                end=data.months[-1],
                without=without,
                reading=(*report.reading, str(name)),
            )
            row |= {**_key_numbers(report, other, generator), **_range(other, unknown)}
        except InvalidInput as error:
            row["message"] = str(error)
        rows.append(row)
    table = pd.DataFrame(rows)
    table.insert(2, "unknown", ", ".join(str(month) for month in unknown))
    return table


def _unknown(report: JumpReport) -> pd.PeriodIndex:
    """Return the months that are not exact, those outside both windows where there are any."""
    months = report.months[~report.known["exact"].to_numpy(bool)]
    pair = report.comparison
    outside = months[~months.isin(pair.before) & ~months.isin(pair.after)]
    return outside if len(outside) else months


def _range(data: Evidence, months: pd.PeriodIndex) -> dict[str, float]:
    places = [month.ordinal - data.months[0].ordinal for month in months]
    if not places or min(places) < 0 or max(places) >= len(data.months):
        return {"low": np.nan, "high": np.nan}
    low, high = data.constraints.sum_range(places)
    return {"low": float(low), "high": float(high)}


def _of_report(report: JumpReport) -> dict[str, float]:
    before = report.result("trend").surprise
    probabilities = {result.name: result.probability for result in report.results}
    return probabilities | _jump(before, report.step)


def _key_numbers(report: JumpReport, data: Evidence, rng: np.random.Generator) -> dict[str, float]:
    pair = report.comparison
    windows: list[Window] = [(window[0], window[-1]) for window in (pair.before, pair.after)]
    comparison = Comparison.of(data, *windows)
    kept, _ = baselines(data, comparison.after[0], report.priors)
    draws = min(_DRAWS, report.draws)
    fits = {one.name: one.model.posterior(data, draws=draws, rng=rng) for one in kept}
    probabilities = softmax(np.array([fit.log_evidence for fit in fits.values()]))
    trend = next(one.model for one in kept if one.name == "trend")
    before: Surprise | str
    try:
        before = surprise(trend, data, comparison, draws=draws, rng=rng)
    except InvalidInput as error:  # the facts read this way say too little of the earlier months
        before = str(error)
    step = StepEffect.of(fits[TREND_AND_STEP], comparison.after[0], report.level)
    return dict(zip(fits, probabilities.tolist(), strict=True)) | _jump(before, step)


def _jump(before: Surprise | str, step: StepEffect) -> dict[str, float]:
    return {
        "tail": before.tail if isinstance(before, Surprise) else np.nan,
        "tail_is_upper_limit": isinstance(before, Surprise) and not before.resolved,
        "step_median": step.median,
        "step_lower": step.lower,
        "step_upper": step.upper,
    }
