"""Does any honest ledger get an answer?  Ledgers as papers and offices write them, over 6 to 60 months.

Counts are simulated, and facts about them printed: months, quarters, years, running totals and their revisions, records with
and without their counts, rounded numbers, lower limits, shares.  Now and then a number is wrong.  Each model must give
parameters, months that satisfy every fact, and a forecast, or an error that names facts.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import forecasting as fc
from benchmarks.measuring import cpu_of_calls
from benchmarks.replications import Record, Study
from benchmarks.validation import systems
from benchmarks.validation.systems import MONTHS, SERIES, SOURCE, Counts, Writer, filled, holds
from forecasting.constraints import feasible
from forecasting.errors import ContradictoryFacts, ForecastingError, InvalidInput, NotIdentified
from forecasting.evidence import Fact, Ledger, compilation, contradictions
from forecasting.evidence.compilation import compiled

TITLE = "Ledgers of 6 to 60 months"
REPLICATIONS = 20
HORIZON = 6
STATED = 0.0071  # CPU seconds of a posterior of 60 complete months, on the machine for which budgets are stated
LATE = {"slow": 5.0, "late": 20.0}  # CPU seconds on that machine


class Case(NamedTuple):
    """Length of the ledger, and the mean of a month."""

    months: int
    level: float


CASES = {
    f"{months} months of {level:g}": Case(months, level) for months in (6, 12, 24, 36, 60) for level in (8, 60, 900)
}
MODELS: dict[str, Callable[[], Any]] = {
    "regression": lambda: fc.CountRegression(fc.Intercept() + fc.Trend()),
    "wandering level": fc.LocalLevel,
}


class Chronicle(Writer):
    """Writes what papers and offices print of monthly counts."""

    def sum_of(self, window: tuple[int, int]) -> int:
        return int(self.y[window[0] : window[1] + 1].sum())

    def exact(self, first: int, last: int) -> None:
        kind = "count" if first == last else "total"
        self.add(kind, (first, last), value=str(self.total((first, last))))

    def rounded(self, first: int, last: int) -> None:
        """A number rounded to ten, a hundred or a thousand."""
        value = self.total((first, last))
        unit = 10 ** max(len(str(value)) - 2, 1)
        middle = (value + unit // 2) // unit * unit
        ends = {"low": str(max(middle - unit // 2, 0)), "high": str(middle + unit // 2)}
        self.add("rounded", (first, last), value=str(middle), **ends)

    def more_than(self, first: int, last: int) -> None:
        """The largest round number that a sum is above."""
        value = self.total((first, last))
        unit = 10 ** max(len(str(value)) - 1, 1)
        self.add("bound", (first, last), low=str(value // unit * unit + 1 if value % unit else value))

    def fewer_than(self, first: int, last: int) -> None:
        value = self.total((first, last))
        unit = 10 ** max(len(str(value)) - 1, 1)
        self.add("bound", (first, last), high=str((value // unit + 1) * unit - 1))

    def extreme(self, first: int, last: int) -> None:
        """The highest or lowest month of a window, with its count or without."""
        high = bool(self.rng.random() < 0.7)
        values = self.y[first : last + 1] if high else -self.y[first : last + 1]
        best = first + int(np.argmax(values))
        if first == last or (values == values.max()).sum() > 1:
            return
        against = f"{MONTHS[first]}..{MONTHS[last]}"
        self.add("order", (best, best), relation="highest" if high else "lowest", against=against)
        if self.rng.random() < 0.4:
            self.exact(best, best)

    def against_the_month_before(self, first: int, last: int) -> None:
        if last > first and self.y[last] != self.y[last - 1]:
            relation = "above" if self.y[last] > self.y[last - 1] else "below"
            self.add("order", (last, last), relation=relation, against=str(MONTHS[last - 1]))

    def share(self, first: int, last: int) -> None:
        """That more than a half, a third, two thirds or three quarters of a sum came in its later part."""
        if last - first < 2:
            return
        middle = int(self.rng.integers(first + 1, last + 1))
        part, whole = self.sum_of((middle, last)), self.sum_of((first, last))
        for share in ("3/4", "2/3", "1/2", "1/3"):
            p, q = (int(number) for number in share.split("/"))
            if part * q > whole * p:
                self.add("ratio", (middle, last), low=share, against=f"{MONTHS[first]}..{MONTHS[last]}")
                return

    def growth(self, first: int, last: int) -> None:
        """How many times the sum of one window is that of the window before, to one digit after the point."""
        length = last - first + 1
        if first < length or not self.sum_of((first - length, first - 1)):
            return
        ratio = self.sum_of((first, last)) / self.sum_of((first - length, first - 1))
        low, high = (f"{max(round(ratio, 1) + shift, 0.0):.2f}" for shift in (-0.05, 0.05))
        self.add("ratio", (first, last), low=low, high=high, against=f"{MONTHS[first - length]}..{MONTHS[first - 1]}")

    def running_total(self, first: int, last: int) -> None:
        """Totals since one month at several dates; one of them revised later."""
        ends = np.unique(self.rng.integers(first, last + 1, 3)).tolist()
        for end in ends:
            self.exact(first, end)
        if self.rng.random() < 0.5:
            printed = self.facts[-1]
            value = printed["value"]
            printed["value"] = str(max(int(value) + int(self.rng.integers(-5, 6)), 0))
            window = first, ends[-1]
            self.add(printed["kind"], window, value=value, supersedes=printed["fact_id"])


SPANS = (1, 3, 6, 12)
HABITS: dict[Callable[[Chronicle, int, int], None], tuple[float, Sequence[int]]] = {
    Chronicle.exact: (3.0, SPANS),
    Chronicle.rounded: (1.0, SPANS),
    Chronicle.more_than: (1.5, (3, 5, 8, 12)),
    Chronicle.fewer_than: (0.3, SPANS),
    Chronicle.extreme: (1.5, (6, 12, 24)),
    Chronicle.against_the_month_before: (1.0, (2,)),
    Chronicle.share: (0.7, (6, 12)),
    Chronicle.growth: (0.7, (1, 3, 6)),
    Chronicle.running_total: (0.7, (6, 8, 12)),
}
"""What is printed, how often, and over how many months."""


def chronicle(case: Case, rng: np.random.Generator, wrong: float) -> list[dict[str, str]]:
    """Return facts about simulated counts; quarters or years are printed throughout in two ledgers of three."""
    t = np.arange(case.months)
    path = np.log(case.level) + rng.normal(0.0, 0.1) * 12 / case.months * t + rng.normal(0.0, 0.1, case.months).cumsum()
    path += (t >= rng.integers(0, 2 * case.months)) * rng.normal(0.0, 0.7)
    y = fc.NegativeBinomial().sample(np.exp(path), np.array(rng.choice([0.0, 0.02, 0.1])), rng=rng)
    writer = Chronicle(y, rng, wrong)
    throughout = int(rng.choice([0, 3, 12]))
    if throughout:
        for first in range(0, case.months - throughout + 1, throughout):
            writer.exact(first, first + throughout - 1)
    chances = np.array([weight for weight, _ in HABITS.values()])
    wanted = min(len(writer.facts) + int(rng.integers(4, 6 + case.months)), 60)
    while len(writer.facts) < wanted:
        habit, (_, lengths) = list(HABITS.items())[rng.choice(len(HABITS), p=chances / chances.sum())]
        length = min(int(rng.choice(lengths)), case.months)
        first = int(rng.integers(0, case.months - length + 1))
        if rng.random() < 0.7:  # windows of calendar quarters and years rather than any
            first = min(first // length * length, case.months - length)
        habit(writer, first, first + length - 1)
    return writer.facts[:60]


def ledger_of(facts: Sequence[dict[str, str]]) -> Ledger:
    return Ledger(tuple(Fact.model_validate(filled(cells)) for cells in facts), (SOURCE,), ())


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return how each model ended on one ledger, and how many of its answers took long."""
    rng = np.random.default_rng(seed)
    facts = chronicle(case, rng, wrong=0.05 if rng.random() < 0.2 else 0.0)
    return {"facts": len(facts)} | {
        name: answers(model(), facts, int(rng.integers(2**31))) for name, model in MODELS.items()
    }


def answers(model: Any, facts: Sequence[dict[str, str]], seed: int) -> Record:
    """Return how a model ended on a ledger: the ending, doubts that it told of, and whether an answer took long."""
    rng, clock = np.random.default_rng(seed), Clock()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            evidence = clock.time(lambda: _evidence(facts))
            fit = clock.time(lambda: _fit(model, evidence)) if hasattr(model, "fit") else ""
            posterior = clock.time(lambda: model.posterior(evidence, rng=rng))
            paths = clock.time(lambda: fc.reconstruct(posterior, rng=rng)).paths
            clock.time(lambda: posterior.forecast(HORIZON, rng=rng))
            inside = _all_hold(facts, paths, MONTHS.get_loc(evidence.months[0]))
            ending = fit or ("answered" if inside else "months outside the facts")
        except ContradictoryFacts as error:
            ending = "contradictory" if _irreducible(facts, error.facts) else "contradictory, facts named wrongly"
        except ForecastingError as error:
            ending = f"{type(error).__name__}: {error}"
    doubts = sorted({str(entry.message).partition(": ")[2] or str(entry.message) for entry in caught})
    return {"ending": ending, "doubts": doubts, "late": [name for name, limit in LATE.items() if clock.longest > limit]}


class Clock:
    """Takes the longest CPU time of calls, in seconds of the machine on which the budgets were stated."""

    def __init__(self) -> None:
        self.longest = 0.0

    def time(self, call: Callable[[], Any]) -> Any:
        """Return what a call returns."""
        start = time.process_time()
        try:
            return call()
        finally:
            self.longest = max(self.longest, (time.process_time() - start) * _scale())


@cache
def _scale() -> float:
    """Return by how much slower the stated machine is than this one, by the posterior of a complete series of 60 months."""
    series = fc.CountSeries(MONTHS[:60], np.random.default_rng(1).poisson(50.0, 60))
    model = fc.CountRegression(fc.Intercept() + fc.Trend())
    return STATED / statistics.median(cpu_of_calls(lambda: model.posterior(series, rng=1), 15))


def _evidence(facts: Sequence[dict[str, str]]) -> fc.Evidence:
    evidence = ledger_of(facts).evidence(SERIES)
    evidence.constraints  # noqa: B018 - computed on first use
    return evidence


def _fit(model: Any, evidence: fc.Evidence) -> str:
    """Return nothing if maximum likelihood ends in parameters or says why there are none; else what it ended in."""
    try:
        model.fit(evidence)
    except (NotIdentified, InvalidInput):
        return ""
    except ForecastingError as error:
        return f"fit, {type(error).__name__}: {error}"
    return ""


def _all_hold(facts: Sequence[dict[str, str]], paths: Counts, first: int) -> bool:
    replaced = {cells.get("supersedes") for cells in facts}
    return all(holds(cells, paths.T, first).all() for cells in facts if cells["fact_id"] not in replaced)


def _irreducible(facts: Sequence[dict[str, str]], named: Sequence[str]) -> bool:
    """Return whether the facts named contradict, and none of them is innocent."""
    rows = {
        cells["fact_id"]: compiled([Fact.model_validate(filled(cells))], MONTHS)
        for cells in facts
        if cells["fact_id"] in named
    }

    def hold(names: Sequence[str]) -> bool:
        return feasible([row for name in names for row in rows[name]], len(MONTHS))

    return bool(named) and not hold(named) and all(hold([n for n in named if n != innocent]) for innocent in named)


_READ = (Path(module.__file__) for module in (systems, compilation, contradictions))
STUDY = Study(CASES, replicate, Path(__file__), tuple(_READ))


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return by case and model how many ledgers ended in which way."""
    return {
        name: {"facts": int(np.median([record["facts"] for record in found]))}
        | {model: _summary([record[model] for record in found]) for model in MODELS}
        for name, found in records.items()
    }


def _summary(found: list[Record]) -> dict[str, Any]:
    return {
        "ledgers": len(found),
        "endings": dict(Counter(record["ending"] for record in found)),
        "doubtful": sum(bool(record["doubts"]) for record in found),
        "doubts": dict(Counter(doubt for record in found for doubt in record["doubts"])),
        "late": {name: sum(name in record["late"] for record in found) for name in LATE},
    }


def _others(entry: dict[str, Any]) -> dict[str, int]:
    return {
        ending: number for ending, number in entry["endings"].items() if ending not in ("answered", "contradictory")
    }


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return how many ledgers were answered in time, and how many ended in another way than they may."""
    entries = [case[model] for case in summary.values() for model in MODELS]
    return {
        "ledgers": sum(entry["ledgers"] for entry in entries) // len(MODELS),
        "answered": sum(entry["endings"].get("answered", 0) for entry in entries),
        "contradictory": sum(entry["endings"].get("contradictory", 0) for entry in entries),
        "ended otherwise": sum(sum(_others(entry).values()) for entry in entries),
        f"after {LATE['late']:g} s": sum(entry["late"]["late"] for entry in entries),
    }


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    lines = [
        f"# {TITLE}",
        "",
        "Counts are simulated over 6 to 60 months, with a level that wanders and may step, and at most 60 facts about them",
        "printed as papers and offices do: months, quarters, years, running totals and their revisions, records with and",
        'without their counts, rounded numbers, "more than", shares, growth. In one ledger of five some numbers are wrong.',
        "Two models (a regression with trend, and a level that wanders) give parameters, months and a forecast of",
        f"{HORIZON} months each.",
        "",
        "* **answered**: posterior, months and forecast; every draw of the months satisfies every fact.",
        "* **contradictory**: an error that names facts which contradict, none of them innocent.",
        "* **otherwise**: any other ending, listed below. `fit` may also say that the facts tell nothing of a parameter.",
        "* **doubtful**: with a warning, of k-hat or of few effective month vectors.",
        f"* **late**: an answer took more than {LATE['slow']:g} s, or more than {LATE['late']:g} s of CPU, where the",
        f"  posterior of a complete series of 60 months takes {1e3 * STATED:g} ms.",
        "",
        "| ledgers of | facts | model | ledgers | answered | contradictory | otherwise | doubtful | "
        + " | ".join(f"> {limit:g} s" for limit in LATE.values())
        + " |",
        "|---|---|---|" + "---|" * (5 + len(LATE)),
    ]
    ended: Counter[str] = Counter()
    for name, case in summary.items():
        for model in MODELS:
            entry = case[model]
            others = _others(entry)
            ended.update({f"{model}: {ending}": number for ending, number in others.items()})
            counts = [
                entry["ledgers"],
                *(entry["endings"].get(ending, 0) for ending in ("answered", "contradictory")),
                *(sum(others.values()), entry["doubtful"], *entry["late"].values()),
            ]
            lines.append(
                f"| {name} | {case['facts']} | {model} | " + " | ".join(str(number) for number in counts) + " |"
            )
    return [*lines, "", *(f"* {ending} ({number})" for ending, number in ended.items())]
