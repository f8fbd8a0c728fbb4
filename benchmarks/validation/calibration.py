"""Simulation-based calibration of every model and every distribution that has a prior (Talts et al. 2018).

Parameters from the prior, counts from the parameters, posterior from the counts; the ranks of the true parameters, of the
likelihood at them (a quantity that depends on the data sees errors that parameters do not: Modrak et al. 2023, Bayesian
Analysis), of the next month and of a total of three months are then uniform.  Series that a model refuses, those without any
count, are drawn anew with parameters of their own: what depends on the data alone does no harm.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import forecasting as fc
from benchmarks.replications import Record, Study
from benchmarks.validation import generative, rank_pages, ranks
from benchmarks.validation.generative import AHEAD, Arima, Autoregression, Level, Recipe, Regression
from forecasting.errors import InvalidInput

TITLE = "Calibration of the posteriors of every model and distribution"
REPLICATIONS = 500

_NARROW = fc.Priors(level=0.5, trend=0.05)
_TREND = fc.Intercept() + fc.Trend()
_EVERYTHING = _TREND + fc.Seasonal(harmonics=1) + fc.Step("2012-01") + fc.Pulse("2011-06") + fc.Exposure("days")
_WHOLE = {"feedback": 1.0, "damping": 1.0}


def _trend(distribution: Any, level: float = 20.0) -> Regression:
    return Regression(fc.CountRegression(_TREND, distribution, _NARROW), 18, level)


def _past(link: str, presample: str = "marginal") -> fc.Autoregression:
    priors = fc.Priors(level=0.5, dispersion=0.3)
    return fc.Autoregression((1,), (1,), link, presample=presample, priors=priors)


CASES: dict[str, Recipe | Arima] = {
    "Poisson": _trend(fc.Poisson()),
    "negative binomial": _trend(fc.NegativeBinomial()),
    "negative binomial, low": _trend(fc.NegativeBinomial(), 2.0),
    "zero-inflated Poisson": _trend(fc.ZeroInflated(fc.Poisson())),
    "zero-inflated neg. binomial": _trend(fc.ZeroInflated()),
    "hurdle Poisson": _trend(fc.Hurdle(fc.Poisson())),
    "hurdle negative binomial": _trend(fc.Hurdle()),
    "contaminated": _trend(fc.Contaminated()),
    "season, step, pulse, days": Regression(fc.CountRegression(_EVERYTHING, priors=_NARROW), 36, 2.0),
    "autoregression, log": Autoregression(_past("log"), 36, 20.0),
    "autoregression, identity": Autoregression(_past("identity"), 36, 20.0),
    "autoregression, log, low": Autoregression(_past("log"), 60, 2.0),
    "dynamic level": Level(fc.DynamicLevel(seasonal=0, **_WHOLE), 24, 20.0),
    "dynamic level, low": Level(fc.DynamicLevel(seasonal=0, **_WHOLE), 36, 3.0),
    "dynamic level, season": Level(fc.DynamicLevel(seasonal=2, **_WHOLE), 36, 20.0),
    "dynamic level, growth, reversion": Level(
        fc.DynamicLevel(seasonal=0, trend=True, reversion=True, **_WHOLE), 48, 20.0
    ),
    "SARIMA (0,1,1)": Arima(fc.SARIMA((0, 1, 1), (0, 0, 0)), 36),
    "SARIMA (2,1,0)": Arima(fc.SARIMA((2, 1, 0), (0, 0, 0)), 36),
    "SARIMA (1,0,1), mean": Arima(fc.SARIMA((1, 0, 1), (0, 0, 0)), 36),
    "SARIMA (0,1,1)(0,1,1)": Arima(fc.SARIMA((0, 1, 1), (0, 1, 1)), 60),
}
SHIPPED: dict[str, Recipe] = {
    "as shipped: dynamic level": Level(fc.DynamicLevel(seasonal=0, **_WHOLE), 24, 20.0, shipped=True),
    "as shipped: autoregression, log": Autoregression(_past("log", "first_year"), 36, 20.0, shipped=True),
    "as shipped: autoregression, id.": Autoregression(_past("identity", "first_year"), 36, 20.0, shipped=True),
}


def replicate(case: Recipe | Arima, seed: np.random.SeedSequence) -> Record:
    """Return the ranks of one replication, k-hat and how often data had to be drawn anew."""
    rng, redrawn = np.random.default_rng(seed), 0
    reference = case.reference
    while True:
        work = case.parameters(reference, rng)
        y = case.counts(reference, work, rng)
        try:
            posterior = case.posterior(y[: case.months], reference, rng)
            break
        except InvalidInput:
            redrawn += 1
    density, held = posterior.density, isinstance(case, Arima)
    truth = dict(zip(posterior.names, work if held else density.natural(work[None])[0], strict=True))
    drawn = posterior.draws
    if not held:
        truth["likelihood"] = density.log_likelihood(work[None])[0]
        drawn = np.column_stack([drawn, posterior.sample.log_likelihood])
    paths = posterior.forecast(AHEAD, rng=rng).paths
    truth |= {"next month": y[case.months], "three months": y[case.months :].sum()}
    found = ranks.rank(np.array(list(truth.values())), np.column_stack([drawn, paths[:, 0], paths.sum(axis=1)]), rng)
    return {"ranks": dict(zip(truth, found, strict=True)), "khat": posterior.khat, "redrawn": redrawn}


STUDY = Study(CASES | SHIPPED, replicate, Path(__file__), (Path(ranks.__file__), Path(generative.__file__)))
summarise, draw = rank_pages.summarise, rank_pages.draw


def _exact(summary: dict[str, Any]) -> dict[str, Any]:
    return {case: entry for case, entry in summary.items() if case in CASES}


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    return rank_pages.headline(_exact(summary))


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    return [
        f"# {TITLE}",
        "",
        "![Rank histograms by model and parameter](calibration.svg)",
        "",
        "Parameters are drawn from the prior, counts from the model by a recursion written out anew, and the posterior is made",
        f"of the counts. The rank of the truth among {ranks.RANKED} posterior draws is uniform if model, sampler and forecast",
        "are right. Ranked: every parameter, the likelihood at the truth, the next month, the total of the next three. The",
        "p-value is that of the largest departure of the distribution of ranks (Säilynoja, Bürkner, Vehtari 2022). *Bias*:",
        "mean rank, in standard errors, above zero where posterior draws are too low; *spread*: that of the ranks, above 1",
        "where the posterior is too narrow, below 1 where it is too wide.",
        "",
        "How the prior is drawn from:",
        "",
        "* The shipped priors centre a level at the mean of the data. Here the centres are those of a reference series, for",
        "  the truth and for the posterior alike; scales are the defaults, but level (0.5) and trend (0.05) of regressions",
        "  and level (0.5) and dispersion (0.3) of autoregressions, whose defaults give series that are nothing like counts.",
        '* Autoregressions start at their stationary value (`presample="marginal"`): with the default rule, the first year\'s',
        "  mean, the likelihood conditions on a number made of the data, and no recipe for data belongs to it.",
        "* A dynamic level feeds back half of a simulated count by default, on purpose; ranks use `feedback=1, damping=1`,",
        "  the model that the likelihood is made of.",
        "* SARIMA has improper priors of mean and variance: they are fixed, which does no harm as the rest is free of location",
        "  and scale; where there is a mean, Jeffreys' prior for it is part of the prior of the coefficients. Counts are near",
        "  3,000, so that rounding does not matter.",
        "",
        *rank_pages.table(_exact(summary)),
        "",
        *rank_pages.verdict(_exact(summary)),
        "",
        f"Series drawn anew because a model refuses them (no count at all): {sum(e['redrawn'] for e in summary.values())}.",
        "",
        "## As shipped",
        "",
        "Parameters from the same priors, but the posterior centres its prior at the data and, for autoregressions, takes the",
        "first year's mean for the months before. Nothing makes these ranks exactly uniform; they show what it costs.",
        "",
        *rank_pages.table({case: entry for case, entry in summary.items() if case in SHIPPED}),
    ]
