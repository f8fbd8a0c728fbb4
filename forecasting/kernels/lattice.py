r"""Sums over all counts of a range from few of them, for functions that are smooth where they are not negligible.

A range is cut into panels.  On one of l counts, n nodes with the weights of Gauss's rule for the counting measure (its
polynomials are those of Gram and Chebyshev) sum every polynomial up to degree 2n - 1 exactly.  The probability of a count
bends on the scale

.. math:: w(y) = \Bigl\{-\frac{d^2}{dy^2}\log p(y)\Bigr\}^{-1/2} \approx \sqrt{y(1+\alpha y)}

for a negative binomial of over-dispersion :math:`\alpha`, whatever its mean, and any tilt :math:`e^{\lambda y}` leaves that as
it is.  Panels four such scales long with 16 nodes sum it to rounding.  They are no longer than their distance from zero, below
which the gamma functions have their poles, and not much longer than a wave :math:`e^{i\omega y}` that multiplies it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial.legendre import legvander
from scipy.linalg import eigh_tridiagonal

from forecasting.kernels.counts import FloatArray

_SCALES = 4.0  # length of a panel in scales of the function
_FEW = 128  # counts that need no panels
_WHOLE = 3  # whole numbers for each node of Gauss's rule
_CACHED = 50_000  # entries of a table of waves that is kept


class Precision(NamedTuple):
    """How exactly sums are taken.

    Attributes
    ----------
    nodes : int
        Of a panel.
    phase : float
        Change of phase along a panel that the nodes still follow.
    band : float
        Frequency at which the transform of a bell has ended, over its standard deviation.
    gone : float
        Size at which a transform, 1 at frequency zero, has ended.
    nothing : float
        Share of a table that is cut off at its ends.
    poor : float
        Share of a tilted sum within its limits below which the tilt was a poor one.
    """

    nodes: int
    phase: float
    band: float
    gone: float
    nothing: float
    poor: float


FINE = Precision(16, 16.0, 7.5, 1e-12, 1e-16, 1e-6)
"""Sums are right to rounding."""

COARSE = Precision(8, 8.0, 4.5, 1e-5, 1e-8, 1e-3)
"""Logarithms of sums are right to about 1e-5: at less than half the price, more than the weight of a draw needs."""


@dataclass(frozen=True, eq=False)
class Points:
    """Points that stand for a range of counts.

    Attributes
    ----------
    x : ndarray, [J]
        Points, counted from the first count of the range.
    weights : ndarray, [J]
        How many counts each stands for.
    longest : int
        Length of the longest panel; 1 if every count is there.
    """

    x: FloatArray
    weights: FloatArray
    longest: int

    @property
    def every(self) -> bool:
        """Whether every count is there."""
        return self.longest == 1


@lru_cache(maxsize=256)
def every(number: int) -> Points:
    """Return all of so many counts."""
    return Points(np.arange(float(number)), np.ones(number), 1)


@lru_cache(maxsize=512)
def panels(
    low: int, last: int, dispersion: float, longest: float = np.inf, precision: Precision = FINE, *, whole: bool = False
) -> Points:
    """Return points for the counts low..last of laws at least as dispersed as a negative binomial of this dispersion.

    Parameters
    ----------
    low, last : int
        Range, both ends included.
    dispersion : float
        Over-dispersion; 0 for Poisson.
    longest : float
        Most counts of a panel.
    precision : Precision
        Of sums over the points.
    whole : bool
        Whether the points are whole numbers, three times as many: for what is known at counts only.
    """
    number = last - low + 1
    if number <= _FEW:
        return every(number)
    x, weights = [], []
    start, widest, taken, most = low, 1, 0, precision.nodes * (_WHOLE if whole else 1)
    while start <= last:
        length = int(min(_SCALES * np.sqrt(start * (1.0 + dispersion * start)), start, longest, last - start + 1))
        if length <= most:
            length = max(min(most, last - start + 1), 1)
            nodes, shares = np.arange(float(length)), np.ones(length)
        else:
            nodes, shares = _whole(length, precision.nodes) if whole else _gauss(length, most)
            widest = max(widest, length)
        x.append(start - low + nodes)
        weights.append(shares)
        taken += len(nodes)
        start += length
    if widest == 1 or taken > 0.75 * number:
        return every(number)
    return Points(np.concatenate(x), np.concatenate(weights), widest)


@lru_cache(maxsize=2048)
def _gauss(length: int, number: int) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of Gauss's rule for the counts 0..length - 1 (Golub, Welsch 1969, Math. Comp. 23)."""
    k = np.arange(1.0, number)
    beside = np.sqrt(k * k * (length * length - k * k) / (4.0 * (4.0 * k * k - 1.0)))
    nodes, vectors = eigh_tridiagonal(np.full(number, 0.5 * (length - 1.0)), beside)
    return np.asarray(nodes, dtype=np.float64), np.asarray(length * np.square(vectors[0]), dtype=np.float64)


@lru_cache(maxsize=2048)
def _whole(length: int, number: int) -> tuple[FloatArray, FloatArray]:
    """Return counts of 0..length - 1, next to Gauss's nodes, with the smallest weights that sum polynomials as exactly."""
    exact, shares = _gauss(length, number)
    nodes = np.unique(np.round(_gauss(length, _WHOLE * number)[0]))
    scale, degree = 2.0 / (length - 1.0), 2 * number - 1
    wanted = shares @ legvander(scale * exact - 1.0, degree)
    return nodes, np.asarray(np.linalg.lstsq(legvander(scale * nodes - 1.0, degree).T, wanted, rcond=None)[0])


def longest_panel(frequency: float, precision: Precision = FINE) -> float:
    """Return the most counts of a panel that follows waves up to a frequency in radians; rounded down to a power of two."""
    return max(float(2.0 ** np.floor(np.log2(precision.phase / frequency))), 1.0)


def highest(longest: float, precision: Precision = FINE) -> float:
    """Return the highest frequency that panels of so many counts follow."""
    return precision.phase / longest


def waves(points: Points, number: int, length: int, start: int = 0, stop: int | None = None) -> FloatArray:
    r"""Return :math:`\cos\omega_kx_j` and :math:`-\sin\omega_kx_j` ``[J, 2 number]`` in turn, of the points start..stop.

    A table times this is, viewed as complex numbers, its transform at the frequencies :math:`\omega_k=2\pi k/length`.
    """
    if points.x.size * number <= _CACHED:
        return _kept_waves(points, number, length)[start:stop]
    return _waves(points, number, length, start, stop)


def _waves(points: Points, number: int, length: int, start: int = 0, stop: int | None = None) -> FloatArray:
    x = points.x[start:stop]
    turned = np.ones((x.size, number), dtype=np.complex128)
    done = 1
    while done < number:  # the waves so far, times the next one: a logarithmic number of roundings
        more = min(done, number - done)
        turned[:, done : done + more] = turned[:, :more] * np.exp(-2j * np.pi / length * done * x)[:, None]
        done += more
    return turned.view(np.float64)


_kept_waves = lru_cache(maxsize=64)(_waves)
