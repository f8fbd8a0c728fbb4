"""Posterior draws of a seasonal ARIMA model and the forecasts they give."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html
from forecasting.distributions.rounded_normal import RoundedNormal
from forecasting.inference.psis import KHAT_LIMIT
from forecasting.inference.sampling import Quality, sample_posterior
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.frozen import Frozen
from forecasting.models.known import history_of
from forecasting.models.sarima.density import ArimaDensity
from forecasting.models.sarima.future import simulate
from forecasting.months import following
from forecasting.predictive import Account, AccountMember, Predictive
from forecasting.randomness import Rng, require_rng

if TYPE_CHECKING:
    from forecasting.models.sarima.model import SARIMA


@dataclass(frozen=True, eq=False)
class SarimaPosterior(Drawable, Frozen):
    """Equally weighted draws of the ARMA coefficients, regression and variance integrated out exactly.

    Attributes
    ----------
    model : SARIMA
        The model.
    data : CountSeries or Evidence
        What it was conditioned on.
    density : ArimaDensity
        Log likelihood and log prior.
    work : ndarray, [S, p]
        Draws in working coordinates.
    quality : Quality
        Number of draws, k-hat, effective number of draws and method.
    """

    model: SARIMA
    data: Observed
    density: ArimaDensity
    work: FloatArray
    quality: Quality

    @classmethod
    def sample(cls, model: SARIMA, data: Observed, draws: int, *, rng: np.random.Generator) -> SarimaPosterior:
        """Draw from the posterior; without ARMA coefficients there is nothing to draw."""
        density = model.density(data)
        if not density.orders.size:
            exact = Quality(draws, -np.inf, float(draws), "exact")
            return cls(model, data, density, np.empty((draws, 0)), exact)
        sample = sample_posterior(density, draws, rng=rng)
        sample.warn_if_doubtful(data.name, stacklevel=3)
        return cls(model, data, density, sample.work, sample.quality)

    @property
    def khat(self) -> float:
        """Pareto shape of the importance weights; below 0.7 they can be trusted."""
        return self.quality.khat

    @property
    def ess(self) -> float:
        """Effective number of draws."""
        return self.quality.ess

    @property
    def account(self) -> Account:
        """How the draws were made, as a forecast from them carries it."""
        remarks = () if self.khat <= KHAT_LIMIT else (f"k-hat {self.khat:.2f}: {self.quality.method} draws",)
        return Account((AccountMember("SARIMA", quality=self.quality),), remarks)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the p coefficients."""
        return self.density.names

    @cached_property
    def draws(self) -> FloatArray:
        """Draws ``[S, p]`` of the coefficients, signs as in R, read-only."""
        natural = self.density.natural(self.work)
        natural.flags.writeable = False
        return natural

    def summary(self) -> pd.DataFrame:
        """Return mean, standard deviation and 5, 50, 95% points of every coefficient."""
        points = np.quantile(self.draws, [0.05, 0.5, 0.95], axis=0)
        columns = {"mean": self.draws.mean(axis=0), "sd": self.draws.std(axis=0)}
        columns |= {"5%": points[0], "50%": points[1], "95%": points[2]}
        return pd.DataFrame(columns, index=pd.Index(self.names, name="parameter"))

    def forecast(self, horizon: int, *, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data, one path a draw.

        Given a draw, each month is a rounded normal with the exact mean and variance of its month, all uncertainty of the
        months before it included; the paths are joint.

        Parameters
        ----------
        horizon : int
            Number of months H.
        rng : numpy.random.Generator or int
            Generator or seed; required.

        Raises
        ------
        InvalidInput
            If the horizon is no whole number from 1 to 1200, or a covariate has no value for a month to come.
        SamplingError
            If the future explodes.
        """
        months = following(self.data.months, horizon)
        generator = require_rng(rng)
        design, offset = self.model.design(months, self.data.months)
        location, scale, paths = simulate(self.density, self.work, design, rng=generator)
        counts = RoundedNormal(self.model.transform)
        mean = counts.mean_of(location + offset, scale)
        return Predictive(
            months,
            counts.nearest(paths + offset),
            mean,
            (location + offset, scale),
            counts,
            self.data.name,
            account=self.account,
            history=history_of(self.data),
        )

    def __repr__(self) -> str:
        return (
            f"<Posterior of {self.density.orders} for {self.data.name}: {len(self.work)} draws; "
            f"k-hat {self.khat:.2f}, ess {self.ess:.0f}>"
        )

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.summary(), float_format="{:.4g}".format)
