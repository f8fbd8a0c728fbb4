"""The baselines of a jump: what the months might have been doing anyway, each with and without a step.

Three kinds of level: one that stays, one that drifts steadily, and one that wanders, freely or drawn back to an anchor.  Each
comes without and with a step at the boundary.  From two years of data on all of them have a yearly wave, so that a step in a
seasonal series has a model that can hold it; only the independent Poisson counts of one level, which are what the quoted
p-value assumes, never have one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pandas as pd

from forecasting.constraints import Observed, told_months
from forecasting.distributions import NegativeBinomial, Poisson
from forecasting.models import CountRegression, LocalLevel
from forecasting.parameters import Priors
from forecasting.terms import Intercept, Seasonal, Step, Term, Terms, Trend

SEASONAL_MONTHS = 24
"""Fewer months than two years cannot tell a season from a drift."""


@dataclass(frozen=True)
class Baseline:
    """A named model of the months.

    Attributes
    ----------
    name : str
        Short name.
    meaning : str
        What it assumes, in plain words.
    model : CountRegression or LocalLevel
        The model.
    formula : str
        The model as it would be typed.
    kind : {"constant", "trend", "wandering", "reverting"}
        What its level does.
    step : bool
        Whether it has a step at the boundary.
    prior : float
        Probability beforehand; those of a list share 1.
    """

    name: str
    meaning: str
    model: CountRegression | LocalLevel
    formula: str
    kind: str
    step: bool
    prior: float = 0.0

    @property
    def wanders(self) -> bool:
        """Whether its level has noise of its own."""
        return self.kind in ("wandering", "reverting")


def baselines(data: Observed, boundary: pd.Period, priors: Priors) -> tuple[tuple[Baseline, ...], dict[str, str]]:
    """Return the baselines that the data can support, and what is left out of all of them, with the reason.

    Half of the prior probability goes to the baselines without a step and half to those with one; each half is shared
    equally by the kinds of level, and by the models of a kind.

    Parameters
    ----------
    data : CountSeries or Evidence
        What is known.
    boundary : pandas.Period
        First month of the later window, where a step would be.
    priors : Priors
        Of all of them.
    """
    season, reason = season_of(data, boundary, priors)
    listed = tuple(_all(boundary, priors, season))
    return shared(listed), {"season": reason} if reason else {}


def shared(some: Iterable[Baseline]) -> tuple[Baseline, ...]:
    """Return the baselines with their prior probabilities: even odds of a step, each side shared equally by kind and model."""
    listed = tuple(some)

    def prior(one: Baseline) -> float:
        kinds = {_family(other) for other in listed if other.step == one.step}
        alike = sum(_family(other) == _family(one) and other.step == one.step for other in listed)
        return 0.5 / len(kinds) / alike

    return tuple(replace(one, prior=prior(one)) for one in listed)


def _family(one: Baseline) -> str:
    """Return the kind of level that shares a prior probability: a level that wanders may be drawn back or not."""
    return "wandering" if one.wanders else one.kind


def _all(boundary: pd.Period, priors: Priors, wave: tuple[Term, ...]) -> Iterator[Baseline]:
    yearly = ", and a yearly wave" if wave else ""

    def baseline(kind: str, parts: tuple[str, ...], meaning: str, *terms: Term) -> Baseline:
        model = CountRegression(Terms((Intercept(), *terms, *wave)), NegativeBinomial(), priors)
        return Baseline(name_of(*parts), meaning + yearly, model, repr(model.terms), kind, "step" in parts)

    def wandering(kind: str, meaning: str, terms: Term | None) -> Baseline:
        parts = (kind, *(["step"] if terms else []))
        model = LocalLevel(seasonal=1 if wave else None, reversion=kind == "reverting", terms=terms, priors=priors)
        chosen = [f"seasonal={model.seasonal}"] * bool(wave) + ["reversion=True"] * model.reversion
        formula = f"LocalLevel({', '.join([*chosen, *([f'terms={terms!r}'] if terms else [])])})"
        return Baseline(name_of(*parts), meaning + yearly, model, formula, kind, terms is not None)

    def name_of(*parts: str) -> str:
        order = ("trend", "wandering", "reverting", "season", "step")
        return " + ".join(name for name in order if name in (*parts, *(["season"] if wave else []))) or "constant"

    poisson = CountRegression(Intercept(), Poisson(), priors)
    yield Baseline(
        "constant Poisson", "one level, independent events", poisson, repr(poisson.terms), "constant", step=False
    )
    yield baseline("constant", (), "one level, months vary more than Poisson")
    yield baseline("trend", ("trend",), "a steady percentage change a month", Trend())
    wanders, reverts = "a level that wanders", "a level that wanders and is drawn back to an anchor"
    yield wandering("wandering", wanders, None)
    yield wandering("reverting", reverts, None)
    step = Step(boundary)
    until = f"one level until {boundary - 1}, another, unforeseen one from {boundary}"
    yield baseline("constant", ("step",), until, step)
    yield baseline("trend", ("trend", "step"), f"a trend, and a step at {boundary}", Trend(), step)
    yield wandering("wandering", f"{wanders}, and a step at {boundary}", step)
    yield wandering("reverting", f"{reverts}, and a step at {boundary}", step)


def season_of(data: Observed, boundary: pd.Period, priors: Priors) -> tuple[tuple[Term, ...], str | None]:
    """Return the yearly wave that the data can support beside a trend and a step, or none and the reason."""
    told = len(told_months(data))
    if told < SEASONAL_MONTHS:
        return (), f"{told} months; a season needs at least {SEASONAL_MONTHS}"
    wave = Seasonal(harmonics=1)
    fullest = CountRegression(Terms((Intercept(), Trend(), wave, Step(boundary))), NegativeBinomial(), priors)
    unseen = [name for name in fullest.density(data).unseen if name in wave.columns]
    return ((), f"the facts cannot see {', '.join(unseen)}") if unseen else ((wave,), None)
