r"""The months after the data under many parameter vectors: exact finite-sample prediction, no state carried by hand.

The Cholesky factor of the covariance of the n + H months holds the prediction of the last H from the first n: its lower left
block times the whitened past is their conditional mean, its lower right block the noise (Brockwell, Davis 1991, 5.3).
"""

from __future__ import annotations

import numpy as np

from forecasting.errors import SamplingError
from forecasting.kernels.arma import LeastSquares, Whitened, impulse_response
from forecasting.kernels.bands import banded_product, continued, moving_average_of_past, squares_of_rows
from forecasting.kernels.counts import FloatArray
from forecasting.models.sarima.density import ArimaDensity

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
    sigma, coefs = _drawn(density, white, rng)
    rest = white.columns[:, :, -1] - np.einsum("snk,sk->sn", white.columns[:, :, :-1], coefs)
    step = white.factor[:, :, 0]  # the diagonal: standard deviations for innovations of variance one
    return density.filled[density.orders.lost :] - step * rest, sigma * step


def missing_months(density: ArimaDensity, work: FloatArray, *, rng: np.random.Generator) -> FloatArray:
    """Return a joint draw of the missing months ``[S, holes]`` on the transformed scale, given everything known."""
    white = density.whitened(work)
    _, coefs = _drawn(density, white, rng)
    beta, errors = density.levels(coefs)
    return (errors + beta @ density.design.T)[:, density.missing]


def _drawn(density: ArimaDensity, white: Whitened, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return standard deviations of the innovations ``[S, 1]`` and coefficients of the orthonormal design ``[S, k]``."""
    squares, (draws, _, columns) = LeastSquares.of(white), white.columns.shape
    sigma = np.sqrt(squares.residual / rng.chisquare(density.freedom, draws))[:, None]
    return sigma, squares.solve(sigma * rng.standard_normal((draws, columns - 1)))


def _block(
    density: ArimaDensity, work: FloatArray, design: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray, FloatArray]:
    ahead = len(design)
    white = density.whitened(work, ahead)
    sigma, coefs = _drawn(density, white, rng)
    past = white.columns[:, :, -1] - np.einsum("snk,sk->sn", white.columns[:, :, :-1], coefs)
    beta, errors = density.levels(coefs)
    ar, _ = density.polynomials(work)
    full = np.stack([np.convolve(row, density.orders.differencing) for row in ar])
    noise = white.factor[:, white.factor.shape[1] - ahead :]
    regression = beta @ design.T
    location = regression + continued(full, errors, moving_average_of_past(white.factor, past, ahead))
    weights = impulse_response(full, ahead)
    scale = sigma * np.sqrt(squares_of_rows(weights, noise))
    shocks = sigma * banded_product(noise, rng.standard_normal((len(work), ahead)))
    return location, scale, location + continued(full, np.zeros_like(errors), shocks)
