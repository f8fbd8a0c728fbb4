r"""Banded Cholesky factors of many processes at once, continued into the months after the data.

The factor ``[S, n + h, width + 1]`` of `forecasting.kernels.arma.whiten` has entry i of row j at element (j + i, j).
"""

from __future__ import annotations

import numpy as np

from forecasting.kernels.counts import FloatArray


def moving_average_of_past(factor: FloatArray, past: FloatArray, ahead: int) -> FloatArray:
    """Return the conditional means ``[S, H]`` of the moving average, the future innovations being zero."""
    draws, n = past.shape
    extended = np.hstack([past, np.zeros((draws, ahead))])
    result = np.zeros((draws, ahead))
    for lag in range(1, factor.shape[2]):
        rows = np.arange(max(n - lag, 0), n + ahead - lag)
        result[:, rows + lag - n] += factor[:, rows, lag] * extended[:, rows]
    return result


def banded_product(bands: FloatArray, x: FloatArray) -> FloatArray:
    """Return the lower triangular matrices with these bands times the vectors ``[S, H]``."""
    result = np.zeros_like(x)
    for lag in range(min(bands.shape[2], x.shape[1])):
        result[:, lag:] += bands[:, : x.shape[1] - lag, lag] * x[:, : x.shape[1] - lag]
    return result


def continued(full: FloatArray, errors: FloatArray, drive: FloatArray) -> FloatArray:
    """Return ``u`` ``[S, H]`` with ``full(B) u = drive``, going on from `errors` ``[S, T]``."""
    order, (draws, ahead) = full.shape[1] - 1, drive.shape
    values = np.hstack([errors[:, errors.shape[1] - order :], np.zeros((draws, ahead))])
    backwards = -full[:, :0:-1]
    for h in range(ahead):
        values[:, order + h] = drive[:, h] + np.einsum("sj,sj->s", backwards, values[:, h : h + order])
    return values[:, order:]


def squares_of_rows(weights: FloatArray, bands: FloatArray) -> FloatArray:
    """Return the sums of squares ``[S, H]`` of the rows of (impulse responses times banded factor)."""
    draws, ahead = weights.shape
    result = np.zeros((draws, ahead))
    for j in range(ahead):
        column = np.zeros((draws, ahead - j))
        for lag in range(min(bands.shape[2], ahead - j)):
            column[:, lag:] += bands[:, j, lag, None] * weights[:, : ahead - j - lag]
        result[:, j:] += np.square(column)
    return result
