"""What the facts say about one series over a window of months."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from forecasting.constraints import Constraints, Infeasible, Linear
from forecasting.display import Drawable, as_html
from forecasting.errors import ContradictoryFacts, InvalidWindow
from forecasting.evidence.compilation import compiled, cut, span
from forecasting.evidence.contradictions import contradiction
from forecasting.evidence.fact import Fact, Source
from forecasting.months import MonthLike, month_range, to_month


@dataclass(frozen=True)
class Dossier:
    """Every visible fact of one series, and the part each plays.

    Attributes
    ----------
    series : str
        Name of the series.
    facts : tuple of Fact
        In the order of the ledger, readings applied.
    sources : mapping of str to Source
        By identifier.
    roles : mapping of str to str
        By fact: data, check, context, superseded or left out.
    superseded_by : mapping of str to str
        The later fact that replaces an earlier one.
    as_of : date or None
        The day whose knowledge this is; None for all there is.
    reading : tuple of str
        Names of the alternative readings that are switched on.
    """

    series: str
    facts: tuple[Fact, ...]
    sources: Mapping[str, Source]
    roles: Mapping[str, str]
    superseded_by: Mapping[str, str]
    as_of: dt.date | None
    reading: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """Every visible fact with its source, its `statement`, its `role` here and what supersedes it."""
        rows = []
        for fact in self.facts:
            source = self.sources[fact.source_id].model_dump()
            rows.append(
                fact.cells
                | {"statement": fact.statement, "role": self.roles[fact.fact_id]}
                | {"superseded_by": self.superseded_by.get(fact.fact_id)}
                | {"source_note" if name == "note" else name: cell for name, cell in source.items()}
            )
        return pd.DataFrame(rows)

    def playing(self, *roles: str) -> list[Fact]:
        """Return the facts that play one of these roles."""
        return [fact for fact in self.facts if self.roles[fact.fact_id] in roles]


@dataclass(frozen=True, eq=False, repr=False)
class Evidence(Drawable):
    """What the facts say about one series over consecutive months; made by `Ledger.evidence`.

    Attributes
    ----------
    dossier : Dossier
        The facts it rests on.
    months : pandas.PeriodIndex
        The T consecutive months.
    rows : tuple of Linear
        The facts as constraints on these months.

    Examples
    --------
    >>> import forecasting as fc
    >>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    >>> evidence.ranges()
             lower  upper   status
    month
    2023-04     55    174  bounded
    2023-05     55    174  bounded
    2023-06     54     54    exact
    2023-07     77    174  bounded
    2023-08     77    174  bounded
    2023-09    184    184    exact
    2023-10    218    218    exact
    2023-11    175    175    exact
    >>> evidence.sum_range("2023-06", "2023-08")
    (305, 305.0)
    """

    dossier: Dossier
    months: pd.PeriodIndex
    rows: tuple[Linear, ...]

    @classmethod
    def of(cls, dossier: Dossier, start: MonthLike | None, end: MonthLike | None) -> Evidence:
        """Return the evidence of a dossier from `start` to `end`; by default, every month its data mention.

        Raises
        ------
        InvalidWindow
            If no fact says anything about the window.
        ContradictoryFacts
            If the facts cannot hold together.
        """
        data = dossier.playing("data")
        if not data:
            raise InvalidWindow(
                f"{dossier.series} has no facts that can be used as data{_as_of(dossier.as_of)}; "
                "choose another series, a later date, or leave out fewer facts"
            )
        months = span(data)
        whole = cls(dossier, months, compiled(data, months))
        return whole._cut(months[0] if start is None else to_month(start), months[-1] if end is None else to_month(end))

    @property
    def series(self) -> str:
        """Name of the series."""
        return self.dossier.series

    @property
    def name(self) -> str:
        """Name of the series, as every observed series has it."""
        return self.dossier.series

    @property
    def as_of(self) -> dt.date | None:
        """The day whose knowledge this is; None for all there is."""
        return self.dossier.as_of

    @property
    def reading(self) -> tuple[str, ...]:
        """Names of the alternative readings that are switched on."""
        return self.dossier.reading

    @property
    def facts(self) -> pd.DataFrame:
        """Every visible fact of the series with its source and its `role` here, one row a fact.

        The role is ``data``, ``check`` or ``context``, or else ``superseded`` or ``left out``.
        """
        return self.dossier.table

    @cached_property
    def constraints(self) -> Constraints:
        """The tight range of each month and what ties the months together.

        Raises
        ------
        ContradictoryFacts
            If the facts cannot hold together; it names a smallest set that cannot.
        """
        try:
            return Constraints.solve(self.months, self.rows)
        except Infeasible:
            raise contradiction(self.dossier.playing("data")) or self._unsettled() from None

    def _unsettled(self) -> ContradictoryFacts:
        """Return the error for facts that contradict within these months alone, or that no solver narrows down."""
        involved = list(dict.fromkeys(fact for row in self.rows for fact in row.facts))
        return ContradictoryFacts(
            involved,
            f"these facts about {self.series} cannot hold together in {self.months[0]}..{self.months[-1]}: "
            f"{', '.join(involved)}; leave one out (without=[...])",
        )

    def ranges(self) -> pd.DataFrame:
        """Return what is known of each month: lower, upper (inclusive) and status.

        Returns
        -------
        DataFrame
            T rows by month; `upper` is missing where nothing limits the month from above; `status` is ``exact``, ``bounded``,
            or ``unknown`` where any count is possible.
        """
        known = self.constraints
        unlimited = np.isinf(known.upper)
        anything = (known.lower == 0) & unlimited
        return pd.DataFrame(
            {
                "lower": known.lower,
                "upper": pd.array(np.where(unlimited, np.nan, known.upper)).astype("Int64"),
                "status": np.select([known.exact, anything], ["exact", "unknown"], "bounded"),
            },
            index=self.months.rename("month"),
        )

    def check(self) -> None:
        """Make sure that all facts used as data or check, inside the window or not, can hold together.

        Raises
        ------
        ContradictoryFacts
            If they cannot; it names a smallest set that cannot.
        """
        found = contradiction(self.dossier.playing("data", "check"))
        if found is not None:
            raise found

    def sum_range(self, start: MonthLike, end: MonthLike) -> tuple[int, float]:
        """Return the smallest and the largest possible sum from `start` to `end`, both included.

        Raises
        ------
        InvalidWindow
            If the window leaves the months of the evidence.
        """
        window = month_range(start, end)
        if window[0] < self.months[0] or window[-1] > self.months[-1]:
            raise InvalidWindow(
                f"{window[0]}..{window[-1]} leaves the months known here, "
                f"{self.months[0]}..{self.months[-1]}; choose a window inside"
            )
        return self.constraints.sum_range(month.ordinal - self.months[0].ordinal for month in window)

    def until(self, month: MonthLike) -> Evidence:
        """Return what the facts say about the months up to and including `month` alone.

        Later months that are exact are taken out of the totals they are part of; totals that still cross, and
        every ordering or ratio with a later month, are dropped; ranges are computed from what is left.

        Raises
        ------
        InvalidWindow
            If nothing is left.

        Examples
        --------
        >>> import forecasting as fc
        >>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
        >>> print(evidence.until("2023-08").ranges())  # no later fact is used
                 lower  upper   status
        month
        2023-04     55   <NA>  bounded
        2023-05     55   <NA>  bounded
        2023-06     54     54    exact
        2023-07     55    196  bounded
        2023-08     55    196  bounded
        """
        return self._cut(self.months[0], min(to_month(month), self.months[-1]))

    def _cut(self, first: pd.Period, last: pd.Period) -> Evidence:
        known, origin = self.constraints, self.months[0].ordinal
        if (first, last) == (self.months[0], self.months[-1]):
            return self
        exact = {int(i): int(known.lower[i]) for i in np.flatnonzero(known.exact)}
        rows = cut(self.rows, range(first.ordinal - origin, last.ordinal - origin + 1), exact)
        if not rows:
            raise InvalidWindow(
                f"no fact about {self.series} says anything about {first}..{last} alone; "
                f"choose a window that facts cover, within {self.months[0]}..{self.months[-1]}"
            )
        return Evidence(self.dossier, month_range(first, last), rows)

    def __repr__(self) -> str:
        return f"<Evidence {self._headline}>"

    def _repr_html_(self) -> str:
        return as_html(self._headline, self.ranges())

    @property
    def _headline(self) -> str:
        counts = self.ranges()["status"].value_counts()
        status = ", ".join(f"{counts.get(name, 0)} {name}" for name in ("exact", "bounded", "unknown"))
        reading = f", reading {' and '.join(self.reading)}" if self.reading else ""
        return (
            f"{self.series}, {self.months[0]}..{self.months[-1]}: {status} months from "
            f"{len(self.dossier.playing('data'))} facts{_as_of(self.as_of)}{reading}"
        )


def _as_of(date: dt.date | None) -> str:
    return "" if date is None else f" as of {date}"
