"""What a jump analysis found: the numbers, without the views."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecasting.models import Posterior
from forecasting.parameters import Priors
from forecasting.scenarios import rates
from forecasting.scenarios.onset_report import OnsetReport
from forecasting.scenarios.outlook import Outlook
from forecasting.scenarios.surprise import Surprise, Unforecastable
from forecasting.scenarios.weighing import StepEffect, Weighing
from forecasting.scenarios.windows import Windows

_95 = 1.96  # standard deviations either side


@dataclass(frozen=True, eq=False)
class Result:
    """What one baseline says.

    Attributes
    ----------
    name, meaning, terms : str
        The baseline, what it assumes, its formula.
    kind : {"constant", "trend", "wandering", "reverting"}
        What its level does.
    has_step : bool
        Whether it has a step at the boundary.
    prior : float
        Probability beforehand.
    posterior : Posterior
        Given all facts.
    probability : float
        Posterior probability among the baselines.
    surprise : Surprise or Unforecastable
        From the months before the later window alone.
    search : float
        Share of replicated periods without the change, one per posterior draw, in which some pair of windows of these lengths
        changes as much in the same direction; NaN for a baseline with a step.
    """

    name: str
    meaning: str
    terms: str
    kind: str
    has_step: bool
    prior: float
    posterior: Posterior
    probability: float
    surprise: Surprise | Unforecastable
    search: float


@dataclass(frozen=True, eq=False)
class Findings:
    """The numbers of a jump analysis; see `JumpReport`, which adds the views."""

    series: str
    months: pd.PeriodIndex
    as_of: dt.date | None
    reading: tuple[str, ...]
    comparison: Windows
    level: float
    observed: pd.DataFrame
    only_windows: bool
    results: tuple[Result, ...]
    left_out: dict[str, str]
    weighing: Weighing
    step: StepEffect
    sensitivity: pd.DataFrame
    known: pd.DataFrame
    onset: OnsetReport
    outlook: Outlook
    priors: Priors
    draws: int

    @property
    def direction(self) -> str:
        """``"rise"`` or ``"fall"``: which way the count per month went."""
        return self.comparison.direction

    @property
    def step_probability(self) -> float:
        """Posterior probability of a step at the boundary; step and no step were equally probable beforehand."""
        return self.weighing.step_probability

    @property
    def log_bayes_factor(self) -> float:
        """Natural logarithm of the Bayes factor of a step at the boundary against none."""
        return self.weighing.log_bayes_factor

    @property
    def prior_ratio(self) -> dict[str, tuple[float, float]]:
        r"""What the priors of trend and step alone expect of the ratio per month: 95% intervals, :math:`e^{\pm1.96\,s\,d}`.

        The distance d between the middles of the windows is in months for the trend, 1 for the step.
        """
        pair = self.comparison
        middles = [float(np.mean(window.asi8)) for window in (pair.before, pair.after)]
        reach = {"trend": self.priors.trend * (middles[1] - middles[0]), "step": self.priors.step}
        return {name: (float(np.exp(-_95 * sd)), float(np.exp(_95 * sd))) for name, sd in reach.items()}

    @property
    def p_value(self) -> float:
        """Exact two-sided p-value of equal Poisson rates per month: the wrong question, quoted everywhere."""
        pair = self.comparison
        if not pair.exact:
            return float(np.nan)
        return rates.p_value(pair.after_range[0], int(pair.before_range[1]), pair.month_exposure)

    def result(self, name: str) -> Result:
        """Return the result of one baseline."""
        return next(result for result in self.results if result.name == name)

    def of_kind(self, kind: str, *, step: bool) -> Result:
        """Return the result of the baseline whose level is ``"constant"`` or ``"trend"``, with or without a step."""
        return next(result for result in reversed(self.results) if result.kind == kind and result.has_step == step)

    @property
    def fullest(self) -> Posterior:
        """The model with trend and step, and a season where there is one, given all facts."""
        return self.of_kind("trend", step=True).posterior

    @property
    def foretold(self) -> tuple[tuple[Result, Surprise], ...]:
        """The baselines without a step that could forecast the later window, with what they expected."""
        return tuple(
            (result, result.surprise)
            for result in self.results
            if not result.has_step and isinstance(result.surprise, Surprise)
        )

    @property
    def mattering(self) -> tuple[tuple[Result, Surprise], ...]:
        """Those of `foretold` that all facts do not rule out (`Weighing.mattering`)."""
        kept = self.weighing.mattering(result.name for result, _ in self.foretold)
        return tuple((result, told) for result, told in self.foretold if result.name in kept)
