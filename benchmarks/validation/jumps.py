"""Size and power of every sentence of the jump analysis, beside the tests that are usually done.

Monthly series around ten a month; six months against the six before them.  Every method answers with a probability; it
*calls a change* below 5%.  A sentence is called when it is printed.  Where the windows are chosen after the fact, they are the
adjacent pair with the largest change, either way.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.tsa.statespace.structural import UnobservedComponents

import forecasting as fc
from benchmarks.replications import Record, Study
from benchmarks.validation.truths import negative_binomial
from forecasting.figures.style import BLUE, INK, RULE, VERMILION, styled
from forecasting.figures.svg import svg
from forecasting.randomness import named_streams
from forecasting.scenarios import rates, verdict
from forecasting.scenarios.fits import Fits
from forecasting.scenarios.search import search
from forecasting.scenarios.sensitivity import Reweighted, averaged_step, sensitivity
from forecasting.scenarios.weighing import Weighing
from forecasting.scenarios.windows import Windows
from forecasting.scenarios.wording import HARDLY

Counts = NDArray[np.int64]
FloatArray = NDArray[np.float64]

TITLE = "Size and power of the jump analysis"
REPLICATIONS = 100
WINDOWS = {8: 3, 18: 6, 36: 6, 60: 6}
"""Months of each window, by the months of a series."""
DRAWS = 300
LEVEL = 10.0
SHUFFLES = 999


@dataclass(frozen=True)
class Case:
    """How months vary, how many there are, by what factor the last window changes, and how windows and facts come about."""

    kind: str
    months: int = 36
    factor: float = 1.0
    chosen: bool = False
    facts: bool = False

    @property
    def window(self) -> int:
        """Months of each window."""
        return WINDOWS[self.months]

    @property
    def name(self) -> str:
        """The case in words."""
        change = "no change" if self.factor == 1.0 else f"factor {Fraction(self.factor)}"
        return f"{change}: {self.kind}, {self.months} months" + ", chosen" * self.chosen + ", facts" * self.facts


KINDS = ("Poisson", "over-dispersed", "AR(1) rate", "random walk", "trend", "season")
WITHOUT = (
    *(Case(kind, months, chosen=chosen) for chosen in (False, True) for months in WINDOWS for kind in KINDS),
    *(Case(kind, 18, facts=True) for kind in KINDS),
    *(Case(kind, 36, facts=True) for kind in ("over-dispersed", "random walk")),
)
WITH = (
    *(Case(kind, factor=factor) for factor in (2.0, 0.5) for kind in KINDS),
    *(Case("over-dispersed", months, factor) for months in (8, 18, 60) for factor in (2.0, 0.5)),
    *(Case("over-dispersed", 18, factor, facts=True) for factor in (2.0, 0.5)),
    *(Case("over-dispersed", factor=factor) for factor in (1.5, 3.0)),
)
CASES = {case.name: case for case in (*WITHOUT, *WITH)}


def simulate(case: Case, rng: np.random.Generator, course: FloatArray | float = 1.0) -> Counts:
    """Return months ``[n]`` of a case, means multiplied by a further `course`."""
    months = case.months
    mean, alpha = np.full(months, LEVEL), 0.0 if case.kind == "Poisson" else 1.0 / LEVEL
    if case.kind == "trend":
        mean *= np.exp(0.03 * (np.arange(months) - months / 2.0))
    if case.kind == "season":
        mean *= np.exp(0.5 * np.cos(2.0 * np.pi * np.arange(months) / 12.0))
    if case.kind == "random walk":
        mean *= np.exp(np.cumsum(rng.normal(0.0, 0.1, months)))
    if case.kind == "AR(1) rate":
        shocks = rng.normal(0.0, 0.3 * np.sqrt(1.0 - 0.7**2), months)
        rate = np.empty(months)
        for t in range(months):
            rate[t] = 0.7 * rate[t - 1] + shocks[t] if t else rng.normal(0.0, 0.3)
        mean *= np.exp(rate)
    mean[months - case.window :] *= case.factor
    return negative_binomial(mean * course, alpha, rng)


def boundary(y: Counts, window: int, chosen: bool) -> int:
    """Return the first month of the later window."""
    if not chosen:
        return len(y) - window
    sums = np.convolve(y, np.ones(window), mode="valid")
    change = np.log((sums[window:] + 0.5) / (sums[:-window] + 0.5))
    return int(np.argmax(np.abs(change))) + window


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Return the probability that each method gives to what happened, were nothing changed."""
    data, draws = (np.random.default_rng(child) for child in seed.spawn(2))
    y, window = simulate(case, data), case.window
    first = boundary(y, window, case.chosen)
    before, after = y[first - window : first], y[first : first + window]
    usual = {
        "exact Poisson": rates.p_value(int(after.sum()), int(before.sum())),
        "quasi-Poisson": _quasi_poisson(before, after),
        "negative binomial": _likelihood_ratio(before, after),
        "permutation": _permutation(before, after, data),
        "local level until the change": _local_level(y[: first + window], first, window),
    }
    return {**usual, **_analysis(_known(y, case), first, window, draws)}


def _known(y: Counts, case: Case) -> fc.CountSeries | fc.Evidence:
    """Return the series, or what is known if all but the two last windows is published by quarters."""
    months = pd.period_range("2010-01", periods=len(y), freq="M")
    if not case.facts:
        return fc.CountSeries(months, y)
    row = {"series": "y", "unit": "cases", "source_id": "s", "published": "2020-01-01", "use": "data"}
    single = len(y) - 2 * case.window
    windows = [(t, min(t + 3, single)) for t in range(0, single, 3)] + [(t, t + 1) for t in range(single, len(y))]
    facts = [
        fc.Fact.model_validate(
            row
            | {"fact_id": f"f{start}", "kind": "total" if end > start + 1 else "count"}
            | {"value": str(y[start:end].sum()), "start": str(months[start]), "end": str(months[end - 1])}
        )
        for start, end in windows
    ]
    source = {"source_id": "s", "publisher": "simulated", "title": "simulated", "date": "2020-01-01"}
    sources = (fc.Source.model_validate(source | {"url": "https://example.org"}),)
    return fc.Ledger(tuple(facts), sources).evidence("y")


def _analysis(
    data: fc.CountSeries | fc.Evidence, first: int, window: int, rng: np.random.Generator
) -> dict[str, float]:
    """Return what the numbers behind the sentences of a jump report are; its other pages are not made."""
    months, priors, stream = data.months, fc.Priors(), named_streams(rng)
    windows = (months[first - window], months[first - 1]), (months[first], months[first + window - 1])
    pair = Windows.of(data, *windows)
    fits = Fits.of(data, pair, priors, DRAWS, stream)
    moved = sensitivity(fits, priors, 0.95, partial(stream, "sensitivity"))
    chances = {f"chance, {one.kind} level": told.chance for one, told in fits.foretold if "Poisson" not in one.name}
    stated = moved.iloc[0]
    still = [one for one in fits.baselines if not one.step]
    searched = max(
        search(fits.without_step(one), pair, stream("search", one.name), wanders=one.wanders) for one in still
    )
    drawn = {name: Reweighted.as_drawn(fit) for name, fit in fits.posteriors.items()}
    step = averaged_step(fits, drawn, Weighing.of(fits.baselines, _evidences(fits)), 0.95)
    said = verdict.answer(moved)
    return {
        **chances,
        "chance, every baseline": float(stated["chance_upper"]),
        "chance, every baseline and prior": float(moved["chance_upper"].max()),
        "some pair of windows, every baseline": min(1.0, 2.0 * searched),
        "probability of no step": 1.0 - float(stated["step_probability"]),
        "probability of no step, every prior": 1.0 - float(moved["step_probability"].min()),
        "interval of the step excludes 1": 2.0 * min(step.positive, 1.0 - step.positive),
        '"these months are not like independent Poisson counts"': float(stated["constant Poisson"] >= HARDLY),
        '"Yes"': float(said != "yes"),
        '"No"': float(said != "no"),
    }


def _evidences(fits: Fits) -> dict[str, float]:
    return {name: fit.log_evidence for name, fit in fits.posteriors.items()}


def _local_level(y: Counts, first: int, window: int) -> float:
    """Return the p-value of the later total under a Gaussian local level fitted to the months before, by statsmodels.

    The counterfactual is that of Brodersen et al. (2015), Annals of Applied Statistics 9, 247-274, without covariates.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit = UnobservedComponents(y[:first].astype(float), "local level").fit(disp=0)
        noise, drift = np.abs(fit.params)
        state = float(fit.filtered_state[0, -1]), float(fit.filtered_state_cov[0, 0, -1])
    ahead = np.arange(1, window + 1)
    spread = window**2 * state[1] + drift * np.square(ahead).sum()
    missed = float(y[first:].sum()) - window * state[0]
    return float(2.0 * stats.norm.sf(abs(missed) / np.sqrt(spread + window * noise + 1e-12)))


def _quasi_poisson(before: Counts, after: Counts) -> float:
    """Return the p-value of a step in a Poisson regression whose standard error carries Pearson's dispersion."""
    means = max(before.mean(), 1e-9), max(after.mean(), 1e-9)
    n = before.size + after.size
    pearson = sum((np.square(window - mean) / mean).sum() for window, mean in zip((before, after), means, strict=True))
    error = np.sqrt(pearson / (n - 2) * sum(1.0 / (before.size * mean) for mean in means))
    return float(2.0 * stats.t.sf(abs(np.log(means[1] / means[0])) / max(error, 1e-12), n - 2))


def _likelihood_ratio(before: Counts, after: Counts) -> float:
    """Return the p-value of the likelihood ratio of negative binomials with and without a step, by statsmodels."""
    y = np.concatenate([before, after])
    one, step = np.ones(y.size), np.repeat([0.0, 1.0], before.size)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        heights = [NegativeBinomial(y, np.column_stack(columns)).fit(disp=0).llf for columns in ([one], [one, step])]
    return float(stats.chi2.sf(max(2.0 * (heights[1] - heights[0]), 0.0), 1))


def _permutation(before: Counts, after: Counts, rng: np.random.Generator) -> float:
    """Return the share of shuffles of the months with as large a difference of totals; months exchangeable."""
    months = np.concatenate([before, after])
    shuffled = rng.permuted(np.tile(months, (SHUFFLES, 1)), axis=1)
    apart = np.abs(shuffled[:, before.size :].sum(axis=1) - shuffled[:, : before.size].sum(axis=1))
    return float((1 + (apart >= abs(after.sum() - before.sum())).sum()) / (1 + SHUFFLES))


STUDY = Study(CASES, replicate, Path(__file__))

THRESHOLD = 0.05
_OURS = ("chance", "some", "probability", "interval", '"')
_BESIDE = ("exact Poisson", "quasi-Poisson", "negative binomial", "permutation", "local level until the change")
_GROUPS = {
    "No change, windows fixed": lambda case: case.factor == 1.0 and not case.chosen,
    "No change, windows chosen": lambda case: case.factor == 1.0 and case.chosen,
    "A real change": lambda case: case.factor != 1.0,
}


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return, by case and method, how often a change is called, with its standard error; NaN counts as no call."""
    longest = max((row for rows in records.values() for row in rows), key=len)  # a level that fails leaves no chance
    return {
        case: {name: _share([row.get(name, np.nan) for row in rows]) for name in longest}
        for case, rows in records.items()
        if rows
    }


def _share(values: list[float]) -> dict[str, float]:
    called = np.array(values, dtype=float) < THRESHOLD
    share = float(called.mean())
    return {
        "replications": len(called),
        "called": share,
        "error": float(np.sqrt(max(share * (1 - share), 0.25 / len(called)) / len(called))),
    }


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the largest share of false calls, windows fixed beforehand, of every sentence."""
    fixed = _grouped(summary)["No change, windows fixed"].values()
    names = [name for name in next(iter(fixed)) if name.startswith('"') and name != '"No"']
    return {name.strip('"'): f"≤ {max(entry[name]['called'] for entry in fixed):.2f}" for name in names}


def _grouped(summary: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        title: {name: entry for name, entry in summary.items() if belongs(CASES[name])}
        for title, belongs in _GROUPS.items()
    }


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    names = list(next(iter(summary.values())))
    ours, beside = [name for name in names if name not in _BESIDE], [name for name in names if name in _BESIDE]
    lines = [
        f"# {TITLE}",
        "",
        "![How often each method calls a change](jumps.svg)",
        "",
        f"Series around {LEVEL:g} a month; the last six months against the six before (three against three of 8 months).",
        "*Over-dispersed*: variance twice the mean, as in all kinds but the first; *AR(1) rate*: the logarithm of the rate has",
        "standard deviation 0.3 and correlation 0.7 from month to month; *random walk*: it moves by 0.1 per month; *trend*: 3%",
        "per month; *season*: a yearly wave of half a log unit. *Facts*: what is before both windows is known by totals of at",
        "most three months. *Chosen*: the windows are the adjacent pair with the largest change, either way.",
        "",
        "A method calls a change where the probability it gives is below 5%, a sentence is called where it is printed:",
        "",
        f"* `jump` ({DRAWS} draws): the primary *chance*, of a change as unusual either way given the months before, under one",
        "  baseline, under every one, and under every one with each prior scale moved alone; *some pair of windows*, twice the",
        "  largest search; *probability of no step*, as stated and under every prior; the interval of the averaged step; and",
        "  the sentences that settle something (what is neither *Yes* nor *No* is *Not settled*);",
        "* tests of the two windows alone: exact conditional Poisson; Poisson regression with Pearson's dispersion; likelihood",
        "  ratio of negative binomials (statsmodels); permutation of the months; and a Gaussian local level fitted to what is",
        "  before and run on without a change, the counterfactual of CausalImpact without covariates (statsmodels).",
        "",
        "Without a change, calls are false alarms, 5% being the promise (of *No* they are the right answers); with one they",
        "are power, which compares only methods whose false alarms are alike (of *No* they are errors).",
    ]
    for title, cases in _grouped(summary).items():
        for kind, columns in (("", ours), (": other tests", beside)):
            lines += ["", f"## {title}{kind}: calls, % (standard error)", "", _row(["case", "series", *columns])]
            lines.append("|" + "---|" * (2 + len(columns)))
            lines += [
                _row([case, str(entry[names[0]]["replications"]), *(_cell(entry[name]) for name in columns)])
                for case, entry in cases.items()
            ]
        if cases and title != "A real change":
            lines += ["", f"Within two standard errors of 5% or below it in all of these: {_promised(cases)}."]
    return lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(share: dict[str, float]) -> str:
    return f"{100 * share['called']:.0f} ({100 * share['error']:.0f})"


def _promised(cases: dict[str, Any]) -> str:
    """Return the methods whose false alarms keep to the promise in all of some cases."""
    names = [name for name in next(iter(cases.values())) if name != '"No"']
    kept = [
        name
        for name in names
        if all(entry[name]["called"] <= THRESHOLD + 2.0 * entry[name]["error"] for entry in cases.values())
    ]
    return "; ".join(kept) or "none"


@styled
def draw(summary: dict[str, Any], file: Path) -> None:
    """Write the picture: a row per method, a panel per kind of case, a mark per case."""
    names = list(next(iter(summary.values())))[::-1]
    figure = Figure(figsize=(10.4, 5.4), layout="constrained")
    panels = figure.subplots(1, len(_GROUPS), sharey=True)
    colours = [BLUE if name.startswith(_OURS) else VERMILION for name in names]
    for axes, (title, cases) in zip(panels, _grouped(summary).items(), strict=True):
        for entry in cases.values():
            called = [100 * entry[name]["called"] for name in names]
            axes.scatter(called, range(len(names)), marker="o", s=18, facecolors="none", edgecolors=colours)
        if title != "A real change":
            axes.axvline(100 * THRESHOLD, color=INK, linewidth=0.8)
        axes.set(title=title.replace(", ", ",\n"), xlim=(-3, 103), xlabel="calls a change, %")
        axes.set_yticks(range(len(names)), [name.replace(" not like ", "\nnot like ") for name in names])
        axes.yaxis.grid(True, color=RULE)
    figure.set_label(
        "How often each method calls a change, without one, with windows chosen after the fact, and with one; a mark per case."
    )
    file.write_text(svg(figure), encoding="utf-8")
