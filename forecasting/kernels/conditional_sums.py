r"""Conditional sums of squares of many seasonal ARMA models at once.

The innovations given zeros before the sample are a linear filter of the series, and so are their derivatives (Box, Jenkins,
Reinsel 2008, Time Series Analysis, 7.1.2 and 7.2), so all candidates take their Levenberg-Marquardt steps together: one loop
over the months carries every one of them.  The estimates start the exact likelihood, which has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.arma import partial_autocorrelations
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.differencing import PERIOD

BoolArray = NDArray[np.bool_]
Factors = tuple[int, int, int, int]
"""Numbers of coefficients p, q, P, Q."""

_LAGS = (1, 1, PERIOD, PERIOD)
_STEPS = 12
_DAMPING, _EASED, _HARDENED = 1e-2, 0.2, 8.0
_RIDGE = 1e-8
_WHITE = 0.05
_INSIDE = 0.97  # of the way to the edge of stationarity, at most
_SMOOTH = ((0.0,), (-1.7, 0.8), (0.0,), (-0.5,))
"""Moving averages of a smooth level and season: conditional sums of squares have a minimum there that white noise misses."""


def conditional_estimates(series: FloatArray, candidates: Sequence[Factors]) -> tuple[list[FloatArray], FloatArray]:
    """Return coefficients and sums of squares of each candidate.

    Parameters
    ----------
    series : ndarray, [n]
        Differenced series without its mean, complete.
    candidates : sequence of (p, q, P, Q)
        C models.

    Returns
    -------
    coefficients : list of ndarray
        One vector a candidate: ar, ma, seasonal ar, seasonal ma, in R's signs.  Not always stationary.
    squares : ndarray, [C]
        Conditional sums of squares.

    Examples
    --------
    >>> x = np.cumprod(np.full(60, -0.5))
    >>> (found,), _ = conditional_estimates(x, [(1, 0, 0, 0)])
    >>> found.round(3).tolist()
    [-0.5]
    """
    sizes = np.array(candidates, dtype=int).reshape(-1, 4)
    most = sizes.max(axis=0)
    slot = np.concatenate([np.arange(k) for k in most])
    kind = np.repeat(np.arange(4), most)
    used = slot[:, None] < sizes[:, kind].T  # [slots, C]
    smooth = [_SMOOTH[k][j] if j < len(_SMOOTH[k]) else 0.0 for k, j in zip(kind, slot, strict=True)]
    starts = np.hstack([np.where(used, _WHITE, 0.0), np.where(used, np.array(smooth)[:, None], 0.0)])
    spread = float(np.sqrt(np.mean(np.square(series))))
    estimate, squares = _descend(series / spread, starts, np.hstack([used, used]), kind, slot)
    halves = np.split(squares, 2)
    best = np.arange(len(sizes)) + len(sizes) * (halves[1] < halves[0])
    return [estimate[used[:, c], best[c]] for c in range(len(sizes))], squares[best] * spread**2


def working_point(coefs: FloatArray, factors: Factors) -> FloatArray:
    """Return the arcsines of the partial autocorrelations of such coefficients, drawn inside where they are not stationary."""
    parts = []
    for sign, part in zip((1.0, -1.0, 1.0, -1.0), np.split(coefs, np.cumsum(factors)[:-1]), strict=True):
        inside, lag = sign * part, np.arange(1, part.size + 1)
        partial = partial_autocorrelations(inside)
        while not (np.abs(partial) < 1.0).all():
            inside = inside * 0.95**lag
            partial = partial_autocorrelations(inside)
        parts.append(np.arcsin(np.clip(partial, -_INSIDE, _INSIDE)))
    return np.concatenate(parts)


def _descend(
    series: FloatArray, estimate: FloatArray, used: BoolArray, kind: IntArray, slot: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return estimates ``[slots, C]`` after some steps from `estimate`, and their sums of squares ``[C]``."""
    damping = np.full(estimate.shape[1], _DAMPING)
    with np.errstate(over="ignore", invalid="ignore"):
        innovations, slopes = _filtered(series, estimate, kind, slot)
        squares = np.square(innovations).sum(axis=0)
        for _ in range(_STEPS):
            slopes *= used[None]
            trial = estimate - _step(innovations, slopes, damping, used)
            trial_innovations, trial_slopes = _filtered(series, trial, kind, slot)
            trial_squares = np.square(trial_innovations).sum(axis=0)
            better = trial_squares < squares  # an explosion of the filter is not
            estimate = np.where(better, trial, estimate)
            innovations = np.where(better, trial_innovations, innovations)
            slopes = np.where(better, trial_slopes, slopes)
            squares = np.where(better, trial_squares, squares)
            damping = np.where(better, _EASED * damping, _HARDENED * damping)
    return estimate, squares


def _step(innovations: FloatArray, slopes: FloatArray, damping: FloatArray, used: BoolArray) -> FloatArray:
    """Return the damped Gauss-Newton steps ``[slots, C]``."""
    matrix = slopes.transpose(2, 0, 1)
    normal = matrix.transpose(0, 2, 1) @ matrix
    right = matrix.transpose(0, 2, 1) @ innovations.T[..., None]
    size = np.einsum("cii->ci", normal)
    normal[:, np.arange(len(used)), np.arange(len(used))] = size * (1.0 + damping[:, None]) + _RIDGE + ~used.T
    return np.asarray(np.linalg.solve(normal, right)[..., 0].T)


def _filtered(
    series: FloatArray, estimate: FloatArray, kind: IntArray, slot: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return innovations ``[n, C]`` and their derivatives ``[n, slots, C]``."""
    ar, ma, seasonal_ar, seasonal_ma = (estimate[kind == k] for k in range(4))
    count = estimate.shape[1]
    column = np.repeat(series[:, None], count, axis=1)
    by_ar, by_seasonal = _forward(column, ar, 1), _forward(column, seasonal_ar, PERIOD)
    parts = np.stack([_forward(by_ar, seasonal_ar, PERIOD), by_seasonal, by_ar], axis=1)
    parts = _inverse(_inverse(parts, ma, 1), seasonal_ma, PERIOD)
    innovations = parts[:, 0]
    sources = (
        parts[:, 1],
        _inverse(innovations[:, None], ma, 1)[:, 0] if len(ma) else innovations,
        parts[:, 2],
        _inverse(innovations[:, None], seasonal_ma, PERIOD)[:, 0] if len(seasonal_ma) else innovations,
    )
    slopes = np.zeros((len(series), len(kind), count))
    for position, (which, j) in enumerate(zip(kind, slot, strict=True)):
        lag = _LAGS[which] * (j + 1)
        slopes[lag:, position] = -sources[which][:-lag]
    return innovations, slopes


def _forward(x: FloatArray, phi: FloatArray, lag: int) -> FloatArray:
    """Return ``x_t - sum phi_j x_{t - j lag}``; `x` is ``[n, C]`` and zero before its start."""
    result = x.copy()
    for j, weight in enumerate(phi, 1):
        result[j * lag :] -= weight * x[: -j * lag]
    return result


def _inverse(x: FloatArray, theta: FloatArray, lag: int) -> FloatArray:
    """Return e with ``e_t = x_t - sum theta_j e_{t - j lag}``, in blocks of `lag` months; `x` is ``[n, m, C]``."""
    order = len(theta)
    if order == 0:
        return x
    before = order * lag
    result = np.zeros((before + len(x), *x.shape[1:]))
    result[before:] = x
    weights = theta[::-1, None, None]
    for first in range(before, len(result), lag):
        last = min(first + lag, len(result))
        past = result[first - before : first].reshape(order, lag, *x.shape[1:])[:, : last - first]
        result[first:last] -= (weights * past).sum(axis=0)
    return result[before:]
