r"""Exact sums over the ways to cut a row of months into segments, within which the months share one level.

With :math:`L_{st}` the log evidence of months s to t-1 as one segment, the evidence of the first t months cut by k changes is

.. math:: F_0(t)=e^{L_{0t}},\qquad F_k(t)=\sum_{s<t}F_{k-1}(s)e^{L_{st}}

(Fearnhead 2006, Statistics and Computing 16, 203-213; Auger and Lawrence 1989, Bulletin of Mathematical Biology 51, 39-54).
Evidences of the last months are the same sums read backwards, and a cut is drawn from the last change to the first.  Arrays
``[A, ...]`` hold the same for A values of whatever the segments share.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.counts import FloatArray, IntArray


def log_prefixes(segments: FloatArray, most: int) -> FloatArray:
    r"""Return :math:`\log F_k(t)`, the log evidence of the first months by the number of changes among them.

    Parameters
    ----------
    segments : ndarray, [A, T + 1, T + 1]
        Log evidence of months s to t - 1 as one segment at ``[:, t, s]``; minus infinity where they cannot be one.
    most : int
        Largest number of changes.

    Returns
    -------
    ndarray, [A, most + 1, T + 1]
        Of months 0 to t - 1 with k changes at ``[:, k, t]``.
    """
    size = segments.shape[2]
    found = np.full((len(segments), most + 1, size), -np.inf)
    found[:, 0] = segments[:, :, 0]
    for t in range(2, size):
        found[:, 1:, t] = _log_sum(found[:, :-1, 1:t] + segments[:, None, t, 1:t])
    return found


def log_suffixes(segments: FloatArray, most: int) -> FloatArray:
    """Return the log evidence of the months from s on with k changes among them at ``[:, k, s]``; as `log_prefixes`."""
    reversed_ = np.ascontiguousarray(segments[:, ::-1, ::-1].transpose(0, 2, 1))
    return log_prefixes(reversed_, most)[:, :, ::-1]


def log_renewals(segments: FloatArray, log_odds: float) -> FloatArray:
    """Return the log evidence ``[A]`` of all months, any number of changes with the given log odds each."""
    size = segments.shape[2]
    found = np.zeros((len(segments), size))
    for t in range(1, size):
        found[:, t] = _log_sum(found[:, :t] + segments[:, t, :t] + log_odds)
    return np.asarray(found[:, -1] - log_odds)


def draw_starts(
    segments: FloatArray, prefixes: FloatArray, which: IntArray, changes: IntArray, rng: np.random.Generator
) -> NDArray[np.bool_]:
    r"""Return which months begin a segment ``[S, T]``, the first one included, drawn from the posterior of the cuts.

    The last of k changes before month t is in month s with probability :math:`F_{k-1}(s)e^{L_{st}}/F_k(t)`.

    Parameters
    ----------
    segments, prefixes : ndarray
        As in `log_prefixes`.
    which, changes : ndarray of int, [S]
        Row of A, and number of changes, of each draw.
    rng : numpy.random.Generator
        Generator.

    Returns
    -------
    ndarray of bool, [S, T]
    """
    begins = np.zeros((which.size, segments.shape[2] - 1), dtype=bool)
    begins[:, 0] = True
    end = np.full(which.size, segments.shape[2] - 1)
    for left in range(int(changes.max(initial=0)), 0, -1):
        active = np.flatnonzero(changes >= left)
        cells, cell = np.unique(np.stack([which[active], end[active]]), axis=1, return_inverse=True)
        logs = prefixes[cells[0], left - 1] + segments[cells[0], cells[1]]
        cumulative = np.cumsum(np.exp(logs - logs.max(axis=1, keepdims=True)), axis=1)
        level = rng.random(active.size) * cumulative[cell, -1]
        start = (cumulative[cell] <= level[:, None]).sum(axis=1)
        begins[active, start] = True
        end[active] = start
    return begins


def _log_sum(logs: FloatArray) -> FloatArray:
    """Return the logarithm of the sum over the last axis; minus infinity where every summand is zero."""
    top = logs.max(axis=-1, keepdims=True)
    top[np.isneginf(top)] = 0.0
    np.subtract(logs, top, out=logs)
    np.exp(logs, out=logs)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(logs.sum(axis=-1)) + top[..., 0])
