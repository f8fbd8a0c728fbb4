"""Random systems of every kind of row over two to five small months, against listing of all vectors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from forecasting.constraints import Constraints, Infeasible, Linear, feasible
from tests.likelihood import brute


def window(rng: np.random.Generator, size: int, top: int) -> Iterator[Linear]:
    """A total, a bound from one or both sides, and now and then a second print of the same window."""
    first = int(rng.integers(0, size))
    inside = tuple(range(first, int(rng.integers(first, size)) + 1))
    low = int(rng.integers(0, top * len(inside) + 2))
    limits = [(low, low), (low, low + int(rng.integers(0, 4))), (low, None), (None, low)]
    yield Linear(inside, (1,) * len(inside), *limits[int(rng.integers(0, 4))])
    if rng.random() < 0.3:
        again = low + int(rng.integers(-1, 2))
        yield Linear(inside, (1,) * len(inside), again, [None, again][int(rng.integers(0, 2))])


def comparison(rng: np.random.Generator, size: int) -> Linear:
    """An ordering of two months, or a ratio of two sets of months."""
    if rng.random() < 0.6:
        above, below = rng.choice(size, 2, replace=False).tolist()
        return Linear.of({above: 1, below: -1}, 1, None, compares=True)
    chosen = rng.permutation(size)[: rng.integers(2, size + 1)].tolist()
    part = int(rng.integers(1, len(chosen)))
    p, q = rng.integers(1, 4, 2).tolist()
    terms = {i: q for i in chosen[:part]} | {i: -p for i in chosen[part:]}
    return Linear.of(terms, *[(0, None), (None, 0)][int(rng.integers(0, 2))], compares=True)


def system(rng: np.random.Generator, size: int, top: int) -> list[Linear]:
    rows = [Linear((i,), (1,), None, top) for i in range(size)]
    for _ in range(int(rng.integers(1, 6))):
        rows += window(rng, size, top) if rng.random() < 0.65 else [comparison(rng, size)]
    return rows


def compare(rng: np.random.Generator) -> bool:
    size = int(rng.integers(2, 6))
    top = 7 if size < 5 else 4
    rows = system(rng, size, top)
    allowed = brute.vectors(rows, size, far=top)
    assert feasible(rows, size) == bool(len(allowed)), rows
    if not len(allowed):
        with pytest.raises(Infeasible):
            Constraints.solve(brute.months(size), rows)
        return False
    known = Constraints.solve(brute.months(size), rows)
    np.testing.assert_array_equal(known.lower, allowed.min(axis=0), str(rows))
    np.testing.assert_array_equal(known.upper, allowed.max(axis=0), str(rows))
    some = rng.permutation(size)[: rng.integers(1, size + 1)]
    sums = allowed[:, some].sum(axis=1)
    assert known.sum_range(some.tolist()) == (sums.min(), sums.max()), rows
    ranges = [
        Linear((i,), (1,), int(low), int(high))
        for i, (low, high) in enumerate(zip(known.lower, known.upper, strict=True))
    ]
    np.testing.assert_array_equal(brute.vectors([*ranges, *known.linear], size, far=top), allowed, str(rows))
    return True


def test_feasibility_ranges_and_the_reduced_system(rng: np.random.Generator) -> None:
    assert sum(compare(rng) for _ in range(150)) > 40


@pytest.mark.parametrize("size", [1, 2, 3, 7, 12])
@pytest.mark.parametrize(
    ("one", "other"), [((530, 530), (548, 548)), ((530, 530), (548, None)), ((None, 530), (548, None))]
)
def test_two_limits_of_one_window_exclude_each_other(
    size: int, one: tuple[int | None, int | None], other: tuple[int | None, int | None]
) -> None:
    window = tuple(range(size))
    rows = [Linear(window, (1,) * size, *one), Linear(window, (1,) * size, *other)]
    assert not feasible(rows, size)
    assert feasible(rows[:1], size)
    with pytest.raises(Infeasible):
        Constraints.solve(brute.months(size), rows)


def test_parts_that_do_not_make_the_whole_exclude_each_other() -> None:
    parts = [Linear(tuple(range(k, k + 4)), (1,) * 4, 100, 100) for k in (0, 4, 8)]
    for total in (299, 300, 301):
        whole = Linear(tuple(range(12)), (1,) * 12, total, total)
        assert feasible([*parts, whole], 12) == (total == 300)


@pytest.mark.parametrize("factor", [2, 1000])
@pytest.mark.parametrize("size", [2, 7])
def test_ratios_in_a_circle_allow_nothing_but_zero(factor: int, size: int) -> None:
    circle = [Linear.of({k: 1, (k + 1) % size: -factor}, 0, None, compares=True) for k in range(size)]
    assert Constraints.solve(brute.months(size), circle[1:]).upper[1] == np.inf
    zero = Constraints.solve(brute.months(size), circle)
    assert feasible(circle, size)
    assert not zero.upper.any()
    something = [*circle, Linear((0,), (1,), 1, None)]
    assert not feasible(something, size)
    with pytest.raises(Infeasible):
        Constraints.solve(brute.months(size), something)
