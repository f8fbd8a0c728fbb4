r"""Log-linear regression of monthly counts: :math:`\log\mu_t = o_t + x_t'\beta`, months independent given the parameters.

The data are anything that says what is known about the months: a complete series, or facts.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed, told_months
from forecasting.distributions import Distribution, NegativeBinomial
from forecasting.errors import InvalidInput
from forecasting.inference.density import Rough
from forecasting.inference.mode import Mode, find_mode
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.lattice import COARSE
from forecasting.likelihood import FactLikelihood, Likelihood, read_likelihood
from forecasting.likelihood.surrogate import Surrogate
from forecasting.models.anchoring import anchor
from forecasting.models.density import Simulated
from forecasting.models.estimated import estimates_at, some_of
from forecasting.models.fit import Fit
from forecasting.models.infinity import endless_ends, unseen_columns
from forecasting.models.known import log_level, read_data, read_distribution, reconstructed
from forecasting.models.likelihood import LikelihoodModel
from forecasting.models.maximum import maximum_likelihood
from forecasting.models.results import Posterior
from forecasting.parameters import Priors, log_normal_density, read_priors
from forecasting.randomness import Rng, require_rng
from forecasting.terms import Intercept, Term, Terms

_LEVEL = 1e-6  # largest residual of a constant on the columns at which they hold one
_STRUCTURAL = frozenset({"level", "trend", "step", "pulse", "ramp"})


class RegressionDensity:
    """Likelihood and prior of a regression for one set of data; see `forecasting.inference.density.Density`.

    Working coordinates are the coefficients followed by the working shape coordinates of the distribution.
    """

    label = "CountRegression"

    def __init__(
        self,
        terms: Terms,
        distribution: Distribution,
        data: Observed,
        priors: Priors,
        likelihood: Likelihood | None = None,
    ) -> None:
        self.parameters = terms.parameters(data.months) + distribution.parameters
        self.terms, self.distribution, self.data, self.priors = terms, distribution, data, priors
        self.facts = FactLikelihood(data.constraints, likelihood)
        self.design, self.offset = terms.design(data.months, origin=told_months(data))
        table = self.parameters
        self.names, self.log_rates, self.folded = table.names, table.log_rates, table.folded
        self.width = self.design.shape[1]
        self.scale, self.centre = self.parameters.scale(priors), self.parameters.centre
        level = log_level(self.facts, self.offset, data.name, "a regression")
        self._rows, self._rates = self._informative_units()
        self.centre[[family == "level" for family in self.parameters.families]] = level
        self.start = self._start()
        unlimited = np.full(self.scale.size, np.inf)
        self.limits = np.where(self.folded, 0.0, -unlimited), unlimited
        self.note = ""
        if self.facts.estimated:
            anchor(self)

    def _informative_units(self) -> tuple[FloatArray, FloatArray]:
        """Return average design rows ``[U, k]`` and log rates a month and exposure ``[U]`` of all that is known."""
        units = self.facts.units
        rows = np.array([self.design[list(unit.months)].mean(axis=0) for unit in units])
        middle = np.array([unit.low if np.isinf(unit.high) else 0.5 * (unit.low + unit.high) for unit in units])
        exposure = np.array([np.exp(self.offset[list(unit.months)]).sum() for unit in units])
        return rows, np.log((middle + 0.25) / exposure)

    def _start(self) -> FloatArray:
        """Return a ridge regression of the log rates on the design, and a moment estimate of the shape."""
        precision = 0.1 / np.square(self.scale[: self.width])
        gram = self._rows.T @ self._rows + np.diag(precision)
        beta = np.linalg.solve(gram, self._rows.T @ self._rates + precision * self.centre[: self.width])
        shape = self.distribution.start(np.exp(self._rates), np.exp(self._rows @ beta))
        return np.concatenate([beta, shape])

    def natural(self, work: FloatArray) -> FloatArray:
        """Return coefficients and shape parameters ``[S, p]``."""
        return self.parameters.natural(work)

    def at(self, work: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """Return the log means of the months ``[S, T]`` and the shape parameters, each ``[S]``."""
        shape = self.distribution.natural(work[:, self.width :])
        return work[:, : self.width] @ self.design.T + self.offset, list(shape.T)

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S]`` of everything known."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return self.facts.log_likelihood(*self.at(work), self.distribution)

    def rough(self) -> Rough | None:
        """Return the same density with a likelihood that costs little, or None if its own does."""
        return Rough(self, self._rough_likelihood, self._weighed) if self.facts.costly else None

    def _rough_likelihood(self, work: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            log_mean, shape = self.at(work)
            return self._surrogate.log_value(log_mean.T, shape)

    def _weighed(self, work: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return self.facts.log_likelihood(*self.at(work), self.distribution, COARSE)

    @cached_property
    def _surrogate(self) -> Surrogate:
        return Surrogate(self.data.constraints, self.distribution)

    @property
    def pieces(self) -> tuple[str, ...]:
        """Names of the pieces of information."""
        return self.facts.pieces

    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S, n]`` of each piece of information."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return self.facts.log_pieces(*self.at(work), self.distribution)

    def estimates(self, work: FloatArray) -> pd.DataFrame:
        """Return how good each estimate of the probability of facts is around parameters ``[S, p]``; see `Posterior`."""
        return estimates_at(self.facts, *self.at(some_of(work)), self.distribution)

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density ``[S]``."""
        return log_normal_density(work, self.centre, self.scale, self.folded)

    def under(self, priors: Priors) -> RegressionDensity:
        """Return the same density under other prior scales; the likelihood is shared."""
        twin = copy(self)
        twin.priors, twin.scale = priors, self.parameters.scale(priors)
        return twin

    def components(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the structural and the recurring part of the log mean of any months, each ``[S, H]``."""
        design, offset = self.terms.design(months, origin=told_months(self.data))
        structural = np.array([family in _STRUCTURAL for family in self.terms.families], dtype=bool)
        beta = work[:, : self.width]
        level = beta[:, structural] @ design[:, structural].T
        return level, beta[:, ~structural] @ design[:, ~structural].T + offset

    def recurring(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        """Return season, covariates and exposure of the log mean of any months, ``[S, H]``."""
        return self.components(work, months)[1]

    def continued(self, work: FloatArray, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the means of any months ``[S, H]``, whatever their counts."""
        structural, recurring = self.components(work, months)
        with np.errstate(over="ignore"):  # an exploding mean is an error with a name, raised by Predictive
            return np.asarray(np.exp(structural + recurring))

    def months(self, work: FloatArray, *, rng: np.random.Generator) -> IntArray:
        """Return every month of the data ``[S, T]``, drawn given the parameters and everything known."""
        return reconstructed(self.data, *self.at(work), self.distribution, rng)

    def shape(self, work: FloatArray) -> list[FloatArray]:
        """Return one array ``[S]`` per shape parameter."""
        return list(self.distribution.natural(work[:, self.width :]).T)

    def simulate(self, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator) -> Simulated:
        """Return independent counts of any months for each draw, their means, each ``[S, H]``, and the shape."""
        mean = self.continued(work, months, np.empty(0))
        shape = self.shape(work)
        return self.distribution.sample(mean, *(column[:, None] for column in shape), rng=rng), mean, tuple(shape)

    def log_mean(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        r"""Return the log mean ``[T]`` of any months at one point, :math:`o_t+x_t'\beta`, and its gradient, the design."""
        design, offset = self.terms.design(months, origin=told_months(self.data))
        return design @ work[: self.width] + offset, design

    def maximise(self, start: FloatArray, free: NDArray[np.bool_] | None = None) -> Mode:
        """Climb from `start` to a maximum of the likelihood."""
        return find_mode(self.log_likelihood, start, self.scale, free=free, endless=True)

    def boundary(self, work: FloatArray) -> dict[str, str]:
        """Return nothing: any coefficient is possible."""
        return {}

    def endless(self) -> NDArray[np.bool_]:
        """Return the ends at which months that counted nothing have a mean of zero, and others the same mean."""
        known = self.data.constraints
        zero = known.upper == 0
        counted = ~zero & known.told
        ends = np.zeros((2, self.start.size), dtype=bool)
        ends[:, : self.width] = endless_ends(self.design[zero], self.design[counted])
        return ends

    @property
    def nobs(self) -> int:
        """Number of independent pieces of information."""
        return len(self.facts.units)

    @property
    def costly(self) -> bool:
        """Whether the likelihood holds totals over many large months."""
        return self.facts.costly

    @cached_property
    def unseen(self) -> tuple[str, ...]:
        """Coefficients that the data cannot tell apart: those in the null space of the average design rows."""
        limited = np.array([np.isfinite(unit.high) for unit in self.facts.units])
        rows = self._rows[limited] / np.maximum(np.abs(self.design).max(axis=0), 1e-300)
        return unseen_columns(rows, self.names)


@dataclass(frozen=True)
class CountRegression(LikelihoodModel):
    """Log-linear regression with a count distribution.

    Parameters
    ----------
    terms : Term or Terms
        The linear predictor, for example ``Intercept() + Trend()``; a constant level where left out.
    distribution : Distribution
        Negative binomial unless said otherwise.
    priors : Priors
        Scales of the priors of `posterior`; `fit` uses none.

    References
    ----------
    Cameron, Trivedi (2013), Regression Analysis of Count Data, 2nd ed., ch. 3.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-01", periods=6, freq="M")
    >>> series = fc.CountSeries.from_pandas(pd.Series([3, 5, 4, 8, 9, 12], index=months))
    >>> fit = fc.CountRegression(fc.Intercept() + fc.Trend(), fc.Poisson()).fit(series)
    >>> round(float(fit.params["trend"]), 3)
    0.266
    """

    terms: Terms | Term = field(default_factory=Intercept)
    distribution: Distribution = field(default_factory=NegativeBinomial)
    priors: Priors = field(default_factory=Priors)

    def __post_init__(self) -> None:
        object.__setattr__(self, "terms", Terms.of(self.terms))
        object.__setattr__(self, "priors", read_priors(self.priors))
        read_distribution(self.distribution)
        if not (Terms.of(self.terms).columns() or self.distribution.shape_names):
            raise InvalidInput(
                f"{self.terms!r} has no coefficient and {self.distribution!r} no parameter, so there is nothing to estimate; "
                "add Intercept()"
            )

    def density(self, data: Observed) -> RegressionDensity:
        """Return the log likelihood and log prior for `data`."""
        return RegressionDensity(Terms.of(self.terms), self.distribution, read_data(data), self.priors)

    def remarks(self, data: Observed) -> tuple[str, ...]:
        """Return also that no term sets the level, if so."""
        design, _ = Terms.of(self.terms).design(data.months, origin=told_months(data))
        ones = np.ones(len(design))
        rest = ones - design @ np.linalg.lstsq(design, ones)[0] if design.size else ones
        if float(np.abs(rest).max()) < _LEVEL:
            return super().remarks(data)
        return (
            f"no term of {self.terms!r} sets the level, so that the mean is 1 (per unit of exposure) where all columns are 0; "
            "add Intercept() unless that is meant",
            *super().remarks(data),
        )

    def posterior(
        self, data: Observed, *, draws: int | None = None, rng: Rng, likelihood: str | None = None
    ) -> Posterior:
        """Draw from the posterior.

        Parameters
        ----------
        data : CountSeries or Evidence
            What is known about the months.
        draws : int, optional
            Number of draws S, at least 100; 4000 by default, or 1000 where the likelihood is costly.
        rng : numpy.random.Generator or int
            Generator or seed; required.
        likelihood : {"exact", "estimate"}, optional
            How the probability of the facts is computed; by default exactly where that is affordable, and where months are tied
            together in too many ways by an unbiased estimate, whose error is in `Posterior.estimates`.

        Raises
        ------
        SamplingError
            If no sampler reached an acceptable sample.
        TooLarge
            If ``likelihood="exact"`` and the facts tie months together in too many ways.

        Warns
        -----
        SamplingWarning
            If the draws are doubtful (k-hat above 0.7), or an estimate rests on few month vectors.
        """
        chosen = read_likelihood(likelihood)
        density = RegressionDensity(Terms.of(self.terms), self.distribution, read_data(data), self.priors, chosen)
        return self._posterior(data, density, draws, require_rng(rng))

    def fit(self, data: Observed, *, information: str = "observed") -> Fit:
        """Maximise the likelihood.

        Parameters
        ----------
        data : CountSeries or Evidence
            What is known about the months.
        information : {"observed", "expected"}
            Which information matrix gives the standard errors.  Expected information treats coefficients and shape as
            orthogonal, as generalised linear models do, and needs complete data.

        Raises
        ------
        NotIdentified
            If the data cannot tell some coefficients apart; names them.
        InvalidInput
            If fewer than two pieces of information are known, or all of them are zero.
        """
        density = self.likelihood(data)
        if not any(unit.high > 0 for unit in density.facts.units if np.isfinite(unit.high)):
            raise InvalidInput(
                f"{data.name}: every known count is zero, so the likelihood has its maximum at a mean of zero. Use "
                "posterior(), where the priors keep the mean above zero, or a longer window in which something was counted"
            )
        return maximum_likelihood(self, density, information)

    @property
    def multiplies(self) -> bool:
        """Whether an effect multiplies the mean: always."""
        return True

    def likelihood(self, data: Observed) -> RegressionDensity:
        """Return the log likelihood for `data`."""
        return self.density(data)
