"""Simulation-based calibration of the regression posterior (Talts, Betancourt, Simpson, Vehtari, Gelman 2018).

Parameters are drawn from the prior, counts from the model, and only what the case lets through is handed to the posterior.
The rank of the truth among posterior draws is then uniform, for every parameter and for a month that was not observed.
What is let through is a function of the counts alone (which totals, bands and comparisons are printed never depends on
the parameters), so the facts are informative but their choice is not.

The shipped prior puts the level near the mean of the data; here its centre is fixed before the data, or there would be no
prior to draw from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import forecasting as fc
from benchmarks.replications import Record, Study
from benchmarks.validation import rank_pages, ranks
from forecasting.constraints import Constraints, Linear
from forecasting.inference.sampling import sample_posterior
from forecasting.models import Posterior

MONTHS = pd.period_range("2023-01", periods=12, freq="M")
MODEL = fc.CountRegression(
    fc.Intercept() + fc.Trend(), fc.NegativeBinomial(), fc.Priors(level=0.5, trend=0.05, dispersion=0.3)
)
QUANTITIES = ("intercept", "trend", "alpha", "month")
DRAWS = 1000
REPLICATIONS = 600

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """What is known about simulated months."""

    months: pd.PeriodIndex
    constraints: Constraints
    name: str = "simulated"


@dataclass(frozen=True)
class Case:
    """What the posterior gets to see of the counts, around which mean, and the unseen month that is ranked."""

    level: float
    facts: str
    month: int


CASES = {
    "complete": Case(60.0, "complete", 12),
    "quarter totals": Case(30.0, "totals", 4),
    "totals, bands, orderings": Case(20.0, "mixture", 1),
}


def total(y: Counts, first: int, last: int, band: int = 1) -> Linear:
    """Return the sum of some months, known exactly or up to the band of that width it lies in."""
    months = tuple(range(first, last + 1))
    low = int(y[first : last + 1].sum()) // band * band
    return Linear(months, (1,) * len(months), low, low + band - 1)


def comparison(y: Counts, one: int, other: int) -> Linear:
    """Return whether one month is above the other, or not."""
    if y[one] > y[other]:
        return Linear((one, other), (1, -1), 1, None, compares=True)
    return Linear((one, other), (1, -1), None, 0, compares=True)


def complete(y: Counts) -> list[Linear]:
    return [total(y, t, t) for t in range(12)]


def totals(y: Counts) -> list[Linear]:
    """Four quarters and two exact months."""
    return [total(y, first, first + 2) for first in (0, 3, 6, 9)] + [total(y, t, t) for t in (2, 7)]


def mixture(y: Counts) -> list[Linear]:
    """A total, exact months, bands, two orderings, a month of which nothing is known, a rounded total."""
    bands = [total(y, t, t, 10) for t in (0, 5, 6, 7)]
    exact = [total(y, t, t) for t in (3,)]
    orderings = [comparison(y, 5, 6), comparison(y, 6, 7)]
    return [total(y, 0, 2), *bands, *exact, total(y, 4, 4, 20), *orderings, total(y, 9, 11, 50)]


FACTS: dict[str, Callable[[Counts], list[Linear]]] = {"complete": complete, "totals": totals, "mixture": mixture}


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return the rank of each true parameter, and of a true month, among posterior draws."""
    rng = np.random.default_rng(seed)
    priors = MODEL.priors
    level, trend = rng.normal(np.log(case.level), priors.level), rng.normal(0.0, priors.trend)
    alpha = rng.normal(0.0, priors.dispersion) ** 2
    mean = np.exp(level + trend * (np.arange(13) - 5.5))  # the trend is zero in the middle of the twelve months
    y = fc.NegativeBinomial().sample(mean, np.array(alpha), rng=rng)
    known = Known(MONTHS, Constraints.solve(MONTHS, FACTS[case.facts](y)))
    density = MODEL.density(known)
    density.centre[0] = np.log(case.level)
    posterior = Posterior(known, density, sample_posterior(density, DRAWS, rng=rng))
    if case.month < 12:
        month = fc.reconstruct(posterior, rng=rng).paths[:, case.month]
    else:
        month = posterior.forecast(1, rng=rng).paths[:, 0]
    drawn = np.column_stack([posterior.draws, month])  # in random order
    found = ranks.rank(np.array([level, trend, alpha, y[case.month]]), drawn, rng)
    return {"ranks": dict(zip(QUANTITIES, found, strict=True)), "khat": posterior.khat}


STUDY = Study(CASES, replicate, Path(__file__), (Path(ranks.__file__),))
summarise, draw, headline = rank_pages.summarise, rank_pages.draw, rank_pages.headline
TITLE = "Calibration of posteriors given facts"


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    priors = MODEL.priors
    return [
        "# Simulation-based calibration of the regression posterior",
        "",
        "![Rank histograms by case and parameter](sbc.svg)",
        "",
        "Parameters are drawn from the prior, twelve months of counts from the model with trend, and only the facts of",
        "the case are handed to the posterior. If everything is right, the rank of the truth among posterior draws is",
        f"uniform. {ranks.RANKED} draws are ranked; histograms have {ranks.BINS} bins, and the band holds all bars of a",
        f"uniform one with probability 95%. Priors are narrowed (sd of the level {priors.level:g}, of the trend",
        f"{priors.trend:g}, of the coefficient of variation {priors.dispersion:g}) and the level is centred before the data",
        "are seen.",
        "",
        "* **complete**: twelve exact months; the month ranked is the next one, a forecast.",
        "* **quarter totals**: four quarter totals and two exact months; the month ranked is one of a quarter of which",
        "  only the total is known (`reconstruct`).",
        "* **totals, bands, orderings**: a total, one exact month, months known up to a band of 10 or 20, comparisons of",
        "  three months, a total known up to a band of 50, a month of which nothing is known; the month ranked is one",
        "  inside the total (`reconstruct`).",
        "",
        *rank_pages.table(summary),
        "",
        *rank_pages.verdict(summary),
    ]
