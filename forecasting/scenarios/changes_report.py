"""The outcome of an analysis of several changes: a frozen object with table, picture, JSON and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html, plain, records
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.frozen import Frozen
from forecasting.predictive.levels import central, level_table, read_level, smallest_set
from forecasting.reading.arguments import read_whole
from forecasting.scenarios.weighing import COVERAGE
from forecasting.scenarios.words import chance, factor, factors, spans, times, verdict

_DRIFT = (
    "A level that rises or falls steadily, wanders or has a season is told as changes of level, too; onset and jump weigh a "
    "change against those."
)


@dataclass(frozen=True, eq=False)
class ChangesReport(Drawable, Frozen):
    """How often the level of a series changed, when, and by how much.  Made by `changes`.

    Attributes
    ----------
    series : str
        Name of the series.
    data : CountSeries or Evidence
        The months.
    table : DataFrame
        One row per month from the second known one on: `month` and `probability`, that a new level begins there, whatever
        the number of changes.
    number : Series
        Probability of each number of changes, from 0 on.
    log_bayes_factor : float
        Natural logarithm of how much more probable the counts are with changes than with one level, the search over numbers
        and months paid for.
    steps : DataFrame
        One row per change, given the most probable number of them: the `month` in which it most probably began, the
        `probability` of that month, the level `before` and `after` (medians), and the `factor` with its 95% interval
        `lower` to `upper`.
    places : ndarray, [N, N, T - 1]
        Probability that the k-th of n changes begins in each month of `table`, at ``[n - 1, k - 1]``.
    draws : ndarray, [S, T]
        Draws of the level of each month, from the first known one to the last.

    Examples
    --------
    >>> import forecasting as fc
    >>> counts = [20, 17, 22, 19, 21, 18, 81, 78, 85, 80, 77, 84]
    >>> series = fc.CountSeries([f"2023-{month:02d}" for month in range(1, 13)], counts)
    >>> report = fc.changes(series, rng=1)
    >>> [str(month) for month in report.interval(0.9)[0]]
    ['2023-07']
    >>> report.level().loc["2023-07":, "median"].round(-1).unique().tolist()
    [80.0]
    """

    series: str
    data: Observed
    table: pd.DataFrame
    number: pd.Series
    log_bayes_factor: float
    steps: pd.DataFrame
    places: FloatArray
    draws: FloatArray

    def __post_init__(self) -> None:
        self.places.flags.writeable = self.draws.flags.writeable = False

    @property
    def change_probability(self) -> float:
        """Posterior probability of any change; it was one half beforehand."""
        return float(1.0 / (1.0 + np.exp(-self.log_bayes_factor)))

    def interval(self, level: float = 0.9, number: int | None = None) -> tuple[pd.PeriodIndex, ...]:
        """Return, for each change, the smallest set of months that holds it with probability `level`.

        Parameters
        ----------
        level : float
            Strictly between 0 and 1.
        number : int, optional
            The number of changes that there are supposed to be; the most probable one by default.

        Returns
        -------
        tuple of PeriodIndex
            One per change, in the order of time; the months of a set need not be neighbours.

        Raises
        ------
        InvalidInput
            If `level` or `number` is not such a number.
        """
        count = len(self.steps) if number is None else read_whole(number, "number", 0, len(self.number) - 1)
        wanted, months = read_level(level), pd.PeriodIndex(self.table["month"])
        return tuple(months[smallest_set(self.places[count - 1, k], wanted)] for k in range(count))

    def level(self, quantiles: Sequence[float] | None = None) -> pd.DataFrame:
        """Return the posterior of the level of each month, averaged over numbers and months of changes.

        Parameters
        ----------
        quantiles : sequence of float, optional
            Quantile levels; one column each.  By default the mean, the median and the limits of 50% and 90% intervals.

        Returns
        -------
        DataFrame
            One row per month, from the first known one to the last.
        """
        months = pd.PeriodIndex(self.table["month"])
        return level_table(self.draws, months.insert(0, months[0] - 1), quantiles)

    def in_words(self) -> str:
        """Return what the counts say of changes as a paragraph."""
        most, best = len(self.number) - 1, len(self.steps)
        opening = (
            f"{verdict(self.log_bayes_factor, 'counts')} They are {times(self.log_bayes_factor)} probable with one to {most} "
            f"changes of level than with none (numbers and months of changes averaged), so that any change has a probability "
            f"of {chance(self.change_probability)}, even odds beforehand. The most probable number is {best} "
            f"({chance(float(self.number.iloc[best]))})."
        )
        return " ".join([opening, *self._told(), *([_DRIFT] if best else [])])

    def _told(self) -> list[str]:
        """Return a sentence about each change, given the most probable number of them."""
        told = []
        for place, (months, step) in enumerate(zip(self.interval(0.9), self.steps.to_dict("records"), strict=True)):
            name = "The change" if len(self.steps) == 1 else f"Change {place + 1}"
            told.append(
                f"{name} most probably began in {step['month'].strftime('%B %Y')} ({chance(step['probability'])}), and with "
                f"90% in {spans(months)}: from {factor(step['before'])} to {factor(step['after'])} a month, a factor of "
                f"{factor(step['factor'])} ({COVERAGE:.0%} interval {factors(step['lower'], step['upper'])})."
            )
        return told

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the draws as plain numbers and strings, ready for JSON."""
        found = {
            "series": self.series,
            "log_bayes_factor": self.log_bayes_factor,
            "change_probability": self.change_probability,
            "prior_odds_of_change": 1.0,
            "number": dict(self.number),
            "months": records(self.table),
            "steps": records(self.steps),
            **{f"sets_{share:.0%}": [list(months) for months in self.interval(share)] for share in (0.5, 0.9)},
            "level": records(self.level().rename_axis("month").reset_index()),
            "in_words": self.in_words(),
        }
        return dict(plain(found))

    def __repr__(self) -> str:
        found = [spans(months) for months in self.interval(0.9)]
        return (
            f"<ChangesReport {self.series}: most probably {len(found)} changes ({chance(float(self.number.max()))})"
            f"{', 90% in ' + '; '.join(found) if found else ''}, log Bayes factor of any {self.log_bayes_factor:+.1f}>"
        )

    def _repr_html_(self) -> str:
        return as_html(self.in_words(), self.steps, index=False, float_format="{:.3g}".format)


def steps_of(begins: NDArray[np.bool_], levels: FloatArray, months: pd.PeriodIndex, places: FloatArray) -> pd.DataFrame:
    """Return `ChangesReport.steps` from draws ``[S, T]`` that all have the most probable number of changes."""
    number = int(begins[0].sum()) - 1
    level = levels[begins].reshape(-1, number + 1)
    rows = []
    for k in range(number):
        ratio = level[:, k + 1] / level[:, k]
        lower, middle, upper = np.quantile(ratio, [central(COVERAGE)[0], 0.5, central(COVERAGE)[1]])
        place = places[number - 1, k]
        best = int(place.argmax())
        before, after = np.median(level[:, k]), np.median(level[:, k + 1])
        rows.append((months[best + 1], place[best], before, after, middle, lower, upper))
    return pd.DataFrame(rows, columns=["month", "probability", "before", "after", "factor", "lower", "upper"])
