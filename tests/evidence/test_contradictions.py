from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.constraints import Linear, feasible
from forecasting.errors import ContradictoryFacts
from forecasting.evidence.contradictions import smallest_conflict
from tests.evidence.ledgers import GET_LOST, SERIES, fact, ledger_of


def brute_force(rows: Mapping[str, Sequence[Linear]], size: int) -> int | None:
    """Return the least number of names that cannot hold together."""
    for count in range(len(rows) + 1):
        for names in itertools.combinations(rows, count):
            if not feasible([row for name in names for row in rows[name]], size):
                return count
    return None


@st.composite
def named_rows(draw: st.DrawFn) -> dict[str, list[Linear]]:
    rows: dict[str, list[Linear]] = {}
    for name in "abcdefg"[: draw(st.integers(1, 7))]:
        rows[name] = []
        for _ in range(draw(st.integers(1, 2))):
            positions = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3, unique=True))
            coefs = draw(st.lists(st.sampled_from([1, 1, -1]), min_size=len(positions), max_size=len(positions)))
            low = draw(st.integers(-3, 8))
            high = draw(st.none() | st.integers(low, low + 2))
            rows[name].append(Linear(tuple(positions), tuple(coefs), low, high))
    return rows


@settings(max_examples=80)
@given(named_rows())
def test_a_conflict_is_a_smallest_one(rows: dict[str, list[Linear]]) -> None:
    found = smallest_conflict(rows, 4)
    count = brute_force(rows, 4)
    assert (found is None) == (count is None)
    if found is not None:
        assert len(found) == count
        assert not feasible([row for name in found for row in rows[name]], 4)


def test_data_that_contradict_name_a_smallest_set_and_the_remedy() -> None:
    wrong = fact("wrong", "count", "2023-09", value="300")
    with pytest.raises(ContradictoryFacts, match=r"wrong \(count, 2023-09: 300\).*without=") as error:
        ledger_of([*GET_LOST, wrong]).evidence(SERIES)
    assert error.value.facts == ("october", "highest", "wrong")


def test_checks_must_agree_but_add_nothing() -> None:
    wrong = fact("wrong", "ratio", "2023-09", "2023-11", low="2", against="2023-06..2023-08", use="check")
    evidence = ledger_of([*GET_LOST, wrong]).evidence(SERIES)
    assert evidence.rows == ledger_of(GET_LOST).evidence(SERIES).rows
    with pytest.raises(ContradictoryFacts, match="use=check") as error:
        evidence.check()
    assert "wrong" in error.value.facts
    assert len(error.value.facts) == 3, "two ratios differ, and a third fact says that the counts are not zero"


def test_checks_beyond_the_window_are_checked_too() -> None:
    year = fact("year", "total", "2023-01", "2023-12", value="1000", use="check", published="2024-01-05")
    evidence = ledger_of([*GET_LOST, year]).evidence(SERIES)
    assert str(evidence.months[0]) == "2023-04"
    with pytest.raises(ContradictoryFacts) as error:
        evidence.check()
    assert set(error.value.facts) == {"year", "counselled"}


def test_leaving_out_one_of_them_is_a_remedy() -> None:
    wrong = fact("wrong", "count", "2023-09", value="300")
    ledger_of([*GET_LOST, wrong]).evidence(SERIES, without="wrong").check()


def test_ratios_in_a_circle_contradict_only_what_is_not_zero() -> None:
    absurd = [
        fact("a", "ratio", "2023-01", low="2", against="2023-02"),
        fact("b", "ratio", "2023-02", low="2", against="2023-01"),
        fact("c", "bound", "2023-01", low="1"),
    ]
    assert ledger_of(absurd[:2]).evidence(SERIES).sum_range("2023-01", "2023-02") == (0, 0)
    with pytest.raises(ContradictoryFacts) as error:
        ledger_of(absurd).evidence(SERIES)
    assert error.value.facts == ("a", "b", "c")


def test_the_circle_of_orderings_is_found_among_many_facts() -> None:
    counts = [fact(f"c{m:02d}", "bound", f"2023-{m:02d}", high="900") for m in range(1, 12)]
    circle = [
        fact("x", "order", "2023-03", relation="above", against="2023-05"),
        fact("y", "order", "2023-05", relation="above", against="2023-09"),
        fact("z", "order", "2023-09", relation="above", against="2023-03"),
    ]
    with pytest.raises(ContradictoryFacts) as error:
        ledger_of([*counts, *circle]).evidence(SERIES)
    assert set(error.value.facts) == {"x", "y", "z"}


QUARTERS = [("2023-01", "2023-03", 412), ("2023-04", "2023-06", 530), ("2023-07", "2023-09", 701)]


def quarters() -> list[dict[str, str]]:
    return [fact(f"q{k}", "total", start, end, value=str(n)) for k, (start, end, n) in enumerate(QUARTERS, 1)]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (fact("x", "total", "2023-04", "2023-06", value="548"), {"q2", "x"}),
        (fact("x", "bound", "2023-04", "2023-06", low="548"), {"q2", "x"}),
        (fact("x", "rounded", "2023-07", "2023-09", value="650", low="645", high="654"), {"q3", "x"}),
        (fact("x", "total", "2023-01", "2023-06", value="900"), {"q1", "q2", "x"}),
        (fact("x", "bound", "2023-01", "2023-09", high="1600"), {"q1", "q2", "q3", "x"}),
    ],
)
def test_totals_that_disagree_name_no_innocent_third(other: dict[str, str], named: set[str]) -> None:
    innocent = [fact("i", "bound", "2023-05", "2023-08", low="501"), fact("j", "count", "2023-10", value="250")]
    ledger = ledger_of([*innocent, *quarters(), other])
    with pytest.raises(ContradictoryFacts) as error:
        ledger.evidence(SERIES).ranges()
    assert set(error.value.facts) == named
    with pytest.raises(ContradictoryFacts):
        ledger.evidence(SERIES).sum_range("2023-04", "2023-05")
    with pytest.raises(ContradictoryFacts):
        ledger.evidence(SERIES).check()
