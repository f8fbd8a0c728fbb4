from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting import CountSeries, load_ledger
from forecasting.batch.checks import Checked, Rules, check, check_evidence
from forecasting.batch.staging import RawSeries

DAY = dt.date(2024, 2, 1)
RULES = Rules(DAY, DAY, shortest=3)
GOOD = [("2023-09", "184"), ("2023-10-01", "218"), ("2023-11", "175")]


def checked(rows: list[tuple[Any, ...]], rules: Rules = RULES) -> Checked:
    return check(RawSeries("requests", rows, (), len(rows)), rules)


def series(found: Checked) -> CountSeries:
    assert isinstance(found.data, CountSeries), found.faults
    return found.data


def test_rows_in_any_order() -> None:
    for rows in (GOOD, GOOD[::-1]):
        found = checked(rows)
        assert series(found).values.tolist() == [184, 218, 175]
        assert str(series(found).months[0]) == "2023-09"
        assert (found.faults, found.notes) == ((), ())


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([*GOOD, ("2024-01", "1")], "no count for 2023-12; add the months, or set missing_months"),
        ([*GOOD, ("2023-12", ""), ("2024-01", "1")], "no count for 2023-12"),
        ([*GOOD, ("2023-12", None), ("2024-01", "1")], "no count for 2023-12"),
        ([*GOOD, ("2023-11-30", "175")], "several rows for 2023-11; sum daily or weekly rows to months, or give rows"),
        ([*GOOD, ("2023-12", "1.5")], "2023-12 is '1.5' (fractional)"),
        ([*GOOD, ("2023-12", -1)], "2023-12 is -1 (negative)"),
        ([*GOOD, ("2023-12", "1e99")], "(digits are lost in this notation"),
        ([*GOOD, ("2023-12", float("inf"))], "(infinite)"),
        ([*GOOD, ("2023-12", "many")], "'many' (not a number)"),
        ([*GOOD, ("2023-12", "1_000")], "not a number"),
        ([*GOOD, ("2023-12", "\u0661")], "not a number"),
        ([*GOOD, ("2023-12", "True")], "not a number"),
        ([*GOOD, ("12/11/2023", 1)], "'12/11/2023' may have the day or the month first; write it as YYYY-MM"),
        ([*GOOD, ("2023-13", 1), ("x", 1)], "'2023-13' is not a month: month must be in 1..12; write"),
        ([*GOOD, ("x", 1), ("2023-02-30", 1)], "(and 1 more months that cannot be read)"),
        ([*GOOD, (202312, 1)], "202312 is not a month"),
        ([*GOOD, (None, 1)], "None is not a month"),
        ([*GOOD, ("2023-12", 10**5000)], "above 10^9"),
        ([*GOOD, ("2023-12-31T22:00:00+00:00", 1)], "'2023-12-31T22:00:00+00:00' may be the start or the end of"),
        ([*GOOD, ("2023-12-31 22:00:00", 1)], "convert it to local time first"),
        ([*GOOD, ("2023-12-01Tgarbage", 1)], "'Tgarbage' cannot be read"),
        ([*GOOD, ("2023-12-01 - 2023-12-31", 1)], "' - 2023-12-31' cannot be read"),
        ([*GOOD, ("2023-12", "1.000")], "a thousand times more where a dot separates thousands"),
        ([*GOOD, *((stamp, "1") for stamp in ("2023-12", "2024-01", "2024-03"))], "counts of months to come: 2024-03"),
        (GOOD[:2], "2 months are fewer than shortest = 3"),
        ([("2023-09", None)], "no month has a count"),
    ],
)
def test_faults(rows: list[tuple[Any, ...]], words: str) -> None:
    found = checked(rows)
    assert found.data is None
    assert any(words in fault for fault in found.faults), found.faults


def test_several_faults_are_all_told() -> None:
    found = checked([*GOOD, ("2023-11", "1"), ("2023-12", "-1"), ("x", "1"), ("2025-01", "1")])
    assert len(found.faults) == 4


@pytest.mark.parametrize("cell", ["184", " 184 ", "184.0", 184, 184.0, "+184"])
def test_ways_to_write_a_count(cell: object) -> None:
    assert series(checked([("2023-08", cell), *GOOD])).values[0] == 184


def test_all_zero_is_told_and_forecast() -> None:
    found = checked([(month, "0") for month, _ in GOOD])
    assert found.notes == ("all counts are zero",)
    assert not series(found).values.any()


@pytest.mark.parametrize(("setting", "kept", "done"), [("drop", 3, "dropped"), ("use", 4, "used as it is")])
def test_an_incomplete_last_month(setting: str, kept: int, done: str) -> None:
    rows = [*GOOD, ("2023-12", "9")]
    day = dt.date(2023, 12, 30)
    found = checked(rows, Rules(day, DAY, last_month=setting, shortest=3))
    assert len(series(found)) == kept
    assert found.notes == (f"the last month, 2023-12, was not over on 2023-12-30: {done}",)


@pytest.mark.parametrize("month", [3, 11, 12])
def test_a_month_is_over_on_the_first_day_of_the_next(month: int) -> None:
    stamps = [f"2023-{k:02d}" for k in range(1, month + 1)]
    first = dt.date(2023 + month // 12, month % 12 + 1, 1)
    last = first - dt.timedelta(days=1)
    assert len(series(checked([(stamp, "5") for stamp in stamps], Rules(first, first, shortest=1)))) == month
    found = checked([(stamp, "5") for stamp in stamps], Rules(last, last, shortest=1))
    assert len(series(found)) == month - 1
    assert found.notes == (f"the last month, {stamps[-1]}, was not over on {last}: dropped",)


@pytest.mark.parametrize(
    "stamp", ["2023-08-15", "2023-08-01T00:00:00+02:00", "2023-08-31 00:00:00.000", "2023-08-01T00:00Z"]
)
def test_ways_to_write_a_month(stamp: str) -> None:
    assert str(series(checked([(stamp, 1), *GOOD])).months[0]) == "2023-08"


@pytest.mark.parametrize("digits", ["1", "1.", ".1", "+1.1", "1e"])
def test_no_cell_is_long_enough_to_hang_a_pattern(digits: str) -> None:
    start = time.process_time()
    for cell in (digits * 200_000 + "x", digits + "1" * 400_000 + "x", " " * 400_000 + "x"):
        for row in (("2023-12", cell, "1"), (cell, "1", "1"), ("2023-12", "1", cell)):
            checked([*((*good, "1") for good in GOOD), row], replace(RULES, exposure=True))
    assert time.process_time() - start < 1.0


def test_as_of_cuts_later_months() -> None:
    found = checked([*GOOD, ("2023-12", "9"), ("2024-01", "9")], Rules(dt.date(2023, 12, 1), DAY, shortest=3))
    assert len(series(found)) == 3
    assert found.notes == (
        "counts after 2023-12-01 are left out: 1 months",
        "the last month, 2023-12, was not over on 2023-12-01: dropped",
    )


def test_months_nobody_knows() -> None:
    rules = replace(RULES, missing_months="unobserved")
    found = checked([*GOOD, ("2023-12", None), ("2024-01", "1")], rules)
    assert series(found).missing.tolist() == [False] * 3 + [True, False]
    assert found.notes == ("not observed: 2023-12",)


def known_rows(last: str = "2024-01", exposure: object = "30") -> list[tuple[Any, ...]]:
    months = [month for month in ("2023-09", "2023-10", "2023-11", "2023-12", "2024-01") if month <= last]
    return [(month, "5" if month <= "2023-11" else None, exposure, str(k)) for k, month in enumerate(months)]


KNOWN = replace(RULES, horizon=2, exposure=True, covariates=("price",))


def test_exposure_and_covariates_reach_into_the_future() -> None:
    found = checked(known_rows(), KNOWN)
    assert len(series(found)) == 3
    exposure, price = found.known
    assert exposure.offset(series(found).months + 2).shape == (3,)
    assert price.rows(series(found).months + 2, series(found).months).tolist() == [2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (known_rows(last="2023-12"), "no number in 'exposure' for 2024-01"),
        (known_rows(exposure="0"), "'exposure' is not above 0 in 2023-09"),
        (known_rows(exposure="x"), "no number in 'exposure'"),
    ],
)
def test_faults_of_known_quantities(rows: list[tuple[Any, ...]], words: str) -> None:
    found = checked(rows, KNOWN)
    assert found.data is None
    assert any(words in fault for fault in found.faults)


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 1001, "\ud800"])
def test_names_that_nothing_can_hold(name: str) -> None:
    found = check(RawSeries(name, GOOD, (), 3), RULES)
    assert found.data is None
    assert "is no name" in found.faults[0]


def test_names_that_look_alike() -> None:
    found = check(RawSeries("cafe\u0301", GOOD, (), 3, ("caf\u00e9",)), RULES)
    assert found.notes == ("looks like another series: 'caf\\xe9'",)


def test_too_many_rows() -> None:
    assert "too many" in check(RawSeries("a", GOOD, (), 10**7), RULES).faults[0]


def test_evidence() -> None:
    evidence = load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    assert check_evidence(evidence, 6).data is evidence
    assert "fewer than shortest = 99" in check_evidence(evidence, 99).faults[0]


cells = st.one_of(
    st.none(), st.text(max_size=8), st.integers(), st.floats(), st.sampled_from(["2023-09", "2023-10", "5"])
)


@given(st.lists(st.tuples(cells, cells), max_size=6), st.text(max_size=3))
def test_no_rows_are_too_strange(rows: list[tuple[Any, ...]], name: str) -> None:
    found = check(RawSeries(name, rows, (), len(rows)), replace(RULES, shortest=1))
    assert (found.data is None) == bool(found.faults)
