"""What every model can do, and what Bayesian models share."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from os import PathLike
from typing import Any, Protocol

import numpy as np

from forecasting.constraints import Observed
from forecasting.errors import ForecastingError, ForecastingWarning
from forecasting.inference.sampling import Sample, sample_posterior
from forecasting.kernels.counts import FloatArray
from forecasting.models.density import ModelDensity
from forecasting.models.estimated import warn_of_few_vectors
from forecasting.models.known import read_counts, read_data
from forecasting.models.results import Posterior
from forecasting.models.storage import read_sample, read_state
from forecasting.predictive import Predictive
from forecasting.randomness import Rng, named_streams, require_rng
from forecasting.reading.arguments import read_whole
from forecasting.series import listing
from forecasting.terms import Term, Terms

_DRAWS, _FEW_DRAWS = 4000, 1000
_FEWEST = 3  # known months before the first that is scored


class Prepared(Protocol):
    """A model with what it has learned from one series: what a pool asks of its members."""

    def one_step_scores(self, last: int | None = None) -> FloatArray:
        """Return the log score of each known month ``[t]`` given those before it; NaN where the model has none.

        Months before the `last` so many need no score.
        """
        ...

    def forecast(self, horizon: int, *, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data."""
        ...


class Model(ABC):
    """A way to forecast one monthly series; see `forecasting.models` for those there are.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
        >>> import forecasting as fc
    >>> @dataclass(frozen=True)
    ... class Half(fc.Model):
    ...     def forecast(self, data, horizon, *, draws=None, rng):
    ...         months = fc.HistoricalMoments().forecast(data, horizon, draws=draws, rng=rng)
    ...         return fc.Predictive.draw(months.months, months.mean / 2, (), fc.Poisson(), name=data.name, rng=rng)
    >>> series = fc.CountSeries([f"2023-{m:02d}" for m in range(1, 9)], [12, 9, 14, 11, 8, 13, 10, 12])
    >>> bool(4 < Half().forecast(series, 1, rng=1).expected.iloc[0] < 7)
    True
    """

    @property
    def priors_in_words(self) -> str:
        """What the priors are if they have no scales by family; empty if they have, or if there are none."""
        return ""

    @abstractmethod
    def forecast(self, data: Observed, horizon: int, *, draws: int | None = None, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data.

        Parameters
        ----------
        data : CountSeries or Evidence
            What is known about the months.
        horizon : int
            Number of months H.
        draws : int, optional
            Number of paths S.
        rng : numpy.random.Generator or int
            Generator or seed; required.
        """

    def prepared(self, data: Observed, *, draws: int | None = None, rng: Rng) -> Prepared:
        """Return the model with what it has learned from `data`, to be scored one month ahead and to forecast.

        Unless a model has a faster way, it is fitted again before each month that is scored.
        """
        return Refitted(self, read_data(data), draws, require_rng(rng))


@dataclass(frozen=True, eq=False)
class Refitted:
    """A model with its data, fitted again before each month that is scored.

    Nothing that comes later is seen, so that fitting gains nothing that would have to be taken back (Dawid 1984, JRSS A 147,
    278-292).

    Attributes
    ----------
    model : Model
    data : CountSeries or Evidence
        Months known or missing.
    draws : int or None
        Number of paths of a forecast; None leaves it to the model.
    rng : numpy.random.Generator
        Of the forecasts that are scored.
    """

    model: Model
    data: Observed
    draws: int | None
    rng: np.random.Generator

    def one_step_scores(self, last: int | None = None) -> FloatArray:
        """Return the log score of each known month ``[t]`` given those before it; NaN before the `last` of them.

        NaN also where the model cannot forecast from so few months.
        """
        counts, missing = read_counts(self.data, type(self.model).__name__)
        known, stream = np.flatnonzero(~missing), named_streams(self.rng)
        scores = np.full(known.size, np.nan)
        first = _FEWEST if last is None else max(known.size - last, _FEWEST)
        for k in range(first, known.size):
            before, month = self.data.months[known[k] - 1], self.data.months[known[k]]
            try:
                past = self.data.until(before)
                forecast = self.model.forecast(past, 1, draws=self.draws, rng=stream(str(month)))
                scores[k] = forecast.logpmf(month, int(counts[known[k]]))
            except ForecastingError:
                continue
        return scores

    def forecast(self, horizon: int, *, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data."""
        return self.model.forecast(self.data, horizon, draws=self.draws, rng=require_rng(rng))


class BayesianModel(Model):
    """A model that is a log likelihood and a log prior: its forecasts carry the uncertainty of its parameters."""

    terms: Term | Terms | None = None
    """Season, effects, covariates and exposure, if the model takes any."""

    @abstractmethod
    def density(self, data: Observed) -> ModelDensity:
        """Return the log likelihood and log prior for `data`."""

    def remarks(self, data: Observed) -> tuple[str, ...]:
        """Return what a reader of any result of this model must know about the model on these data."""
        beside = Terms.of(self.terms).beside(data.months)
        if not beside:
            return ()
        return (
            f"{listing(beside)}: the same in all months of {data.name}, {data.months[0]}..{data.months[-1]}, so that the "
            "prior alone says how large the effect is; unless it is a change still to come, leave it out or use months in "
            "which it changes",
        )

    def posterior(self, data: Observed, *, draws: int | None = None, rng: Rng) -> Posterior:
        """Draw from the posterior.

        Parameters
        ----------
        data : CountSeries or Evidence
            What is known about the months.
        draws : int, optional
            Number of draws S, at least 100; 4000 where left out, or 1000 where the likelihood is costly, as that of totals
            over many large months.
        rng : numpy.random.Generator or int
            Generator or seed; required.

        Raises
        ------
        SamplingError
            If no sampler reached an acceptable sample.

        Warns
        -----
        ForecastingWarning
            If a step, pulse, ramp or covariate is the same in all months of the data, so that the prior alone says how large
            its effect is.
        SamplingWarning
            If k-hat is above 0.7, so that the draws are those of the slower sampler, or an estimate of the probability of facts
            rests on few month vectors.
        """
        return self._posterior(data, self.density(read_data(data)), draws, require_rng(rng))

    def _posterior(
        self, data: Observed, density: ModelDensity, draws: int | None, rng: np.random.Generator
    ) -> Posterior:
        """Draw from the posterior of a density, and warn the caller of `posterior` of what a reader must know."""
        number = read_draws(draws, _FEW_DRAWS if density.costly else _DRAWS)
        for remark in self.remarks(data):
            warnings.warn(remark, ForecastingWarning, stacklevel=3)
        posterior = self._drawn(data, density, number, rng)
        posterior.sample.warn_if_doubtful(data.name, stacklevel=3)
        warn_of_few_vectors(posterior.estimates, data.name, stacklevel=3)
        return posterior

    def load_posterior(self, path: str | PathLike[str], data: Observed) -> Posterior:
        """Return the posterior of this model given these data that `Posterior.save` has written, without drawing again.

        Raises
        ------
        InvalidInput
            If there is no such file, or its draws are not those of this model given these data.

        Examples
        --------
        >>> import tempfile
        >>> import forecasting as fc
        >>> series = fc.CountSeries([f"2023-{m:02d}" for m in range(1, 9)], [12, 9, 14, 11, 8, 13, 10, 12])
        >>> model = fc.CountRegression(fc.Intercept(), fc.Poisson())
        >>> posterior = model.posterior(series, rng=1)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     posterior.save(f"{folder}/posterior.parquet")
        ...     again = model.load_posterior(f"{folder}/posterior.parquet", series)
        >>> bool((again.draws == posterior.draws).all())
        True
        """
        density = self._stored_density(read_data(data), read_state(path))
        return self._restored(data, density, *read_sample(path, density))

    def _stored_density(self, data: Observed, state: dict[str, Any]) -> ModelDensity:
        """Return the log likelihood and log prior behind draws that were stored."""
        return self.density(data)

    def _restored(self, data: Observed, density: ModelDensity, sample: Sample, state: dict[str, Any]) -> Posterior:
        """Return the posterior of draws that were stored."""
        return Posterior(data, density, sample)

    def prepared(self, data: Observed, *, draws: int | None = None, rng: Rng) -> Prepared:
        """Return the posterior."""
        return self.posterior(data, draws=draws, rng=rng)

    def _drawn(self, data: Observed, density: ModelDensity, draws: int, rng: np.random.Generator) -> Posterior:
        """Return a posterior with so many draws."""
        return Posterior(data, density, sample_posterior(density, draws, rng=rng))

    def forecast(self, data: Observed, horizon: int, *, draws: int | None = None, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data, one path for each draw of the posterior."""
        generator = require_rng(rng)
        return self.posterior(data, draws=draws, rng=generator).forecast(horizon, rng=generator)


def read_draws(draws: int | None, default: int) -> int:
    """Return a number of draws."""
    return read_whole(default if draws is None else draws, "draws", 100, 10**8)
