"""Confidence intervals of estimates: from the profile of the likelihood, or from standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri

from forecasting.errors import SamplingError
from forecasting.inference.mode import extrapolated, inverse_root
from forecasting.kernels.counts import FloatArray
from forecasting.models.fittable import Fittable

_FARTHEST = 60  # steps of the search for an end of a profile interval
_NO_DROP = 1e-3  # root of twice a drop of the likelihood that is taken for none
_FAR = 30.0  # way, in units of `scale`, along which a likelihood that never drops has no end
_WIDEST = 3.0  # first step at most, in units of `scale`
_FLATTEST = 2.5e-7  # curvature in units of a twentieth of `scale` that counts as none


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
    endless : ndarray of bool, [2, p], optional
        Coordinates whose interval has no lower and no upper end, as the likelihood never falls on the way there.
    """

    density: Fittable
    work: FloatArray
    loglik: float
    bse: pd.Series
    endless: NDArray[np.bool_] | None = None

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
        half = float(ndtri(0.5 + level / 2.0)) * float(self.bse[name]) / float(jacobian(self.density, self.work)[k])
        low, high = float(self.work[k]) - half, float(self.work[k]) + half
        least, most = (float(limit[k]) for limit in self.density.limits)
        return self._natural(k, max(low, least)), self._natural(k, min(high, most))

    def _natural(self, k: int, value: float) -> float:
        point = self.work.copy()
        point[k] = value
        return float(self.density.natural(point[None])[0, k])

    def _profile(self, k: int, level: float) -> tuple[float, float]:
        """Return where the profile of twice the log likelihood drops by the chi-squared quantile.

        The search is for the root of the drop, signed: as good as linear in the parameter, so that few climbs are needed.
        """
        from scipy.optimize import brentq

        density, radius = self.density, float(np.sqrt(chdtri(1, 1.0 - level)))
        free = np.arange(self.work.size) != k
        path = {float(self.work[k]): (self.work, -radius)}  # climbs start from points known, so that none jumps

        def excess(value: float) -> float:
            if value not in path:
                point = _between(path, value, k)
                height = float(density.log_likelihood(point[None])[0])
                if free.any():
                    if not np.isfinite(height):
                        point = path[min(path, key=lambda known: abs(known - value))][0].copy()
                        point[k] = value
                    mode = density.maximise(point, free)
                    point, height = mode.point, mode.value
                path[value] = point, float(np.sqrt(max(2.0 * (self.loglik - height), 0.0))) - radius
            return path[value][1]

        def end(direction: float) -> float:
            if self.endless is not None and self.endless[0 if direction < 0 else 1, k]:
                return float(direction * np.inf)
            inner, step = float(self.work[k]), radius * float(self._spreads[k])
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
                    return self._natural(k, float(brentq(excess, inner, outer, xtol=1e-7 * float(self._spreads[k]))))
                gone, root = abs(outer - float(self.work[k])), excess(outer) + radius
                if root < _NO_DROP and gone > _FAR * density.scale[k]:
                    break
                step = gone * min(max(1.2 * (radius / max(root, _NO_DROP) - 1.0), 0.1), 2.0)
                inner = outer
            return float(direction * np.inf)

        return end(-1.0), end(1.0)

    @cached_property
    def _spreads(self) -> FloatArray:
        """Rough standard deviations of the working coordinates, the others free, to start searches with."""
        basis = np.diag(0.05 * self.density.scale)
        _, _, hessian = extrapolated(self.density.log_likelihood, self.work, basis)
        root = inverse_root(hessian, _FLATTEST)
        return np.asarray(np.minimum(0.05 * np.sqrt(np.square(root).sum(axis=1)), _WIDEST) * self.density.scale)


def jacobian(density: Fittable, work: FloatArray) -> FloatArray:
    """Return the derivatives ``[p]`` of natural parameters with respect to their working coordinates, a diagonal."""
    step = 1e-6 * np.maximum(np.abs(work), 1e-3)
    up, down = density.natural((work + step)[None])[0], density.natural((work - step)[None])[0]
    return np.asarray((up - down) / (2.0 * step))


def _between(path: dict[float, tuple[FloatArray, float]], value: float, k: int) -> FloatArray:
    """Return the point of a path at a value of its k-th coordinate, on the line through the two known points next to it."""
    near = sorted(path, key=lambda known: abs(known - value))[:2]
    point = path[near[0]][0].copy()
    if len(near) == 2:
        share = (value - near[0]) / (near[1] - near[0])
        if abs(share) <= 1.0:
            point += share * (path[near[1]][0] - point)
    point[k] = value
    return point
