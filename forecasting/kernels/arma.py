r"""Exact likelihoods of seasonal ARMA processes, many parameter vectors at once.

The process is :math:`\phi(B)\Phi(B^s)\,w_t = \theta(B)\Theta(B^s)\,\varepsilon_t` with the signs of Box and Jenkins for
:math:`\phi` (one minus) and of R for :math:`\theta` (one plus).  Ansley (1979, Biometrika 66, "An algorithm for the exact
likelihood of a mixed autoregressive-moving average process"): from the p-th month on :math:`\phi(B)\Phi(B^s) w_t` is a moving
average, so the covariance of the transformed months is banded and its Cholesky factor costs n times the squared bandwidth.
The months before the sample are integrated out, nothing is conditioned on; months that are missing are columns of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.counts import FloatArray


def coefficients(partial: FloatArray) -> FloatArray:
    """Return the autoregressive coefficients ``[S, k]`` with the partial autocorrelations `partial` ``[S, k]``.

    The Durbin-Levinson recursion: any numbers in (-1, 1) give a stationary process, and every stationary process has
    exactly one such vector (Barndorff-Nielsen, Schou 1973; Monahan 1984).

    Examples
    --------
    >>> coefficients(np.array([[0.5, -0.2]])).round(3).tolist()
    [[0.6, -0.2]]
    """
    phi = np.empty_like(partial)
    for k in range(partial.shape[1]):
        last = partial[:, k, None]
        phi[:, :k] = phi[:, :k] - last * phi[:, :k][:, ::-1]
        phi[:, k] = partial[:, k]
    return phi


def partial_autocorrelations(phi: FloatArray) -> FloatArray:
    """Return the inverse ``[k]`` of `coefficients` for one vector ``[k]``; an entry of at least 1 means not stationary."""
    rest, partial = phi.astype(float).copy(), np.empty(phi.size)
    for k in range(phi.size - 1, -1, -1):
        partial[k] = last = rest[k]
        if abs(last) >= 1.0:
            partial[:k] = np.inf
            break
        rest = (rest[:k] + last * rest[:k][::-1]) / (1.0 - last * last)
    return partial


def inverse_roots(coefs: FloatArray) -> NDArray[np.complex128]:
    """Return the inverse roots of ``1 + sum coefs_j B^j``."""
    return np.asarray(np.roots(np.r_[1.0, coefs]), dtype=complex)


def polynomial(short: FloatArray, seasonal: FloatArray, period: int) -> FloatArray:
    r"""Return the coefficients ``[S, p + P s + 1]`` of :math:`(1+\sum a_j B^j)(1+\sum b_j B^{js})`, from lag 0 on."""
    one = np.ones((len(short), 1))
    first, second = np.hstack([one, short]), np.hstack([one, seasonal])
    product = np.zeros((len(short), short.shape[1] + seasonal.shape[1] * period + 1))
    for j in range(second.shape[1]):
        product[:, j * period : j * period + first.shape[1]] += second[:, j, None] * first
    return product


def impulse_response(ar: FloatArray, length: int, ma: FloatArray | None = None) -> FloatArray:
    """Return the first weights ``[S, length]`` of ``ma(B) / ar(B)``; both start with a column of ones."""
    weights = np.zeros((len(ar), length))
    weights[:, 0] = 1.0
    lags = [j for j in range(1, ar.shape[1]) if ar[:, j].any()]
    for t in range(1, length):
        if ma is not None and t < ma.shape[1]:
            weights[:, t] = ma[:, t]
        for j in lags:
            if j > t:
                break
            weights[:, t] -= ar[:, j] * weights[:, t - j]
    return weights


def autocovariances(ar: FloatArray, ma: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return three covariances per lag, for innovations of variance one.

    Returns
    -------
    moving : ndarray, [S, q + 1]
        Of the moving average ``x = ma(B) e`` with itself.
    cross : ndarray, [S, q + 1]
        Of ``x`` with the process so many months earlier.
    process : ndarray, [S, p]
        Of the process with itself, lags 0 to p - 1.
    """
    p, q = ar.shape[1] - 1, ma.shape[1] - 1
    moving = np.stack([np.einsum("sj,sj->s", ma[:, k:], ma[:, : q + 1 - k]) for k in range(q + 1)], axis=1)
    if p == 0:
        return moving, moving, np.empty((len(ar), 0))
    weights = impulse_response(ar, q + 1, ma)
    cross = np.stack([np.einsum("sj,sj->s", ma[:, k:], weights[:, : q + 1 - k]) for k in range(q + 1)], axis=1)
    # The Yule-Walker equations: sum_j ar_j gamma(|k - j|) = cross(k).
    row, column = np.indices((p + 1, p + 1))
    padded = np.hstack([ar, np.zeros((len(ar), p + 1))])
    matrix = np.where(row >= column, padded[:, row - column], 0.0)
    matrix += np.where(column > 0, padded[:, row + column], 0.0)
    right = np.zeros((len(ar), p + 1, 1))
    right[:, : min(p, q) + 1, 0] = cross[:, : p + 1]
    return moving, cross, np.linalg.solve(matrix, right)[:, :p, 0]


def covariance_bands(ar: FloatArray, ma: FloatArray, months: int) -> FloatArray:
    """Return the covariance of the transformed months as bands ``[S, months, width + 1]``: entry i of row j is (j + i, j)."""
    moving, cross, process = autocovariances(ar, ma)
    p, q = ar.shape[1] - 1, ma.shape[1] - 1
    width = max(p - 1, q)
    bands = np.zeros((len(ar), months, width + 1))
    bands[:, p:, : q + 1] = moving[:, None, :]
    for j in range(min(p, months)):
        inside = min(p - j, width + 1)  # rows j to p - 1 are months as they are
        bands[:, j, :inside] = process[:, :inside]
        if inside <= q:
            bands[:, j, inside : q + 1] = cross[:, inside:]
    return bands


def transformed(ar: FloatArray, columns: FloatArray) -> FloatArray:
    """Return columns ``[n, c]`` with the autoregressive polynomial applied from its order on, ``[S, n, c]``."""
    p, n = ar.shape[1] - 1, len(columns)
    result = np.repeat(columns[None], len(ar), axis=0)
    for j in range(1, p + 1):
        if ar[:, j].any():
            result[:, p:] += ar[:, j, None, None] * columns[p - j : n - j]
    return result


@dataclass(frozen=True)
class Whitened:
    """Columns made uncorrelated under each parameter vector.

    Attributes
    ----------
    columns : ndarray, [S, n, c]
        The inverse Cholesky factor of the covariance applied to the columns; NaN where there is no factor.
    log_det : ndarray, [S]
        Log determinant of the covariance of n months, for innovations of variance one; NaN where there is no factor.
    factor : ndarray, [S, n + h, width + 1]
        Bands of the Cholesky factor: entry i of row j is element (j + i, j).
    """

    columns: FloatArray
    log_det: FloatArray
    factor: FloatArray


def whiten(ar: FloatArray, ma: FloatArray, columns: FloatArray, ahead: int = 0) -> Whitened:
    """Return `columns` ``[n, c]`` whitened under S processes, and the factor for `ahead` further months.

    Parameters
    ----------
    ar, ma : ndarray, [S, p + 1] and [S, q + 1]
        Polynomials from `polynomial`; more than p months are needed.
    columns : ndarray, [n, c]
        Series and design.
    ahead : int
        Months after the n.
    """
    from scipy.linalg.lapack import dpbtrf, dtbtrs

    n = len(columns)
    white = np.ascontiguousarray(transformed(ar, columns).transpose(0, 2, 1))  # Fortran order, draw by draw
    factor = covariance_bands(ar, ma, n + ahead)
    log_det = np.full(len(ar), np.nan)
    for s in range(len(ar)):
        _, fault = dpbtrf(factor[s].T, lower=1, overwrite_ab=1)
        if fault == 0:
            dtbtrs(factor[s, :n].T, white[s].T, uplo="L", overwrite_b=1)
            log_det[s] = 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        log_det += 2.0 * np.log(factor[:, :n, 0]).sum(axis=1)
    white[np.isnan(log_det)] = np.nan
    return Whitened(white.transpose(0, 2, 1), log_det, factor)


@dataclass(frozen=True)
class LeastSquares:
    """What generalised least squares says under each of S parameter vectors.

    Attributes
    ----------
    log_det : ndarray, [S]
        Log determinant of the covariance of the differenced months.
    root : ndarray, [S, k + 1, k + 1]
        Cholesky factor of the whitened cross products of the orthonormal design and the series, the series last.
    """

    log_det: FloatArray
    root: FloatArray

    @classmethod
    def of(cls, white: Whitened) -> LeastSquares:
        """Regress the last of the whitened columns on the others."""
        gram = white.columns.transpose(0, 2, 1) @ white.columns
        root = np.full_like(gram, np.nan)
        good = np.isfinite(gram).all(axis=(1, 2))
        root[good] = np.linalg.cholesky(gram[good])
        return cls(white.log_det, root)

    @property
    def residual(self) -> FloatArray:
        """Sum of squares that the design leaves ``[S]``."""
        return np.square(self.root[:, -1, -1])

    def solve(self, noise: FloatArray | float = 0.0) -> FloatArray:
        """Return coefficients ``[S, k]`` of the orthonormal design; `noise` ``[S, k]`` is added before the back-solve."""
        k = self.root.shape[1] - 1
        right = (self.root[:, k, :k] + noise)[..., None]
        return np.asarray(np.linalg.solve(self.root[:, :k, :k].transpose(0, 2, 1), right)[..., 0])
