"""Log likelihoods of INGARCH models with their exact derivatives, of one series or of many at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.ingarch import Predictor
from forecasting.kernels.slopes import mean_slopes, slopes

_TINY = 1e-300  # a mean that underflows


@dataclass(frozen=True)
class CountTarget:
    """Log likelihoods of one series at many points, or of R series at a point each.

    Attributes
    ----------
    predictor : Predictor
    counts : ndarray of int64, [T, 1] or [T, R]
        0 where a month is missing.
    log_exposure : ndarray, [T]
    is_log : bool
        Link.
    distribution : Distribution
    """

    predictor: Predictor
    counts: IntArray
    log_exposure: FloatArray
    is_log: bool
    distribution: Distribution

    def rows(self, rows: IntArray) -> tuple[Predictor, IntArray]:
        """Return the recursion and the counts of the series numbered `rows`; of the one series where there is one."""
        if self.counts.shape[1] == 1:
            return self.predictor, self.counts
        return replace(self.predictor, z=self.predictor.z[:, rows]), self.counts[:, rows]

    def log_mean(self, predictor: FloatArray) -> FloatArray:
        """Return the log means ``[T, S]`` that belong to predictors; NaN where the identity link gives none."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.log_exposure[:, None] + (predictor if self.is_log else np.log(predictor))

    def _height(
        self, log_mean: FloatArray, observed: NDArray[np.bool_], counts: IntArray, root: FloatArray
    ) -> FloatArray:
        shape, seen = self.distribution.natural(root), log_mean[observed].T
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            if counts.shape[1] == 1:
                total = self.distribution.log_likelihood(counts[observed, 0], seen, *shape.T)
            else:
                total = self.distribution.logpmf(counts[observed].T, np.exp(seen), *shape.T[:, :, None]).sum(axis=1)
        return np.where(np.isfinite(total), total, -np.inf)

    def height(self, points: FloatArray, rows: IntArray) -> FloatArray:
        """Return log likelihoods ``[n]``; ``-inf`` where a mean is not positive or not finite."""
        predictor, counts = self.rows(rows)
        with np.errstate(over="ignore", invalid="ignore"):
            log_mean = self.log_mean(predictor.value(points[:, : predictor.width]))
        return self._height(log_mean, ~predictor.missing, counts, points[:, predictor.width :])

    def derivatives(self, points: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return log likelihoods ``[n]``, gradients ``[n, p]`` and Hessians ``[n, p, p]`` in working coordinates."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):  # a climb stops where these are not finite
            return self._derivatives(points, rows)

    def _derivatives(self, points: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        predictor, counts = self.rows(rows)
        width = predictor.width
        theta, root = points[:, :width], points[:, width:]
        value, slope = predictor.slopes(theta)
        log_mean = self.log_mean(value)
        mean, y = np.maximum(np.exp(log_mean), _TINY), counts.astype(float)
        alpha = self.distribution.natural(root).T if root.size else np.zeros((1, 1))
        towards = mean if self.is_log else np.exp(self.log_exposure)[:, None]  # d mean / d predictor
        observed = (~predictor.missing)[:, None].astype(float)
        first, second = mean_slopes(y, mean, alpha)
        pull = observed * towards * first
        bend = observed * (np.square(towards) * second + (mean * first if self.is_log else 0.0))
        gradient, hessian = np.zeros(points.shape), np.zeros((*points.shape, points.shape[1]))
        gradient[:, :width] = np.einsum("ts,tsp->sp", pull, slope)
        weighted = (bend[:, :, None] * slope).transpose(1, 2, 0)
        hessian[:, :width, :width] = weighted @ slope.transpose(1, 0, 2) + predictor.curvature(theta, slope, pull)
        if root.size:
            kappa, by_alpha = root[:, 0], slopes(y, mean, alpha)
            once, twice = (np.sum(observed * part, axis=0) for part in (by_alpha.alpha, by_alpha.alpha_alpha))
            cross = np.einsum("ts,tsp->sp", observed * towards * by_alpha.mean_alpha, slope)
            gradient[:, width] = 2.0 * kappa * once
            hessian[:, width, width] = 2.0 * once + 4.0 * kappa**2 * twice
            hessian[:, :width, width] = hessian[:, width, :width] = 2.0 * kappa[:, None] * cross
        return self._height(log_mean, ~predictor.missing, counts, root), gradient, hessian


@dataclass(frozen=True)
class Slice:
    """A target of which some coordinates stay where they are."""

    target: CountTarget
    point: FloatArray
    moving: NDArray[np.bool_]

    def _whole(self, points: FloatArray) -> FloatArray:
        whole = np.repeat(self.point[None], len(points), axis=0)
        whole[:, self.moving] = points
        return whole

    def height(self, points: FloatArray, rows: IntArray) -> FloatArray:
        """Return log likelihoods ``[n]`` at the coordinates that move."""
        return self.target.height(self._whole(points), rows)

    def derivatives(self, points: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return log likelihoods ``[n]`` with derivatives by the coordinates that move."""
        value, gradient, hessian = self.target.derivatives(self._whole(points), rows)
        return value, gradient[:, self.moving], hessian[:, self.moving][:, :, self.moving]


def transformed(counts: IntArray, log_exposure: FloatArray, is_log: bool) -> FloatArray:
    """Return what the recursion takes of counts ``[T, ...]``: log(y + 1) or y, per unit of exposure ``[T, ...]``."""
    return np.log1p(counts) - log_exposure if is_log else counts / np.exp(log_exposure)
