r"""Two months whose sum is known or limited: added up directly, which for so few is cheaper than any transform.

.. math:: P(l\le Y_1+Y_2\le u) = \sum_k p_1(k)\,\{F_2(u-k)-F_2(l-1-k)\}
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood.tree import Node

_CANCELLED = 1e-5  # share of all pairs below which differences of cumulated probabilities have lost too many digits


def is_pair(root: Node) -> bool:
    """Return whether a tree is a limited sum of two months."""
    return not root.open and len(root.children) == 2 and not any(child.children for child in root.children)


def pair(root: Node, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
    """Return the log probability ``[S]`` of a limited sum of two months; NaN where it is too rare to be a difference.

    Parameters
    ----------
    root : Node
        The sum and its months.
    mean : ndarray, [S, 2]
        Means of the months, in the order of ``root.months``.
    shape : sequence of ndarray, [S]
        Shape parameters of `distribution`.
    distribution : Distribution
        Of a month given its mean.
    """
    first, second = sorted(root.children, key=lambda month: month.months)
    most = int(root.high)
    columns = [s[:, None, None] for s in shape]
    if (first.low, first.last) == (second.low, second.last):
        one, two = np.moveaxis(distribution.logpmf(_counts(first), mean[:, :, None], *columns), 1, 0)
    else:
        one, two = (
            distribution.logpmf(_counts(month), mean[:, [c], None], *columns)[:, 0]
            for c, month in enumerate((first, second))
        )
    if root.low == most:  # k of one month leaves most - k to the other
        start, stop = max(first.low, most - second.last), min(first.last, most - second.low)
        logs = one[:, start - first.low : stop + 1 - first.low]
        logs = logs + two[:, most - stop - second.low : most + 1 - start - second.low][:, ::-1]
        top = _largest(logs)
        with np.errstate(divide="ignore"):
            return np.asarray(top + np.log(np.exp(logs - top[:, None]).sum(axis=1)))
    tops = _largest(one), _largest(two)
    table, other = np.exp(one - tops[0][:, None]), np.exp(two - tops[1][:, None])
    below = np.concatenate([np.zeros((len(mean), 1)), np.cumsum(other, axis=1)], axis=1)
    k = np.arange(first.low, first.last + 1) + second.low
    reached = np.clip(most + 1 - k, 0, other.shape[1]), np.clip(root.low - k, 0, other.shape[1])
    chance = np.einsum("sk,sk->s", table, below[:, reached[0]] - below[:, reached[1]])
    rare = chance < _CANCELLED * table.sum(axis=1) * below[:, -1]
    with np.errstate(divide="ignore"):
        return np.asarray(tops[0] + tops[1] + np.log(np.where(rare, np.nan, chance)))


def _largest(logs: FloatArray) -> FloatArray:
    """Return the largest of each row ``[S, K]``, and zero where nothing is possible, as under a mean of zero."""
    largest = logs.max(axis=1)
    return np.where(np.isneginf(largest), 0.0, largest)


def _counts(month: Node) -> FloatArray:
    return np.arange(month.low, month.last + 1.0)
