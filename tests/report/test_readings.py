from __future__ import annotations

import numpy as np
import pytest

from forecasting.evidence import Fact, Ledger, Reading, Source
from forecasting.report import compare_readings
from forecasting.scenarios import jump
from tests.evidence.ledgers import GET_LOST, SERIES, SOURCE
from tests.report.jumps import WINDOWS, shipped


def test_every_reading_is_tried_and_ranges_follow() -> None:
    case = shipped()
    table = case.readings.set_index("reading")
    assert list(table.index) == [
        "as used",
        "counselled-apart",
        "counselled-to-december",
        "lowest-of-summer-and-autumn",
        "attempts-apart",
        "milestone",
    ]
    assert set(table["unknown"]) == {"2023-04, 2023-05"}
    assert tuple(table.loc["as used", ["low", "high"]]) == (119, 271)
    assert tuple(table.loc["counselled-apart", ["low", "high"]]) == (110, 348)
    assert table.loc["as used", "trend"] == case.report.result("trend").probability
    names = [result.name for result in case.report.results]
    np.testing.assert_allclose(table[names].sum(axis=1).astype(float), 1.0)
    assert np.isnan(table.loc["attempts-apart", "tail"])
    assert table.loc["as used", "step_probability"] == case.report.step_probability
    assert np.isnan(table.loc["attempts-apart", "chance_upper"])


def test_a_reading_that_contradicts_is_listed_with_its_message() -> None:
    wrong = {"reading": "wrong", "series": SERIES, "fact_id": "june", "column": "value", "value": "400"}
    ledger = Ledger(
        tuple(Fact.model_validate(cells) for cells in GET_LOST),
        (Source.model_validate(SOURCE),),
        (Reading.model_validate(wrong | {"why": "A slip."}),),
    )
    data = ledger.evidence(SERIES, start="2023-06")
    report = jump(data, *WINDOWS, draws=200, rng=np.random.default_rng(1))
    table = compare_readings(report, ledger, data, rng=np.random.default_rng(2)).set_index("reading")
    assert "cannot hold together" in table.loc["wrong", "message"]
    assert table.loc["wrong", "why"] == "A slip."
    assert np.isnan(table.loc["wrong", "step_median"])
    assert table.loc["as used", "message"] == ""


def test_a_reading_in_use_is_not_tried_again() -> None:
    case = shipped()
    data = case.ledger.evidence(SERIES, reading="counselled-apart")
    report = jump(data, *WINDOWS, draws=200, rng=np.random.default_rng(1))
    few = Ledger(case.ledger.entries, case.ledger.origins, case.ledger.alternatives[:2], case.ledger.vintage)
    table = compare_readings(report, few, data, rng=np.random.default_rng(2))
    assert list(table["reading"]) == ["as used", "milestone"]  # which every ledger has
    assert (table["low"].iloc[0], table["high"].iloc[0]) == pytest.approx((110, 348))


def test_readings_that_change_nothing_give_the_numbers_that_they_leave_alone() -> None:
    def reading(name: str, column: str, value: str) -> Reading:
        cells = {
            "reading": name,
            "series": SERIES,
            "fact_id": "june",
            "column": column,
            "value": value,
            "why": "Tried.",
        }
        return Reading.model_validate(cells)

    alternatives = (
        reading("as it is", "value", "54"),
        reading("lower", "value", "50"),
        reading("lower again", "value", "50"),
    )
    facts = tuple(Fact.model_validate(cells) for cells in GET_LOST)
    ledger = Ledger(facts, (Source.model_validate(SOURCE),), alternatives)
    data = ledger.evidence(SERIES, start="2023-06")
    report = jump(data, *WINDOWS, draws=200, rng=np.random.default_rng(1))
    table = compare_readings(report, ledger, data, rng=np.random.default_rng(2)).set_index("reading")
    numbers = table.drop(columns=["why", "message"])
    assert not table["message"].any()
    assert numbers.loc["as it is"].equals(numbers.loc["as used"])
    assert numbers.loc["lower again"].equals(numbers.loc["lower"])
    assert numbers.loc["lower", "step_probability"] != numbers.loc["as used", "step_probability"]
