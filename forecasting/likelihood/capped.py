r"""A limited total of two to four months none of which may be above c, for every c at once.

"July was the highest" leaves each quarter its total and, for each count of July, a common upper limit of its months.  With the
limit c raised by one, vectors are added in which some month is c.  For two months, and totals n within l..u,

.. math:: Q_t^c(z)=\sum_{n=l}^up_t(n-z)\,1\{n-z\le c\},\qquad
    U^c(y)-U^{c-1}(y)=p_1(c)\,Q_2^c(y+c)+p_2(c)\,Q_1^{c-1}(y+c),

where U(y) is the probability of both months and of a total that others take y out of; three months have the probability
:math:`\sum_{y\le c}p_3(y)U^c(y)`, four the same with the sum of the last two.  Only probabilities are added, never subtracted,
and a tilt of all months brings the total to where it is known to be, so no digit is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.distributions import Distribution
from forecasting.kernels import sums
from forecasting.kernels.counts import FloatArray, IntArray

MOST = 4
"""Months of a total."""

WIDEST = 32
"""Values that the total may have."""

_CHUNK = 200_000  # entries of a table in work at a time


def log_capped(
    low: int,
    high: int,
    lower: IntArray,
    upper: FloatArray,
    caps: IntArray,
    mean: FloatArray,
    shape: Sequence[FloatArray],
    distribution: Distribution,
) -> FloatArray:
    r"""Return the log probability ``[S, K]``, :math:`\log P(l\le\sum_tY_t\le u,\max_tY_t\le c)`, for each of K limits c.

    Parameters
    ----------
    low, high : int
        Limits of the total, both included.
    lower, upper : ndarray, [m]
        Ranges of the two to four months, whatever the common limit is.
    caps : ndarray of int, [K]
        Common upper limits, increasing.
    mean : ndarray, [S, m]
        Means of the months.
    shape : sequence of ndarray, [S]
        Shape parameters of `distribution`.
    distribution : Distribution
        Of a month given its mean.
    """
    found, size = np.empty((len(mean), len(caps))), max(1, _CHUNK // (high + 1))
    for start in range(0, len(mean), size):
        here = slice(start, start + size)
        at = mean[here], [s[here] for s in shape], distribution
        tables, outside, log_scale = _tilted(low, high, lower, upper, int(caps[-1]), *at)
        with np.errstate(divide="ignore"):
            found[here] = np.log(_below(tables, outside, caps)) + log_scale[:, None]
    return found


def _tilted(
    low: int,
    high: int,
    lower: IntArray,
    upper: FloatArray,
    cap: int,
    mean: FloatArray,
    shape: Sequence[FloatArray],
    distribution: Distribution,
) -> tuple[list[FloatArray], FloatArray, FloatArray]:
    """Return tilted tables ``[S, high + 1]`` of the months, what undoes that for each total ``[S, w]``, and the log scale."""
    counts = np.arange(high + 1.0)
    logs = distribution.logpmf(counts, mean[:, :, None], *(s[:, None, None] for s in shape))
    allowed = (counts >= lower[:, None]) & (counts <= np.minimum(upper, cap)[:, None])
    logs = np.where(allowed, logs, -np.inf)
    powers = np.stack([np.ones_like(counts), counts, np.square(counts)], axis=1)

    def moments(tilt: FloatArray, who: IntArray) -> tuple[FloatArray, FloatArray]:
        exponent = logs[who] + tilt[:, None, None] * counts
        found = np.exp(exponent - exponent.max(axis=2, keepdims=True)) @ powers
        first = found[:, :, 1] / found[:, :, 0]
        return first.sum(axis=1), np.maximum(found[:, :, 2] / found[:, :, 0] - np.square(first), 0.0).sum(axis=1)

    middle = 0.5 * (max(low, int(lower.sum())) + min(high, float(np.minimum(upper, cap).sum())))
    tilt = sums.tilt_to(np.full(len(mean), middle), moments, np.zeros(len(mean)), np.arange(len(mean)))
    exponent = logs + tilt[:, None, None] * counts
    top = exponent.max(axis=2)
    tables = np.exp(exponent - top[:, :, None])
    back = -tilt[:, None] * np.arange(low, high + 1.0)
    most = back.max(axis=1)
    return list(np.moveaxis(tables, 1, 0)), np.exp(back - most[:, None]), top.sum(axis=1) + most


def _below(tables: Sequence[FloatArray], outside: FloatArray, caps: IntArray) -> FloatArray:
    """Return the probability ``[S, K]`` of the total under each limit, from the tables and the weights of its values."""
    first, second, *rest = tables
    high, width = first.shape[1] - 1, outside.shape[1]
    low = high + 1 - width
    wanted, place = np.unique(np.minimum(caps, high), return_inverse=True)
    start = int(wanted[0])
    one, two = (_within(table[:, : start + 1], outside, high) for table in (first, second))
    both = _within(_added(first[:, : start + 1], second[:, : start + 1], high), outside, high)
    others = _added(rest[0][:, : start + 1], rest[1][:, : start + 1], high) if len(rest) == 2 else first

    def probability(c: int) -> FloatArray:
        if not rest:
            return both[:, 0].copy()
        last, end = (others, high) if len(rest) == 2 else (rest[0], c)
        return np.asarray(np.einsum("sy,sy->s", last[:, : end + 1], both[:, : end + 1]))

    def allow(windowed: FloatArray, table: FloatArray, c: int) -> None:
        begin = max(low - c, 0)
        windowed[:, begin : high - c + 1] += table[:, c, None] * outside[:, begin + c - low :]

    found = [probability(start)]
    for c in range(start + 1, int(wanted[-1]) + 1):
        allow(two, second, c)
        both[:, : high + 1 - c] += first[:, c, None] * two[:, c:] + second[:, c, None] * one[:, c:]
        allow(one, first, c)
        if len(rest) == 2:
            third, fourth = rest
            end = min(2 * c, high)
            others[:, c : end + 1] += third[:, c, None] * fourth[:, : end + 1 - c]
            end = min(2 * c - 1, high)
            others[:, c : end + 1] += fourth[:, c, None] * third[:, : end + 1 - c]
        if c == wanted[len(found)]:
            found.append(probability(c))
    return np.stack(found, axis=1)[:, place]


def _added(one: FloatArray, other: FloatArray, high: int) -> FloatArray:
    """Return the table ``[S, high + 1]`` of the sum of two counts, as far as it goes, term by term."""
    table, width = np.zeros((len(one), high + 1)), other.shape[1]
    for c in range(one.shape[1]):
        end = min(c + width, high + 1)
        table[:, c:end] += one[:, c, None] * other[:, : end - c]
    return table


def _within(table: FloatArray, outside: FloatArray, high: int) -> FloatArray:
    """Return the weight ``[S, high + 1]`` of a count and of a total within its limits, for what others take out of it."""
    result, width = np.zeros((len(table), high + 1)), outside.shape[1]
    for k in range(width):
        total = high + 1 - width + k
        least = max(total + 1 - table.shape[1], 0)  # z leaves total - z, which has an entry
        result[:, least : total + 1] += outside[:, k, None] * table[:, total - least :: -1]
    return result
