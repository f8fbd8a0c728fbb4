"""What tscount 1.4.3 computes where it departs from its own likelihood, written down anew from its formulas.

Given a series and parameters these functions return the numbers R prints, so that each departure can be shown without R.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import nbinom


@dataclass(frozen=True)
class Recursion:
    """Predictors ``[n]`` with the first ``[n, k]`` and second ``[n, k, k]`` derivatives that tscount gives them."""

    counts: np.ndarray
    nu: np.ndarray
    slope: np.ndarray
    bend: np.ndarray
    is_log: bool

    @property
    def mean(self) -> np.ndarray:
        return np.exp(self.nu) if self.is_log else self.nu

    @property
    def mean_slope(self) -> np.ndarray:
        return self.mean[:, None] * self.slope if self.is_log else self.slope

    @property
    def score(self) -> np.ndarray:
        """Derivatives of the Poisson log likelihood; those of the months before the sample are partly left out."""
        return self.mean_slope.T @ (self.counts / self.mean - 1.0)

    @property
    def information(self) -> np.ndarray:
        return (self.mean_slope / self.mean[:, None]).T @ self.mean_slope

    @property
    def hessian(self) -> np.ndarray:
        """Minus the second derivatives, as QIC takes them."""
        pairs = self.slope[:, :, None] * self.slope[:, None, :]
        second = self.mean[:, None, None] * (pairs + self.bend) if self.is_log else self.bend
        squares = self.mean_slope[:, :, None] * self.mean_slope[:, None, :]
        weights, rest = self.counts / self.mean**2, self.counts / self.mean - 1.0
        return np.einsum("t,tij->ij", weights, squares) - np.einsum("t,tij->ij", rest, second)

    def statistic(self, effects: int, *, dispersion: float = 0.0, divisor: str = "nu") -> float:
        """Score statistic of the last `effects` parameters; tscount's divisor is the predictor, the right one the mean."""
        known = len(self.score) - effects
        weights = 1.0 / (self.nu if divisor == "nu" else self.mean) + dispersion
        spread = (self.mean_slope * weights[:, None]).T @ self.mean_slope
        share = np.linalg.solve(self.information[:known, :known], self.information[:known, known:])
        contrast = np.vstack([-share, np.eye(effects)])
        tested = self.score[known:]
        return float(tested @ np.linalg.solve(contrast.T @ spread @ contrast, tested))


def recursion(
    counts: np.ndarray,
    theta: np.ndarray,
    lags: tuple[tuple[int, ...], tuple[int, ...]],
    covariates: np.ndarray,
    link: str,
    presample: str = "marginal",
) -> Recursion:
    """Run tscount's recursion; covariates ``[n, r]`` act within the series (``external=FALSE``)."""
    (past_counts, past_means), is_log = lags, link == "log"
    p, q, n, k = len(past_counts), len(past_means), len(counts), len(theta)
    reach, inner = max((*past_counts, *past_means)), slice(1, 1 + p + q)
    beta, alpha, eta = theta[1 : 1 + p], theta[1 + p : 1 + p + q], theta[1 + p + q :]
    means, regressors = slice(1 + p, 1 + p + q), slice(1 + p + q, None)
    left = 1.0 - theta[inner].sum()
    before = theta[0] / left if presample == "marginal" else 0.0
    z = np.concatenate([np.full(reach, before), np.log1p(counts) if is_log else counts])
    x = np.vstack([np.zeros((reach, covariates.shape[1])), covariates])
    nu, slope, bend = np.full(reach + n, before), np.zeros((reach + n, k)), np.zeros((reach + n, k, k))
    if presample == "marginal":
        slope[:reach, 0], slope[:reach, inner] = 1.0 / left, theta[0] / left**2
        bend[:reach, 0, inner] = bend[:reach, inner, 0] = 1.0 / left**2
        bend[:reach, inner, inner] = 2.0 * theta[0] / left**3
    for t in range(reach, reach + n):
        ago, since = t - np.array(past_counts, dtype=int), t - np.array(past_means, dtype=int)
        nu[t] = theta[0] + beta @ z[ago] + alpha @ nu[since] + eta @ x[t]
        slope[t] = np.concatenate([[1.0], z[ago], nu[since], x[t]]) + alpha @ slope[since]
        bend[t] = np.tensordot(alpha, bend[since], 1)
        if q:
            own, mixed = slope[since][:, means], slope[since][:, regressors] - x[since]
            bend[t, means, means] += (own + own.T) / 2.0
            bend[t, means, regressors] += mixed
            bend[t, regressors, means] += mixed.T
    return Recursion(counts, nu[reach:], slope[reach:], bend[reach:], is_log)


def size_by_moments(counts: np.ndarray, mean: np.ndarray, parameters: int) -> float:
    """Return the size at which the squared Pearson residuals add up to the degrees of freedom."""
    from scipy.optimize import brentq

    def excess(log_size: float) -> float:
        return float(np.sum((counts - mean) ** 2 / (mean + mean**2 * np.exp(-log_size)))) - (len(counts) - parameters)

    return float(np.exp(brentq(excess, -10.0, 20.0, xtol=1e-13)))


def anscombe(counts: np.ndarray, mean: np.ndarray, factor: float) -> np.ndarray:
    """Return Anscombe residuals in a closed form that takes 1/size for `factor`; tscount puts the size itself."""
    curved = 3.0 / factor * ((1.0 + factor * counts) ** (2 / 3) - (1.0 + factor * mean) ** (2 / 3))
    plain = 3.0 * (counts ** (2 / 3) - mean ** (2 / 3))
    return (curved + plain) / (2.0 * (mean + factor * mean**2) ** (1 / 6))


def scores(counts: np.ndarray, mean: np.ndarray, size: float, cutoff: int) -> dict[str, float]:
    """Return mean quadratic, spherical and ranked probability scores, their sums ended at `cutoff`."""
    grid, chance = np.arange(cutoff + 1), size / (size + mean)
    pmf = nbinom.pmf(grid[:, None], size, chance)
    cdf = nbinom.cdf(grid[:, None], size, chance)
    own, squares = nbinom.pmf(counts, size, chance), (pmf**2).sum(axis=0)
    with np.errstate(divide="ignore"):
        spherical = -own / np.sqrt(squares)
    return {
        "quadratic": float(np.mean(squares - 2.0 * own)),
        "spherical": float(np.mean(spherical)),
        "rankprob": float(np.mean(np.sum((cdf - (counts <= grid[:, None])) ** 2, axis=0))),
    }
