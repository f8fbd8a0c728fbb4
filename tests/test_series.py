"""A series accepts every way to write a month and refuses what is no monthly count."""

from __future__ import annotations

import datetime as dt
import warnings
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import ForecastingWarning, InvalidInput, InvalidSeries
from forecasting.months import month_range
from forecasting.series import LARGEST_COUNT, CountSeries, incomplete
from forecasting.series.collection import read_collection
from forecasting.terms import Covariate, Exposure

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


@pytest.fixture(autouse=True)
def _far_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """No month of a test is the running one, whenever the tests run."""
    monkeypatch.setattr(incomplete, "today", lambda: dt.date(2999, 12, 31))


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


@pytest.mark.parametrize("frequency", ["starts", "ends"])
@pytest.mark.parametrize("zone", ["Europe/Oslo", "America/New_York", "Asia/Tokyo"])
def test_local_months_stored_as_utc_are_refused_by_every_reader(frequency: str, zone: str) -> None:
    local = MONTHS.to_timestamp(how=frequency[:-1]).tz_localize(zone)
    stored = local.tz_convert("UTC")
    for index in (stored, stored.tz_localize(None), stored.strftime("%Y-%m-%dT%H:%M:%SZ"), list(stored)):
        for read in (
            lambda: CountSeries(index, COUNTS),  # noqa: B023
            lambda: CountSeries.from_frame({"ds": index, "y": COUNTS}),  # noqa: B023
            lambda: CountSeries.from_pandas(pd.Series(COUNTS, pd.Index(index))),  # noqa: B023
            lambda: CountSeries(MONTHS, pd.Series(COUNTS, pd.Index(index))),  # noqa: B023
            lambda: Covariate("x", pd.Series(COUNTS, pd.Index(index))),  # noqa: B023
            lambda: Exposure(pd.Series(COUNTS, pd.Index(index))),  # noqa: B023
        ):
            with pytest.raises(InvalidInput, match="convert it to local time first"):
                read()
    assert CountSeries(local, COUNTS).months.equals(MONTHS)


@pytest.mark.parametrize("year", [1000, 1677, 1789, 1840, 1899, 2270, 2999])
def test_months_of_any_century_are_months(year: int) -> None:
    found = CountSeries([f"{year}-01", f"Feb {year}", f"{year}0331"], [3, 4, 5])
    assert [str(month) for month in found.months] == [f"{year}-01", f"{year}-02", f"{year}-03"]


# Labels


@given(st.permutations(range(4)))
def test_labelled_counts_are_aligned_by_month(order: list[int]) -> None:
    labels, counts = MONTHS[list(order)], [COUNTS[k] for k in order]
    mask = [month == MONTHS[1] for month in labels]
    for index in (
        labels,
        labels.to_timestamp(),
        labels.to_timestamp(how="end"),
        labels.astype(str),
        labels.strftime("%b %Y"),
    ):
        by_month = pd.Series(counts, index)
        mapping = dict(zip(index, counts, strict=True))
        for values in (by_month, mapping, by_month.to_dict()):
            assert CountSeries(MONTHS, values).values.tolist() == COUNTS
            assert CountSeries(MONTHS[::-1], values).values.tolist() == COUNTS
        for missing in (pd.Series(mask, index), dict(zip(index, mask, strict=True))):
            assert CountSeries(MONTHS, COUNTS, missing).missing.tolist() == [False, True, False, False]


def test_counts_of_events_come_in_the_order_of_their_size() -> None:
    events = pd.PeriodIndex(["2023-03"] * 9 + ["2023-01"] * 5 + ["2023-04"] * 2 + ["2023-02"], freq="M")
    months = month_range("2023-01", "2023-04")
    assert CountSeries(months, pd.Series(events).value_counts()).values.tolist() == [5, 1, 9, 2]
    assert CountSeries(["2023-02", "2023-01"], {"2023-01": 3, "2023-02": 5}).values.tolist() == [3, 5]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pd.Series(COUNTS[:3], MONTHS[:3]), "no value for 2023-10; if nothing was counted then, add a zero"),
        (
            pd.Series([*COUNTS, 1], month_range("2023-07", "2023-11")),
            "values for 2023-11, which are not among the months",
        ),
        (pd.Series([1, 2, 3, 4], ["2023-07"] * 4), "several values for 2023-07"),
        (pd.Series(COUNTS, list("abcd")), "row 1: 'a' is not a month"),
        (pd.Series(COUNTS, pd.MultiIndex.from_product([["a"], MONTHS])), "is not a month"),
        (pd.Series(COUNTS, [3, 1, 0, 2]), "labels of the values are out of order"),
        ({"2023-07": 1}, "no value for 2023-08"),
        ({7: 1, 8: 2, 9: 3, 10: 4}, "row 1: 7 is not a month"),
    ],
)
def test_labels_that_are_not_the_months_are_refused(values: Any, message: str) -> None:
    with pytest.raises(InvalidSeries, match=message):
        CountSeries(MONTHS, values)
    with pytest.raises(InvalidSeries, match=message):
        CountSeries(MONTHS, COUNTS, values)


def test_columns_of_one_table_go_together_and_of_two_do_not() -> None:
    df = frame().iloc[[2, 0, 3, 1]]
    assert CountSeries(df["ds"], df["y"]).values.tolist() == COUNTS
    with pytest.raises(InvalidSeries, match="rows with different labels"):
        CountSeries(df["ds"], df["y"].sort_values())
    assert CountSeries(MONTHS, frame()["y"].set_axis(range(7, 11))).values.tolist() == COUNTS


# Tables of other libraries, and what is no table


class Frame:
    """A data frame as polars has it: names in `columns`, a column with `to_list` by its name."""

    def __init__(self, columns: dict[str, list[Any]]) -> None:
        self._columns = columns

    columns = property(lambda self: list(self._columns))

    def __getitem__(self, name: str) -> Any:
        return iter(self._columns[name])


def test_tables_of_every_library_are_read() -> None:
    arrow = pytest.importorskip("pyarrow")
    columns = {"unique_id": ["requests"] * 4, "ds": list(MONTHS.to_timestamp()), "y": COUNTS}
    table = arrow.table(columns)
    for df in (
        columns,
        Frame(columns),
        table,
        table.to_batches()[0],
        table.to_pandas(),
        arrow.Table.from_pandas(pd.DataFrame({**columns, "ds": MONTHS})),
        frame().astype({"ds": "timestamp[ns][pyarrow]", "y": "int64[pyarrow]"}),
    ):
        found = CountSeries.from_frame(df)
        assert (found.name, found.values.tolist(), found.months.equals(MONTHS)) == ("requests", COUNTS, True)
    assert CountSeries(arrow.array(MONTHS.astype(str)), arrow.array(COUNTS)).values.tolist() == COUNTS
    gap = CountSeries.from_frame(arrow.table({**columns, "y": [None, *COUNTS[1:]]}), allow_missing=True)
    assert gap.missing.tolist() == [True, False, False, False]


def test_frames_of_polars_are_read_eager_and_lazy() -> None:
    polars = pytest.importorskip("polars")
    table = polars.DataFrame({"unique_id": ["requests"] * 4, "ds": list(MONTHS.to_timestamp().date), "y": COUNTS})
    for df in (
        table,
        table.lazy(),
        table.to_arrow(),
        table.with_columns(polars.col("ds").cast(polars.Datetime("ms"))),
        table.with_columns(polars.col("ds").dt.strftime("%Y-%m"), polars.col("unique_id").cast(polars.Categorical)),
        table.select(polars.col("y").cast(polars.UInt16), "ds"),
    ):
        found = CountSeries.from_frame(df)
        assert (found.values.tolist(), found.months.equals(MONTHS)) == (COUNTS, True)
    assert CountSeries(table["ds"], table["y"], table["y"] > 10**6).values.tolist() == COUNTS
    gap = table.with_columns(polars.when(polars.col("y") == COUNTS[0]).then(None).otherwise("y").alias("y"))
    assert CountSeries.from_frame(gap, allow_missing=True).missing.tolist() == [True, False, False, False]
    with pytest.raises(InvalidSeries, match="no column 'y'"):
        CountSeries.from_frame(table.drop("y").lazy())


def test_masked_arrays_and_decimals_are_counts() -> None:
    masked = np.ma.masked_array(COUNTS, [False, True, False, False])  # type: ignore[no-untyped-call]
    with pytest.raises(InvalidSeries, match="2023-08 is missing"):
        CountSeries(MONTHS, masked)
    assert CountSeries(MONTHS, masked, masked.mask).values.tolist() == [120, 0, 184, 171]
    assert CountSeries.from_frame(frame(y=[Decimal(count) for count in COUNTS])).values.tolist() == COUNTS


# Names


@pytest.mark.parametrize(
    ("given", "name"), [("a", "a"), (" a ", "a"), (7, "7"), (np.int64(7), "7"), (7.0, "7"), ("01", "01")]
)
def test_the_name_is_always_a_text(given: Any, name: str) -> None:
    assert CountSeries(MONTHS, COUNTS, unique_id=given).name == name
    assert CountSeries.from_frame(frame(unique_id=[given] * 4), given).name == name
    assert CountSeries.from_frame(frame(unique_id=[given] * 4)).unique_id == name


def test_by_default_the_name_is_that_of_the_counts() -> None:
    counts = pd.Series(COUNTS, MONTHS, name="requests")
    assert CountSeries(MONTHS, counts).name == CountSeries.from_pandas(counts).name == "requests"
    assert CountSeries(MONTHS, COUNTS).name == CountSeries(MONTHS, counts.rename(None)).name == "y"


@pytest.mark.parametrize("name", [float("nan"), "", " ", b"a", 1.5, True, ["a"], ("a",)])
def test_what_is_no_name_is_refused(name: Any) -> None:
    with pytest.raises(InvalidSeries, match="unique_id="):
        CountSeries(MONTHS, COUNTS, unique_id=name)
    with pytest.raises(InvalidSeries, match="unique_id in row 1 is"):
        CountSeries.from_frame(frame(unique_id=pd.Series([name] * 4, dtype=object)))


def test_rows_without_a_name_and_names_written_twice_are_told() -> None:
    with pytest.raises(InvalidSeries, match="unique_id in row 3 is missing"):
        CountSeries.from_frame(frame(unique_id=["a", "a", None, "a"]), "a")
    with pytest.raises(InvalidSeries, match="unique_id in row 1 is missing"):
        CountSeries.from_frame(frame(unique_id=[None] * 4))
    with pytest.raises(InvalidSeries, match="holds both 1 and '1', which are the same name"):
        CountSeries.from_frame(frame(unique_id=pd.Series([1, 1, "1", "1"], dtype=object)), "1")
    gap = frame(unique_id=[1, 1, 1, 1]).reset_index(drop=True).reindex(range(5))
    assert CountSeries.from_frame(gap, 1).values.tolist() == COUNTS  # a blank row, which makes floats of the names


# The last month


def test_a_last_month_that_is_not_over_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incomplete, "today", lambda: dt.date(2023, 10, 11))
    table, by_month = frame(), pd.Series(COUNTS, MONTHS)
    for read in (partial(CountSeries.from_frame, table), partial(CountSeries.from_pandas, by_month)):
        with pytest.warns(ForecastingWarning, match="2023-10, the last month, is not over on 2023-10-11"):
            assert len(read()) == 4
        with pytest.warns(ForecastingWarning, match="is not over on 2023-10-05"):
            assert len(read(as_of="2023-10-05")) == 4
        assert len(read(last_month="keep")) == len(read(last_month="keep", as_of="2023-10-31")) == 4
        assert len(read(last_month="drop", as_of=dt.date(2023, 10, 31))) == 3
        assert len(read(last_month="drop", as_of=pd.Timestamp("2023-11-01"))) == 4
        assert len(read(as_of="2023-11-30")) == 4
        assert len(read(last_month="drop", as_of="2023-09-30")) == 2
    assert len(CountSeries.from_frame(frame(y=[*COUNTS[:3], None]), allow_missing=True)) == 4


@pytest.mark.parametrize("day", [dt.date(2023, 11, 1), dt.date(2031, 1, 1)])
def test_no_other_day_changes_anything(monkeypatch: pytest.MonkeyPatch, day: dt.date) -> None:
    monkeypatch.setattr(incomplete, "today", lambda: day)
    assert CountSeries.from_frame(frame()).values.tolist() == COUNTS


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"last_month": "use"}, "last_month='use' is unknown; use 'drop' or 'keep'"),
        ({"last_month": "drop"}, "needs the day of the data"),
        ({"as_of": "2023-10"}, "as_of='2023-10' is not a day; write it as YYYY-MM-DD"),
        ({"as_of": 5}, "as_of=5 is not a day"),
        ({"as_of": "2023-06-30"}, "no month that was over on 2023-06-30; it starts in 2023-07"),
        ({"as_of": "2023-07-31", "last_month": "drop"}, "no month that was over"),
    ],
)
def test_requests_about_the_last_month_are_checked(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        CountSeries.from_frame(frame(), **arguments)


# What is refused


@pytest.mark.parametrize(
    "values",
    [
        *(np.ones((4, 1)), np.array(3), 4, None, "1234", {1, 2, 3, 4}, pd.DataFrame({"y": COUNTS}), object()),
        *([[1], [2], [3], [4]], [None] * 4, ["1", "2", "3", "4"], [b"1"] * 4),
    ],
)
def test_values_that_are_not_a_list_of_counts_are_refused(values: Any) -> None:
    with pytest.raises(InvalidSeries, match="series 'y'" if values is not None else "months but no counts"):
        CountSeries(MONTHS, values)
    if values is not None:
        with pytest.raises(InvalidSeries, match="series 'y'"):
            CountSeries(MONTHS, COUNTS, values)


@pytest.mark.parametrize(
    "missing", [[None] * 4, ["no", "no", "yes", "no"], [0, 1, 0, 0], pd.array([True, None, True, True])]
)
def test_a_mask_holds_true_or_false(missing: Any) -> None:
    with pytest.raises(InvalidSeries, match="give True or False for every month"):
        CountSeries(MONTHS, COUNTS, missing)


@pytest.mark.parametrize(
    "months", ["2023-07", 7, None, {"2023-07", "2023-08"}, np.array([["2023-07"]]), [[1]], [None], b"a"]
)
def test_months_that_are_not_a_list_of_months_are_refused(months: Any) -> None:
    with pytest.raises(InvalidSeries, match="series 'y'"):
        CountSeries(months, [1])


@pytest.mark.parametrize(
    "table", [None, 5, "y", [1, 2], COUNTS, object(), CountSeries(MONTHS, COUNTS), np.ones((2, 2))]
)
def test_what_is_no_table_is_refused(table: Any) -> None:
    with pytest.raises(InvalidSeries, match="a table is a data frame"):
        CountSeries.from_frame(table)
    with pytest.raises(InvalidSeries, match="from_pandas reads a pandas Series"):
        CountSeries.from_pandas(table)


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
        (frame(ds=[1, 2, 3, 4]), "row 1: 1 is not a month"),
        (frame(ds=["2023-07", "2023-08", "soon", "2023-10"]), "row 3: 'soon' is not a month"),
        (frame(ds=[*MONTHS.to_timestamp()[:3], pd.NaT]), "row 4: NaT is not a month"),
        (frame(ds=pd.period_range("2023Q1", periods=4, freq="Q")), "is not a single month"),
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


def test_names_of_series_in_an_index_tell_them_apart() -> None:
    """Two series that follow each other were read as one, because the index that names them was not looked at."""
    frame = pd.DataFrame(
        {
            "unique_id": ["a"] * 3 + ["b"] * 3,
            "ds": pd.period_range("2020-01", "2020-06", freq="M").to_timestamp(),
            "y": [1, 2, 3, 40, 50, 60],
        }
    )
    for table in (frame.set_index("unique_id"), frame.set_index(["unique_id", "ds"])):
        with pytest.raises(InvalidSeries, match="choose one with unique_id: a, b"):
            CountSeries.from_frame(table)
        assert CountSeries.from_frame(table, "b").values.tolist() == [40, 50, 60]
        assert [one.name for one in read_collection(table).series] == ["a", "b"]
    assert CountSeries.from_frame(frame.iloc[:3].set_index("ds"), "a").values.tolist() == [1, 2, 3]


@pytest.mark.parametrize("order", [[2, 1, 0], [1, 2, 0]])
def test_months_and_counts_of_differently_sorted_rows_are_refused(order: list[int]) -> None:
    frame = pd.DataFrame({"ds": ["2020-01", "2020-02", "2020-03"], "y": [1, 2, 3]})
    with pytest.raises(InvalidSeries, match="rows with different labels"):
        CountSeries(frame["ds"].iloc[order], frame["y"])
    assert CountSeries(frame["ds"].iloc[order], frame["y"].iloc[order]).values.tolist() == [1, 2, 3]
    assert CountSeries(frame["ds"], frame["y"].to_numpy()).values.tolist() == [1, 2, 3]


def test_a_remedy_names_arguments_that_there_are() -> None:
    months = pd.period_range("2020-01", "2020-03", freq="M")
    with pytest.raises(InvalidSeries, match="name a month that was not observed with missing=") as error:
        CountSeries(months, [1, None, 3])
    assert "allow_missing=True to from_frame or from_pandas" in str(error.value)
    assert CountSeries(months, [1, None, 3], missing=[False, True, False]).missing.tolist() == [False, True, False]


def test_counts_of_months_that_have_not_begun_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incomplete, "today", lambda: dt.date(2030, 6, 15))
    coming = pd.period_range("2030-06", periods=3, freq="M")
    with pytest.warns(ForecastingWarning, match=f"{coming[-1]}, the last month, has not begun on"):
        CountSeries.from_pandas(pd.Series([1, 2, 3], coming))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CountSeries.from_pandas(pd.Series([1, 2, 3], coming), last_month="keep")
