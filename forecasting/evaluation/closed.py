r"""Closed forms of scores for one Poisson or negative-binomial distribution, on plain arrays (mean, alpha).

The ranked probability score is :math:`\mathrm{E}|Y-y| - \tfrac12\mathrm{E}|Y-Y'|`.  The first expectation follows from the
cumulative probability and the one of the size-biased count.  The second is usually written with a hypergeometric function
(Wei and Held 2014, TEST 23, app.; Jordan, Krueger and Lerch 2019, JSS 90(12), app. A), which loses its digits near Poisson;
here it is a single integral with positive terms, the same for every alpha including 0.

Examples
--------
>>> from forecasting.evaluation import closed
>>> closed.rps([4, 9], 4.0).round(2)
array([0.45, 3.91])
>>> closed.log_score([4, 9], 4.0, alpha=0.5).round(2)
array([2.21, 3.54])
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecasting.errors import InvalidInput
from forecasting.kernels import counts
from forecasting.kernels.counts import FloatArray
from forecasting.reading.arguments import read_array

_STEP = 0.125
_DECADES = 40.0


def rps(observed: ArrayLike, mean: ArrayLike, alpha: ArrayLike = 0.0) -> FloatArray:
    """Return the ranked probability score of negative binomials with variance mean + alpha mean^2.

    Parameters
    ----------
    observed, mean, alpha : array_like
        Counts, means above 0, over-dispersion of at least 0 (0 is Poisson); broadcast.

    Returns
    -------
    ndarray
        Broadcast shape, units of the counts.  Absolute error some 1e-15 times the larger of count and mean.

    Examples
    --------
    >>> from forecasting.evaluation import closed
    >>> closed.rps(160, 160.0).round(4).item()
    2.9536
    """
    y, mu, a = _read(observed, mean, alpha)
    # Weighted by the count, a negative binomial moves up by one and its size 1 / alpha grows by one.
    biased = counts.cdf(y - 1.0, mu * (1.0 + a), a / (1.0 + a))
    distance = y * (2.0 * counts.cdf(y, mu, a) - 1.0) + mu * (1.0 - 2.0 * biased)
    return np.asarray(np.where(np.isnan(y), np.nan, distance - mean_difference(mu, a) / 2.0))


def mean_difference(mean: ArrayLike, alpha: ArrayLike = 0.0) -> FloatArray:
    r"""Return :math:`\mathrm{E}|Y-Y'|` of two independent counts, Gini's mean difference.

    Notes
    -----
    For whole d, :math:`|d| = \frac1\pi\int_0^\pi\frac{1-\cos dt}{1-\cos t}\,dt`; with d the difference of the counts, whose
    characteristic function is :math:`(1+4\alpha\mu(1+\alpha\mu)\sin^2(t/2))^{-1/\alpha}`, and :math:`w=\tan(t/2)=e^x`,

    .. math:: \mathrm{E}|Y-Y'| = \frac1\pi\int_{-\infty}^\infty e^{-x}\Bigl[1-\Bigl(1+4\alpha\mu(1+\alpha\mu)
              \frac{w^2}{1+w^2}\Bigr)^{-1/\alpha}\Bigr]dx

    The integrand is analytic and decays at both ends: the trapezoidal rule with step 1/8 is exact to rounding.

    Examples
    --------
    >>> from forecasting.evaluation import closed
    >>> round(closed.mean_difference(1e-9).item(), 15)  # one of two rare events
    2e-09
    """
    _, mu, a = _read(0.0, mean, alpha)
    a = np.maximum(a, counts.TINY_ALPHA)
    spread = 4.0 * mu * (1.0 + a * mu)
    # The integrand rises like spread * w and falls like 1 / w: it is centred where the two meet.
    grid = np.arange(-_DECADES, _DECADES, _STEP)
    x = grid - 0.5 * np.log(np.maximum(spread, 1e-300))[..., None]
    x = np.where(spread[..., None] < 1.0, grid, x)
    w = np.exp(x)
    share = 1.0 / (1.0 + np.exp(-2.0 * x))
    lost = -np.expm1(-np.log1p(a[..., None] * spread[..., None] * share) / a[..., None])
    return np.asarray((lost / w).sum(axis=-1) * (_STEP / np.pi))


def log_score(observed: ArrayLike, mean: ArrayLike, alpha: ArrayLike = 0.0) -> FloatArray:
    """Return minus the natural logarithm of the probability of the observed counts; broadcast.

    Examples
    --------
    >>> from forecasting.evaluation import closed
    >>> closed.log_score([4, 9], 4.0).round(2), closed.log_score([4, 9], 4.0, alpha=0.5).round(2)
    (array([1.63, 4.33]), array([2.21, 3.54]))
    """
    return -counts.logpmf(*_read(observed, mean, alpha))


def dawid_sebastiani(observed: ArrayLike, mean: ArrayLike, alpha: ArrayLike = 0.0) -> FloatArray:
    """Return the squared standardised residual plus the logarithm of the variance; broadcast.

    Examples
    --------
    >>> from forecasting.evaluation import closed
    >>> closed.dawid_sebastiani([4, 9], 4.0).round(2)
    array([1.39, 7.64])
    """
    y, mu, a = _read(observed, mean, alpha)
    variance = mu * (1.0 + a * mu)
    return np.asarray(np.square(y - mu) / variance + np.log(variance))


def _read(observed: ArrayLike, mean: ArrayLike, alpha: ArrayLike) -> list[FloatArray]:
    """Return counts, means and over-dispersions of one shape, refused if they are out of their range."""
    y, mu, a = read_array(observed, "observed"), read_array(mean, "mean"), read_array(alpha, "alpha")
    for name, values in (("observed", y), ("mean", mu), ("alpha", a)):
        if np.isinf(values).any() or (values < 0).any():
            raise InvalidInput(f"{name} must be finite and at least 0")
    try:
        return list(np.broadcast_arrays(y, mu, a))
    except ValueError:
        raise InvalidInput(
            f"observed, mean and alpha have shapes {y.shape}, {mu.shape}, {a.shape}; give one for each"
        ) from None
