r"""The count nearest to a back-transformed normal variable.

.. math:: Y = \max(0, \mathrm{round}(g^{-1}(Z))),\quad Z\sim N(m, s^2),\qquad
          P(Y\le y) = \Phi\left(\frac{g(y+\tfrac12)-m}{s}\right)

Everything below one half is a zero, so the distribution is one on counts, exactly, with no clipping afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtr, ndtri

from forecasting.distributions.base import Law
from forecasting.distributions.transforms import Transform, read_transform
from forecasting.distributions.wrapper import searched
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.randomness import Rng, require_rng

_EXACT = 64  # counts summed one by one before the sum becomes an integral
_REACH = 8.5  # standard deviations that hold all probability but 1e-17
_SMALLEST = 1e-12  # relative floor of a scale, so that a degenerate normal is a step


@dataclass(frozen=True)
class RoundedNormal(Law):
    """Counts whose transform is normal before rounding.

    The distribution is fixed by its two shape parameters; the mean that every distribution is handed is what
    `mean_of` returns and is not looked at again.

    Attributes
    ----------
    transform : {"log1p", "log", "sqrt", "anscombe", None}
        The scale of the normal variable.

    Examples
    --------
    >>> counts = RoundedNormal("log1p")
    >>> location, scale = np.log(21.0), 0.4
    >>> int(counts.quantile(0.5, 0.0, location, scale))
    20
    >>> round(float(counts.cdf(20, 0.0, location, scale)), 3)
    0.523
    """

    transform: str | None = "log1p"

    @property
    def shape_names(self) -> tuple[str, ...]:
        """Mean and standard deviation of the normal variable."""
        return ("location", "scale")

    @property
    def signed(self) -> frozenset[str]:
        """The location."""
        return frozenset({"location"})

    @property
    def scale(self) -> Transform:
        """The transform itself."""
        return read_transform(self.transform)

    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        r"""Return P(Y <= y), :math:`\Phi((g(y+\frac12)-m)/s)`."""
        count = np.floor(np.asarray(y, dtype=float))
        return np.where(count < 0, 0.0, ndtr(self._standard(count, *shape)))

    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y), accurate in the upper tail."""
        count = np.floor(np.asarray(y, dtype=float))
        return np.where(count < 0, 1.0, ndtr(-self._standard(count, *shape)))

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""
        return self.log_interval(y, y, mean, *shape)

    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high), to full relative accuracy in either tail."""
        first, last = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
        below = np.where(first <= 0, -np.inf, self._standard(first - 1.0, *shape))
        above = np.where(np.isinf(last), np.inf, self._standard(np.where(np.isinf(last), 0.0, last), *shape))
        # A difference of two upper tails is one of two lower tails mirrored; the smaller tails keep the digits.
        flip = below > 0
        near, far = np.where(flip, -below, above), np.where(flip, -above, below)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(np.isneginf(far), -np.inf, log_ndtr(far) - log_ndtr(near))
            result = log_ndtr(near) + np.log1p(-np.exp(ratio))
        return np.asarray(np.where(last < np.maximum(first, 0.0), -np.inf, result))

    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the smallest y with P(Y <= y) >= u."""
        level, location, scale = np.broadcast_arrays(*(np.asarray(values, dtype=float) for values in (u, *shape)))
        z = location + scale * ndtri(np.clip(level, 1e-300, 1.0 - 1e-16))
        guess = np.ceil(np.clip(self.scale.inverse(z) - 0.5, 0.0, LARGEST)).astype(np.int64)
        return searched(self, guess, level, np.zeros_like(level), location, scale)

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: Rng) -> IntArray:
        """Return one draw for each element of `mean`."""
        location, scale = np.broadcast_arrays(*(np.asarray(s, dtype=float) for s in shape))
        z = location + scale * require_rng(rng).standard_normal(np.broadcast_shapes(np.shape(mean), location.shape))
        return self.nearest(z)

    def nearest(self, z: FloatArray) -> IntArray:
        """Return the counts nearest to the back-transform of `z`; values past 2^53 count as 2^53."""
        return np.floor(np.minimum(self.scale.inverse(z) + 0.5, LARGEST)).astype(np.int64)

    def mean_of(self, location: FloatArray, scale: FloatArray) -> FloatArray:
        """Return E[Y] for normal variables of any shape.

        The tail probabilities of 64 counts are summed from where they leave one; what lies beyond is an integral in closed
        form with the first Euler-Maclaurin correction (DLMF 2.10.1), off by less than 1e-4 of a count.
        """
        return self._moments(location, scale)[0]

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the variance, by the same sums as `mean_of`; infinite where it overflows."""
        first, second = self._moments(*(np.asarray(s, dtype=float) for s in shape))
        with np.errstate(invalid="ignore", over="ignore"):
            return np.where(np.isinf(second), np.inf, np.maximum(second - np.square(first), 0.0))

    def _moments(self, location: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return E[Y] and E[Y^2] as sums of tail probabilities."""
        given, scale = np.broadcast_arrays(location, scale)
        location, scale = given.ravel(), scale.ravel()
        scale = np.maximum(scale, _SMALLEST * np.maximum(np.abs(location), 1.0))
        start = np.floor(np.minimum(self.scale.inverse(location - _REACH * scale), LARGEST))
        first, second = start.copy(), np.square(start)
        # A wide distribution that leaves zero alone is smooth between counts: the integral from its start is exact.
        rough = (start == 0) | (self.scale.inverse(location + _REACH * scale) - start <= _EXACT)
        begin, where, spread = start[rough], location[rough], scale[rough]
        for k in range(_EXACT):
            tail = ndtr((where - self.scale.forward(begin + k + 0.5)) / spread)
            first[rough] += tail
            second[rough] += (2.0 * (begin + k) + 1.0) * tail
        limit = start + _EXACT * rough
        z = (self.scale.forward(limit) - location) / scale
        mass = ndtr(-z)
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi) / scale * self.scale.slope(limit)
        above, squared = self.scale.moments_above(limit, location, scale)
        with np.errstate(invalid="ignore", over="ignore"):
            first += np.where(mass > 0, above - limit * mass - density / 24.0, 0.0)
            correction = (mass - limit * density) / 12.0
            second += np.where(mass > 0, squared - np.square(limit) * mass + correction, 0.0)
        return first.reshape(given.shape), second.reshape(given.shape)

    def _standard(self, y: FloatArray, location: ArrayLike, scale: ArrayLike) -> FloatArray:
        """Return the standard normal value at the upper edge of the count `y`."""
        where, spread = np.asarray(location, dtype=float), np.asarray(scale, dtype=float)
        spread = np.maximum(spread, _SMALLEST * np.maximum(np.abs(where), 1.0))
        return np.asarray((self.scale.forward(np.maximum(y, 0.0) + 0.5) - where) / spread)
