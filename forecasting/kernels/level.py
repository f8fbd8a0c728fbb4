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

    def of(self, vectors: NDArray[np.bool_]) -> Motion:
        """Return the motion of some of the parameter vectors."""
        growth, rate, anchor = (None if part is None else part[vectors] for part in self[2:])
        return Motion(self.gain[vectors], self.dispersion[vectors], growth, rate, anchor)

    def step(self, level: FloatArray, count: FloatArray | float, inverse: FloatArray) -> FloatArray:
        r"""Return the level :math:`\ell_{t+1}` ``[S]`` after a month with `count`; `inverse` is :math:`1/f_t`."""
        surprise = count * inverse - level
        room = _COUNTS * inverse
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
    counts : ndarray, [T] or [T, S]
        The same for all parameter vectors, or a column for each.  What stands where `missing` is true means nothing: the
        level passes such a month as if no count had come.
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
    with np.errstate(over="ignore", invalid="ignore"):
        if counts.ndim == 2:
            return _bounded(counts, missing, inverse, start, motion)
        path = _unbounded(counts, missing, inverse, start, motion)
        bounded = _meets_a_bound(path, counts, missing, inverse, motion.dispersion)
        if bounded.any():
            path[:, bounded] = _bounded(counts, missing, inverse[:, bounded], start[bounded], motion.of(bounded))
    return path


def _unbounded(
    counts: FloatArray, missing: NDArray[np.bool_], inverse: FloatArray, start: FloatArray, motion: Motion
) -> FloatArray:
    """Return the path where no bound acts: linear in the level, two operations a month."""
    growth = 1.0 if motion.growth is None else motion.growth
    rate = 0.0 if motion.rate is None else motion.rate
    kept, left = growth * (1.0 - motion.gain) - rate, np.broadcast_to(growth - rate, start.shape)
    path = np.empty((len(counts) + 1, len(start)))
    path[0] = start
    np.multiply(inverse, np.where(missing, 0.0, counts)[:, None], out=path[1:])
    path[1:] *= growth * motion.gain
    if motion.anchor is not None:
        path[1:] += rate * motion.anchor
    share = np.empty(len(start))
    for level, moved, absent in zip(path[:-1], path[1:], missing.tolist(), strict=True):
        np.multiply(level, left if absent else kept, out=share)
        moved += share
    return path


def _meets_a_bound(
    path: FloatArray, counts: FloatArray, missing: NDArray[np.bool_], inverse: FloatArray, dispersion: FloatArray
) -> NDArray[np.bool_]:
    """Return for which parameter vectors ``[S]`` a count stands out, or the level falls to its floor or is no number."""
    large = np.flatnonzero(~missing & (counts > _COUNTS))  # no smaller count stands out
    inverse, level = inverse[large], path[large]
    beyond = inverse * (counts[large] - _COUNTS)[:, None] - level
    suspect = (beyond > 0.0).any(axis=1)
    beyond, level, inverse = beyond[suspect], level[suspect], inverse[suspect]
    met = (beyond > _DEVIATIONS * np.sqrt(level * (inverse + dispersion * level))).any(axis=0)
    return np.asarray(met | ~(path.min(axis=0) >= _LEAST))


def _bounded(
    counts: FloatArray, missing: NDArray[np.bool_], inverse: FloatArray, start: FloatArray, motion: Motion
) -> FloatArray:
    """Return the path, followed month by month."""
    path = np.empty((len(counts) + 1, len(start)))
    path[0] = level = start
    for month, absent in enumerate(missing.tolist()):
        level = motion.idle(level, level) if absent else motion.step(level, counts[month], inverse[month])
        path[month + 1] = level
    return path
