"""From archived forecasts and counts to scores, many months at once.

Months whose distributions end at about the same count lie side by side in one table, so that each score is computed once for
all of them; the few that are too long for a table are judged one forecast at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from forecasting.batch.marginals import Marginals
from forecasting.batch.records import ForecastRecord, ScoreRecord
from forecasting.batch.table import LONGEST, Table
from forecasting.evaluation.judged import Distributions, Judged, scores_of
from forecasting.evaluation.observed import read_outcomes
from forecasting.kernels.counts import FloatArray, IntArray

_MOST = 2**20
"""Probabilities in memory at a time."""


@dataclass(frozen=True, eq=False)
class _Months:
    """The months of one forecast that have a count."""

    record: ForecastRecord
    where: IntArray
    y: FloatArray
    marginals: Marginals | None

    @property
    def size(self) -> int:
        """Length of the table that they need: a power of two, 0 without distributions, above `LONGEST` if there is none."""
        if self.marginals is None:
            return 0
        return self.marginals.table_size(float(self.y.max()))


def score_forecasts(pairs: Iterable[tuple[ForecastRecord, ArrayLike]]) -> Iterator[ScoreRecord]:
    """Yield the scores of finished forecasts, in any order, given the counts ``[H]`` of their months.

    A count is NaN where there is none yet: such a month gives no record.
    """
    waiting: dict[tuple[int, tuple[float, ...]], list[_Months]] = {}
    for record, counts in pairs:
        observed = read_outcomes(counts)
        where = np.flatnonzero(~np.isnan(observed))
        if not where.size:
            continue
        marginals = Marginals.from_bytes(record.marginals).select(where) if record.marginals else None
        months = _Months(record, where, observed[where], marginals)
        key = months.size, record.levels
        group = waiting.setdefault(key, [])
        group.append(months)
        if months.size > LONGEST or months.size * sum(len(one.where) for one in group) > _MOST:
            yield from _judged(waiting.pop(key))
    for group in waiting.values():
        yield from _judged(group)


def _judged(group: list[_Months]) -> Iterator[ScoreRecord]:
    y = np.concatenate([months.y for months in group])
    quantiles = np.concatenate([months.record.quantiles[:, months.where] for months in group], axis=1)
    scores = scores_of(Judged(y, group[0].record.levels, quantiles, _distributions(group)))
    names, values = list(scores), np.stack(list(scores.values())).T.tolist()
    rows = ((months.record, h) for months in group for h in months.where)
    for (record, h), count, row in zip(rows, y, values, strict=True):
        yield ScoreRecord(record.key.digest, record.months[h], int(count), dict(zip(names, row, strict=True)))


def _distributions(group: list[_Months]) -> Distributions | None:
    size = group[0].size
    known = [months.marginals for months in group if months.marginals is not None]
    if size > LONGEST:
        return known[0]
    return Table.beside([Table.of(marginals, size) for marginals in known]) if known else None
