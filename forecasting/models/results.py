"""What a posterior offers, whatever the model: draws, diagnostics, tables, forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html
from forecasting.distributions import Law
from forecasting.errors import InvalidInput
from forecasting.extras import needed
from forecasting.inference.psis import KHAT_LIMIT
from forecasting.inference.sampling import Diagnostics, Sample
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.frozen import Frozen
from forecasting.models.density import ModelDensity, Simulated
from forecasting.models.effects import effects_in_words, read_names, with_factors
from forecasting.models.known import history_of, partly_known
from forecasting.models.storage import write_sample
from forecasting.months import asked_months, following
from forecasting.parameters import Priors
from forecasting.predictive import Account, AccountMember, History, Predictive
from forecasting.predictive.levels import central, read_level, read_levels
from forecasting.randomness import Rng, require_rng
from forecasting.reading.arguments import read_choice

_FACTORS = {"factor": "50%", "factor 5%": "5%", "factor 95%": "95%"}
_SCORED = 250  # draws behind the scores of months


@dataclass(frozen=True, eq=False)
class Posterior(Drawable, Frozen):
    """Equally weighted posterior draws of the parameters of a model.

    Attributes
    ----------
    data : CountSeries or Evidence
        What the model was conditioned on.
    density : ModelDensity
        The log likelihood, the log prior, and the way to future months.
    sample : Sample
        Draws in working coordinates with their diagnostics.
    """

    data: Observed
    density: ModelDensity
    sample: Sample

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the p parameters."""
        return self.density.names

    @cached_property
    def draws(self) -> FloatArray:
        """Draws ``[S, p]`` in natural scale, read-only."""
        natural = self.density.natural(self.sample.work)
        natural.flags.writeable = False
        return natural

    @property
    def log_evidence(self) -> float:
        """Log marginal likelihood of what is known."""
        return self.sample.log_evidence

    @property
    def khat(self) -> float:
        """Pareto shape of the importance weights; below 0.7 they can be trusted."""
        return self.quality.khat

    @property
    def ess(self) -> float:
        """Effective number of draws."""
        return self.quality.ess

    @cached_property
    def estimates(self) -> pd.DataFrame:
        """How good the estimates are with which the probability of facts was computed; empty if it is exact.

        One row per group of months that facts tie together in too many ways: `facts`, the number of `months`, of `vectors`
        of them drawn and of `effective` ones, the standard error `log_error` of the log likelihood (medians over the
        posterior), and the Pareto shape `khat` of the weights of the vectors.
        """
        judged = getattr(self.density, "estimates", None)
        return pd.DataFrame() if judged is None else judged(self.sample.work)

    @property
    def quality(self) -> Diagnostics:
        """Number of draws, k-hat, effective number and method together."""
        return self.sample.quality

    @property
    def account(self) -> Account:
        """How the draws were made, as a forecast from them carries it."""
        remarks = () if self.khat <= KHAT_LIMIT else (f"k-hat {self.khat:.2f}: {self.quality.method} draws",)
        member = AccountMember(
            self.density.label,
            quality=self.quality,
            # Without scales the priors are improper, and the evidence has a constant that means nothing.
            log_evidence=None if self.priors is None else self.log_evidence,
            priors=None if self.priors is None else dict(self.priors),
        )
        return Account((member,), remarks)

    @property
    def priors(self) -> Priors | None:
        """Scales of the priors; None if they have none by family."""
        return self.density.priors

    @property
    def name(self) -> str:
        """Name of the series."""
        return self.data.name

    @property
    def months(self) -> pd.PeriodIndex:
        """Months of the data."""
        return self.data.months

    @property
    def distribution(self) -> Law:
        """Conditional distribution of a month given its mean."""
        return self.density.distribution

    @property
    def shape(self) -> tuple[FloatArray, ...]:
        """One array ``[S]`` per shape parameter of the distribution."""
        return tuple(self.density.shape(self.sample.work))

    @property
    def size(self) -> FloatArray:
        """The inverse of alpha ``[S]``: the size of the negative binomial, infinite for Poisson."""
        if "alpha" not in self.names:
            return np.full(len(self.draws), np.inf)
        with np.errstate(divide="ignore"):
            return np.asarray(1.0 / self.draws[:, self.names.index("alpha")])

    # What it says of its parameters

    @property
    def _rows(self) -> pd.Index:
        return pd.Index(self.names, name="parameter")

    def summary(self) -> pd.DataFrame:
        """Return mean, standard deviation and 5, 50, 95% points of every parameter.

        Where a parameter is added to the log mean, `factor` is the median of what it multiplies the mean by, with its 5 and
        95% points.

        Examples
        --------
        >>> import numpy as np
        >>> import forecasting as fc
        >>> series = fc.CountSeries([f"2023-{m:02d}" for m in range(1, 9)], [12, 9, 14, 11, 8, 13, 10, 12])
        >>> posterior = fc.CountRegression(fc.Intercept(), fc.Poisson()).posterior(series, rng=np.random.default_rng(1))
        >>> posterior.summary()["mean"].round(1)  # the log of 11 or so
        parameter
        intercept    2.4
        Name: mean, dtype: float64
        """
        points = np.quantile(self.draws, [0.05, 0.5, 0.95], axis=0)
        table = pd.DataFrame(
            {
                "mean": self.draws.mean(axis=0),
                "sd": self.draws.std(axis=0),
                "5%": points[0],
                "50%": points[1],
                "95%": points[2],
            },
            index=self._rows,
        )
        return with_factors(table, self.density.log_rates, _FACTORS)

    def in_words(self) -> str:
        """Return the factor of every effect with its 90% interval, a sentence each; without effects, the parameters."""
        return effects_in_words(self.summary(), list(_FACTORS), ["50%", "5%", "95%"], "90% interval")

    def to_arviz(self) -> Any:
        """Return the draws as ArviZ data: one chain, with the log likelihood of each piece of information.

        The pieces are months that are known exactly, months known within limits, and groups of months that share facts.  They
        are independent given the parameters (and the path of a local level), so that leaving one out is meant as it is done; in
        a model that follows the counts, each month is taken given those before it.

        Raises
        ------
        InvalidInput
            If the package arviz-base is not installed.
        """
        from_dict = needed("arviz_base", "arviz", "to_arviz()").from_dict
        pieces = list(self.density.pieces)
        return from_dict(
            {
                "posterior": {name: self.draws[None, :, k] for k, name in enumerate(self.names)},
                "sample_stats": {
                    "lp": (self.sample.log_likelihood + self.sample.log_prior)[None, :],
                    "log_likelihood": self.sample.log_likelihood[None, :],
                },
                "log_likelihood": {"y": self.density.log_terms(self.sample.work)[None]},
            },
            coords={"piece": pieces},
            dims={"y": ["piece"]},
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write the draws to a Parquet file, which `load_posterior` of the model reads; needs pyarrow.

        Raises
        ------
        InvalidInput
            If pyarrow is not installed.
        """
        write_sample(path, self.sample, self.density, self.draws, self._state())

    def _state(self) -> dict[str, Any]:
        """Return what has to be kept beside the draws."""
        return {}

    def quantile(self, levels: ArrayLike) -> pd.DataFrame:
        """Return quantiles of every parameter: one row per parameter, one column per level."""
        wanted = read_levels(levels)
        return pd.DataFrame(np.quantile(self.draws, wanted, axis=0).T, index=self._rows, columns=wanted)

    def conf_int(
        self, method: str = "quantile", level: float = 0.95, names: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return credible intervals of the parameters: one row per parameter, columns lower and upper.

        Parameters
        ----------
        method : {"quantile", "hdi"}
            Between two quantiles with as much probability beyond either, or the shortest interval.
        level : float
            Probability of the interval.
        names : sequence of str, optional
            Parameters wanted; all by default.
        """
        read_choice(method, "method", ("quantile", "hdi"))
        wanted = read_names(names, self.names)
        draws = np.sort(self.draws[:, [self.names.index(name) for name in wanted]], axis=0)
        if method == "quantile":
            ends = np.quantile(draws, central(level), axis=0)
        else:
            inside = max(int(np.ceil(read_level(level) * len(draws))) - 1, 1)
            first = (draws[inside:] - draws[: len(draws) - inside]).argmin(axis=0)
            ends = np.take_along_axis(draws, np.stack([first, first + inside]), axis=0)
        return pd.DataFrame(ends.T, index=wanted, columns=["lower", "upper"])

    # What it says of months

    def log_mean(self, months: pd.PeriodIndex) -> FloatArray:
        """Return the log mean ``[S, H]`` of months of the data; of a regression or a local level, of any months."""
        structural, recurring = self.components(months)
        return structural + recurring

    def components(self, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the two parts of the log mean, each ``[S, H]``: level, trend and events; season, covariates, exposure.

        Models that follow the counts have them in months of the data alone, given the counts before.

        Raises
        ------
        InvalidInput
            If the mean of a month depends on counts that are not known, or level and recurring part are not apart.
        """
        return self.density.components(self.sample.work, asked_months(months))

    def recurring(self, months: pd.PeriodIndex) -> FloatArray:
        """Return season, covariates and exposure of the log mean of any months, ``[S, H]``."""
        return self.density.recurring(self.sample.work, asked_months(months))

    def continued(self, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the means ``[S, H]`` of the months after the data, whose counts come from uniforms ``[S, H]``."""
        return self.density.continued(self.sample.work, months, uniforms)

    def one_step_scores(self, last: int | None = None) -> FloatArray:
        """Return the log score of each known month ``[t]`` given those before it, less what fitting gained.

        The widely applicable information criterion of each month (Watanabe 2010, JMLR 11, 3571-3594), from 250 draws.

        Raises
        ------
        InvalidInput
            If something is known of a month, but not its count.
        """
        if partly_known(self.data).any():
            raise InvalidInput(
                f"{self.name}: some months are known in part only; scores one month ahead need each of them known or missing"
            )
        terms = self.density.log_terms(self.sample.work[:_SCORED])
        scores = np.full(int(self.data.constraints.exact.sum()), np.nan)
        scores[scores.size - terms.shape[1] :] = logsumexp(terms, axis=0) - np.log(len(terms)) - terms.var(axis=0)
        return scores

    def future(self, horizon: int) -> pd.PeriodIndex:
        """Return the `horizon` months after the data."""
        return following(self.months, horizon)

    def forecast(self, horizon: int, *, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data, one path a draw.

        Parameters
        ----------
        horizon : int
            Number of months H.
        rng : numpy.random.Generator or int
            Generator or seed; required.

        Returns
        -------
        Predictive
            Parameter uncertainty is in it.

        Examples
        --------
        >>> import numpy as np
        >>> import forecasting as fc
        >>> rng = np.random.default_rng(1)
        >>> series = fc.CountSeries([f"2023-{m:02d}" for m in range(1, 9)], [12, 9, 14, 11, 8, 13, 10, 12])
        >>> posterior = fc.CountRegression(fc.Intercept(), fc.Poisson()).posterior(series, rng=rng)
        >>> posterior.forecast(2, rng=rng).interval(0.8)
                 lower  upper
        ds
        2023-09      7     16
        2023-10      7     16
        """
        months, generator = self.future(horizon), require_rng(rng)
        (paths, mean, shape), history = self._future(months, generator)
        return Predictive(
            months,
            paths,
            mean,
            shape,
            self.distribution,
            self.name,
            account=self.account,
            history=history,
        )

    def _future(self, months: pd.PeriodIndex, rng: np.random.Generator) -> tuple[Simulated, History]:
        """Return paths, means and shape of the months after the data, and the months of the data.

        Months of the data that are not exact are drawn when they are asked for.
        """
        found = self.density.simulate(self.sample.work, months, rng=rng)
        past = history_of(self.data)
        if past.known.all():
            return found, past
        return found, replace(past, draw=partial(self.draw_months, rng=int(rng.integers(2**63))))

    def draw_months(self, *, rng: Rng) -> IntArray:
        """Return every month of the data ``[S, T]``, drawn given the parameters of each draw and everything known."""
        return self.density.months(self.sample.work, rng=require_rng(rng))

    def __repr__(self) -> str:
        return (
            f"<Posterior of {self.name}: {len(self.draws)} draws of {', '.join(self.names)}; "
            f"log evidence {self.log_evidence:.2f}, k-hat {self.khat:.2f}, ess {self.ess:.0f}>"
        )

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.summary(), float_format="{:.4g}".format)
