from __future__ import annotations

from typing import Any

import pytest

from forecasting.display import plain, records
from forecasting.errors import InvalidInput
from forecasting.report import Item, checklist
from forecasting.statements import STATEMENTS, option
from tests.report.jumps import Case, nasty, shipped, yearly

NUMBERS = [*(str(number) for number in range(1, 20)), "B1", "B2", "B3", "B4"]


def result(case: Case) -> dict[str, Any]:
    found = plain({**case.report.to_dict(), "facts": records(case.data.facts), "truth": records(case.truth)})
    assert isinstance(found, dict)
    return found


def by_number(items: tuple[Item, ...]) -> dict[str, Item]:
    return {item.number: item for item in items}


def test_every_item_is_there_and_every_statement_is_asked_for() -> None:
    bare = checklist({"series": "requests", "forecast": []})
    assert [item.number for item in bare] == NUMBERS
    asked = {name for item in (*bare, *checklist(result(shipped()))) for name in item.missing}
    assert asked == set(STATEMENTS)
    assert all(option(name) in " ".join(item.requests) for item in bare for name in item.missing)


def test_what_is_given_is_no_longer_asked_for() -> None:
    found = result(shipped())
    before, after = (by_number(checklist(found, said)) for said in ({}, {"purpose": "  to plan beds "}))
    assert before["2"].status == "in part"
    assert before["2"].requests[0].startswith("not stated: give --purpose TEXT (what the analysis is for")
    assert after["2"].status == "stated"
    assert after["2"].answers[-1] == "Purpose: to plan beds"
    assert all(item.missing == () for item in checklist(found, dict.fromkeys(STATEMENTS, "said")))
    assert by_number(checklist(found, {"purpose": " "}))["2"] == before["2"]


def test_statements_of_the_run_count_and_newer_ones_win() -> None:
    found = {**result(shipped()), "statements": {"purpose": "old", "scope": "kept"}}
    items = by_number(checklist(found, {"purpose": "new"}))
    assert items["2"].answers[-1] == "Purpose: new"
    assert items["19"].answers == ("Scope: kept",)


def test_answers_come_from_the_run() -> None:
    case = shipped()
    items = {number: " ".join(item.answers) for number, item in by_number(checklist(result(case))).items()}
    assert "2023-12 to 2024-02" in items["13"]
    assert "in retrospect" in items["4"]
    assert "Moscow Times" in items["5"]
    assert "4 of 8 months are known exactly" in items["7"]
    assert "Intercept() + Trend() + Step('2023-09')" in items["8"]
    assert "season (8 months" in items["8"]
    assert items["15"] == case.report.in_words()
    assert f"{case.report.step.median:.2f}" in items["14"]
    assert "trend 0.1" in items["B1"]
    smallest = min(one.posterior.ess for one in case.report.results)
    assert f"at least {smallest:,.0f} of them effective" in items["B2"]
    assert "2023-12-05" in items["B3"]
    assert "taken to count the same: requests for help to desert, " in items["17"]


def test_intervals_that_hold_what_was_published_are_counted() -> None:
    found = result(shipped())
    row = {"month": "2023-12", "status": "exact", "lower": 5, "lo-90": 1, "hi-90": 9}
    found["truth"] = [row, {**row, "lower": 10}, {**row, "status": "bounded"}]
    assert by_number(checklist(found))["11"].answers[0].startswith("1 of 2 90% intervals")
    found["truth"] = [{**row, "status": "bounded"}]
    assert "nothing to score yet" in by_number(checklist(found))["11"].answers[0]


def test_untrusted_weights_are_a_weakness() -> None:
    found = result(shipped())
    assert "slower sampler" not in " ".join(by_number(checklist(found))["17"].answers)
    found["baselines"][0]["khat"] = 0.9
    said = " ".join(by_number(checklist(found))["17"].answers)
    assert "slower sampler was used: constant Poisson" in said


def test_reports_with_less_in_them_fill_it_too() -> None:
    assert len(checklist(result(nasty()))) == len(NUMBERS)
    assert len(checklist(plain(yearly().to_dict()))) == len(NUMBERS)


@pytest.mark.parametrize("found", [{}, {"series": "s"}, {"forecast": []}])
def test_anything_else_is_refused(found: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="no result of forecasting"):
        checklist(found)


def test_a_result_that_lacks_a_part_is_refused() -> None:
    found = result(shipped())
    del found["before"]
    with pytest.raises(InvalidInput, match=r"not as forecasting .* writes it \(KeyError"):
        checklist(found)


def test_an_unknown_statement_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"no statement purpos;.*purpose"):
        checklist({"series": "s", "forecast": []}, {"purpos": "x"})
