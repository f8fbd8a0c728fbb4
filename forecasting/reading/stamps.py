"""The months that texts and dates name: one closed grammar, in which everything that is written is used or refused.

A monthly series is stamped with the start or the end of each month, in local time.  Software that stores such stamps in UTC,
or drops the zone, moves them across the edge of the month: midnight of 1 January in Kyiv is 22:00 of 31 December in UTC, and
the last second of December in New York is 04:59:59 of 1 January.  Zones reach from UTC-12 to UTC+14, so a stamp that may have
been moved is one from 10:00 on the last day of a month, or before noon on its first day.  It is refused; what remains names
the month of its date in every zone:

- midnight (and the last minute of a last day), which no zone makes of the midnight of another;
- any other time further from the edge of the month than zones reach.
"""

from __future__ import annotations

import datetime as dt
import re
from calendar import monthrange
from functools import lru_cache

import numpy as np

from forecasting.errors import InvalidInput

LONGEST_STAMP = 40
_YEARS = range(1000, 3000)
_REMEDY = "write it as YYYY-MM, for example 2023-09"

_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(
    r"(?:T| |, )(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<zone>Z|UTC|GMT|(?P<sign>[-+])(?P<hours>\d{2}):?(?P<minutes>\d{2})?)?",
    re.ASCII,
)
_DATE = re.compile(
    r"(?P<a>\d+|[A-Za-z]+)(?P<s>[-/. ]|, |\. )(?P<b>\d+|[A-Za-z]+)(?:(?P<t>[-/. ]|, |\. )(?P<c>\d+|[A-Za-z]+))?",
    re.ASCII,
)
_COMPACT = re.compile(r"(\d{4})(?:(\d{2})(\d{2})|[Mm](\d{1,2}))", re.ASCII)

_FULL = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_NAMES = {name[:length]: number for number, name in enumerate(_FULL, 1) for length in (3, len(name))} | {"sept": 9}

# Which parts are year, month and day, by what the parts are: Y a year, n a number of one or two digits, N a name.
_SHAPES = {
    "Yn": (0, 1, None),
    "nY": (1, 0, None),
    "YN": (0, 1, None),
    "NY": (1, 0, None),
    "Ynn": (0, 1, 2),
    "nnY": (2, 1, 0),
    "YNn": (0, 1, 2),
    "nNY": (2, 1, 0),
    "NnY": (2, 0, 1),
}


def month_number(stamp: object, *, zone: dt.tzinfo | None = None) -> int:
    """Return the month that a text or a date names, as the number of months since January 1970.

    Parameters
    ----------
    stamp : str, date, datetime or datetime64
        Texts are ISO 8601 (``2023-09``, ``2023-09-30``, with or without a time and an offset), ``20230930``, ``2023M09``,
        ``09/2023``, ``30.9.2023``, ``Sep 2023``, ``30 September 2023`` and the like.
    zone : tzinfo, optional
        Time zone in which the months began; stamps with a zone or an offset are converted to it first.

    Raises
    ------
    InvalidInput
        If the stamp does not name one month for certain; the message says why and what to write.

    Examples
    --------
    >>> month_number("1970-03-31"), month_number("Mar 1970"), month_number("1969-12-01T00:00:00Z")
    (2, 2, -1)
    >>> month_number("2023-12-31T22:00:00Z")
    Traceback (most recent call last):
        ...
    forecasting.errors.InvalidInput: '2023-12-31T22:00:00Z' may be the start or the end of a month in another time zone;
    convert it to local time first, or write the month alone, for example 2023-09
    """
    if isinstance(stamp, str):
        return _month_of_text(stamp, zone)
    if isinstance(stamp, np.datetime64):
        return _month_of(_moment(stamp), stamp, zone)
    if isinstance(stamp, dt.date) and stamp == stamp:  # NaT of pandas is a date that differs from itself
        return _month_of(stamp, stamp, zone)
    raise InvalidInput(f"{_shown(stamp)} is not a month; {_REMEDY}")


def read_day(value: object, what: str = "") -> dt.date:
    """Return a day written as YYYY-MM-DD, or the day of a date or local time; `what` opens the message of the error.

    Raises
    ------
    InvalidInput
        If it is neither, or a time with a zone that is not midnight there: nobody knows whose day is meant.

    Examples
    --------
    >>> read_day("2023-12-05")
    datetime.date(2023, 12, 5)
    """
    day: object = value
    try:
        if isinstance(value, str) and _DAY.fullmatch(value.strip()[: LONGEST_STAMP + 1]):
            day = dt.date.fromisoformat(value.strip())
        elif isinstance(value, np.datetime64):
            day = _moment(value)
    except ValueError:
        pass
    if isinstance(day, dt.datetime) and day == day:
        if day.tzinfo is not None and day.time() != dt.time():
            raise InvalidInput(
                f"{what}{_shown(value)} may be another day in another time zone; convert it to local time and pass its .date()"
            )
        return day.date()
    if isinstance(day, dt.date) and day == day:
        return day
    raise InvalidInput(f"{what}{_shown(value)} is not a day; write it as YYYY-MM-DD, for example 2023-12-05")


@lru_cache(maxsize=8192)  # the same months stand in every series of a table
def _month_of_text(text: str, zone: dt.tzinfo | None) -> int:
    shown = _shown(text)
    if len(text) > LONGEST_STAMP:
        raise InvalidInput(f"{shown} is not a month: it has {len(text):,} characters; {_REMEDY}")
    found = _ISO.fullmatch(text.strip())
    if found:
        return _month_of(_date(int(found[1]), int(found[2]), int(found[3] or 1), shown), text, zone)
    return _month_of(_parsed(text.strip(), shown), text, zone)


def _parsed(text: str, shown: str) -> dt.date:
    """Return the date or the moment of a text that is not a plain ISO date; the first of the month if it has no day."""
    compact = _COMPACT.match(text)
    found = compact or _DATE.match(text)
    if found is None:
        raise InvalidInput(f"{shown} is not a month; {_REMEDY}")
    if compact:
        year, month, day = int(compact[1]), int(compact[2] or compact[4]), int(compact[3]) if compact[3] else None
    else:
        year, month, day = _ordered(found, shown)
    rest = text[found.end() :]
    date = _date(year, month, day or 1, shown)
    if not rest:
        return date
    time = _TIME.fullmatch(rest)
    if time is None or day is None:
        raise InvalidInput(f"{shown} is not a month: {_shown(rest)} cannot be read; {_REMEDY}")
    return _timed(date, time, shown)


def _ordered(found: re.Match[str], shown: str) -> tuple[int, int, int | None]:
    """Return year, month and day of the parts of a date, whatever their order."""
    parts = [part for part in found.group("a", "b", "c") if part is not None]
    kinds = "".join(_kind(part) for part in parts)
    separators = {found["s"], found["t"]} - {None}
    if "N" not in kinds and (len(separators) > 1 or any(len(mark) > 1 for mark in separators)):
        raise InvalidInput(f"{shown} is not a month; {_REMEDY}")
    if "Y" not in kinds:
        raise InvalidInput(f"{shown} has no year of four digits; {_REMEDY}")
    if kinds not in _SHAPES:
        raise InvalidInput(f"{shown} is not a month; {_REMEDY}")
    if kinds == "nnY" and parts[0] != parts[1] and max(int(parts[0]), int(parts[1])) <= 12:
        raise InvalidInput(f"{shown} may have the day or the month first; {_REMEDY}")
    if kinds == "Yn" and found["s"] == ".":
        raise InvalidInput(f"{shown} may be a number that lost a zero; {_REMEDY}")
    year, month, day = _SHAPES[kinds]
    if kinds == "nnY" and int(parts[1]) > 12:
        month, day = 0, 1
    number = _NAMES[parts[month].lower()] if _kind(parts[month]) == "N" else int(parts[month])
    return int(parts[year]), number, None if day is None else int(parts[day])


def _kind(part: str) -> str:
    if part.isdigit():
        return {1: "n", 2: "n", 4: "Y"}.get(len(part), "?")
    return "N" if part.lower() in _NAMES else "?"


def _timed(date: dt.date, time: re.Match[str], shown: str) -> dt.datetime:
    micro = int((time["fraction"] or "0").ljust(6, "0")[:6])
    try:
        offset = None
        if time["sign"]:
            away = dt.timedelta(hours=int(time["hours"]), minutes=int(time["minutes"] or 0))
            offset = dt.timezone(away if time["sign"] == "+" else -away)
        elif time["zone"]:
            offset = dt.UTC
        clock = dt.time(int(time["hour"]), int(time["minute"]), int(time["second"] or 0), micro, offset)
    except ValueError as error:
        raise InvalidInput(f"{shown} is not a month: {error}; {_REMEDY}") from None
    return dt.datetime.combine(date, clock)


def _date(year: int, month: int, day: int, shown: str) -> dt.date:
    if year not in _YEARS:
        raise InvalidInput(f"{shown} is not a month: the year is not from {_YEARS[0]} to {_YEARS[-1]}; {_REMEDY}")
    try:
        return dt.date(year, month, day)
    except ValueError as error:
        raise InvalidInput(f"{shown} is not a month: {error}; {_REMEDY}") from None


def _moment(stamp: np.datetime64) -> dt.date:
    unit = np.datetime_data(stamp.dtype)[0]
    moment = None if unit in ("Y", "W", "generic") else stamp.astype("datetime64[us]").item()
    if not isinstance(moment, dt.date):  # a year or a week, not a time, or out of the range of dates
        raise InvalidInput(f"{stamp!r} is not a month; {_REMEDY}")
    return moment


def _month_of(day: dt.date, stamp: object, zone: dt.tzinfo | None) -> int:
    if isinstance(day, dt.datetime):
        if zone is not None and day.tzinfo is not None:
            day = day.astimezone(zone)
        if _may_have_moved(day):
            raise InvalidInput(
                f"{_shown(stamp)} may be the start or the end of a month in another time zone; convert it to local time first, "
                "or write the month alone, for example 2023-09"
            )
    return 12 * (day.year - 1970) + day.month - 1


def _may_have_moved(moment: dt.datetime) -> bool:
    """Return whether a change of zone could have moved the moment across the edge of its month."""
    clock = moment.time()
    if moment.day == 1:
        return dt.time(0) < clock < dt.time(12)
    last = moment.day == monthrange(moment.year, moment.month)[1]
    return last and dt.time(10) <= clock < dt.time(23, 59)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST_STAMP + 2 else f"{text[:LONGEST_STAMP]}..."
