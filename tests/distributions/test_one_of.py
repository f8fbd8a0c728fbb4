"""A law that is another one in each draw agrees with those it is made of."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.distributions import NegativeBinomial, OneOf, Point, Poisson, RoundedNormal

LAWS = (Poisson(), NegativeBinomial(), RoundedNormal("sqrt"), Point())
SHAPES: tuple[tuple[float, ...], ...] = ((), (0.4,), (3.1, 0.5), ())
EITHER = OneOf(LAWS)
MEANS = [4.0, 9.0, 10.0, 7.0]
ROWS = [EITHER.shapes(k, [np.full(1, s) for s in shape], 1) for k, shape in enumerate(SHAPES)]
SHAPE = [np.concatenate(columns) for columns in zip(*ROWS, strict=True)]
Y = np.arange(30)


@pytest.mark.parametrize("what", ["logpmf", "pmf", "cdf", "sf", "variance", "expectation"])
def test_each_draw_has_the_law_that_it_names(what: str) -> None:
    given = [] if what in ("variance", "expectation") else [Y[:, None]]
    found = np.broadcast_to(getattr(EITHER, what)(*given, MEANS, *SHAPE), (30, 4))
    for k, (law, mean, shape) in enumerate(zip(LAWS, MEANS, SHAPES, strict=True)):
        expected = getattr(law, what)(*([Y] if given else []), mean, *shape)
        np.testing.assert_allclose(found[:, k], np.broadcast_to(expected, 30), rtol=1e-12)


def test_quantiles_intervals_and_draws() -> None:
    for k, (law, mean, shape) in enumerate(zip(LAWS, MEANS, SHAPES, strict=True)):
        own = [values[k] for values in SHAPE]
        assert EITHER.quantile(0.9, mean, *own) == law.quantile(0.9, mean, *shape)
        assert EITHER.log_interval(3, 8, mean, *own) == pytest.approx(float(law.log_interval(3, 8, mean, *shape)))
        drawn = EITHER.sample(np.full(50, mean), *(np.full(50, s) for s in own), rng=1)
        np.testing.assert_array_equal(drawn, law.sample(np.full(50, mean), *(np.full(50, s) for s in shape), rng=1))


def test_the_mixture_is_the_average() -> None:
    mean = np.array([MEANS, MEANS[::-1]])
    mean[1, 3] = 5.0
    found = EITHER.mixture(mean, *SHAPE)(Y)
    np.testing.assert_allclose(found, EITHER.pmf(Y[:, None, None], mean, *SHAPE).mean(axis=2), atol=1e-15)
