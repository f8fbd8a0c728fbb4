r"""The probabilities of M months at every count, where there are not too many: scores and quantiles are plain sums then.

With :math:`F(k)=P(Y\le k)` summed from below and :math:`G(k)=P(Y\ge k)` from above, so that neither loses its small values,

.. math:: \mathrm{RPS}(y) = \sum_{k<y} F(k)^2 + \sum_{k>y} G(k)^2.

Beyond the table the probabilities fall as a geometric series of ratio r, and the squares that are left sum to
:math:`G(n)^2/(1-r^2)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from forecasting.kernels.counts import FloatArray, IntArray

LONGEST = 2**13
"""Most counts of a table."""


@dataclass(frozen=True, eq=False)
class Table:
    """Probabilities of the counts 0, 1, ..., n - 1 in M months.

    Attributes
    ----------
    log : float64[n, M]
        Log probabilities.
    beyond : float64[M]
        Probability of n or more.
    ratio : float64[M]
        Of a probability to the one before, from n on; below 1.
    mean, spread : float64[M]
        Expectation and standard deviation.
    """

    log: FloatArray
    beyond: FloatArray
    ratio: FloatArray
    mean: FloatArray
    spread: FloatArray

    @classmethod
    def beside(cls, tables: Sequence[Table]) -> Table:
        """Return the months of several tables of the same length as one."""
        return cls(
            np.concatenate([table.log for table in tables], axis=1),
            *(
                np.concatenate([getattr(table, name) for table in tables])
                for name in ("beyond", "ratio", "mean", "spread")
            ),
        )

    @cached_property
    def _p(self) -> FloatArray:
        return np.exp(self.log)

    @cached_property
    def _up_to(self) -> FloatArray:
        """F ``[n, M]``."""
        return np.cumsum(self._p, axis=0)

    @cached_property
    def _from(self) -> FloatArray:
        """G ``[n + 1, M]``."""
        upside_down = np.concatenate([self.beyond[None], self._p[::-1]])
        return np.asarray(np.cumsum(upside_down, axis=0)[::-1])

    @property
    def total(self) -> FloatArray:
        """Sum of all probabilities ``[M]``, 1 but for rounding."""
        return np.asarray(self._from[0])

    def log_probability(self, y: FloatArray) -> FloatArray:
        """Return log P(Y = y) ``[M]`` of one count below n of each month."""
        return np.asarray(self.log[y.astype(np.int64), np.arange(len(y))])

    def pit(self, y: FloatArray) -> FloatArray:
        """Return P(Y < y) and P(Y <= y) ``[M, 2]`` of one count below n of each month."""
        at, month = y.astype(np.int64), np.arange(len(y))
        upper = self._up_to[at, month]
        lower = np.where(at > 0, self._up_to[at - 1, month], 0.0)
        return np.asarray(np.clip(np.column_stack([lower, upper]), 0.0, 1.0))

    def rps(self, y: FloatArray) -> FloatArray:
        """Return the ranked probability score ``[M]`` of one count below n of each month."""
        count = np.arange(len(self.log))[:, None]
        below = np.where(count < y, np.square(self._up_to), 0.0).sum(axis=0)
        above = np.where(count > y, np.square(self._from[:-1]), 0.0).sum(axis=0)
        return np.asarray(below + above + np.square(self.beyond) / (1.0 - np.square(self.ratio)))

    def quantile(self, levels: FloatArray) -> IntArray:
        """Return the smallest y with P(Y <= y) >= level ``[L, M]``; levels must be reached within the table."""
        columns = [np.searchsorted(column, levels) for column in self._up_to.T]
        return np.array(columns, dtype=np.int64).reshape(-1, len(levels)).T
