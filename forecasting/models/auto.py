r"""One automatic forecaster: a pool of dynamic levels and of recent moments, weighted by how they foretold the last months.

The weight of a member m is

.. math:: w_m \propto \pi_m \exp\Bigl\{\tau\sum_{t\in\text{recent}} \ell_m(t)\Bigr\},

where :math:`\ell_m(t)` is its log score of month t, one step ahead, and the sum runs over the last 24 months known.  For a
model with parameters it is the widely applicable information criterion of that month, which takes back what fitting has gained.
Twelve-month forecasts share most of their errors, and a sum of one-month scores overstates what is known about them: hence
the power :math:`\tau<1`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from forecasting.constraints import Observed
from forecasting.distributions import Contaminated
from forecasting.errors import InvalidSeries
from forecasting.kernels.counts import FloatArray
from forecasting.models.base import Model, read_data, read_draws
from forecasting.models.baselines import HistoricalMoments
from forecasting.models.known import read_counts
from forecasting.models.level import DynamicLevel
from forecasting.models.level.density import LevelDensity
from forecasting.models.results import Posterior
from forecasting.months import following
from forecasting.predictive import Predictive, pool
from forecasting.randomness import named_streams, require_rng

_DRAWS, _MEMBER_DRAWS, _SCORED = 1000, 1000, 250
_SHORTEST = 6  # known months
_UNSCORED = 12  # months that members learn their first levels from, where there are many
_WORST = -12.0  # lowest log score of a month that counts: one month must not decide alone


@dataclass(frozen=True)
class Member:
    """A model of the pool and its weight before the data.

    Attributes
    ----------
    name : str
        As it appears in the weights.
    model : DynamicLevel or HistoricalMoments
        What forecasts.
    prior : float
        Weight before the data.
    """

    name: str
    model: DynamicLevel | HistoricalMoments
    prior: float


def _usual_members() -> tuple[Member, ...]:
    return (
        Member("level and season", DynamicLevel(), 0.25),
        Member("level", DynamicLevel(seasonal=0), 0.15),
        Member("level with reversion", DynamicLevel(reversion=True), 0.2),
        Member("moments of the last year", HistoricalMoments(12, Contaminated()), 0.4),
    )


@dataclass(frozen=True, eq=False, repr=False)
class PooledForecast(Predictive):
    """A predictive distribution that remembers what it was pooled from.

    Attributes
    ----------
    weights : pandas.Series
        Weight of each member, summing to one.
    members : dict of str to Predictive
        The forecast of each member.
    posteriors : dict of str to Posterior
        Of the members that have one: parameters and diagnostics.
    """

    weights: pd.Series
    members: dict[str, Predictive]
    posteriors: dict[str, Posterior]


@dataclass(frozen=True)
class Auto(Model):
    """The automatic forecaster as a model; `auto` is its short form.

    Parameters
    ----------
    members : tuple of Member
        What is pooled; all with the same conditional distribution.
    window : int
        Number of recent months whose scores weigh the members.
    temper : float
        Power of those scores, from 0 (weights stay as they are before the data) to 1.
    """

    members: tuple[Member, ...] = field(default_factory=_usual_members)
    window: int = 24
    temper: float = 0.3

    def forecast(
        self, data: Observed, horizon: int, *, draws: int | None = None, rng: np.random.Generator | None = None
    ) -> PooledForecast:
        """Return the pooled forecast.

        Parameters
        ----------
        data : CountSeries or Evidence
            Six or more known months.
        horizon : int
            Number of months.
        draws : int, optional
            Number of draws of the pool, 1000 where left out.
        rng : numpy.random.Generator
            Required.

        Raises
        ------
        InvalidSeries
            If fewer than six months are known.
        InvalidInput
            If a month is known in part only.
        """
        stream, number = named_streams(require_rng(rng)), read_draws(draws, _DRAWS)
        following(read_data(data).months, horizon)
        known = int((~read_counts(data, "the automatic forecast")[1]).sum())
        if known < _SHORTEST:
            raise InvalidSeries(
                f"{data.name}: {known} known months; the automatic forecast needs {_SHORTEST}. Use CountRegression with "
                "priors of your own, or wait for more months"
            )
        forecasts, posteriors, scores = {}, {}, []
        for member in self.members:
            source = stream(member.name)
            if isinstance(member.model, HistoricalMoments):
                forecasts[member.name] = member.model.forecast(data, horizon, draws=number, rng=source)
                scores.append(member.model.log_terms(data))
                continue
            posterior = member.model.posterior(data, draws=max(number, _MEMBER_DRAWS), rng=source)
            posteriors[member.name] = posterior
            forecasts[member.name] = posterior.forecast(horizon, rng=source)
            scores.append(_one_step_scores(posterior))
        weights = self._weigh(np.array(scores))
        pooled = pool(list(forecasts.values()), weights, number)
        return PooledForecast(
            pooled.months,
            pooled.paths,
            pooled.mean,
            pooled.shape,
            pooled.distribution,
            pooled.name,
            pd.Series(weights, index=pd.Index(list(forecasts), name="member"), name="weight"),
            forecasts,
            posteriors,
        )

    def _weigh(self, scores: FloatArray) -> FloatArray:
        """Return the weights ``[N]``, given log scores of the known months ``[N, t]``."""
        known = scores.shape[1]
        recent = min(self.window, known - _UNSCORED) if known > _UNSCORED + _SHORTEST else known // 2
        counted = np.maximum(np.nan_to_num(scores[:, known - recent :], nan=_WORST), _WORST)
        log_weights = np.log([member.prior for member in self.members]) + self.temper * counted.sum(axis=1)
        return np.asarray(np.exp(log_weights - logsumexp(log_weights)))


def _one_step_scores(posterior: Posterior) -> FloatArray:
    """Return the log score of each known month ``[t]``, less what fitting gained (Watanabe 2010, JMLR 11, 3571-3594)."""
    assert isinstance(posterior.density, LevelDensity)
    terms = posterior.density.log_terms(posterior.sample.work[:_SCORED])
    return np.asarray(logsumexp(terms, axis=0) - np.log(len(terms)) - terms.var(axis=0))
