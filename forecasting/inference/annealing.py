"""Annealed sequential Monte Carlo: the slower, robust sampler behind importance sampling.

Particles start as draws of a proposal q and move through densities proportional to ``q^(1-b) posterior^b`` while b grows
from 0 to 1, each step small enough to keep half of the particles effective; Metropolis moves restore their diversity.  The
product of mean weights estimates the evidence (Del Moral, Doucet, Jasra 2006, JRSS B 68).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from forecasting.errors import SamplingError
from forecasting.inference.density import Density
from forecasting.inference.resampling import systematic
from forecasting.kernels.counts import FloatArray

_KEEP = 0.5  # share of effective particles after each step
_MOVES = 12  # Metropolis moves after each step
_LONGEST_PATH = 200


def anneal(
    density: Density,
    points: FloatArray,
    log_proposal: Callable[[FloatArray], FloatArray],
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray, FloatArray, float, float]:
    r"""Carry draws of a proposal to the posterior, through :math:`q^{1-b}(L\pi)^b` (Del Moral, Doucet, Jasra 2006).

    Parameters
    ----------
    density : Density
        Log likelihood and log prior.
    points : ndarray, [S, p]
        Draws of the proposal.
    log_proposal : callable
        Its log density, ``[S, p] -> [S]``.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    points : ndarray, [S, p]
    log_likelihood, log_prior : ndarray, [S]
    log_evidence : float
    ess : float
        Number of distinct ancestors of the final particles, a cautious count of effective draws.

    Raises
    ------
    SamplingError
        If the path does not reach the posterior.
    """
    draws = len(points)

    def evaluate(x: FloatArray) -> FloatArray:
        """Return log likelihood, log prior and log proposal as rows ``[3, S]``."""
        parts = np.array([density.log_likelihood(x), density.log_prior(x), log_proposal(x)])
        parts[0] = np.where(np.isnan(parts[0]), -np.inf, parts[0])
        return parts

    parts = evaluate(points)
    ancestor = np.arange(draws)
    inverse_temperature, log_evidence = 0.0, 0.0
    for _ in range(_LONGEST_PATH):
        gain = parts[0] + parts[1] - parts[2]
        step = _next_step(gain, 1.0 - inverse_temperature)
        weights = np.exp(step * (gain - gain.max()))
        log_evidence += step * float(gain.max()) + float(np.log(weights.mean()))
        inverse_temperature += step
        chosen = systematic(weights, draws, rng)
        points, parts, ancestor = points[chosen], parts[:, chosen], ancestor[chosen]
        points, parts = _move(points, parts, inverse_temperature, evaluate, density, rng)
        if inverse_temperature >= 1.0 - 1e-12:
            ess = float(len(np.unique(ancestor)))
            return points, parts[0], parts[1], log_evidence, ess
    raise SamplingError(
        f"the annealed sampler reached only {inverse_temperature:.3g} of its path in {_LONGEST_PATH} steps; "
        "the posterior is too far from any approximation: check the data and the priors, or use a simpler model"
    )


def _next_step(gain: FloatArray, longest: float) -> float:
    """Return the largest step that keeps the stated share of particles effective, by bisection."""

    def effective(step: float) -> float:
        weights = np.exp(step * (gain - gain.max()))
        return float(weights.sum() ** 2 / np.sum(weights**2) / gain.size)

    if effective(longest) >= _KEEP:
        return longest
    low, high = 0.0, longest
    for _ in range(50):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if effective(middle) >= _KEEP else (low, middle)
    return max(low, 1e-12)


def _move(
    points: FloatArray,
    parts: FloatArray,
    inverse_temperature: float,
    evaluate: Callable[[FloatArray], FloatArray],
    density: Density,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Apply Metropolis moves, half random walks and half differences of two other particles."""
    draws, p = points.shape

    def level(rows: FloatArray) -> FloatArray:
        return np.asarray(inverse_temperature * (rows[0] + rows[1]) + (1.0 - inverse_temperature) * rows[2])

    root = np.linalg.cholesky(np.cov(points.T).reshape(p, p) + 1e-14 * np.diag(np.square(density.scale)))
    length = 2.38 / np.sqrt(p)
    for move in range(_MOVES):
        if move % 2:
            jump = 0.5 * length * (points[rng.permutation(draws)] - points[rng.permutation(draws)])
            jump += 1e-6 * density.scale * rng.standard_normal((draws, p))
        else:
            jump = length * rng.standard_normal((draws, p)) @ root.T
        trial = points + jump
        rows = evaluate(trial)
        # A jump past a fold is refused: reflected, it would come back with another probability than it left.
        inside = (trial[:, density.folded] >= 0.0).all(axis=1)
        with np.errstate(invalid="ignore"):
            accepted = inside & (np.log(rng.random(draws)) < level(rows) - level(parts))
        points = np.where(accepted[:, None], trial, points)
        parts = np.where(accepted, rows, parts)
        share = float(accepted.mean())
        length *= 1.5 if share > 0.4 else (0.6 if share < 0.15 else 1.0)
    return points, parts
