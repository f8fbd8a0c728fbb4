r"""The exact likelihood of a regression with seasonal ARIMA errors, for one series on its transformed scale.

Everything linear is dealt with in closed form: regression coefficients are estimated or integrated out by generalised least
squares, missing months are integrated out the same way (Gomez, Maravall, Pena 1999, J. Econometrics 88: a missing month is a
free value), the innovation variance by its gamma integral.  What is left is a function of the ARMA parameters alone.  The
months that differencing consumes are diffuse, so the likelihood is that of the differenced series, as in R's ``arima``.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammaln

from forecasting.errors import InvalidInput, NotIdentified
from forecasting.kernels.arma import LeastSquares, Whitened, coefficients, polynomial, whiten
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.differencing import PERIOD
from forecasting.models.sarima.orders import Orders

_BLOCK = 2**17  # doubles of bands held at once: they stay in the cache
_EDGE = 1.0 - 1e-8  # partial autocorrelations of ar beyond this count as not stationary
_SAME = 1e-9  # relative size below which a column is a combination of others


class ArimaDensity:
    """Log likelihood and log prior of the ARMA parameters of one series.

    Working coordinates v give partial autocorrelations sin(v), factor by factor, so every point is stationary and invertible,
    and the likelihood is smooth and even around a unit root, v = pi/2: a point inside, not an edge to crawl to.

    The prior is uniform over the stationary (invertible) region of each factor (Jones 1987, JRSS C 36), Jeffreys' for the
    regression coefficients given the ARMA parameters (a flat one would be improper where a root nears one and the mean is
    lost), and flat in the logarithm of the innovation variance.

    Parameters
    ----------
    z : ndarray, [T]
        The transformed series; NaN where missing.
    design : ndarray, [T, k]
        Regressors.
    names : tuple of str
        Their names.
    orders : Orders
        What the errors are.
    title : str
        Name of the series, for messages.
    """

    def __init__(self, z: FloatArray, design: FloatArray, names: tuple[str, ...], orders: Orders, title: str) -> None:
        self.orders, self.title = orders, title
        self.regressors, self.names = names, orders.names
        self.design = design
        self.missing = np.isnan(z)
        self.holes = int(self.missing.sum())
        self.filled = np.where(self.missing, 0.0, z)
        self.level_columns = np.column_stack([np.eye(len(z))[:, self.missing], design])
        self.nobs = len(z) - orders.lost - self.holes
        self.freedom = self.nobs - len(names)
        self._check_length()
        self._orthonormalise()
        size = orders.size
        self.start, self.scale = np.full(size, 0.1), np.full(size, 0.5)
        self.folded = np.zeros(size, dtype=bool)
        self._autoregressive = np.repeat([True, False, True, False], orders.factors)
        lag = np.concatenate([np.arange(1.0, k + 1.0) for k in orders.factors])
        # Jones: the k-th partial autocorrelation of a uniform stationary process is a beta variable on (-1, 1).
        self._beta = np.floor((lag + 1) / 2), np.floor(lag / 2) + 1

    def _check_length(self) -> None:
        orders, needed = self.orders, self.orders.size + len(self.regressors) + 2
        if len(self.filled) - orders.lost <= orders.longest or self.nobs < needed:
            raise InvalidInput(
                f"{self.title}: {len(self.filled) - self.holes} known months of {len(self.filled)} are too few for {orders}, "
                f"which spends {orders.lost} on differencing, looks back {orders.longest} and has "
                f"{needed - 1} parameters; use lower orders or a longer series"
            )

    def _orthonormalise(self) -> None:
        """Difference series and columns, and make the latter orthonormal and orthogonal to `residual`, what they leave."""
        series = self.orders.difference(self.filled[:, None])[:, 0]
        columns = self.orders.difference(self.level_columns)
        self._basis, self._upper = np.linalg.qr(columns)
        size = np.linalg.norm(columns, axis=0)
        lost = np.abs(np.diag(self._upper)) <= _SAME * np.maximum(
            size, np.abs(self.level_columns).max(axis=0, initial=0.0)
        )
        if lost[: self.holes].any():
            raise InvalidInput(
                f"{self.title}: a month of the year was never observed, so {self.orders} cannot know its level; "
                "use a model without seasonal differencing, or a longer series"
            )
        if lost.any():
            hidden = [name for name, gone in zip(self.regressors, lost[self.holes :], strict=True) if gone]
            raise NotIdentified(
                hidden,
                f"{self.title}: the known months, differenced as {self.orders} does, cannot see {', '.join(hidden)}; "
                "leave it out or use lower orders of differencing",
            )
        self._explained = self._basis.T @ series
        self.residual = series - self._basis @ self._explained
        if float(np.abs(self.residual).max()) <= _SAME * max(float(np.abs(self.filled).max()), 1e-300):
            raise InvalidInput(
                f"{self.title}: nothing is left to model after differencing and regression; the series is constant or follows "
                "its regressors exactly, so no innovation variance can be estimated"
            )
        self._log_jacobian = float(np.log(np.abs(np.diag(self._upper)[: self.holes])).sum())

    # Parameters

    def coefficients(self, work: FloatArray) -> list[FloatArray]:
        """Return the coefficients of the four factors, ``[S, p]``, ``[S, q]``, ``[S, P]`` and ``[S, Q]``, in R's signs."""
        parts = np.split(np.sin(work), np.cumsum(self.orders.factors)[:-1], axis=1)
        signs = (1.0, -1.0, 1.0, -1.0)
        return [sign * coefficients(part) for sign, part in zip(signs, parts, strict=True)]

    def polynomials(self, work: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the autoregressive and the moving-average polynomial, lag 0 first."""
        ar, ma, seasonal_ar, seasonal_ma = self.coefficients(work)
        return polynomial(-ar, -seasonal_ar, PERIOD), polynomial(ma, seasonal_ma, PERIOD)

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the coefficients ``[S, p]`` in the order of `names`."""
        return np.hstack(self.coefficients(work))

    # Densities

    def whitened(self, work: FloatArray, ahead: int = 0) -> Whitened:
        """Return the orthonormal design and the series, the series last, whitened; NaN where ar is not stationary."""
        size = np.abs(np.sin(work[:, self._autoregressive])).max(axis=1, initial=0.0)
        outside = np.asarray(size > _EDGE)
        ar, ma = self.polynomials(np.where(outside[:, None], 0.0, work))
        white = whiten(ar, ma, np.column_stack([self._basis, self.residual]), ahead)
        white.columns[outside] = np.nan
        return white

    def _solve(self, work: FloatArray) -> LeastSquares:
        rows = max(_BLOCK // (len(self.residual) * (self.orders.longest + 2)), 8)
        parts = [LeastSquares.of(self.whitened(work[first : first + rows])) for first in range(0, len(work), rows)]
        return LeastSquares(np.concatenate([p.log_det for p in parts]), np.concatenate([p.root for p in parts]))

    def regression(self, work: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return coefficients ``[S, k]`` of the regressors, their covariance over the variance, and the variance ``[S]``."""
        linear, h = self._solve(work), self.holes
        inverse = np.linalg.inv(self._upper)
        beta = (linear.solve() + self._explained) @ inverse.T
        spread = inverse @ np.linalg.inv(linear.root[:, :-1, :-1]).transpose(0, 2, 1)
        covariance = spread @ spread.transpose(0, 2, 1)
        return beta[:, h:], covariance[:, h:, h:], linear.residual / self.nobs

    def profile(self, work: FloatArray) -> FloatArray:
        """Return the log likelihood ``[S]``, maximised over regression coefficients and innovation variance."""
        linear = self._solve(work)
        with np.errstate(divide="ignore"):
            spread = self.nobs * (np.log(2.0 * np.pi * linear.residual / self.nobs) + 1.0)
        return np.asarray(-0.5 * (spread + linear.log_det) - self._log_holes(linear))

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log likelihood ``[S]`` with regression coefficients and innovation variance integrated out."""
        linear, half = self._solve(work), 0.5 * self.freedom
        with np.errstate(divide="ignore"):
            spread = gammaln(half) - half * np.log(np.pi * linear.residual)
        return np.asarray(spread - 0.5 * linear.log_det - self._log_holes(linear))

    def _log_holes(self, linear: LeastSquares) -> FloatArray:
        """Return half the log determinant ``[S]`` of the precision of the missing months, which integrating them leaves."""
        known = np.diagonal(linear.root, axis1=1, axis2=2)[:, : self.holes]
        return np.asarray(np.log(known).sum(axis=1) + self._log_jacobian)

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density ``[S]`` of the working coordinates."""
        a, b = self._beta
        r, inside = np.sin(work), np.abs(work) < 0.5 * np.pi
        with np.errstate(divide="ignore", invalid="ignore"):
            # The beta density of (1 + r) / 2 times the derivative of r, cos(v) = sqrt(1 + r) sqrt(1 - r).
            terms = (a - 0.5) * np.log1p(r) + (b - 0.5) * np.log1p(-r) - (a + b - 1.0) * np.log(2.0) - betaln(a, b)
        return np.asarray(np.where(inside, terms, -np.inf).sum(axis=1))

    # The way to the level

    def levels(self, coefs: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return regression coefficients ``[S, k]`` and the errors ``[S, T]`` they leave, missing months put in their place.

        Parameters
        ----------
        coefs : ndarray, [S, holes + k]
            Coefficients of the orthonormal design.
        """
        beta = np.linalg.solve(self._upper, (coefs + self._explained).T).T
        return beta[:, self.holes :], self.filled - beta @ self.level_columns.T
