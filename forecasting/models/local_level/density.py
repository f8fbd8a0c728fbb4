"""The joint density of a local level over one long working vector, and the way to future months.

The working vector of a draw is its path ``[T]``, its coefficients ``[k]`` and its parameters ``[p]``, side by side.
"""

from __future__ import annotations

from copy import copy

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from forecasting.constraints import Observed, told_months
from forecasting.distributions import Distribution
from forecasting.errors import InvalidWindow
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.models.density import Simulated
from forecasting.models.estimated import estimates_at, some_of
from forecasting.models.known import reconstructed
from forecasting.models.local_level.path import Motion
from forecasting.models.local_level.target import Settings, Target
from forecasting.models.moving import GROWTH
from forecasting.parameters import Parameter, Parameters, Priors
from forecasting.randomness import require_rng

_EVENTS = frozenset({"step", "pulse", "ramp"})
_SEED = 20231205  # of the steps of the level after the data, where no generator is given


class LocalLevelDensity:
    """Likelihood and prior of path, coefficients and parameters; see `forecasting.models.density.ModelDensity`."""

    label = "LocalLevel"

    def __init__(self, model: Settings, data: Observed) -> None:
        self.target = target = Target(model, data)
        self.model, self.data = model, data
        self.distribution: Distribution = model.distribution
        self.priors: Priors = model.priors
        moves = ("log_level", *(("log_anchor", "reversion") if model.reversion else ()))
        own = (*map(Parameter, moves), *((GROWTH,) if model.growth else ()))
        after = Parameters((Parameter("noise"),)) + model.distribution.parameters
        table = Parameters(own) + target.terms.parameters(data.months) + after
        self.names, self.log_rates = table.names, table.log_rates
        size, k = target.prior.size, target.prior.scale.size
        self._path, self._coefs, self._parameters = slice(size), slice(size, size + k), slice(size + k, None)
        centre = np.full(size, target.prior.centre), np.zeros(k), np.where(target.folded, target.scale, target.centre)
        self.start = np.concatenate(centre)
        if model.reversion:
            self.start[size] = target.prior.centre
        self.scale = np.concatenate([np.full(size, target.prior.spread), target.prior.scale, target.scale])
        self.folded = np.concatenate([np.zeros(size + k, dtype=bool), target.folded])

    def under(self, priors: Priors) -> LocalLevelDensity:
        """Return the same density under other prior scales; the likelihood is shared."""
        twin = copy(self)
        twin.priors, twin.target = priors, self.target.under(priors)
        return twin

    @property
    def costly(self) -> bool:
        """Whether the likelihood holds totals over many large months."""
        return self.target.facts.costly

    def split(self, work: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return path ``[T, S]``, coefficients ``[k, S]`` and parameters ``[S, p]`` of working vectors ``[S, T + k + p]``."""
        return work[:, self._path].T, work[:, self._coefs].T, work[:, self._parameters]

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters ``[S, p]`` in the order of `names`; `log_level` is that of the first month."""
        path, coefs, parameters = self.split(work)
        columns = [path[0]]
        if self.model.reversion:
            columns += [coefs[0], expit(parameters[:, 1])]
        columns += [*coefs[int(self.model.reversion) :], self.target.motion(parameters).noise]
        return np.column_stack([*columns, *self.target.shape(parameters)])

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S]`` of everything known, given the path."""
        path, coefs, parameters = self.split(work)
        return self.target.log_likelihood(parameters, path, coefs)

    @property
    def pieces(self) -> tuple[str, ...]:
        """Names of the pieces of information."""
        return self.target.facts.pieces

    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S, n]`` of each piece of information, given the path."""
        path, coefs, parameters = self.split(work)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            log_mean, shape = self.target.log_mean(path, coefs), self.target.shape(parameters)
            return self.target.facts.log_pieces(log_mean, shape, self.distribution)

    def estimates(self, work: FloatArray) -> pd.DataFrame:
        """Return how good each estimate of the probability of facts is around draws ``[S, T + k + p]``; see `Posterior`."""
        path, coefs, parameters = self.split(some_of(work))
        log_mean, shape = self.target.log_mean(path, coefs), self.target.shape(parameters)
        return estimates_at(self.target.facts, log_mean, shape, self.distribution)

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density ``[S]`` of parameters, coefficients and path."""
        path, coefs, parameters = self.split(work)
        joint = self.target.prior.log_density(path, coefs, self.target.motion(parameters))
        return np.asarray(joint + self.target.log_prior(parameters))

    def levels(self, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator) -> FloatArray:
        """Return the log level ``[S, H]`` of months of the data and after them; later months take steps drawn with `rng`."""
        first, last = self.data.months[0], self.data.months[-1]
        if months.min() < first:
            raise InvalidWindow(f"a local level begins with its data, in {first}; {months.min()} is before that")
        path, coefs, parameters = self.split(work)
        ahead = max((months.max() - last).n, 0)
        if ahead:
            path = np.concatenate([path, self._ahead(path[-1], coefs, self.target.motion(parameters), ahead, rng)])
        return np.asarray(path[(months.asi8 - first.ordinal)].T)

    def _ahead(
        self, level: FloatArray, coefs: FloatArray, motion: Motion, ahead: int, rng: np.random.Generator
    ) -> FloatArray:
        """Return the log levels ``[ahead, S]`` of the months after the data."""
        prior, moving = self.target.prior, coefs.copy()
        path = np.empty((ahead, level.size))
        for month in range(ahead):
            level = prior.expected(level, moving, motion) + motion.noise * rng.standard_normal(level.size)
            path[month] = level
            if prior.growth:
                moving[prior.moving - 1] *= self.model.damping
        return path

    def parts(
        self, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator
    ) -> tuple[FloatArray, FloatArray]:
        """Return level with events, and season with covariates and exposure, of the log mean, each ``[S, H]``."""
        level = self.levels(work, months, rng=rng)
        design, _ = self.target.terms.design(months, origin=told_months(self.data))
        effects = self.split(work)[1][self.target.prior.moving :].T
        return level + effects[:, self._event] @ design[:, self._event].T, self.recurring(work, months)

    def components(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the same; months after the data have the same steps of the level in every call."""
        return self.parts(work, months, rng=require_rng(_SEED))

    def recurring(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        """Return season, covariates and exposure of the log mean of any months, ``[S, H]``."""
        design, offset = self.target.terms.design(months, origin=told_months(self.data))
        effects = self.split(work)[1][self.target.prior.moving :].T
        return np.asarray(effects[:, ~self._event] @ design[:, ~self._event].T + offset)

    def continued(self, work: FloatArray, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the means ``[S, H]`` of the months after the data, whatever their counts."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(sum(self.components(work, months))))

    @property
    def _event(self) -> NDArray[np.bool_]:
        return np.array([family in _EVENTS for family in self.target.terms.families], dtype=bool)

    def months(self, work: FloatArray, *, rng: np.random.Generator) -> IntArray:
        """Return every month of the data ``[S, T]``, drawn given path and parameters and everything known."""
        path, coefs, parameters = self.split(work)
        log_mean, shape = self.target.log_mean(path, coefs), self.target.shape(parameters)
        return reconstructed(self.data, log_mean, shape, self.distribution, rng)

    def shape(self, work: FloatArray) -> list[FloatArray]:
        """Return one array ``[S]`` per shape parameter."""
        return self.target.shape(self.split(work)[2])

    def simulate(self, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator) -> Simulated:
        """Return one path of counts for each draw, the mean of each month given the level, each ``[S, H]``, and the shape."""
        structural, recurring = self.parts(work, months, rng=rng)
        with np.errstate(over="ignore"):  # an exploding mean is an error with a name, raised by Predictive
            mean = np.exp(structural + recurring)
        shape = self.shape(work)
        return self.distribution.sample(mean, *(column[:, None] for column in shape), rng=rng), mean, tuple(shape)
