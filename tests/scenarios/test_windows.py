"""Windows of a comparison: what is refused, and the search over all pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting import CountSeries
from forecasting.errors import InvalidWindow
from forecasting.scenarios.windows import Comparison


@pytest.fixture
def series() -> CountSeries:
    months = pd.period_range("2023-01", periods=8, freq="M")
    return CountSeries.from_pandas(pd.Series([4, 0, 7, 3, 5, 9, 8, 12], index=months))


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (("2023-03", "2023-01"), ("2023-04", "2023-05"), "ends before it starts"),
        (("2023-01", "2023-04"), ("2023-04", "2023-05"), "overlap"),
        (("2023-05", "2023-06"), ("2023-01", "2023-02"), "swapped"),
        (("2022-12", "2023-02"), ("2023-04", "2023-05"), "leaves the months"),
        (("2023-01", "2023-02"), ("2023-08", "2023-09"), "leaves the months"),
        ("2023-01", ("2023-08", "2023-09"), "pair of months"),
        (None, ("2023-08", "2023-09"), "pair of months"),
        (("2023-01",), ("2023-08", "2023-09"), "pair of months"),
        (("2023-02", "2023-02"), ("2023-04", "2023-05"), "positive base"),
    ],
)
def test_impossible_windows_are_refused(series: CountSeries, before: object, after: object, says: str) -> None:
    with pytest.raises(InvalidWindow, match=says):
        Comparison.of(series, before, after)  # type: ignore[arg-type]


def test_a_window_nothing_is_known_of_is_refused() -> None:
    months = pd.period_range("2023-01", periods=4, freq="M")
    series = CountSeries.from_pandas(pd.Series([4, np.nan, 7, 3], index=months), allow_missing=True)
    with pytest.raises(InvalidWindow, match="nothing known"):
        Comparison.of(series, ("2023-01", "2023-02"), ("2023-03", "2023-04"))


def test_largest_ratio_is_that_of_a_plain_loop(series: CountSeries, rng: np.random.Generator) -> None:
    pair = Comparison.of(series, ("2023-01", "2023-02"), ("2023-04", "2023-06"))
    paths = rng.poisson(2.0, size=(200, 8)).astype(np.int64)
    for path, found in zip(paths, pair.largest_ratio(paths), strict=True):
        ratios = []
        for start in range(8 - 2 - 1 - 3 + 1):
            base, rise = path[start : start + 2].sum(), path[start + 3 : start + 6].sum()
            ratios.append(rise / base if base else (np.inf if rise else 1.0))
        assert found == max(ratios)
    assert pair.pairs(8) == 3


def test_exposures_count_months_and_days(series: CountSeries) -> None:
    pair = Comparison.of(series, ("2023-01", "2023-02"), ("2023-04", "2023-06"))
    assert pair.exact
    assert pair.ratio == (3 + 5 + 9) / 4
    assert pair.month_exposure == 3 / 2
    assert pair.day_exposure == 91 / 59
