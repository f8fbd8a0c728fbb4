"""Random small systems of every kind of fact, and what they say by listing every vector of counts: slow, obvious, independent.

A fact is read here from its cells as a person reads them, never through the constraints of the library.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import feasible
from forecasting.evidence import Fact, Ledger, Reading, Source
from forecasting.evidence.compilation import compiled

SERIES = "simulated"
SOURCE = Source(source_id="S1", publisher="A paper", title="A title", date="2025-01-15")
MONTHS = pd.period_range("2019-01", "2024-12", freq="M")
_NUMBER = {str(month): t for t, month in enumerate(MONTHS)}
PUBLISHED = "2025-01-15"

Cells = dict[str, str]
Counts = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class System:
    """Facts about a few months, and how they are used.

    Attributes
    ----------
    facts : tuple of dict
        Cells of each fact.
    changes : dict
        Cells that the reading "other" fills in differently, by fact.
    read : bool
        Whether that reading is switched on.
    without : tuple of str
        Facts that are left out.
    far : int
        Largest count of a month that is listed; where no fact limits the months, one that is next to impossible.
    capped : bool
        Whether facts limit every month to `far`, so that the listing is complete.
    """

    facts: tuple[Cells, ...]
    changes: Mapping[str, Cells]
    read: bool
    without: tuple[str, ...]
    far: int
    capped: bool

    @property
    def ledger(self) -> Ledger:
        """The facts as a ledger."""
        readings = [
            Reading(reading="other", series=SERIES, fact_id=name, column=column, value=value or None)
            for name, cells in self.changes.items()
            for column, value in cells.items()
        ]
        return Ledger(tuple(Fact.model_validate(filled(cells)) for cells in self.facts), (SOURCE,), tuple(readings))

    @property
    def options(self) -> dict[str, object]:
        """Arguments of `Ledger.evidence`."""
        return {"without": self.without, "reading": "other" if self.changes and self.read else None}

    def playing(self, *uses: str) -> dict[str, Cells]:
        """Return the facts that count as one of these uses, as they are read."""
        later = {cells["supersedes"] for cells in self.facts if cells.get("supersedes")}
        return {
            name: cells | (self.changes.get(name, {}) if self.read else {})
            for name, cells in ((cells["fact_id"], cells) for cells in self.facts)
            if name not in later and name not in self.without and cells["use"] in uses
        }


def filled(cells: Cells) -> Cells:
    """Return the cells that say something."""
    return {column: cell for column, cell in cells.items() if cell != ""}


def mentioned(facts: Mapping[str, Cells]) -> list[int]:
    """Return the numbers of the months that facts are about."""
    return [t for cells in facts.values() for t in (*_window(cells), *_compared(cells))]


def grid(months: int, far: int) -> Counts:
    """Return all vectors of counts up to `far`, ``[months, N]``."""
    return np.indices((far + 1,) * months, dtype=np.int64).reshape(months, -1)


def listed(system: System) -> tuple[pd.PeriodIndex, Counts]:
    """Return the months that the data mention and all vectors of their counts up to the largest, ``[months, N]``."""
    numbers = mentioned(system.playing("data"))
    months = MONTHS[min(numbers) : max(numbers) + 1]
    return months, grid(len(months), system.far)


def holds(cells: Cells, vectors: Counts, first: int = 0) -> Bools:
    """Return which vectors ``[months, N]`` a fact allows; `first` is the number of their first month."""

    def count(t: int) -> Counts:
        return vectors[t - first] if 0 <= t - first < len(vectors) else np.zeros(vectors.shape[1], dtype=np.int64)

    window, against = _window(cells), _compared(cells)
    total = sum(count(t) for t in window)
    low, high = (Fraction(cells[end]) if cells.get(end) else None for end in ("low", "high"))
    match cells["kind"]:
        case "count" | "total":
            return np.asarray(total == int(cells["value"]))
        case "bound" | "rounded":
            return np.asarray((total >= int(low or 0)) & (total <= (10**12 if high is None else int(high))))
        case "order":
            ahead = cells["relation"] in ("highest", "above")
            own = window[0]
            others = [count(t) for t in against if t != own]
            return np.all([count(own) > one if ahead else count(own) < one for one in others], axis=0)
    whole = sum(count(t) for t in against)
    allowed = np.ones(vectors.shape[1], dtype=np.bool_)
    if low is not None:
        allowed &= total * low.denominator >= whole * low.numerator
    if high is not None:
        allowed &= total * high.denominator <= whole * high.numerator
    return allowed


def smallest(facts: Mapping[str, Cells], months: pd.PeriodIndex, vectors: Counts) -> int | None:
    """Return the least number of facts that no counts satisfy together, by trying all; None if all hold together.

    A vector on the grid shows that facts hold together; where there is none, and the facts tried do not limit every month to
    the grid, an integer programme looks beyond it.
    """
    first = MONTHS.get_loc(months[0])
    allowed = {name: holds(cells, vectors, first) for name, cells in facts.items()}
    if np.all(list(allowed.values()), axis=0).any():
        return None
    span = MONTHS[: max(mentioned(facts)) + 1]
    rows = {name: compiled([Fact.model_validate(filled(cells))], span) for name, cells in facts.items()}

    def hold(names: Iterable[str]) -> bool:
        return bool(np.all([allowed[name] for name in names], axis=0).any()) or feasible(
            [row for name in names for row in rows[name]], len(span)
        )

    if hold(facts):
        return None
    return next(n for n in range(1, len(facts) + 1) if not all(hold(some) for some in combinations(facts, n)))


def _window(cells: Cells) -> list[int]:
    return list(range(_NUMBER[cells["start"]], _NUMBER[cells["end"]] + 1))


def _compared(cells: Cells) -> list[int]:
    named = cells.get("against", "")
    ends = named.split("..")
    if len(ends) == 2:
        return _window({"start": ends[0], "end": ends[1]})
    return [_NUMBER[month] for month in named.split(",") if month]


class Writer:
    """Writes random facts around hidden counts `y`; each is true of them unless its numbers are shifted.

    Parameters
    ----------
    y : ndarray
        Counts of the first months.
    rng : numpy.random.Generator
        Source of randomness.
    wrong : float
        Probability that a number is shifted by a few.
    """

    def __init__(self, y: Counts, rng: np.random.Generator, wrong: float) -> None:
        self.y, self.rng, self.wrong = y, rng, wrong
        self.facts: list[Cells] = []

    def add(self, kind: str, window: tuple[int, int], **cells: str) -> Cells:
        """Write a fact down and return it."""
        name = f"F{len(self.facts) + 1:02d}"
        start, end = (str(MONTHS[t]) for t in window)
        common = {"fact_id": name, "series": SERIES, "unit": "things", "source_id": "S1", "use": "data"}
        self.facts.append(common | {"kind": kind, "start": start, "end": end, "published": PUBLISHED} | cells)
        return self.facts[-1]

    def window(self) -> tuple[int, int]:
        first = int(self.rng.integers(0, len(self.y)))
        return first, int(self.rng.integers(first, len(self.y)))

    def total(self, window: tuple[int, int]) -> int:
        """Return the sum of a window, or a number near it."""
        shift = int(self.rng.integers(-3, 4)) if self.rng.random() < self.wrong else 0
        return max(int(self.y[window[0] : window[1] + 1].sum()) + shift, 0)

    def count(self) -> None:
        t = int(self.rng.integers(0, len(self.y)))
        self.add("count", (t, t), value=str(self.total((t, t))))

    def whole(self) -> None:
        window = self.window()
        self.add("total", window, value=str(self.total(window)))

    def at_least(self) -> None:
        window = self.window()
        self.add("bound", window, low=str(max(self.total(window) - int(self.rng.integers(0, 3)), 0)))

    def at_most(self) -> None:
        window = self.window()
        self.add("bound", window, high=str(self.total(window) + int(self.rng.integers(0, 3))))

    def band(self) -> None:
        window = self.window()
        value, (below, above) = self.total(window), self.rng.integers(0, 4, 2).tolist()
        ends = {"low": str(max(value - below, 0)), "high": str(value + above)}
        if self.rng.random() < 0.5:
            self.add("bound", window, **ends)
        else:
            self.add("rounded", window, value=str(value), **ends)

    def record(self) -> None:
        """The highest or the lowest of a window or of a list, its own month named or not, now and then with its count."""
        high = self.rng.random() < 0.6
        months = self._several()
        values = self.y[months] if high else -self.y[months]
        best = months[int(np.argmax(values))] if self.rng.random() > self.wrong else int(self.rng.choice(months))
        others = months if self.rng.random() < 0.5 else [t for t in months if t != best]
        self.add("order", (best, best), relation="highest" if high else "lowest", against=_named(others))
        if self.rng.random() < 0.3:
            self.add("count", (best, best), value=str(self.total((best, best))))

    def comparison(self) -> None:
        """A month above or below some others."""
        months = self._several()
        own = int(self.rng.choice(months))
        up = self.rng.random() < 0.5
        others = [t for t in months if t != own and ((self.y[t] < self.y[own]) == up or self.rng.random() < self.wrong)]
        if others:
            self.add("order", (own, own), relation="above" if up else "below", against=_named(others))

    def ratio(self) -> None:
        """A ratio of two windows, apart, crossing or one inside the other: a share of a whole among them."""
        part, whole = self.window(), self.window()
        inside, outside = set(range(part[0], part[1] + 1)), set(range(whole[0], whole[1] + 1))
        if inside == outside:
            return
        sums = self.total(part), max(self.total(whole), 1)
        digits = int(self.rng.choice([1, 2, 3, 5, 10, 10_000]))
        down = Fraction(int(Fraction(*sums) * digits), digits)
        up = down + Fraction(1, digits)
        low, high = [(down, None), (None, up), (down, up)][int(self.rng.integers(0, 3))]
        if (inside < outside and low is not None and low > 1) or (outside < inside and high is not None and high < 1):
            return
        cells = {end: str(limit) for end, limit in (("low", low), ("high", high)) if limit is not None}
        self.add("ratio", part, against=f"{MONTHS[whole[0]]}..{MONTHS[whole[1]]}", **cells)

    def running(self) -> None:
        """Totals from one month on that grow; the last of them printed twice, and revised."""
        start = int(self.rng.integers(0, len(self.y)))
        ends = np.unique(self.rng.integers(start, len(self.y), 3)).tolist()
        for end in ends:
            first = self.add("total", (start, end), value=str(self.total((start, end))))
        if self.rng.random() < 0.6:
            first["value"] = str(int(first["value"]) + int(self.rng.integers(1, 4)))
            value = str(self.total((start, ends[-1])))
            self.add("total", (start, ends[-1]), value=value, supersedes=first["fact_id"])

    def _several(self) -> list[int]:
        if self.rng.random() < 0.5:
            first = int(self.rng.integers(0, len(self.y) - 1))
            return list(range(first, int(self.rng.integers(first + 1, len(self.y))) + 1))
        number = int(self.rng.integers(2, len(self.y) + 1))
        return sorted(self.rng.choice(len(self.y), number, replace=False).tolist())


def _named(months: list[int]) -> str:
    return ",".join(str(MONTHS[t]) for t in months)


KINDS: dict[str, Callable[[Writer], None]] = {
    "count": Writer.count,
    "total": Writer.whole,
    "at least": Writer.at_least,
    "at most": Writer.at_most,
    "band": Writer.band,
    "highest, lowest": Writer.record,
    "above, below": Writer.comparison,
    "ratio": Writer.ratio,
    "running totals": Writer.running,
}
_HIGHEST = {2: 9, 3: 9, 4: 7, 5: 5, 6: 4}
_FAR = {2: 60, 3: 30, 4: 14}


def random_system(size: int, capped: bool, rng: np.random.Generator) -> System:
    """Return a system over at most `size` months; without caps, months that nothing else limits go on for ever."""
    top = _HIGHEST[size] if capped else 3
    writer = Writer(rng.integers(0, top + 1, size), rng, wrong=0.6 if rng.random() < 0.5 else 0.0)
    if capped:
        for t in range(size):
            writer.add("bound", (t, t), high=str(top))
    wanted = len(writer.facts) + int(rng.integers(1, 7))
    while len(writer.facts) < wanted:
        list(KINDS.values())[int(rng.integers(0, len(KINDS)))](writer)
    facts = writer.facts
    for cells in facts[size if capped else 1 :]:
        if not cells.get("supersedes") and rng.random() < 0.1:
            cells["use"] = str(rng.choice(["check", "context"]))
    spare = [cells["fact_id"] for cells in facts[size if capped else 1 :] if rng.random() < 0.05]
    changes = dict(_another_reading(facts[size if capped else 0 :], rng))
    return System(tuple(facts), changes, rng.random() < 0.5, tuple(spare), top if capped else _FAR[size], capped)


def _another_reading(facts: list[Cells], rng: np.random.Generator) -> Iterator[tuple[str, Cells]]:
    """Yield now and then a total that may also be read as a lower limit, or a lower limit as the count itself."""
    for cells in facts:
        if rng.random() > 0.1 or cells.get("supersedes"):
            continue
        if cells["kind"] in ("count", "total"):
            yield cells["fact_id"], {"kind": "bound", "low": cells["value"], "value": ""}
        elif cells["kind"] == "bound" and cells.get("low") and not cells.get("high"):
            yield cells["fact_id"], {"kind": "total", "value": cells["low"], "low": ""}
