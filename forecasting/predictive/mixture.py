r"""The distribution of one month: the equal mixture of its conditional distributions over the draws.

.. math:: P(Y_h \le y) = \frac1S\sum_{s=1}^S P(Y_h \le y \mid \mu_{sh}, \phi_s)

Given the draws these probabilities are exact; simulated paths would add their own noise (Gelfand and
Smith 1990, on averaging conditional densities).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray, IntArray, integer_search
from forecasting.predictive.arrays import LARGEST_COUNT

_BLOCK = 2**17
"""Elements of the largest table held at once."""

_NEWTON_STEPS = 3

_SMOOTH = 50.0
"""Standard deviation above which a cdf is smooth enough, and a guess far enough off, for Newton steps."""


class Mixture:
    """Mixtures of H months, with S components each.

    Parameters
    ----------
    distribution : Distribution
        Conditional distribution of a month given its mean and shape.
    mean : ndarray, [S, H]
        Conditional means.
    shape : tuple of ndarray, [S] or [S, H]
        Shape parameters of each draw, the same for all months or one a month.

    Attributes
    ----------
    expected : ndarray, [H]
        Mean of each month.
    """

    def __init__(self, distribution: Distribution, mean: FloatArray, shape: tuple[FloatArray, ...]) -> None:
        self._distribution = distribution
        # Draws last: averages over them are contiguous, and summed pairwise.
        self._mean = np.ascontiguousarray(mean.T)
        self._shape = [np.ascontiguousarray(values.T) for values in shape]
        within = distribution.variance(self._mean, *self._shape).mean(axis=1)
        expected = distribution.expectation(self._mean, *self._shape)
        self.expected = expected.mean(axis=1)
        self._spread = np.sqrt(within + expected.var(axis=1))

    def cdf(self, y: FloatArray, column: IntArray) -> FloatArray:
        """Return P(Y <= y) ``[N]`` for the N values `y` of the months numbered `column`."""
        return self._average(self._distribution.cdf, y, column)

    def sf(self, y: FloatArray, column: IntArray) -> FloatArray:
        """Return P(Y > y) ``[N]``, accurate in the upper tail."""
        return self._average(self._distribution.sf, y, column)

    def logpmf(self, y: float, column: int) -> float:
        """Return log P(Y = y), accurate however small the probability."""
        terms = self._distribution.logpmf(y, *self._components(column))
        return float(logsumexp(terms) - np.log(terms.size))

    def pmf(self, y: FloatArray, column: int | IntArray) -> FloatArray:
        """Return P(Y = y) ``[N]`` for N counts of one month, or of one month each."""

        def probability(count: FloatArray, mean: FloatArray, *shape: FloatArray) -> FloatArray:
            return np.exp(self._distribution.logpmf(count, mean, *shape))

        return self._average(probability, y, column)

    def quantile(self, levels: FloatArray, column: IntArray, guess: FloatArray) -> IntArray:
        """Return the smallest y with P(Y <= y) >= level ``[N]``.

        Newton steps on the smooth cdf bring a guess of any quality near; the search over integers makes the
        answer exact.
        """
        y, spread = guess.copy(), self._spread[column]
        active = np.flatnonzero(spread > _SMOOTH)
        for _ in range(_NEWTON_STEPS):
            where, limit = column[active], spread[active]
            missing = levels[active] - self.cdf(y[active], where)
            with np.errstate(over="ignore"):
                step = missing / np.maximum(self.pmf(y[active], where), 1e-300)
            nearer = np.floor(y[active] + np.clip(step, -limit, limit))
            y[active] = np.clip(nearer, 0.0, LARGEST_COUNT)
            active = active[np.abs(step) > 1.0]

        def reaches(value: FloatArray, who: IntArray) -> NDArray[np.bool_]:
            return self.cdf(value, column[who]) >= levels[who]

        return integer_search(reaches, y)

    def _average(self, function: Callable[..., FloatArray], y: FloatArray, column: int | IntArray) -> FloatArray:
        result = np.empty(len(y))
        for block in _blocks(len(y), self._mean.shape[1]):
            parts = self._components(column if isinstance(column, int) else column[block])
            result[block] = function(y[block, None], *parts).mean(axis=1)
        return result

    def _components(self, column: int | IntArray) -> list[FloatArray]:
        """Return mean and shape of the components of some months, draws last."""
        return [self._mean[column], *(values[column] if values.ndim == 2 else values for values in self._shape)]


def _blocks(rows: int, width: int) -> Iterator[slice]:
    height = max(_BLOCK // width, 1)
    for start in range(0, rows, height):
        yield slice(start, start + height)
