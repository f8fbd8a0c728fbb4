"""The count nearest to a back-transformed normal: its probabilities, quantiles, moments and draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from forecasting import InvalidInput
from forecasting.distributions.rounded_normal import RoundedNormal
from forecasting.distributions.transforms import TRANSFORMS

BACK = {
    None: lambda z: z,
    "log": np.exp,
    "log1p": np.expm1,
    "sqrt": lambda z: np.where(z > 0, z, 0.0) ** 2,
    "anscombe": lambda z: (np.maximum(z, 0.0) / 2.0) ** 2 - 0.375,
}
# Typical counts, from rare to large, in the scale of each transform; wide and narrow.
CASES = [(name, count, width) for name in TRANSFORMS for count in (0.3, 4.0, 60.0, 3000.0) for width in (0.02, 0.4)]
each = pytest.mark.parametrize(("name", "count", "width"), CASES)


def normal(name: str | None, count: float, width: float) -> tuple[RoundedNormal, float, float]:
    """A normal variable around the transform of `count`; `width` is about the relative spread."""
    scale = TRANSFORMS[name]
    spread = width * count * float(scale.slope(np.array(count))) if name not in {"log", "log1p"} else width
    return RoundedNormal(name), float(scale.forward(np.array(count))), spread


def table(name: str | None, count: float, width: float) -> tuple[np.ndarray, np.ndarray]:
    """Counts and probabilities from the definition alone."""
    _, location, spread = normal(name, count, width)
    y = np.arange(40_000)
    upper = ndtr((TRANSFORMS[name].forward(y + 0.5) - location) / spread)
    return y, np.diff(upper, prepend=0.0)


@each
def test_probabilities(name: str | None, count: float, width: float) -> None:
    family, *shape = normal(name, count, width)
    y, p = table(name, count, width)
    np.testing.assert_allclose(np.exp(family.logpmf(y, 0.0, *shape)), p, atol=1e-13)
    np.testing.assert_allclose(family.cdf(y, 0.0, *shape), np.cumsum(p), atol=1e-12)
    np.testing.assert_allclose(family.sf(y, 0.0, *shape), 1.0 - np.cumsum(p), atol=1e-12)
    assert family.cdf(-1, 0.0, *shape) == 0.0
    assert family.sf(-0.5, 0.0, *shape) == 1.0


@each
def test_moments(name: str | None, count: float, width: float) -> None:
    family, location, spread = normal(name, count, width)
    y, p = table(name, count, width)
    mean = p @ y
    assert float(family.mean_of(np.array(location), np.array(spread))) == pytest.approx(mean, abs=1e-4)
    variance = float(family.variance(mean, location, spread))
    assert variance == pytest.approx(p @ np.square(y - mean), rel=1e-4, abs=1e-3)


@each
def test_quantiles_invert_the_cdf(name: str | None, count: float, width: float) -> None:
    family, *shape = normal(name, count, width)
    u = np.linspace(0.001, 0.999, 333)
    y = family.quantile(u, 0.0, *shape)
    assert (family.cdf(y, 0.0, *shape) >= u).all()
    assert (family.cdf(y - 1, 0.0, *shape)[y > 0] < u[y > 0]).all()


@each
def test_draws_are_rounded_normals(name: str | None, count: float, width: float) -> None:
    family, location, spread = normal(name, count, width)
    drawn = family.sample(np.zeros(500), np.full(500, location), np.full(500, spread), rng=np.random.default_rng(1))
    z = location + spread * np.random.default_rng(1).standard_normal(500)
    np.testing.assert_array_equal(drawn, np.maximum(np.floor(BACK[name](z) + 0.5), 0.0))
    assert drawn.dtype == np.int64


def test_far_tails_keep_their_digits() -> None:
    import mpmath

    family = RoundedNormal("log1p")
    with mpmath.workdps(40):
        low, high = ((mpmath.log(mpmath.mpf(10) ** 6 + end) - 3) / mpmath.mpf("0.1") for end in (0.5, 1.5))
        expected = float(mpmath.log(mpmath.erfc(low / mpmath.sqrt(2)) / 2 - mpmath.erfc(high / mpmath.sqrt(2)) / 2))
    assert float(family.logpmf(10**6, 0.0, 3.0, 0.1)) == pytest.approx(expected, rel=1e-9)
    assert np.isfinite(family.logpmf(0, 0.0, 30.0, 0.1))
    assert float(family.log_interval(5, np.inf, 0.0, 3.0, 0.5)) == pytest.approx(
        float(np.log(family.sf(4, 0.0, 3.0, 0.5)))
    )


def test_moments_that_overflow_are_infinite() -> None:
    family, location, scale = RoundedNormal("log1p"), np.array([3.0, 3.0, 3.0]), np.array([1.0, 25.0, 40.0])
    mean, variance = family.mean_of(location, scale), family.variance(0.0, location, scale)
    np.testing.assert_array_equal(np.isinf(mean), [False, False, True])
    np.testing.assert_array_equal(np.isinf(variance), [False, True, True])


def test_a_scale_of_zero_is_one_count() -> None:
    family = RoundedNormal(None)
    assert float(family.mean_of(np.array(7.2), np.array(0.0))) == 7.0
    assert float(family.cdf(6, 0.0, 7.2, 0.0)) == 0.0
    assert float(family.cdf(7, 0.0, 7.2, 0.0)) == 1.0


def test_unknown_transforms() -> None:
    with pytest.raises(InvalidInput, match="transform='box'"):
        _ = RoundedNormal("box").scale
