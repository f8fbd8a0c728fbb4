from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import mpmath as mp
import numpy as np
import pytest

from forecasting.distributions import NegativeBinomial, Poisson
from forecasting.errors import InvalidInput, TooLarge
from forecasting.evaluation import closed, grid, rps
from forecasting.kernels import counts
from forecasting.kernels.blocks import block
from forecasting.predictive import Predictive
from tests.evaluation.forecasts import mixed, months, plain, rps_by_sum
from tests.kernels import exact


def test_counts_where_other_packages_were_measured_to_fail() -> None:
    assert rps([160], plain([160.0]))[0] == pytest.approx(2.95, abs=0.005)
    assert rps([4900], plain([5000.0]))[0] == pytest.approx(65.06, abs=0.005)
    assert rps([0], plain([10_000.0]))[0] == pytest.approx(9943.58, abs=0.005)
    assert np.isfinite(rps([0, 1, 40], plain([2.0, 2.0, 2.0], alpha=10.0))).all()


@pytest.mark.parametrize(
    ("mean", "alpha", "last"), [(0.2, 3.0, 400), (7.0, 0.0, 200), (40.0, 0.2, 900), (9.0, 5.0, 2500)]
)
def test_the_sum_in_forty_digits(mean: float, alpha: float, last: int) -> None:
    running = list(accumulate(exact.table(mean, alpha, last)))
    assert float(1 - running[-1]) < 1e-13  # the table holds all that matters
    for y in (0, 3, 150):
        total = mp.fsum(c**2 for c in running[:y]) + mp.fsum((1 - c) ** 2 for c in running[y:])
        assert rps([y], plain([mean], alpha))[0] == pytest.approx(float(total), rel=1e-11)
        assert closed.rps(y, mean, alpha) == pytest.approx(float(total), rel=1e-11)


@pytest.mark.parametrize(
    ("mean", "alpha", "last"),
    [
        (0.01, 10.0, 400),
        (4.0, 1e-6, 200),
        (4.0, 2.0, 3000),
        (300.0, 1e-6, 3000),
        (300.0, 0.1, 9000),
        (6000.0, 0.01, 70000),
    ],
)
def test_mixtures_against_the_plain_sum(mean: float, alpha: float, last: int, rng: np.random.Generator) -> None:
    forecast = mixed(mean, rng, draws=5, horizon=2, alpha=alpha)
    for y in (0, int(mean), int(9 * mean) + 5):
        sums = [rps_by_sum(y, forecast, h, last) for h in range(2)]
        np.testing.assert_allclose(rps([y, y], forecast), sums, rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.0, 1e-8, 1e-3, 0.3, 10.0])
@pytest.mark.parametrize("mean", [1e-6, 2.5, 1e3, 1e6])
def test_the_sum_equals_the_kernel_form(mean: float, alpha: float) -> None:
    for y in (0.0, np.floor(mean), np.floor(4 * mean) + 3, 5e6):
        slack = 3e-15 * max(mean, y)
        assert rps([y], plain([mean], alpha))[0] == pytest.approx(
            float(closed.rps(y, mean, alpha)), rel=4e-9, abs=slack
        )


def test_rare_events_keep_their_relative_accuracy() -> None:
    assert rps([0], plain([1e-9]))[0] == pytest.approx(1e-18, rel=1e-8)


def test_draws_that_are_sharp_and_far_apart(rng: np.random.Generator) -> None:
    """Poisson components of which none overlaps another: the score is a sum over gaps, found without looking at each."""
    mean = np.array([[1e3], [2e5], [2.4e5], [3e6]])
    forecast = Predictive.draw(months(1), mean, (), Poisson(), name="y", rng=rng)
    y = 220_000
    distance = np.mean([float(closed.rps(y, m) + closed.mean_difference(m) / 2) for m in mean[:, 0]])
    apart = sum(float(closed.mean_difference(m)) for m in mean[:, 0]) + 2 * sum(
        abs(a - b) for i, a in enumerate(mean[:, 0]) for b in mean[:i, 0]
    )
    assert rps([y], forecast)[0] == pytest.approx(distance - apart / 32, rel=4e-9)


@dataclass(frozen=True)
class Inflated(Poisson):
    """Half zeros, half Poisson: far sharper than its variance tells."""

    def logpmf(self, y, mean, *shape):  # type: ignore[no-untyped-def]
        return np.logaddexp(
            np.log(0.5) + counts.logpmf(y, 2 * np.asarray(mean)), np.where(np.asarray(y) == 0, np.log(0.5), -np.inf)
        )

    def sf(self, y, mean, *shape):  # type: ignore[no-untyped-def]
        return 0.5 * counts.sf(y, 2 * np.asarray(mean)) + 0.5 * (np.asarray(y) < 0)

    def variance(self, mean, *shape):  # type: ignore[no-untyped-def]
        return np.asarray(mean) + np.square(mean)


def test_no_probability_is_missed_where_the_variance_misleads() -> None:
    forecast = Predictive(months(1), [[0]], np.array([[5e5]]), (), Inflated(), "y")
    m, y = 1e6, 10
    kernel = 0.5 * y + 0.5 * (m - y) - 0.5 * (0.5 * m + 0.25 * float(closed.mean_difference(m)))
    assert rps([y], forecast)[0] == pytest.approx(kernel, rel=4e-9)


def test_months_without_truth_score_nan_and_change_nothing() -> None:
    forecast = plain([3.0, 50.0, 700.0], alpha=0.2)
    whole = rps([1, 60, 500], forecast)
    assert np.isnan(rps([np.nan] * 3, forecast)).all()
    part = rps(np.ma.MaskedArray([1, 9, 500], [False, True, False]), forecast)
    np.testing.assert_allclose(part[[0, 2]], whole[[0, 2]], rtol=1e-9)
    assert np.isnan(part[1])


@pytest.mark.parametrize("observed", [[1], [1, -2], [1, 2.5], [1, np.inf], [1, "many"], [[1, 2]]])
def test_what_is_no_count_is_refused(observed: list[object]) -> None:
    with pytest.raises(InvalidInput, match="observed"):
        rps(observed, plain([3.0, 3.0]))


def test_too_many_separate_draws_are_refused(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    mean = np.exp(rng.uniform(np.log(1e7), np.log(1e10), size=(60, 1)))
    forecast = Predictive(months(1), np.zeros(mean.shape, int), mean, (), Poisson(), "y")
    assert np.isfinite(rps([5], forecast)).all()
    monkeypatch.setattr(grid, "MOST_BLOCKS", 200)
    with pytest.raises(TooLarge, match=r"more than 200 blocks.*crps_from_quantiles"):
        rps([5], forecast)


@pytest.mark.parametrize("level", [0, 1, 3, 7])
def test_block_sums_of_polynomials_are_exact(level: int, rng: np.random.Generator) -> None:
    weights = block(level)
    p = np.polynomial.Chebyshev(rng.normal(size=16), domain=[0, weights.size - 1])
    every = p(np.arange(weights.size))
    running, seen = np.cumsum(every), p(weights.nodes)
    scale = np.abs(every).sum()
    assert weights.total @ seen == pytest.approx(running[-1], abs=1e-12 * scale)
    assert weights.linear @ seen == pytest.approx(running.sum(), abs=1e-12 * scale * weights.size)
    assert seen @ weights.square @ seen == pytest.approx(np.square(running).sum(), rel=1e-11)


def test_negative_binomial_with_alpha_zero_is_poisson() -> None:
    mean = np.full((5, 1), 30.0)
    args = months(1), np.zeros((5, 1), int), mean
    assert rps([25], Predictive(*args, (np.zeros(5),), NegativeBinomial(), "y"))[0] == pytest.approx(
        rps([25], Predictive(*args, (), Poisson(), "y"))[0], rel=1e-12
    )


def test_shape_parameters_may_differ_by_month() -> None:
    mean, alpha = np.full((1, 2), 30.0), np.array([[0.1, 0.9]])
    forecast = Predictive(months(2), np.zeros((1, 2), int), mean, (alpha,), NegativeBinomial(), "y")
    np.testing.assert_allclose(rps([9, 70], forecast), closed.rps([9, 70], mean[0], alpha[0]), rtol=1e-10)
