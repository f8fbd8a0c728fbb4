r"""Exact filter of a level on a grid of values: a hidden Markov chain, for many parameter vectors at once.

With the level x on G values, the transition P of one of K ways to move, and the probability e of a month's count given the
level under one of E ways to scatter,

.. math:: a_t(x) \propto e_t(x) \sum_{x'} a_{t-1}(x') P(x', x), \qquad
          p(y_t \mid y_{<t}) = \sum_{k,e} w_{t-1}(k, e) \sum_x e_t(x) \sum_{x'} a_{t-1}(x') P_k(x', x),

where the weights w of the pairs (k, e) are their prior times the probability of the months so far.  Nothing is approximated
but the level's values (Hamilton 1989, Econometrica 57, 357-384; Kitagawa 1987, JASA 82, 1032-1041).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecasting.kernels.counts import FloatArray


class Filtered(NamedTuple):
    """What the months say of the level and of the parameters.

    Attributes
    ----------
    log_terms : ndarray, [T]
        Log probability of each month given those before it, parameters and level averaged over.
    level : ndarray, [K, E, G]
        Probabilities of the level after the last month, given the parameters; each ``[G]`` sums to one.
    weight : ndarray, [K, E]
        Probabilities of the parameters, summing to one.
    """

    log_terms: FloatArray
    level: FloatArray
    weight: FloatArray


def filter_levels(emission: FloatArray, moves: FloatArray, log_prior: FloatArray) -> Filtered:
    """Follow the level from month to month, by the recursion of Kitagawa (1987, JASA 82, 1032-1041).

    Parameters
    ----------
    emission : ndarray, [T, E, G]
        Log probability of each month's count at each level; zero in a month that is not known.
    moves : ndarray, [K, G, G]
        Transition probabilities, rows summing to one.
    log_prior : ndarray, [K, E]
        Log weight of each pair of parameters before the data; the level of the first month is uniform on the grid.

    Examples
    --------
    >>> stay = np.eye(2)[None]
    >>> found = filter_levels(np.log([[[0.9, 0.1]], [[0.9, 0.1]]]), stay, np.zeros((1, 1)))
    >>> np.exp(found.log_terms).round(2).tolist(), found.level[0, 0].round(3).tolist()
    ([0.5, 0.82], [0.988, 0.012])
    """
    largest = emission.max(axis=-1)
    relative = np.exp(emission - largest[..., None])
    level = np.full((len(moves), *emission.shape[1:]), 1.0 / emission.shape[-1])
    log_weight, log_terms = log_prior - _log_total(log_prior), np.empty(len(emission))
    for month, (likely, shift) in enumerate(zip(relative, largest, strict=True)):
        if month:
            level = np.matmul(level, moves)
        level *= likely
        share = level.sum(axis=-1)
        level /= share[..., None]
        log_weight = log_weight + np.log(share) + shift
        log_terms[month] = _log_total(log_weight)
        log_weight -= log_terms[month]
    return Filtered(log_terms, level, np.exp(log_weight))


def _log_total(logs: FloatArray) -> float:
    """Return the log of the sum of the exponentials, as `scipy.special.logsumexp` at a tenth of its price for few of them."""
    top = logs.max()
    if not np.isfinite(top):
        return float(top)
    largest = logs == top
    times = float(np.count_nonzero(largest))
    rest = np.exp(np.where(largest, -np.inf, logs) - top).sum() / times
    return float(np.log1p(rest) + np.log(times) + top)
