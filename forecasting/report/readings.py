"""What a careful reader's other readings of the same words would change."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import InvalidInput
from forecasting.evidence import Evidence, Ledger
from forecasting.months import Window
from forecasting.randomness import Rng, named_streams, require_rng
from forecasting.scenarios import JumpReport
from forecasting.scenarios.fits import Fits
from forecasting.scenarios.sensitivity import as_stated
from forecasting.scenarios.surprise import Surprise, Unforecastable
from forecasting.scenarios.windows import Windows

_DRAWS = 1000  # of each baseline under a reading that changes something


def compare_readings(
    report: JumpReport,
    ledger: Ledger,
    data: Evidence,
    *,
    without: Iterable[str] = (),
    rng: Rng,
) -> pd.DataFrame:
    """Repeat the key numbers of a report under every alternative reading of its series.

    Readings are drawn with common random numbers, and one that leaves the months as another has them takes its numbers, so that
    what differs between rows is what the facts say.

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
        One row per reading: `why`; `low` and `high`, the range of the sum of the months in `unknown`; the conclusions as in the
        first row of `JumpReport.sensitivity`; `tail`, the chance under a trend of as large a change in its direction; and
        `message` if a reading cannot be used, because it contradicts other facts.
    """
    stream = named_streams(require_rng(rng))
    unknown = _unknown(report)
    numbers = {_said(data, report): _of_report(report)}
    rows: list[dict[str, Any]] = [
        {"reading": "as used", "why": "", **numbers[_said(data, report)], **_range(data, unknown), "message": ""}
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
            said = _said(other, report)
            if said not in numbers:
                numbers[said] = _key_numbers(report, other, stream)
            row |= {**numbers[said], **_range(other, unknown)}
        except InvalidInput as error:
            row["message"] = str(error)
        rows.append(row)
    table = pd.DataFrame(rows)
    table.insert(2, "unknown", ", ".join(str(month) for month in unknown))
    return table


def _said(data: Evidence, report: JumpReport) -> Hashable:
    """Return what is known of all months, and before the later window of those before it: all that the numbers depend on."""
    try:
        past = data.until(report.comparison.after[0] - 1).constraints.said
    except InvalidInput:  # nothing is known of the months before alone
        past = ()
    return data.constraints.said, past


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
    stated = report.sensitivity.iloc[0].drop(["prior", "factor", "scale"])
    told = report.of_kind("trend", step=False).surprise
    return {str(name): float(value) for name, value in stated.items()} | _tail(told)


def _key_numbers(report: JumpReport, data: Evidence, stream: Callable[..., np.random.Generator]) -> dict[str, float]:
    pair = report.comparison
    windows: list[Window] = [(window[0], window[-1]) for window in (pair.before, pair.after)]
    comparison = Windows.of(data, *windows)
    fits = Fits.of(data, comparison, report.priors, min(_DRAWS, report.draws), stream)
    return as_stated(fits, report.level) | _tail(fits.surprises[fits.named("trend", step=False)])


def _tail(told: Surprise | Unforecastable) -> dict[str, float]:
    return {"tail": told.tail if isinstance(told, Surprise) else np.nan}
