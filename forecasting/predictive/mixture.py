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

from forecasting.distributions import Law
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray, integer_search
from forecasting.predictive.running import RunningSums

_BLOCK = 2**15
"""Elements of a table: its temporaries stay in the cache."""

_FEW = 0.05
"""Share of the draws that may vary less than what the first blocks of counts are cut for."""

_MARGIN = 0.3
"""Standard deviations of a month, beyond the guesses, in which its quantiles are looked for."""

_NEWTON_STEPS = 3

_SMOOTH = 50.0
"""Standard deviation above which a cdf is smooth enough, and a guess far enough off, for Newton steps."""


class Mixture:
    """Mixtures of H months, with S components each.

    Parameters
    ----------
    distribution : Law
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

    def __init__(self, distribution: Law, mean: FloatArray, shape: tuple[FloatArray, ...]) -> None:
        self._distribution = distribution
        # Draws last: averages over them are contiguous, and summed pairwise.
        self._mean = np.ascontiguousarray(mean.T)
        self._shape = [np.ascontiguousarray(values.T) for values in shape]
        variance = distribution.variance(self._mean, *self._shape)
        expected = distribution.expectation(self._mean, *self._shape)
        self.expected = expected.mean(axis=1)
        self._spread = np.sqrt(variance.mean(axis=1) + expected.var(axis=1))
        self._least = np.sqrt(np.quantile(variance, _FEW, axis=1))

    def largest_share(self, draws: int) -> FloatArray:
        """Return the share ``[H]`` of the mean of each month that as many draws, the largest, make."""
        expected = self._distribution.expectation(self._mean, *self._shape)
        largest = np.partition(expected, -draws, axis=1)[:, -draws:]
        return np.asarray(largest.sum(axis=1) / np.maximum(expected.sum(axis=1), 1e-300))

    def cdf(self, y: FloatArray, column: IntArray) -> FloatArray:
        r"""Return :math:`S^{-1}\sum_s F(y\mid\mu_s,\phi_s)` ``[N]`` for the N values `y` of the months numbered `column`."""
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
        return self._average(self._distribution.pmf, y, column)

    def quantiles(self, levels: FloatArray, guess: FloatArray) -> IntArray:
        """Return the smallest y with P(Y <= y) >= level ``[K, H]`` of each month, given a guess ``[K, H]``.

        Running sums of probabilities tell most of them; what lies outside the sums, or too close to one to tell, is
        searched with the cdf.
        """
        room = _MARGIN * self._spread + 2.0
        lowest, highest = np.maximum(np.floor(guess.min(axis=0) - room), 0.0), np.ceil(guess.max(axis=0) + room)
        found, sure = guess.astype(np.int64), np.zeros(guess.shape, dtype=bool)
        everyone = np.arange(len(self._mean))

        def cdf(y: float) -> FloatArray:
            return self.cdf(np.full(len(everyone), y), everyone)

        if highest.max() < LARGEST:
            table = self._distribution.mixture(self._mean, *self._shape)
            sums = RunningSums.of(table, cdf, (lowest, highest), self._least)
            if sums is not None:
                found, sure = sums.quantile(levels, cdf)
        k, column = np.nonzero(~sure)
        if k.size:
            found[k, column] = self.search(levels[k], column, found[k, column].astype(float))
        return found

    def search(self, levels: FloatArray, column: IntArray, guess: FloatArray) -> IntArray:
        """Return the smallest y with P(Y <= y) >= level ``[N]`` for N levels and months.

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
            y[active] = np.clip(nearer, 0.0, LARGEST)
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
