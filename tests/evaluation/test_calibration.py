from __future__ import annotations

import numpy as np
import pytest

from forecasting.distributions import NegativeBinomial
from forecasting.errors import InvalidInput
from forecasting.evaluation import dawid_sebastiani, log_score, rps
from forecasting.evaluation.calibration import null_moments, pit_test, score_test
from forecasting.evaluation.pit import PIT, marginal_calibration, pit_ends
from forecasting.kernels import counts
from forecasting.predictive import Predictive
from tests.evaluation.forecasts import mixed, months, plain

SCORES = {"rps": rps, "dss": dawid_sebastiani, "log": log_score}


def campaigns(
    rng: np.random.Generator, size: int, *, too_narrow: bool = False, draws: int = 200
) -> list[tuple[np.ndarray, Predictive]]:
    """Forecasts of three months with levels of their own, and counts from them, or from something wider."""
    pairs = []
    for _ in range(size):
        level = rng.uniform(0.5, 40.0)
        forecast = Predictive.draw(
            months(3), np.full((draws, 3), level), (np.full(draws, 0.1),), NegativeBinomial(), name="y", rng=rng
        )
        rate = level * rng.gamma(1 / (0.6 if too_narrow else 0.1), 0.6 if too_narrow else 0.1, size=3)
        pairs.append((rng.poisson(rate).astype(float), forecast))
    return pairs


def test_ends_are_cumulative_probabilities(rng: np.random.Generator) -> None:
    forecast = plain([4.0, 4.0, 4.0], alpha=0.5)
    ends = pit_ends([0, 6, np.nan], forecast)
    np.testing.assert_allclose(ends[:2], [[0.0, counts.cdf(0, 4, 0.5)], [counts.cdf(5, 4, 0.5), counts.cdf(6, 4, 0.5)]])
    assert np.isnan(ends[2]).all()
    assert PIT.of([0, 6, np.nan], forecast).n == 2


def test_the_histogram_is_the_one_of_the_definition(rng: np.random.Generator) -> None:
    lower = np.sort(rng.random(50)) * 0.9
    upper = lower + rng.random(50) * (1 - lower)
    upper[7] = lower[7]

    def one(u: float, a: float, b: float) -> float:
        return 0.0 if u < a else 1.0 if u >= b else (u - a) / (b - a)

    grid = np.linspace(0, 1, 11)
    by_hand = [np.mean([one(u, a, b) for a, b in zip(lower, upper, strict=True)]) for u in grid]
    np.testing.assert_allclose(PIT(lower, upper).cdf(grid), by_hand, atol=1e-12)
    np.testing.assert_allclose(PIT(lower, upper).histogram(10), 10 * np.diff(by_hand), atol=1e-12)


def test_transforms_of_a_true_model_are_uniform_and_of_a_narrow_one_are_not(rng: np.random.Generator) -> None:
    for narrow in (False, True):
        pairs = campaigns(rng, 300, too_narrow=narrow)
        ends = np.concatenate([pit_ends(*pair) for pair in pairs])
        heights = PIT(ends[:, 0], ends[:, 1]).histogram(10)
        # A height is 10 times a share of 900 months; a spread-out transform varies less than a randomised one.
        error = 10 * np.sqrt(0.1 * 0.9 / 900)
        assert (np.abs(heights - 1) < 4 * error).all() != narrow
        assert not narrow or heights[[0, -1]].min() > 1 + 4 * error


def test_the_expected_histogram_is_flat_exactly() -> None:
    p = np.exp(counts.logpmf(np.arange(400.0), 6.0, 0.4))
    upper = np.cumsum(p)
    grid = np.linspace(0, 1, 21)
    expected = sum(w * PIT([b - w], [min(b, 1.0)]).cdf(grid) for w, b in zip(p, upper, strict=True) if w > 1e-18)
    np.testing.assert_allclose(expected, grid, atol=1e-10)


@pytest.mark.parametrize(("lower", "upper"), [([0.2], [0.1]), ([-0.1], [0.1]), ([0.1], [1.2]), ([0.1], [0.2, 0.3])])
def test_what_is_no_transform_is_refused(lower: list[float], upper: list[float]) -> None:
    with pytest.raises(InvalidInput):
        PIT(lower, upper)
    with pytest.raises(InvalidInput, match="nothing"):
        PIT([np.nan], [np.nan]).histogram()


def test_marginal_calibration_by_hand(rng: np.random.Generator) -> None:
    pairs = [([2.0, np.nan], plain([3.0, 9.0])), ([5.0, 1.0], plain([4.0, 2.0]))]
    table = marginal_calibration(pairs, [0, 2, 7])
    for y in (0, 2, 7):
        forecast = np.mean([counts.cdf(y, m) for m in (3.0, 4.0, 2.0)])
        observed = np.mean([x <= y for x in (2, 5, 1)])
        np.testing.assert_allclose(table.loc[y], [forecast, observed, forecast - observed])
    assert marginal_calibration(pairs).index.tolist() == list(range(7))
    true = marginal_calibration(campaigns(rng, 300))
    assert np.abs(true["difference"]).max() < 4 * 0.5 / 900**0.5


@pytest.mark.parametrize("score", ["rps", "dss", "log"])
@pytest.mark.parametrize(("mean", "alpha"), [(0.3, 2.0), (5.0, 0.0), (30.0, 0.5), (2000.0, 0.02)])
def test_null_moments_are_sums_over_the_counts(score, mean: float, alpha: float) -> None:  # type: ignore[no-untyped-def]
    last = int(mean + 12 * np.sqrt(mean * (1 + alpha * mean)) * (1 + 4 * alpha)) + 60
    y = np.arange(last + 1)
    means = np.full((1, len(y)), mean)
    forecast = Predictive(months(len(y)), np.zeros(means.shape, int), means, ([alpha],), NegativeBinomial(), "y")
    values, p = SCORES[score](y, forecast), np.exp(counts.logpmf(y, mean, alpha))
    expected = p @ values
    found = null_moments(float(y[3]), plain([mean], alpha), score)
    assert found.score == pytest.approx(values[3], rel=1e-9)
    assert found.mean == pytest.approx(expected, rel=1e-7)
    assert found.variance == pytest.approx(p @ np.square(values - expected), rel=1e-6)


def test_null_moments_at_counts_of_a_million(rng: np.random.Generator) -> None:
    """Dawid-Sebastiani in closed form; the others against their normal limits, from which skewness of order 1e-3 remains."""
    m = 1e6
    forecast = plain([m])
    found = {score: null_moments(m, forecast, score) for score in ("rps", "dss", "log")}
    assert found["dss"].mean == pytest.approx(1 + np.log(m), rel=1e-9)
    assert found["dss"].variance == pytest.approx(2 + 1 / m, rel=1e-7)
    assert found["log"].mean == pytest.approx(0.5 * np.log(2 * np.pi * np.e * m), rel=1e-6)
    assert found["log"].variance == pytest.approx(0.5, rel=1e-3)
    assert found["rps"].mean == pytest.approx(1e3 / np.sqrt(np.pi), rel=1e-6)


@pytest.mark.parametrize("score", ["rps", "dss", "log"])
def test_the_score_test_keeps_its_level_and_finds_narrow_forecasts(score, rng: np.random.Generator) -> None:  # type: ignore[no-untyped-def]
    z = np.array([score_test(campaigns(rng, 10, draws=1), score).statistic for _ in range(30)])
    assert abs(z.mean()) < 4 / 30**0.5
    assert abs(z.var(ddof=1) - 1) < 4 * (2 / 29) ** 0.5
    narrow = score_test(campaigns(rng, 40, too_narrow=True, draws=1), score)
    assert narrow.statistic > 3
    assert narrow.pvalue < 0.01
    assert narrow.n == 40


def test_the_transform_test_keeps_its_level_and_finds_narrow_forecasts(rng: np.random.Generator) -> None:
    p = np.array([pit_test(campaigns(rng, 10), replications=99, rng=rng).pvalue for _ in range(80)])
    assert abs((p <= 0.2).mean() - 0.2) < 4 * (0.2 * 0.8 / 80) ** 0.5
    assert abs(p.mean() - 0.5) < 4 * (1 / 12 / 80) ** 0.5
    assert pit_test(campaigns(rng, 60, too_narrow=True), replications=199, rng=rng).pvalue == 1 / 200


def test_tests_refuse_what_says_nothing(rng: np.random.Generator) -> None:
    empty = [([np.nan, np.nan, np.nan], mixed(3.0, rng, draws=200))]
    with pytest.raises(InvalidInput, match="nothing to test"):
        score_test(empty)
    with pytest.raises(InvalidInput, match="nothing to test"):
        pit_test(empty, rng=rng)
    with pytest.raises(InvalidInput, match="rng is required"):
        pit_test(empty, rng=None)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="100 or more"):
        pit_test([([1.0], plain([3.0]))], rng=rng)
    with pytest.raises(InvalidInput, match="certain"):
        score_test([([0.0], plain([0.0]))])
    with pytest.raises(InvalidInput, match="use 'rps'"):
        score_test([([1.0], plain([3.0]))], "brier")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="not in the forecast"):
        score_test([([1.0], plain([3.0]))], month=1)
