r"""Quantiles of negative-binomial and Poisson counts, millions a second.

Methods of rising price, each of which takes what those before it leave in doubt and knows a bound of its error in counts:

- where zero is not rare, probabilities are summed from zero;
- a corrected saddlepoint approximation is inverted, which tells all counts but those next to a whole number, unless mean
  and over-dispersion are both large;
- one cumulative probability near the quantile, by a continued fraction, and a series for what is missing;
- the same with the cdf of `forecasting.kernels.counts`, and at last a search with it.

The quantile inverts that cdf, always.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from forecasting.kernels.counts import (
    LARGEST,
    FloatArray,
    IntArray,
    cdf,
    integer_search,
    log1p_over,
    logpmf,
    rounding,
)

Verdict = tuple[FloatArray, NDArray[np.bool_]]
"""Counts, and where they are in doubt."""

_BLOCK = 16384  # elements in work at a time: their arrays stay in cache
_SMALLEST_ALPHA = 1e-30  # stands for Poisson
_RARE = 0.05  # probability of zero from which on probabilities are summed
_SUMS = (2, 5, 10, 20)  # counts after which elements that have reached their level leave
_SMALL, _HUGE = 0.5, 1e8  # means between which approximations are asked
_FAR = 4.4  # normal quantiles up to which they are, and up to which a far cdf is as good as a near one
_NEWTON = 2
_CENTRE = 0.03  # standard deviations from the mean within which r* is a series
_COARSE = 0.2  # counts by which an approximation may be wrong and still be asked
_CHECKS = (4, 8, 12, 24)  # terms of the fraction after which elements may leave
_ENOUGH = 0.005  # counts by which the fraction may be wrong
_CERTAIN = 4.0  # how many times its last change the fraction may still move
_UPPER = 0.999  # probability from which on the fraction may stand still before it is right
_ROUNDING = 1e-10  # relative error of the cdf, far above what it is


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
    flat = level.ravel(), np.minimum(mu.ravel(), LARGEST), np.maximum(dispersion.ravel(), _SMALLEST_ALPHA)
    y, doubtful = np.floor(flat[1]), np.ones(level.size, dtype=bool)
    for method, suits, fewest in _METHODS:
        left = np.flatnonzero(doubtful)
        for start in range(0, left.size if left.size >= fewest else 0, _BLOCK):
            who = left[start : start + _BLOCK]
            part = [values[who] for values in flat]
            suited = suits(*part)
            if not suited.all():
                who, part = who[suited], [values[suited] for values in part]
            if who.size:
                y[who], doubtful[who] = method(y[who], *part)
    return np.asarray(y.astype(np.int64).reshape(level.shape))


def _zero_not_rare(u: FloatArray, mu: FloatArray, alpha: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(log1p_over(alpha, mu) < -np.log(_RARE))


def _moderate(u: FloatArray, mu: FloatArray, alpha: FloatArray) -> NDArray[np.bool_]:
    return (np.abs(u - 0.5) < ndtr(_FAR) - 0.5) & (mu > _SMALL) & (mu < _HUGE)


def _all(u: FloatArray, mu: FloatArray, alpha: FloatArray) -> NDArray[np.bool_]:
    return np.ones(u.size, dtype=bool)


def _summed(y: FloatArray, u: FloatArray, mu: FloatArray, alpha: FloatArray) -> Verdict:
    """Return the counts at which probabilities, summed from zero, reach `u`; and where they do not or rounding leaves doubt."""
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


def _approximated(y: FloatArray, u: FloatArray, mu: FloatArray, alpha: FloatArray) -> Verdict:
    """Return counts from the saddlepoint approximation, and where its error leaves them in doubt."""
    root, error = _inverted(u, mu, alpha)
    certain = (np.abs(root - np.rint(root)) > error) & (error < _COARSE)
    return np.maximum(np.ceil(root), 0.0), ~certain


def _inverted(u: FloatArray, mu: FloatArray, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Return where the distribution function, continued between counts, reaches `u`, and bounds of the errors, in counts.

    There the normal quantile equals :math:`r^*+c`, with :math:`r^*=w+\log(v/w)/w`, w the signed root of the deviance of the
    count half a step up and v its Wald statistic on the lattice (Daniels 1987, International Statistical Review 55, sec. 6;
    Barndorff-Nielsen 1986, Biometrika 73).  With variance V, and :math:`\theta\approx w/\sqrt V`, the shift
    :math:`\log(v/w)/w` tends to :math:`\{(1+2\alpha\mu)/6-\theta(1+\alpha V)/36\}/\sqrt V` at the mean.  The next term of the
    expansion is :math:`c=(1+2\alpha\mu)(64+13\alpha V)/(3240V^{3/2})` near the mean: the constants for Poisson, 8/405, and for
    gamma, 13/1620, are those of the median.  What remains is of the order :math:`V^{1/2}(\alpha+1/\mu)^2`; its factor has been
    measured, with room to spare.  Newton steps in the logarithm start at the cube root of Wilson and Hilferty (1931).
    """
    z = ndtri(np.clip(u, 1e-300, 1.0 - 1e-16))
    total = 1.0 + alpha * mu
    variance, ninth = mu * total, total / (9.0 * mu)
    deviation, heavy = np.sqrt(variance), alpha * variance
    skewness = (2.0 * total - 1.0) / deviation
    target = z - skewness * (64.0 + 13.0 * heavy) / (3240.0 * variance)
    level, tilt = skewness / 6.0, (1.0 + heavy) / (36.0 * variance)
    y: FloatArray = mu * np.maximum(1.0 - ninth + z * np.sqrt(ninth), 0.05) ** 3
    np.maximum(y, 0.3, out=y)
    for _ in range(_NEWTON):
        away = y - mu
        ratio = np.log1p(alpha * away / total)
        theta = np.log1p(away / mu) - ratio
        lean = y * theta
        w = np.copysign(np.sqrt(2.0 * np.maximum(lean - ratio / alpha, 0.0)), away)
        v = 2.0 * np.sinh(0.5 * theta) * np.sqrt(y * (1.0 + alpha * y))
        centre = np.abs(w) < _CENTRE
        divisor = np.where(centre, 1.0, w)
        shift = np.where(centre, level - tilt * w, np.log(np.where(centre, 1.0, v / divisor)) / divisor)
        slope = np.where(centre, np.sqrt(y / total), lean / divisor)
        y = y * np.exp(np.clip((target - w - shift) / slope, -1.5, 1.5))
    factor = (0.01 + 0.05 / total) * (1.0 + z * z)
    error = factor * deviation * np.square(total / mu) + 1e-6 * deviation
    return y - 0.5, np.where((np.abs(z) < _FAR) & (y > 2.0), error, np.inf)


def _moved_by_fraction(y: FloatArray, u: FloatArray, mu: FloatArray, alpha: FloatArray) -> Verdict:
    return _moved(y, u, mu, alpha, exact=False)


def _moved_by_reference(y: FloatArray, u: FloatArray, mu: FloatArray, alpha: FloatArray) -> Verdict:
    return _moved(y, u, mu, alpha, exact=True)


def _moved(y: FloatArray, u: FloatArray, mu: FloatArray, alpha: FloatArray, exact: bool) -> Verdict:
    r"""Return better counts than `y`, from P(Y <= y) by the reference or by the fraction, and where they are in doubt.

    The distance d to the quantile solves :math:`F(y+d)=u`, by the inverse of the series of F in :math:`\log(N+d)` to the fifth
    order (Abramowitz and Stegun 1964, 3.6.25), :math:`N=y+(1+1/\alpha)/2`.  In this coordinate a negative binomial is nearly
    the logarithm of a gamma variable, whose density g has :math:`p=(\log g)'` and :math:`q=p'=p''=p'''`.  The density is the
    probability half a step up, corrected by the next term of the midpoint rule.  What the series and the lattice leave
    out is bounded by multiples, measured with room to spare, of powers of d in units of the scale on which the density changes.
    """
    beyond, climb = y + 1.0, 1.0 + alpha * y
    pmf = np.exp(logpmf(y, mu, alpha))
    slope = np.log(mu * climb / ((1.0 + alpha * mu) * beyond))
    bend = alpha / climb - 1.0 / beyond
    density = pmf * np.exp(0.5 * slope - bend / 6.0 - slope * slope / 24.0) + 1e-300
    if exact:
        reached = cdf(y, mu, alpha)
        error = _ROUNDING * reached
    else:
        reached, error = _cumulative(y, mu, alpha, pmf, _ENOUGH * density)
    centre = y + 0.5 + 0.5 / alpha
    p, q = 1.0 + centre * slope, centre * (slope + centre * bend)
    part = (u - reached) / (density * centre)
    power = np.abs(part) * (0.5 + np.abs(p) + np.sqrt(np.abs(q)))
    near = power < 0.5
    part = np.where(near, part, part * 0.5 / np.maximum(power, 0.5))
    part[np.isinf(error)] = 0.0
    away = centre * np.expm1(_inverse_series(part, p, q))
    rough = slope * slope + np.abs(bend)
    lost = 0.2 * power * np.square(np.square(power)) + 0.1 * rough * (1.0 + rough)
    error = error / density + np.abs(away) * (lost + 4.0 * rounding(beyond + 1.0) + 1e-8)
    whole = np.rint(away)
    close = np.abs(away - whole) <= error
    if exact:
        close &= whole != 0.0  # on which side of y itself the quantile lies is certain
    return np.clip(y + np.ceil(away), 0.0, LARGEST), close | ~near | ~(error < _COARSE)


def _inverse_series(part: FloatArray, p: FloatArray, q: FloatArray) -> FloatArray:
    square = p * p
    series = (square * (24.0 * square - 46.0 * q) + q * (7.0 * q + 11.0 * p - 1.0)) / 120.0
    series = (p * (6.0 * square - 7.0 * q) + q) / 24.0 - part * series
    series = (2.0 * square - q) / 6.0 - part * series
    return np.asarray(part * (1.0 - part * (0.5 * p - part * series)))


def _cumulative(
    y: FloatArray, mu: FloatArray, alpha: FloatArray, pmf: FloatArray, wanted: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return P(Y <= y) and a bound of its error, less than `wanted` where few terms make it so.

    It is a multiple of a continued fraction of the incomplete beta function (Didonato and Morris 1992, ACM TOMS 18, p. 365),
    carried on for each element until it changes little enough.  That of the lower tail needs few terms on either side of the
    mean, unless both the size and the count are large.
    """
    x, a, b = 1.0 / (1.0 + alpha * mu), 1.0 / alpha, y + 1.0
    first = (mu - b) * x + 1.0
    scale = pmf * (1.0 + alpha * y) * mu * x
    fixed = [x, a, b * x, (a + b) * x, 2.0 - x, first, scale, wanted]
    moving = [np.zeros(y.size), np.ones(y.size), np.ones(y.size), first / (1.0 + alpha)]
    value, error, left, done = np.zeros(y.size), np.full(y.size, np.inf), np.arange(y.size), 0
    for upto in _CHECKS:
        ratio, change = _carry_on(fixed, moving, done, upto)
        value[left], error[left] = fixed[-2] * ratio, _CERTAIN * fixed[-2] * change
        kept = np.flatnonzero(~(error[left] < fixed[-1]))
        if not kept.size:
            break
        left, done = left[kept], upto
        fixed, moving = [v[kept] for v in fixed], [v[kept] for v in moving]
    known = (error < np.inf) & (value < _UPPER)
    return np.where(known, value, 0.0), np.where(known, error + (4.0 * rounding(b) + 1e-9) * value, np.inf)


def _carry_on(fixed: list[FloatArray], moving: list[FloatArray], done: int, upto: int) -> tuple[FloatArray, FloatArray]:
    """Carry numerators and denominators on from `done` to `upto` terms; return their ratio and its last change."""
    x, a, bx, abx, rest, first, *_ = fixed
    before, top, below, bottom = moving
    for n in range(done + 1, upto + 1):
        s = a + (2.0 * n - 1.0)
        w = n * (bx - n * x) / s
        numerator = (a + (n - 1.0)) * (abx + (n - 1.0) * x) * w / s
        denominator = (a + n) / (s + 2.0) * (first + n * rest) + w + n
        before, top = top, numerator * before + denominator * top
        below, bottom = bottom, numerator * below + denominator * bottom
    moving[:] = before, top, below, bottom
    ratio = top / bottom
    return ratio, np.abs(ratio - before / below)


def _searched(y: FloatArray, u: FloatArray, mu: FloatArray, alpha: FloatArray) -> Verdict:
    """Return the counts that the reference finds, from `y`."""

    def reaches(count: FloatArray, who: IntArray) -> NDArray[np.bool_]:
        return cdf(count, mu[who], alpha[who]) >= u[who]

    return integer_search(reaches, y).astype(float), np.zeros(y.size, dtype=bool)


_METHODS = (  # who is suited, and how many are worth the calls
    (_summed, _zero_not_rare, 1),
    (_approximated, _moderate, 1),
    (_moved_by_fraction, _moderate, 1000),
    (_moved_by_reference, _moderate, 1),
    (_moved_by_reference, _moderate, 10),
    (_searched, _all, 1),
)
