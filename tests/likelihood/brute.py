"""Probability and conditional law of what is known, by listing vectors: slow, obvious, independent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting.constraints import Constraints, Linear
from forecasting.kernels import counts
from forecasting.kernels.counts import FloatArray, IntArray

FAR = 45  # stands for "unbounded"; the models of these tests put less than 1e-15 beyond it


def months(size: int) -> pd.PeriodIndex:
    return pd.period_range("2023-01", periods=size, freq="M")


def known(rows: Sequence[Linear], size: int) -> Constraints:
    return Constraints.solve(months(size), rows)


def vectors(rows: Sequence[Linear], size: int, far: int = FAR) -> IntArray:
    """All vectors the rows allow, [N, size]; rows are tested as given, before any reduction."""
    grid = np.indices((far + 1,) * size, dtype=np.int16).reshape(size, -1)
    keep = np.ones(grid.shape[1], dtype=bool)
    for row in rows:
        total = sum(coef * grid[i].astype(np.int64) for i, coef in row.terms.items())
        keep &= (total >= (row.low if row.low is not None else -(10**9))) & (
            total <= (row.high if row.high is not None else 10**9)
        )
    return grid[:, keep].T.astype(np.int64)


def log_weights(allowed: IntArray, mean: FloatArray, alpha: float) -> FloatArray:
    return counts.logpmf(allowed, mean, alpha).sum(axis=1)


def log_probability(rows: Sequence[Linear], mean: FloatArray, alpha: float, far: int = FAR) -> float:
    """Log probability of all allowed vectors; months in no row are free."""
    used = sorted({i for row in rows for i in row.positions})
    place = {position: k for k, position in enumerate(used)}
    moved = [Linear(tuple(place[i] for i in r.positions), r.coefs, r.low, r.high) for r in rows]
    logs = log_weights(vectors(moved, len(used), far), mean[used], alpha)
    return float(np.logaddexp.reduce(logs)) if logs.size else -np.inf


def frequencies(draws: IntArray, allowed: IntArray) -> FloatArray:
    """How often each allowed vector was drawn; fails where one outside them was."""
    place = {tuple(vector): k for k, vector in enumerate(allowed.tolist())}
    result = np.zeros(len(allowed))
    for draw in draws.tolist():
        result[place[tuple(draw)]] += 1
    return result


def chi_square_sigmas(observed: FloatArray, probability: FloatArray) -> float:
    """Pearson's statistic in standard deviations from its mean, rare cells pooled."""
    expected = probability * observed.sum()
    common = expected >= 5.0
    o = np.append(observed[common], observed[~common].sum())
    e = np.append(expected[common], expected[~common].sum())
    o, e = o[e > 0], e[e > 0]
    freedom = max(len(e) - 1, 1)
    return float((np.sum((o - e) ** 2 / e) - freedom) / np.sqrt(2 * freedom))
