r"""The recursion of a level that follows the counts, for many parameter vectors at once.

With the count adjusted for season, effects and exposure, :math:`d_t=y_t/f_t`, the level moves to

.. math:: \ell_{t+1} = g\,\{\ell_t + \lambda\,(\min(d_t, c_t)-\ell_t)\} + \rho\,(a - \ell_t),

exponentially weighted, with a growth factor g, and drawn to an anchor a at the rate :math:`\rho`.  The bound
:math:`c_t=\ell_t+4\sigma_t+10/f_t`, where :math:`\sigma_t^2=\ell_t/f_t+\alpha\ell_t^2` is the conditional variance of
:math:`d_t`, keeps one month from carrying the level away.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.counts import FloatArray

_DEVIATIONS, _COUNTS = 4.0, 10.0  # an adjusted count further above the level than this moves it no more
_LEAST = 1e-9


class Motion(NamedTuple):
    """How a level moves, each ``[S]``: gain, dispersion, growth factor, rate of reversion, and anchor."""

    gain: FloatArray
    dispersion: FloatArray
    growth: FloatArray | None = None
    rate: FloatArray | None = None
    anchor: FloatArray | None = None

    def step(self, level: FloatArray, count: FloatArray | float, inverse: FloatArray) -> FloatArray:
        r"""Return the level :math:`\ell_{t+1}` ``[S]`` after a month with `count`; `inverse` is :math:`1/f_t`."""
        return self.follow(level, count * inverse, _COUNTS * inverse, inverse)

    def follow(self, level: FloatArray, adjusted: FloatArray, room: FloatArray, inverse: FloatArray) -> FloatArray:
        """Return the level after a month with the count `adjusted`, which may stand out by `room` and no more than usual."""
        surprise = adjusted - level
        if np.logical_or.reduce(surprise > room):
            usual = np.sqrt(level * (inverse + self.dispersion * level))
            np.minimum(surprise, room + _DEVIATIONS * usual, out=surprise)
        surprise *= self.gain
        surprise += level
        return self.idle(surprise, level)

    def idle(self, moved: FloatArray, level: FloatArray) -> FloatArray:
        """Return the level after a month without a count: grown, and drawn to the anchor."""
        if self.growth is not None:
            moved = moved * self.growth
        if self.rate is not None and self.anchor is not None:
            moved = moved + self.rate * (self.anchor - level)
        return np.maximum(moved, _LEAST)


def levels(
    counts: FloatArray, missing: NDArray[np.bool_], factors: FloatArray, start: FloatArray, motion: Motion
) -> FloatArray:
    """Return the level before each month, and after the last, for each parameter vector.

    Parameters
    ----------
    counts : ndarray, [T]
        What stands where `missing` is true means nothing: the level passes such a month as if no count had come.
    missing : ndarray of bool, [T]
        Months without a count.
    factors : ndarray, [T, S]
        Season, effects and exposure: the mean of a month is its level times its factor.
    start : ndarray, [S]
        Level of the first month.
    motion : Motion
        Parameters.

    Returns
    -------
    ndarray, [T + 1, S]

    Examples
    --------
    >>> flat = np.ones((3, 1))
    >>> half = Motion(gain=np.array([0.5]), dispersion=np.zeros(1))
    >>> levels(np.array([4.0, 8.0, 0.0]), np.array([False, False, True]), flat, np.array([2.0]), half)[:, 0].tolist()
    [2.0, 3.0, 5.5, 5.5]
    """
    inverse = 1.0 / factors
    adjusted, room = counts[:, None] * inverse, _COUNTS * inverse
    path = np.empty((len(counts) + 1, len(start)))
    path[0] = level = start
    with np.errstate(over="ignore", invalid="ignore"):
        for month, absent in enumerate(missing.tolist()):
            given = adjusted[month], room[month], inverse[month]
            level = motion.idle(level, level) if absent else motion.follow(level, *given)
            path[month + 1] = level
    return path
