"""Exact probability of any linear system over few unknown months, by listing every vector the system allows.

This serves what nested totals cannot express: orderings among unknown months, ratios of unknown windows, totals that cross.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from forecasting.constraints import Linear
from forecasting.distributions import Distribution
from forecasting.errors import TooLarge
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.draws import pick

LARGEST = 200_000
"""Most vectors that are listed."""

_AT_WORK = 10  # times as many may be at work before the last months are in

_CHUNK = 2_000_000


class ListedGroup:
    """Months tied together by a system small enough to list.

    Parameters
    ----------
    rows : sequence of Linear
        The system.
    months : sequence of int
        Positions of the months it ties together.
    lower, upper : ndarray, [T]
        Range of every month.
    largest : int
        Most vectors that are listed.

    Raises
    ------
    TooLarge
        If a month is unbounded or more than `largest` vectors are allowed; names the facts.
    """

    def __init__(
        self,
        rows: Sequence[Linear],
        months: Sequence[int],
        lower: IntArray,
        upper: FloatArray,
        largest: int = LARGEST,
    ) -> None:
        self._largest = largest
        self.months = tuple(months)
        self._lower = lower[list(months)]
        highest = upper[list(months)]
        facts = ", ".join(sorted({fact for row in rows for fact in row.facts}))
        if not np.isfinite(highest).all():
            raise TooLarge(
                f"the facts {facts} compare months that nothing bounds from above, so their vectors cannot be listed; "
                "add a bound on each month, or use likelihood='estimate'"
            )
        self._vectors = self._list(rows, highest.astype(np.int64), facts)

    def _list(self, rows: Sequence[Linear], upper: IntArray, facts: str) -> IntArray:
        """Return all allowed vectors ``[N, m]``, extended month by month and pruned by what the rest can still add."""
        vectors = np.zeros((1, 0), dtype=np.int64)
        column = {month: c for c, month in enumerate(self.months)}
        for c in range(len(self.months)):
            values = np.arange(self._lower[c], upper[c] + 1)
            if len(vectors) * values.size > _AT_WORK * self._largest:
                self._refuse(facts)
            vectors = np.column_stack([np.repeat(vectors, values.size, axis=0), np.tile(values, len(vectors))])
            for row in rows:
                held = np.zeros(len(vectors), dtype=np.int64)
                least = most = 0
                for position, coef in zip(row.positions, row.coefs, strict=True):
                    k = column[position]
                    if k <= c:
                        held += coef * vectors[:, k]
                    else:
                        ends = (coef * int(self._lower[k]), coef * int(upper[k]))
                        least, most = least + min(ends), most + max(ends)
                low = -math.inf if row.low is None else row.low
                high = math.inf if row.high is None else row.high
                keep = (held + most >= low) & (held + least <= high)
                vectors, held = vectors[keep], held[keep]
        if len(vectors) > self._largest:
            self._refuse(facts)
        return vectors

    def _refuse(self, facts: str) -> None:
        raise TooLarge(
            f"the facts {facts} tie {len(self.months)} unknown months together in more than {self._largest} ways, past what is "
            "computed exactly; use likelihood='estimate'"
        )

    def log_probability(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        """Return the log probability ``[S]`` of the allowed vectors; arguments as in `SumGroup.log_probability`."""
        size = max(1, _CHUNK // len(self._vectors))
        parts = [
            logsumexp(self._log_weights(mean[k : k + size], [s[k : k + size] for s in shape], distribution), axis=1)
            for k in range(0, len(mean), size)
        ]
        return np.concatenate(parts)

    def sample(
        self,
        mean: FloatArray,
        shape: Sequence[FloatArray],
        distribution: Distribution,
        rng: np.random.Generator,
    ) -> IntArray:
        """Return one allowed vector ``[S, m]`` for each parameter vector, drawn with its conditional probability."""
        size = max(1, _CHUNK // len(self._vectors))
        chosen = []
        for k in range(0, len(mean), size):
            logs = self._log_weights(mean[k : k + size], [s[k : k + size] for s in shape], distribution)
            chosen.append(pick(np.exp(logs - logs.max(axis=1, keepdims=True)), rng))
        return self._vectors[np.concatenate(chosen)]

    def _log_weights(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        columns = [s[:, None] for s in shape]
        total = np.zeros((len(mean), len(self._vectors)))
        for c in range(len(self.months)):
            points = np.arange(self._vectors[:, c].min(), self._vectors[:, c].max() + 1)
            table = distribution.logpmf(points, mean[:, c, None], *columns)
            total += table[:, self._vectors[:, c] - points[0]]
        return total
