"""Confidence intervals of estimates: from the profile of the likelihood, or from standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd
from scipy.special import chdtri, ndtri

from forecasting.errors import SamplingError
from forecasting.inference.mode import extrapolated
from forecasting.kernels.counts import FloatArray
from forecasting.models.fittable import Fittable

_FARTHEST = 60  # doublings of the search for an end of a profile interval


class Intervals(Protocol):
    """Confidence intervals of the parameters of one fit."""

    @property
    def methods(self) -> tuple[str, ...]:
        """Ways to an interval, that by default first."""
        ...

    def limits(self, method: str, level: float, wanted: list[str]) -> pd.DataFrame:
        """Return intervals of some parameters by one of the methods: one row per parameter, columns lower and upper."""
        ...


@dataclass(frozen=True, eq=False)
class Symmetric:
    """Estimates plus and minus multiples of their standard errors.

    Attributes
    ----------
    params, bse : pandas.Series
        Estimates, and the standard errors of those that are not at a boundary.
    """

    params: pd.Series
    bse: pd.Series

    methods: ClassVar[tuple[str, ...]] = ("wald",)

    def limits(self, method: str, level: float, wanted: list[str]) -> pd.DataFrame:
        """Return Wald intervals."""
        half = (float(ndtri(0.5 + level / 2.0)) * self.bse).reindex([name for name in wanted if name in self.bse.index])
        estimate = self.params[half.index]
        return pd.DataFrame({"lower": estimate - half, "upper": estimate + half})


@dataclass(frozen=True, eq=False)
class Profiled:
    r"""Intervals from the likelihood itself: on its profile, or by a normal approximation on the working scale.

    A profile interval holds every value with :math:`2\{\ell(\hat\theta)-\max\ell\}` up to the quantile of :math:`\chi^2_1`, the
    other parameters free.

    Attributes
    ----------
    density : Fittable
        The log likelihood.
    work : ndarray, [p]
        Where it is largest, in working coordinates.
    loglik : float
        Its value there.
    bse : pandas.Series
        Standard errors of the natural parameters that are not at a boundary.
    """

    density: Fittable
    work: FloatArray
    loglik: float
    bse: pd.Series

    methods: ClassVar[tuple[str, ...]] = ("profile", "wald")

    def limits(self, method: str, level: float, wanted: list[str]) -> pd.DataFrame:
        """Return profile or Wald intervals."""
        if method == "wald":
            ends = {name: self._wald(name, level) for name in wanted if name in self.bse.index}
        else:
            ends = {name: self._profile(self.density.names.index(name), level) for name in wanted}
        return pd.DataFrame.from_dict(ends, orient="index", columns=["lower", "upper"])

    def _wald(self, name: str, level: float) -> tuple[float, float]:
        k = self.density.names.index(name)
        half = float(ndtri(0.5 + level / 2.0)) * float(self.bse[name]) / self._slope(k)
        low, high = float(self.work[k]) - half, float(self.work[k]) + half
        least, most = (float(limit[k]) for limit in self.density.limits)
        return self._natural(k, max(low, least)), self._natural(k, min(high, most))

    def _natural(self, k: int, value: float) -> float:
        point = self.work.copy()
        point[k] = value
        return float(self.density.natural(point[None])[0, k])

    def _slope(self, k: int) -> float:
        """Return the derivative of a natural parameter with respect to its working coordinate."""
        step = 1e-6 * max(abs(float(self.work[k])), 1e-3)
        return (self._natural(k, self.work[k] + step) - self._natural(k, self.work[k] - step)) / (2.0 * step)

    def _profile(self, k: int, level: float) -> tuple[float, float]:
        """Return where the profile of twice the log likelihood drops by the chi-squared quantile."""
        from scipy.optimize import brentq

        density, drop = self.density, float(chdtri(1, 1.0 - level)) / 2.0
        free = np.arange(self.work.size) != k
        path = {
            float(self.work[k]): (self.work, -drop)
        }  # climbs start from the nearest point known, so that none jumps

        def excess(value: float) -> float:
            if value not in path:
                point = path[min(path, key=lambda known: abs(known - value))][0].copy()
                point[k] = value
                height = float(density.log_likelihood(point[None])[0])
                if free.any():
                    mode = density.maximise(point, free)
                    point, height = mode.point, mode.value
                path[value] = point, self.loglik - height - drop
            return path[value][1]

        def end(direction: float) -> float:
            inner, step = float(self.work[k]), 0.5 * float(self._spread(k))
            limit = float(density.limits[0 if direction < 0 else 1][k])
            for _ in range(_FARTHEST):
                outer = inner + direction * step
                if direction * (outer - limit) >= 0.0:
                    outer = limit
                    if inner == limit or excess(limit) <= 0.0:
                        return self._natural(k, limit)
                try:
                    dropped = excess(outer) > 0.0
                except SamplingError:  # the likelihood is flat up to where it can no longer be computed
                    break
                if dropped:
                    return self._natural(k, float(brentq(excess, inner, outer, xtol=1e-10 * max(1.0, abs(outer)))))
                inner, step = outer, 2.0 * step
            return float(direction * np.inf)

        return end(-1.0), end(1.0)

    def _spread(self, k: int) -> float:
        """Return a rough standard deviation of a working coordinate, to start a search with."""
        curvature = -self._full_hessian()[k, k]
        return (
            float(min(1.0 / np.sqrt(curvature), self.density.scale[k]))
            if curvature > 0
            else float(self.density.scale[k])
        )

    def _full_hessian(self) -> FloatArray:
        basis = np.diag(0.05 * self.density.scale)
        _, _, hessian = extrapolated(self.density.log_likelihood, self.work, basis)
        return hessian / np.outer(np.diag(basis), np.diag(basis))
