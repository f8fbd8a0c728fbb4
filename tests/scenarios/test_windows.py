"""Windows of a comparison: what is refused, and the search over all pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting import CountSeries
from forecasting.errors import InvalidWindow
from forecasting.scenarios.windows import Windows


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
    ],
)
def test_impossible_windows_are_refused(series: CountSeries, before: object, after: object, says: str) -> None:
    with pytest.raises(InvalidWindow, match=says):
        Windows.of(series, before, after)  # type: ignore[arg-type]


def test_a_window_is_a_pair_or_written_as_on_the_command_line(series: CountSeries) -> None:
    pairs = Windows.of(series, ("2023-01", "2023-02"), ("2023-05", "2023-06"))
    written = Windows.of(series, "2023-01..2023-02", " 2023-05 .. 2023-06 ")
    assert (written.before == pairs.before).all()
    assert (written.after == pairs.after).all()


def test_a_window_nothing_is_known_of_is_refused() -> None:
    months = pd.period_range("2023-01", periods=4, freq="M")
    series = CountSeries.from_pandas(pd.Series([4, np.nan, 7, 3], index=months), allow_missing=True)
    with pytest.raises(InvalidWindow, match="nothing known"):
        Windows.of(series, ("2023-01", "2023-02"), ("2023-03", "2023-04"))


@pytest.mark.parametrize("backwards", [False, True])
def test_the_search_is_that_of_a_plain_loop(backwards: bool, rng: np.random.Generator) -> None:
    months = pd.period_range("2023-01", periods=8, freq="M")
    counts = [4, 0, 7, 3, 5, 9, 8, 12][:: -1 if backwards else 1]
    series = CountSeries.from_pandas(pd.Series(counts, index=months))
    pair = Windows.of(series, ("2023-01", "2023-02"), ("2023-04", "2023-06"))
    before, after = sum(counts[:2]), sum(counts[3:6])
    assert pair.direction == ("fall" if backwards else "rise")
    paths = rng.poisson(2.0, size=(200, 8)).astype(np.int64)
    for path, found in zip(paths, pair.as_large(*pair.totals(paths)), strict=True):
        for start in range(8 - 2 - 1 - 3 + 1):
            base, rise = path[start : start + 2].sum(), path[start + 3 : start + 6].sum()
            more = (rise + 0.5) / (base + 0.5) - (after + 0.5) / (before + 0.5)
            assert found[start] == (more <= 1e-12 if backwards else more >= -1e-12)
    assert pair.pairs(8) == 3


@pytest.mark.parametrize(
    ("counts", "ratio", "direction"),
    [
        ([0, 3], np.inf, "rise"),
        ([3, 0], 0.0, "fall"),
        ([0, 0], 1.0, "rise"),
        ([4, 6], 1.5, "rise"),
        ([6, 4], 4 / 6, "fall"),
    ],
)
def test_nothing_is_a_base_like_any_other(counts: list[int], ratio: float, direction: str) -> None:
    series = CountSeries(["2023-01", "2023-02"], counts)
    pair = Windows.of(series, ("2023-01", "2023-01"), ("2023-02", "2023-02"))
    assert (pair.ratio, pair.direction) == (ratio, direction)


def test_the_ratio_of_ranges_is_the_smallest_change_either_way() -> None:
    window = pd.period_range("2023-01", periods=1, freq="M")
    rise = Windows(window, window + 1, (30, 40.0), (60, 80.0))
    fall = Windows(window, window + 1, (60, 80.0), (30, 40.0))
    assert (rise.ratio, rise.direction) == (60 / 40, "rise")
    assert (fall.ratio, fall.direction) == (40 / 60, "fall")


def test_exposures_count_months_and_days(series: CountSeries) -> None:
    pair = Windows.of(series, ("2023-01", "2023-02"), ("2023-04", "2023-06"))
    assert pair.exact
    assert pair.ratio == (3 + 5 + 9) / 4
    assert pair.month_exposure == 3 / 2
    assert pair.day_exposure == 91 / 59
