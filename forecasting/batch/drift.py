r"""Has the calibration of a forecaster drifted?  A bet against it, month after month, that nobody wins often by luck.

If the forecasts are right given all that was known, the probability integral transform U of the next count is uniform,
whatever came before.  A count leaves U within :math:`[F(y-1), F(y)]`.  For any density g on [0, 1] the mean of g over that
interval is then a fair bet: its expectation is 1.  Here g runs over quadratic densities that lean to one side (forecasts too
low or too high), to both ends (too narrow) or to the middle (too wide), and the bets start at every month, because calibration
may be lost at any.  The mixture over all of them is a nonnegative martingale that starts at 1, so that

.. math:: P\Bigl(\sup_t E_t \ge 1/\alpha\Bigr) \le \alpha

for calibrated forecasts (Ville 1939), however many months are judged and however often one looks; no draw is needed to
break ties.  Over many series, `e_bh` bounds the expected share of false alarms among all alarms whatever the dependence
between the series (Wang and Ramdas 2022, J. R. Stat. Soc. B 84, sec. 4).

References
----------
Arnold, Henzi and Ziegel (2023), Ann. Appl. Stat. 17(3): e-values for calibration; Shin, Ramdas and Rinaldo (2022),
arXiv 2203.03532: mixtures over the months at which a change may have begun.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray

_TILTS = (-0.9, -0.45, 0.0, 0.45, 0.9)
_BENDS = (-0.9, -0.45, 0.0, 0.9, 1.8)
_LEAST = 0.05  # of a density: a bet that can lose everything never recovers

_CLEAR = 2.5  # standard deviations

LEANINGS = ("forecasts too high", "forecasts too low", "forecasts too wide", "forecasts too narrow")


@dataclass(frozen=True, eq=False)
class Wealth:
    """What the bets against N sequences of forecasts have come to, month by month.

    Attributes
    ----------
    path : float64[N, T]
        The e-process: expectation 1 at any time for calibrated forecasts.
    leaning : tuple of str
        For each sequence, how its forecasts are wrong if they are, one of `LEANINGS`.
    """

    path: FloatArray
    leaning: tuple[str, ...]

    @property
    def now(self) -> FloatArray:
        """The last value ``[N]``, 1 where nothing was judged."""
        return self.path[:, -1] if self.path.shape[1] else np.ones(len(self.path))

    @property
    def highest(self) -> FloatArray:
        """The largest value so far ``[N]``; for calibrated forecasts it ever reaches 1 / alpha with at most chance alpha."""
        return np.asarray(self.path.max(axis=1, initial=1.0))


def wealth(lower: ArrayLike, upper: ArrayLike) -> Wealth:
    r"""Bet against N sequences of forecasts: :math:`P(\sup_t E_t\ge 1/\alpha)\le\alpha` where they are calibrated (Ville 1939).

    Parameters
    ----------
    lower, upper : array_like[N, T]
        P(Y < y) and P(Y <= y) under the forecast made before the count, months in order; NaN where nothing was judged.

    Examples
    --------
    >>> calibrated, low = np.linspace(0.05, 0.95, 10)[[2, 7, 4, 9, 0, 5, 3, 8, 1, 6]], np.linspace(0.8, 0.95, 10)
    >>> wealth([calibrated, low], [calibrated + 0.05, low + 0.05]).now.round(1).tolist()
    [0.4, 213.5]
    """
    low, high = np.array(lower, dtype=float, ndmin=2), np.array(upper, dtype=float, ndmin=2)
    if low.shape != high.shape or low.ndim != 2:
        raise InvalidInput(f"lower and upper ends have shapes {low.shape} and {high.shape}; give two equal tables")
    judged = ~(np.isnan(low) | np.isnan(high))
    if not ((low >= 0) & (low <= high) & (high <= 1 + 1e-9))[judged].all():
        raise InvalidInput("a transform lies outside 0..1 or its ends are reversed")
    tilt, bend = _densities()
    bets = np.full((len(low), len(tilt)), 0.0)
    begun = np.zeros(len(low))
    path = np.ones(low.shape)
    for t in range(low.shape[1]):
        who = judged[:, t]
        begun[who] += 1.0
        n = begun[who]
        fresh = 1.0 / (n * (n + 1.0))  # the share of the stake that is first put at risk in this month
        bets[who] = (bets[who] + fresh[:, None]) * _gain(low[who, t], high[who, t], tilt, bend)
        path[:, t] = bets.mean(axis=1) + 1.0 / (begun + 1.0)
    return Wealth(path, _leanings(low + high - 1.0, tilt[bets.argmax(axis=1)], bend[bets.argmax(axis=1)]))


def e_bh(values: ArrayLike, rate: float) -> NDArray[np.bool_]:
    """Return which of N e-values are discoveries, so that at most a share `rate` of them is expected to be false.

    The base procedure of Benjamini and Hochberg on the reciprocals; it holds under any dependence.

    Examples
    --------
    >>> e_bh([1.0, 50.0, 45.0, 0.5], 0.05).tolist()
    [False, True, True, False]
    """
    e = np.asarray(values, dtype=float)
    return discoveries(1.0 / np.maximum(e, 1e-300), rate)


def discoveries(pvalues: ArrayLike, rate: float) -> NDArray[np.bool_]:
    """Return which of N p-values are discoveries at a false discovery rate (Benjamini and Hochberg 1995).

    NaN is no test.  The rate holds for tests that are independent or positively dependent.

    Examples
    --------
    >>> discoveries([0.01, 0.8, 0.03, float("nan")], 0.05).tolist()
    [True, False, True, False]
    """
    if not 0.0 < rate < 1.0:
        raise InvalidInput(f"rate={rate!r} must lie between 0 and 1")
    p = np.asarray(pvalues, dtype=float)
    ordered = np.sort(p[~np.isnan(p)])
    passed = np.flatnonzero(ordered <= rate * np.arange(1, len(ordered) + 1) / max(len(ordered), 1))
    limit = ordered[passed[-1]] if passed.size else -1.0
    return np.asarray(p <= limit)


def _densities() -> tuple[FloatArray, FloatArray]:
    r"""Return the coefficients of :math:`1 + a (2u-1) + b (6u^2-6u+1)`, all of them positive and none of them flat."""
    tilt, bend = (axis.ravel() for axis in np.meshgrid(_TILTS, _BENDS))
    at = np.linspace(-1.0, 1.0, 201)
    density = 1.0 + tilt[:, None] * at + bend[:, None] * (3.0 * at**2 - 1.0) / 2.0
    kept = (density.min(axis=1) >= _LEAST) & ((tilt != 0.0) | (bend != 0.0))
    return tilt[kept], bend[kept]


def _gain(low: FloatArray, high: FloatArray, tilt: FloatArray, bend: FloatArray) -> FloatArray:
    """Return the mean of each density over each interval ``[N, K]``; divided differences, so that no width is divided by."""
    total = low + high
    first = total - 1.0
    second = 2.0 * (low**2 + low * high + high**2) - 3.0 * total + 1.0
    return np.asarray(1.0 + first[:, None] * tilt + second[:, None] * bend)


def _leanings(place: FloatArray, tilt: FloatArray, bend: FloatArray) -> tuple[str, ...]:
    """Name a side where the places of the counts in their forecasts, -1 to 1, lie on one side, else what is bet on."""
    total, size = np.nansum(place, axis=1), np.sqrt(np.nansum(np.square(place), axis=1))
    sided = np.abs(total) > _CLEAR * size
    side = np.where(sided, total > 0.0, tilt > 0.0)
    which = np.where(sided | (bend == 0.0), side, 2 + (bend > 0.0))
    return tuple(LEANINGS[k] for k in which)
