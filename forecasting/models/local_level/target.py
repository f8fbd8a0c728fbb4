"""The model with its data: parameters, path and coefficients, and their exact log density."""

from __future__ import annotations

from copy import copy
from typing import Protocol

import numpy as np
from scipy.special import expit

from forecasting.constraints import Observed, told_months
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.lattice import COARSE, FINE
from forecasting.likelihood import FactLikelihood
from forecasting.likelihood.surrogate import Surrogate
from forecasting.models import moving
from forecasting.models.known import log_level
from forecasting.models.local_level.path import LevelPath, Motion
from forecasting.parameters import Parameter, Parameters, Priors, declared, log_normal_density

_NOISE = Parameter(
    "noise",
    transform="size",
    family=declared(
        "noise", 0.2, "Standard deviation of the monthly step of the log level of a local level: half-normal."
    ),
)
_LEAST_NOISE = 1e-6  # standard deviation of a step below which a level stands still
_MOST_KEPT = 1.0 - 1e-6


class Settings(moving.Settings, Protocol):
    """What the density asks of the model; see `LocalLevel`."""

    @property
    def growth(self) -> bool: ...  # noqa: D102
    @property
    def damping(self) -> float: ...  # noqa: D102


class Target:
    """Likelihood and prior of a local level for one set of data.

    Working coordinates of the p parameters: noise (folded), logit of the rate of reversion, working shape coordinates.

    Parameters
    ----------
    model : Settings
        The model.
    data : CountSeries or Evidence
        What is known.
    """

    def __init__(self, model: Settings, data: Observed) -> None:
        self.model, self.data, self.distribution = model, data, model.distribution
        self.facts = FactLikelihood(data.constraints)
        self.surrogate = Surrogate(data.constraints, model.distribution)
        self.terms = model.terms_for(data)
        self.effects, self.offset = self.terms.design(data.months, origin=told_months(data))
        own = (_NOISE, moving.REVERSION) if model.reversion else (_NOISE,)
        self.parameters = Parameters(own) + model.distribution.parameters
        self.names, self.folded = self.parameters.names, self.parameters.folded
        self.scale, self.centre = self.parameters.scale(model.priors), self.parameters.centre
        self._log_mean_level = log_level(self.facts, self.offset, data.name, "a local level")
        self.prior = self._path_under(model.priors)
        self.start = self._start(self._log_mean_level)

    def _path_under(self, priors: Priors) -> LevelPath:
        """Return the prior of path and coefficients."""
        model, months = self.model, self.data.months
        moving = [*([priors.level] if model.reversion else []), *([priors.growth] if model.growth else [])]
        scale = np.concatenate([moving, self.terms.parameters(months).scale(priors)])
        return LevelPath(len(months), model.reversion, model.growth, self._log_mean_level, priors.level, scale)

    def under(self, priors: Priors) -> Target:
        """Return the same under other prior scales; the likelihood is shared."""
        twin = copy(self)
        twin.scale, twin.prior = self.parameters.scale(priors), self._path_under(priors)
        return twin

    @property
    def width(self) -> int:
        """Number of parameters p."""
        return self.scale.size

    def _start(self, log_level: float) -> FloatArray:
        """Return log means ``[T]`` to start from: near the counts that are known, near the mean elsewhere."""
        known = self.data.constraints
        start = log_level + self.offset
        exact = np.flatnonzero(known.exact)
        start[exact] = 0.5 * (start[exact] + np.log(known.lower[exact] + 0.5))
        for unit in self.facts.units:
            if len(unit.months) > 1 and unit.low == unit.high:
                here = list(unit.months)
                start[here] = np.log((unit.low + 0.5) / len(here))
        return np.asarray(start)

    def motion(self, work: FloatArray) -> Motion:
        """Return noise and share kept, each ``[S]``."""
        noise = np.maximum(np.abs(work[:, 0]), _LEAST_NOISE)
        if not self.model.reversion:
            return Motion(noise, np.ones(len(work)))
        return Motion(noise, np.minimum(expit(-work[:, 1]), _MOST_KEPT))

    def shape(self, work: FloatArray) -> list[FloatArray]:
        """Return one array ``[S]`` for each shape parameter of the distribution."""
        first = 1 + int(self.model.reversion)
        return list(self.distribution.natural(work[:, first:]).T)

    def information(self, log_mean: FloatArray, shape: list[FloatArray]) -> FloatArray:
        r"""Return :math:`\mu^2/v`, Fisher's information about a log mean, for log means ``[T, S]``."""
        mean = np.exp(log_mean)
        return np.asarray(np.square(mean) / self.distribution.variance(mean, *shape))

    @staticmethod
    def joined(work: FloatArray, path: FloatArray, coefs: FloatArray) -> FloatArray:
        """Return the working vectors ``[S, T + k + p]`` of parameters ``[S, p]`` with their paths and coefficients."""
        return np.concatenate([path.T, coefs.T, work], axis=1)

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density of the parameters ``[S]``."""
        return log_normal_density(work, self.centre, self.scale, self.folded)

    def log_mean(self, path: FloatArray, coefs: FloatArray) -> FloatArray:
        """Return the log means ``[S, T]`` for paths ``[T, S]`` and coefficients ``[k, S]``."""
        own = coefs[self.prior.moving :]
        return np.ascontiguousarray((path + self.effects @ own + self.offset[:, None]).T)

    def log_likelihood(self, work: FloatArray, path: FloatArray, coefs: FloatArray) -> FloatArray:
        """Return the log probability ``[S]`` of everything known; see `probability`."""
        return self.probability(self.log_mean(path, coefs), self.shape(work))

    def rough_likelihood(self, work: FloatArray, path: FloatArray, coefs: FloatArray) -> FloatArray:
        """Return the log probability ``[S]`` of everything known by the surrogate."""
        return self.rough_probability(self.log_mean(path, coefs), self.shape(work))

    def probability(self, log_mean: FloatArray, shape: list[FloatArray]) -> FloatArray:
        """Return the log probability ``[S]`` at log means ``[S, T]``, to about 1e-5 where totals make it dear."""
        precision = COARSE if self.facts.costly else FINE
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            value = self.facts.log_likelihood(log_mean, shape, self.distribution, precision)
        return np.where(np.isnan(value), -np.inf, value)

    def rough_probability(self, log_mean: FloatArray, shape: list[FloatArray]) -> FloatArray:
        """Return the log probability ``[S]`` at log means ``[S, T]`` by the surrogate."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            value = self.surrogate.log_value(log_mean.T, shape)
        return np.where(np.isnan(value), -np.inf, value)
