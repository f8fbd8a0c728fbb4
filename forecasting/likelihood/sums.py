"""Exact probability of nested totals over unknown months, for many parameter vectors at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from forecasting.constraints import Linear
from forecasting.distributions import Distribution
from forecasting.kernels import lattice
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.lattice import Precision
from forecasting.likelihood.ceilings import HIGHEST, ceilings
from forecasting.likelihood.convolution import UNEVEN, Evaluation, rounded
from forecasting.likelihood.pairs import is_pair, pair
from forecasting.likelihood.tree import Node, build_tree

_FAINT = 1e-4  # an open event with less than this share of what closed windows allow is summed directly
_CHUNK = 600_000  # table entries in work at a time
_PAIR = 2_000  # counts of two months up to which all of them are added up


class SumGroup:
    """Months tied together by nested totals.

    Parameters
    ----------
    rows, months, lower, upper
        As in `forecasting.likelihood.tree.build_tree`.
    """

    def __init__(self, rows: Sequence[Linear], months: Sequence[int], lower: IntArray, upper: FloatArray) -> None:
        self._given = (tuple(rows), lower, upper)
        self.root = build_tree(rows, months, lower, upper)
        self.months = self.root.months

    @property
    def width(self) -> int:
        """Entries of the tables of all months, for one parameter vector."""
        return width(self.root)

    def log_probability(
        self,
        mean: FloatArray,
        shape: Sequence[FloatArray],
        distribution: Distribution,
        precision: Precision = lattice.FINE,
    ) -> FloatArray:
        r"""Return the log probability ``[S]`` that the months satisfy every total and limit.

        At a total s it is :math:`e^{-\lambda s}\prod_t M_t(\lambda)\,P_\lambda(s)` for any tilt :math:`\lambda` (Esscher 1932).

        Parameters
        ----------
        mean : ndarray, [S, m]
            Means of the group's months, in the order of `months`.
        shape : sequence of ndarray, [S]
            Shape parameters of `distribution`.
        distribution : Distribution
            Of a month given its mean.
        precision : Precision
            Of the sums; an unbounded total needs all digits.
        """
        result, faint = np.full(len(mean), np.nan), np.zeros(len(mean), dtype=np.bool_)
        if is_pair(self.root) and self.width <= _PAIR:
            for part in chunks(self.root, np.arange(len(mean)), shape, distribution, every=True):
                result[part] = pair(self.root, mean[part], [s[part] for s in shape], distribution)
        digits = lattice.FINE if self.root.open else precision
        for part in chunks(self.root, np.flatnonzero(np.isnan(result)), shape, distribution, precision=digits):
            tables = Evaluation(self.root, mean[part], [s[part] for s in shape], distribution, precision=digits)
            result[part] = tables.mass(self.root).total()
            if self.root.open:
                faint[part] = ~(result[part] > tables.closed(self.root) + math.log(_FAINT))
        rare = np.flatnonzero(faint)
        limits = ceilings(self.root, mean[rare], [s[rare] for s in shape], distribution)
        for limit in np.unique(limits[limits <= HIGHEST]):
            far = self.bounded(float(limit))
            for part in chunks(far, rare[limits == limit], shape, distribution):
                tables = Evaluation(far, mean[part], [s[part] for s in shape], distribution)
                result[part] = tables.mass(far).total()
        return result

    def bounded(self, ceiling: float) -> Node:
        """Return the tree with every unbounded month limited by `ceiling`."""
        rows, lower, upper = self._given
        return build_tree(rows, self.months, lower, upper, ceiling=ceiling)


def width(root: Node) -> int:
    """Return the number of entries in the tables of all months of a tree."""
    return sum(leaf.last - leaf.low + 1 for leaf in root.leaves())


def chunks(
    root: Node,
    who: IntArray,
    shape: Sequence[FloatArray],
    distribution: Distribution,
    *,
    every: bool = False,
    precision: Precision = lattice.FINE,
) -> Iterator[IntArray]:
    """Yield the draws `who` in parts that can share their points, and small enough for their tables to stay in cache."""
    dispersion = None if every or root.open else distribution.least_dispersion(*(s[who] for s in shape))
    if dispersion is None:
        size = max(1, _CHUNK // width(root))
        yield from (who[start : start + size] for start in range(0, len(who), size))
        return
    order, start = np.argsort(np.broadcast_to(dispersion, len(who)), kind="stable"), 0
    sorted_ = np.maximum(np.broadcast_to(dispersion, len(who))[order], 1.0 / (UNEVEN * max(root.last, 1)))
    while start < len(who):
        floor = rounded(float(sorted_[start]), root) or 0.0
        entries = sum(lattice.panels(leaf.low, leaf.last, floor, precision=precision).x.size for leaf in root.leaves())
        alike = int(np.searchsorted(sorted_, UNEVEN * sorted_[start], side="right"))
        stop = min(alike, start + max(1, _CHUNK // entries))
        yield who[order[start:stop]]
        start = stop
