"""The sequential test of calibration: exactly fair bets, its bound on false alarms, and how soon it finds what is wrong."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from forecasting.batch.drift import LEANINGS, discoveries, e_bh, wealth
from forecasting.errors import InvalidInput

Ends = tuple[NDArray[np.float64], NDArray[np.float64]]


def poisson_ends(y: NDArray[np.int64], mean: float) -> Ends:
    table = stats.poisson.cdf(np.arange(-1, y.max() + 1), mean)
    return table[y], table[y + 1]


def slow(lower: NDArray[np.float64], upper: NDArray[np.float64]) -> list[float]:
    """One sequence, every start and every density on its own, integrals by quadrature."""
    tilts, bends = (-0.9, -0.45, 0.0, 0.45, 0.9), (-0.9, -0.45, 0.0, 0.9, 1.8)
    nodes, weights = np.polynomial.legendre.leggauss(5)
    gains = []
    for a, b in product(tilts, bends):
        x = np.linspace(-1, 1, 201)
        if (a, b) == (0.0, 0.0) or np.min(1 + a * x + b * (3 * x**2 - 1) / 2) < 0.05:
            continue
        u = (lower + upper)[:, None] / 2 + (upper - lower)[:, None] / 2 * nodes
        gains.append((1 + a * (2 * u - 1) + b * (6 * u**2 - 6 * u + 1)) @ weights / 2)
    found = []
    for t in range(1, len(lower) + 1):
        started = [np.mean([gain[s - 1 : t].prod() for gain in gains]) / (s * (s + 1)) for s in range(1, t + 1)]
        found.append(sum(started) + 1 / (t + 1))
    return found


def test_recursion_is_the_sum_over_all_starts(rng: np.random.Generator) -> None:
    lower, upper = poisson_ends(rng.poisson(3.0, 40), 2.0)
    assert wealth(lower, upper).path[0] == pytest.approx(slow(lower, upper), rel=1e-12)


@pytest.mark.parametrize("probabilities", [(0.7, 0.2, 0.1), (0.05, 0.95), (0.25, 0.25, 0.25, 0.25)])
def test_expectation_is_one_at_any_time(probabilities: tuple[float, ...]) -> None:
    p = np.array(probabilities)
    upper = np.cumsum(p)
    y = np.array([*product(range(len(p)), repeat=6)])
    path = wealth((upper - p)[y], np.minimum(upper[y], 1.0)).path
    assert p[y].prod(axis=1) @ path == pytest.approx(np.ones(6), rel=1e-12)


@pytest.mark.parametrize("mean", [0.3, 30.0])
def test_false_alarms_stay_within_the_bound_however_often_one_looks(mean: float, rng: np.random.Generator) -> None:
    series, months = 4000, 120
    highest = wealth(*poisson_ends(rng.poisson(mean, (series, months)), mean)).highest
    for alpha in (0.1, 0.01):
        error = np.sqrt(alpha * (1 - alpha) / series)  # Monte Carlo standard error at the bound
        alarms = (highest >= 1 / alpha).mean()
        assert alarms <= alpha + 3 * error
        assert alarms > 0  # the bound is of use


def test_false_discoveries_stay_within_their_rate(rng: np.random.Generator) -> None:
    """Series with a common shock are as dependent as series can be; a tenth of them has really drifted."""
    replications, series, months, rate = 40, 200, 48, 0.2
    common, own = rng.standard_normal((replications, 1, months)), rng.standard_normal((replications, series, months))
    y = np.searchsorted(stats.poisson.cdf(np.arange(80), 10.0), stats.norm.cdf(np.sqrt(0.5) * (common + own)))
    y[:, :20] = rng.poisson(16.0, (replications, 20, months))
    lower, upper = (ends.reshape(-1, months) for ends in poisson_ends(y, 10.0))
    called = np.array([e_bh(values, rate) for values in wealth(lower, upper).now.reshape(replications, series)])
    shares = called[:, 20:].sum(axis=1) / np.maximum(called.sum(axis=1), 1)
    assert shares.mean() <= rate + 3 * shares.std() / np.sqrt(replications)
    assert called[:, :20].mean() > 0.9


@pytest.mark.parametrize(
    ("counts", "leaning", "delay"),
    [
        (lambda rng, size: rng.poisson(14.0, size), LEANINGS[1], 30),
        (lambda rng, size: rng.poisson(7.0, size), LEANINGS[0], 40),
        (lambda rng, size: rng.negative_binomial(4, 4 / 14, size), LEANINGS[3], 50),
        (lambda rng, size: np.full(size, 10) + rng.integers(-1, 2, size), LEANINGS[2], 60),
    ],
    ids=["too low", "too high", "too narrow", "too wide"],
)
def test_what_is_wrong_is_found_and_named(counts, leaning: str, delay: int, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    series, sound, months = 400, 12, 72
    y = np.concatenate([rng.poisson(10.0, (series, sound)), counts(rng, (series, months - sound))], axis=1)
    bets = wealth(*poisson_ends(y, 10.0))
    reached = bets.path >= 100
    first = np.where(reached.any(axis=1), reached.argmax(axis=1) - sound + 1, months)
    assert np.median(first) <= delay
    assert np.mean([one == leaning for one in bets.leaning]) > 0.8


def test_months_that_were_not_judged_change_nothing(rng: np.random.Generator) -> None:
    lower, upper = poisson_ends(rng.poisson(5.0, (3, 20)), 4.0)
    holes = np.insert(lower, [0, 7, 7, 20], np.nan, axis=1), np.insert(upper, [0, 7, 7, 20], np.nan, axis=1)
    assert wealth(*holes).now == pytest.approx(wealth(lower, upper).now, rel=1e-12)
    assert wealth(np.full((2, 3), np.nan), np.full((2, 3), np.nan)).now.tolist() == [1.0, 1.0]
    assert wealth(np.empty((2, 0)), np.empty((2, 0))).highest.tolist() == [1.0, 1.0]


def test_discoveries_are_those_of_the_definition(rng: np.random.Generator) -> None:
    for _ in range(50):
        p = rng.random(12) ** 3
        k = max((k for k in range(1, 13) if np.sort(p)[k - 1] <= 0.1 * k / 12), default=0)
        assert discoveries(p, 0.1).sum() == k
        assert set(np.flatnonzero(discoveries(p, 0.1))) == set(np.argsort(p)[:k])
    assert discoveries([], 0.1).tolist() == []
    assert discoveries([np.nan, 0.04], 0.05).tolist() == [False, True]  # one test, not two


@pytest.mark.parametrize(("lower", "upper"), [([0.2, 0.3], [0.4]), ([0.5], [0.4]), ([-0.1], [0.4]), ([0.5], [1.1])])
def test_what_is_no_transform_is_refused(lower: list[float], upper: list[float]) -> None:
    with pytest.raises(InvalidInput):
        wealth(lower, upper)


@pytest.mark.parametrize("rate", [0.0, 1.0, -0.1, float("nan")])
def test_a_rate_is_between_0_and_1(rate: float) -> None:
    with pytest.raises(InvalidInput, match="between 0 and 1"):
        discoveries([0.1], rate)
