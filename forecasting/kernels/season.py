r"""A quick season: harmonics of the log ratio of each month to the year around it, shrunk by how much they explain.

.. math:: \log\frac{y_t + 1/2}{c_t + 1/2} = z_t'b + e_t,\qquad e_t \sim N(0, s^2 / w_t),\qquad b_j \sim N(0, \tau^2 / h_j),

with the centred mean c of twelve months, the order h of a harmonic, and weights w by the delta method for a count of mean c.
For each of a few :math:`\tau` the posterior of b is normal in closed form; they are weighted by their marginal likelihood
(empirical Bayes on a grid).  It serves where a season is wanted before the level is known; months whose ratio is far from
that of the same month in other years, as after a break, weigh less.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.counts import FloatArray

_SHORTEST = 18  # months, below which a year around most months is not there
_SCALES = np.array([0.02, 0.05, 0.1, 0.2, 0.4])  # tau: from nothing to a season that doubles the mean
_LEAST = 1e-4  # of the residual variance, where ratios are all alike
_EXTRA = 0.01  # variance of a log ratio beyond that of a Poisson count: over-dispersion of 0.1 squared
_FAR = 3.0  # deviations from the median of its calendar month, past which a ratio weighs less: by their square
_DEVIATION = 2.0  # over the median distance from the median, in four to six years (simulated, normal)
_ORDER = np.array([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5])


class Season(NamedTuple):
    """Harmonics of the year: posterior mean ``[11]`` and root of the covariance ``[11, 11]`` of their coefficients."""

    mean: FloatArray
    root: FloatArray

    def log_factors(self, positions: NDArray[np.int64]) -> FloatArray:
        """Return the expected log factors of months, numbered from the first that was fitted."""
        return harmonics(positions) @ self.mean

    def variance(self, positions: NDArray[np.int64]) -> FloatArray:
        """Return the variance of the log factors."""
        return np.asarray(np.square(harmonics(positions) @ self.root).sum(axis=1))

    def draw(self, positions: NDArray[np.int64], size: int, rng: np.random.Generator) -> FloatArray:
        """Return log factors ``[size, H]``, one draw of the coefficients per row."""
        drawn = self.mean + rng.standard_normal((size, self.mean.size)) @ self.root.T
        return np.asarray(drawn @ harmonics(positions).T)


def harmonics(positions: NDArray[np.int64]) -> FloatArray:
    """Return six cosines and five sines of the year ``[T, 11]`` for months numbered ``[T]``."""
    angle = 2.0 * np.pi * np.asarray(positions)[:, None] * np.arange(1, 7) / 12.0
    return np.concatenate([np.cos(angle), np.sin(angle[:, :5])], axis=1)


def centred_year(counts: FloatArray, missing: NDArray[np.bool_]) -> FloatArray:
    """Return the mean of the known months within half a year of each ``[T]``; the ends repeat their year."""
    window = np.r_[0.5, np.ones(11), 0.5]
    known = (~missing).astype(float)
    years = ((counts[part], known[part]) for part in (slice(None, 12), slice(-12, None)))
    first, last = (float((y * seen).sum() / max(seen.sum(), 1.0)) for y, seen in years)
    padded = np.r_[np.full(6, first), counts * known, np.full(6, last)]
    weight = np.r_[np.ones(6), known, np.ones(6)]
    held = np.maximum(np.convolve(weight, window, "valid"), 0.5)
    return np.asarray(np.convolve(padded, window, "valid") / held, dtype=float)


def fit_season(counts: FloatArray, missing: NDArray[np.bool_]) -> Season | None:
    """Fit the season of months ``[T]``, a ridge with its scale by marginal likelihood; None if there are too few to see one.

    The evidence of each scale is that of a normal linear model (Bishop 2006, Pattern Recognition and Machine Learning, 3.5).

    Parameters
    ----------
    counts : ndarray, [T]
        What stands where `missing` is true means nothing.
    missing : ndarray of bool, [T]
        Months without a count.
    """
    if (~missing).sum() < _SHORTEST:
        return None
    year = centred_year(counts, missing)[~missing] + 0.5
    ratio = np.log((counts[~missing] + 0.5) / year)
    months = np.flatnonzero(~missing)
    weight = 1.0 / (1.0 / year + _EXTRA)
    weight *= _belief(ratio, weight, months)
    weight /= weight.mean()
    ratio -= np.average(ratio, weights=weight)
    design = harmonics(months)
    found = [_ridge(design, ratio, weight, scale**2 / _ORDER) for scale in _SCALES]
    log_evidence = np.array([evidence for evidence, _, _ in found])
    share = np.exp(log_evidence - log_evidence.max())
    share /= share.sum()
    mean = np.sum([part * b for part, (_, b, _) in zip(share, found, strict=True)], axis=0)
    root = np.linalg.cholesky(found[int(share.argmax())][2])
    return Season(np.asarray(mean, dtype=float), np.asarray(root, dtype=float))


def _belief(ratio: FloatArray, weight: FloatArray, months: NDArray[np.int64]) -> FloatArray:
    """Return the share of its weight ``[t]`` that each ratio keeps; a break must not be taken for a season.

    A deviation is never taken as smaller than one: that of a count with no more than the usual scatter.
    """
    usual = np.zeros(ratio.size)
    for alike in (months % 12 == month for month in range(12)):
        if alike.any():
            usual[alike] = np.median(ratio[alike])
    distance = np.abs(ratio - usual) * np.sqrt(weight)
    far = _FAR * max(_DEVIATION * float(np.median(distance)), 1.0)
    return np.asarray(np.square(far / np.maximum(distance, far)))


def _ridge(
    design: FloatArray, ratio: FloatArray, weight: FloatArray, prior: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Return log evidence, mean and covariance of the coefficients, the residual variance found by three rounds."""
    gram, moment = (design.T * weight) @ design, (design.T * weight) @ ratio
    variance = max(float(np.average(np.square(ratio), weights=weight)), _LEAST)
    for _ in range(3):
        precision = gram / variance + np.diag(1.0 / prior)
        covariance = np.linalg.inv(precision)
        mean = covariance @ moment / variance
        squares = float((weight * np.square(ratio - design @ mean)).sum())
        used = float(np.trace(covariance @ gram)) / variance
        variance = max(squares / max(ratio.size - used, 1.0), _LEAST)
    log_evidence = -0.5 * (
        ratio.size * np.log(variance)
        + squares / variance
        + float((np.square(mean) / prior).sum())
        + float(np.linalg.slogdet(precision)[1])
        + float(np.log(prior).sum())
    )
    return float(log_evidence), mean, np.asarray(covariance, dtype=float)
