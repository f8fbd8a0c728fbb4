r"""Where months that nothing bounds from above may be cut off without a loss.

Let C be what closed windows say, R all of it, and f a lower bound of :math:`\log P(R\mid C)`.  Months are independent, so
:math:`P(Y_t>u,R)\le P(Y_t>u)\,P(C)` for a month t outside the closed windows, and a ceiling u with
:math:`\log P(Y_t>u)\le f+\log\epsilon` cuts off at most the share :math:`\epsilon` of :math:`P(R)`.

The bound f: lower limits of sums are increasing events of independent variables (months, and sums of closed windows given
C), hence positively correlated (Harris 1960, Proceedings of the Cambridge Philosophical Society 56); and a window reaches its
limit if one of its children does so while the others are at their floors.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood.tree import Node

_SHARE = math.log(1e-13)  # of the answer, that all ceilings together may cut off
HIGHEST = 2.0**22
"""No ceiling is set above this; tails so heavy are left to the complement."""


def ceilings(root: Node, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
    """Return an upper limit ``[S]`` for every month of an open tree that cuts off a negligible share of its probability.

    Limits are powers of two, so that few trees serve all draws; one above `HIGHEST` is not far enough.

    Parameters
    ----------
    root : Node
        The tree.
    mean : ndarray, [S, m]
        Means of its months, in the order of ``root.months``.
    shape : sequence of ndarray, [S]
        Shape parameters of `distribution`.
    distribution : Distribution
        Of a month given its mean.
    """
    result = np.full(len(mean), 64.0)
    if not len(mean):
        return result
    column = {month: c for c, month in enumerate(root.months)}
    free = [column[leaf.months[0]] for leaf in root.leaves() if leaf.open]
    highest = mean[:, free].max(axis=1)

    def log_tail(least: FloatArray, of: FloatArray) -> FloatArray:
        return distribution.log_interval(least, np.full_like(least, np.inf), of, *shape)

    def reached(node: Node, least: int) -> FloatArray:
        """Return the bound f for the windows inside an open `node` and for its sum to be at `least`."""
        least = max(least, node.low)
        if not node.children:
            return log_tail(np.full(len(mean), float(least)), mean[:, column[node.months[0]]])
        open_ones = [child for child in node.children if child.open]
        alone = [reached(child, 0) for child in open_ones]
        floors = sum(child.low for child in node.children)
        carried = [
            reached(child, least - floors + child.low) - own for child, own in zip(open_ones, alone, strict=True)
        ]
        return np.asarray(np.sum(alone, axis=0) + np.max(carried, axis=0))

    wanted = reached(root, 0) + _SHARE - math.log(len(free))
    while (short := (log_tail(result + 1.0, highest) > wanted) & (result <= HIGHEST)).any():
        result[short] *= 2.0
    return result
