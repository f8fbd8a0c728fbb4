"""The baselines of a jump: what the months might have been doing anyway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from forecasting.constraints import Observed
from forecasting.distributions import NegativeBinomial, Poisson
from forecasting.inference.priors import Priors
from forecasting.models import CountRegression
from forecasting.terms import Intercept, Seasonal, Step, Term, Terms, Trend

_SEASONAL_MONTHS = 24  # fewer months than two years cannot tell a season from a drift


@dataclass(frozen=True)
class Baseline:
    """A named model of the months.

    Attributes
    ----------
    name : str
        Short name.
    meaning : str
        What it assumes, in plain words.
    model : CountRegression
        The model.
    """

    name: str
    meaning: str
    model: CountRegression


TREND_AND_STEP = "trend + step"


def baselines(data: Observed, boundary: pd.Period, priors: Priors) -> tuple[tuple[Baseline, ...], dict[str, str]]:
    """Return the baselines that the data can support, and those left out with the reason.

    Parameters
    ----------
    data : CountSeries or Evidence
        What is known.
    boundary : pandas.Period
        First month of the later window, where a step would be.
    priors : Priors
        Of all of them.
    """
    kept, left_out = [], {}
    for baseline in _all(boundary, priors):
        reason = _unsupported(baseline, data)
        if reason:
            left_out[baseline.name] = reason
        else:
            kept.append(baseline)
    return tuple(kept), left_out


def _all(boundary: pd.Period, priors: Priors) -> Iterator[Baseline]:
    step = Step(boundary)
    counts = NegativeBinomial()

    def baseline(name: str, meaning: str, terms: Term | Terms, *, poisson: bool = False) -> Baseline:
        return Baseline(name, meaning, CountRegression(terms, Poisson() if poisson else counts, priors))

    yield baseline("constant Poisson", "one level, independent events", Intercept(), poisson=True)
    yield baseline("constant", "one level, months vary more than Poisson", Intercept())
    yield baseline("trend", "a steady percentage change a month", Intercept() + Trend())
    yield baseline("trend + season", "a trend and a yearly wave", Intercept() + Trend() + Seasonal(harmonics=1))
    yield baseline(
        "step", f"one level until {boundary - 1}, another, unforeseen one from {boundary}", Intercept() + step
    )
    yield baseline(TREND_AND_STEP, f"a trend, and a step at {boundary}", Intercept() + Trend() + step)


def _unsupported(baseline: Baseline, data: Observed) -> str | None:
    families = set(Terms.of(baseline.model.terms).families)
    if "seasonal" not in families:
        return None
    if len(data.months) < _SEASONAL_MONTHS:
        return f"{len(data.months)} months; a season needs at least {_SEASONAL_MONTHS}"
    unseen = baseline.model.density(data).unseen
    return f"the facts cannot see {', '.join(unseen)}" if unseen else None
