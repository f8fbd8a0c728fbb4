"""What other prior scales would have concluded, one scale at a time, from the draws at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from forecasting.inference.psis import KHAT_LIMIT, correction
from forecasting.kernels.counts import FloatArray
from forecasting.models import CountRegression, LocalLevel, Posterior
from forecasting.models.local_level.density import LocalLevelDensity
from forecasting.models.regression import RegressionDensity
from forecasting.parameters import Priors
from forecasting.scenarios.baselines import Baseline
from forecasting.scenarios.fits import Fits, step_draws
from forecasting.scenarios.surprise import Surprise, surprise
from forecasting.scenarios.weighing import StepEffect, Weighing

FACTORS: Mapping[str, tuple[float, ...]] = {
    "trend": (0.25, 0.5, 2.0),
    "step": (0.5, 2.0),
    "dispersion": (0.5, 2.0),
    "noise": (0.5, 2.0),
}
"""What each prior scale is multiplied by, the others staying as they are."""

AS_STATED = "as stated"
"""In place of the name of a prior in the row of the priors that were used."""


@dataclass(frozen=True, eq=False)
class Reweighted:
    """A posterior under other priors: the same draws with weights that sum to one.

    Attributes
    ----------
    posterior : Posterior
        Whose draws are weighted.
    weights : ndarray, [S]
        Weights.
    log_evidence : float
        Log marginal likelihood under the other priors.
    """

    posterior: Posterior
    weights: FloatArray
    log_evidence: float

    @classmethod
    def as_drawn(cls, posterior: Posterior) -> Reweighted:
        """Return the posterior under its own priors."""
        draws = len(posterior.draws)
        return cls(posterior, np.full(draws, 1.0 / draws), posterior.log_evidence)


def under_priors(
    posterior: Posterior, model: CountRegression | LocalLevel, priors: Priors, rng: np.random.Generator
) -> Reweighted:
    r"""Return `posterior` under other `priors`, by weights :math:`\pi'(\theta)/\pi(\theta)`.

    The draws are reweighted by the ratio of the prior densities (the likelihood cancels); where Pareto smoothing says that
    they cannot carry it, the model is drawn from afresh.

    Parameters
    ----------
    posterior : Posterior
        Draws under the priors of `model`.
    model : CountRegression or LocalLevel
        The model they came from.
    priors : Priors
        Other scales.
    rng : numpy.random.Generator
        Used only where the draws do not suffice.
    """
    other, density = replace(model, priors=priors), posterior.density
    assert isinstance(density, RegressionDensity | LocalLevelDensity)
    change = density.under(priors).log_prior(posterior.sample.work) - posterior.sample.log_prior
    weights, khat, gained = correction(change)
    if khat > KHAT_LIMIT:
        return Reweighted.as_drawn(other.posterior(posterior.data, draws=len(change), rng=rng))
    return Reweighted(posterior, weights, posterior.log_evidence + gained)


def sensitivity(fits: Fits, priors: Priors, level: float, stream: Callable[..., np.random.Generator]) -> pd.DataFrame:
    """Return the conclusions under each prior scale moved alone.

    Parameters
    ----------
    fits : Fits
        Under `priors`.
    priors : Priors
        As stated.
    level : float
        Coverage of the interval of the step.
    stream : callable
        Gives the generator of a name.

    Returns
    -------
    DataFrame
        One row per prior and factor, the first as stated: `prior`, `factor`, `scale`; `step_probability` and
        `log_bayes_factor`; `chance_lower` and `chance_upper`, the smallest and the largest chance (`Surprise.chance`) of such a
        change under the baselines without a step, the smallest among those that are not ruled out; the averaged step with its
        interval; the probability of each baseline; and `chance: NAME` of each baseline without a step.
    """
    rows = [{"prior": AS_STATED, "factor": 1.0, "scale": np.nan} | as_stated(fits, level)]
    for name, factors in FACTORS.items():
        for factor in factors:
            scale = factor * priors[name]
            other = Priors(**{**priors, name: scale})
            row = _moved(fits, other, level, partial(stream, name, str(factor)))
            rows.append({"prior": name, "factor": factor, "scale": scale} | row)
    return pd.DataFrame(rows)


def as_stated(fits: Fits, level: float) -> dict[str, float]:
    """Return the conclusions under the priors that were used, by the names of the columns of `sensitivity`."""
    drawn = {name: Reweighted.as_drawn(fit) for name, fit in fits.posteriors.items()}
    chances = {one.name: told.chance for one, told in fits.foretold}
    return _conclusions(fits, drawn, chances, level)


def _moved(fits: Fits, priors: Priors, level: float, stream: Callable[..., np.random.Generator]) -> dict[str, float]:
    """Return the conclusions under other priors."""
    moved = {
        one.name: under_priors(fits.posteriors[one.name], one.model, priors, stream("all facts", one.name))
        for one in fits.baselines
    }
    chances = {one.name: _chance(told, one, priors, fits, stream("before", one.name)) for one, told in fits.foretold}
    return _conclusions(fits, moved, chances, level)


def _conclusions(
    fits: Fits, moved: Mapping[str, Reweighted], chances: Mapping[str, float], level: float
) -> dict[str, float]:
    weighing = Weighing.of(fits.baselines, {name: fit.log_evidence for name, fit in moved.items()})
    step = averaged_step(fits, moved, weighing, level)
    return {
        "step_probability": weighing.step_probability,
        "log_bayes_factor": weighing.log_bayes_factor,
        "chance_lower": min((chances[name] for name in weighing.mattering(chances)), default=np.nan),
        "chance_upper": max(chances.values(), default=np.nan),
        "step_median": step.median,
        "step_lower": step.lower,
        "step_upper": step.upper,
        **weighing.probabilities,
        **{f"chance: {name}": value for name, value in chances.items()},
    }


def averaged_step(fits: Fits, moved: Mapping[str, Reweighted], weighing: Weighing, level: float) -> StepEffect:
    """Return the step averaged over the baselines that have one, with their posterior probabilities."""
    names = [one.name for one in fits.baselines if one.step]
    draws = [step_draws(moved[name].posterior, fits.comparison) for name in names]
    weights = [weighing.probabilities[name] * moved[name].weights for name in names]
    return StepEffect.of(np.concatenate(draws), level, np.concatenate(weights))


def _chance(told: Surprise, one: Baseline, priors: Priors, fits: Fits, rng: np.random.Generator) -> float:
    """Return the primary chance under other priors."""
    moved = under_priors(told.posterior, one.model, priors, rng)
    if moved.posterior is told.posterior:
        return told.weighted(moved.weights)
    return surprise(moved.posterior, fits.comparison, rng=rng).chance
