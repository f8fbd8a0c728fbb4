"""The model with its data, as posteriors and forecasts ask for it: from counts to the normal scale, and back.

Regression coefficients and the innovation variance are integrated out of the likelihood; where one value of them is needed, to
forecast or to score a month, they are drawn given the coefficients of the draw.
"""

from __future__ import annotations

from typing import Any, Never, Protocol

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.distributions import RoundedNormal
from forecasting.errors import InvalidInput, NotIdentified
from forecasting.extras import needed
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.differencing import PERIOD
from forecasting.models.density import Simulated
from forecasting.models.known import read_counts
from forecasting.models.sarima.density import ArimaDensity
from forecasting.models.sarima.future import innovations, missing_months, simulate
from forecasting.models.sarima.orders import Orders
from forecasting.parameters import Priors
from forecasting.randomness import require_rng
from forecasting.series import listing
from forecasting.terms import Term, Terms

_SEED = 20231205  # of the variances and coefficients behind scores: a score is a function of the draws alone


class Settings(Protocol):
    """What the density asks of the model; see `SARIMA`."""

    @property
    def orders(self) -> Orders: ...  # noqa: D102
    @property
    def transform(self) -> str | None: ...  # noqa: D102
    @property
    def regressors(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def terms(self) -> Terms | Term | None: ...  # noqa: D102

    def design(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the design ``[T, k]`` and the log exposure ``[T]`` of any months."""
        ...


class SarimaDensity(ArimaDensity):
    """Likelihood and prior of the ARMA parameters given counts; see `forecasting.models.density.ModelDensity`."""

    label = "SARIMA"
    costly = True
    priors = None
    log_rates: tuple[str, ...] = ()
    note, width = "", 0
    hidden: NotIdentified | None = None
    """What a fit raises where regressors do not change in the data; in a posterior the prior alone gives their effect."""

    def __init__(self, model: Settings, data: Observed) -> None:
        self.model, self.data, self.distribution = model, data, RoundedNormal(model.transform)
        z = transformed(data, model.transform)
        design, self._offset = model.design(data.months, data.months)
        z, self._seen = z - self._offset, np.ones(design.shape[1], dtype=bool)
        try:
            super().__init__(z, design, model.regressors, model.orders, data.name)
        except NotIdentified as error:
            if not self.distribution.scale.multiplicative or set(error.terms) - {
                *Terms.of(model.terms).beside(data.months)
            }:
                raise  # the data tell it from others badly, or no prior knows the scale
            self.hidden, self._seen = error.with_traceback(None), ~np.isin(model.regressors, error.terms)
            seen = tuple(np.array(model.regressors, dtype=object)[self._seen])
            super().__init__(z, design[:, self._seen], seen, model.orders, data.name)
        self._scored = ~self.missing & (np.arange(self.missing.size) >= model.orders.lost)

    @property
    def pieces(self) -> tuple[str, ...]:
        """The known months but those that differencing consumes."""
        return tuple(str(month) for month in self.data.months[self._scored])

    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S, n]`` of the count of each of these months, given those before it."""
        location, scale = innovations(self, work, rng=require_rng(_SEED))
        where, lost = np.flatnonzero(self._scored), self.orders.lost
        counts = self.data.constraints.lower[where]
        return self.distribution.logpmf(
            counts, 0.0, (location + self._offset[lost:])[:, where - lost], scale[:, where - lost]
        )

    def shape(self, work: FloatArray) -> tuple[FloatArray, ...]:
        """Return nothing: location and scale are those of a month."""
        return ()

    def simulate(self, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator) -> Simulated:
        """Return one path of the months after the data for each draw, their means, and location and scale.

        Given a draw, each month is a rounded normal with the exact mean and variance of its month, all uncertainty of the
        months before it included; the paths are joint.
        """
        design, offset = self.model.design(months, self.data.months)
        location, scale, paths = simulate(self, work, design[:, self._seen], rng=rng)
        if self.hidden is not None:
            change = self._change(len(work), months, rng)
            location, paths = location + change, paths + change
        mean = self.distribution.mean_of(location + offset, scale)
        return self.distribution.nearest(paths + offset), mean, (location + offset, scale)

    def _change(self, draws: int, months: pd.PeriodIndex, rng: np.random.Generator) -> FloatArray:
        """Return what regressors add ``[S, H]`` that were the same in all months of the data: the prior alone says how much."""
        terms = Terms.of(self.model.terms)
        hidden = ~self._seen[-len(terms.columns()) :]
        before, _ = terms.design(self.data.months[-1:], origin=self.data.months)
        ahead, _ = terms.design(months, origin=self.data.months)
        scale = terms.parameters(self.data.months).scale(Priors())[hidden]
        return np.asarray((rng.standard_normal((draws, scale.size)) * scale) @ (ahead - before)[:, hidden].T)

    def months(self, work: FloatArray, *, rng: np.random.Generator) -> IntArray:
        """Return every month of the data ``[S, T]``: known ones as they are, missing ones drawn together."""
        known = np.where(self.missing, 0, self.data.constraints.lower).astype(np.int64)
        counts = np.repeat(known[None], len(work), axis=0)
        counts[:, self.missing] = self.distribution.nearest(
            missing_months(self, work, rng=rng) + self._offset[self.missing]
        )
        return counts

    def recurring(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        """Refuse: a differenced series has no level."""
        self._refuse("has no level apart from its past months, so that no scenario can keep or move it")

    def components(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Refuse: a differenced series has no level."""
        self._refuse("has no level apart from its past months")

    def log_mean(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Refuse: the mean of a month is that of the months before it."""
        self._refuse("has no mean apart from its past months, so use forecast()")

    def continued(self, work: FloatArray, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Refuse: its months are not drawn one after the other."""
        self._refuse("draws its months together, not one after the other")

    def as_statsmodels(self, params: pd.Series) -> Any:
        """Return the model at these parameters as statsmodels has it, filtered and smoothed."""
        sarimax = needed("statsmodels.tsa.statespace.sarimax", "statsmodels", "to_statsmodels()").SARIMAX
        model = sarimax(
            pd.Series(np.where(self.missing, np.nan, self.filled), self.data.months, name=self.data.name),
            pd.DataFrame(self.design, self.data.months, list(self.regressors)) if self.regressors else None,
            order=self.orders.order,
            seasonal_order=(*self.orders.seasonal, PERIOD),
            use_exact_diffuse=True,
        )
        return model.smooth(params[[*self.regressors, *self.names, "sigma2"]].to_numpy())

    def _refuse(self, why: str) -> Never:
        raise InvalidInput(
            f"{self.orders} of {self.data.name} {why}; use a regression, LocalLevel, DynamicLevel or Autoregression, for "
            "example CountRegression(Intercept() + Trend())"
        )


def transformed(data: Observed, name: str | None) -> FloatArray:
    """Return the transformed counts ``[T]``, NaN where missing.

    Raises
    ------
    InvalidInput
        If something is known of a month but not its count, or a count has no transform.
    """
    counts, missing = read_counts(data, "SARIMA, whose months are normal on a scale on which totals are not sums,")
    zero = ~missing & (counts == 0)
    if name == "log" and zero.any():
        raise InvalidInput(f"{data.name}: {listing(data.months[zero])} counted zero; use 'log1p'")
    z = np.full(counts.size, np.nan)
    z[~missing] = RoundedNormal(name).scale.forward(counts[~missing].astype(float))
    return z
