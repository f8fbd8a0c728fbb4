"""A model in three functions: where its mean begins, what it is, and how a count moves it.

Everything else (posterior, facts, scores, scenarios, reconstruction) follows from them and is written once.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed, told_months
from forecasting.distributions import Distribution, NegativeBinomial
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.models.augmented import FollowingModel
from forecasting.models.following import LEAST_MEAN, Draw, FollowingDensity
from forecasting.models.known import read_centred, read_counts, read_data
from forecasting.parameters import Parameter, Parameters, Priors, Theta, log_normal_density, read_priors
from forecasting.terms import Term, Terms


@dataclass(frozen=True)
class Row:
    """A month as a process sees it.

    Attributes
    ----------
    month : Period
        The month.
    factor : ndarray, [S]
        What season, effects and exposure multiply its mean by.
    ahead : bool
        Whether it comes after the data.
    """

    month: pd.Period
    factor: FloatArray
    ahead: bool


@dataclass(frozen=True)
class ProcessModel(FollowingModel):
    """Base class of models that say how a mean begins, what it is and how a count moves it.

    Parameters
    ----------
    terms : Term or Terms, optional
        Season, effects, covariates and exposure, which multiply the mean.
    distribution : Distribution
        Of a count given its mean; negative binomial by default.  Any but a hurdle.
    priors : Priors
        Scales of the priors of terms and shape, and of parameters with a family.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> import forecasting as fc
    >>> @dataclass(frozen=True)
    ... class Smoothed(fc.ProcessModel):
    ...     def parameters(self, data):
    ...         return fc.Parameter("level", 2.0, 1.0, "exp"), fc.Parameter("gain", -1.4, 0.4, "logistic")
    ...     def begin(self, theta):
    ...         return theta["level"]
    ...     def mean(self, state, theta, row):
    ...         return state * row.factor
    ...     def step(self, state, count, theta, row):
    ...         return state if count is None else state + theta["gain"] * (count / row.factor - state)
    >>> series = fc.CountSeries([f"2023-{m:02d}" for m in range(1, 9)], [12, 9, 14, 11, 8, 13, 10, 12])
    >>> posterior = Smoothed().posterior(series, rng=1)
    >>> posterior.names, bool(8 < posterior.forecast(2, rng=1).expected.iloc[-1] < 14)
    (('level', 'gain', 'alpha'), True)
    """

    terms: Term | Terms | None = None
    distribution: Distribution = field(default_factory=NegativeBinomial)
    priors: Priors = field(default_factory=Priors)

    def __post_init__(self) -> None:
        read_centred(self.distribution, type(self).__name__)
        object.__setattr__(self, "terms", Terms.of(self.terms))
        object.__setattr__(self, "priors", read_priors(self.priors))

    @abstractmethod
    def parameters(self, data: Observed) -> Iterable[Parameter]:
        """Return the parameters of the mean, those of terms and distribution apart."""

    @abstractmethod
    def begin(self, theta: Theta) -> Any:
        """Return the state before the first month, any arrays ``[S, ...]``, given the parameters by name, ``[S]`` each."""

    @abstractmethod
    def mean(self, state: Any, theta: Theta, row: Row) -> FloatArray:
        """Return the mean ``[S]`` of a month, given the state before it."""

    @abstractmethod
    def step(self, state: Any, count: FloatArray | None, theta: Theta, row: Row) -> Any:
        """Return the state after a month with `count`, a number or ``[S]``; None if the month is not known."""

    def effects_on(self, data: Observed) -> Terms:
        """Return the terms."""
        return Terms.of(self.terms)

    def density(self, data: Observed) -> ProcessDensity:
        """Return the log likelihood and log prior for `data`."""
        return ProcessDensity(self, read_data(data))


class ProcessDensity(FollowingDensity):
    """Log likelihood and log prior of a process; working coordinates: its parameters, those of the terms, the shape."""

    def __init__(self, model: ProcessModel, data: Observed) -> None:
        self.process, self.data, self.distribution, self.priors = model, data, model.distribution, model.priors
        self.label = type(model).__name__
        counts, self._missing = read_counts(data, self.label)
        self._counts = counts[:, None].astype(float)
        if (~self._missing).sum() < 2:
            raise InvalidInput(f"{data.name}: {(~self._missing).sum()} known months; {self.label} needs at least 2")
        self.terms = model.effects_on(data)
        self._design, self._offset = self.terms.design(data.months, origin=told_months(data))
        own, law = Parameters.of(model.parameters(data)), self.distribution
        self.parameters = own + self.terms.parameters(data.months) + law.parameters
        self._own, self.width = len(own), len(self.parameters) - len(law.parameters)
        table = self.parameters
        self.names, self.log_rates, self.folded = table.names, table.log_rates, table.folded
        self.scale, self.centre = self.parameters.scale(self.priors), self.parameters.centre
        seen = counts[~self._missing].astype(float)
        shape = law.start(seen, np.full(seen.size, max(float(seen.mean()), 0.1)))
        self.start = np.concatenate([self.centre[: self.width], shape])

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Months without a count ``[T]``."""
        return self._missing

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters ``[S, p]``."""
        return self.parameters.natural(work)

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density ``[S]``."""
        return log_normal_density(work, self.centre, self.scale, self.folded)

    def with_counts(self, counts: IntArray) -> ProcessDensity:
        """Return the same density with other counts: a row of ``[S, T]`` for each parameter vector."""
        other = copy(self)
        other._counts = counts.T.astype(float)
        return other

    def means(self, work: FloatArray) -> FloatArray:
        """Return the mean ``[S, T]`` of every month of the data, each given the counts before it."""
        return self._run(work)[0]

    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S, t]`` of each known month given those before it."""
        known = ~self._missing
        with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
            mean = np.maximum(self.means(work)[:, known], LEAST_MEAN)
            shape = [column[:, None] for column in self.shape(work)]
            terms = self.distribution.logpmf(self._counts[known].T, mean, *shape)
        return np.where(np.isnan(terms), -np.inf, terms)

    def follow(self, work: FloatArray, months: pd.PeriodIndex, draw: Draw) -> None:
        """Go on after the data, month by month."""
        state, theta = self._run(work)[1], self._theta(work)
        for step, (month, factor) in enumerate(zip(months, self._factors(work, months), strict=True)):
            row = Row(month, factor, ahead=True)
            count = draw(step, np.broadcast_to(self.process.mean(state, theta, row), len(work)))
            state = self.process.step(state, count.astype(float), theta, row)

    def recurring(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        """Return the log of what terms and exposure multiply the mean of any months by, ``[S, H]``."""
        return np.log(self._factors(work, months)).T

    def _theta(self, work: FloatArray) -> Theta:
        return self.parameters.named(self.parameters.natural(work))

    def _factors(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        design, offset = self.terms.design(months, origin=told_months(self.data))
        return np.asarray(np.exp(design @ work[:, self._own : self.width].T + offset[:, None]))

    def _run(self, work: FloatArray) -> tuple[FloatArray, Any]:
        """Return the means ``[S, T]`` of the months of the data, and the state after them."""
        theta, model, means = self._theta(work), self.process, np.empty((len(work), len(self._missing)))
        with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
            factors, state = self._factors(work, self.data.months), model.begin(theta)
            for t, month in enumerate(self.data.months):
                row = Row(month, factors[t], ahead=False)
                means[:, t] = model.mean(state, theta, row)
                state = model.step(state, None if self._missing[t] else self._counts[t], theta, row)
        return means, state
