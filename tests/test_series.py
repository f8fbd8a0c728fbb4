"""A series accepts every way to write a month and refuses what is no monthly count."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import InvalidInput, InvalidSeries
from forecasting.months import month_range
from forecasting.series import LARGEST_COUNT, CountSeries

MONTHS = month_range("2023-07", "2023-10")
COUNTS = [120, 131, 184, 171]


def frame(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"unique_id": "requests", "ds": MONTHS.to_timestamp(), "y": COUNTS, **columns})


@st.composite
def series(draw: st.DrawFn) -> CountSeries:
    start = draw(st.integers(1900 * 12, 2100 * 12))
    counts = draw(st.lists(st.none() | st.integers(0, LARGEST_COUNT), min_size=1, max_size=30))
    counts[0] = counts[0] or 0
    months = pd.period_range(f"{start // 12}-{start % 12 + 1:02d}", periods=len(counts), freq="M")
    missing = [count is None for count in counts]
    return CountSeries(months, np.array([count or 0 for count in counts]), np.array(missing), "s")


def same(one: CountSeries, other: CountSeries) -> bool:
    return (
        one.months.equals(other.months)
        and np.array_equal(one.values, other.values)
        and np.array_equal(one.missing, other.missing)
        and one.name == other.name
    )


# What is accepted


@given(series())
def test_a_table_holds_the_whole_series(original: CountSeries) -> None:
    assert same(CountSeries.from_frame(original.to_frame(), allow_missing=True), original)


@given(series(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(original: CountSeries, random: Any) -> None:
    rows = list(range(len(original)))
    random.shuffle(rows)
    shuffled = original.to_frame().iloc[rows]
    assert same(CountSeries.from_frame(shuffled, allow_missing=True), original)


@pytest.mark.parametrize(
    "index",
    [
        MONTHS,
        MONTHS.to_timestamp(),
        MONTHS.to_timestamp(how="end"),
        MONTHS.to_timestamp().tz_localize("Europe/Berlin"),
        MONTHS.asfreq("D", how="end"),
        MONTHS.astype(str),
        pd.Index(MONTHS.to_timestamp().date),
    ],
    ids=["periods", "starts", "ends", "zone", "days", "names", "dates"],
)
def test_months_may_be_written_in_many_ways(index: pd.Index) -> None:
    found = CountSeries.from_pandas(pd.Series(COUNTS, index, name="requests"))
    assert found.months.equals(MONTHS)
    assert found.values.tolist() == COUNTS
    assert found.name == "requests"
    assert not found.missing.any()


@pytest.mark.parametrize("dtype", ["int32", "uint64", "float64", "Int64", "Float64", object])
def test_whole_numbers_of_any_type_are_counts(dtype: Any) -> None:
    found = CountSeries.from_frame(frame(y=pd.array(COUNTS, dtype=dtype)))
    assert found.values.dtype == np.int64
    assert found.values.tolist() == COUNTS


def test_one_of_several_series_is_chosen_by_name() -> None:
    both = pd.concat([frame(), frame(unique_id="helped", y=[1, 2, 3, 4])])
    assert CountSeries.from_frame(both, "helped").values.tolist() == [1, 2, 3, 4]


def test_columns_may_have_other_names() -> None:
    df = frame().drop(columns="unique_id").rename(columns={"ds": "month", "y": "count"})
    found = CountSeries.from_frame(df, time_col="month", target_col="count")
    assert (found.name, found.values.tolist()) == ("count", COUNTS)


def test_a_missing_month_is_never_a_zero() -> None:
    found = CountSeries.from_frame(frame(y=[120, None, 184, 171]), allow_missing=True)
    assert found.missing.tolist() == [False, True, False, False]
    assert found.constraints.lower.tolist() == [120, 0, 184, 171]
    assert found.constraints.upper.tolist() == [120, np.inf, 184, 171]
    assert found.to_frame()["y"].isna().tolist() == found.missing.tolist()
    assert repr(found) == "CountSeries('requests', 2023-07..2023-10, 4 months, 1 missing)"


def test_nothing_can_be_changed() -> None:
    found = CountSeries.from_frame(frame())
    with pytest.raises(AttributeError):
        found.unique_id = "other"  # type: ignore[misc]
    for array in (found.values, found.missing):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_the_source_is_left_alone() -> None:
    counts = np.array(COUNTS)
    found = CountSeries(MONTHS, counts)
    counts[0] = 7
    assert found.values.tolist() == COUNTS


@given(series(), st.data())
def test_until_forgets_later_months(original: CountSeries, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(original)))
    early = original.until(original.months[size - 1])
    assert early.months.equals(original.months[:size])
    assert np.array_equal(early.values, original.values[:size])


# What is refused


@pytest.mark.parametrize(
    ("count", "fault"),
    [
        (-3, "is -3 (negative)"),
        (2.5, "is 2.5 (fractional)"),
        (float("inf"), "is inf (infinite)"),
        (float("-inf"), "is -inf (infinite)"),
        (None, "is missing"),
        (float("nan"), "is missing"),
        (pd.NA, "is missing"),
        (LARGEST_COUNT + 1, "is 1000000001 (above 10^9)"),
        (10**400, "(above 10^9)"),
        ("184", "is '184' (not an integer or float)"),
        (True, "is True (not an integer or float)"),
        (1 + 0j, "(not an integer or float)"),
        ([184], "is [184] (not an integer or float)"),
    ],
)
def test_what_is_no_count_is_named_with_its_month(count: object, fault: str) -> None:
    with pytest.raises(InvalidSeries) as caught:
        CountSeries.from_frame(frame(y=pd.Series([120, count, 184, 171], dtype=object)))
    assert "series 'requests': 2023-08 " in str(caught.value)
    assert fault in str(caught.value)
    assert "counts are whole numbers from 0 to 10^9" in str(caught.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(InvalidSeries, match=r"2023-07 is -1\.0 .*2023-08 is missing, 2023-10 is 0\.5 .*allow_missing"):
        CountSeries.from_frame(frame(y=[-1, None, 184, 0.5]))


def test_allowing_missing_months_allows_nothing_else() -> None:
    with pytest.raises(InvalidSeries, match="2023-07 is -1"):
        CountSeries.from_frame(frame(y=[-1, None, 184, 171]), allow_missing=True)


@given(series(), st.data())
def test_gaps_are_named(original: CountSeries, data: st.DataObject) -> None:
    df = original.to_frame()
    if len(df) < 3:
        return
    row = data.draw(st.integers(1, len(df) - 2))
    with pytest.raises(InvalidSeries, match=f"no row for {original.months[row]};"):
        CountSeries.from_frame(df.drop(index=row), allow_missing=True)


@given(series(), st.data())
def test_duplicates_are_named(original: CountSeries, data: st.DataObject) -> None:
    df = original.to_frame()
    row = data.draw(st.integers(0, len(df) - 1))
    with pytest.raises(InvalidSeries, match=f"several rows for {original.months[row]};"):
        CountSeries.from_frame(pd.concat([df, df.iloc[[row]]]), allow_missing=True)


def test_long_lists_are_cut_short() -> None:
    with pytest.raises(InvalidSeries, match=r"2020-02, 2020-03, .* and 41 more"):
        CountSeries(["2020-01", "2024-01"], [1, 2])


@pytest.mark.parametrize(
    ("df", "message"),
    [
        (frame().drop(columns="y"), "no column 'y', only unique_id, ds"),
        (frame().rename(columns={"ds": "date"}), "no column 'ds'"),
        (pd.DataFrame(), "no column 'ds', only none at all"),
        (pd.concat([frame(), frame()[["y"]]], axis=1), "more than one column 'y'"),
        (frame().iloc[:0], "holds 0 series; give at least one row"),
        (frame().iloc[:0].drop(columns="unique_id"), "has no rows"),
        (frame(unique_id=list("aabb")), "holds 2 series; choose one with unique_id: a, b"),
        (frame(ds=[1, 2, 3, 4]), "row 1: the number 1 is no month"),
        (frame(ds=["2023-07", "2023-08", "soon", "2023-10"]), "row 3: 'soon' is no month"),
        (frame(ds=[*MONTHS.to_timestamp()[:3], pd.NaT]), "row 4: NaT is no month"),
        (frame(ds=pd.period_range("2023Q1", periods=4, freq="Q")), "is no single month"),
    ],
)
def test_unusable_tables_say_why(df: pd.DataFrame, message: str) -> None:
    with pytest.raises(InvalidSeries, match=message):
        CountSeries.from_frame(df)


def test_an_unknown_series_is_answered_with_the_known() -> None:
    with pytest.raises(InvalidSeries, match="no series 'x'; it holds requests"):
        CountSeries.from_frame(frame(), "x")


def test_a_series_without_any_count_is_refused() -> None:
    with pytest.raises(InvalidSeries, match="no observed month"):
        CountSeries(MONTHS, [None] * 4, [True] * 4)


def test_lengths_must_agree() -> None:
    with pytest.raises(InvalidSeries, match="4 months and 3 counts; give one of each"):
        CountSeries(MONTHS, COUNTS[:3])
    with pytest.raises(InvalidSeries, match="4 counts and 2 entries in `missing`"):
        CountSeries(MONTHS, COUNTS, missing=[False, True])


def test_until_before_the_start_is_refused() -> None:
    with pytest.raises(InvalidSeries, match="starts in 2023-07, after 2023-06"):
        CountSeries(MONTHS, COUNTS).until("2023-06")


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.lists(st.integers())


@given(st.lists(st.tuples(anything, anything), max_size=5), st.booleans())
def test_whatever_comes_in_the_error_is_ours(rows: list[tuple[object, object]], allow_missing: bool) -> None:
    df = pd.DataFrame({"ds": [ds for ds, _ in rows], "y": [y for _, y in rows]}, dtype=object)
    try:
        found = CountSeries.from_frame(df, allow_missing=allow_missing)
    except InvalidInput:
        return
    assert (found.values >= 0).all()
    assert len(found.months) == len(rows)
