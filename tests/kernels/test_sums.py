from __future__ import annotations

import numpy as np
import pytest

from forecasting.kernels import counts, sums
from forecasting.kernels.counts import FloatArray, IntArray


@pytest.fixture
def tables(rng: np.random.Generator) -> list[FloatArray]:
    return [rng.random((3, width)) for width in (4, 9, 1, 6)]


def convolved(tables: list[FloatArray], row: int) -> FloatArray:
    result = np.ones(1)
    for table in tables:
        result = np.convolve(result, table[row])
    return result


def test_product_transform_is_a_convolution(tables: list[FloatArray]) -> None:
    widest = sum(table.shape[1] - 1 for table in tables)
    length = sums.alias_free(0, widest, widest)
    found = sums.invert(sums.product_transform([(table, 1) for table in tables], length), length)
    for row in range(3):
        np.testing.assert_allclose(found[row, : widest + 1], convolved(tables, row), rtol=1e-12)


def test_a_table_may_enter_several_times(tables: list[FloatArray]) -> None:
    chosen = [tables[0], tables[0], tables[0], tables[1]]
    found = sums.invert(sums.product_transform([(tables[0], 3), (tables[1], 1)], 32), 32)
    np.testing.assert_allclose(found[1, :18], convolved(chosen, 1), rtol=1e-12)


@pytest.mark.parametrize(("first", "last"), [(0, 3), (5, 9), (15, 17), (17, 17)])
def test_wrapped_sums_leave_the_wanted_entries_unharmed(first: int, last: int) -> None:
    table = np.random.default_rng(1).random((1, 18))
    other = np.ones((1, 1))
    length = sums.alias_free(first, last, 17)
    found = sums.invert(sums.product_transform([(table, 1), (other, 1)], length), length)
    np.testing.assert_allclose(found[0, first : last + 1], table[0, first : last + 1], atol=1e-14)


def test_no_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one table"):
        sums.product_transform([], 8)


def tilted_moments(log_p: FloatArray, x: FloatArray, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
    weight = np.exp(log_p + tilt[:, None] * x)
    mean = (weight @ x) / weight.sum(axis=1)
    return mean, (weight @ (x * x)) / weight.sum(axis=1) - mean * mean


@pytest.mark.parametrize("target", [3.0, 80.0, 700.0])
def test_tilt_brings_the_sum_to_its_target(target: float) -> None:
    x = np.arange(400.0)
    tables = [(counts.logpmf(x, mean, alpha)[None], times) for mean, alpha, times in ((20.0, 0.3, 2), (5.0, 0.0, 3))]

    def moments(tilt: FloatArray, _: IntArray) -> tuple[FloatArray, FloatArray]:
        parts = [(times, tilted_moments(log_p, x, tilt)) for log_p, times in tables]
        return sum(k * m for k, (m, _) in parts), sum(k * v for k, (_, v) in parts)

    tilt = sums.tilt_to(np.array([target]), moments, np.zeros(1), np.zeros(1, dtype=np.int64))
    mean, variance = moments(tilt, np.zeros(1, dtype=np.int64))
    assert abs(mean[0] - target) <= 0.5 * np.sqrt(variance[0])
