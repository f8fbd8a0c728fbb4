"""The ledger: a folder of facts and sources, validated as a whole, and what it said on any day."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from forecasting.display import as_html
from forecasting.errors import InvalidInput, InvalidLedger, Problem, UnknownSeries
from forecasting.evidence.evidence import Dossier, Evidence
from forecasting.evidence.fact import Fact, Reading, Source
from forecasting.evidence.links import broken_links
from forecasting.evidence.milestones import milestones
from forecasting.evidence.tables import FACTS, READINGS, SOURCES, read_table
from forecasting.months import MonthLike
from forecasting.reading import Unreadable, entries, read_day
from forecasting.reading.arguments import read_path

_SHOWN = ("fact_id", "series", "kind", "start", "end", "value", "low", "high", "use")

DateLike: TypeAlias = str | dt.date


def load_ledger(folder: str | PathLike[str] | None = None) -> Ledger:
    """Read the shipped ledger, or a folder with ``facts.csv``, ``sources.csv`` and, if any, ``readings.csv``.

    Parameters
    ----------
    folder : path, optional
        By default the ledger that comes with the library.

    Raises
    ------
    InvalidLedger
        If anything is wrong with the files; all problems are listed, with file, line and column.

    Examples
    --------
    >>> import forecasting as fc
    >>> ledger = fc.load_ledger()
    >>> [name for name in ledger.series if name.startswith("get_lost.helped")]
    ['get_lost.helped_desert_cum', 'get_lost.helped_from_front_cum']
    """
    if folder is not None:
        return _read(read_path(folder, "folder"))
    home = shipped_folder()
    return _shipped(home, tuple((home / name).stat().st_mtime_ns for name in (FACTS, SOURCES, READINGS)))


@lru_cache(maxsize=1)
def _shipped(home: Path, _changed: tuple[int, ...]) -> Ledger:
    """Read the shipped ledger once, and again when one of its files has changed."""
    return _read(home)


def _read(home: Path) -> Ledger:
    problems: list[Problem] = []
    facts = read_table(home / FACTS, Fact, problems)
    sources = read_table(home / SOURCES, Source, problems)
    readings = read_table(home / READINGS, Reading, problems) if (home / READINGS).exists() else []
    problems += broken_links(facts, sources, readings, broken={problem.file for problem in problems})
    if not facts and not problems:
        problems.append(Problem(FACTS, 0, "", "holds no facts; add a row below the header"))
    if problems:
        raise InvalidLedger(sorted(problems, key=lambda problem: (problem.file, problem.row)))
    return Ledger(
        tuple(line.row for line in facts),
        tuple(line.row for line in sources),
        tuple(line.row for line in readings),
    )


def shipped_folder() -> Path:
    """Return the folder of the shipped data: inside an installed package, beside it in a checkout."""
    package = Path(str(resources.files("forecasting")))
    installed = package / "_datasets"
    return installed if installed.is_dir() else package.parent / "datasets"


@dataclass(frozen=True, eq=False, repr=False)
class Ledger:
    """Facts, their sources and other readings of them, as known on one day.

    Attributes
    ----------
    entries : tuple of Fact
        In the order of the file.
    origins : tuple of Source
        Where they were printed.
    alternatives : tuple of Reading
        Cells that another reading fills in differently.
    vintage : date or None
        The day whose knowledge this is; None for all there is.

    Examples
    --------
    >>> import forecasting as fc
    >>> ledger = fc.load_ledger().as_of("2023-12-05")
    >>> ledger.facts[["fact_id", "kind", "start", "end", "value"]].head(2)
      fact_id   kind    start      end  value
    0    F001  total  2023-09  2023-11  577.0
    1    F002  total  2023-06  2023-08  305.0
    """

    entries: tuple[Fact, ...]
    origins: tuple[Source, ...]
    alternatives: tuple[Reading, ...] = ()
    vintage: dt.date | None = None

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the series, in the order of their first fact."""
        return tuple(dict.fromkeys(fact.series for fact in self.entries))

    @property
    def facts(self) -> pd.DataFrame:
        """One row a fact, with the columns of the file and `superseded_by`."""
        later = self._superseded_by
        columns = [*Fact.model_fields, "superseded_by"]
        rows = [fact.cells | {"superseded_by": later.get(fact.fact_id)} for fact in self.entries]
        return pd.DataFrame(rows, columns=columns)

    @property
    def sources(self) -> pd.DataFrame:
        """One row a source, with the columns of the file."""
        return _table(Source, self.origins)

    @property
    def readings(self) -> pd.DataFrame:
        """One row for each cell that an alternative reading changes, with the columns of the file.

        The reading ``milestone`` needs no row in the file: it reads every "more than K" with a round K as [K, K + step).
        """
        return _table(Reading, self._readings)

    def as_of(self, date: DateLike) -> Ledger:
        """Return the ledger as it could be known at the end of a day.

        Facts published later are gone, with their sources and readings; a fact is superseded only by one that
        was public.

        Parameters
        ----------
        date : str, date or Timestamp
            A day, as ``YYYY-MM-DD`` when it is text.

        Raises
        ------
        InvalidInput
            If `date` is not a day.

        Examples
        --------
        >>> import forecasting as fc
        >>> ledger = fc.load_ledger()
        >>> for day in ("2023-12-05", "2024-03-04"):  # January 2024 was published in March
        ...     print(day, ledger.as_of(day).evidence("get_lost.desertion_requests").months[-1])
        2023-12-05 2023-11
        2024-03-04 2024-01
        """
        day = read_day(date)
        if self.vintage is not None:
            day = min(day, self.vintage)
        visible = tuple(fact for fact in self.entries if fact.published <= day)
        identities = {fact.fact_id for fact in visible}
        printed_in = {fact.source_id for fact in visible}
        return Ledger(
            visible,
            tuple(source for source in self.origins if source.source_id in printed_in),
            tuple(reading for reading in self.alternatives if reading.fact_id in identities),
            day,
        )

    def evidence(
        self,
        series: str,
        *,
        start: MonthLike | None = None,
        end: MonthLike | None = None,
        without: str | Iterable[str] = (),
        reading: str | Iterable[str] | None = None,
    ) -> Evidence:
        """Return what the facts say about one series.

        Parameters
        ----------
        series : str
            One of `Ledger.series`.
        start, end : month, optional
            First and last month; by default every month that a fact used as data mentions.  Of the months
            outside, only exact counts enter, where they are part of a total.
        without : str or iterable of str
            Facts to leave out.
        reading : str or iterable of str, optional
            Alternative readings to switch on.

        Raises
        ------
        UnknownSeries
            If the ledger does not hold the series.
        InvalidInput
            If a fact or a reading is not known.
        InvalidWindow
            If no fact says anything about the window.
        ContradictoryFacts
            If the facts cannot hold together.

        Examples
        --------
        >>> import forecasting as fc
        >>> ledger = fc.load_ledger().as_of("2023-12-05")
        >>> ledger.evidence("get_lost.desertion_requests").sum_range("2023-04", "2023-05")
        (119, 271.0)
        """
        return Evidence.of(self.dossier(series, without=without, reading=reading), start, end)

    def dossier(
        self, series: str, *, without: str | Iterable[str] = (), reading: str | Iterable[str] | None = None
    ) -> Dossier:
        """Return the facts of one series and their roles, even where none is data or they contradict.

        Parameters and errors as in `evidence`.
        """
        if not isinstance(series, str):
            raise InvalidInput(f"series={series!r} must be the name of a series, a text")
        facts = [fact for fact in self.entries if fact.series == series]
        if not facts:
            raise UnknownSeries(self._no_such_series(series))
        left_out, switched_on = _names(without), _names(reading)
        _require(left_out, [fact.fact_id for fact in facts], f"fact of {series}")
        own = [one for one in self._readings if one.series == series]
        _require(switched_on, [one.reading for one in own], f"reading of {series}")
        later = self._superseded_by
        read = _reread(facts, [one for one in own if one.reading in switched_on])
        return Dossier(
            series=series,
            facts=read,
            sources={source.source_id: source for source in self.origins},
            roles={fact.fact_id: _role(fact, left_out, later) for fact in read},
            superseded_by=later,
            as_of=self.vintage,
            reading=switched_on,
        )

    @cached_property
    def _readings(self) -> tuple[Reading, ...]:
        return (*self.alternatives, *milestones(self.entries, self.alternatives))

    @property
    def _superseded_by(self) -> dict[str, str]:
        return {fact.supersedes: fact.fact_id for fact in self.entries if fact.supersedes is not None}

    def _no_such_series(self, series: str) -> str:
        when = "" if self.vintage is None else f" as of {self.vintage}"
        close = difflib.get_close_matches(str(series), self.series, cutoff=0.4)
        none = "no series" if self.vintage is None else "no series by that day; choose a later one"
        known = ", ".join(close or self.series) or none
        return f"no facts about {series!r}{when}; {'did you mean' if close else 'the ledger holds'} {known}"

    def __repr__(self) -> str:
        when = "" if self.vintage is None else f" as of {self.vintage}"
        return f"<Ledger of {len(self.entries)} facts about {len(self.series)} series{when}>"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.facts[list(_SHOWN)], max_rows=12)


def _table(model: type[Source | Reading], rows: Iterable[Source | Reading]) -> pd.DataFrame:
    return pd.DataFrame([row.cells for row in rows], columns=list(model.model_fields))


def _names(given: str | Iterable[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    if isinstance(given, str):
        return (given,)
    try:
        listed = entries(given)
    except Unreadable as error:
        raise InvalidInput(f"the list of names {error}") from None
    if not all(isinstance(name, str) for name in listed):
        raise InvalidInput(f"names are texts, such as 'F001', not {listed!r}")
    return tuple(dict.fromkeys(listed))


def _require(names: Iterable[str], known: Iterable[str], what: str) -> None:
    known = list(dict.fromkeys(known))
    for name in names:
        if name not in known:
            raise InvalidInput(f"{name!r} is not a {what}; known: {', '.join(known) or 'none'}")


def _role(fact: Fact, left_out: Iterable[str], superseded: Iterable[str]) -> str:
    if fact.fact_id in left_out:
        return "left out"
    return "superseded" if fact.fact_id in superseded else fact.use


def _reread(facts: Iterable[Fact], readings: Iterable[Reading]) -> tuple[Fact, ...]:
    changes: dict[str, dict[str, Reading]] = {}
    for one in readings:
        other = changes.setdefault(one.fact_id, {}).setdefault(one.column, one)
        if other.value != one.value:
            raise InvalidInput(
                f"the readings {other.reading} and {one.reading} disagree about {one.column} of "
                f"{one.fact_id}; switch on one of them"
            )
    try:
        return tuple(
            fact.reread({column: one.value for column, one in changes[fact.fact_id].items()})
            if fact.fact_id in changes
            else fact
            for fact in facts
        )
    except InvalidLedger as error:
        raise InvalidInput(
            "these readings do not go together: "
            + "; ".join(f"{found.column} {found.message}" for found in error.problems)
        ) from None
