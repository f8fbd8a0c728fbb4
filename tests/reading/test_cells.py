"""Cells of counts, numbers and names: read whole, or refused with the reason."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.reading import Unreadable, count_in, count_of, name_of, number_in


@given(st.integers(0, 10**9))
def test_every_count_is_read_as_it_is_written(count: int) -> None:
    for text in (f"{count}", f" {count}\t", f"+{count}", f"{count}.", f"{count}.0", f"{count}.0000", f"00{count}"):
        assert count_in(text) == count
    for value in (count, float(count), Decimal(count), Fraction(count), np.int64(count), np.float64(count)):
        assert count_of(value) == count


@pytest.mark.parametrize("text", ["", "  ", "NA", "na", "n/a", "NaN", "nan", "<NA>", "NULL", "None"])
def test_what_programs_write_for_nothing_is_missing_everywhere(text: str) -> None:
    assert count_in(text) is None
    assert number_in(text) is None


@pytest.mark.parametrize("value", [None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT, Decimal("nan")])
def test_missing_values_of_every_library_are_missing(value: object) -> None:
    assert count_of(value) is None
    with pytest.raises(Unreadable, match="missing"):
        name_of(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1_0", "not a number"),
        ("\u0668", "not a number"),
        ("\uff11", "not a number"),
        ("\u00b2", "not a number"),
        ("0x10", "not a number"),
        ("twelve", "not a number"),
        ("True", "not a number"),
        ("12 calls", "not a number"),
        ("-", "not a number"),
        ("-3", "negative"),
        ("-3.5", "negative"),
        ("2.5", "fractional"),
        (".5", "fractional"),
        ("12,5", "decimal comma"),
        ("184,0", "decimal comma"),
        ("1,234", "write 1234, not 1,234"),
        ("1.234", "write 1234, not 1,234"),
        ("1 234", "write 1234, not 1,234"),
        ("1\u00a0234", "write 1234, not 1,234"),
        ("1'234'567", "write 1234, not 1,234"),
        ("1.000", "without one"),
        ("12.000", "without one"),
        ("1e3", "in full"),
        ("1.23E+05", "in full"),
        ("inf", "infinite"),
        ("-Infinity", "infinite"),
        ("1000000001", r"above 10\^9"),
        ("9" * 40, r"above 10\^9"),
        ("<5", "bound.*ledger"),
        ("< 5", "bound.*ledger"),
        ("\u22645", "bound.*ledger"),
        (">10", "bound.*ledger"),
        ("1-9", "bound.*ledger"),
        ("1\u20134", "bound.*ledger"),
        ("5+", "bound.*ledger"),
    ],
)
def test_what_is_no_count_says_why(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        count_in(text)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (-1, "negative"),
        (-0.5, "negative"),
        (2.5, "fractional"),
        (Decimal("2.5"), "fractional"),
        (math.inf, "infinite"),
        (-math.inf, "infinite"),
        (10**400, "above"),
        (True, "not an integer"),
        (np.bool_(True), "not an integer"),
        ("184", "not an integer"),
        (b"184", "not an integer"),
        (1j, "not an integer"),
        ([184], "not an integer"),
        (pd.Timestamp("2023-01-01"), "not an integer"),
    ],
)
def test_values_that_are_no_count_say_why(value: object, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        count_of(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back(value: float) -> None:
    assert number_in(repr(value)) == value


@pytest.mark.parametrize(
    "text", ["1_0", "\u0668", "1,5", "1,234", "inf", "1e999", "1.2.3", "1e", "0x1p3", "--1", "1 2"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        number_in(text)


def test_names_are_texts() -> None:
    assert [name_of(value) for value in (" a ", "01", 1, 1.0, np.int64(2**62 + 1), Decimal(7))] == [
        *("a", "01", "1", "1", str(2**62 + 1), "7")
    ]
    wrong: list[Any] = ["", " ", b"a", ["a"], True, np.bool_(True), 1.5, math.inf, ("a",), pd.Timestamp("2023-01-01")]
    for value in wrong:
        with pytest.raises(Unreadable):
            name_of(value)


@pytest.mark.parametrize("read", [count_in, number_in])
@pytest.mark.parametrize("cell", ["1" * 10**6 + "x", "1." * 10**6, "," * 10**6, "1 " * 10**6, "<" * 10**6])
def test_no_cell_is_too_long_to_refuse(read: Callable[[str], object], cell: str) -> None:
    started = time.process_time()
    with pytest.raises(Unreadable, match="too long for a number"):
        read(cell)
    assert time.process_time() - started < 1.0


@given(st.text(max_size=50))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        count = count_in(text)
    except Unreadable:
        return
    assert count is None or text.strip().isascii()
