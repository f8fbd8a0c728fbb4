"""Known parameters, estimated: bias, error and the coverage of intervals, by posterior and by maximum likelihood.

Unlike calibration the parameters are fixed, so priors help or hurt; they are the defaults.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import forecasting as fc
from benchmarks.replications import Record, Study
from benchmarks.validation import generative
from benchmarks.validation.generative import Autoregression, Level, Recipe, Regression, series
from forecasting.errors import InvalidInput, NotIdentified, SamplingError

TITLE = "Recovery of parameters"
REPLICATIONS = 200
COVERED = 0.9
DRAWS = 1000

_TREND = fc.Intercept() + fc.Trend()
_STEP = _TREND + fc.Step("2011-01")
_LOG_20, _ROOT = float(np.log(20.0)), float(np.sqrt(0.1))


@dataclass(frozen=True)
class Case:
    """A recipe, and the true parameters in working coordinates."""

    recipe: Recipe
    work: tuple[float, ...]
    limits: tuple[str, ...] = ("wald", "profile")


def _regression(months: int, terms: Any, *effects: float, family: Any = None, shape: tuple[float, ...] = ()) -> Case:
    model = fc.CountRegression(terms, family or fc.NegativeBinomial())
    return Case(Regression(model, months, 20.0), (_LOG_20, *effects, _ROOT, *shape))


def _autoregression(link: str, months: int, count: float, mean: float) -> Case:
    model = fc.Autoregression((1,), (1,), link, presample="marginal")
    rest = 1.0 - count - mean
    past = (count, mean) if link == "log" else (float(np.log(count / rest)), float(np.log(mean / rest)))
    return Case(Autoregression(model, months, 20.0), (_LOG_20, *past, _ROOT / 2.0), ("wald",))


CASES = {
    **{f"regression, {n} months": _regression(n, _TREND, 0.02) for n in (12, 24, 60)},
    "regression with a step, 24 months": _regression(24, _STEP, 0.02, 0.5),
    "zero-inflated regression, 60 months": _regression(60, _TREND, 0.01, family=fc.ZeroInflated(), shape=(0.5,)),
    **{f"autoregression, log, {n} months": _autoregression("log", n, 0.3, 0.4) for n in (60, 240)},
    **{f"autoregression, identity, {n} months": _autoregression("identity", n, 0.3, 0.4) for n in (60, 240)},
    **{
        f"dynamic level, {n} months": Case(
            Level(fc.DynamicLevel(seasonal=0), n, 20.0), (_LOG_20, float(np.log(0.3 / 0.7)), _ROOT), ()
        )
        for n in (36, 120)
    },
}


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return, by way of estimating, each parameter's estimate and the ends of its interval, relative to the truth."""
    data, draws = (np.random.default_rng(child) for child in seed.spawn(2))
    reference, work = case.recipe.reference, np.array(case.work)
    truth = reference.natural(work[None])[0]
    y = series(case.recipe.counts(reference, work, data)[: case.recipe.months])
    tail = (1.0 - COVERED) / 2.0
    found: dict[str, Any] = {}
    posterior = case.recipe.model.posterior(y, draws=DRAWS, rng=draws)
    ends = np.quantile(posterior.draws, [tail, 1.0 - tail], axis=0)
    found["posterior"] = [posterior.draws.mean(axis=0) - truth, *(ends - truth)]
    if case.limits:
        try:
            fit = case.recipe.model.fit(y)
            for method in case.limits:
                limits = fit.conf_int(level=COVERED, method=method).reindex(posterior.names).to_numpy().T
                found[method] = [fit.params.to_numpy() - truth, *(limits - truth)]
        except (InvalidInput, NotIdentified, SamplingError):
            pass
    return {"names": list(posterior.names), **{name: np.round(held, 6).tolist() for name, held in found.items()}}


STUDY = Study(CASES, replicate, Path(__file__), (Path(generative.__file__),))


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return bias and root mean square error with coverage, by case, parameter and way of estimating.

    An estimate at the edge of its range has no interval; those are counted, and coverage is that of the intervals there are.
    """
    return {
        case: {
            name: {
                way: _estimates(np.array([row[way] for row in rows if way in row], dtype=float)[:, :, k], len(rows))
                for way in ("posterior", "wald", "profile")
                if any(way in row for row in rows)
            }
            for k, name in enumerate(rows[0]["names"])
        }
        for case, rows in records.items()
    }


def _estimates(found: np.ndarray, replications: int) -> dict[str, Any]:
    error, low, high = found.T
    there = np.isfinite(low) & np.isfinite(high)
    covered = ((low <= 0) & (high >= 0))[there]
    share = float(covered.mean()) if covered.size else float("nan")
    return {
        "replications": replications,
        "estimates": len(error),
        "intervals": int(there.sum()),
        "bias": float(error.mean()),
        "bias_error": float(error.std(ddof=1) / np.sqrt(len(error))),
        "rmse": float(np.sqrt(np.square(error).mean())),
        "coverage": share,
        "coverage_error": float(np.sqrt(share * (1 - share) / max(covered.size, 1))),
    }


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the range of coverage of 90% intervals over cases and parameters, by way of estimating."""
    shares: dict[str, list[float]] = {}
    for parameters in summary.values():
        for ways in parameters.values():
            for way, held in ways.items():
                shares.setdefault(way, []).append(held["coverage"])
    return {way: f"{np.nanmin(found):.2f}-{np.nanmax(found):.2f}" for way, found in shares.items()}


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    lines = [
        f"# {TITLE}",
        "",
        "Series simulated with fixed parameters, estimated with default priors (*posterior*: mean and central interval) and by",
        f"maximum likelihood (*Wald* and *profile* intervals). Intervals of {100 * COVERED:.0f}%; standard errors in brackets.",
        "An estimate at the edge of its range has no interval: *intervals* says how many there were.",
        "",
        "A posterior interval has its level on average over the prior ([calibration](calibration.md)), not at every fixed",
        "value: where the counts say little it leans to the middle of the prior. Here that shows for the intercept and the",
        "past mean of short autoregressions, which only together fix the level, and for the gain and the first level of",
        "dynamic levels.",
        "",
        "| case | parameter | way | bias | root mean square error | coverage, % | intervals |",
        "|---|---|---|---|---|---|---|",
    ]
    for case, parameters in summary.items():
        for name, ways in parameters.items():
            for way, held in ways.items():
                lines.append(
                    f"| {case} | {name} | {way} | {held['bias']:+.4f} ({held['bias_error']:.4f}) | {held['rmse']:.4f} | "
                    f"{100 * held['coverage']:.0f} ({100 * held['coverage_error']:.0f}) | "
                    f"{held['intervals']} of {held['replications']} |"
                )
    return lines
