"""Where the vectors of an estimated likelihood are drawn: at parameters spread over the posterior.

A first guess of the posterior comes from the part of the facts that is exact and cheap, a second one from the estimate itself.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.distributions import Distribution
from forecasting.inference.mode import find_mode, inverse_root
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood import FactLikelihood
from forecasting.randomness import require_rng

_FAR = 1.8  # standard deviations to either side, along each axis of the normal approximation
_BETWEEN = 4  # further points, drawn from it
_DISPERSED = (0.1, 0.3, 0.7, 1.4)
"""Prior scales above the mode of a folded coordinate, whose posterior has a long upper tail."""
_SEED = 20231205  # of the anchors: the likelihood is a function of the facts alone


class Anchored(Protocol):
    """What anchoring asks of a density: facts, their law, and the means that parameters give."""

    facts: FactLikelihood
    distribution: Distribution
    start: FloatArray
    scale: FloatArray
    folded: NDArray[np.bool_]

    def at(self, work: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
        """Return log means ``[K, T]`` and shape parameters at the points ``[K, p]``."""
        ...

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density ``[K]``."""
        ...


def anchor(density: Anchored) -> None:
    """Draw the month vectors of the density's facts around its posterior, in two rounds."""
    facts = density.facts
    for rule in (facts.relaxed(), facts):
        facts.anchor(*density.at(_around_the_mode(density, rule)), density.distribution)


def _around_the_mode(density: Anchored, facts: FactLikelihood) -> FloatArray:
    """Return points ``[K, p]`` of the posterior that `facts` give: of its normal approximation, and of long tails."""

    def log_posterior(work: FloatArray) -> FloatArray:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            return facts.log_likelihood(*density.at(work), density.distribution) + density.log_prior(work)

    mode = find_mode(log_posterior, density.start, density.scale, rough=True)
    root = density.scale[:, None] * inverse_root(mode.hessian * np.outer(density.scale, density.scale), 1e-2)
    axes = _FAR * np.eye(density.scale.size)
    spread = np.concatenate([axes, -axes, require_rng(_SEED).standard_normal((_BETWEEN, density.scale.size))])
    tails = [
        f * density.scale * (np.arange(density.scale.size) == c)
        for c in np.flatnonzero(density.folded)
        for f in _DISPERSED
    ]
    return np.asarray(mode.point + np.concatenate([spread @ root.T, *(tail[None] for tail in tails)]))
