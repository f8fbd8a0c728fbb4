"""What all months together say of growth, from the posterior draws of a level that grows."""

from __future__ import annotations

import numpy as np

from forecasting.models.level.density import LevelDensity
from forecasting.models.results import Posterior

_CONVINCED = 5.0
"""Largest log Bayes factor that counts."""

_YEAR = 12
"""Known months whose median tells whether a series has a level that could grow, or bursts."""


def growth_evidence(posterior: Posterior) -> float:
    r"""Return the log Bayes factor of growth against none, zero for a model that does not grow.

    .. math:: \log B = \log p(g=0) - \log p(g=0 \mid y),

    the posterior of the growth g taken as normal, and B kept within a factor of 150 (Dickey 1971, Annals of Mathematical
    Statistics 42, 204-223).  One month ahead a level that follows the counts is hardly worse than one that grows; a year ahead
    it is, and all months together tell.  A burst after months without a count is no growth: where the median of the last
    year is zero, nothing speaks for it.
    """
    density = posterior.density
    if not (isinstance(density, LevelDensity) and density.layout.growth):
        return 0.0
    at = density.layout.growth_at
    draws, centre, scale = posterior.sample.work[:, at], float(density.centre[at]), float(density.scale[at])
    before = -0.5 * (centre / scale) ** 2 - np.log(scale)
    after = -0.5 * (draws.mean() / draws.std()) ** 2 - np.log(draws.std())
    known = posterior.data.constraints
    last = known.lower[known.exact][-_YEAR:]
    return float(np.clip(before - after, -_CONVINCED, _CONVINCED if np.median(last) > 0 else 0.0))
