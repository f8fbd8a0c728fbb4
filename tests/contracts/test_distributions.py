"""What every count distribution must do; a new one is tested the moment it exists."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from forecasting import distributions
from forecasting.distributions import Distribution, split_shape
from forecasting.kernels.counts import FloatArray
from forecasting.parameters import Priors

FAMILIES = [
    family
    for _, family in inspect.getmembers(distributions, inspect.isclass)
    if issubclass(family, Distribution) and not inspect.isabstract(family)
]
MEANS = [0.05, 1.0, 7.5, 140.0]
# Working coordinates that a sampler visits: at, near and far from the simplest case.
WORK = [0.0, 1e-7, 0.1, 0.6, 2.0]


def shapes(family: Distribution, work: float) -> tuple[float, ...]:
    k = len(family.shape_names)
    return tuple(family.natural(np.full((1, k), work))[0].tolist())


def cases() -> list[tuple[Distribution, float, tuple[float, ...]]]:
    found = []
    for family in (f() for f in FAMILIES):
        for work in WORK if family.shape_names else WORK[:1]:
            found += [(family, mean, shapes(family, work)) for mean in MEANS]
    return found


every = pytest.mark.parametrize(
    ("family", "mean", "shape"), [pytest.param(*c, id=f"{type(c[0]).__name__}-{c[1]}-{c[2]}") for c in cases()]
)
each_family = pytest.mark.parametrize("family", [f() for f in FAMILIES], ids=[f.__name__ for f in FAMILIES])


def table(family: Distribution, mean: float, shape: tuple[float, ...]) -> tuple[FloatArray, FloatArray]:
    """Counts up to a far quantile, a multiple of 64 of them and at most 65536, and their probabilities."""
    far = int(family.quantile(1.0 - 1e-13, mean, *shape)) + 2
    y = np.arange(min(-(-far // 64) * 64, 2**16))
    return y, np.exp(family.logpmf(y, mean, *shape))


def rest(family: Distribution, mean: float, shape: tuple[float, ...], y: FloatArray) -> FloatArray:
    """Probability of, and first two moments over, the counts that a table leaves out.

    They are sums over the tail, E[Y; Y >= a] = a P(Y >= a) + sum P(Y > k) over k >= a: by Boole's rule, octave by octave.
    """
    end = float(len(y))
    weight = np.tile([14.0, 32.0, 12.0, 32.0], 16)
    weight = np.append(weight, 7.0) * (2.0 / 45.0)
    weight[0] /= 2.0
    above = float(family.sf(end - 1.0, mean, *shape))
    moments = np.array([1.0, end, end**2]) * above
    for octave in range(40):
        k = end * 2.0**octave * (1.0 + np.arange(65) / 64.0)
        s = family.sf(k, mean, *shape)
        both = np.array([s, (2.0 * k + 1.0) * s])
        moments[1:] += (weight * both).sum(axis=1) * (k[1] - k[0]) + (both[:, 0] - both[:, -1]) / 2.0
    return moments


def test_some_family_is_found() -> None:
    assert {"Poisson", "NegativeBinomial"} <= {f.__name__ for f in FAMILIES}


@every
def test_probabilities_sum_to_one(family: Distribution, mean: float, shape: tuple[float, ...]) -> None:
    y, p = table(family, mean, shape)
    assert p.sum() + rest(family, mean, shape, y)[0] == pytest.approx(1.0, abs=1e-11)


@every
def test_cdf_and_sf_accumulate_them(family: Distribution, mean: float, shape: tuple[float, ...]) -> None:
    y, p = table(family, mean, shape)
    np.testing.assert_allclose(family.cdf(y, mean, *shape), np.cumsum(p), rtol=1e-10)
    np.testing.assert_allclose(family.sf(y, mean, *shape), 1.0 - np.cumsum(p), atol=1e-11)
    assert family.cdf(-1, mean, *shape) == 0.0
    assert family.sf(-1, mean, *shape) == 1.0


@every
def test_mean_and_variance(family: Distribution, mean: float, shape: tuple[float, ...]) -> None:
    y, p = table(family, mean, shape)
    expected = float(family.expectation(mean, *shape))
    beyond, first, second = rest(family, mean, shape, y)
    assert p @ y + first == pytest.approx(expected, rel=1e-8)
    further = second - 2.0 * expected * first + expected**2 * beyond
    assert p @ np.square(y - expected) + further == pytest.approx(float(family.variance(mean, *shape)), rel=1e-7)


@every
def test_quantile_inverts_cdf(family: Distribution, mean: float, shape: tuple[float, ...]) -> None:
    u = np.linspace(0.0, 1.0, 1001, endpoint=False)
    y = family.quantile(u, mean, *shape)
    assert y.dtype == np.int64
    assert (family.cdf(y, mean, *shape) >= u).all()
    assert (family.cdf(y - 1, mean, *shape)[y > 0] < u[y > 0]).all()


@every
def test_log_interval_sums_probabilities(family: Distribution, mean: float, shape: tuple[float, ...]) -> None:
    y, p = table(family, mean, shape)
    middle, last = len(y) // 3, len(y) - 1
    for low, high in ((0, 0), (0, middle), (middle, last), (1, last), (middle, middle)):
        expected = np.logaddexp.reduce(family.logpmf(np.arange(low, high + 1), mean, *shape))
        assert float(family.log_interval(low, high, mean, *shape)) == pytest.approx(float(expected), rel=1e-9, abs=1e-9)
    assert float(np.exp(family.log_interval(middle, np.inf, mean, *shape))) == pytest.approx(
        p[middle:].sum() + rest(family, mean, shape, y)[0], rel=1e-6, abs=1e-13
    )


@every
def test_samples_have_the_distribution(
    family: Distribution, mean: float, shape: tuple[float, ...], rng: np.random.Generator
) -> None:
    draws = 40_000
    drawn = family.sample(np.full(draws, mean), *(np.full(draws, s) for s in shape), rng=rng)
    assert drawn.dtype == np.int64
    y, p = table(family, mean, shape)
    observed = np.bincount(np.minimum(drawn, y[-1]), minlength=y.size)
    # Cells as equal as counts allow, then Pearson's statistic.
    cell = np.floor(np.minimum(np.cumsum(p), 1.0) * 25 * (1 - 1e-9)).astype(int)
    o, e = np.bincount(cell, observed), np.bincount(cell, p) * draws
    common = e > 5
    o, e = np.append(o[common], o[~common].sum()), np.append(e[common], e[~common].sum())
    statistic = np.sum(np.square(o - e)[e > 1e-9] / e[e > 1e-9])
    freedom = max(common.sum() - 1, 1)
    assert statistic < freedom + 5.0 * np.sqrt(2.0 * freedom) + 10.0


@each_family
def test_log_likelihood_is_the_sum_of_log_probabilities(family: Distribution, rng: np.random.Generator) -> None:
    y = rng.poisson(20.0, 30)
    log_mean = rng.normal(3.0, 1.0, (50, 30))
    shape = split_shape(family, family.natural(rng.uniform(0, 1.5, (50, len(family.shape_names)))))
    expected = family.logpmf(y, np.exp(log_mean), *(s[:, None] for s in shape)).sum(axis=1)
    np.testing.assert_allclose(family.log_likelihood(y, log_mean, *shape), expected, rtol=1e-10)


@each_family
def test_log_likelihood_of_no_months_is_zero(family: Distribution) -> None:
    shape = [np.full(3, 0.2)] * len(family.shape_names)
    empty = family.log_likelihood(np.empty(0, dtype=np.int64), np.empty((3, 0)), *shape)
    np.testing.assert_array_equal(empty, np.zeros(3))


@each_family
def test_shapes_of_parameters(family: Distribution, rng: np.random.Generator) -> None:
    k = len(family.shape_names)
    assert (family.parameters.scale(Priors()) > 0).all()
    assert family.natural(rng.normal(size=(7, k))).shape == (7, k)
    start = family.start(rng.poisson(5.0, 12).astype(float), np.full(12, 5.0))
    assert start.shape == (k,)
    assert np.isfinite(start).all()
    assert (start[family.parameters.folded] > 0).all()


@each_family
def test_the_density_is_even_in_folded_coordinates(family: Distribution, rng: np.random.Generator) -> None:
    work = rng.normal(size=(9, len(family.shape_names)))
    mirrored = np.where(family.parameters.folded, -work, work)
    np.testing.assert_array_equal(family.natural(work), family.natural(mirrored))


@each_family
def test_equal_uniforms_keep_the_order_of_means(family: Distribution, rng: np.random.Generator) -> None:
    u = rng.random(2000)
    shape = shapes(family, 0.5)
    assert (family.quantile(u, 33.0, *shape) >= family.quantile(u, 30.0, *shape)).all()


@each_family
def test_a_runaway_mean_can_be_drawn(family: Distribution, rng: np.random.Generator) -> None:
    for mean in (1e12, 1e30):
        drawn = family.sample(np.full(50, mean), *(np.full(50, s) for s in shapes(family, 0.5)), rng=rng)
        assert drawn.min() >= 0
        assert (drawn > 10**9).sum() > 5
