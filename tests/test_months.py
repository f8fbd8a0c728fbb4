"""Months: everything that names one is accepted, everything else refused with a remedy."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import InvalidInput, InvalidWindow
from forecasting.months import days_in, month_range, parse_months, to_month


@given(st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31)))
def test_every_way_to_name_a_day_gives_its_month(day: dt.date) -> None:
    expected = pd.Period(year=day.year, month=day.month, freq="M")
    for value in (day, pd.Timestamp(day), np.datetime64(day), day.isoformat(), f"{day:%Y-%m}", expected):
        assert to_month(value) == expected


@pytest.mark.parametrize(
    "value", ["", "autumn", "2023", "2023-13", "NaT", 5, 2023.0, None, pd.NaT, pd.Period("2023", "Y")]
)
def test_what_names_no_single_month_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="YYYY-MM"):
        to_month(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("01/02/2023", "day or the month first"),
        ("1.2.23", "year of four digits"),
        ("03-12-2023", "day or the month first"),
        ("Jan-23", "year of four digits"),  # January, or the day
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(text: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=rf"{fault}; write it as YYYY-MM"):
        to_month(text)


@pytest.mark.parametrize(
    "text",
    [
        "Feb 2023",
        "2023/02",
        "02/2023",
        "28/02/2023",
        "20230228",
        "2/2/2023",
        " 2023-2 ",
        "2023-02-01T12:30:00",
        "2023M02",
    ],
)
def test_other_ways_to_write_a_month_have_one_reading(text: str) -> None:
    assert to_month(text) == pd.Period("2023-02", "M")


def test_ranges_include_both_ends_and_leap_days() -> None:
    assert list(days_in(month_range("2023-12", "2024-02"))) == [31, 31, 29]
    assert len(parse_months("2023-04..2023-11")) == 8
    assert [str(month) for month in parse_months("2023-09, 2023-11")] == ["2023-09", "2023-11"]
    with pytest.raises(InvalidWindow, match="swap"):
        month_range("2023-12", "2023-11")
