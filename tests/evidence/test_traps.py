"""Revisions that would drop what is known, and the reading of "more than K"."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecasting.errors import InvalidLedger
from forecasting.evidence import load_ledger
from tests.evidence.ledgers import SERIES, fact, ledger_of, write_ledger
from tests.evidence.test_ledger import problems

JANUARY = fact("old", "total", "2023-01", "2023-02", value="150", published="2023-03-05")


@pytest.mark.parametrize(
    ("later", "message"),
    [
        (fact("new", "total", "2023-01", "2023-03", value="300"), "2023-01..2023-02, and what it says of those months"),
        (fact("new", "total", "2023-02", "2023-03", value="300"), "make old kind bound with low alone"),
        (fact("new", "total", "2023-05", "2023-06", value="300"), "another window"),
        (fact("new", "ratio", "2023-01", "2023-02", low="2", against="2022-01..2022-02"), "says something else"),
        (fact("new", "total", "2023-01", "2023-02", value="300", series="another"), "another series"),
    ],
)
def test_a_revision_must_not_drop_what_the_old_print_still_says(
    tmp_path: Path, later: dict[str, str], message: str
) -> None:
    folder = write_ledger(tmp_path, [JANUARY, {**later, "supersedes": "old"}])
    assert problems(folder) == [("facts.csv", 3, "supersedes")]
    with pytest.raises(InvalidLedger, match=message):
        load_ledger(folder)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (JANUARY, fact("new", "total", "2023-01", "2023-02", value="300")),
        (JANUARY, fact("new", "count", "2023-02", value="100")),
        (JANUARY | {"use": "context"}, fact("new", "total", "2023-01", "2023-03", value="300")),
        (JANUARY, fact("new", "bound", "2023-01", "2023-02", low="160")),
    ],
)
def test_revisions_that_drop_nothing(tmp_path: Path, earlier: dict[str, str], later: dict[str, str]) -> None:
    assert len(load_ledger(write_ledger(tmp_path, [earlier, {**later, "supersedes": "old"}])).facts) == 2


@pytest.mark.parametrize(
    ("low", "most"),
    [
        ("1001", 1999),
        ("501", 599),
        ("3501", 3599),
        ("30001", 39999),
        ("51", 59),
        ("421", None),
        ("500", None),
        ("1", None),
    ],
)
def test_more_than_a_round_number_has_the_reading_milestone(low: str, most: int | None) -> None:
    ledger = ledger_of([fact("more", "bound", "2023-04", "2023-06", low=low)])
    assert ledger.evidence(SERIES).sum_range("2023-04", "2023-06") == (int(low), float("inf"))
    if most is None:
        assert ledger.readings.empty
    else:
        evidence = ledger.evidence(SERIES, reading="milestone")
        assert evidence.sum_range("2023-04", "2023-06") == (int(low), most)


def test_a_milestone_that_was_passed_later_is_none() -> None:
    rows = [
        fact("more", "bound", "2023-04", "2023-06", low="1001"),
        fact("all", "total", "2023-05", "2023-06", value="2500"),
    ]
    assert ledger_of(rows).readings.empty
    assert len(ledger_of(rows[:1]).readings) == 1


def test_a_milestone_of_the_ledger_itself_wins() -> None:
    own = {"reading": "milestone", "series": SERIES, "fact_id": "more", "column": "high", "value": "1499"}
    ledger = ledger_of([fact("more", "bound", "2023-04", "2023-06", low="1001")], [own])
    assert ledger.evidence(SERIES, reading="milestone").sum_range("2023-04", "2023-06") == (1001, 1499)
