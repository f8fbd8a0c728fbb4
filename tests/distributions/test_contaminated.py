"""Contaminated counts against sums in forty digits, and the point distribution of the baselines."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest

from forecasting import Contaminated, Hurdle, InvalidInput, NegativeBinomial, Poisson, Predictive, ZeroInflated
from forecasting.distributions import Distribution
from forecasting.distributions.point import Point
from forecasting.months import month_range
from tests.kernels import exact

MEANS = [0.01, 0.8, 30.0, 4e3, 1e5]
FAMILY, SHARE = Contaminated(), 0.01
COUNTS = [0, 1, 2, 7, 40, 1000, 30_000, 1_000_000]

each_mean = pytest.mark.parametrize("mean", MEANS)
each_alpha = pytest.mark.parametrize("alpha", [0.0, 0.3])


def outlier_from(y: float, mean: float) -> mp.mpf:
    """P(Y >= y) of an outlier."""
    s = 2 * (mp.mpf(mean) + 1)
    return (s / (s + max(y, 0))) ** 3 if y < mp.inf else mp.mpf(0)


def between(low: int, high: float, mean: float, alpha: float) -> mp.mpf:
    """P(low <= Y <= high) of a contaminated negative binomial count."""
    regular = mp.exp(exact.log_sum(low, high, mean, alpha))
    share = mp.mpf(SHARE)
    return (1 - share) * regular + share * (outlier_from(low, mean) - outlier_from(high + 1, mean))


@each_mean
@each_alpha
def test_log_probabilities(mean: float, alpha: float) -> None:
    share = mp.mpf(SHARE)
    for y in COUNTS:
        tail = outlier_from(y, mean) - outlier_from(y + 1, mean)
        expected = mp.log((1 - share) * mp.exp(exact.log_pmf(y, mean, alpha)) + share * tail)
        assert float(FAMILY.logpmf(y, mean, alpha)) == pytest.approx(float(expected), rel=1e-12, abs=2e-10)


@pytest.mark.parametrize(("mean", "alpha"), [(0.01, 0.3), (0.8, 0.0), (30.0, 0.0), (30.0, 0.3), (4e3, 0.3), (1e5, 0.0)])
def test_both_tails_keep_their_digits(mean: float, alpha: float) -> None:
    for y in COUNTS[:6] if mean < 1e3 else [int(0.03 * mean), int(mean)]:
        below, above = between(0, y, mean, alpha), between(y + 1, np.inf, mean, alpha)
        assert float(FAMILY.cdf(y, mean, alpha)) == pytest.approx(float(below), rel=1e-9)
        assert float(FAMILY.sf(y, mean, alpha)) == pytest.approx(float(above), rel=1e-9)


@each_mean
@pytest.mark.parametrize(
    ("low", "length"), [(0, 1), (3, 1), (3, 6), (250_000, 1), (250_000, 1000), (10**9, 1), (10**9, 10**6)]
)
def test_short_intervals_far_out_keep_their_digits(mean: float, low: int, length: int) -> None:
    """A difference of two tails would have lost half of them."""
    high, regular = low + length - 1, mp.mpf(0)
    if low < 1e6:
        regular = mp.exp(exact.log_sum(low, high, mean, 0.3))
    tail = outlier_from(low, mean) - outlier_from(high + 1, mean)
    expected = mp.log((1 - mp.mpf(SHARE)) * regular + mp.mpf(SHARE) * tail)
    assert float(FAMILY.log_interval(low, high, mean, 0.3)) == pytest.approx(float(expected), rel=1e-11, abs=1e-9)


def test_an_empty_interval_and_the_whole_line() -> None:
    assert FAMILY.log_interval(5, 4, 3.0, 0.2) == -np.inf
    assert FAMILY.log_interval(0, np.inf, 3.0, 0.2) == pytest.approx(0.0, abs=1e-15)
    assert FAMILY.log_interval(-3, 4, 3.0, 0.2) == FAMILY.log_interval(0, 4, 3.0, 0.2)


@pytest.mark.parametrize("mean", [*MEANS, 1e12])
@pytest.mark.parametrize("share", [1e-6, 0.01, 0.4])
def test_moments(mean: float, share: float) -> None:
    """Sums over the tail probabilities: E[Y] = sum P(Y >= y), E[Y (Y + 1)] = 2 sum y P(Y >= y)."""
    s, weight, alpha = 2 * (mp.mpf(mean) + 1), mp.mpf(share), mp.mpf(0.3)
    sums = [mp.zeta(power, s + 1) for power in (2, 3)]
    first, rising = s**3 * sums[1], 2 * s**3 * (sums[0] - s * sums[1])
    expected = (1 - weight) * mean + weight * first
    squared = (1 - weight) * (mean + (1 + alpha) * mp.mpf(mean) ** 2) + weight * (rising - first)
    family = Contaminated(share=share)
    assert float(family.expectation(mean, 0.3)) == pytest.approx(float(expected), rel=1e-12)
    assert float(family.variance(mean, 0.3)) == pytest.approx(float(squared - expected**2), rel=1e-11)


def test_the_tail_sums_of_an_outlier_are_those_of_the_definition() -> None:
    """What the closed form of the moments stands on, summed by brute force to 10^6 and closed by the integral."""
    mean, s = 0.8, 3.6
    y = np.arange(1.0, 1e6)
    tail = (s / (s + y)) ** 3
    pure = Contaminated(share=0.4)
    first = (pure.expectation(mean, 0.0) - 0.6 * mean) / 0.4
    assert first == pytest.approx(tail.sum() + 0.5 * s**3 / (s + 1e6 - 0.5) ** 2, rel=1e-12)
    squared = (pure.variance(mean, 0.0) + pure.expectation(mean, 0.0) ** 2 - 0.6 * (mean + mean**2)) / 0.4
    left = s**3 / (s + 1e6 - 0.5) - 0.5 * s**4 / (s + 1e6 - 0.5) ** 2
    assert squared + first == pytest.approx(2.0 * ((y * tail).sum() + left), rel=1e-10)


@each_mean
@each_alpha
def test_quantiles_are_the_first_counts_that_reach_the_level(mean: float, alpha: float) -> None:
    u = np.append(np.linspace(0.0, 0.999, 200), 1.0 - np.geomspace(1e-3, 1e-12, 40))
    y = FAMILY.quantile(u, mean, alpha)
    assert (FAMILY.cdf(y, mean, alpha) >= u).all()
    assert (FAMILY.cdf(y - 1, mean, alpha) < u)[y > 0].all()
    assert y[-1] > 1000 * mean


@pytest.mark.parametrize("mean", [0.05, 6.0, 900.0])
def test_draws_follow_the_probabilities(mean: float, rng: np.random.Generator) -> None:
    draws = 200_000
    drawn = FAMILY.sample(np.full(draws, mean), np.full(draws, 0.2), rng=rng)
    edges = np.unique(FAMILY.quantile([0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.995, 0.998, 0.9995, 0.9999], mean, 0.2))
    share = -np.diff(np.append(FAMILY.sf(edges, mean, 0.2), 0.0))
    share = np.append(FAMILY.cdf(edges[0], mean, 0.2), share)
    seen = np.bincount(np.searchsorted(edges, drawn, side="left"), minlength=share.size)
    statistic = np.sum(np.square(seen - draws * share) / (draws * share))
    assert statistic < share.size + 4.0 * np.sqrt(2.0 * share.size)


@pytest.mark.parametrize("base", [Poisson(), NegativeBinomial(), ZeroInflated()], ids=lambda f: type(f).__name__)
def test_terms_are_log_probabilities(base: Distribution, rng: np.random.Generator) -> None:
    family = Contaminated(base)
    y, log_mean = rng.poisson(40.0, 25) * 10 ** rng.integers(0, 4, 25), rng.normal(3.0, 2.0, (30, 25))
    shape = list(family.natural(rng.uniform(0.0, 1.5, (30, len(family.shape_names)))).T)
    expected = family.logpmf(y, np.exp(log_mean), *(s[:, None] for s in shape))
    np.testing.assert_allclose(family.log_terms(y, log_mean, *shape), expected, rtol=1e-11, atol=1e-10)
    np.testing.assert_allclose(
        family.pmf(y, np.exp(log_mean), *(s[:, None] for s in shape)), np.exp(expected), rtol=1e-9
    )


def test_a_start_does_not_see_outliers() -> None:
    y, mean = np.array([9.0, 14.0, 4.0, 11.0, 7.0, 20.0]), np.full(6, 11.0)
    calm = FAMILY.start(y, mean)
    np.testing.assert_allclose(calm, NegativeBinomial().start(y, mean))
    np.testing.assert_array_equal(FAMILY.start(np.append(y, 5000.0), np.full(7, 11.0)), calm)
    np.testing.assert_array_equal(
        FAMILY.start(np.array([900.0]), np.ones(1)), NegativeBinomial().start(np.array([900.0]), np.ones(1))
    )


@pytest.mark.parametrize("wrapper", [ZeroInflated, Hurdle])
def test_wrapped_moments_are_sums(wrapper: type) -> None:
    """Zero inflation and hurdle ask the base for its mean, which here is not its parameter."""
    family, y = wrapper(Contaminated(Poisson(), share=0.3)), np.arange(400_000.0)
    p = np.exp(family.logpmf(y, 2.0, 0.25))
    mean = float(p @ y)
    assert float(family.expectation(2.0, 0.25)) == pytest.approx(mean, rel=1e-8)
    assert float(family.variance(2.0, 0.25)) == pytest.approx(float(p @ np.square(y - mean)), rel=1e-3)


def test_what_the_base_says_of_its_parameters_stands() -> None:
    family = Contaminated(ZeroInflated())
    assert family.proportions == {"zero"}
    assert family.centred
    assert not Contaminated(Hurdle()).centred
    months, shape = month_range("2024-01", "2024-01"), (np.zeros(1), np.ones(1))
    with pytest.raises(InvalidInput, match="zero is a probability"):
        Predictive.draw(months, np.ones((1, 1)), shape, family, name="y", rng=np.random.default_rng(1))


@pytest.mark.parametrize("share", [0.0, 0.5, -0.1, 1.0, np.nan])
def test_shares_that_are_no_exception(share: float) -> None:
    with pytest.raises(InvalidInput, match=r"share=.*(must lie between 0 and 0\.5|must be one number)"):
        Contaminated(share=share)


@pytest.mark.parametrize("base", [Contaminated(), Poisson, "poisson", None])
def test_bases_that_cannot_be_contaminated(base: object) -> None:
    with pytest.raises(InvalidInput, match="must be a count distribution"):
        Contaminated(base)


# The point distribution


def test_a_point_has_all_probability_on_its_mean(rng: np.random.Generator) -> None:
    family, mean, y = Point(), np.array([[0.0], [3.0], [1e6]]), np.array([0, 2, 3, 4, 1_000_000])
    at = np.array([[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 1]])
    np.testing.assert_array_equal(np.exp(family.logpmf(y, mean)), at)
    np.testing.assert_array_equal(family.cdf(y, mean), np.cumsum(at, axis=1))
    np.testing.assert_array_equal(family.sf(y, mean), 1 - np.cumsum(at, axis=1))
    np.testing.assert_array_equal(
        np.exp(family.log_interval(y, y + 1, mean)), [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 0, 1]]
    )
    np.testing.assert_array_equal(family.quantile([0.0, 0.5, 0.999], mean), np.repeat(mean.astype(int), 3, axis=1))
    np.testing.assert_array_equal(family.sample(mean[:, 0], rng=rng), [0, 3, 1_000_000])
    np.testing.assert_array_equal(family.variance(mean), np.zeros((3, 1)))
    np.testing.assert_array_equal(family.expectation(mean), mean)
    assert family.sample(np.array([1e30]), rng=rng)[0] == 2**53
    assert family == Point()
