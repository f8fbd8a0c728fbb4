"""Every model with a prior, as a recipe for data: parameters from the prior, counts from the parameters.

The recursions are written out anew, month by month, so that a slip in the library's own cannot cancel.  Priors that put a
level near the mean of the data would have no data to come from: their centres are those that a *reference series*, constant
at the level of the case, gives, and the posterior is made with the same centres.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import lfilter

import forecasting as fc
from forecasting.inference.sampling import sample_posterior
from forecasting.models import Posterior

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

DRAWS = 1000
AHEAD = 3
_BURN_IN = 3000


def months(count: int) -> pd.PeriodIndex:
    return pd.period_range("2010-01", periods=count, freq="M")


def series(y: Counts) -> fc.CountSeries:
    return fc.CountSeries(months(len(y)), y)


@dataclass(frozen=True)
class Recipe(ABC):
    """A model, how many months it sees, and the level around which its prior is centred.

    Attributes
    ----------
    model : BayesianModel
    months : int
    level : float
    shipped : bool
        Whether the posterior keeps the centres that the data give it, as shipped: then ranks are uniform only nearly.
    """

    model: Any
    months: int
    level: float
    shipped: bool = False

    @property
    def reference(self) -> Any:
        """The density for the reference series; two months differ from the level, lest it count as constant."""
        y = np.full(self.months, round(self.level), dtype=np.int64)
        y[:2] += (-1, 1)
        return self.model.density(series(y))

    @abstractmethod
    def parameters(self, reference: Any, rng: np.random.Generator) -> Array:
        """Return one draw of the prior in working coordinates ``[p]``."""

    @abstractmethod
    def counts(self, reference: Any, work: Array, rng: np.random.Generator) -> Counts:
        """Return the counts of the months and of those that follow."""

    def posterior(self, y: Counts, reference: Any, rng: np.random.Generator) -> Posterior:
        """Return the posterior of the months, by the library's sampler."""
        data = series(y)
        density = self.model.density(data)
        if not self.shipped:
            density.centre[:] = reference.centre
        return Posterior(data, density, sample_posterior(density, DRAWS, rng=rng))


def _normal(reference: Any, rng: np.random.Generator) -> Array:
    """Return independent normal coordinates, the folded ones positive."""
    work = reference.centre + reference.scale * rng.standard_normal(reference.centre.size)
    return np.asarray(np.where(reference.folded, np.abs(work), work))


class Regression(Recipe):
    """Independent counts around a log-linear mean."""

    def parameters(self, reference: Any, rng: np.random.Generator) -> Array:
        return _normal(reference, rng)

    def counts(self, reference: Any, work: Array, rng: np.random.Generator) -> Counts:
        design, offset = reference.terms.design(months(self.months + AHEAD), origin=months(self.months))
        shape = self.model.distribution.natural(work[None, reference.width :])[0]
        mean = np.exp(design @ work[: reference.width] + offset)
        return np.asarray(self.model.distribution.sample(mean, *shape, rng=rng))


class Autoregression(Recipe):
    """INGARCH with one lag each of counts and means, started at its stationary value."""

    def parameters(self, reference: Any, rng: np.random.Generator) -> Array:
        priors, is_log = self.model.priors, self.model.link == "log"
        level = rng.normal(reference.centre[0], priors.level)
        while True:
            past = rng.normal(0.0, priors.autoregression, 2)
            edges = np.append(past, past.sum())
            if not is_log and (past > 0).all() and edges[2] < 1:
                past = np.log(past / (1.0 - past.sum()))
                break
            if is_log and (np.abs(edges) < 1).all() and rng.random() < np.prod(1.0 - np.square(edges)):
                break
        return np.array([level, *past, abs(rng.normal(0.0, priors.dispersion))])

    def counts(self, reference: Any, work: Array, rng: np.random.Generator) -> Counts:
        intercept, count_weight, mean_weight, alpha = reference.natural(work[None])[0]
        is_log = self.model.link == "log"
        before = predictor = intercept / (1.0 - count_weight - mean_weight)
        y = np.empty(self.months + AHEAD, dtype=np.int64)
        for t in range(len(y)):
            predictor = intercept + count_weight * before + mean_weight * predictor
            mean = np.exp(predictor) if is_log else predictor
            y[t] = self.model.distribution.sample(np.array([mean]), np.array([alpha]), rng=rng)[0]
            before = np.log(y[t] + 1.0) if is_log else float(y[t])
        return y


class Level(Recipe):
    """A level that follows the counts; forecasts that feed all of a count back are those of the model itself."""

    def parameters(self, reference: Any, rng: np.random.Generator) -> Array:
        return _normal(reference, rng)

    def counts(self, reference: Any, work: Array, rng: np.random.Generator) -> Counts:
        values = dict(zip(reference.names, reference.natural(work[None])[0], strict=True))
        design, _ = reference.terms.design(months(self.months + AHEAD), origin=months(self.months))
        factor = np.exp(design @ [values[name] for name in reference.terms.columns()])
        gain, alpha, level = values["gain"], values["alpha"], np.exp(values["log_level"])
        growth, rate = np.exp(values.get("growth", 0.0)), values.get("reversion", 0.0)
        anchor = np.exp(values.get("log_anchor", 0.0))
        y = np.empty(len(factor), dtype=np.int64)
        for t, f in enumerate(factor):
            y[t] = self.model.distribution.sample(np.array([level * f]), np.array([alpha]), rng=rng)[0]
            most = level + 4.0 * np.sqrt(level / f + alpha * level**2) + 10.0 / f
            moved = level + gain * (min(y[t] / f, most) - level)
            level = max(growth * moved + rate * (anchor - level), 1e-9)
        return y


@dataclass(frozen=True)
class Arima:
    """Seasonal ARIMA on log(y + 1), with counts so large that rounding is nothing.

    Mean and innovation variance have improper priors, so they are fixed: the likelihood with them integrated out is that of
    what is left when location and scale are taken away, which they do not move.  Jeffreys' prior of a mean given the ARMA
    coefficients multiplies the prior of the latter by the root of its information; draws are resampled accordingly.
    """

    model: fc.SARIMA
    months: int
    level: float = 3000.0
    spread: float = 0.1
    shipped: bool = False

    @property
    def reference(self) -> Any:
        rng = np.random.default_rng(
            1
        )  # any series: the prior of the coefficients depends on the number of months alone
        return self.model.density(series(rng.poisson(self.level, self.months)))

    def parameters(self, reference: Any, rng: np.random.Generator) -> Array:
        """Return the coefficients in the order of their names, uniform over the stationary (invertible) region."""
        drawn = np.array([self._uniform(rng) for _ in range(400 if self.model.constant else 1)])
        if not self.model.constant:
            return drawn[0]
        signs = np.repeat([1.0, -1.0, 1.0, -1.0], self.model.orders.factors)
        white = reference.whitened(np.arcsin(signs * drawn))  # of factors of order one, where both are the same thing
        weight = np.linalg.norm(white.columns[:, :, 0], axis=1)
        return np.asarray(drawn[rng.choice(len(drawn), p=weight / weight.sum())])

    def _uniform(self, rng: np.random.Generator) -> Array:
        factors = self.model.orders.factors
        return np.concatenate([_triangle(rng) if size == 2 else rng.uniform(-1, 1, size) for size in factors])

    def counts(self, reference: Any, coefs: Array, rng: np.random.Generator) -> Counts:
        (p, d, q), (sp, sd, sq) = self.model.order, self.model.seasonal
        ar, ma, sar, sma = np.split(coefs, np.cumsum([p, q, sp]))
        left = np.convolve(np.r_[1.0, -ar], np.r_[1.0, np.zeros(11), -sar] if sp else [1.0])
        right = np.convolve(np.r_[1.0, ma], np.r_[1.0, np.zeros(11), sma] if sq else [1.0])
        z = lfilter(right, left, rng.standard_normal(_BURN_IN + self.months + AHEAD))[_BURN_IN:] * self.spread
        for _ in range(d):
            z = np.cumsum(z)
        for _ in range(sd):
            z = lfilter([1.0], np.r_[1.0, np.zeros(11), -1.0], z)
        return np.rint(np.expm1(np.log(self.level) + z)).clip(0, 10**8).astype(np.int64)

    def posterior(self, y: Counts, reference: Any, rng: np.random.Generator) -> Any:
        return self.model.posterior(series(y), draws=DRAWS, rng=rng)


def _triangle(rng: np.random.Generator) -> Array:
    """Return AR(2) coefficients uniform over the triangle of stationarity."""
    while True:
        first, second = rng.uniform(-2, 2), rng.uniform(-1, 1)
        if second + abs(first) < 1:
            return np.array([first, second])
