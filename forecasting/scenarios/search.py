"""Somewhere in the period: how often a baseline shows such a change in the pair of windows where it shows most.

Windows are often chosen after the numbers are seen.  The replicated periods must not contain the change itself, or it would
be taken for the ordinary: they are drawn from the baseline with a step at the boundary, fitted to all facts, its step taken
away.  What the months before and after have in common, their unevenness, trend and season, is learnt from both.  A level that
wanders takes as many months of fresh steps.
"""

from __future__ import annotations

import numpy as np

from forecasting.models import Posterior
from forecasting.months import following
from forecasting.scenarios.fits import step_draws
from forecasting.scenarios.windows import Windows


def search(posterior: Posterior, comparison: Windows, rng: np.random.Generator, *, wanders: bool) -> float:
    r"""Return the share of replicated periods in which some pair of such windows changes as much, in the same direction.

    A posterior predictive probability of the largest change (Meng 1994), the step of every draw set to zero.

    Parameters
    ----------
    posterior : Posterior
        Of a baseline with a step, or of one that needs none; given all facts.
    comparison : Windows
        The windows.
    rng : numpy.random.Generator
        Source of randomness; one period is drawn for each parameter draw.
    wanders : bool
        Whether the level has steps of its own: the path that has been fitted holds the change, so others are drawn.
    """
    months = following(posterior.months, len(posterior.months)) if wanders else posterior.months
    log_mean = posterior.log_mean(months)
    if any(name.startswith("step[") for name in posterior.names):
        log_mean = log_mean - np.outer(step_draws(posterior, comparison), months >= comparison.after[0])
    mean = np.exp(log_mean)
    columns = [values[:, None] for values in posterior.shape]
    paths = posterior.distribution.sample(mean, *columns, rng=rng)
    return float(comparison.as_large(*comparison.totals(paths)).any(axis=1).mean())
