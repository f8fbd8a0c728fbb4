r"""Pareto-smoothed importance weights and the diagnostic :math:`\hat k`.

References
----------
Vehtari, Simpson, Gelman, Yao, Gabry (2024), Pareto smoothed importance sampling, JMLR 25(72).
Zhang, Stephens (2009), A new and efficient estimation method for the generalized Pareto distribution, Technometrics 51.
"""

from __future__ import annotations

import numpy as np

from forecasting.kernels.counts import FloatArray

KHAT_LIMIT = 0.7
"""Above this the importance weights cannot be trusted (Vehtari et al. 2024)."""

_SHORTEST_TAIL = 5


def smooth_weights(log_weights: FloatArray) -> tuple[FloatArray, float]:
    r"""Replace the largest weights by expected order statistics of a fitted generalized Pareto tail.

    Parameters
    ----------
    log_weights : ndarray, [S]
        Unnormalised log importance weights; ``-inf`` is allowed.

    Returns
    -------
    smoothed : ndarray, [S]
        Normalised weights, summing to one.
    khat : float
        Tail shape :math:`\hat k`; below 0.7 the weights can be trusted.  Infinite where too few weights are positive.
    """
    shifted = log_weights - log_weights.max()
    weights = np.exp(shifted)
    draws = weights.size
    length = int(np.ceil(min(0.2 * draws, 3.0 * np.sqrt(draws))))
    order = np.argpartition(weights, draws - length - 1)
    tail, cut = order[draws - length :], float(weights[order[draws - length - 1]])
    tail = tail[np.argsort(weights[tail])]
    excess = weights[tail] - cut
    if length < _SHORTEST_TAIL or excess[-1] <= 1e-12 or np.count_nonzero(excess > 0) < _SHORTEST_TAIL:
        return weights / weights.sum(), (-np.inf if np.ptp(weights) < 1e-9 else np.inf)
    shape, scale = fit_generalized_pareto(excess)
    level = (np.arange(length) + 0.5) / length
    with np.errstate(over="ignore"):  # the heaviest tails reach beyond any number; weights end at one
        quantiles = -np.log1p(-level) if abs(shape) < 1e-12 else np.expm1(-shape * np.log1p(-level)) / shape
    weights[tail] = np.minimum(cut + scale * quantiles, 1.0)
    return weights / weights.sum(), shape


def fit_generalized_pareto(excess: FloatArray) -> tuple[float, float]:
    """Return shape k and scale of a generalized Pareto distribution fitted to sorted, non-negative excesses.

    The estimate of Zhang and Stephens (2009), with the shape drawn weakly towards 1/2 as by Vehtari et al. (2024).
    """
    n = excess.size
    candidates = 30 + int(np.sqrt(n))
    quartile = max(float(excess[int(n / 4 + 0.5) - 1]), 1e-300)
    b = 1.0 - np.sqrt(candidates / (np.arange(1, candidates + 1) - 0.5))
    b = b / (3.0 * quartile) + 1.0 / excess[-1]
    shapes = np.log1p(-b[:, None] * excess).mean(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        likelihood = n * (np.log(-b / shapes) - shapes - 1.0)
    likelihood = np.where(np.isfinite(likelihood), likelihood, -np.inf)
    weight = np.exp(likelihood - likelihood.max())
    best = float(np.sum(b * weight) / weight.sum())
    shape = float(np.log1p(-best * excess).mean())
    scale = -shape / best
    return (n * shape + 5.0) / (n + 10.0), scale


def correction(log_weights: FloatArray) -> tuple[FloatArray, float, float]:
    """Return smoothed weights, their k-hat, and the log of the mean of the raw ones, by which an evidence changes."""
    weights, khat = smooth_weights(log_weights)
    top = float(log_weights.max())
    mean = top + float(np.log(np.mean(np.exp(log_weights - top))))
    return weights, khat, mean
