"""Months of texts and dates: one closed grammar, and no stamp that may have moved across the edge of its month."""

from __future__ import annotations

import datetime as dt
import time
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import InvalidInput
from forecasting.reading import month_number, read_day

ZONES = [
    "UTC",
    "Europe/Kyiv",
    "Europe/Oslo",
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
]
SPAN = st.dates(dt.date(1840, 1, 1), dt.date(2260, 12, 31))


def number(day: dt.date) -> int:
    return 12 * (day.year - 1970) + day.month - 1


@given(SPAN)
def test_every_way_to_write_a_day_gives_its_month(day: dt.date) -> None:
    midnight = dt.datetime.combine(day, dt.time())
    written = [
        *(f"{day:%Y-%m}", f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}", f"{day:%Y.%m.%d}", f"{day:%Y%m%d}", f"{day:%YM%m}"),
        *(
            f"{day:%m/%Y}",
            f"{day:%m-%Y}",
            f"{day:%m.%Y}",
            f"{day.year}-{day.month}",
            f"{day.year}/{day.month}/{day.day}",
        ),
        *(f"{day:%b %Y}", f"{day:%B %Y}", f"{day:%b-%Y}", f"{day:%Y-%b}", f"{day:%Y %B}", f"{day:%b. %Y}"),
        *(f"{day:%d %b %Y}", f"{day:%d-%b-%Y}", f"{day:%B %d, %Y}", f"{day:%Y-%b-%d}", f"{day:%d. %B %Y}"),
        *(f"{day}T00:00:00", f"{day} 00:00", f"{day} 00:00:00.000", f"{day}T00:00:00Z", f"{day} 00:00:00+02:00"),
        f" {day} ",
        f"{day:%B %Y}".upper(),
    ]
    for stamp in (*written, day, midnight, pd.Timestamp(midnight), np.datetime64(day), np.datetime64(midnight)):
        assert month_number(stamp) == number(day), stamp
    if day.day > 12:
        assert month_number(f"{day:%d.%m.%Y}") == month_number(f"{day:%m/%d/%Y}") == number(day)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("end", [False, True], ids=["starts", "ends"])
@pytest.mark.parametrize("kept", [True, False], ids=["aware", "naive"])
def test_no_month_of_any_zone_moves_when_it_is_stored_as_utc(zone: str, end: bool, kept: bool) -> None:
    """Each stamp of local starts or ends of months, seen in UTC, names its month or is refused."""
    months = pd.period_range("2019-01", "2024-12", freq="M")
    local = months.to_timestamp(how="end" if end else "start").tz_localize(zone)
    stored = local.tz_convert("UTC")
    stored = stored if kept else stored.tz_localize(None)
    refused = 0
    for month, stamp in zip(months, stored, strict=True):
        for written in (stamp, stamp.isoformat(), stamp.to_pydatetime(warn=False), str(stamp)):
            try:
                assert month_number(written) == month.ordinal, written
            except InvalidInput:
                refused += 1
    assert (refused == 0) == (
        zone == "UTC" or (zone == "Pacific/Kiritimati" and end)
    )  # the widest zone: 09:59 of the same day
    for month, stamp in zip(months, local, strict=True):  # in their own zone all are what they say
        assert month_number(stamp) == month_number(stamp.isoformat()) == month.ordinal
        assert month_number(stamp.tz_convert("UTC"), zone=ZoneInfo(zone)) == month.ordinal


def test_the_limits_hold_in_every_zone_there_is() -> None:
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        for month in (1, 7):
            start = dt.datetime(2023, month, 1, tzinfo=zone)
            for moment in (start, start - dt.timedelta(seconds=1)):
                seen = moment.astimezone(dt.UTC)
                try:
                    assert month_number(seen) == number(moment), name
                except InvalidInput:
                    continue


@pytest.mark.parametrize(
    "text",
    ["2023-01-15T12:30:00", "2023-01-15 23:00Z", "2023-02-01T12:00:00", "2023-01-31 09:59", "2023-01-31 23:59:59.999"],
)
def test_times_that_no_zone_moves_are_read(text: str) -> None:
    assert month_number(text) == number(dt.date.fromisoformat(text[:10]))
    assert month_number(pd.Timestamp(text)) == month_number(text)


@pytest.mark.parametrize(
    "text",
    [
        *("2022-12-31T23:00:00Z", "2022-12-31 22:00:00", "2022-12-31T21:00", "2022-12-31T10:00:00Z", "20221231 22:00"),
        *("2023-01-01T05:00:00Z", "2023-01-01 04:59:59.999999", "2023-02-28T23:00+00:00", "1 Jan 2023 04:00"),
    ],
)
def test_times_at_the_edge_of_a_month_are_refused_with_the_remedy(text: str) -> None:
    for stamp in (text, pd.Timestamp(text), pd.Timestamp(text).to_pydatetime()):
        with pytest.raises(
            InvalidInput, match=r"another time zone; convert it to local time first, or write the month"
        ):
            month_number(stamp)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "autumn",
            "2023",
            "23",
            "2023-13",
            "2023-00",
            "2023-02-30",
            "0000-01",
            "0999-12",
            "3000-01",
            "2023-",
        ),
        *(
            "2023-09-",
            "2023-09-01T",
            "2023-09-01Tgarbage",
            "2023-09-01 garbage",
            "2023-09 x",
            "2023-09-01 - 2023-12-31",
        ),
        *("2023-09..2023-12", "2023-09,2023-10", "2023-01-01 - 2023-12-31", "2023-09-01T25:00", "2023-09-01T00:60"),
        *("2023-09-01T00:00:00+99:00", "2023-09-01T00:00 Kyiv", "2023-09-01T00:00:00 +02:00 x", "2023-09 12:30"),
        *("2023Q3", "2023-Q3", "2023-W05", "2023-W05-1", "2023-244", "202309", "09/23", "Sep-23", "12:30", "45170"),
        *("01/02/2023", "1.2.23", "03-12-2023", "2023.9", "2023.10", "2023-09/01", "2023, 9", "Sep, 2023 x"),
        *(
            "\u0662\u0660\u0662\u0663-\u0660\u0669",
            "\uff12\uff10\uff12\uff13-09",
            "M\u00e4r 2020",
            "2023\u5e749\u6708",
            "mai 2023",
        ),
        *("2023-09-01\n2023-10-01", "2023-09\x00", "nan", "NaT", "None", "Total", "20230931", "2023M13", "2023M"),
    ],
)
def test_what_is_not_one_month_for_certain_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="YYYY-MM"):
        month_number(text)


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            5,
            2023.0,
            True,
            b"2023-09",
            ["2023-09"],
            pd.NaT,
            np.datetime64("NaT"),
            np.datetime64("2023"),
            dt.time(12),
        ),
        *(np.datetime64("2023-09-01", "W"), np.timedelta64(1, "D"), object(), np.array(["2023-09"])),
    ],
)
def test_what_is_not_a_stamp_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match="not a month"):
        month_number(value)


@given(st.text(st.sampled_from("0123456789-/. T:ZMSepx+,"), max_size=30))
def test_whatever_is_read_is_used_up(text: str) -> None:
    """A text that names a month, with anything behind it, names none, or the same one more exactly."""
    try:
        month = month_number(text)
    except InvalidInput:
        return
    with pytest.raises(InvalidInput):
        month_number(f"{text} garbage")
    assert month == month_number(f" {text} ")


@pytest.mark.parametrize(
    "cell", ["1" * 10**6, "2023-09-01T" + "0" * 10**6, "2023-" * 10**6, " " * 10**6 + "x", "Sep " * 10**6]
)
def test_no_cell_is_too_long_to_refuse(cell: str) -> None:
    started = time.process_time()
    with pytest.raises(InvalidInput) as caught:
        month_number(cell)
    assert time.process_time() - started < 1.0
    assert len(str(caught.value)) < 300


@given(SPAN)
def test_days_are_read_from_texts_dates_and_times(day: dt.date) -> None:
    moment = dt.datetime.combine(day, dt.time(23, 30))
    for value in (day, f" {day} ", moment, pd.Timestamp(moment), np.datetime64(moment)):
        assert read_day(value) == day


@pytest.mark.parametrize(
    "value",
    [
        "2023-09",
        "5 December 2023",
        "2023-9-1",
        "20230901",
        "2023-02-30",
        5,
        None,
        pd.NaT,
        "\u0662023-01-01",
        "1" * 10**6,
    ],
)
def test_what_is_not_a_day_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput, match=r"^as_of=.* is not a day; write it as YYYY-MM-DD"):
        read_day(value, "as_of=")
