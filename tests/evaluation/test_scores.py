from __future__ import annotations

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

from forecasting.distributions import NegativeBinomial, Poisson
from forecasting.errors import InvalidInput, TooLarge
from forecasting.evaluation import (
    absolute_error,
    closed,
    coverage,
    crps_from_quantiles,
    dawid_sebastiani,
    energy_score,
    interval_score,
    interval_width,
    log_score,
    moments,
    quantile_score,
    rps,
    skill,
    squared_error,
    variogram_score,
)
from forecasting.evaluation import joint as joint_module
from forecasting.predictive import Predictive
from tests.evaluation.forecasts import mixed, months, plain, pmf_table
from tests.kernels import exact

EVERY = [
    log_score,
    rps,
    dawid_sebastiani,
    squared_error,
    absolute_error,
    lambda y, f: quantile_score(y, f, 0.7),
    lambda y, f: interval_score(y, f, 0.8),
    lambda y, f: coverage(y, f, 0.8),
]


def test_log_score_far_in_the_tail() -> None:
    assert log_score([155], plain([100.0]))[0] == pytest.approx(16.37, abs=0.005)
    for y, mean, alpha in [(0, 3.0, 10.0), (10**6, 1e6, 10.0), (5000, 2.0, 2.0), (0, 1e4, 0.0)]:
        assert log_score([y], plain([mean], alpha))[0] == pytest.approx(-float(exact.log_pmf(y, mean, alpha)), rel=1e-9)


def test_log_score_of_a_mixture(rng: np.random.Generator) -> None:
    forecast = mixed(20.0, rng)
    for h, y in enumerate((4, 20, 90)):
        p = [mp.exp(exact.log_pmf(y, m, a)) for m, a in zip(forecast.mean[:, h], forecast.shape[0], strict=True)]
        assert log_score([4, 20, 90], forecast)[h] == pytest.approx(-float(mp.log(mp.fsum(p) / len(p))), rel=1e-12)


def test_moments_are_those_of_the_probabilities(rng: np.random.Generator) -> None:
    forecast = mixed(10.0, rng)
    mean, variance = moments(forecast)
    for h, month in enumerate(forecast.months):
        p = forecast.pmf(month, 4000)
        assert mean[h] == pytest.approx((p * p.index).sum(), rel=1e-9)
        assert variance[h] == pytest.approx((p * (p.index - mean[h]) ** 2).sum(), rel=1e-8)
    np.testing.assert_allclose(
        dawid_sebastiani([5, 6, 7], forecast), (np.array([5, 6, 7]) - mean) ** 2 / variance + np.log(variance)
    )


def test_a_certain_zero() -> None:
    never = plain([0.0, 0.0])
    assert dawid_sebastiani([0, 2], never).tolist() == [-np.inf, np.inf]
    assert log_score([0, 2], never).tolist() == [0.0, np.inf]
    assert rps([0, 2], never).tolist() == [0.0, 2.0]


def test_errors_intervals_and_quantiles_by_hand() -> None:
    forecast = plain([100.0, 100.0, 100.0])
    q = forecast.quantile([0.05, 0.5, 0.7, 0.95]).iloc[0]
    y = np.array([60.0, 104.0, np.nan])
    np.testing.assert_allclose(squared_error(y, forecast), [1600, 16, np.nan])
    np.testing.assert_allclose(absolute_error(y, forecast), [q[0.5] - 60, 104 - q[0.5], np.nan])
    np.testing.assert_allclose(quantile_score(y, forecast, 0.7), [0.6 * (q[0.7] - 60), 0.6 * (q[0.7] - 104), np.nan])
    width = q[0.95] - q[0.05]
    np.testing.assert_allclose(interval_score(y, forecast, 0.9), [width + 20 * (q[0.05] - 60), width, np.nan])
    np.testing.assert_allclose(coverage(y, forecast, 0.9), [0, 1, np.nan])
    np.testing.assert_allclose(interval_width(forecast, 0.9), width)


def test_many_quantiles_approach_the_ranked_probability_score(rng: np.random.Generator) -> None:
    forecast = mixed(30.0, rng)
    levels = (np.arange(1000) + 0.5) / 1000
    y = [3, 50, 40]
    found = crps_from_quantiles(y, forecast.quantile(levels).to_numpy(), levels)
    np.testing.assert_allclose(found, rps(y, forecast), rtol=2e-3)


def test_quantile_cells_reach_zero_and_one() -> None:
    # Cells 0-0.2, 0.2-0.6, 0.6-1 around the levels 0.1, 0.3, 0.9.
    by_hand = 0.2 * 2 * (1 - 0.1) * (4 - 3) + 0.4 * 2 * (1 - 0.3) * (5 - 3) + 0.4 * 2 * (1 - 0.9) * (9 - 3)
    assert crps_from_quantiles([3], [[4, 5, 9]], [0.1, 0.3, 0.9])[0] == pytest.approx(by_hand)
    with pytest.raises(InvalidInput, match="must increase"):
        crps_from_quantiles([3], [[4, 5, 9]], [0.1, 0.9, 0.3])


@pytest.mark.parametrize("score", EVERY)
def test_months_without_truth_are_nan_in_every_score(score) -> None:  # type: ignore[no-untyped-def]
    forecast = plain([5.0, 5.0, 5.0])
    found = score(pd.Series([3, None, 4], dtype="Int64"), forecast)
    assert np.isnan(found).tolist() == [False, True, False]
    assert np.isnan(score([np.nan] * 3, forecast)).all()
    with pytest.raises(InvalidInput, match="covers 3 months"):
        score([1, 2], forecast)


@pytest.mark.parametrize("score", EVERY[:-1])
@pytest.mark.parametrize(("mean", "alpha"), [(3.0, 0.0), (12.0, 0.3), (0.4, 4.0)])
def test_the_expected_score_is_smallest_at_the_truth(score, mean: float, alpha: float) -> None:  # type: ignore[no-untyped-def]
    """The expectation is a sum over all counts, so no simulation blurs the comparison."""
    p = pmf_table(mean, alpha, int(40 * mean * (1 + 3 * alpha) + 60))
    y = np.arange(len(p))

    def expected(m: float, a: float) -> float:
        means = np.full((1, len(p)), m)
        forecast = Predictive(months(len(p)), np.zeros(means.shape, int), means, ([a],), NegativeBinomial(), "y")
        return float(p @ score(y, forecast))

    truth = expected(mean, alpha)
    rivals = [
        (0.7 * mean, alpha),
        (1.4 * mean, alpha),
        (mean, alpha + 0.5),
        (mean, alpha / 3),
        (1.2 * mean, alpha + 0.2),
    ]
    assert all(truth <= expected(*rival) + 1e-12 for rival in rivals)
    assert truth < expected(20.0 * mean, alpha)


def naive_energy(y: np.ndarray, paths: np.ndarray, unbiased: bool) -> float:
    first = np.mean([np.linalg.norm(x - y) for x in paths])
    pairs = [np.linalg.norm(a - b) for i, a in enumerate(paths) for j, b in enumerate(paths) if i != j]
    return float(first - 0.5 * np.sum(pairs) / (len(paths) * (len(paths) - unbiased)))


@pytest.mark.parametrize("unbiased", [False, True])
def test_energy_score_by_a_double_loop(
    unbiased: bool, rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joint_module, "_ROWS", 7)
    forecast = mixed(30.0, rng, draws=25)
    y = np.array([10.0, 40.0, 90.0])
    assert energy_score(y, forecast, unbiased=unbiased) == pytest.approx(naive_energy(y, forecast.paths, unbiased))


def test_energy_score_of_one_month_is_the_ranked_probability_score(rng: np.random.Generator) -> None:
    draws = 4000
    forecast = Predictive.draw(months(1), np.full((draws, 1), 9.0), (), Poisson(), name="y", rng=rng)
    # The standard error of a mean of |X - y| over the draws, with sd about 3.
    assert energy_score([12], forecast, unbiased=True) == pytest.approx(
        float(closed.rps(12, 9.0)), abs=4 * 3 / 4000**0.5
    )


def test_variogram_score_by_loops(rng: np.random.Generator) -> None:
    forecast = mixed(30.0, rng)
    y, weights = np.array([10.0, 40.0, 90.0]), rng.random((3, 3))
    total = 0.0
    for i in range(3):
        for j in range(3):
            expected = np.mean(np.abs(forecast.paths[:, i] - forecast.paths[:, j]) ** 0.5)
            total += weights[i, j] * (abs(y[i] - y[j]) ** 0.5 - expected) ** 2
    assert variogram_score(y, forecast, weights=weights) == pytest.approx(total)


def test_joint_scores_see_dependence_that_single_months_do_not(rng: np.random.Generator) -> None:
    """Levels shared by the months of a path, against the same levels shuffled within each month."""
    level = 50.0 * np.exp(0.5 * rng.normal(size=(2000, 1))) * np.ones((1, 4))
    joined = Predictive.draw(months(4), level, (), Poisson(), name="y", rng=rng)
    shuffled = rng.permuted(level, axis=0)
    apart = Predictive.draw(months(4), shuffled, (), Poisson(), name="y", rng=rng)
    truths = rng.poisson(50.0 * np.exp(0.5 * rng.normal(size=(30, 1))) * np.ones((1, 4)))
    for score in (energy_score, variogram_score):
        gain = np.array([score(y, apart) - score(y, joined) for y in truths])
        assert gain.mean() > 3 * gain.std() / 30**0.5


def test_joint_scores_refuse_what_they_cannot_do(rng: np.random.Generator) -> None:
    assert np.isnan(energy_score([3, np.nan], plain([3.0, 3.0])))
    assert np.isnan(variogram_score([3, np.nan], plain([3.0, 3.0])))
    with pytest.raises(InvalidInput, match="two draws"):
        energy_score([3], plain([3.0]), unbiased=True)
    with pytest.raises(InvalidInput, match="weights"):
        variogram_score([3], plain([3.0]), weights=[[-1.0]])
    many = Predictive.draw(months(1), np.full((20_001, 1), 3.0), (), Poisson(), name="y", rng=rng)
    with pytest.raises(TooLarge, match="20,001 draws"):
        energy_score([3], many)


def test_closed_forms_are_those_of_a_single_draw() -> None:
    y = np.array([0.0, 7.0, 1000.0])
    forecast = plain([4.0, 8.0, 900.0], alpha=0.4)
    mean = forecast.mean[0]
    np.testing.assert_allclose(closed.log_score(y, mean, 0.4), log_score(y, forecast), rtol=1e-12)
    np.testing.assert_allclose(closed.dawid_sebastiani(y, mean, 0.4), dawid_sebastiani(y, forecast), rtol=1e-12)
    np.testing.assert_allclose(closed.rps(y, mean, 0.4), rps(y, forecast), rtol=1e-10)
    assert np.isnan(closed.rps([np.nan], 3.0)).all()


@pytest.mark.parametrize(("mean", "alpha"), [(1e-8, 0.0), (2.0, 0.0), (2.0, 1e-12), (30.0, 0.7), (5.0, 10.0)])
def test_mean_difference_is_the_sum_over_pairs(mean: float, alpha: float) -> None:
    p = pmf_table(mean, alpha, 2500)
    below = np.cumsum(p)
    above = np.cumsum(p[::-1])[::-1]
    assert closed.mean_difference(mean, alpha) == pytest.approx(2 * (below[:-1] * above[1:]).sum(), rel=1e-9)


def test_skill_is_taken_where_both_have_a_score() -> None:
    assert skill([1.0, np.nan, 3.0], [2.0, 100.0, 6.0]) == pytest.approx(0.5)
    for ours, theirs in [([1.0], [1.0, 2.0]), ([np.nan], [1.0]), ([1.0], [0.0])]:
        with pytest.raises(InvalidInput):
            skill(ours, theirs)
