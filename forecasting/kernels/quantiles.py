r"""Quantiles of negative-binomial and Poisson counts, millions a second.

Where the mean is small, probabilities are summed from zero.  Elsewhere a saddlepoint approximation is inverted for a guess,
right for most counts, and the cumulative probability, by its continued fraction, confirms or moves it.  What is in doubt
by rounding is searched with the reference cdf of `forecasting.kernels.counts`: the quantile inverts that cdf, always.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from forecasting.kernels.counts import LARGEST, FloatArray, IntArray, cdf, integer_search, log1p_over, logpmf

_BLOCK = 4096  # elements in work at a time: their arrays stay in cache
_FEW = 40.0  # mean * (1 + alpha) below which probabilities are summed from zero
_SUMS = (2, 5, 10, 20, 30, 40, 60, 80, 120, 200, 400)  # counts after which elements that have reached their level leave
_HUGE = 1e7  # means and counts up to which rounding leaves the approximations alone
_GUESSES = 2  # Newton steps
_ROUNDS = 3
_SMALLEST_ALPHA = 1e-30  # stands for Poisson
_SLOW = 400.0  # smaller parameter of the beta function from which on the reference is faster than the fraction
_CHECKS = (5, 12, 24, 48)  # terms of the fraction after which elements may leave
_CERTAIN = 10.0  # how many times the last change of a tail must fit into its distance from the level
_ROUNDING = 1e-8  # relative error of a tail, far above that of its logarithms


def quantile(u: ArrayLike, mean: ArrayLike, alpha: ArrayLike = 0.0) -> IntArray:
    r"""Return the smallest y with P(Y <= y) >= u, :math:`F^{-1}(u)`.

    Monotone in `u` and in `mean`, so equal uniforms couple two scenarios path by path.

    Parameters
    ----------
    u : array_like
        Probabilities in [0, 1).
    mean, alpha : array_like
        As in `forecasting.kernels.counts.logpmf`.

    Returns
    -------
    ndarray of int64
        Broadcast shape; means and values past 2^53 count as 2^53.

    Examples
    --------
    >>> quantile([0.05, 0.5, 0.95], 10.0, 0.2).tolist()
    [3, 9, 20]
    """
    level, mu, dispersion = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (u, mean, alpha)))
    flat = [level.ravel(), np.minimum(mu.ravel(), LARGEST), dispersion.ravel()]
    result = np.empty(level.size, dtype=np.int64)
    for start in range(0, level.size, _BLOCK):
        part = slice(start, start + _BLOCK)
        result[part] = _quantile(*(values[part] for values in flat))
    return result.reshape(level.shape)


def _quantile(u: FloatArray, mu: FloatArray, alpha: FloatArray) -> IntArray:
    y, doubtful = np.floor(np.minimum(mu, LARGEST)), np.ones(u.size, dtype=bool)
    few = mu * (1.0 + alpha) < _FEW
    for method, who in ((_summed, few), (_inverted, ~few & (mu <= _HUGE))):
        if who.all():
            y, doubtful = method(u, mu, alpha)
        elif who.any():
            y[who], doubtful[who] = method(u[who], mu[who], alpha[who])
    rest = np.flatnonzero(doubtful)
    if rest.size:

        def reaches(count: FloatArray, who: IntArray) -> NDArray[np.bool_]:
            return cdf(count, mu[rest[who]], alpha[rest[who]]) >= u[rest[who]]

        y[rest] = integer_search(reaches, y[rest])
    return y.astype(np.int64)


def _summed(u: FloatArray, mu: FloatArray, alpha: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the counts at which probabilities, summed from zero, reach `u`; and where rounding leaves that in doubt."""
    y, doubtful = np.zeros(u.size), np.ones(u.size, dtype=bool)
    odds, rate = alpha * mu, mu / (1.0 + alpha * mu)
    pmf = np.exp(-log1p_over(alpha, mu))
    left = u - pmf  # what the sum still lacks
    state = [pmf, rate, odds / (1.0 + odds), left, np.abs(left), (left > 0.0).astype(float)]
    who, n = np.arange(u.size), 0
    for upto in _SUMS:
        pmf, rate, growth, left, nearest, count = state
        while n < upto:
            n += 1
            pmf = pmf * rate
            pmf /= n
            rate = rate + growth
            left = left - pmf
            nearest = np.minimum(nearest, np.abs(left))
            count = count + (left > 0.0)
        reached = left <= 0.0
        y[who], doubtful[who] = count, ~reached | (nearest < 1e-12)
        more = np.flatnonzero(~reached)
        if not more.size:
            break
        who = who[more]
        state = [values[more] for values in (pmf, rate, growth, left, nearest, count)]
    return y, doubtful


def _inverted(u: FloatArray, mu: FloatArray, alpha: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return counts from the saddlepoint, moved until they are confirmed; and those that are not."""
    dispersion = np.maximum(alpha, _SMALLEST_ALPHA)
    y, doubtful, left = _guess(u, mu, dispersion), np.ones(u.size, dtype=bool), np.arange(u.size)
    for _ in range(_ROUNDS):
        y[left], settled, unclear = _confirm(y[left], u[left], mu[left], dispersion[left])
        doubtful[left[settled]] = False
        left = left[~(settled | unclear)]
        if not left.size:
            break
    return y, doubtful


def _guess(u: FloatArray, mu: FloatArray, alpha: FloatArray) -> FloatArray:
    r"""Return counts at which the modified signed root :math:`r^*` of the deviance equals the normal quantile.

    :math:`r^*=w+\log(v/w)/w`, with w the signed root of the deviance of a count half a step up and v its Wald statistic on
    the lattice (Daniels 1987, International Statistical Review 55, sec. 6; Barndorff-Nielsen 1986, Biometrika 73).  Newton
    steps in the logarithm start at the cube-root approximation of Wilson and Hilferty (1931).
    """
    z = ndtri(np.clip(u, 1e-300, 1.0 - 1e-16))
    scaled = alpha * mu
    total = 1.0 + scaled
    ninth = total / (9.0 * mu)
    y: FloatArray = mu * np.maximum(1.0 - ninth + z * np.sqrt(ninth), 0.05) ** 3
    np.maximum(y, 0.3, out=y)
    flat = alpha < 1e-8  # where the logarithm of the ratio of variances over alpha is its first term
    inverse = 1.0 / np.where(flat, 1.0, alpha)
    for _ in range(_GUESSES):
        away = y - mu
        ratio = np.log1p(alpha * away / total)
        theta = np.log(y / mu) - ratio
        deviance = y * theta - np.where(flat, away / total, ratio * inverse)
        w = np.copysign(np.sqrt(2.0 * np.maximum(deviance, 1e-6)), away)
        spread = y * (1.0 + alpha * y)
        v = 2.0 * np.abs(np.sinh(0.5 * theta)) * np.sqrt(spread)
        with np.errstate(divide="ignore"):
            shift = np.log(v / np.abs(w)) / w
        centre = deviance < 1e-6  # the mean, where r* is w and the steps of w are standard deviations
        slope = np.where(centre, np.sqrt(y / total), y * theta / w)
        error = np.where(centre, z - away / np.sqrt(spread), z - w - shift)
        y = y * np.exp(np.clip(error / slope, -1.5, 1.5))
    return np.asarray(np.maximum(np.ceil(y - 0.5), 0.0))


def _confirm(
    y: FloatArray, u: FloatArray, mu: FloatArray, alpha: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return better counts than `y`, which of `y` are the quantiles already, and where this method cannot tell."""
    pmf = np.exp(logpmf(y, mu, alpha))
    excess, unclear = _excess(y, u, mu, alpha, pmf)
    settled = (excess > 0.0) & ((excess < pmf) | (y == 0.0)) & ~unclear
    wrong = np.flatnonzero(~(settled | unclear))
    moved = y.copy()
    moved[wrong] = _moved(y[wrong], excess[wrong], pmf[wrong], mu[wrong], alpha[wrong])
    return moved, settled, unclear


def _moved(y: FloatArray, excess: FloatArray, pmf: FloatArray, mu: FloatArray, alpha: FloatArray) -> FloatArray:
    """Return the counts where P(Y <= y) is smaller by `excess`, if probabilities grow by the same factor at each count."""
    growth = np.log(mu * (1.0 + alpha * y) / ((1.0 + alpha * mu) * (y + 1.0)))
    growth = np.where(np.abs(growth) < 1e-12, 1e-12, growth)
    missing = -excess / np.maximum(pmf * np.exp(0.5 * growth), 1e-300)
    step = np.log1p(np.clip(growth * missing, -0.9, 10.0)) / growth
    return np.asarray(np.clip(np.ceil(y + step), 0.0, _HUGE))


def _excess(
    y: FloatArray, u: FloatArray, mu: FloatArray, alpha: FloatArray, pmf: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return P(Y <= y) - u, as accurate as its sign and that of P(Y < y) - u ask for, and where they stay unclear.

    The tail beyond `y`, seen from the mean, is a multiple of a continued fraction of the incomplete beta function
    (Didonato and Morris 1992, ACM TOMS 18, p. 365), carried on for each element until the level is out of its reach.
    """
    total, size, beyond = 1.0 + alpha * mu, 1.0 / alpha, y + 1.0
    excess, unclear = np.zeros(y.size), np.ones(y.size, dtype=bool)
    slow = (np.minimum(size, beyond) > _SLOW) | (alpha == _SMALLEST_ALPHA)
    if slow.any():
        known = cdf(y[slow], mu[slow], alpha[slow])
        excess[slow] = known - u[slow]
        unclear[slow] = np.abs(excess[slow] - pmf[slow]) < _ROUNDING * known
    lower, odds = mu >= beyond, alpha * mu
    a, b = np.where(lower, size, beyond), np.where(lower, beyond, size)
    x, rest = np.where(lower, 1.0, odds) / total, np.where(lower, odds, 1.0) / total
    inverse, offset = 1.0 / a, np.abs(mu - beyond) / total + 1.0
    first = (inverse + 1.0) / offset
    scale = np.where(lower, pmf, -pmf) * (1.0 + alpha * y) * mu / total
    fixed = [a, b, a * x, 1.0 + rest, inverse, b * inverse, offset, scale, np.where(lower, u, u - 1.0), pmf]
    moving = [np.zeros(y.size), first.copy(), first]
    left = np.arange(y.size)
    if slow.any():
        left = np.flatnonzero(~slow)
        fixed, moving = [v[left] for v in fixed], [v[left] for v in moving]
    done = 0
    for upto in _CHECKS:
        if not left.size:
            break
        moving, change = _carry_on(fixed, moving, done, upto)
        *_, scale, level, width = fixed
        tail = scale * moving[-1]
        found = tail - level
        room = np.minimum(np.minimum(np.abs(found), np.abs(found - width)), 2.0 * width)
        clear = np.abs(scale * change) * _CERTAIN + np.abs(tail) * _ROUNDING + 1e-15 < room
        excess[left[clear]], unclear[left[clear]] = found[clear], False
        kept = np.flatnonzero(~clear)
        left, done = left[kept], upto
        fixed, moving = [v[kept] for v in fixed], [v[kept] for v in moving]
    return excess, unclear


def _carry_on(
    fixed: list[FloatArray], moving: list[FloatArray], done: int, upto: int
) -> tuple[list[FloatArray], FloatArray]:
    """Return the state of the continued fraction after `upto` terms instead of `done`, and its last change."""
    a, b, scaled, rest, inverse, lead, offset, *_ = fixed
    top, bottom, value = moving
    before, p = value, 1.0 + done * inverse
    for n in range(done + 1, upto + 1):
        share, w = scaled / (a + (2.0 * n - 1.0)), b - n
        w *= n
        w *= share
        numerator = p + lead
        numerator *= p
        numerator *= w
        numerator *= share
        step = p + inverse
        denominator = step / (step + n * inverse + inverse)
        denominator *= offset + n * rest
        w *= inverse
        denominator += w
        denominator += n
        bottom *= numerator
        bottom += denominator
        np.divide(1.0, bottom, out=bottom)
        numerator *= top
        denominator *= value
        numerator += denominator
        numerator *= bottom
        top, before, value, p = value * bottom, value, numerator, step
    return [top, bottom, value], value - before
