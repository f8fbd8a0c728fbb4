"""Terms turn months into the columns they promise, and refuse what has no meaning."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecasting.errors import InvalidInput, InvalidWindow
from forecasting.months import month_range
from forecasting.terms import (
    Covariate,
    Exposure,
    Intercept,
    MonthEffects,
    Pulse,
    Ramp,
    Seasonal,
    Step,
    Term,
    Terms,
    Trend,
    Weekdays,
)

DATA = month_range("2023-04", "2023-11")
EVERY = month_range("2020-01", "2026-12")
RAIN = pd.Series(np.linspace(1, 2, len(EVERY)), EVERY)

months_of_data = st.integers(0, len(EVERY) - 1).flatmap(
    lambda start: st.integers(start + 1, len(EVERY)).map(lambda end: EVERY[start:end])
)
month = st.sampled_from(list(EVERY[:-1]))
term = st.one_of(
    st.builds(Intercept),
    st.builds(Trend, st.none() | month),
    st.builds(Seasonal, st.integers(1, 6)),
    st.builds(MonthEffects),
    st.builds(Step, month),
    st.builds(Pulse, month),
    st.builds(Ramp, month, st.none() | st.just(EVERY[-1])),
    st.just(Covariate("rain", RAIN)),
    st.sampled_from([Exposure("days"), Exposure(RAIN)]),
)
sums = st.lists(term, min_size=1, max_size=5, unique_by=type).map(lambda terms: Terms(tuple(terms)))


def column(one: Term, months: pd.PeriodIndex = DATA) -> list[float]:
    design, _ = Terms.of(one).design(months, origin=DATA)
    return [float(value) for value in design[:, 0]]


# Every sum of terms


@given(sums, months_of_data, months_of_data)
def test_shapes_and_names_agree(terms: Terms, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> None:
    design, offset = terms.design(months, origin=origin)
    assert design.shape == (len(months), len(terms.columns()))
    assert len(terms.families) == len(set(terms.columns())) == design.shape[1]
    assert offset.shape == (len(months),)
    assert design.dtype == offset.dtype == np.float64
    assert np.isfinite(design).all()
    assert np.isfinite(offset).all()


@given(sums, months_of_data, st.data())
def test_rows_depend_on_their_month_alone(terms: Terms, months: pd.PeriodIndex, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(months) - 1), min_size=1))
    design, offset = terms.design(months, origin=DATA)
    some, some_offset = terms.design(months[rows], origin=DATA)
    assert np.array_equal(some, design[rows])
    assert np.array_equal(some_offset, offset[rows])


@given(sums)
def test_the_formula_can_be_read_back(terms: Terms) -> None:
    kinds = (Intercept, Trend, Seasonal, MonthEffects, Step, Pulse, Ramp)
    abridged = {
        "Covariate": lambda name, _: Covariate(name, RAIN),
        "Exposure": lambda values: Exposure(RAIN if values is ... else values),
    }
    read = eval(repr(terms), {**{kind.__name__: kind for kind in kinds}, **abridged})
    assert Terms.of(read).columns() == terms.columns()
    assert repr(read) == repr(terms)


@given(term)
def test_a_term_twice_is_an_error(one: Term) -> None:
    with pytest.raises(InvalidInput, match="more than once"):
        one + one


# Single terms


def test_intercept_is_one() -> None:
    assert column(Intercept()) == [1] * 8


def test_trend_is_zero_in_the_middle_of_the_data() -> None:
    assert column(Trend()) == [-3.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 3.5]
    assert column(Trend(), month_range("2023-12", "2024-01")) == [4.5, 5.5]
    assert column(Trend("2023-06"))[:4] == [-2, -1, 0, 1]


def test_seasonal_is_the_harmonics_of_the_calendar_month() -> None:
    terms = Terms.of(Seasonal(harmonics=2))
    design, _ = terms.design(DATA, origin=DATA)
    angle = 2 * np.pi * np.arange(4, 12) / 12
    assert terms.columns() == ("cos1", "sin1", "cos2", "sin2")
    expected = np.stack([np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle)], axis=1)
    assert np.allclose(design, expected, rtol=0, atol=1e-14)


def test_all_harmonics_span_the_month_effects() -> None:
    year = month_range("2023-01", "2023-12")
    assert Terms.of(Seasonal(6)).columns()[-2:] == ("sin5", "cos6")
    for season in (Seasonal(6), MonthEffects()):
        design, _ = (Intercept() + season).design(year, origin=year)
        assert design.shape == (12, 12)
        assert np.linalg.matrix_rank(design) == 12


def test_month_effects_are_relative_to_january() -> None:
    design, _ = Terms.of(MonthEffects()).design(month_range("2024-01", "2024-12"), origin=DATA)
    assert Terms.of(MonthEffects()).columns()[::10] == ("month[02]", "month[12]")
    assert np.array_equal(design, np.eye(12)[:, 1:])


def test_events_start_in_their_month() -> None:
    assert column(Step("2023-09")) == [0, 0, 0, 0, 0, 1, 1, 1]
    assert column(Pulse("2023-09")) == [0, 0, 0, 0, 0, 1, 0, 0]
    assert column(Ramp("2023-09")) == [0, 0, 0, 0, 0, 1, 2, 3]
    assert column(Ramp("2023-07", end="2023-09")) == [0, 0, 0, 1, 2, 3, 3, 3]


@given(month, months_of_data)
def test_a_ramp_is_a_running_sum_of_its_step(start: pd.Period, months: pd.PeriodIndex) -> None:
    ramp, step = np.array(column(Ramp(start), EVERY)), np.array(column(Step(start), EVERY))
    assert np.array_equal(ramp, np.cumsum(step))
    assert np.array_equal(np.diff(step, prepend=0.0), column(Pulse(start), EVERY))


def test_events_are_named_by_their_month() -> None:
    terms = Step("2023-09-30") + Pulse(pd.Timestamp("2023-09-01")) + Ramp("2023-09") + Ramp("2023-09", "2023-11")
    assert terms.columns() == (
        "step[2023-09]",
        "pulse[2023-09]",
        "ramp[2023-09]",
        "ramp[2023-09..2023-11]",
    )
    assert terms.families == ("step", "pulse", "ramp", "ramp")
    assert Step("2023-09") == Step(pd.Period("2023-09"))


def test_a_covariate_is_looked_up_by_month() -> None:
    values = column(Covariate("rain", {"2023-11": 3, "2023-10": 2.5}), month_range("2023-10", "2023-11"))
    assert values == [2.5, 3]
    by_date = pd.Series([2.5, 3], pd.to_datetime(["2023-10-31", "2023-11-30"]))
    assert column(Covariate("rain", by_date), month_range("2023-10", "2023-11")) == values


@pytest.mark.parametrize("term", [lambda values: Covariate("x", values), Exposure])
@pytest.mark.parametrize("size", [1e300, 1e-300])
def test_values_beyond_the_range_of_squares_are_refused(term: Any, size: float) -> None:
    with pytest.raises(InvalidInput, match="measure it in another unit"):
        term({"2023-01": size, "2023-02": 2 * size})


def test_a_covariate_keeps_its_own_copy() -> None:
    rain = RAIN.copy()
    kept = Covariate("rain", rain)
    rain.iloc[:] = -1
    assert column(kept) == RAIN.loc[DATA].tolist()


def test_exposure_is_an_offset() -> None:
    terms = Intercept() + Exposure("days")
    february = month_range("2024-02", "2024-02")
    assert terms.columns() == ("intercept",)
    assert terms.design(february, origin=DATA)[1].tolist() == [np.log(29)]
    assert np.array_equal((Intercept() + Exposure(RAIN)).design(DATA, origin=DATA)[1], np.log(RAIN.loc[DATA]))


def test_sums_join_and_keep_the_order() -> None:
    left, right = Intercept() + Trend(), Step("2023-09") + Seasonal()
    assert (left + right).terms == (*left.terms, *right.terms)
    assert repr(left + right) == "Intercept() + Trend() + Step('2023-09') + Seasonal()"
    assert repr(Trend("2023-01") + Ramp("2023-07", "2023-09")) == (
        "Trend(origin='2023-01') + Ramp('2023-07', end='2023-09')"
    )
    assert repr(Covariate("rain", RAIN) + Exposure("days")) == "Covariate('rain', ...) + Exposure('days')"


def test_a_new_term_needs_three_things() -> None:
    @dataclass(frozen=True, repr=False)
    class Summer(Term):
        family = "pulse"
        columns = ("summer",)

        def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> Any:
            return np.isin(months.month, (6, 7, 8)).astype(float)

    terms = Intercept() + Summer()
    assert repr(terms) == "Intercept() + Summer()"
    assert terms.design(DATA, origin=DATA)[0][:, 1].tolist() == [0, 0, 1, 1, 1, 0, 0, 0]


# What is refused


def test_nothing_can_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Seasonal().harmonics = 3  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        (Intercept() + Trend()).terms = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Seasonal(0), "harmonics=0"),
        (lambda: Seasonal(7), "harmonics=7"),
        (lambda: Seasonal(1.5), r"harmonics=1\.5"),
        (lambda: Seasonal(True), "harmonics=True"),
        (lambda: Step("autumn"), "'autumn' is not a month"),
        (lambda: Trend("2023"), "'2023' is not a month"),
        (lambda: Covariate("", RAIN), "named by a text, not by ''"),
        (lambda: Covariate("rain", [1, 2]), "is list; give a pandas Series"),
        (lambda: Covariate("rain", {"2023-09": float("nan")}), "2023-09 is nan"),
        (lambda: Covariate("rain", {"2023-09": float("inf")}), "2023-09 is inf"),
        (lambda: Covariate("rain", {"2023-09": None}), "2023-09 is nan"),
        (lambda: Covariate("rain", {"2023-09": "wet"}), "no numbers .*wet"),
        (lambda: Covariate("rain", {"2023-09": 1, "2023-09-30": 2}), "several values for 2023-09"),
        (lambda: Covariate("rain", {"soon": 1}), "covariate 'rain', row 1: 'soon' is not a month"),
        (lambda: Covariate("rain", pd.Series([1.0, 2.0])), "row 1: 0 is not a month"),
        (lambda: Covariate("trend", RAIN) + Trend(), "trend more than once"),
        (lambda: Terms.of("trend"), r"'trend' is no term; add terms up"),  # type: ignore[arg-type]
        (lambda: Terms.of([Intercept(), Trend()]), r"\[Intercept\(\), Trend\(\)\] is no term"),  # type: ignore[arg-type]
        (lambda: Intercept() + Trend, "'forecasting.terms.calendar.Trend'> is no term"),  # type: ignore[operator]
        (lambda: Exposure("hours"), "'hours' is unknown; give 'days'"),
        (lambda: Exposure({"2023-09": 0, "2023-10": -1}), r"2023-09 is 0\.0, 2023-10 is -1\.0"),
    ],
)
def test_what_has_no_meaning_is_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        make()


@pytest.mark.parametrize("end", ["2023-09", "2023-08"])
def test_a_ramp_ends_after_its_start(end: str) -> None:
    with pytest.raises(InvalidWindow, match=f"ramp from 2023-09 ends in {end}"):
        Ramp("2023-09", end=end)


@pytest.mark.parametrize("given", [Covariate("rain", RAIN), Exposure(RAIN)])
def test_the_future_is_never_invented(given: Term) -> None:
    with pytest.raises(InvalidInput, match="no value for 2027-01, 2027-02; add them"):
        (Intercept() + given).design(month_range("2026-12", "2027-02"), origin=DATA)


def test_weekdays_are_counted_day_by_day() -> None:
    months = pd.period_range("1899-11", "1901-03", freq="M").append(pd.period_range("2023-01", "2024-12", freq="M"))
    expected = []
    for month in months:
        days = [datetime.date(month.year, month.month, day) for day in range(1, month.days_in_month + 1)]
        expected.append(sum(day.weekday() < 5 for day in days) - 5.0 / 7.0 * len(days))
    np.testing.assert_allclose(Weekdays().rows(months, origin=months), expected, atol=1e-12)
    assert Weekdays().columns == ("weekdays",)


def test_weekdays_hold_long_before_stamps_do() -> None:
    month = pd.PeriodIndex(["1000-02"], freq="M")
    assert abs(float(Weekdays().rows(month, origin=month)[0])) < 1e-12  # 28 days: four of each


def test_known_values_are_compared_by_month_and_value() -> None:
    values = {"2023-01": 2.0, "2023-02": 3.0}
    for make in (Exposure, lambda by: Covariate("hours", by)):
        assert make(values) == make(dict(values))
        assert hash(make(values)) == hash(make(dict(values)))
        assert make(values) != make(values | {"2023-02": 4.0})
    assert Exposure("days") == Exposure("days") != Exposure(values)
    assert Covariate("hours", values) != Covariate("days", values)
