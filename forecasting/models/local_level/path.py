r"""The Gaussian prior of a level path and of the coefficients that go with it.

The latent vector of a series is its log level :math:`a_1..a_T` and the coefficients c: an anchor m, a growth g, effects b.

.. math:: a_t = \varphi a_{t-1} + (1-\varphi)m + g + \sigma\varepsilon_t,\qquad a_1\sim N(c_0,s_0^2)\ \text{or}\
          a_1 - m\sim N\bigl(0,\sigma^2/(1-\varphi^2)\bigr),

the first start without reversion (:math:`\varphi=1`, no anchor), the second with it.  Given :math:`\sigma` and
:math:`\varphi` all of it is normal, with a precision that is tridiagonal in a and bordered by c.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from forecasting.kernels.counts import FloatArray

_LOG_TWO_PI = float(np.log(2.0 * np.pi))


class Motion(NamedTuple):
    """How a level moves: standard deviation of a step, and share of the distance to the anchor that is kept, each ``[S]``."""

    noise: FloatArray
    kept: FloatArray


class Precision(NamedTuple):
    """A bordered tridiagonal matrix: ``[T, S]``, ``[T - 1, S]``, ``[T, k, S]`` and ``[k, k, S]``."""

    diagonal: FloatArray
    beside: FloatArray
    border: FloatArray
    corner: FloatArray


@dataclass(frozen=True)
class LevelPath:
    """Prior of the path and its coefficients.

    Attributes
    ----------
    size : int
        Number of months T.
    reversion, growth : bool
        Whether there is an anchor, and a growth; they are the first coefficients, in this order.
    centre, spread : float
        Normal prior of the first level, or of the anchor.
    scale : ndarray, [k]
        Standard deviations of the coefficients.
    """

    size: int
    reversion: bool
    growth: bool
    centre: float
    spread: float
    scale: FloatArray

    @property
    def moving(self) -> int:
        """Number of coefficients that move the path."""
        return int(self.reversion) + int(self.growth)

    def steps(self, path: FloatArray, coefs: FloatArray, motion: Motion) -> FloatArray:
        r"""Return :math:`\sigma\varepsilon_t` of the T - 1 later months, ``[T - 1, S]``, for a path ``[T, S]``."""
        return np.asarray(path[1:] - self.expected(path[:-1], coefs, motion))

    def expected(self, before: FloatArray, coefs: FloatArray, motion: Motion) -> FloatArray:
        """Return the level expected after each level ``[..., S]``."""
        if not self.moving:
            return before
        after = motion.kept * before
        if self.reversion:
            after = after + (1.0 - motion.kept) * coefs[0]
        return after + coefs[self.moving - 1] if self.growth else after

    def precision(self, motion: Motion) -> Precision:
        """Return the prior precision of (path, coefficients)."""
        noise, kept = motion
        draws, k = noise.size, self.scale.size
        weight = 1.0 / np.square(noise)
        first = weight * (1.0 - np.square(kept)) if self.reversion else np.full(draws, self.spread**-2)
        diagonal = np.broadcast_to((1.0 + np.square(kept)) * weight, (self.size, draws)).copy()
        diagonal[0] = first + np.square(kept) * weight
        diagonal[-1] = weight if self.size > 1 else first
        beside = np.broadcast_to(-kept * weight, (self.size - 1, draws))
        border, corner = np.zeros((self.size, k, draws)), np.zeros((k, k, draws))
        corner[range(k), range(k)] = (self.scale**-2.0)[:, None]
        if self.moving:  # each step is a_t - kept a_(t-1) - x'c, the first one (a_1 - m) root(1 - kept^2)
            x = np.ones((self.moving, draws))
            if self.reversion:
                x[0] = 1.0 - kept
            border[1:, : self.moving] -= weight * x
            border[:-1, : self.moving] += weight * kept * x
            corner[: self.moving, : self.moving] += (self.size - 1) * weight * x[:, None] * x
        if self.reversion:
            border[0, 0] -= first
            corner[0, 0] += first
        return Precision(diagonal, beside, border, corner)

    def linear(self, draws: int) -> tuple[FloatArray, FloatArray]:
        """Return precision times mean of the prior, ``[T, S]`` and ``[k, S]``."""
        path, coefs = np.zeros((self.size, draws)), np.zeros((self.scale.size, draws))
        (coefs if self.reversion else path)[0] = self.centre / self.spread**2
        return path, coefs

    def log_density(self, path: FloatArray, coefs: FloatArray, motion: Motion) -> FloatArray:
        r"""Return the log density ``[S]`` of paths ``[T, S]`` and coefficients ``[k, S]``.

        Steps are :math:`a_t-\varphi a_{t-1}-(1-\varphi)m-g\sim N(0,\sigma^2)`.
        """
        noise, kept = motion
        steps = self.steps(path, coefs, motion)
        middle = np.zeros(self.scale.size)
        if self.reversion:
            middle[0] = self.centre
            start = (path[0] - coefs[0]) * np.sqrt(1.0 - np.square(kept)) / noise
            scale = np.log(noise) - 0.5 * np.log1p(-np.square(kept))
        else:
            start, scale = (path[0] - self.centre) / self.spread, np.full(noise.size, np.log(self.spread))
        effects = (coefs - middle[:, None]) / self.scale[:, None]
        squares = np.square(start) + np.einsum("ts,ts->s", steps, steps) / np.square(noise)
        squares += np.einsum("ks,ks->s", effects, effects)
        constant = float(np.log(self.scale).sum()) + 0.5 * (self.size + self.scale.size) * _LOG_TWO_PI
        return np.asarray(-0.5 * squares - scale - (self.size - 1) * np.log(noise) - constant)
