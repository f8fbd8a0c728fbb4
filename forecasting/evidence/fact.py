"""What a ledger is made of: facts as they were printed, their sources, and other readings of them.

Each field checks itself against the fields before it, so that every problem has a column.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Annotated, Any, Literal, Self, TypeAlias

import pandas as pd
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from forecasting.errors import InvalidLedger, Problem
from forecasting.evidence.traps import misleading
from forecasting.months import month_range, parse_months
from forecasting.reading import read_day
from forecasting.reading.cells import LARGEST_COUNT

_MONTH = r"[12][0-9]{3}-(?:0[1-9]|1[0-2])"
_AGAINST = re.compile(rf"{_MONTH}\s*(?:\.\.\s*{_MONTH}|(?:,\s*{_MONTH}\s*)*)")
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,18}|/\d{1,18})?", re.ASCII)
_THOUSAND = re.compile(r"\d{1,3}\.000", re.ASCII)


def _month(cell: object) -> pd.Period:
    if isinstance(cell, pd.Period):
        return cell
    if not re.fullmatch(_MONTH, str(cell)):
        raise ValueError(f"{cell!r} is not a month; write it as YYYY-MM, for example 2023-09")
    year, month = str(cell).split("-")
    return pd.Period(year=int(year), month=int(month), freq="M")


def _number(cell: object) -> Fraction | None:
    if cell is None or isinstance(cell, Fraction):
        return cell
    if not _NUMBER.fullmatch(str(cell)) or str(cell).endswith("/0"):
        raise ValueError(f"{cell!r} is no number; write digits only, for example 8000 or 1.885")
    if _THOUSAND.fullmatch(str(cell)):
        whole = str(cell).removesuffix(".000")
        raise ValueError(f"{cell!r} is {whole}000 where a dot separates thousands; write {whole}000, or {whole}")
    number = Fraction(str(cell))
    if number < 0:
        raise ValueError(f"{cell} is negative; counts and ratios start at 0")
    if number > LARGEST_COUNT:
        raise ValueError(f"{cell} is above {LARGEST_COUNT:,}, the largest value accepted")
    return number


def _date(cell: object) -> dt.date:
    return read_day(cell)


Text: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
Month: TypeAlias = Annotated[pd.Period, BeforeValidator(_month)]
Number: TypeAlias = Annotated[Fraction | None, BeforeValidator(_number)]
Date: TypeAlias = Annotated[dt.date, BeforeValidator(_date)]
Kind: TypeAlias = Literal["count", "total", "bound", "rounded", "order", "ratio"]
Relation: TypeAlias = Literal["highest", "lowest", "above", "below"]
Use: TypeAlias = Literal["data", "check", "context"]


def _explained(error: ValidationError) -> Iterator[tuple[str, str]]:
    for found in error.errors(include_url=False):
        column = str(next(iter(found["loc"]), ""))
        context = found.get("ctx", {})
        match found["type"]:
            case "missing":
                message = "is empty; it is always needed"
            case "value_error":
                message = str(context["error"])
            case "literal_error":
                message = f"{found['input']!r} is unknown; expected {context['expected']}"
            case _:
                message = f"{found['input']!r}: {found['msg']}"
        yield column, message


@contextmanager
def _told(row: type[BaseModel]) -> Iterator[None]:
    """Turn what pydantic finds wrong with a row into our error, which lists it by column."""
    try:
        yield
    except ValidationError as error:
        raise InvalidLedger(Problem(row.__name__, 0, *found) for found in _explained(error)) from None


_REREAD = {"reading": True}  # validation context of a fact whose cells a reading fills in


class _Row(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=True, defer_build=True
    )

    def __init__(self, **cells: Any) -> None:
        """Check the cells; `InvalidLedger` lists what is wrong with them."""
        with _told(type(self)):
            super().__init__(**cells)

    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined] # checked once, not from within the check

    @classmethod
    def model_validate(cls, obj: Any, **settings: Any) -> Self:
        """Return the row with these cells; `InvalidLedger` lists what is wrong with them."""
        with _told(cls):
            return super().model_validate(obj, **settings)

    @property
    def cells(self) -> dict[str, object]:
        """The fields as they go into a table: numbers as int or float, dates as Timestamp."""
        return {name: _cell(cell) for name, cell in self}


class Source(_Row):
    """Where facts were printed.

    Examples
    --------
    >>> import forecasting as fc
    >>> sources = {source.source_id: source for source in fc.load_ledger().origins}
    >>> sources["mt-2023-12-05"].publisher, str(sources["mt-2023-12-05"].date)
    ('The Moscow Times', '2023-12-05')
    """

    source_id: Text
    publisher: Text
    title: Text
    date: Annotated[dt.date | None, BeforeValidator(lambda cell: None if cell is None else _date(cell))] = None
    url: str | None = None
    language: str | None = None
    note: str | None = None


class Reading(_Row):
    """One cell of one fact that another reading of the same words would fill in differently."""

    reading: Text
    series: Text
    fact_id: Text
    column: Literal["kind", "start", "end", "value", "low", "high", "relation", "against", "unit", "use", "note"]
    value: str | None = None
    why: str | None = None


class Fact(_Row):
    """One statement about the counts of a series, as printed.

    Attributes
    ----------
    kind : {"count", "total", "bound", "rounded", "order", "ratio"}
        One month exactly; a sum exactly; a sum within limits; a rounded sum; an ordering of months; a ratio.
    start, end : Period
        First and last month of the window the fact is about.
    value, low, high : Fraction or None
        What was printed, and the inclusive limits within which the truth lies.
    relation, against : str or None
        For orderings and ratios: how the window compares, and with which months.
    use : {"data", "check", "context"}
        Whether it enters the likelihood, must only agree with what does, or is shown and never mixed in.

    Examples
    --------
    >>> import forecasting as fc
    >>> fact = next(fact for fact in fc.load_ledger().entries if fact.kind == "order")
    >>> str(fact.start), fact.relation, fact.against
    ('2023-10', 'highest', '2023-04..2023-11')
    """

    fact_id: Text
    series: Text
    kind: Kind
    start: Month
    end: Month
    value: Number = None
    low: Number = None
    high: Number = None
    relation: Relation | None = None
    against: str | None = None
    unit: Text
    source_id: Text
    locator: str | None = None
    published: Date
    supersedes: str | None = None
    use: Use
    note: str | None = None

    @field_validator("end")
    @classmethod
    def _window(cls, end: pd.Period, info: ValidationInfo) -> pd.Period:
        start, kind = info.data.get("start"), info.data.get("kind")
        if start is not None and end < start:
            raise ValueError(f"the window ends in {end}, before it starts in {start}")
        if start is not None and kind in ("count", "order") and end != start:
            raise ValueError(f"a fact of kind {kind} is about one month; end must equal start, {start}")
        return end

    @field_validator("value", "low", "high")
    @classmethod
    def _whole(cls, number: Fraction | None, info: ValidationInfo) -> Fraction | None:
        kind = info.data.get("kind")
        if number is not None and number.denominator != 1 and kind not in (None, "ratio"):
            raise ValueError(f"{float(number)} is not whole; only a ratio may be a fraction")
        needed = {"count": ["value"], "total": ["value"], "rounded": ["value", "low", "high"]}
        if number is None and info.field_name in needed.get(str(kind), []):
            raise ValueError(f"is empty; a fact of kind {kind} needs it")
        return number

    @field_validator("high")
    @classmethod
    def _limits(cls, high: Fraction | None, info: ValidationInfo) -> Fraction | None:
        if not {"kind", "value", "low"} <= info.data.keys():
            return high
        kind, value, low = (info.data[name] for name in ("kind", "value", "low"))
        if low is None and high is None and kind in ("bound", "ratio"):
            raise ValueError(f"is empty, and so is low; a fact of kind {kind} needs one of them")
        if low is not None and high is not None and low > high:
            raise ValueError(f"{_plain(high)} is below low, {_plain(low)}; swap them")
        inside = (low is None or value is None or low <= value) and (high is None or value is None or value <= high)
        if kind == "rounded" and not inside:
            raise ValueError(f"the printed value {_plain(value)} is outside low..high")
        return high

    @field_validator("relation")
    @classmethod
    def _related(cls, relation: str | None, info: ValidationInfo) -> str | None:
        kind = info.data.get("kind")
        if kind == "order" and relation is None:
            raise ValueError("is empty; an ordering is highest, lowest, above or below")
        if kind not in (None, "order") and relation is not None:
            raise ValueError(f"a fact of kind {kind} has no relation; leave it empty")
        return relation

    @field_validator("against")
    @classmethod
    def _compared(cls, against: str | None, info: ValidationInfo) -> str | None:
        kind, start = info.data.get("kind"), info.data.get("start")
        if kind is None:
            return against
        if (against is None) == (kind in ("order", "ratio")):
            raise ValueError(
                f"a fact of kind {kind} compares with nothing; leave it empty"
                if against
                else f"is empty; a fact of kind {kind} needs the months it compares with"
            )
        if against is None:
            return None
        if not _AGAINST.fullmatch(against):
            raise ValueError(f"{against!r} is neither a window YYYY-MM..YYYY-MM nor a list YYYY-MM,YYYY-MM")
        months = parse_months(against)
        if months.has_duplicates:
            raise ValueError(f"{against!r} names a month twice")
        if kind == "order" and start is not None:
            if list(months) == [start]:
                raise ValueError(f"compares {start} with itself only; name the other months")
            if info.data.get("relation") in ("above", "below") and start in months:
                raise ValueError(f"no month is above or below itself; leave out {start}")
        return against

    @field_validator("supersedes")
    @classmethod
    def _other(cls, supersedes: str | None, info: ValidationInfo) -> str | None:
        if supersedes is not None and supersedes == info.data.get("fact_id"):
            raise ValueError("a fact cannot supersede itself; name the earlier fact")
        return supersedes

    @field_validator("use")
    @classmethod
    def _believed(cls, use: str, info: ValidationInfo) -> str:
        needed = {"kind", "start", "end", "low", "high", "against", "published"}
        if use == "context" or info.context is _REREAD or not needed <= info.data.keys():
            return use
        against = info.data["against"]
        compared = parse_months(against) if against else pd.PeriodIndex([], freq="M")
        wrong = misleading(info.data, month_range(info.data["start"], info.data["end"]), compared)
        if wrong is not None:
            raise ValueError(f"is {use}, but the fact {wrong}")
        return use

    def reread(self, changes: Mapping[str, str | None]) -> Fact:
        """Return the fact with some cells filled in differently, and validated again.

        What would be a slip in a row can be meant in a reading: a count that was printed early may be read as complete.
        """
        return Fact.model_validate({**dict(self), **changes}, context=_REREAD)

    @property
    def months(self) -> pd.PeriodIndex:
        """The months the fact is about."""
        return month_range(self.start, self.end)

    @property
    def compared(self) -> pd.PeriodIndex:
        """The months it compares them with; empty for a sum."""
        return parse_months(self.against) if self.against else pd.PeriodIndex([], freq="M")

    @property
    def summary(self) -> str:
        """Identifier, window and printed value in one line.

        Examples
        --------
        >>> import forecasting as fc
        >>> fc.Fact.model_validate(
        ...     dict(fact_id="F2", series="s", kind="total", start="2023-06", end="2023-08", value="305")
        ...     | dict(unit="requests", source_id="S1", published="2023-12-05", use="data")
        ... ).summary
        'F2 (total, 2023-06..2023-08: 305)'
        """
        window = f"{self.start}" if self.start == self.end else f"{self.start}..{self.end}"
        return f"{self.fact_id} ({self.kind}, {window}: {self.statement})"

    @property
    def statement(self) -> str:
        """What is said about the window: ``577``, ``at least 1001``, ``highest of 2023-04..2023-11``."""
        if self.relation is not None:
            return (
                f"{self.relation} of {self.against}"
                if self.relation.endswith("est")
                else (f"{self.relation} {self.against}")
            )
        low, high = _written(self.low), _written(self.high)
        limits = {
            (True, True): f"{low} to {high}",
            (True, False): f"at least {low}",
            (False, True): f"at most {high}",
            (False, False): "",
        }[self.low is not None, self.high is not None]
        said = ", ".join(part for part in (None if self.value is None else str(_plain(self.value)), limits) if part)
        return f"{said} times {self.against}" if self.against else said


def _cell(value: object) -> object:
    if isinstance(value, Fraction):
        return _plain(value)
    return pd.Timestamp(value) if isinstance(value, dt.date) else value


def _plain(number: Fraction | None) -> int | float | None:
    if number is None:
        return None
    return int(number) if number.denominator == 1 else float(number)


def _written(number: Fraction | None) -> str:
    """Return a number without loss: whole, as a decimal, or as a fraction where no short decimal is it."""
    decimal = str(_plain(number))
    return decimal if number is None or Fraction(decimal) == number else str(number)
