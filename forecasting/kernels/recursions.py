r"""Linear recursions :math:`s_t = x_t + \sum_l w_{l,t}\, s_{t-l}` on plain arrays, forwards and backwards in time.

Time comes first, parameter vectors second, anything else after.  One parameter vector is a triangular banded system, solved
in one call; for many, months are taken in blocks as long as the shortest lag, all vectors at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.kernels.counts import FloatArray


def propagate(x: FloatArray, lags: Sequence[int], weights: Sequence[FloatArray]) -> FloatArray:
    r"""Solve :math:`s_t = x_t + \sum_l w_{l,t} s_{t-l}`, with nothing before the first month.

    Parameters
    ----------
    x : ndarray, [T, S, ...]
        What enters each month, for S parameter vectors.
    lags : sequence of int
        Positive lags; one that occurs twice counts twice.
    weights : sequence of ndarray, [1, S] or [T, S]
        Weight of each lag, the same in all months or one a month.

    Returns
    -------
    ndarray, [T, S, ...]

    Examples
    --------
    >>> propagate(np.array([[1.0], [0.0], [0.0]]), [1], [np.array([[0.5]])])[:, 0].tolist()
    [1.0, 0.5, 0.25]
    """
    return _solved(x, lags, weights, backwards=False)


def propagate_back(x: FloatArray, lags: Sequence[int], weights: Sequence[FloatArray]) -> FloatArray:
    r"""Solve the transposed system :math:`u_t = x_t + \sum_l w_{l,t+l} u_{t+l}`, with nothing after the last month.

    If ``s = propagate(x, ...)`` then ``(g * s).sum() == (propagate_back(g, ...) * x).sum()``: the sensitivity of a function
    of all months to what enters one of them costs one solution instead of one a month.  Arguments as in `propagate`.
    """
    return _solved(x, lags, weights, backwards=True)


def _solved(x: FloatArray, lags: Sequence[int], weights: Sequence[FloatArray], *, backwards: bool) -> FloatArray:
    size, vectors = x.shape[:2]
    inside = [(lag, w) for lag, w in zip(lags, weights, strict=True) if lag < size]
    if not inside:
        return x.copy()
    if vectors == 1:
        return _banded(x, inside, backwards)
    extra = (1,) * (x.ndim - 2)
    shaped = [(lag, np.broadcast_to(w, (size, vectors)).reshape(size, vectors, *extra)) for lag, w in inside]
    return _blockwise_back(x, shaped) if backwards else _blockwise(x, shaped)


def _banded(x: FloatArray, weights: list[tuple[int, FloatArray]], backwards: bool) -> FloatArray:
    from scipy.linalg.lapack import dtbtrs

    size = len(x)
    band = np.zeros((max(lag for lag, _ in weights) + 1, size), order="F")
    for lag, w in weights:
        band[lag, : size - lag] -= w[lag:, 0] if len(w) == size else w[0, 0]
    solution, _ = dtbtrs(band, x.reshape(size, -1), uplo="L", trans="T" if backwards else "N", diag="U")
    return np.asarray(solution).reshape(x.shape)


def _blockwise(x: FloatArray, weights: list[tuple[int, FloatArray]]) -> FloatArray:
    s, size = x.copy(), len(x)
    block = min(lag for lag, _ in weights)
    for start in range(block, size, block):
        for lag, w in weights:
            first, end = max(start, lag), min(start + block, size)
            if first < end:
                s[first:end] += w[first:end] * s[first - lag : end - lag]
    return s


def _blockwise_back(x: FloatArray, weights: list[tuple[int, FloatArray]]) -> FloatArray:
    u, size = x.copy(), len(x)
    block = min(lag for lag, _ in weights)
    for end in range(size - block, 0, -block):
        start = max(end - block, 0)
        for lag, w in weights:
            last = min(end, size - lag)
            if start < last:
                u[start:last] += w[start + lag : last + lag] * u[start + lag : last + lag]
    return u


def lagged(x: FloatArray, lag: int) -> FloatArray:
    """Return `x` ``[T, ...]`` moved `lag` months later, zeros first."""
    moved = np.zeros_like(x)
    moved[lag:] = x[: max(len(x) - lag, 0)]
    return moved
