from __future__ import annotations

import itertools
import math

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.errors import InvalidInput, InvalidWindow
from forecasting.evidence import Evidence, Fact, load_ledger
from forecasting.months import month_range
from tests.evidence.ledgers import GET_LOST, SERIES, fact, ledger_of


@pytest.fixture
def get_lost() -> Evidence:
    return ledger_of(GET_LOST).evidence(SERIES)


def ranges(evidence: Evidence) -> dict[str, tuple[float, float]]:
    table = evidence.ranges().astype({"upper": float}).fillna(math.inf)
    return {str(month)[-2:]: (row["lower"], row["upper"]) for month, row in table.iterrows()}


PRINTED = {
    **dict.fromkeys(["04", "05"], (55, 174)),
    **dict.fromkeys(["07", "08"], (77, 174)),
    **{"06": (54, 54), "09": (184, 184), "10": (218, 218), "11": (175, 175)},
}


@pytest.mark.parametrize("shipped", [False, True], ids=["own", "shipped"])
def test_the_summer_and_autumn_of_2023(get_lost: Evidence, shipped: bool) -> None:
    evidence = load_ledger().as_of("2023-12-05").evidence(SERIES) if shipped else get_lost
    assert ranges(evidence) == PRINTED
    assert evidence.sum_range("2023-04", "2023-05") == (119, 271)
    evidence.check()


def test_without_the_facts_on_counselling() -> None:
    ledger = load_ledger().as_of("2023-12-05")
    for evidence in (
        ledger.evidence(SERIES, without=["F005", "F006"]),
        ledger.evidence(SERIES, reading="counselled-apart"),
    ):
        assert evidence.sum_range("2023-04", "2023-05") == (110, 348)


def test_spring_and_summer_are_tied_apart(get_lost: Evidence) -> None:
    assert {row.positions for row in get_lost.constraints.linear} == {(0, 1), (3, 4)}


def test_the_status_of_each_month() -> None:
    evidence = ledger_of([fact("a", "count", "2023-01", value="1")]).evidence(SERIES, end="2023-02")
    assert evidence.ranges()["status"].tolist() == ["exact", "unknown"]
    assert evidence.ranges()["upper"].tolist() == [1, pd.NA]
    assert evidence.ranges().index.name == "month"


def test_counts_are_printed_as_whole_numbers(get_lost: Evidence) -> None:
    assert get_lost.ranges().dtypes[["lower", "upper"]].astype(str).tolist() == ["int64", "Int64"]
    assert "." not in get_lost.ranges().to_string()
    assert "." not in get_lost._repr_html_().split("<tbody>")[1]


def test_facts_come_with_their_sources(get_lost: Evidence) -> None:
    table = get_lost.facts
    assert table["fact_id"].tolist() == [row["fact_id"] for row in GET_LOST]
    assert set(table["publisher"]) == {"A paper"}
    assert table.set_index("fact_id")["role"].to_dict()["rise"] == "check"
    assert {*Fact.model_fields, "role", "superseded_by", "title", "date", "url"} <= set(table.columns)


def test_a_short_text_and_an_escaped_table() -> None:
    name = "<b>bold</b>"
    evidence = ledger_of([fact("a", "count", "2023-01", value="1", series=name)]).evidence(name)
    assert repr(evidence).startswith("<Evidence <b>bold</b>, 2023-01..2023-01: 1 exact, 0 bounded")
    assert "<b>" not in evidence._repr_html_()


def test_evidence_is_named_and_frozen(get_lost: Evidence) -> None:
    assert get_lost.name == get_lost.series == SERIES
    assert get_lost.months.equals(month_range("2023-04", "2023-11"))
    assert get_lost.as_of is None
    with pytest.raises(AttributeError):
        get_lost.months = get_lost.months  # type: ignore[misc]


@pytest.mark.parametrize(("start", "end"), [("2023-03", "2023-05"), ("2023-11", "2023-12")])
def test_a_sum_outside_the_months_known(get_lost: Evidence, start: str, end: str) -> None:
    with pytest.raises(InvalidWindow, match=r"2023-04\.\.2023-11"):
        get_lost.sum_range(start, end)


# Compilation of each kind against its definition -------------------------------------------------------

TOP = 5
KINDS = [
    (fact("a", "count", "2023-02", value="3"), lambda a, b, c: b == 3),
    (fact("a", "total", "2023-01", "2023-03", value="4"), lambda a, b, c: a + b + c == 4),
    (fact("a", "bound", "2023-01", "2023-02", low="4"), lambda a, b, c: a + b >= 4),
    (fact("a", "bound", "2023-01", "2023-02", high="4"), lambda a, b, c: a + b <= 4),
    (
        fact("a", "rounded", "2023-02", "2023-03", value="5", low="4", high="6"),
        lambda a, b, c: 4 <= b + c <= 6,
    ),
    (
        fact("a", "order", "2023-02", relation="highest", against="2023-01..2023-03"),
        lambda a, b, c: b > a and b > c,
    ),
    (
        fact("a", "order", "2023-02", relation="lowest", against="2023-01,2023-03"),
        lambda a, b, c: b < a and b < c,
    ),
    (fact("a", "order", "2023-02", relation="above", against="2023-01"), lambda a, b, c: b > a),
    (
        fact("a", "order", "2023-02", relation="below", against="2023-01,2023-03"),
        lambda a, b, c: b < a and b < c,
    ),
    (
        fact("a", "ratio", "2023-02", "2023-03", low="1.5", high="2", against="2023-01"),
        lambda a, b, c: 1.5 * a <= b + c <= 2 * a,
    ),
    (
        fact("a", "ratio", "2023-02", low="0.5", against="2023-01..2023-03"),
        lambda a, b, c: b >= 0.5 * (a + b + c),
    ),
]


@pytest.mark.parametrize(("cells", "allows"), KINDS)
def test_each_kind_allows_what_it_says(cells: dict[str, str], allows: object) -> None:
    assert callable(allows)
    box = [fact(f"b{m}", "bound", f"2023-0{m}", high=str(TOP)) for m in (1, 2, 3)]
    known = ledger_of([cells, *box]).evidence(SERIES).constraints
    inside = [range(int(low), int(high) + 1) for low, high in zip(known.lower, known.upper, strict=True)]
    vectors = itertools.product(range(TOP + 1), repeat=3)
    kept = {y for y in itertools.product(*inside) if all(row.holds(y) for row in known.linear)}
    assert kept == {y for y in vectors if allows(*y)}


# Shorter windows ---------------------------------------------------------------------------------------


def test_until_the_summer_says_what_the_article_says_of_it(get_lost: Evidence) -> None:
    """The bound since April loses the exact autumn; orderings with the autumn are gone, others are kept."""
    before = get_lost.until("2023-08")
    assert before.months.equals(month_range("2023-04", "2023-08"))
    assert ranges(before) == {
        **dict.fromkeys(["04", "05"], (55, math.inf)),
        "06": (54, 54),
        **dict.fromkeys(["07", "08"], (55, 196)),
    }
    assert before.sum_range("2023-04", "2023-05") == (119, math.inf)
    assert {name for row in before.rows for name in row.facts} == {"summer", "counselled", "june", "lowest"}


def test_until_the_last_month_or_later_is_all_there_is(get_lost: Evidence) -> None:
    assert get_lost.until("2023-11") is get_lost
    assert get_lost.until("2025-01") is get_lost


def test_until_a_month_nothing_is_known_of_alone() -> None:
    evidence = ledger_of([fact("a", "total", "2023-01", "2023-03", value="9")]).evidence(SERIES)
    for month in ("2023-02", "2022-12"):
        with pytest.raises(InvalidWindow):
            evidence.until(month)


def test_until_splits_a_total_by_an_exact_later_month() -> None:
    evidence = ledger_of(
        [fact("a", "total", "2023-01", "2023-03", value="9"), fact("b", "count", "2023-03", value="2")]
    ).evidence(SERIES)
    assert evidence.until("2023-02").sum_range("2023-01", "2023-02") == (7, 7)


EARLIER = [
    fact("a", "total", "2023-01", "2023-03", value="90"),
    fact("b", "order", "2023-02", relation="highest", against="2023-01..2023-03"),
]


@pytest.fixture(scope="module")
def alone() -> Evidence:
    return ledger_of(EARLIER).evidence(SERIES)


@pytest.mark.slow
@settings(max_examples=20)
@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from(["highest", "lowest"]))
def test_nothing_leaks_from_a_later_month(alone: Evidence, low: int, width: int, relation: str) -> None:
    """Inexact facts about later months, and comparisons with them, never change what is said until then."""
    later = [
        fact("c", "bound", "2023-04", "2023-05", low=str(low), high=str(low + width + 1)),
        fact("d", "bound", "2023-03", "2023-04", low="20"),
        fact("e", "ratio", "2023-04", "2023-05", low="0.001", against="2023-01..2023-03"),
    ]
    compared = fact("f", "order", "2023-05", relation=relation, against="2023-01..2023-05")
    for facts in ([*EARLIER, *later], [*EARLIER, compared]):
        evidence = ledger_of(facts).evidence(SERIES, end="2023-05")
        if not evidence.constraints.exact.any():
            assert evidence.until("2023-03").ranges().equals(alone.ranges())
            assert evidence.until("2023-03").constraints.linear == alone.constraints.linear


def test_a_window_inside_is_cut_on_both_sides() -> None:
    """The first two totals cross the start and the end; only the exact month is taken out of one of them."""
    evidence = ledger_of(
        [
            fact("a", "total", "2023-01", "2023-02", value="9"),
            fact("b", "count", "2023-01", value="2"),
            fact("c", "total", "2023-03", "2023-04", value="8"),
            fact("d", "order", "2023-02", relation="highest", against="2023-01..2023-04"),
        ]
    ).evidence(SERIES, start="2023-02", end="2023-03")
    assert ranges(evidence) == {"02": (7, 7), "03": (0, 6)}


def test_a_window_may_reach_beyond_the_facts(get_lost: Evidence) -> None:
    wider = ledger_of(GET_LOST).evidence(SERIES, start="2023-01", end="2024-02")
    assert len(wider.months) == 14
    assert wider.ranges().loc[get_lost.months, "lower"].tolist() == get_lost.ranges()["lower"].tolist()
    assert wider.ranges()["status"].tolist()[-1] == "unknown"


@pytest.mark.parametrize(
    ("start", "end"), [("2024-01", "2024-02"), ("2024-01", None), ("2023-08", "2023-06"), (None, "2023-01")]
)
def test_windows_without_months_or_facts(start: str | None, end: str | None) -> None:
    with pytest.raises(InvalidWindow):
        ledger_of(GET_LOST).evidence(SERIES, start=start, end=end)


def test_a_window_that_is_no_month() -> None:
    with pytest.raises(InvalidInput, match="not a month"):
        ledger_of(GET_LOST).evidence(SERIES, start="autumn")
