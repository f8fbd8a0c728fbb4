"""Where the vectors of an estimated likelihood are drawn: at parameters spread over the posterior.

A first guess of the posterior comes from the part of the facts that is exact and cheap, a second one from the estimate itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from forecasting.inference.mode import find_mode, inverse_root
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood import FactLikelihood
from forecasting.randomness import require_rng

if TYPE_CHECKING:
    from forecasting.models.regression import RegressionDensity

_POINTS = 8
_SEED = 20231205  # of the anchors: the likelihood is a function of the facts alone


def anchor(density: RegressionDensity) -> None:
    """Draw the month vectors of the density's facts around its posterior, in two rounds."""
    facts = density.facts
    spread = require_rng(_SEED).standard_normal((_POINTS, density.scale.size))
    for rule in (facts.relaxed(), facts):
        points = _around_the_mode(density, rule, spread)
        facts.anchor(*density.at(points), density.distribution)


def _around_the_mode(density: RegressionDensity, facts: FactLikelihood, spread: FloatArray) -> FloatArray:
    """Return points ``[K, p]`` of the normal approximation of the posterior that `facts` give."""

    def log_posterior(work: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return facts.log_likelihood(*density.at(work), density.distribution) + density.log_prior(work)

    mode = find_mode(log_posterior, density.start, density.scale, rough=True)
    root = density.scale[:, None] * inverse_root(mode.hessian * np.outer(density.scale, density.scale), 1e-2)
    return np.asarray(mode.point + spread @ root.T)
