"""Whether a series can be forecast: every fault that its rows have, found before any work is done."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecasting.batch.config import Config
from forecasting.batch.records import readable_name
from forecasting.batch.staging import RawSeries
from forecasting.constraints import Observed
from forecasting.errors import InvalidInput
from forecasting.evidence import Evidence
from forecasting.months import month_name, months_at
from forecasting.reading import Unreadable, count_in, count_of, month_number, number_in
from forecasting.series import CountSeries, listing
from forecasting.terms import Covariate, Exposure, Term


@dataclass(frozen=True)
class Rules:
    """What a series is checked against.

    Attributes
    ----------
    day : date
        The day whose knowledge counts.
    today : date
        Nothing can have been counted after it.
    last_month : {"drop", "use"}
        What to do with a month that was not over on the day.
    missing_months : {"refuse", "unobserved"}
        What a month without a count means.
    shortest : int
        Fewest months.
    horizon : int
        Months for which exposure and covariates are needed beyond the counts.
    exposure : bool
        Whether the third cell of a row is an exposure.
    covariates : tuple of str
        Names of the further cells.
    """

    day: dt.date
    today: dt.date
    last_month: str = "drop"
    missing_months: str = "refuse"
    shortest: int = 6
    horizon: int = 12
    exposure: bool = False
    covariates: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: Config, today: dt.date) -> Rules:
        """Return the rules of a configuration on a day."""
        return cls(
            day=config.as_of or today,
            today=today,
            last_month=config.last_month,
            missing_months=config.missing_months,
            shortest=config.shortest,
            horizon=config.horizon,
            exposure=config.input.columns.exposure is not None,
            covariates=config.input.columns.covariates,
        )


@dataclass(frozen=True, eq=False)
class Checked:
    """A series that can be forecast, or what is wrong with it.

    Attributes
    ----------
    name : str
        Name of the series.
    data : CountSeries, Evidence or None
        None where there are faults.
    faults : tuple of str
        Why it cannot be forecast.
    notes : tuple of str
        What was done to it, or is unusual about it.
    known : tuple of Term
        Exposure and covariates.
    counts : CountSeries, Evidence or None
        What could be read of the counts, whether or not they can be forecast.
    """

    name: str
    data: Observed | None
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    known: tuple[Term, ...] = ()
    counts: Observed | None = None

    @classmethod
    def bad(cls, name: str, *faults: str) -> Checked:
        """Return a series that cannot be forecast."""
        return cls(name, None, faults)


def check_evidence(evidence: Evidence, shortest: int) -> Checked:
    """Return evidence as a checked series.

    Raises
    ------
    ContradictoryFacts
        If its facts cannot hold together.
    """
    evidence.check()
    if len(evidence.months) < shortest:
        return Checked(evidence.name, None, (_too_short(len(evidence.months), shortest),), counts=evidence)
    known = evidence.constraints
    all_zero = bool(known.exact.all() and not known.lower.any())
    return Checked(evidence.name, evidence, notes=("all counts are zero",) if all_zero else (), counts=evidence)


def check(raw: RawSeries, rules: Rules) -> Checked:
    """Return a series of a long table, with all of its faults or none.

    Parameters
    ----------
    raw : RawSeries
        Its rows in any order.
    rules : Rules
        What to check against.

    Examples
    --------
    >>> rows = [("2023-09", "184"), ("2023-10", "171"), ("2023-10", "-1"), ("2023-12", "1.5")]
    >>> day = dt.date(2024, 1, 10)
    >>> for fault in check(RawSeries("requests", rows, (), 4), Rules(day, day)).faults:
    ...     print(fault)
    several rows for 2023-10; sum daily or weekly rows to months, or give rows that count different things other ids
    counts that are no whole numbers from 0 to 10^9: 2023-10 is '-1' (negative), 2023-12 is '1.5' (fractional)
    """
    try:
        readable_name(raw.name, "the name of the series")
    except InvalidInput as error:
        return Checked.bad(raw.name, str(error))
    faults = list(raw.faults)
    kept = len(raw.rows) + len(raw.faults)
    if kept < raw.size:
        return Checked.bad(
            raw.name,
            f"{raw.size:,} rows are too many for a monthly series; look at the first: {_shown(raw.rows[0][0])}",
        )
    by_month, repeated = _by_month(raw.rows, faults)
    counted = {month: count for month, count in _counts(by_month, faults).items() if month not in repeated}
    notes = [f"looks like another series: {listing(map(ascii, raw.alike))}"] if raw.alike else []
    counts = _up_to_the_day(counted, rules, faults, notes)
    if not faults:
        _complete(counts, rules, faults, notes)
    known = () if faults else _known(by_month, counts, rules, faults)
    series = _series(raw.name, counts) if counts else None
    if series is not None and not faults and not series.values.any():
        notes.append("all counts are zero")
    return Checked(raw.name, None if faults else series, tuple(faults), tuple(notes), known, series)


def _by_month(rows: Iterable[tuple[Any, ...]], faults: list[str]) -> tuple[dict[int, tuple[Any, ...]], set[int]]:
    """Return the cells after the month by the ordinal of the month, the last row's; and the months of several rows."""
    found: dict[int, tuple[Any, ...]] = {}
    unreadable: list[InvalidInput] = []
    times: Counter[int] = Counter()
    for month, *cells in rows:
        try:
            ordinal = month_number(month)
        except InvalidInput as error:
            unreadable.append(error)
        else:
            times[ordinal] += 1
            found[ordinal] = tuple(cells)
    if unreadable:
        more = f" (and {len(unreadable) - 1} more months that cannot be read)" if len(unreadable) > 1 else ""
        faults.append(f"{unreadable[0]}{more}")
    repeated = sorted(month for month, number in times.items() if number > 1)
    if repeated:
        faults.append(
            f"several rows for {_months(repeated)}; sum daily or weekly rows to months, or give rows that count "
            "different things other ids"
        )
    return {month: found[month] for month in sorted(found)}, set(repeated)


def _counts(by_month: Mapping[int, tuple[Any, ...]], faults: list[str]) -> dict[int, int]:
    """Return the counts of the months that have one."""
    counts: dict[int, int] = {}
    wrong: list[str] = []
    for month, (cell, *_) in by_month.items():
        count, fault = _count(cell)
        if fault:
            wrong.append(f"{_months([month])} is {_shown(cell)} ({fault})")
        elif count is not None:
            counts[month] = count
    if wrong:
        faults.append(f"counts that are no whole numbers from 0 to 10^9: {listing(wrong)}")
    return counts


def _up_to_the_day(counts: Mapping[int, int], rules: Rules, faults: list[str], notes: list[str]) -> dict[int, int]:
    """Return the counts that were there on the day, an incomplete last month by the rule."""
    future = [month for month in counts if month > month_number(rules.today)]
    if future:
        faults.append(f"counts of months to come: {_months(future)}; today is {rules.today}")
    last = month_number(rules.day)
    kept = {month: count for month, count in counts.items() if month <= last}
    later = len(counts) - len(kept) - len(future)
    if later > 0:
        notes.append(f"counts after {rules.day} are left out: {later} months")
    if last in kept:  # the month of a day is over on the next month's first day, not on its own last
        if rules.last_month == "drop":
            del kept[last]
        done = "dropped" if rules.last_month == "drop" else "used as it is"
        notes.append(f"the last month, {_months([last])}, was not over on {rules.day}: {done}")
    return kept


def _complete(counts: Mapping[int, int], rules: Rules, faults: list[str], notes: list[str]) -> None:
    if not counts:
        faults.append("no month has a count")
        return
    span = range(min(counts), max(counts) + 1)
    if len(span) < rules.shortest:
        faults.append(_too_short(len(span), rules.shortest))
    absent = [month for month in span if month not in counts]
    if absent and rules.missing_months == "refuse":
        faults.append(
            f'no count for {_months(absent)}; add the months, or set missing_months = "unobserved" '
            "if nobody knows what they were"
        )
    elif absent:
        notes.append(f"not observed: {_months(absent)}")


def _known(
    by_month: Mapping[int, tuple[Any, ...]], counts: Mapping[int, int], rules: Rules, faults: list[str]
) -> tuple[Term, ...]:
    """Return exposure and covariates of the months of the data and of those to be forecast."""
    needed = range(min(counts), max(counts) + 1 + rules.horizon)
    names = (*(("exposure",) if rules.exposure else ()), *rules.covariates)
    known: list[Term] = []
    for position, name in enumerate(names, 1):
        is_exposure = rules.exposure and position == 1
        values = {month: _number(by_month[month][position]) for month in needed if month in by_month}
        absent = [month for month in needed if values.get(month) is None]
        low = [month for month, value in values.items() if is_exposure and value is not None and value <= 0]
        if absent:
            faults.append(f"no number in {name!r} for {_months(absent)}; the months to be forecast need one too")
        if low:
            faults.append(f"{name!r} is not above 0 in {_months(low)}")
        if not absent and not low:
            by_month_values = pd.Series([values[month] for month in needed], index=months_at(needed))
            known.append(Exposure(by_month_values) if is_exposure else Covariate(name, by_month_values))
    return tuple(known)


def _series(name: str, counts: Mapping[int, int]) -> CountSeries:
    span = range(min(counts), max(counts) + 1)
    missing = [month not in counts for month in span]
    return CountSeries(months_at(span), [counts.get(month, 0) for month in span], missing, name)


def _months(ordinals: Sequence[int]) -> str:
    return listing(map(month_name, ordinals))


def _count(cell: Any) -> tuple[int | None, str | None]:
    """Return a count, or nothing for an empty cell; or what keeps the cell from being a count."""
    try:
        return (count_in(cell) if isinstance(cell, str) else count_of(cell)), None
    except Unreadable as reason:
        return None, str(reason)


def _number(cell: Any) -> float | None:
    try:
        cell = number_in(cell) if isinstance(cell, str) else cell
    except Unreadable:
        return None
    is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
    return cell if is_number and abs(cell) < math.inf else None


def _shown(cell: Any) -> str:
    is_long = isinstance(cell, int) and abs(cell) >= 10**40
    return "a number of more than 40 digits" if is_long else repr(cell)[:40]


def _too_short(size: int, shortest: int) -> str:
    return f"{size} months are fewer than shortest = {shortest}"
