"""The outcome of an analysis of an onset: a frozen object with table, picture, JSON and words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from forecasting.display import Drawable, as_html, plain, records
from forecasting.predictive.levels import smallest_set
from forecasting.scenarios.weighing import COVERAGE, StepEffect
from forecasting.scenarios.words import chance, factor, factors, listed, spans, times, verdict

_NAMES = {"step": "a step", "ramp": "a ramp", "turn": "a smooth turn"}
_LEVELS = {"constant": "constant", "trend": "a steady trend", "wandering": "wandering"}


@dataclass(frozen=True, eq=False)
class OnsetReport(Drawable):
    """When a change of level began, how large it was, and whether there was one.  Made by `onset`.

    Attributes
    ----------
    series : str
        Name of the series.
    table : DataFrame
        One row per candidate month: `month` and `probability`, that a change began there if there was one.
    log_bayes_factor : float
        Natural logarithm of how much more probable all facts are with a change that begins in one of the months, each as
        probable as the others beforehand, than without one.  The search over the months is paid for.
    effect : StepEffect
        The level of the last month over what it would be without the change, averaged over months, shapes and levels; 95%
        interval.
    levels : DataFrame
        One row per kind of level: `log_bayes_factor` of a change against none on that level, and its posterior `probability`.
    shapes : Series
        Probability of a step, a ramp and a smooth turn, if there was a change.
    khat : float
        Largest Pareto shape of the importance weights; below 0.7 they can be trusted.  `onset` warns where they cannot.

    Examples
    --------
    >>> import forecasting as fc
    >>> counts = [20, 17, 22, 19, 21, 18, 41, 38, 45, 40, 37, 44]
    >>> series = fc.CountSeries([f"2023-{month:02d}" for month in range(1, 13)], counts)
    >>> [str(month) for month in fc.onset(series, trend=False, rng=1).interval(0.5)]
    ['2023-07']
    """

    series: str
    table: pd.DataFrame
    log_bayes_factor: float
    effect: StepEffect
    levels: pd.DataFrame
    shapes: pd.Series
    khat: float

    @property
    def months(self) -> pd.PeriodIndex:
        """The candidate months, those of `table`."""
        return pd.PeriodIndex(self.table["month"], freq="M")

    @property
    def direction(self) -> Literal["rise", "fall"]:
        """Which way the level more probably went."""
        return "rise" if self.effect.positive >= 0.5 else "fall"

    @property
    def step_probability(self) -> float:
        """Posterior probability of a change in one of the months; it was one half beforehand."""
        return float(1.0 / (1.0 + np.exp(-self.log_bayes_factor)))

    def interval(self, level: float = 0.9) -> pd.PeriodIndex:
        """Return the smallest set of months that holds the onset with probability `level`, if there was a change.

        Parameters
        ----------
        level : float
            Strictly between 0 and 1.

        Returns
        -------
        PeriodIndex
            In the order of time; the months need not be neighbours.
        """
        return pd.PeriodIndex(self.table["month"])[smallest_set(self.table["probability"].to_numpy(float), level)]

    def in_words(self) -> str:
        """Return what the facts say of the onset as a paragraph."""
        shape = str(self.shapes.idxmax())
        return (
            f"{verdict(self.log_bayes_factor, 'facts')} {self._odds()} If there was one, it {self.when()}. The level at the "
            f"end is then {factor(self.effect.median)} times what it would be without it ({COVERAGE:.0%} interval "
            f"{factors(self.effect.lower, self.effect.upper)}), and the change is most probably {_NAMES[shape]} "
            f"({chance(float(self.shapes[shape]))})."
        )

    def when(self) -> str:
        """Return when the change began, if there was one, as words that follow its name."""
        best = self.table.iloc[int(self.table["probability"].to_numpy(float).argmax())]
        return (
            f"most probably began in {best['month'].strftime('%B %Y')} ({chance(float(best['probability']))}), and with 90% in "
            f"{spans(self.interval(0.9))}"
        )

    def _odds(self) -> str:
        return (
            f"They are {times(self.log_bayes_factor)} probable with a change that begins in one of {len(self.table)} months "
            f"than without one (the search over the months is paid for), so that a change has a probability of "
            f"{chance(self.step_probability)}, even odds beforehand; the level beside it may be "
            f"{listed([_LEVELS[name] for name in self.levels.index], 'or')}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers and strings, ready for JSON."""
        found = {
            "series": self.series,
            "log_bayes_factor": self.log_bayes_factor,
            "step_probability": self.step_probability,
            "prior_odds_of_step": 1.0,
            "direction": self.direction,
            "effect": asdict(self.effect),
            "months": records(self.table),
            **{f"set_{level:.0%}": list(self.interval(level)) for level in (0.5, 0.9)},
            "shapes": dict(self.shapes),
            "levels": records(self.levels.reset_index()),
            "khat": self.khat,
            "in_words": self.in_words(),
        }
        return dict(plain(found))

    def __repr__(self) -> str:
        months = self.interval(0.9)
        return (
            f"<OnsetReport {self.series}: 90% in {spans(months)}, log Bayes factor of a change {self.log_bayes_factor:+.1f}, "
            f"factor {factor(self.effect.median)}>"
        )

    def _repr_html_(self) -> str:
        return as_html(self.in_words(), self.table, index=False, float_format="{:.3f}".format)
