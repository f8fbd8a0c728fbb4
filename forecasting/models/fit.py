"""A model at the maximum of its likelihood: estimates, criteria, intervals, a table, a forecast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.models.base import BayesianModel
from forecasting.models.effects import effects_in_words, read_names, with_factors
from forecasting.models.fittable import Estimated
from forecasting.models.intervals import Intervals
from forecasting.months import asked_months
from forecasting.predictive import Predictive
from forecasting.predictive.levels import read_level
from forecasting.randomness import Rng
from forecasting.reading.arguments import read_choice

_FACTORS = {"factor": "estimate", "factor_lower": "lower", "factor_upper": "upper"}


@dataclass(frozen=True, eq=False)
class Fit(Drawable):
    """A model at the maximum of its likelihood.

    Attributes
    ----------
    model : BayesianModel
        What was fitted.
    density : Estimated
        Its log likelihood for the data.
    work : ndarray, [p]
        Where the likelihood is largest, in working coordinates.
    params : pandas.Series
        Estimates in natural scale, one a parameter.  Of a SARIMA ar, ma, sar, sma (signs as in R), regression coefficients, and
        sigma2, the innovation variance, all on the transformed scale.
    cov : pandas.DataFrame
        Covariance of the parameters that are not at a boundary.
    loglik : float
        Maximised log likelihood of everything known.  Of a SARIMA the log density of the transformed, differenced series:
        comparable between models with the same transform and the same differences only, as in R.
    nobs : int
        Independent pieces of information: exact months, ranges, sums; of a SARIMA known months less those that differencing
        consumes.
    converged : bool
        Whether no step can raise the log likelihood by more than 1e-8.
    boundary : tuple of str
        Parameters estimated at the edge of their range, without standard error: alpha = 0, that is Poisson, a restriction that
        keeps the model positive or stationary, or a root on the unit circle.
    messages : tuple of str
        What a reader of the numbers should know; empty for a regular fit.
    intervals : Intervals
        Ways to confidence intervals.
    information : str
        Where the standard errors come from, ``"observed"`` or ``"expected"``.
    as_statsmodels : callable or None
        Takes parameters to the model that statsmodels has at them; None if it has none.
    """

    model: BayesianModel
    density: Estimated
    work: FloatArray
    params: pd.Series
    cov: pd.DataFrame
    loglik: float
    nobs: int
    converged: bool
    boundary: tuple[str, ...]
    messages: tuple[str, ...]
    intervals: Intervals
    information: str = "observed"
    as_statsmodels: Callable[[pd.Series], Any] | None = None

    @property
    def data(self) -> Observed:
        """What the model was fitted to."""
        return self.density.data

    @property
    def note(self) -> str:
        """What a reader of the estimates must know about the model; empty if there is nothing."""
        return self.density.note

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the parameters that are not at a boundary."""
        return standard_errors(self.cov)

    @property
    def size(self) -> float:
        """The inverse of alpha: the size of the negative binomial, infinite for Poisson."""
        alpha = float(self.params.get("alpha", 0.0))
        return float(np.inf) if alpha == 0.0 else 1.0 / alpha

    @property
    def estimated(self) -> int:
        """Number of parameters p that criteria count: a negative binomial whose alpha is 0 is a Poisson fit, with one less."""
        return len(self.params) - len(set(self.boundary) & set(self.density.distribution.shape_names))

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2 log L + 2 p."""
        return -2.0 * self.loglik + 2.0 * self.estimated

    @property
    def aicc(self) -> float:
        """Akaike's criterion corrected for few data (Hurvich, Tsai 1989); infinite where n <= p + 1."""
        return corrected(self.loglik, self.estimated, self.nobs)

    @property
    def bic(self) -> float:
        """Schwarz's criterion, -2 log L + p log n."""
        return -2.0 * self.loglik + self.estimated * float(np.log(self.nobs))

    def conf_int(
        self, method: str | None = None, level: float = 0.95, names: Sequence[str] | None = None
    ) -> pd.DataFrame:
        r"""Return confidence intervals of the parameters: one row per parameter, columns lower and upper.

        A profile interval holds every value with :math:`2\{\ell(\hat\theta)-\max\ell\}` up to the quantile of
        :math:`\chi^2_1`, the other parameters free.

        Parameters
        ----------
        method : {"profile", "wald"}, optional
            Profile likelihood, or estimate plus and minus multiples of the standard error (for a shape parameter on its
            working scale).  Wald intervals leave out parameters at a boundary, where they do not hold.  Profiles by default;
            a SARIMA has Wald intervals alone.
        level : float
            Coverage.
        names : sequence of str, optional
            Parameters wanted; all by default.
        """
        methods = self.intervals.methods
        chosen = methods[0] if method is None else read_choice(method, "method", methods)
        return self.intervals.limits(chosen, read_level(level), read_names(names, list(self.params.index)))

    def summary(self) -> pd.DataFrame:
        """Return estimates, standard errors and 95% intervals as a table, headed by what the model assumes.

        Where a coefficient is added to the log mean, `factor` is what it multiplies the mean by, with its interval.
        """
        table = pd.DataFrame({"estimate": self.params, "std_err": self.bse.reindex(self.params.index)})
        table = with_factors(table.join(self.conf_int()), self.density.log_rates, _FACTORS)
        return table.rename_axis(columns=self.note or None)

    def predict(self, months: pd.PeriodIndex | None = None, level: float = 0.95) -> pd.DataFrame:
        """Return the estimated mean of months with its confidence interval (of the mean, not of the count).

        Parameters
        ----------
        months : pandas.PeriodIndex, optional
            Those of the data where left out; a regression takes any months.
        level : float
            Coverage of the interval, formed on the log scale from the covariance of the coefficients.

        Returns
        -------
        pandas.DataFrame
            Columns mean, log_mean, log_std_err, lower, upper.

        Raises
        ------
        InvalidInput
            If the model has no mean apart from its past months, as a SARIMA.
        """
        density = self.density
        where = density.data.months if months is None else asked_months(months)
        names = [name for name in density.names[: density.width] if name not in self.boundary]
        covariance = self.cov.loc[names, names].to_numpy()
        log_mean, gradient = density.log_mean(self.work, where)
        known = gradient[:, [density.names.index(name) for name in names]]
        error = np.sqrt(np.einsum("tp,pq,tq->t", known, covariance, known))
        half = float(ndtri(0.5 + read_level(level) / 2.0)) * error
        shape = density.natural(self.work[None])[0, density.width :]

        def expected(logs: FloatArray) -> FloatArray:
            return density.distribution.expectation(np.exp(logs), *shape)

        return pd.DataFrame(
            {
                "mean": expected(log_mean),
                "log_mean": log_mean,
                "log_std_err": error,
                "lower": expected(log_mean - half),
                "upper": expected(log_mean + half),
            },
            index=where,
        )

    def in_words(self) -> str:
        """Return the factor of every effect with its 95% interval, a sentence each; without effects, the parameters."""
        return effects_in_words(self.summary(), list(_FACTORS), ["estimate", "lower", "upper"], "95% interval")

    def forecast(self, horizon: int, *, draws: int | None = None, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data, parameter uncertainty included.

        The estimate is not plugged in: parameters are drawn from the posterior under the model's weak priors, which is
        what makes the intervals cover from few months.

        Parameters
        ----------
        horizon : int
            Number of months.
        draws : int, optional
            Number of paths; as in the posterior of the model by default.
        rng : numpy.random.Generator or int
            Generator or seed; required.
        """
        return self.model.forecast(self.data, horizon, draws=draws, rng=rng)

    def to_statsmodels(self) -> Any:
        """Return a SARIMA as statsmodels has it, filtered and smoothed at these estimates.

        Its diagnostics, decompositions and plots then speak of this fit.  The series is the transformed one, less the log
        exposure, and regressors are those of `SARIMA.design`; months that are missing stay so.  The start is exactly diffuse.

        Returns
        -------
        statsmodels.tsa.statespace.sarimax.SARIMAXResults
            With the parameters in the order of statsmodels: regression first.

        Raises
        ------
        InvalidInput
            If statsmodels is not installed, or does not have the model.

        Examples
        --------
        >>> import numpy as np
        >>> import forecasting as fc
        >>> months = [f"{year}-{month:02d}" for year in range(2018, 2023) for month in range(1, 13)]
        >>> fit = fc.SARIMA(seasonal=(0, 0, 0)).fit(fc.CountSeries(months, np.random.default_rng(1).poisson(20, 60)))
        >>> theirs = fit.to_statsmodels()
        >>> theirs.resid.shape, bool(np.isclose(theirs.params["ma.L1"], fit.params["ma1"]))
        ((60,), True)
        """
        if self.as_statsmodels is None:
            raise InvalidInput(f"{self.model!r} has no counterpart in statsmodels; of the models here SARIMA has one")
        return self.as_statsmodels(self.params)

    def __repr__(self) -> str:
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.params.items())
        return f"<Fit to {self.data.name}: {values}; log likelihood {self.loglik:.3f}, AIC {self.aic:.1f}>"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.params.to_frame().join(self.bse), float_format="{:.4g}".format)


def corrected(loglik: float, parameters: int, nobs: int) -> float:
    """Return AICc; infinite where there are no more observations than parameters plus one."""
    if nobs <= parameters + 1 or not np.isfinite(loglik):
        return float(np.inf)
    return -2.0 * loglik + 2.0 * parameters * nobs / (nobs - parameters - 1)


def standard_errors(cov: pd.DataFrame) -> pd.Series:
    """Return the standard errors that a covariance has on its diagonal."""
    return pd.Series(np.sqrt(np.diag(cov.to_numpy())), index=cov.index, name="std_err")
