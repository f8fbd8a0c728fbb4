"""Random systems of every kind of fact against listing every vector of counts; thousands more are a piece of the validation."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.validation import listing, systems
from benchmarks.validation.systems import MONTHS, grid, holds

SYSTEMS = 72  # over the number of months


@pytest.mark.parametrize("name", listing.CASES)
def test_the_library_says_what_the_listing_says(name: str) -> None:
    """Feasibility, smallest contradictory sets, ranges, log probability and draws."""
    case = listing.CASES[name]
    number = SYSTEMS // (case.months if case.capped else 4 * case.months)
    found = [listing.compared(case, np.random.default_rng((1, n)), estimate=False) for n in range(number)]
    assert not [(n, record["faults"]) for n, record in enumerate(found) if record["faults"]]
    assert sum(record["outcome"] == "consistent" for record in found) > number / 3
    assert min(record["p"] for record in found if "p" in record) > 1e-5


def test_estimates_are_within_their_errors() -> None:
    cases = list(listing.CASES.values())
    found = [listing.compared(cases[n % len(cases)], np.random.default_rng((2, n))) for n in range(16)]
    scores = np.array([record["score"] for record in found if "score" in record])
    assert len(scores) > 4
    assert np.abs(scores).max() < 4.0


def test_every_kind_of_fact_is_written() -> None:
    cells = [
        (fact["kind"], fact.get("relation"), "low" in fact, "high" in fact, "supersedes" in fact)
        for n in range(100)
        for fact in systems.random_system(4, False, np.random.default_rng((3, n))).facts
    ]
    assert {kind for kind, *_ in cells} == {"count", "total", "bound", "rounded", "order", "ratio"}
    assert {relation for _, relation, *_ in cells} == {"highest", "lowest", "above", "below", None}
    for kind in ("bound", "ratio"):
        assert {limits[1:3] for name, _, *limits in cells if name == kind for limits in [("", *limits)]} == {
            (True, False),
            (False, True),
            (True, True),
        }
    assert any(revised for *_, revised in cells)


@pytest.mark.parametrize(
    ("cells", "vector", "held"),
    [
        ({"kind": "order", "relation": "highest", "start": 1, "end": 1, "against": "0,1,2"}, (1, 2, 1), True),
        ({"kind": "order", "relation": "highest", "start": 1, "end": 1, "against": "0,1,2"}, (2, 2, 1), False),
        ({"kind": "order", "relation": "below", "start": 1, "end": 1, "against": "0"}, (2, 1, 0), True),
        ({"kind": "ratio", "start": 1, "end": 2, "against": "0", "low": "3/2"}, (2, 2, 1), True),
        ({"kind": "ratio", "start": 1, "end": 2, "against": "0", "high": "1.4"}, (2, 2, 1), False),
        ({"kind": "bound", "start": 0, "end": 2, "low": "5"}, (2, 2, 1), True),
        ({"kind": "rounded", "start": 0, "end": 1, "value": "10", "low": "5", "high": "14"}, (2, 2, 1), False),
    ],
)
def test_the_listing_reads_facts_as_a_person_does(
    cells: dict[str, object], vector: tuple[int, ...], held: bool
) -> None:
    words = {column: str(MONTHS[cell]) if isinstance(cell, int) else str(cell) for column, cell in cells.items()}
    if "against" in words:
        words["against"] = ",".join(str(MONTHS[int(t)]) for t in words["against"].split(","))
    assert holds(words, np.array(vector)[:, None])[0] == held
    assert holds(words, grid(3, 2)).sum() == sum(holds(words, one[:, None])[0] for one in grid(3, 2).T)
