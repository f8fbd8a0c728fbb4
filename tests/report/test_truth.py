from __future__ import annotations

import math

import numpy as np
import pytest

from forecasting.errors import InvalidInput
from forecasting.report import check_truth, coverage
from forecasting.report.truth import published
from tests.report.jumps import nasty, shipped


def test_forecasts_meet_what_was_published() -> None:
    case = shipped()
    truth = case.truth
    assert {str(month): count for month, count in published(truth).items()} == {"2024-01": 284}
    assert set(truth["status"]) == {"exact", "bounded"}
    january = truth[truth["status"] == "exact"].set_index("forecast")
    kinds = ("constant", "wandering", "reverting")
    steps = {"step", *(f"{kind} + step" for kind in kinds[1:])}
    assert set(january.index) == {*case.report.outlook.scenarios, "constant Poisson", "trend", *kinds, *steps}
    forecast = case.report.outlook["Persist"]
    assert january.loc["Persist", "at_least"] == pytest.approx(1.0 - forecast.cdf("2024-01", 283))
    assert january.loc["Persist", "log_score"] == pytest.approx(math.log(forecast.pmf("2024-01", 284)[284]))
    assert (january["lo-90"] <= january["lo-50"]).all()
    assert (january["hi-50"] <= january["hi-90"]).all()
    assert truth.loc[truth["status"] != "exact", "log_score"].isna().all()


def test_coverage_is_said_plainly() -> None:
    said = coverage(shipped().truth)
    assert "of 11 90% intervals" in said
    assert "2023-12, 2024-02" in said
    assert "no test of calibration" in said


def test_months_that_nobody_published_are_unknown() -> None:
    truth = nasty().truth
    assert set(truth["status"]) == {"unknown"}
    assert truth["at_least"].isna().all()
    assert coverage(truth).startswith("None of the 3 months")


def test_randomness_is_asked_for() -> None:
    with pytest.raises(InvalidInput, match="rng is required"):
        check_truth(shipped().report, shipped().data, rng=None)  # type: ignore[arg-type]


def test_the_same_generator_gives_the_same_table() -> None:
    case = shipped()
    tables = [check_truth(case.report, case.data, rng=np.random.default_rng(5)) for _ in range(2)]
    assert tables[0].equals(tables[1])
