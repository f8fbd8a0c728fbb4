from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecasting.constraints import Constraints, Infeasible, Linear, feasible

TOP = 7
"""Brute force looks at 0..TOP for each month; every system below is boxed in accordingly."""


def months(count: int) -> pd.PeriodIndex:
    return pd.period_range("2023-01", periods=count, freq="M")


def satisfying(rows: Sequence[Linear], lower: Sequence[int], upper: Sequence[int]) -> list[tuple[int, ...]]:
    """Return every vector of the box for which all rows hold, in order."""
    box = [np.arange(low, high + 1) for low, high in zip(lower, upper, strict=True)]
    y = np.stack(np.meshgrid(*box, indexing="ij")).reshape(len(box), -1)
    holds = np.ones(y.shape[1], dtype=bool)
    for row in rows:
        total = np.array(row.coefs) @ y[list(row.positions)]
        holds &= (total >= (-np.inf if row.low is None else row.low)) & (
            total <= (np.inf if row.high is None else row.high)
        )
    return list(map(tuple, y[:, holds].T.tolist()))


def solutions(rows: Sequence[Linear], count: int, top: int = TOP) -> list[tuple[int, ...]]:
    return satisfying(rows, [0] * count, [top] * count)


@st.composite
def systems(draw: st.DrawFn) -> tuple[int, list[Linear]]:
    """A few rows of every sort on one to four months."""
    count = draw(st.integers(1, 4))
    limit = st.none() | st.integers(-12, 24)
    rows = []
    for _ in range(draw(st.integers(0, 5))):
        positions = draw(st.lists(st.integers(0, count - 1), min_size=1, unique=True))
        coefs = draw(st.lists(st.integers(-3, 3), min_size=len(positions), max_size=len(positions)))
        rows.append(Linear(tuple(positions), tuple(coefs), draw(limit), draw(limit)))
    return count, rows


def boxed(count: int) -> list[Linear]:
    return [Linear((i,), (1,), None, TOP) for i in range(count)]


@settings(max_examples=300)
@given(systems())
def test_ranges_and_the_reduced_system_are_those_of_brute_force(system: tuple[int, list[Linear]]) -> None:
    count, rows = system
    rows = [*rows, *boxed(count)]
    allowed = solutions(rows, count)
    assert feasible(rows, count) == bool(allowed)
    if not allowed:
        with pytest.raises(Infeasible):
            Constraints.solve(months(count), rows)
        return
    known = Constraints.solve(months(count), rows)
    assert known.lower.tolist() == np.min(allowed, axis=0).tolist()
    assert known.upper.tolist() == np.max(allowed, axis=0).tolist()
    assert satisfying(known.linear, known.lower.tolist(), known.upper.astype(int).tolist()) == allowed


@settings(max_examples=100)
@given(systems(), st.sets(st.integers(0, 3), min_size=1))
def test_the_range_of_a_sum_is_that_of_brute_force(system: tuple[int, list[Linear]], chosen: set[int]) -> None:
    count, rows = system
    rows = [*rows, *boxed(count)]
    wanted = sorted(i for i in chosen if i < count)
    allowed = solutions(rows, count)
    if allowed:
        sums = [sum(y[i] for i in wanted) for y in allowed]
        assert Constraints.solve(months(count), rows).sum_range(wanted) == (min(sums), max(sums))


@settings(max_examples=80)
@given(systems())
def test_a_month_without_limit_is_one_that_grows_with_the_box(system: tuple[int, list[Linear]]) -> None:
    """Limits beyond those of two nested boxes cannot be seen by brute force; inside them, all must agree."""
    count, rows = system
    count = min(count, 3)
    rows = [row for row in rows if max(row.positions) < count]
    allowed = solutions(rows, count, top=30)
    if not allowed:
        return
    known = Constraints.solve(months(count), rows)
    assert known.lower.tolist() == np.min(allowed, axis=0).tolist()
    for top, seen in zip(known.upper, np.max(allowed, axis=0), strict=True):
        assert top == seen or top > 30 or seen >= 30 - TOP


@settings(max_examples=100)
@given(systems())
def test_reduced_rows_are_in_normal_form(system: tuple[int, list[Linear]]) -> None:
    count, rows = system
    if not feasible(rows, count):
        return
    known = Constraints.solve(months(count), rows)
    assert len({(row.positions, row.coefs) for row in known.linear}) == len(known.linear)
    for row in known.linear:
        assert len(row.positions) > 1
        assert row == row.substitute({})
        assert not known.exact[list(row.positions)].any()


def test_the_order_of_the_rows_changes_no_range(rng: np.random.Generator) -> None:
    rows = large_system(rng)
    forwards, backwards = (Constraints.solve(months(40), order) for order in (rows, rows[::-1]))
    assert forwards.lower.tolist() == backwards.lower.tolist()
    assert forwards.upper.tolist() == backwards.upper.tolist()


def large_system(rng: np.random.Generator) -> list[Linear]:
    """Totals, bounds, orderings and a ratio that one hidden series of 40 months satisfies."""
    hidden = rng.integers(20, 500, size=40)
    rows = []
    for _ in range(14):
        start = int(rng.integers(0, 34))
        window = tuple(range(start, start + int(rng.integers(1, 7))))
        total = int(hidden[list(window)].sum())
        rows.append(Linear(window, (1,) * len(window), total, total))
    highest = int(hidden.argmax())
    rows += [Linear((highest, j), (1, -1), 1, None) for j in range(40) if hidden[j] < hidden[highest]]
    share = hidden[:12].sum() / hidden[12:24].sum()
    numerator, denominator = dict.fromkeys(range(12), 100), range(12, 24)
    rows.append(Linear.of(numerator | dict.fromkeys(denominator, -math.floor(share * 100)), 0, None))
    return rows


def test_each_limit_of_a_large_system_is_attained_and_none_can_be_passed(rng: np.random.Generator) -> None:
    rows = large_system(rng)
    known = Constraints.solve(months(40), rows)
    for i, (low, high) in enumerate(zip(known.lower.tolist(), known.upper.tolist(), strict=True)):
        assert feasible([*rows, Linear((i,), (1,), low, low)], 40)
        assert not feasible([*rows, Linear((i,), (1,), None, low - 1)], 40)
        if math.isinf(high):
            assert feasible([*rows, Linear((i,), (1,), 10**7, None)], 40)
        else:
            assert feasible([*rows, Linear((i,), (1,), int(high), int(high))], 40)
            assert not feasible([*rows, Linear((i,), (1,), int(high) + 1, None)], 40)


def test_large_counts_stay_exact() -> None:
    billion = 10**9
    known = Constraints.solve(
        months(3),
        [
            Linear((0, 1, 2), (1, 1, 1), 3 * billion - 1, 3 * billion - 1),
            Linear((0, 1), (1, -1), 1, None),
            Linear((1, 2), (1, -1), 1, None),
            Linear((0,), (1,), None, billion + 1),
        ],
    )
    assert known.lower.tolist() == [billion + 1, billion, billion - 2]
    assert known.exact.all()


def test_rows_that_chase_each_other_for_ever_are_infeasible() -> None:
    chase = [Linear((0, 1), (1, -1), 1, None), Linear((1, 0), (1, -1), 1, None)]
    assert not feasible(chase, 2)


@pytest.mark.parametrize(("coefs", "limits"), [((1, 1, -1), (0, -1)), ((2, 2, -2), (1, 1)), ((3, -3, 3), (4, 5))])
def test_limits_that_exclude_each_other_are_infeasible(coefs: tuple[int, ...], limits: tuple[int, int]) -> None:
    """A sum of unit coefficients needs no integer program, unless nothing lies between its limits."""
    row = Linear((0, 1, 2), coefs, *limits)
    for rows in ([row], [row, *boxed(3)]):
        assert not feasible(rows, 3)
        with pytest.raises(Infeasible):
            Constraints.solve(months(3), rows)


def test_duplicates_are_merged_and_keep_every_fact() -> None:
    known = Constraints.solve(
        months(2),
        [Linear((0, 1), (1, 1), 5, 9, ("a",)), Linear((1, 0), (2, 2), 12, None, ("b",))],
    )
    assert known.linear == (Linear((0, 1), (1, 1), 6, 9, ("a", "b")),)


def test_exact_months_are_substituted() -> None:
    known = Constraints.solve(
        months(3),
        [Linear((0, 1, 2), (1, 1, 1), 577, 577, ("total",)), Linear((1,), (1,), 218, 218, ("october",))],
    )
    assert known.exact.tolist() == [False, True, False]
    assert known.linear == (Linear((0, 2), (1, 1), 359, 359, ("total",)),)


def test_a_plain_series_is_exact_where_it_is_observed() -> None:
    known = Constraints.complete(months(3), np.array([4, 0, 6]), np.array([False, True, False]))
    assert known.lower.tolist() == [4, 0, 6]
    assert known.upper.tolist() == [4, math.inf, 6]
    assert known.exact.tolist() == [True, False, True]
    assert known.linear == ()
    assert known.sum_range([0, 2]) == (10, 10)
    assert known.sum_range(range(3)) == (10, math.inf)


def test_arrays_are_read_only() -> None:
    known = Constraints.solve(months(1), [])
    with pytest.raises(ValueError, match="read-only"):
        known.lower[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        known.upper[0] = 1


def test_ratios_of_counts_near_the_largest_accepted_stay_exact(rng: np.random.Generator) -> None:
    for _ in range(10):
        hidden = rng.integers(0, 10**9, size=8)
        front, back = int(hidden[:5].sum()), int(hidden[3:].sum())
        share = front * 1000 // back
        overlapping = {i: 1000 * (i < 5) for i in range(8)}
        rows = [
            Linear((1, 2, 3), (1, 1, 1), *[int(hidden[1:4].sum())] * 2),
            Linear((3, 4, 5, 6), (1, 1, 1, 1), *[int(hidden[3:7].sum())] * 2),
            Linear.of({i: c - (share - 1) * (i >= 3) for i, c in overlapping.items()}, 0, None),
            Linear.of({i: c - (share + 1) * (i >= 3) for i, c in overlapping.items()}, None, 0),
        ]
        known = Constraints.solve(months(8), rows)
        for i, (low, high) in enumerate(zip(known.lower.tolist(), known.upper.tolist(), strict=True)):
            assert low <= hidden[i] <= high
            assert not feasible([*rows, Linear((i,), (1,), None, low - 1)], 8)
            assert math.isinf(high) or not feasible([*rows, Linear((i,), (1,), int(high) + 1, None)], 8)
