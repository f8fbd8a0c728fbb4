"""Draws of unknown months given their totals: a sum is split between its first child and the rest, from the root down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from forecasting.distributions import Distribution
from forecasting.kernels import sums
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.ceilings import HIGHEST, ceilings
from forecasting.likelihood.convolution import Evaluation
from forecasting.likelihood.sums import SumGroup, chunks
from forecasting.likelihood.tree import Node


def draw_months(
    group: SumGroup,
    mean: FloatArray,
    shape: Sequence[FloatArray],
    distribution: Distribution,
    rng: np.random.Generator,
) -> IntArray:
    r"""Return one draw ``[S, m]`` of the group's months for each parameter vector, given every total.

    A sum s is split with probability :math:`P(Y_a=k)P(Y_b=s-k)/\sum_j P(Y_a=j)P(Y_b=s-j)`.

    Parameters
    ----------
    group : SumGroup
        The months and their totals.
    mean : ndarray, [S, m]
        Means, in the order of ``group.months``.
    shape : sequence of ndarray, [S]
        Shape parameters of `distribution`.
    distribution : Distribution
        Of a month given its mean.
    rng : numpy.random.Generator
        Source of randomness.
    """
    result = np.empty(mean.shape, dtype=np.int64)
    for root, part in _trees(group, mean, shape, distribution):
        tables = Evaluation(root, mean[part], [s[part] for s in shape], distribution, every=True)
        months: dict[int, IntArray] = {}
        smooth = distribution.least_dispersion(*shape) is not None
        if smooth and root.low == root.high:  # no table is needed to place it
            _split(root, np.full(len(part), root.low), tables.placed(root), tables, rng, months)
        else:
            weights, _ = tables.mass(root).tilted(np.zeros(len(part)))
            _split(root, tables.mass(root).first + pick(weights, rng), tables.mass(root).tilt, tables, rng, months)
        result[part] = np.column_stack([months[month] for month in group.months])
    return result


def _trees(
    group: SumGroup, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution
) -> Iterator[tuple[Node, IntArray]]:
    """Yield bounded trees, each with the draws it serves: an unbounded one is cut where a draw's months cannot reach."""
    everyone = np.arange(len(mean))
    if not group.root.open:
        yield from ((group.root, part) for part in chunks(group.root, everyone, shape, distribution, every=True))
        return
    limits = np.minimum(ceilings(group.root, mean, shape, distribution), HIGHEST)
    for limit in np.unique(limits):
        root = group.bounded(float(limit))
        yield from ((root, part) for part in chunks(root, everyone[limits == limit], shape, distribution, every=True))


def pick(weights: FloatArray, rng: np.random.Generator) -> IntArray:
    """Return one column index for each row of `weights` ``[S, K]``, with probability proportional to the entry."""
    cumulative = np.cumsum(weights, axis=1)
    level = rng.random(len(weights)) * cumulative[:, -1]
    return np.asarray((cumulative <= level[:, None]).sum(axis=1).clip(max=weights.shape[1] - 1), dtype=np.int64)


def _split(
    node: Node,
    value: IntArray,
    tilt: FloatArray,
    tables: Evaluation,
    rng: np.random.Generator,
    months: dict[int, IntArray],
) -> None:
    """Fill `months` with draws of the months below `node`, whose sum is `value`; its parts are best seen under `tilt`."""
    if not node.children:
        months[node.months[0]] = value
        return
    masses = [tables.mass(child, tilt) for child in node.children]
    weights = [mass.tilted(tilt)[0] for mass in masses]
    left = value - sum(mass.first for mass in masses)
    most = int(left.max())  # of what the parts may add up to
    rest = weights[-1][:, : most + 1]
    suffixes = [rest]
    for table in reversed(weights[1:-1]):
        widest = table.shape[1] + rest.shape[1] - 2
        last = min(widest, most)
        length = sums.alias_free(0, last, widest)
        rest = sums.invert(sums.product_transform([(table, 1), (rest, 1)], length), length)[:, : last + 1]
        suffixes.append(rest)
    for child, mass, table, others in zip(node.children, masses, weights, reversed(suffixes), strict=False):
        remainder = left[:, None] - np.arange(table.shape[1])
        possible = (remainder >= 0) & (remainder < others.shape[1])
        opposite = np.take_along_axis(others, np.clip(remainder, 0, others.shape[1] - 1), axis=1)
        step = pick(np.where(possible, table * opposite, 0.0), rng)
        _split(child, mass.first + step, mass.tilt, tables, rng, months)
        left = left - step
    _split(node.children[-1], masses[-1].first + left, masses[-1].tilt, tables, rng, months)
