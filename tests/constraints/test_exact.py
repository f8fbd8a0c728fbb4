"""Ratios whose numbers floating point cannot tell apart: exact answers, or an error that names the facts, within seconds."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

import numpy as np
import pytest

from forecasting.constraints import Constraints, Infeasible, Linear, feasible, programs
from forecasting.constraints.exact import endless_months, least_point
from forecasting.errors import ContradictoryFacts, TooLarge
from forecasting.evidence import Evidence
from tests.constraints.test_random_systems import compare
from tests.evidence.ledgers import SERIES, fact, ledger_of
from tests.likelihood import brute

HUGE = "1000000000"
SMALLEST_CIRCLE = [
    fact("up", "ratio", "2023-01", low=HUGE, against="2023-02"),
    fact("down", "ratio", "2023-02", low=HUGE, against="2023-01"),
]


def evidence(*facts: dict[str, str]) -> Evidence:
    return ledger_of(facts).evidence(SERIES)


@pytest.fixture(autouse=True)
def within_seconds() -> Iterator[None]:
    """A circle of such ratios did not end in ten minutes."""
    start = time.process_time()
    yield
    assert time.process_time() - start < 20.0


def test_random_systems_as_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every system goes through the exact programs, whatever its numbers."""
    monkeypatch.setattr(programs, "_PRECISE", 0)
    held = sum(compare(np.random.default_rng([77, seed])) for seed in range(300))
    assert held > 100


def test_ratios_in_a_circle_allow_nothing_but_zero() -> None:
    known = evidence(*SMALLEST_CIRCLE).constraints
    assert known.upper.tolist() == [0.0, 0.0]
    assert known.linear == ()


@pytest.mark.parametrize("low", [HUGE, "1.000000001", "999983/999979"])
@pytest.mark.parametrize("months", [2, 3, 5])
def test_something_in_a_circle_is_the_contradiction(low: str, months: int) -> None:
    ring = [
        fact(f"r{m}", "ratio", f"2023-{m:02d}", low=low, against=f"2023-{m % months + 1:02d}")
        for m in range(1, months + 1)
    ]
    something = fact("some", "bound", "2023-02", low="3")
    with pytest.raises(ContradictoryFacts) as error:
        evidence(*ring, something, fact("idle", "bound", "2022-12", high="5000"))
    assert set(error.value.facts) == {*(f"r{m}" for m in range(1, months + 1)), "some"}


def test_a_single_ratio_is_never_contradictory() -> None:
    """Two zeros satisfy it; a solver in floating point said that nothing does, and that the ratio alone is at fault."""
    narrow = fact("a", "ratio", "2023-01", low="999999999.999999999", high="999999999.999999999", against="2023-02")
    known = evidence(narrow).constraints
    assert known.lower.tolist() == [0, 0]
    assert np.isinf(known.upper).all()


@pytest.mark.parametrize("column", ["low", "high"])
def test_what_cannot_be_settled_names_its_facts(column: str) -> None:
    limits = {"low": "999983/1000003", "high": "999983/1000003"}
    both = [
        fact("one", "ratio", "2023-01", against="2023-02", **limits),
        fact("two", "ratio", "2023-03", against="2023-02", low="1000033/999979", high="1000033/999979"),
        fact("some", "bound", "2023-02", **{column: "1000000"}) | {"low": "1"},
    ]
    with pytest.raises((TooLarge, ContradictoryFacts), match=r"one.*two"):
        evidence(*both)


def test_a_month_past_all_counts_is_named_with_its_facts() -> None:
    chain = [fact(f"r{m}", "ratio", f"2023-0{m + 1}", low=HUGE, against=f"2023-0{m}") for m in (1, 2, 3)]
    with pytest.raises(TooLarge, match=r"r3 make 2023-04 at least 1e\+27"):
        evidence(*chain, fact("some", "bound", "2023-01", low="1"))


def test_endless_months_are_those_that_a_direction_moves() -> None:
    """y0 = 10^9 y1 grow together; y2 is limited by y3, which is not free to grow."""
    rows = [Linear((0, 1), (1, -(10**9)), 0, 0), Linear((2, 3), (1, -(10**9)), None, 0)]
    assert endless_months(rows, [0, 1, 2, 3], [math.inf, math.inf, math.inf, 7]) == {0, 1}


def test_rows_are_implied_exactly() -> None:
    """A third ratio that the first two imply is dropped; one that is tighter by 10^-9 of the count is not."""
    rows = [Linear.of({0: 1, 1: -(10**9)}, 0, None, ("a",)), Linear.of({1: 1, 2: -(10**9)}, 0, None, ("b",))]
    implied = Linear.of({0: 1, 2: -(10**18)}, 0, None, ("c",))
    tighter = Linear.of({0: 1, 2: -(10**18) - 1}, 0, None, ("c",))
    for third, kept in ((implied, 2), (tighter, 3)):
        assert len(Constraints.solve(brute.months(3), [*rows, third]).linear) == kept


def test_no_point_is_an_error_of_its_own() -> None:
    rows = [Linear((0, 1), (2, -4), 1, 1)]
    with pytest.raises(Infeasible):
        least_point(rows, [0, 1], [0, 0], [10, 10], {})
    assert not feasible([Linear((0, 1), (10**9, -(10**9) - 1), 1, 1), Linear((0, 1), (1, 1), None, 10)], 2)
