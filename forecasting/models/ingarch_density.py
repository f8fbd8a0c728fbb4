r"""Posterior density of an INGARCH model, and its future months.

Working coordinates are what priors are natural for and samplers move well in.  The first is the stationary log mean: the
intercept is it (or its exponential) times one less the sum of the past coefficients.  Under the log link past coefficients
and effects follow in natural scale; under the identity link past coefficients by their additive log ratios and effects by
their logarithms, so that all are positive.
"""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.distributions import Distribution
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.ingarch import feed_forward
from forecasting.models.following import Draw, FollowingDensity
from forecasting.models.ingarch_likelihood import IngarchLikelihood
from forecasting.models.ingarch_target import transformed
from forecasting.parameters import Priors, log_normal_density

_GRID = 4001  # points in the unit interval on which the mass of the stationary region is computed


class IngarchDensity(FollowingDensity):
    """Log likelihood and log prior of an INGARCH model.

    Priors: the stationary log mean is normal around the log of the mean of the counts; past coefficients are normal around
    zero, cut to the stationary region and, under the log link, weighted by one less the square of each and of their sum, so
    that the density falls to zero at the edge; effects are normal under the log link and, under the identity link, half-normal
    in units of the mean of the counts.
    """

    label = "Autoregression"
    costly = False
    remedy = "tighter priors, for example Priors(autoregression=0.25), or fewer lags, for example past_means=()"

    def __init__(self, likelihood: IngarchLikelihood, priors: Priors) -> None:
        self.likelihood, self.priors = likelihood, priors
        self.data: Observed = likelihood.data
        self.distribution: Distribution = likelihood.distribution
        self.names, self.log_rates = likelihood.names, likelihood.log_rates
        self._past = slice(1, 1 + likelihood.history)
        self._effects = slice(1 + likelihood.history, likelihood.width)
        self._prior_scale = likelihood.parameters.scale(priors)
        observed = ~likelihood.target.predictor.missing
        total = float(likelihood.target.counts[observed].sum()) + 0.25
        self.centre = np.zeros(self._prior_scale.size)
        self.centre[0] = np.log(total / np.exp(likelihood.target.log_exposure[observed]).sum())
        if not likelihood.is_log:
            self._prior_scale[self._effects] *= np.exp(self.centre[0])
        self._log_mass = _log_mass(likelihood.history, priors.autoregression, likelihood.is_log)
        self.folded: NDArray[np.bool_] = likelihood.folded
        self.scale = self._prior_scale.copy()
        if not likelihood.is_log:
            self.scale[1 : likelihood.width] = 1.0
        self.start = self._start()

    def _start(self) -> FloatArray:
        work = self.likelihood.start.copy()
        past, past_sum = work[self._past], float(work[self._past].sum())
        level = work[0] / (1.0 - past_sum)
        if self.likelihood.is_log:
            work[0] = level
            return work
        work[0] = np.log(level)
        work[self._effects] = np.log(work[self._effects])
        work[self._past] = np.log(np.maximum(past, 0.01) / (1.0 - past_sum))
        return work

    def _theta(self, work: FloatArray) -> FloatArray:
        """Return natural parameters of the mean with the working shape coordinates, ``[S, p]``."""
        theta = work.copy()
        if not self.likelihood.is_log:
            theta[:, self._effects] = np.exp(work[:, self._effects])
            theta[:, 0] = np.exp(work[:, 0])
            ratio = np.exp(work[:, self._past])
            theta[:, self._past] = ratio / (1.0 + ratio.sum(axis=1, keepdims=True))
        theta[:, 0] *= 1.0 - theta[:, self._past].sum(axis=1)
        return theta

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters ``[S, p]``."""
        return self.likelihood.natural(self._theta(work))

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S]`` of the months observed; ``-inf`` outside the stationary region."""
        with np.errstate(over="ignore", invalid="ignore"):
            theta = self._theta(work)
            inside = self._inside(theta[:, self._past])
            result = np.full(len(work), -np.inf)
            if inside.any():
                result[inside] = self.likelihood.target.height(theta[inside], np.flatnonzero(inside))
        return result

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Months without a count ``[T]``."""
        return self.likelihood.target.predictor.missing

    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S, t]`` of each known month given those before it."""
        target, theta = self.likelihood.target, self._theta(work)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            log_mean = target.log_mean(target.predictor.value(theta[:, : self.likelihood.width]))
            counts, shape = target.counts[~self.missing].T, [column[:, None] for column in self.shape(work)]
            terms = self.distribution.logpmf(counts, np.exp(log_mean[~self.missing].T), *shape)
        inside = self._inside(theta[:, self._past])[:, None]
        return np.where(inside & np.isfinite(terms), terms, -np.inf)

    def with_counts(self, counts: IntArray) -> IngarchDensity:
        """Return the same density, prior and all, with other counts: a row of ``[S, T]`` for each parameter vector."""
        other = copy(self)
        other.likelihood = self.likelihood.with_counts(counts)
        return other

    def means(self, work: FloatArray) -> FloatArray:
        """Return the mean of every month of the data ``[S, T]``, each given the counts before it."""
        target, theta = self.likelihood.target, self._theta(work)
        return np.asarray(np.exp(target.log_mean(target.predictor.value(theta[:, : self.likelihood.width]))).T)

    def _inside(self, past: FloatArray) -> NDArray[np.bool_]:
        return np.asarray((np.abs(past) < 1.0).all(axis=1) & (np.abs(past.sum(axis=1)) < 1.0))

    def log_prior(self, work: FloatArray) -> FloatArray:
        r"""Return the log prior density ``[S]``; ``-inf`` outside the stationary region.

        Under the log link, past coefficients b with sum s and scale :math:`\tau` have the density
        :math:`\propto(1-s^2)\prod_k(1-b_k^2)\,e^{-b_k^2/(2\tau^2)}`, a single one without the factor of the sum.
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            theta, rest = self._theta(work), np.ones(work.shape[1], dtype=bool)
            past = theta[:, self._past]
            rest[self._past] = False
            point, positive = work.copy(), np.zeros(work.shape[1], dtype=bool)
            if not self.likelihood.is_log:
                point[:, self._effects] = theta[:, self._effects]
                positive[self._effects] = True
            density = log_normal_density(
                point[:, rest], self.centre[rest], self._prior_scale[rest], (self.folded | positive)[rest]
            )
            density -= 0.5 * np.square(past / self.priors.autoregression).sum(axis=1) + self._log_mass
            total = past.sum(axis=1)
            if self.likelihood.is_log:
                edges = past if past.shape[1] == 1 else np.column_stack([past, total])
                density += np.log1p(-np.square(edges)).sum(axis=1)
                return np.where(self._inside(past), density, -np.inf)
            density += work[:, self._effects].sum(axis=1)  # Jacobians of logarithms and log ratios
            if past.shape[1]:
                density += np.log(past).sum(axis=1) + np.log1p(-total)
            return np.where(np.isnan(density), -np.inf, density)

    def follow(self, work: FloatArray, months: pd.PeriodIndex, draw: Draw) -> None:
        """Go on after the data; each count is fed back into the means of the months after it."""
        likelihood = self.likelihood
        predictor, theta = likelihood.target.predictor, self._theta(work)[:, : likelihood.width]
        inner, outer, log_exposure = likelihood.regressors(months)
        reach = max((*predictor.past_counts, *predictor.past_means), default=0)
        core = predictor.value(theta) - predictor.outer @ theta[:, likelihood.width - outer.shape[1] :].T
        z = np.where(predictor.missing[:, None], core, predictor.z)

        def fed(step: int, value: FloatArray) -> FloatArray:
            count = draw(step, np.exp(log_exposure[step]) * (np.exp(value) if likelihood.is_log else value))
            return transformed(count, log_exposure[step], likelihood.is_log)

        feed_forward(predictor, theta, z[len(z) - reach :], core[len(core) - reach :], (inner, outer), fed)

    def recurring(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        """Return external terms and exposure of the log mean of any months, ``[S, H]``.

        Raises
        ------
        InvalidInput
            If terms run on through past means, or add to the mean: then they are not apart from the level.
        """
        inner, outer, offset = self.likelihood.regressors(months)
        if inner.shape[1] or (outer.shape[1] and not self.likelihood.is_log):
            raise InvalidInput(
                "the terms of this autoregression run on through past means or add to the mean, so that no scenario can keep "
                "them and move the level; use link='log' and external=True, or no terms"
            )
        return np.asarray(work[:, self._effects] @ outer.T + offset)


def _log_mass(history: int, scale: float, is_log: bool) -> float:
    """Return the log of the integral of the unnormalised prior of the past coefficients over the stationary region."""
    if not history:
        return 0.0
    low = -1.0 if is_log else 0.0
    x, step = np.linspace(low, 1.0, _GRID, retstep=True)
    single = np.exp(-0.5 * np.square(x / scale)) * (1.0 - np.square(x) if is_log else 1.0)
    density = single
    for _ in range(history - 1):
        density = np.convolve(_ends_halved(density), _ends_halved(single)) * step
    total = history * low + step * np.arange(len(density))
    inside = np.abs(total) < 1.0 + 0.5 * step
    edge = 1.0 - np.square(total[inside]) if is_log and history > 1 else 1.0
    return float(np.log(_ends_halved(density[inside] * edge).sum() * step))


def _ends_halved(values: FloatArray) -> FloatArray:
    """Return values whose sum is their integral by the trapezoidal rule."""
    weighted = values.copy()
    weighted[[0, -1]] *= 0.5
    return weighted
