"""Counts, numbers and names in the cells of tables, read by closed and linear patterns, or refused with a reason."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from numbers import Real
from typing import TypeGuard

LARGEST_COUNT = 10**9
"""Counts above this are refused: no monthly series of this kind reaches it, a slip of the keyboard does."""
LONGEST_CELL = 40
"""A cell longer than this is not a number; it is refused before any pattern looks at it."""

MISSING = frozenset({"", "na", "n/a", "<na>", "nan", "null", "none"})
"""What programs write for a value that is not there, in lower case."""

_INFINITE = (math.inf, -math.inf)
_WHOLE = re.compile(r"\+?(\d+)(?:\.(0*))?", re.ASCII)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", re.ASCII)
_REASONS = [
    (r"-\d+(\.\d*)?", "negative"),
    (r"\d{1,3}([.,' \u00a0\u202f]\d{3})+", "a separator of thousands, or a fraction; write 1234, not 1,234"),
    (r"\d+,\d*", "a decimal comma; counts are whole"),
    (r"\d*\.\d+", "fractional"),
    (r"[-+]?(\d+(\.\d*)?|\.\d+)[eE][-+]?\d{1,3}", "digits are lost in this notation; write the count in full"),
    (r"[-+]?inf(inity)?", "infinite"),
    (
        r"[<>\u2264\u2265~] ?\d+|\d+ ?[-\u2013+] ?\d*",
        "a bound, not a count; write it as a fact of kind bound in a ledger, see `forecasting facts`",
    ),
]
_REFUSED = [(re.compile(pattern, re.ASCII | re.IGNORECASE), reason) for pattern, reason in _REASONS]


class Unreadable(ValueError):
    """A cell that is not what its column holds; the text is the reason, without the cell."""


def count_in(cell: str) -> int | None:
    """Return the count that a text says, None for a missing one.

    Raises
    ------
    Unreadable
        If it is something else; the reason says what, and what to write.

    Examples
    --------
    >>> count_in(" 184 "), count_in("184.0"), count_in("NA")
    (184, 184, None)
    >>> count_in("<5")
    Traceback (most recent call last):
        ...
    forecasting.reading.cells.Unreadable: a bound, not a count; write it as a fact of kind bound in a ledger, see `forecasting
    facts`
    """
    text = _short(cell)
    if text.lower() in MISSING:
        return None
    whole = _WHOLE.fullmatch(text)
    if whole:
        if len(whole[1]) <= 3 and whole[2] == "000":
            raise Unreadable("a thousand times more where a dot separates thousands; write the count without one")
        return count_of(int(whole[1]))
    raise Unreadable(next((reason for pattern, reason in _REFUSED if pattern.fullmatch(text)), "not a number"))


def count_of(value: object) -> int | None:
    """Return the count that a number is, None for a missing one (None, NaN, NaT, NA).

    Raises
    ------
    Unreadable
        If it is no number, or not a whole one from 0 to 10^9.

    Examples
    --------
    >>> count_of(184.0), count_of(float("nan"))
    (184, None)
    """
    if is_missing(value):
        return None
    if not _is_number(value):
        raise Unreadable("not an integer or float")
    if value in _INFINITE:
        raise Unreadable("infinite")
    if value < 0:
        raise Unreadable("negative")
    whole = int(value)
    if value != whole:
        raise Unreadable("fractional")
    if whole > LARGEST_COUNT:
        raise Unreadable("above 10^9")
    return whole


def number_in(cell: str) -> float | None:
    """Return the finite number that a text says, None for a missing one.

    Raises
    ------
    Unreadable
        If it is something else.

    Examples
    --------
    >>> number_in("-1.5e2"), number_in("")
    (-150.0, None)
    """
    text = _short(cell)
    if text.lower() in MISSING:
        return None
    if not _NUMBER.fullmatch(text):
        comma = re.fullmatch(r"[-+]?\d*,\d+", text, re.ASCII)
        raise Unreadable("a comma in a number; write 1.5, not 1,5, and 1234, not 1,234" if comma else "not a number")
    value = float(text)
    if math.isinf(value):
        raise Unreadable("infinite")
    return value


def name_of(value: object) -> str:
    """Return the name that a text, or a whole number, gives to a series.

    Raises
    ------
    Unreadable
        If it is empty, missing, or neither.

    Examples
    --------
    >>> name_of(" requests "), name_of(7), name_of(7.0)
    ('requests', '7', '7')
    """
    if is_missing(value):
        raise Unreadable("missing")
    if isinstance(value, str):
        if not value.strip():
            raise Unreadable("empty")
        return str(value).strip()
    if _is_number(value) and value not in _INFINITE and value == int(value):
        return str(int(value))  # a column of whole numbers with a gap comes as floats
    raise Unreadable(f"{type(value).__name__}, neither a text nor a whole number")


def is_missing(value: object) -> bool:
    """Return whether a value is None, NaN, NaT or NA."""
    if isinstance(value, Decimal):
        return value.is_nan()
    if value is None or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return True
    return isinstance(value, Real) and bool(value != value)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def _short(cell: str) -> str:
    text = cell.strip()
    if len(text) > LONGEST_CELL:
        raise Unreadable(f"{len(text):,} characters, too long for a number")
    return text
