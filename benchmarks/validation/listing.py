"""Do facts say what they mean?  Thousands of random systems of every kind of fact, against listing every vector of counts.

Five things are compared for each: whether the facts can hold together, the smallest set that cannot, the ranges of months and
sums, the probability under a model by every strategy, and draws of the months.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.special import logsumexp
from scipy.stats import chi2

from benchmarks.replications import Record, Study
from benchmarks.validation import systems
from benchmarks.validation.systems import MONTHS, SERIES, Bools, Counts, System, holds, listed, random_system, smallest
from forecasting.constraints import Constraints, Linear
from forecasting.distributions import NegativeBinomial
from forecasting.errors import ContradictoryFacts, TooLarge
from forecasting.evidence import Evidence, compilation, contradictions
from forecasting.likelihood import FactLikelihood
from forecasting.likelihood.estimate import log_error

TITLE = "Random systems of facts against listing"
REPLICATIONS = 600
EXACT = 1e-8  # largest error of an exact log probability
DRAWS = 400
_LAW = NegativeBinomial()


class Case(NamedTuple):
    """How many months there are, and whether facts limit all of them."""

    months: int
    capped: bool


CASES = {f"{months} months": Case(months, True) for months in (2, 3, 4, 5, 6)} | {
    f"{months} months, unlimited": Case(months, False) for months in (2, 3, 4)
}


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return what differs between the library and the listing for one system, and how exact it was."""
    return compared(case, np.random.default_rng(seed))


def compared(case: Case, rng: np.random.Generator, *, estimate: bool = True) -> Record:
    """Return the same, with or without an estimate of the probability."""
    system = random_system(case.months, case.capped, rng)
    data = system.playing("data")
    if not data:
        return {"outcome": "nothing to use", "faults": []}
    months, grid = listed(system)
    first = MONTHS.get_loc(months[0])
    allowed = np.all([holds(cells, grid, first) for cells in data.values()], axis=0)
    least = smallest(data, months, grid)
    ledger = system.ledger
    try:
        evidence = ledger.evidence(SERIES, **system.options)
        known = evidence.constraints
    except ContradictoryFacts as error:
        return {"outcome": "contradictory", "size": len(error.facts), "faults": _named_wrongly(error, least)}
    if least is not None:
        return {"outcome": "contradictory", "faults": ["contradiction not found"]}
    if not allowed.any():
        return {"outcome": "beyond the listing", "faults": []}
    faults = [*_wrong_ranges(evidence, grid, allowed, system, rng), *_wrong_check(evidence, system)]
    mean = rng.uniform(0.3, 0.7 * system.far if case.capped else 1.5, len(months))
    alpha = float(rng.choice([0.0, 0.1, 1.0] if case.capped else [0.0, 0.1]))
    return {
        "outcome": "consistent",
        **_probabilities(known, grid, allowed, mean, alpha, faults, rng, estimate),
        "faults": faults,
    }


def _named_wrongly(error: ContradictoryFacts, least: int | None) -> list[str]:
    """Return what is wrong with a set of facts that is said to be a smallest contradictory one."""
    if least is None:
        return ["contradiction where there is none"]
    return [] if len(error.facts) == least else [f"{len(error.facts)} facts named, {least} contradict"]


def _wrong_check(evidence: Evidence, system: System) -> list[str]:
    """Return whether facts used as a check are found to agree, or to contradict, wrongly."""
    believed = system.playing("data", "check")
    if len(believed) == len(system.playing("data")):
        return []
    months = MONTHS[: max(systems.mentioned(believed)) + 1]
    if (system.far + 1) ** len(months) > 200_000:
        return []
    least = smallest(believed, months, systems.grid(len(months), system.far))
    try:
        evidence.check()
    except ContradictoryFacts as error:
        return _named_wrongly(error, least)
    return [] if least is None else ["a check that contradicts was not found"]


def _wrong_ranges(
    evidence: Evidence, grid: Counts, allowed: Bools, system: System, rng: np.random.Generator
) -> list[str]:
    """Return which ranges, of months and of a sum, are not those of the listed vectors, and whether the reduced system is."""
    known, vectors = evidence.constraints, grid[:, allowed]
    some = np.sort(rng.choice(len(grid), 2))
    sums = vectors[some[0] : some[1] + 1].sum(axis=0)
    total = evidence.sum_range(str(known.months[some[0]]), str(known.months[some[1]]))
    held = ((grid >= known.lower[:, None]) & (grid <= known.upper[:, None])).all(axis=0)
    for row in known.linear:
        held &= _satisfied(row, grid)
    faults = [] if (held == allowed).all() else ["reduced system"]
    low, high = vectors.min(axis=1), vectors.max(axis=1)
    if system.capped:
        exact = (known.lower == low).all() and (known.upper == high).all() and total == (sums.min(), sums.max())
        return faults + ([] if exact else ["ranges"])
    wide = (
        (known.lower <= low).all() and (known.upper >= high).all() and total[0] <= sums.min() <= sums.max() <= total[1]
    )
    return faults + ([] if wide else ["ranges"])


def _satisfied(row: Linear, grid: Counts) -> Bools:
    total = sum(coef * grid[i] for i, coef in row.terms.items())
    return np.asarray((row.low is None or total >= row.low) & (row.high is None or total <= row.high))


def _probabilities(
    known: Constraints,
    grid: Counts,
    allowed: Bools,
    mean: np.ndarray,
    alpha: float,
    faults: list[str],
    rng: np.random.Generator,
    estimate: bool,
) -> Record:
    """Return the errors of the log probability by every strategy, and how well draws fit; add what is wrong to `faults`."""
    logs = _LAW.logpmf(grid[:, allowed], mean[:, None], alpha).sum(axis=0)
    truth = float(logsumexp(logs))
    beyond = _LAW.log_interval(np.full(len(mean), grid.max() + 1), np.full(len(mean), np.inf), mean, alpha)
    untold = 0.0 if np.isfinite(known.upper).all() else float(np.exp(logsumexp(beyond) - truth))
    at = np.log(mean)[None], [np.array([alpha])], _LAW
    facts = FactLikelihood(known)
    record: Record = {"strategies": sorted({type(group).__name__ for group in facts.groups})}
    for name, likelihood in (("chosen", facts), ("exact", _exact(known))):
        if likelihood is None or likelihood.estimated:
            continue
        record[name] = abs(float(likelihood.log_likelihood(*at)[0]) - truth)
        if not record[name] <= EXACT + untold:
            faults.append(f"log probability, {name}: {record[name]:.2g}")
        record[name] = max(record[name] - untold, 0.0)
    if estimate and facts.groups:
        record |= _estimated(FactLikelihood(known, "estimate"), at, truth)
    return record | _drawn(facts, grid, allowed, np.exp(logs - truth), at, faults, rng)


def _estimated(facts: FactLikelihood, at: Any, truth: float) -> Record:
    """Return the standard error of an estimate, and how many of them it is from the truth."""
    log_mean, shape, law = at
    value = float(facts.log_likelihood(*at)[0])
    weights = [group.log_weights(np.exp(log_mean[:, list(group.months)]), shape, law) for group in facts.estimated]
    errors = [log_error(logs, group.number)[0] for logs, group in zip(weights, facts.estimated, strict=True)]
    error = float(np.linalg.norm(errors))
    return {"error": error, "score": (value - truth) / max(error, EXACT)}


def _exact(known: Constraints) -> FactLikelihood | None:
    try:
        return FactLikelihood(known, "exact")
    except TooLarge:
        return None


def _drawn(
    facts: FactLikelihood,
    grid: Counts,
    allowed: Bools,
    probability: np.ndarray,
    at: Any,
    faults: list[str],
    rng: np.random.Generator,
) -> Record:
    """Return how probable draws as uneven as these are, where they are exact; all must satisfy every fact."""
    log_mean, shape, law = at
    drawn = facts.sample(np.tile(log_mean, (DRAWS, 1)), [np.tile(s, DRAWS) for s in shape], law, rng=rng)
    far = int(grid.max())
    inside = (drawn <= far).all(axis=1)
    place = np.ravel_multi_index(tuple(drawn[inside].T), (far + 1,) * len(grid))
    if not allowed[place].all():
        faults.append("a draw outside the facts")
        return {}
    if facts.estimated:
        return {}
    seen = np.bincount((np.cumsum(allowed) - 1)[place], minlength=probability.size)
    expected = probability * DRAWS
    common = expected >= 5.0
    o, e = np.append(seen[common], seen[~common].sum()), np.append(expected[common], expected[~common].sum())
    o, e = o[e > 0.5], e[e > 0.5]
    if len(e) < 2:
        return {}
    return {"p": float(chi2.sf(np.sum((o - e) ** 2 / e), len(e) - 1))}


_READ = (Path(module.__file__) for module in (systems, compilation, contradictions))
STUDY = Study(CASES, replicate, Path(__file__), tuple(_READ))


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return how many systems there were by case, what differed, and how exact probabilities and draws were."""
    return {name: _summary(found) for name, found in records.items()}


def _summary(found: list[Record]) -> dict[str, Any]:
    def held(key: str) -> np.ndarray:
        return np.array([record[key] for record in found if key in record])

    scores, values = held("score"), held("p")
    return {
        "systems": len(found),
        "outcomes": dict(Counter(record["outcome"] for record in found)),
        "faults": [fault for record in found for fault in record["faults"]],
        "sizes": dict(Counter(str(record["size"]) for record in found if "size" in record)),
        "strategies": dict(Counter(name for record in found for name in record.get("strategies", ()))),
        "exact": float(max(held("chosen").max(initial=0.0), held("exact").max(initial=0.0))),
        "estimates": int(scores.size),
        "beyond 3": float((np.abs(scores) > 3.0).mean()) if scores.size else 0.0,
        "bias": float(scores.mean() * np.sqrt(scores.size) / max(scores.std(), 1e-12)) if scores.size else 0.0,
        "error": float(np.median(held("error"))) if scores.size else 0.0,
        "draws": int(values.size),
        "rare": int((values < 1e-3).sum()),
        "p": float(min(1.0, values.size * values.min())) if values.size else 1.0,
    }


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return how many systems were compared, and what differed anywhere."""
    return {
        "systems": sum(entry["systems"] for entry in summary.values()),
        "differences": sum(len(entry["faults"]) for entry in summary.values()),
        "largest error of an exact log probability": max(entry["exact"] for entry in summary.values()),
        "estimates beyond 3 standard errors": f"{_share_beyond(summary):.2%}",
    }


def _share_beyond(summary: dict[str, Any]) -> float:
    number = sum(entry["estimates"] for entry in summary.values())
    return sum(entry["beyond 3"] * entry["estimates"] for entry in summary.values()) / max(number, 1)


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    kinds = ", ".join(systems.KINDS)
    lines = [
        f"# {TITLE}",
        "",
        f"Random facts of every kind ({kinds}; cells that another reading fills in differently, facts left out, superseded or",
        "used only as a check among them) about a few months of small counts. What they say is found a second time by listing",
        "every vector of counts and reading each fact from its cells. Compared are: whether the facts can hold together; the",
        "number of facts in the set named, against trying all sets; the range of every month and of a sum; the log probability",
        f"under Poisson and negative binomial months; and {DRAWS} draws of the months, each of which must satisfy every fact.",
        "Where facts leave months unlimited the listing stops where the rest is next to impossible, and that rest is allowed",
        "for.",
        "",
        "* **differences**: systems in which any of the five differed; an exact log probability by more than "
        f"{EXACT:g}.",
        '* **exact**: the largest error of an exact log probability, by the strategy chosen and by `likelihood="exact"`.',
        '* **estimates**: every system is also estimated (`likelihood="estimate"`): the share of estimates more than 3 of',
        "  their standard errors from the truth, the mean error in its own standard errors, and the median standard error.",
        "* **draws**: systems whose draws were compared with their law by Pearson's chi-square (exact strategies), how many of",
        "  them gave p < 0.001 (rare), and the smallest p times their number.",
        "",
        "| case | systems | contradictory | differences | exact | estimates | beyond 3 | mean | error | draws | rare | p |",
        "|" + "---|" * 12,
    ]
    for name, entry in summary.items():
        cells = [
            entry["systems"],
            entry["outcomes"].get("contradictory", 0),
            len(entry["faults"]),
            f"{entry['exact']:.1e}",
            entry["estimates"],
            f"{entry['beyond 3']:.1%}",
            f"{entry['bias']:+.1f}",
            f"{entry['error']:.3f}",
            entry["draws"],
            entry["rare"],
            f"{entry['p']:.2g}",
        ]
        lines.append(f"| {name} | " + " | ".join(str(cell) for cell in cells) + " |")
    used = sum((Counter(entry["strategies"]) for entry in summary.values()), Counter())
    strategies = ", ".join(f"{name} in {number} systems" for name, number in sorted(used.items()))
    sizes = sum((Counter(entry["sizes"]) for entry in summary.values()), Counter())
    lines += [
        "",
        f"Strategies chosen: {strategies}. Facts in a smallest contradictory set: "
        + ", ".join(f"{size} ({number} times)" for size, number in sorted(sizes.items()))
        + ".",
    ]
    faults = Counter(fault for entry in summary.values() for fault in entry["faults"])
    return lines + [f"* {fault}: {number}" for fault, number in faults.items()]
