"""What maximum likelihood estimates offer, whatever the model: criteria, intervals, a table, a forecast."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html
from forecasting.distributions import Law
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.models.base import BayesianModel
from forecasting.models.effects import read_names, with_factors
from forecasting.predictive import Predictive
from forecasting.predictive.levels import read_level
from forecasting.randomness import Rng

FACTORS = {"factor": "estimate", "factor_lower": "lower", "factor_upper": "upper"}


class Estimated(Protocol):
    """What estimates ask of a likelihood."""

    @property
    def data(self) -> Observed: ...  # noqa: D102
    @property
    def distribution(self) -> Law: ...  # noqa: D102
    @property
    def log_rates(self) -> Iterable[str]: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Estimates(Drawable, ABC):
    """A model at the maximum of its likelihood; see `Fit` and `SarimaFit`."""

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

    methods: ClassVar[tuple[str, ...]] = ("wald",)
    """Ways to an interval, that by default first."""

    @property
    def data(self) -> Observed:
        """What the model was fitted to."""
        return self.density.data

    @property
    def note(self) -> str:
        """What a reader of the estimates must know about the model; empty if there is nothing."""
        return ""

    @property
    def bse(self) -> pd.Series:
        """Standard errors of the parameters that are not at a boundary."""
        return pd.Series(np.sqrt(np.diag(self.cov)), index=self.cov.index, name="std_err")

    @property
    def estimated(self) -> int:
        """Number of parameters p that criteria count."""
        return len(self.params)

    @property
    def aic(self) -> float:
        """Akaike's criterion, -2 log L + 2 p."""
        return -2.0 * self.loglik + 2.0 * self.estimated

    @property
    def aicc(self) -> float:
        """Akaike's criterion corrected for few data (Hurvich, Tsai 1989); infinite where n <= p + 1."""
        p, n = self.estimated, self.nobs
        return self.aic + 2.0 * p * (p + 1) / (n - p - 1) if n > p + 1 else float(np.inf)

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
            working scale).  Wald intervals leave out parameters at a boundary, where they do not hold.  By default the first
            of the `methods` of the model; SARIMA has Wald intervals alone.
        level : float
            Coverage.
        names : sequence of str, optional
            Parameters wanted; all by default.
        """
        chosen = self.methods[0] if method is None else method
        if chosen not in self.methods:
            raise InvalidInput(f"method={method!r} is unknown to this fit; use {' or '.join(map(repr, self.methods))}")
        return self._intervals(chosen, read_level(level), read_names(names, list(self.params.index)))

    @abstractmethod
    def _intervals(self, method: str, level: float, wanted: list[str]) -> pd.DataFrame:
        """Return intervals of some parameters by one of the methods."""

    def summary(self) -> pd.DataFrame:
        """Return estimates, standard errors and 95% intervals as a table, headed by what the model assumes.

        Where a coefficient is added to the log mean, `factor` is what it multiplies the mean by, with its interval.
        """
        table = pd.DataFrame({"estimate": self.params, "std_err": self.bse.reindex(self.params.index)})
        table = with_factors(table.join(self.conf_int()), self.density.log_rates, FACTORS)
        return table.rename_axis(columns=self.note or None)

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

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.params.to_frame().join(self.bse), float_format="{:.4g}".format)
