"""Mixtures of multivariate t distributions as importance-sampling proposals on folded coordinates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from forecasting.kernels.counts import FloatArray


@dataclass(frozen=True)
class StudentT:
    """A multivariate t distribution.

    Attributes
    ----------
    centre : ndarray, [p]
        Location.
    root : ndarray, [p, p]
        B, where ``B B'`` is the scale matrix.
    freedom : float
        Degrees of freedom.
    """

    centre: FloatArray
    root: FloatArray
    freedom: float

    def draw(self, draws: int, folded: NDArray[np.bool_], rng: np.random.Generator) -> FloatArray:
        r"""Return draws ``[S, p]`` in antithetic pairs :math:`m\pm d`, the absolute value taken of folded coordinates."""
        half = (draws + 1) // 2
        normal = rng.standard_normal((half, self.centre.size))
        stretch = np.sqrt(self.freedom / rng.chisquare(self.freedom, half))
        deviation = (normal * stretch[:, None]) @ self.root.T
        # Antithetic pairs: what is odd around the centre, the better part of a posterior mean, averages out exactly.
        points = np.concatenate([self.centre + deviation, self.centre - deviation])[:draws]
        points[:, folded] = np.abs(points[:, folded])
        return points

    def log_density(self, points: FloatArray, folded: NDArray[np.bool_]) -> FloatArray:
        r"""Return the log density ``[S]``, :math:`\log\sum_\sigma t_\nu(\sigma\theta)` over the signs of folded coordinates."""
        p = self.centre.size
        inverse = np.linalg.inv(self.root)
        power = 0.5 * (self.freedom + p)
        kernel = np.zeros(len(points))
        for signs in _signs(folded):
            z = points @ (inverse * signs).T - inverse @ self.centre
            kernel += (1.0 + np.einsum("sp,sp->s", z, z) / self.freedom) ** -power
        constant = (
            gammaln((self.freedom + p) / 2.0)
            - gammaln(self.freedom / 2.0)
            - 0.5 * p * np.log(self.freedom * np.pi)
            + np.log(np.abs(np.linalg.det(inverse)))
        )
        return np.asarray(constant + np.log(kernel))


def _signs(folded: NDArray[np.bool_]) -> list[FloatArray]:
    signs = [np.ones(folded.size)]
    for coordinate in np.flatnonzero(folded):
        flip = np.ones(folded.size)
        flip[coordinate] = -1.0
        signs += [sign * flip for sign in signs]
    return signs


def mixture_log_density(
    points: FloatArray, parts: list[tuple[StudentT, float]], folded: NDArray[np.bool_]
) -> FloatArray:
    r"""Return the log density :math:`\log\sum_j w_j q_j` ``[S]`` of a mixture of (component, weight)."""
    terms = [part.log_density(points, folded) + np.log(weight) for part, weight in parts]
    return np.asarray(np.logaddexp.reduce(terms, axis=0)) if len(terms) > 1 else terms[0]
