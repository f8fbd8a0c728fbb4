r"""The months after the data under many parameter vectors: exact finite-sample prediction, no state carried by hand.

The Cholesky factor of the covariance of the n + H months holds the prediction of the last H from the first n: its lower left
block times the whitened past is their conditional mean, its lower right block the noise (Brockwell, Davis 1991, 5.3).
"""

from __future__ import annotations

import numpy as np

from forecasting.errors import SamplingError
from forecasting.kernels.arma import impulse_response
from forecasting.kernels.counts import FloatArray
from forecasting.models.sarima.density import ArimaDensity, Linear

_BLOCK = 2**18  # doubles of bands held at once


def simulate(
    density: ArimaDensity, work: FloatArray, design: FloatArray, *, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Draw variance, regression coefficients and missing months for each draw of the ARMA parameters, then the future.

    Parameters
    ----------
    density : ArimaDensity
        The model and its data.
    work : ndarray, [S, p]
        Posterior draws in working coordinates.
    design : ndarray, [H, k]
        Regressors in the months to come.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    location, scale : ndarray, [S, H]
        Of each month on the transformed scale, given the draw and the past: exactly normal.
    paths : ndarray, [S, H]
        One joint draw of the months.

    Raises
    ------
    SamplingError
        If the future of a draw is not finite.
    """
    months = len(density.filled) + len(design)
    rows = max(_BLOCK // (months * (density.orders.longest + 2)), 8)
    parts = [_block(density, work[first : first + rows], design, rng) for first in range(0, len(work), rows)]
    location, scale, paths = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if not (np.isfinite(paths).all() and np.isfinite(scale).all()):
        raise SamplingError(
            f"{density.title}: the parameters explode within {len(design)} months; use a shorter horizon"
        )
    return location, scale, paths


def innovations(density: ArimaDensity, work: FloatArray, *, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return what each differenced month is foretold to be, given those before it, on the transformed scale.

    Variance, regression coefficients and missing months are drawn for each draw of the ARMA parameters, as in `simulate`.

    Returns
    -------
    location, scale : ndarray, [S, T - lost]
        Of the months from the first that differencing leaves.
    """
    white = density.whitened(work)
    sigma, coefs = _drawn(density, density.linear(white), white.columns.shape[2] - 1, rng)
    rest = white.columns[:, :, -1] - np.einsum("snk,sk->sn", white.columns[:, :, :-1], coefs)
    step = white.factor[:, :, 0]  # the diagonal: standard deviations for innovations of variance one
    return density.filled[density.orders.lost :] - step * rest, sigma * step


def missing_months(density: ArimaDensity, work: FloatArray, *, rng: np.random.Generator) -> FloatArray:
    """Return a joint draw of the missing months ``[S, holes]`` on the transformed scale, given everything known."""
    white = density.whitened(work)
    _, coefs = _drawn(density, density.linear(white), white.columns.shape[2] - 1, rng)
    beta, errors = density.levels(coefs)
    return (errors + beta @ density.design.T)[:, density.missing]


def _drawn(
    density: ArimaDensity, linear: Linear, columns: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return standard deviations of the innovations ``[S, 1]`` and coefficients of the orthonormal design ``[S, k]``."""
    draws = len(linear.residual)
    sigma = np.sqrt(linear.residual / rng.chisquare(density.freedom, draws))[:, None]
    return sigma, linear.solve(sigma * rng.standard_normal((draws, columns)))


def _block(
    density: ArimaDensity, work: FloatArray, design: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    ahead = len(design)
    white = density.whitened(work, ahead)
    sigma, coefs = _drawn(density, density.linear(white), white.columns.shape[2] - 1, rng)
    past = white.columns[:, :, -1] - np.einsum("snk,sk->sn", white.columns[:, :, :-1], coefs)
    beta, errors = density.levels(coefs)
    ar, _ = density.polynomials(work)
    full = np.stack([np.convolve(row, density.orders.differencing) for row in ar])
    noise = _lower_right(white.factor, ahead)
    regression = beta @ design.T
    location = regression + _continued(full, errors, _from_past(white.factor, past, ahead))
    weights = impulse_response(full, ahead)
    scale = sigma * np.sqrt(_squares(weights, noise))
    shocks = sigma * _banded_product(noise, rng.standard_normal((len(work), ahead)))
    return location, scale, location + _continued(full, np.zeros_like(errors), shocks)


def _from_past(factor: FloatArray, past: FloatArray, ahead: int) -> FloatArray:
    """Return the conditional means ``[S, H]`` of the moving average, the future innovations being zero."""
    draws, n = past.shape
    extended = np.hstack([past, np.zeros((draws, ahead))])
    result = np.zeros((draws, ahead))
    for lag in range(1, factor.shape[2]):
        rows = np.arange(max(n - lag, 0), n + ahead - lag)
        result[:, rows + lag - n] += factor[:, rows, lag] * extended[:, rows]
    return result


def _lower_right(factor: FloatArray, ahead: int) -> FloatArray:
    """Return the bands ``[S, H, width + 1]`` of the factor that belong to the future alone."""
    return factor[:, factor.shape[1] - ahead :]


def _banded_product(bands: FloatArray, x: FloatArray) -> FloatArray:
    """Return the lower triangular matrices with these bands times the vectors ``[S, H]``."""
    result = np.zeros_like(x)
    for lag in range(min(bands.shape[2], x.shape[1])):
        result[:, lag:] += bands[:, : x.shape[1] - lag, lag] * x[:, : x.shape[1] - lag]
    return result


def _continued(full: FloatArray, errors: FloatArray, drive: FloatArray) -> FloatArray:
    """Return ``u`` ``[S, H]`` with ``full(B) u = drive``, going on from `errors` ``[S, T]``."""
    order, (draws, ahead) = full.shape[1] - 1, drive.shape
    values = np.hstack([errors[:, errors.shape[1] - order :], np.zeros((draws, ahead))])
    backwards = -full[:, :0:-1]
    for h in range(ahead):
        values[:, order + h] = drive[:, h] + np.einsum("sj,sj->s", backwards, values[:, h : h + order])
    return values[:, order:]


def _squares(weights: FloatArray, bands: FloatArray) -> FloatArray:
    """Return the sums of squares ``[S, H]`` of the rows of (impulse responses times banded factor)."""
    draws, ahead = weights.shape
    result = np.zeros((draws, ahead))
    for j in range(ahead):
        column = np.zeros((draws, ahead - j))
        for lag in range(min(bands.shape[2], ahead - j)):
            column[:, lag:] += bands[:, j, lag, None] * weights[:, : ahead - j - lag]
        result[:, j:] += np.square(column)
    return result
