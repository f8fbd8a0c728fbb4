from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting.errors import InvalidInput
from forecasting.evaluation import compare, diebold_mariano


def moving(rng: np.random.Generator, runs: int, n: int, order: int) -> np.ndarray:
    """Sums of `order` neighbouring shocks: as correlated as forecasts of so many months from every month."""
    shocks = rng.normal(size=(runs, n + order - 1))
    return np.lib.stride_tricks.sliding_window_view(shocks, order, axis=1).sum(axis=2)


def frame(values: np.ndarray, step: int = 1) -> pd.DataFrame:
    """Differences ``[series, origins, horizon]`` as a table."""
    table = pd.Series(values.ravel(), index=pd.MultiIndex.from_product([range(k) for k in values.shape]))
    table = table.rename_axis(["unique_id", "origin", "horizon"]).rename("difference").reset_index()
    table["origin"] = pd.PeriodIndex.from_ordinals(600 + step * table["origin"], freq="M")
    table["horizon"] += 1
    return table


def test_diebold_mariano_by_hand() -> None:
    d = np.array([0.3, -0.1, 0.8, 0.4, -0.2, 0.9, 0.1, 0.5, 0.2, -0.4, 0.6, 0.0])
    n, m = 12, 3
    total = 0.0
    for j in (1, 2):
        total += sum(d[i] * np.cos(np.pi * j * (i + 0.5) / n) for i in range(n)) ** 2
    t = d.mean() / np.sqrt(2 * total / (n**2 * 2))
    found = diebold_mariano(d, m)
    assert found.statistic == pytest.approx(t)
    assert found.pvalue == pytest.approx(1 - abs(t) / np.sqrt(2 + t**2))  # Student t, two degrees of freedom
    assert diebold_mariano(d, 9, step=3).statistic == pytest.approx(t)
    assert diebold_mariano(1000.0 + d, m).statistic == pytest.approx(t * (1000.0 + d.mean()) / d.mean())


@pytest.mark.parametrize(("n", "order"), [(8, 1), (40, 3), (24, 6), (48, 12)])
def test_diebold_mariano_keeps_its_level(n: int, order: int, rng: np.random.Generator) -> None:
    """With overlap a little more than 5% is known, and stated; ignoring the overlap is far worse."""
    runs = 1500
    data = moving(rng, runs, n, order)
    rejected = np.mean([diebold_mariano(d, order).pvalue < 0.05 for d in data])
    expected = 0.05 if order == 1 else 0.062
    assert abs(rejected - expected) < 4 * (expected * (1 - expected) / runs) ** 0.5
    if order > 1:
        naive = np.mean([diebold_mariano(d, 1).pvalue < 0.05 for d in data])
        assert naive > 0.1


def test_too_little_is_said_to_be_too_little(rng: np.random.Generator) -> None:
    few = diebold_mariano(rng.normal(size=12), 6)
    assert few.verdict == "too few origins to tell (12 of at least 24)"
    assert np.isnan(few.pvalue)
    assert diebold_mariano(np.zeros(20), 1).verdict == "no difference"
    one = compare(frame(rng.normal(size=(1, 3, 4))), rng=rng)
    assert one.verdict == "too few origins to tell (3 of at least 16)"
    assert np.isnan(one.interval).all()
    four = compare(frame(rng.normal(size=(4, 3, 2))), rng=rng)
    assert four.verdict == "too few series to tell (4 of at least 5)"
    assert four.by_horizon["verdict"].str.contains("too few series").all()


def test_series_weigh_alike_and_give_the_standard_error(rng: np.random.Generator) -> None:
    table = frame(rng.normal(size=(30, 4, 3)))
    table = table[~((table["unique_id"] < 10) & (table["horizon"] == 3))]  # unequal numbers of months
    found = compare(table, rng=rng)
    means = np.array([group["difference"].mean() for _, group in table.groupby("unique_id")])
    assert found.mean == pytest.approx(means.mean())
    assert found.se == pytest.approx(means.std(ddof=1) / np.sqrt(30))
    # The bootstrap sd of a mean is (1 - 1/n)^(1/2) of that; 999 draws place its limits within some 10%.
    assert found.interval[1] - found.interval[0] == pytest.approx(2 * 1.96 * found.se, rel=0.15)
    assert (found.n, found.series, found.origins) == (len(table), 30, 4)


def test_intervals_over_series_hold_the_truth_as_often_as_promised(rng: np.random.Generator) -> None:
    """Months and origins of a series share a shock, so only the series are independent."""
    runs, held = 200, 0
    for _ in range(runs):
        shared = rng.normal(size=(25, 1, 1)) + 0.2 * rng.normal(size=(25, 2, 3))
        low, high = compare(frame(shared), replications=199, rng=rng).interval
        held += low <= 0 <= high
    assert abs(held / runs - 0.95) < 4 * (0.95 * 0.05 / runs) ** 0.5


def test_few_series_are_seldom_told_apart_by_luck(rng: np.random.Generator) -> None:
    """Plain percentiles of five means would name a winner among equals in 16% of cases."""
    runs = 300
    named = sum("better" in compare(frame(rng.normal(size=(5, 1, 1))), rng=rng).verdict for _ in range(runs))
    assert named / runs < 0.07 + 3 * (0.07 * 0.93 / runs) ** 0.5


def test_one_series_of_few_overlapping_origins_has_no_winner(rng: np.random.Generator) -> None:
    """12 origins, 6 months ahead: one wave, and nothing to check it by."""
    d = moving(rng, 1, 12, 6)[..., None] * np.ones(6)
    assert compare(frame(d), rng=rng).verdict == "too few origins to tell (12 of at least 24)"


def test_one_series_of_overlapping_origins_is_seldom_told_apart_by_luck(rng: np.random.Generator) -> None:
    """24 origins, 6 months ahead that share their surprises: blocks of origins would name a winner in 28% of cases.

    Of 150 cases no more than 18 may: 28% would be 42, and so few come by chance twice in a million times.
    """
    runs = 150
    shocks = rng.normal(size=(runs, 29))
    data = np.lib.stride_tricks.sliding_window_view(shocks, 6, axis=1)  # [runs, origins, horizon]
    named = sum("better" in compare(frame(d[None]), rng=rng).verdict for d in data)
    assert named / runs < 0.064 + 3 * (0.064 * 0.936 / runs) ** 0.5


def test_the_interval_of_one_series_is_that_of_the_test(rng: np.random.Generator) -> None:
    """Every origin with as many months: where a limit is zero, p is 5%."""
    d = moving(rng, 1, 30, 3)[..., None] * np.ones(3)
    low, high = compare(frame(d), rng=rng).interval
    assert diebold_mariano(d[0, :, 0] - low, 3).pvalue == pytest.approx(0.05)
    assert diebold_mariano(d[0, :, 0] - high, 3).pvalue == pytest.approx(0.05)


def test_origins_of_fewer_months_weigh_less(rng: np.random.Generator) -> None:
    """The mean is over months, so an origin counts by its months: its interval is that of the weighted deviations."""
    table = frame(rng.normal(size=(1, 20, 2)))
    table = table[(table["origin"] < table["origin"].max()) | (table["horizon"] == 1)]  # the last origin lost a month
    found = compare(table, rng=rng)
    sums = table.groupby("origin")["difference"].sum().to_numpy()
    deviations = (sums - found.mean * np.append(np.full(19, 2.0), 1.0)) / 1.95
    assert found.mean == pytest.approx(table["difference"].mean())
    assert np.mean(found.interval) == pytest.approx(found.mean)
    assert diebold_mariano(deviations + found.mean - found.interval[0], 2).pvalue == pytest.approx(0.05)


def test_a_clear_winner_is_named(rng: np.random.Generator) -> None:
    better = compare(frame(rng.normal(-1.0, 1.0, size=(20, 3, 2))), "ours minus theirs", rng=rng)
    assert better.verdict == "the first is better"
    assert str(better).startswith("ours minus theirs: -")
    assert compare(frame(rng.normal(1.0, 1.0, size=(1, 40, 1))), rng=rng).verdict == "the second is better"


def test_what_cannot_be_compared_is_refused(rng: np.random.Generator) -> None:
    table = frame(rng.normal(size=(2, 2, 2)))
    with pytest.raises(InvalidInput, match="no scored month in common"):
        compare(table.iloc[:0], rng=rng)
    table.loc[0, "difference"] = np.inf
    with pytest.raises(InvalidInput, match="infinite"):
        compare(table, rng=rng)
    with pytest.raises(InvalidInput, match="rng is required"):
        compare(table, rng=None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="finite numbers"):
        diebold_mariano([], 1)


def test_tables_of_polars_give_the_same_answer(rng: np.random.Generator) -> None:
    polars = pytest.importorskip("polars")
    table = frame(rng.normal(size=(6, 3, 2)))
    theirs = polars.from_pandas(table.assign(origin=table["origin"].dt.to_timestamp().dt.date))
    ours, found = (compare(each, rng=1) for each in (table, theirs))
    assert str(found) == str(ours)
    pd.testing.assert_frame_equal(found.by_horizon, ours.by_horizon, check_index_type=False)
    with pytest.raises(InvalidInput, match="with the columns unique_id"):
        compare(theirs.drop("origin"), rng=1)
