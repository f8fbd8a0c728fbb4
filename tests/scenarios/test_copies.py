"""Results of scenarios survive pickling and copying, and wrong types are told what to pass."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.errors import InvalidInput
from tests.report.jumps import shipped

COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda result: pickle.loads(pickle.dumps(result)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}
WINDOWS = {"before": ("2023-01", "2023-06"), "after": ("2023-07", "2023-12")}


def _series() -> fc.CountSeries:
    return fc.CountSeries(pd.period_range("2022-01", periods=24, freq="M"), [5, 6, 4, 7] * 6)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_report_says_the_same_after_copying(copied: Callable[[Any], Any]) -> None:
    report = shipped().report
    again = copied(report)
    assert json.dumps(again.to_dict()) == json.dumps(report.to_dict())
    assert again.in_words() == report.in_words()
    pd.testing.assert_frame_equal(again.table(), report.table())


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_an_outlook_keeps_its_scenarios_read_only(copied: Callable[[Any], Any]) -> None:
    outlook = shipped().report.outlook
    again = copied(outlook)
    pd.testing.assert_frame_equal(again.to_frame(), outlook.to_frame())
    assert list(again.scenarios) == list(outlook.scenarios)
    with pytest.raises(TypeError):
        again.scenarios["Persist"] = None


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_tests_of_interventions_are_copied(copied: Callable[[Any], Any]) -> None:
    model = fc.CountRegression(fc.Intercept(), fc.Poisson())
    test = fc.intervention_test(model, _series(), fc.Step("2023-01"))
    again = copied(test)
    assert repr(again) == repr(test)
    pd.testing.assert_frame_equal(again.to_frame(), test.to_frame())


@pytest.mark.parametrize("data", [pd.DataFrame({"y": [1, 2]}), [1, 2, 3], None, "y"], ids=lambda x: type(x).__name__)
def test_a_jump_of_another_type_names_the_remedy(data: object) -> None:
    with pytest.raises(InvalidInput, match=r"CountSeries\.from_frame"):
        fc.jump(data, **WINDOWS, rng=np.random.default_rng(1))  # type: ignore[arg-type]


def test_an_outlook_of_a_forecast_names_the_remedy() -> None:
    forecast = fc.auto(_series(), horizon=3, rng=np.random.default_rng(1))
    for wrong in (forecast, _series(), None):
        with pytest.raises(InvalidInput, match=r"posterior\(data, rng=rng\)"):
            fc.outlook(wrong, [fc.Persist()], rng=np.random.default_rng(1))  # type: ignore[arg-type]
