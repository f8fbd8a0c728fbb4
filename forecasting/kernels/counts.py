r"""Negative-binomial and Poisson probabilities on plain arrays.

Parameterisation: mean :math:`\mu` and over-dispersion :math:`\alpha \ge 0`, variance :math:`\mu + \alpha\mu^2` (NB2; size
:math:`1/\alpha`).  :math:`\alpha = 0` is Poisson and needs no separate formula: every expression below is written so that it
tends to the Poisson one without cancellation.  All arguments broadcast.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, betaincc, gammainc, gammaincc, gammaln

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

TINY_ALPHA = 1e-100
"""Stands for alpha = 0: far below rounding, so the limit is exact, yet its inverse is finite."""

LARGE = 1e5
"""Counts above which the logarithms of factorials cancel to less than nine digits."""

_STIRLING_ALPHA = 1e-4
_TOGETHER = 64  # counts whose log-gammas are taken at a time


def log_rising(y: ArrayLike, alpha: ArrayLike) -> FloatArray:
    r"""Return :math:`\sum_{j<y}\log(1+\alpha j) = \log\Gamma(y+1/\alpha)-\log\Gamma(1/\alpha)+y\log\alpha`.

    The difference of two log-gammas loses every digit once the size :math:`1/\alpha` is large; there Stirling's series
    (DLMF 5.11.1) is used, whose leading terms cancel on paper instead of in floating point.

    Parameters
    ----------
    y : array_like
        Counts, non-negative.
    alpha : array_like
        Over-dispersion, >= 0.

    Returns
    -------
    ndarray
        Broadcast shape; absolute error below 1e-9 for counts up to 1e5.
    """
    count = np.asarray(y, dtype=float)
    dispersion = np.maximum(np.asarray(alpha, dtype=float), TINY_ALPHA)
    alone = not dispersion.ndim or dispersion.shape[-1] == 1
    consecutive = alone and count.ndim == 1 and count.size > 2 and count[-1] - count[0] == count.size - 1
    if consecutive and (np.diff(count) == 1.0).all():
        return _log_rising_steps(count, dispersion)
    near_poisson = dispersion < _STIRLING_ALPHA
    result = np.asarray(_log_rising_gamma(count, np.maximum(dispersion, _STIRLING_ALPHA)))
    if near_poisson.any():
        count, dispersion, near_poisson = np.broadcast_arrays(count, dispersion, near_poisson)
        result[near_poisson] = _log_rising_stirling(count[near_poisson], dispersion[near_poisson])
    return result


def _log_rising_steps(count: FloatArray, alpha: FloatArray) -> FloatArray:
    """Return the same for counts one after the other, by adding up: a tenth of the price, and right at any dispersion."""
    first = log_rising(count[:1], alpha)
    result = np.log1p(alpha * np.maximum(count - 1.0, 0.0))
    result[..., 0] = 0.0
    np.cumsum(result, axis=-1, out=result)
    result += first
    return np.asarray(result)


def _log_rising_gamma(count: FloatArray, alpha: FloatArray) -> FloatArray:
    size = 1.0 / alpha
    result: FloatArray = gammaln(count + size)
    result += count * np.log(alpha) - gammaln(size)
    return result


def _log_rising_stirling(count: FloatArray, alpha: FloatArray) -> FloatArray:
    size = 1.0 / alpha
    total = count + size
    # alpha * count is formed first: the ratio count / size underflows nowhere that matters.
    result = (total - 0.5) * np.log1p(alpha * count) - count
    result += (1.0 - 1.0 / (30.0 * total * total)) / (12.0 * total)
    result -= (1.0 - 1.0 / (30.0 * size * size)) / (12.0 * size)
    return result


def log1p_over(alpha: FloatArray, mean: FloatArray) -> FloatArray:
    r"""Return :math:`\log(1+\alpha\mu)/\alpha`, which is :math:`\mu` at :math:`\alpha = 0`."""
    dispersion = np.maximum(alpha, TINY_ALPHA)
    return np.log1p(dispersion * mean) / dispersion


def logpmf(y: ArrayLike, mean: ArrayLike, alpha: ArrayLike = 0.0) -> FloatArray:
    r"""Return the log probability of the counts `y`.

    .. math:: \log p(y) = \sum_{j<y}\log(1+\alpha j) + y\log\frac{\mu}{1+\alpha\mu}
              - \frac{\log(1+\alpha\mu)}{\alpha} - \log y!

    Parameters
    ----------
    y, mean, alpha : array_like
        Counts, mean >= 0, over-dispersion >= 0; broadcast.

    Returns
    -------
    ndarray
        ``-inf`` where a positive count has mean zero.

    References
    ----------
    Hilbe (2011), Negative Binomial Regression, eq. 8.8 (NB2).
    """
    count, mu, dispersion = (np.asarray(a, dtype=float) for a in (y, mean, alpha))
    large = count > LARGE
    if large.any():
        small = logpmf(np.where(large, 0.0, count), mu, dispersion)
        return np.where(large, _logpmf_of_large(np.where(large, count, LARGE), mu, dispersion), small)
    never = mu == 0
    # The logarithms are taken before broadcasting: a table over many counts costs one multiplication an element.
    log_odds = np.log(np.where(never, 1.0, mu)) - np.log1p(dispersion * mu)
    result = count * log_odds - log1p_over(dispersion, mu)
    result += log_rising(count, dispersion) - gammaln(count + 1.0)
    if never.any():
        result = np.where(never & (count > 0), -np.inf, result)
    return np.asarray(result)


def _logpmf_of_large(y: FloatArray, mean: FloatArray, alpha: FloatArray) -> FloatArray:
    r"""Return the log probability of large counts by Loader's saddle point, whose terms are as small as their sum.

    With size :math:`n=1/\alpha` and :math:`d=n(y-\mu)/(n+\mu)` it is :math:`\delta(n+y)-\delta(n)-\delta(y)
    -D(y,y-d)-D(n,n+d)+\frac12\log\frac{n}{2\pi y(n+y)}`, where :math:`\delta` is the error of Stirling's formula and
    :math:`D(x,m)=x\log(x/m)+m-x` (Loader 2000, Fast and accurate computation of binomial probabilities, section 2).
    """
    alpha = np.maximum(alpha, TINY_ALPHA)
    size = 1.0 / alpha
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        apart = (y - mean) / (1.0 + alpha * mean)
        spread = (1.0 + alpha * y) / (1.0 + alpha * mean)
        result = _stirling_error(y + size) - _stirling_error(size) - _stirling_error(y)
        result = result - _deviance(y, -apart, mean * spread / y) - _deviance(size, apart, spread)
        result = result - 0.5 * np.log(2.0 * np.pi * y * (1.0 + alpha * y))
    return np.asarray(np.where((mean > 0) & np.isfinite(mean), result, -np.inf))


def _deviance(x: FloatArray, apart: FloatArray, ratio: FloatArray) -> FloatArray:
    """Return ``x log(x / m) + m - x``, m being ``x + apart`` or ``ratio * x``, whichever keeps the digits."""
    relative = apart / x
    return np.asarray(apart - x * np.where(np.abs(relative) < 0.5, np.log1p(np.maximum(relative, -0.5)), np.log(ratio)))


def _stirling_error(z: FloatArray) -> FloatArray:
    """Return ``log z! - log(sqrt(2 pi z) (z / e)^z)`` (DLMF 5.11.1)."""
    far = np.maximum(z, 15.0)
    squared = far * far
    series = (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680) / squared) / squared) / squared) / far
    near = np.minimum(z, 15.0)
    plain = gammaln(near + 1.0) - (near + 0.5) * np.log(near) + near - 0.5 * np.log(2.0 * np.pi)
    return np.asarray(np.where(z < 15.0, plain, series))


def mixture(mean: FloatArray, alpha: FloatArray) -> Callable[[IntArray], FloatArray]:
    """Return P(Y = y) ``[N, M]`` of N counts, averaged over S draws with means ``[M, S]`` and one alpha ``[S]`` each.

    What depends on the means alone is computed once, and what depends on alpha once for each different value: twice as fast
    as averaging `logpmf`, and more where draws share their alpha.
    """
    never = mean == 0
    some_never = bool(never.any())
    log_odds = np.log(np.where(never, 1.0, mean)) - np.log1p(alpha * mean)
    log_none = log1p_over(alpha, mean)
    different, which = np.unique(alpha, return_inverse=True)
    terms = np.empty_like(mean)

    def pmf(y: IntArray) -> FloatArray:
        result = np.empty((len(y), len(mean)))
        for start in range(0, len(y), _TOGETHER):
            counts = y[start : start + _TOGETHER, None].astype(float)
            log_ways = log_rising(counts, different) - gammaln(counts + 1.0)
            for n, (count, log_way) in enumerate(zip(counts, log_ways, strict=True), start):
                if count > LARGE:
                    terms[:] = _logpmf_of_large(count, mean, alpha)
                else:
                    np.multiply(log_odds, count, out=terms)
                    np.subtract(terms, log_none, out=terms)
                    np.add(terms, log_way[which] if len(different) > 1 else log_way, out=terms)
                    if some_never and count > 0:
                        terms[never] = -np.inf
                np.add.reduce(np.exp(terms, out=terms), axis=1, out=result[n])
        result /= mean.shape[1]
        return result

    return pmf


def cdf(y: ArrayLike, mean: ArrayLike, alpha: ArrayLike = 0.0) -> FloatArray:
    """Return P(Y <= y); zero below 0 (DLMF 8.17.24 for the negative binomial, 8.4.10 for Poisson)."""
    return _tail(y, mean, alpha, upper=False)


def sf(y: ArrayLike, mean: ArrayLike, alpha: ArrayLike = 0.0) -> FloatArray:
    """Return P(Y > y) with full relative accuracy in the upper tail; one below 0."""
    return _tail(y, mean, alpha, upper=True)


def _tail(y: ArrayLike, mean: ArrayLike, alpha: ArrayLike, *, upper: bool) -> FloatArray:
    count, mu, dispersion = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (y, mean, alpha)))
    count = np.floor(count)
    inside = np.maximum(count, 0.0)
    poisson, small = dispersion < _POISSON_ALPHA, dispersion < _STIRLING_ALPHA
    result = np.empty(count.shape)
    for rule, who in ((_poisson_tail, poisson), (_near_poisson_tail, small & ~poisson), (_plain_tail, ~small)):
        if who.all():
            result = rule(inside, mu, dispersion, upper)
        elif who.any():
            result[who] = rule(inside[who], mu[who], dispersion[who], upper)
    return np.where(count < 0, 1.0 if upper else 0.0, result)


def _poisson_tail(y: FloatArray, mu: FloatArray, _: FloatArray, upper: bool) -> FloatArray:
    if not upper:
        return np.asarray(gammaincc(y + 1.0, mu))
    tail = np.asarray(gammainc(y + 1.0, mu))
    # SciPy's series for counts far above the mean ends after 2,000 terms; a mean beyond 1e5 needs more.
    far = (mu > 1e5) & (mu < LARGEST) & (y > mu + 4.0 * np.sqrt(mu))
    if far.any():
        tail[far] = _near_poisson_tail(y[far], mu[far], 1e-14 / mu[far], upper)
    return tail


def _near_poisson_tail(y: FloatArray, mu: FloatArray, alpha: FloatArray, upper: bool) -> FloatArray:
    # 1 / (1 + alpha mu) loses the digits of alpha as alpha -> 0; its complement, slower elsewhere, does not.
    odds = alpha * mu
    return np.asarray((betainc if upper else betaincc)(y + 1.0, 1.0 / alpha, odds / (1.0 + odds)))


def _plain_tail(y: FloatArray, mu: FloatArray, alpha: FloatArray, upper: bool) -> FloatArray:
    odds, size = alpha * mu, 1.0 / alpha
    if upper:
        return np.asarray(betainc(y + 1.0, size, odds / (1.0 + odds)))
    return np.asarray(betainc(size, y + 1.0, 1.0 / (1.0 + odds)))


_POISSON_ALPHA = 1e-20
"""Below this, alpha * mean is lost to rounding in every probability of counts up to 1e6, the tails included."""

_DEEP_TAIL = 1e-250  # probabilities below are summed from logarithms
_CANCELLED = 1e-6  # share of a tail below which a difference of tails has lost too many digits
_TERMS = 4096

LARGEST = 2.0**53
"""Counts are exact as doubles up to here."""


def log_interval(low: ArrayLike, high: ArrayLike, mean: ArrayLike, alpha: ArrayLike = 0.0) -> FloatArray:
    r"""Return log P(low <= Y <= high), :math:`\log\{F(u)-F(l-1)\}`, to full relative accuracy in either tail.

    Parameters
    ----------
    low, high : array_like
        Inclusive limits; `high` may be ``inf``.
    mean, alpha : array_like
        As in `logpmf`.

    Returns
    -------
    ndarray
        ``-inf`` where the interval is empty.
    """
    lo, hi, mu, dispersion = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (low, high, mean, alpha)))
    above = lo > mu
    endless = np.isinf(hi)
    capped = np.where(endless, 1.0, hi)
    # The tail beyond the limit next to the mean, less the part of it beyond the other limit.
    near = np.where(above, sf(lo - 1.0, mu, dispersion), np.where(endless, 1.0, cdf(capped, mu, dispersion)))
    far = np.where(above, np.where(endless, 0.0, sf(capped, mu, dispersion)), cdf(lo - 1.0, mu, dispersion))
    probability = near - far
    with np.errstate(divide="ignore"):
        result = np.log(np.maximum(probability, 0.0))
    # A difference of two nearly equal tails, or one below the smallest double, is summed term by term instead.
    weak = ((probability < _DEEP_TAIL) | (probability < _CANCELLED * near)) & (hi >= lo)
    if np.any(weak):
        result = np.array(result)
        result[weak] = _log_interval_by_terms(lo[weak], hi[weak], mu[weak], dispersion[weak])
    return np.where(hi < lo, -np.inf, result)


def _log_interval_by_terms(lo: FloatArray, hi: FloatArray, mu: FloatArray, alpha: FloatArray) -> FloatArray:
    """Sum pmf terms from the limit next to the mean outwards and close with a geometric remainder."""
    direction = np.where(lo > mu, 1.0, -1.0)
    near, far = np.where(lo > mu, lo, hi), np.where(lo > mu, hi, lo)
    terms = int(min(_TERMS, (hi - lo).max() + 2.0))
    y = near[:, None] + direction[:, None] * np.arange(terms)
    logs = logpmf(np.maximum(y, 0.0), mu[:, None], alpha[:, None])
    logs[(y < lo[:, None]) | (y > hi[:, None])] = -np.inf
    top = logs.max(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        weights = np.exp(np.where(np.isfinite(top), logs - top, -np.inf))
        last, previous = weights[:, -1], weights[:, -2]
        ratio = np.where(previous > 0, last / previous, 0.0)
        left = np.maximum((far - y[:, -1]) * direction, 0.0)
        rest = np.where(ratio < 1, last * ratio * (1 - ratio**left) / (1 - ratio), 0.0)
        return np.asarray(top[:, 0] + np.log(weights.sum(axis=1) + rest))


def rounding(count: IntArray | FloatArray) -> FloatArray:
    """Return the rounding error of log probabilities of counts of this size: that of their factorials."""
    size = np.asarray(count, dtype=float)
    return np.asarray(np.finfo(float).eps * size * np.log(size))


def integer_search(reaches: Callable[[FloatArray, IntArray], NDArray[np.bool_]], guess: FloatArray) -> IntArray:
    """Return, element by element, the smallest integer y >= 0 for which the monotone test `reaches` holds.

    Parameters
    ----------
    reaches : callable
        ``reaches(y, who)`` tests the values `y` of the elements numbered `who`; false then true as y grows.
    guess : ndarray of float, [N]
        Where to start; a good guess saves calls, a poor one costs no accuracy.

    Returns
    -------
    ndarray of int64, [N]
    """
    everyone = np.arange(guess.size, dtype=np.int64)
    high = guess.astype(float).copy()
    low = high - 1.0
    holds = reaches(high, everyone)
    active, step = everyone[~holds], 1.0
    while active.size:  # walk up until the test holds
        low[active] = high[active]
        high[active] = np.minimum(high[active] + step, LARGEST)
        active = active[~reaches(high[active], active) & (high[active] < LARGEST)]
        step *= 2.0
    active, step = everyone[holds & (low >= 0)], 1.0
    while active.size:  # walk down until it fails
        active = active[reaches(low[active], active)]
        high[active] = low[active]
        low[active] = np.maximum(low[active] - step, -1.0)
        active = active[low[active] >= 0]
        step *= 2.0
    active = everyone[high - low > 1.0]
    while active.size:
        middle = np.floor((low[active] + high[active]) / 2.0)
        holds = reaches(middle, active)
        high[active[holds]] = middle[holds]
        low[active[~holds]] = middle[~holds]
        active = active[high[active] - low[active] > 1.0]
    return high.astype(np.int64)
