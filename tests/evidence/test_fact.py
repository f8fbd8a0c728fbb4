from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from pydantic import ValidationError

from forecasting.errors import InvalidLedger
from forecasting.evidence import Fact
from tests.evidence.ledgers import fact

COUNT = fact("F1", "count", "2023-09", value="184")
TOTAL = fact("F1", "total", "2023-09", "2023-11", value="577")
BOUND = fact("F1", "bound", "2023-04", "2023-11", low="1001")
ROUNDED = fact("F1", "rounded", "2023-09", value="8000", low="7500", high="8499")
ORDER = fact("F1", "order", "2023-10", relation="highest", against="2023-04..2023-11")
RATIO = fact("F1", "ratio", "2023-09", "2023-11", low="1.885", high="379/200", against="2023-06..2023-08")


def problems(cells: dict[str, str]) -> dict[str, str]:
    """Column and message of everything that is wrong; empty cells are absent, as in a file."""
    try:
        Fact.model_validate({column: cell for column, cell in cells.items() if cell})
    except InvalidLedger as error:
        return {found.column: found.message for found in error.problems}
    return {}


@pytest.mark.parametrize("cells", [COUNT, TOTAL, BOUND, ROUNDED, ORDER, RATIO], ids=lambda cells: cells["kind"])
def test_each_kind_is_accepted(cells: dict[str, str]) -> None:
    assert problems(cells) == {}
    assert problems({**cells, "use": "context", "note": "kept, never mixed in"}) == {}


@pytest.mark.parametrize(
    ("cells", "changes", "column", "message"),
    [
        (COUNT, {"kind": "tally"}, "kind", "unknown"),
        (COUNT, {"use": "maybe"}, "use", "unknown"),
        (COUNT, {"series": ""}, "series", "always needed"),
        (COUNT, {"start": "2023-13"}, "start", "not a month"),
        (COUNT, {"start": "September"}, "start", "not a month"),
        (COUNT, {"value": ""}, "value", "needs it"),
        (COUNT, {"value": "-3"}, "value", "negative"),
        (COUNT, {"value": "3.5"}, "value", "not whole"),
        (COUNT, {"value": "1.000"}, "value", "is 1000 where a dot separates thousands; write 1000, or 1"),
        (COUNT, {"value": "1/0"}, "value", "no number"),
        (COUNT, {"value": "nan"}, "value", "no number"),
        (COUNT, {"value": "inf"}, "value", "no number"),
        (COUNT, {"value": "1e999999999"}, "value", "no number"),
        (COUNT, {"value": "8,000"}, "value", "no number"),
        (COUNT, {"value": "1000000001"}, "value", "above"),
        (COUNT, {"end": "2023-10"}, "end", "one month"),
        (COUNT, {"published": "5 December 2023"}, "published", "not a day"),
        (COUNT, {"published": "2023-02-30"}, "published", "not a day"),
        (COUNT, {"published": ""}, "published", "always needed"),
        (COUNT, {"supersedes": "F1"}, "supersedes", "itself"),
        (COUNT, {"relation": "highest"}, "relation", "no relation"),
        (COUNT, {"against": "2023-04"}, "against", "compares with nothing"),
        (TOTAL, {"end": "2023-08"}, "end", "before it starts"),
        (TOTAL, {"value": ""}, "value", "needs it"),
        (BOUND, {"low": ""}, "high", "needs one of them"),
        (BOUND, {"high": "1000"}, "high", "below low"),
        (BOUND, {"low": "1000.5"}, "low", "not whole"),
        (ROUNDED, {"low": ""}, "low", "needs it"),
        (ROUNDED, {"high": ""}, "high", "needs it"),
        (ROUNDED, {"value": "9000"}, "high", "outside"),
        (ORDER, {"relation": ""}, "relation", "highest"),
        (ORDER, {"relation": "first"}, "relation", "unknown"),
        (ORDER, {"against": ""}, "against", "compares with"),
        (ORDER, {"against": "2023-10"}, "against", "itself only"),
        (ORDER, {"relation": "above"}, "against", "leave out 2023-10"),
        (ORDER, {"against": "2023-04 to 2023-11"}, "against", "neither"),
        (ORDER, {"against": "2023-04,2023-04"}, "against", "twice"),
        (ORDER, {"against": "2023-11..2023-04"}, "against", "before it starts"),
        (ORDER, {"end": "2023-11"}, "end", "one month"),
        (RATIO, {"against": ""}, "against", "compares with"),
        (RATIO, {"low": "", "high": ""}, "high", "needs one of them"),
        (RATIO, {"low": "-0.5"}, "low", "negative"),
    ],
)
def test_each_problem_is_found_in_its_column(
    cells: dict[str, str], changes: dict[str, str], column: str, message: str
) -> None:
    found = problems({**cells, **changes})
    assert message in found[column]


def test_all_problems_of_a_row_are_found_at_once() -> None:
    assert set(problems({**TOTAL, "end": "2023-08", "value": "-1", "use": "?", "published": "x"})) == {
        *("end", "value", "use", "published")
    }


def test_ratios_are_exact_fractions() -> None:
    ratio = Fact.model_validate(RATIO)
    assert (ratio.low, ratio.high) == (Fraction(377, 200), Fraction(379, 200))
    assert (ratio.cells["low"], ratio.cells["high"]) == (1.885, 1.895)


def test_a_fact_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Fact.model_validate(COUNT).value = Fraction(3)


@pytest.mark.parametrize(
    ("cells", "summary"),
    [
        (COUNT, "F1 (count, 2023-09: 184)"),
        (BOUND, "F1 (bound, 2023-04..2023-11: at least 1001)"),
        (ROUNDED, "F1 (rounded, 2023-09: 8000, 7500 to 8499)"),
        (ORDER, "F1 (order, 2023-10: highest of 2023-04..2023-11)"),
        (RATIO, "F1 (ratio, 2023-09..2023-11: 1.885 to 1.895 times 2023-06..2023-08)"),
    ],
    ids=lambda given: given["kind"] if isinstance(given, dict) else "",
)
def test_a_summary_names_window_and_value(cells: dict[str, str], summary: str) -> None:
    assert Fact.model_validate(cells).summary == summary


TRAPS = [
    (TOTAL, {"published": "2023-11-29"}, "before its window ends on 2023-11-30"),
    (COUNT, {"published": "2023-09-05"}, "kind bound with low alone"),
    (ROUNDED, {"published": "2023-08-05"}, "before its window ends"),
    (BOUND, {"published": "2023-11-05", "high": "2000"}, "before its window ends"),
    (RATIO, {"against": "2023-09..2023-11"}, "share of another series"),
    (RATIO, {"against": "2023-09,2023-10,2023-11"}, "with itself"),
    (RATIO, {"against": "2023-08..2023-12"}, "at least 1.885 times the whole"),
    (RATIO, {"against": "2023-10", "low": "", "high": "0.4"}, "a part of itself"),
]


@pytest.mark.parametrize(("cells", "changes", "message"), TRAPS)
def test_a_fact_that_cannot_mean_what_it_says_is_refused_with_a_remedy(
    cells: dict[str, str], changes: dict[str, str], message: str
) -> None:
    for use in ("data", "check"):
        assert message in problems({**cells, **changes, "use": use})["use"]
    assert problems({**cells, **changes, "use": "context"}) == {}


@pytest.mark.parametrize(
    ("cells", "changes"),
    [
        (TOTAL, {"published": "2023-11-30"}),
        (BOUND, {"published": "2023-05-05"}),
        (RATIO, {"against": "2023-04..2023-11", "low": "0.5", "high": "0.6"}),
        (RATIO, {"against": "2023-10", "low": "2", "high": ""}),
        (RATIO, {"against": "2023-10..2023-12", "low": "0.3", "high": "1.2"}),
        (ORDER, {"published": "2023-10-15"}),
    ],
)
def test_what_looks_like_a_trap_and_is_none(cells: dict[str, str], changes: dict[str, str]) -> None:
    assert problems({**cells, **changes}) == {}


def test_a_reading_may_take_an_early_print_as_complete() -> None:
    early = Fact.model_validate(BOUND | {"published": "2023-11-20"})
    assert early.reread({"high": "1001"}).high == 1001


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"low": "2", "high": "1"}, "high"),
        ({"kind": "guess"}, "kind"),
        ({"start": None}, "start"),
        ({"more": "1"}, "more"),
    ],
)
def test_a_fact_made_in_python_has_the_errors_of_the_library(change: dict[str, Any], column: str) -> None:
    """Those of pydantic reached whoever wrote facts in Python."""
    cells = fact("a", "ratio", "2023-01", low="1", high="2", against="2023-02") | change
    for make in (lambda: Fact(**cells), lambda: Fact.model_validate(cells)):
        with pytest.raises(InvalidLedger) as error:
            make()
        assert [found.column for found in error.value.problems] == [column]
    with pytest.raises(InvalidLedger, match="valid dictionary"):
        Fact.model_validate(3)
    with pytest.raises(InvalidLedger, match="is no number"):
        Fact.model_validate(fact("a", "count", "2023-01", value="3")).reread({"value": "x"})


@pytest.mark.parametrize(
    ("low", "said"),
    [
        ("7/11", "7/11"),
        ("1.895", "1.895"),
        ("379/200", "1.895"),
        ("3", "3"),
        ("0.123456789012345678", "61728394506172839/500000000000000000"),
    ],
)
def test_a_statement_loses_no_digit(low: str, said: str) -> None:
    """Limits that exclude each other read the same, and 999999999.999999999 as 1000000000.0."""
    ratio = Fact.model_validate(fact("a", "ratio", "2023-01", low=low, against="2023-02"))
    assert ratio.statement == f"at least {said} times 2023-02"
