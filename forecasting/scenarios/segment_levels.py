r"""Level and evidence of a segment, months that share one level, under Poisson and negative binomial counts.

Given the over-dispersion :math:`\alpha`, a negative binomial of mean :math:`\lambda` has a conjugate prior: with
:math:`r=1/\alpha`, :math:`\lambda=rG_a/G_b` for independent gamma variables of shapes a and b.  Months of a segment add their
counts S to a, and r for each of the n known ones to b, so that

.. math::

   \log m=\sum_t\log\frac{\Gamma(y_t+r)}{\Gamma(r)y_t!}+\log\frac{B(a+S,b+nr)}{B(a,b)}.

At :math:`\alpha=0` this is the gamma prior of a Poisson mean.  The prior of the log level has the same mean and standard
deviation at every :math:`\alpha`, which is what a and b are solved from:
:math:`\psi(a)-\psi(b)-\log\alpha=c`, :math:`\psi'(a)+\psi'(b)=s^2`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln, polygamma

from forecasting.kernels.counts import FloatArray, IntArray, log_rising

_STEPS = 50
_PLAIN = 1e-13  # alpha times the level, from which on down the prior is that of a Poisson mean
_LARGE = 20.0  # from here on three terms of Stirling's series (DLMF 5.11.1) are right to 1e-12


@dataclass(frozen=True, eq=False)
class Shapes:
    """Priors of a level, one per over-dispersion: the shapes a and alpha times b, which stays finite at zero."""

    alpha: FloatArray
    a: FloatArray
    rate: FloatArray

    @classmethod
    def matched(cls, centre: float, deviation: float, alpha: FloatArray) -> Shapes:
        r"""Return the priors whose log level has mean `centre` and standard deviation `deviation`.

        Newton's method in the logarithms of a and b, from :math:`\psi(x)\approx\log(x-1/2)`, :math:`\psi'(x)\approx1/(x-1/2)`.
        """
        variance = deviation**2
        ratio = np.maximum(alpha * np.exp(centre), _PLAIN)
        log_a, log_b = np.log((1.0 + ratio) / variance + 0.5), np.log((1.0 + 1.0 / ratio) / variance + 0.5)
        for _ in range(_STEPS):
            a, b = np.exp(log_a), np.exp(log_b)
            spread = polygamma(1, a) + polygamma(1, b)
            off_mean, off_spread = digamma(a) - digamma(b) - np.log(ratio), np.log(spread / variance)
            mean_a, mean_b = a * polygamma(1, a), b * polygamma(1, b)
            spread_a, spread_b = a * polygamma(2, a) / spread, b * polygamma(2, b) / spread
            bent = mean_a * spread_b + mean_b * spread_a
            step_a = (off_mean * spread_b + off_spread * mean_b) / bent
            step_b = (mean_a * off_spread - spread_a * off_mean) / bent
            log_a, log_b = log_a - np.clip(step_a, -1.0, 1.0), log_b - np.clip(step_b, -1.0, 1.0)
            if max(np.abs(step_a).max(), np.abs(step_b).max()) < 1e-12:
                break
        return cls(alpha, np.exp(log_a), np.exp(log_b - centre) * ratio)


class Segments:
    """Every run of months as one segment.

    Parameters
    ----------
    counts : ndarray of int64, [T]
        Counts, 0 where missing.
    known : ndarray of bool, [T]
        Which months are known.
    shortest : int
        Months that a segment has at least.
    """

    def __init__(self, counts: IntArray, known: NDArray[np.bool_], shortest: int) -> None:
        self._counts, self._known = counts, known
        self.totals = np.concatenate([[0.0], np.cumsum(counts, dtype=float)])
        self.months = np.concatenate([[0], np.cumsum(known)])
        end, start = np.tril_indices(counts.size + 1, -shortest)
        self._end, self._start = end, start
        self._sum, self._size = self.totals[end] - self.totals[start], self.months[end] - self.months[start]

    def log_evidence(self, shapes: Shapes) -> FloatArray:
        r"""Return :math:`\log m` of months s to t - 1 at ``[:, t, s]`` of ``[A, T + 1, T + 1]``; see the module.

        Written around the gamma-Poisson evidence, to which the rest adds what over-dispersion changes, without differences
        of large log-gammas.
        """
        length = self._counts.size + 1
        result = np.full((shapes.alpha.size, length, length), -np.inf)
        sizes = np.arange(length)
        counts = self._counts[self._known]
        base = -gammaln(counts + 1.0)
        for number, (alpha, a, rate) in enumerate(zip(shapes.alpha, shapes.a, shapes.rate, strict=True)):
            height = np.zeros(length - 1)
            height[self._known] = base + (log_rising(counts, alpha) if alpha > 0.0 else 0.0)
            total = np.concatenate([[0.0], np.cumsum(height)])
            d = a + self._sum
            value = gammaln(d) - d * np.log(rate + sizes)[self._size] + (a * np.log(rate) - gammaln(a))
            if alpha > 0.0:
                value += _beyond_poisson((rate + sizes) / alpha, self._size, d)
                value -= _beyond_poisson(np.array([rate / alpha]), np.zeros(1, dtype=np.int64), np.array([a]))
            value += total[self._end] - total[self._start]
            value[self._size == 0] = 0.0
            result[number, self._end, self._start] = value
        return result

    def draw(self, shapes: Shapes, which: IntArray, begins: NDArray[np.bool_], rng: np.random.Generator) -> FloatArray:
        """Return the level of every month ``[S, T]``, given the over-dispersion and the segments of each draw."""
        row, start = np.nonzero(begins)
        end = np.append(start[1:], 0)
        end[end == 0] = begins.shape[1]
        alpha, a, rate = shapes.alpha[which[row]], shapes.a[which[row]], shapes.rate[which[row]]
        size = self.months[end] - self.months[start]
        level = rng.standard_gamma(a + self.totals[end] - self.totals[start])
        spread = alpha > 0.0
        exposure = rate + size
        exposure[spread] = alpha[spread] * rng.standard_gamma(exposure[spread] / alpha[spread])
        return np.repeat(level / exposure, end - start).reshape(begins.shape)


def _beyond_poisson(x: FloatArray, place: IntArray, d: FloatArray) -> FloatArray:
    r"""Return :math:`\log\Gamma(x)-\log\Gamma(x+d)+d\log x`, zero in the limit of large x; `x` is looked up at `place`."""
    here = x[place]
    value = d - (here + d - 0.5) * np.log1p(d / here) + _stirling(x)[place] - _stirling(here + d)
    small = np.flatnonzero(here < _LARGE)
    if small.size:
        few = here[small]
        value[small] = gammaln(few) - gammaln(few + d[small]) + d[small] * np.log(few)
    return np.asarray(value)


def _stirling(x: FloatArray) -> FloatArray:
    inverse = 1.0 / x
    square = inverse * inverse
    return np.asarray(inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0)))
