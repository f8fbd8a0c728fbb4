"""Ranks of a truth among posterior draws: uniform if everything is right (Talts et al. 2018, arXiv 1804.06788).

Two tests.  Chi-square on the histogram; and the largest departure of the distribution of ranks from the diagonal, each point
judged by its binomial tail and all of them together by simulation (Saeilynoja, Buerkner, Vehtari 2022, Statistics and Computing
32, sec. 2), which sees bias and wrong width better.  The bands of the pictures hold all bars of a uniform histogram at once
with probability 95%.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, chdtrc

RANKED = 99
BINS = 20
_SIMULATED = 4000
_SEED = 1

Array = NDArray[np.float64]


def rank(truth: Array, draws: Array, rng: np.random.Generator) -> list[int]:
    """Return the rank of each true value ``[K]`` among the first draws ``[S, K]``, ties broken at random."""
    kept = draws[:RANKED]
    ties = rng.integers(0, (kept == truth).sum(axis=0), endpoint=True)
    ranks: list[int] = ((kept < truth).sum(axis=0) + ties).tolist()
    return ranks


def summarise(ranks: Array) -> dict[str, Any]:
    """Return histogram, tests, and mean and spread of the ranks ``[R]`` of one quantity; both are 1 where uniform."""
    n = len(ranks)
    histogram = np.bincount(ranks * BINS // (RANKED + 1), minlength=BINS)
    below = np.cumsum(np.bincount(ranks, minlength=RANKED + 1))[:-1]
    chi_square = float(np.square(histogram - n / BINS).sum() / (n / BINS))
    departure = _smallest_tail(below[None], np.arange(1.0, RANKED + 1) / (RANKED + 1), n)[0]
    middle = RANKED / 2.0
    return {
        "histogram": histogram.tolist(),
        "chi_square": chi_square,
        "p": float(chdtrc(BINS - 1, chi_square)),
        "p_ecdf": float((1 + (_null(n)[0] <= departure * (1 + 1e-9)).sum()) / (1 + _SIMULATED)),
        "mean_rank": float(ranks.mean() / RANKED),
        "bias": float((ranks.mean() - middle) / np.sqrt(((RANKED + 1) ** 2 - 1) / 12.0 / n)),
        "spread": float(np.sqrt(np.square(ranks - middle).mean() / (((RANKED + 1) ** 2 - 1) / 12.0))),
    }


def band(replications: int) -> tuple[int, int]:
    """Return limits that hold all bars of a uniform histogram with probability 95%."""
    outside = float(np.quantile(_null(replications)[1], 0.05))
    cumulative = bdtr(np.arange(replications + 1.0), replications, 1.0 / BINS)
    return int((cumulative < outside / 2).sum()), int((cumulative < 1 - outside / 2).sum())


@cache
def _null(n: int) -> tuple[Array, Array]:
    """Return the smallest binomial tails of the distribution and of the histogram of n uniform ranks, simulated."""
    rng = np.random.default_rng((_SEED, n))
    counts = rng.multinomial(n, np.full(RANKED + 1, 1.0 / (RANKED + 1)), size=_SIMULATED)
    bars = counts.reshape(_SIMULATED, BINS, -1).sum(axis=2)
    share = np.arange(1.0, RANKED + 1) / (RANKED + 1)
    return (
        _smallest_tail(np.cumsum(counts, axis=1)[:, :-1], share, n),
        _smallest_tail(bars, np.full(BINS, 1.0 / BINS), n),
    )


def _smallest_tail(counts: NDArray[np.int64], share: Array, n: int) -> Array:
    """Return the smallest two-sided binomial tail ``[M]`` of counts ``[M, J]`` of n with probabilities ``[J]``."""
    table = bdtr(np.arange(n + 1.0)[:, None], n, share)
    column = np.arange(len(share))
    at, before = table[counts, column], np.where(counts > 0, table[np.maximum(counts - 1, 0), column], 0.0)
    return np.asarray(2.0 * np.minimum(at, 1.0 - before).min(axis=1))


def tests(summary: dict[str, Any]) -> Iterator[tuple[str, str, float]]:
    """Yield case, quantity and the p-value of the distribution of ranks."""
    for case, entry in summary.items():
        for name, found in entry["quantities"].items():
            yield case, name, found["p_ecdf"]


def smallest(p_values: list[float]) -> tuple[float, float]:
    """Return the smallest p-value, and what it falls below in 5% of such studies of uniform ranks."""
    return min(p_values), 1.0 - 0.95 ** (1.0 / len(p_values))
