"""Coverage of 90% prediction intervals, one to six months ahead, for simulated negative-binomial series.

A series of n months and the six that follow: the mean is 100 in the first month and changes by a factor exp(b) a
month, b normal around 0; alpha is the square of the coefficient of variation of the rate, |normal(0, 0.35)| + 0.05.
Three intervals:

forecasting   posterior predictive of `CountRegression(Intercept() + Trend(), NegativeBinomial())`
plug-in       quantiles of a negative binomial at the estimates of statsmodels, the usual practice; where that fit
              breaks down (an exception, an estimate that is not finite, no dispersion) a Poisson regression
              takes its place
oracle        quantiles at the true parameters; counts are whole, so it covers a little more than 90%
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

import forecasting as fc
from benchmarks.replications import Record, Study
from benchmarks.validation import methods

LEVEL = 0.9
HORIZON = 6
TITLE = "Coverage of 90% prediction intervals under a trend"
REPLICATIONS = 1000
METHODS = ("forecasting", "plug-in", "oracle")
MODEL = fc.CountRegression(fc.Intercept() + fc.Trend(), fc.NegativeBinomial())

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A length of series, and the spread of its trend a month."""

    months: int
    trend: float


CASES = {
    "8 months": Case(8, 0.06),
    "12 months": Case(12, 0.06),
    "24 months": Case(24, 0.06),
    "60 months": Case(60, 0.015),
}


def replicate(case: Case, seed: np.random.SeedSequence) -> Record:
    """Simulate one series and record, for each method, hits, widths and interval scores by horizon.

    Widths and scores are divided by the true mean of the month, so that no replication outweighs the others by its level.
    """
    data, draws = (np.random.default_rng(child) for child in seed.spawn(2))
    alpha = (abs(data.normal(0.0, 0.35)) + 0.05) ** 2
    mean = 100.0 * np.exp(data.normal(0.0, case.trend) * np.arange(case.months + HORIZON))
    y = data.poisson(mean * data.gamma(1.0 / alpha, alpha, size=mean.size))
    past, future, scale = y[: case.months], y[case.months :], mean[case.months :]
    plug_in, outcome = _plug_in(past)
    ends = {"forecasting": _forecast(past, draws), "plug-in": plug_in, "oracle": _quantiles(scale, alpha)}
    record: Record = {"outcome": outcome}
    for method, (low, high) in ends.items():
        record[method] = {
            "hit": ((low <= future) & (future <= high)).astype(int).tolist(),
            "width": ((high - low) / scale).tolist(),
            "score": (interval_score(low, high, future) / scale).tolist(),
        }
    return record


def _forecast(y: NDArray[np.int64], rng: np.random.Generator) -> tuple[Array, Array]:
    series = fc.CountSeries(pd.period_range("2018-01", periods=y.size, freq="M"), y)
    interval = MODEL.posterior(series, rng=rng).forecast(HORIZON, rng=rng).interval(LEVEL)
    return interval["lower"].to_numpy(float), interval["upper"].to_numpy(float)


def _plug_in(y: NDArray[np.int64]) -> tuple[tuple[Array, Array], str]:
    """Return the interval of the usual practice, and how the fit went."""
    month = np.arange(y.size + HORIZON) - (y.size - 1) / 2.0
    design = np.column_stack([np.ones(month.size), month])
    beta, alpha, outcome = methods.plug_in(y, design[: y.size])
    return _quantiles(np.exp(design[y.size :] @ beta), alpha), outcome


def _quantiles(mean: Array, alpha: float) -> tuple[Array, Array]:
    """Return the central interval of negative binomials; Poisson where alpha is too small to tell."""
    distribution = stats.poisson(mean) if alpha < 1e-8 else stats.nbinom(1 / alpha, 1 / (1 + alpha * mean))
    tail = (1.0 - LEVEL) / 2.0
    return distribution.ppf(tail), distribution.ppf(1.0 - tail)


def interval_score(low: Array, high: Array, y: NDArray[np.int64]) -> Array:
    """Return width plus 2 / (1 - level) times the distance by which `y` lies outside (Gneiting, Raftery 2007)."""
    outside = np.maximum(low - y, 0.0) + np.maximum(y - high, 0.0)
    return high - low + 2.0 / (1.0 - LEVEL) * outside


STUDY = Study(CASES, replicate, Path(__file__), (Path(methods.__file__),))


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return coverage from the shortest and the longest series, with its standard error."""
    return {
        f"{method}_{case}": "{coverage:.3f} ± {standard_error:.3f}".format(**summary[case][method])
        for case in (min(CASES, key=lambda case: CASES[case].months), max(CASES, key=lambda case: CASES[case].months))
        for method in METHODS
    }


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return coverage with its Monte Carlo standard error, widths and scores by case and method.

    Replications are the unit: hits are averaged over the horizon within a replication before anything else.
    """
    return {case: _summary(rows) for case, rows in records.items()}


def _summary(rows: list[Record]) -> dict[str, Any]:
    outcomes = [row["outcome"] for row in rows]
    result: dict[str, Any] = {
        "replications": len(rows),
        "plug-in fits": {name: outcomes.count(name) for name in ("converged", "not converged", "failed")},
    }
    for method in METHODS:
        hit, width, score = (
            np.array([row[method][quantity] for row in rows]) for quantity in ("hit", "width", "score")
        )
        error = np.sqrt(len(rows))
        result[method] = {
            "coverage": float(hit.mean()),
            "standard_error": float(hit.mean(axis=1).std(ddof=1) / error),
            "coverage_by_horizon": hit.mean(axis=0).tolist(),
            "standard_error_by_horizon": (hit.std(axis=0, ddof=1) / error).tolist(),
            "median_width": float(np.median(width)),
            "median_width_by_horizon": np.median(width, axis=0).tolist(),
            "mean_interval_score": float(score.mean()),
            "median_interval_score": float(np.median(score.mean(axis=1))),
        }
    return result


def page(summary: dict[str, Any]) -> list[str]:
    """Return the results as lines of Markdown."""
    lines = [
        f"# {TITLE}",
        "",
        "![Coverage by horizon for series of 8, 12, 24 and 60 months](coverage.svg)",
        "",
        "Simulated series of n months: the mean is 100 in the first month and changes by a constant factor a month,",
        "the logarithm of which is normal with mean 0 and standard deviation 0.06 (0.015 for 60 months); counts are",
        "negative binomial with alpha = cv^2, cv = |normal(0, 0.35)| + 0.05. Intervals are formed for the next six",
        "months. *forecasting* is `CountRegression(Intercept() + Trend(), NegativeBinomial())` with its default priors;",
        "*plug-in* takes the quantiles at the maximum-likelihood estimates of statsmodels' `NegativeBinomial`; *oracle*",
        "knows the true parameters and shows what whole counts allow. Widths and interval scores are relative to the",
        "true mean of the month; standard errors, in brackets, take a replication as the unit.",
        "",
        "| series | method | coverage % | 1 month ahead | 6 months ahead | median width | interval score, mean | median |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(case, method, entry[method]) for case, entry in summary.items() for method in METHODS]
    lines += ["", "By horizon, in percent:", "", "| series | method | 1 | 2 | 3 | 4 | 5 | 6 |", "|" + "---|" * 8]
    for case, entry in summary.items():
        for method in METHODS:
            cells = " | ".join(f"{100 * share:.1f}" for share in entry[method]["coverage_by_horizon"])
            lines.append(f"| {case} | {method} | {cells} |")
    lines += [
        "",
        "Fits of the plug-in practice. One that stopped without converging is used as it is; one that failed (an",
        "exception, an estimate that is not finite, or no over-dispersion) is replaced by a Poisson regression.",
        "",
        "| series | replications | converged | not converged | failed |",
        "|---|---|---|---|---|",
    ]
    for case, entry in summary.items():
        counts = " | ".join(str(count) for count in entry["plug-in fits"].values())
        lines.append(f"| {case} | {entry['replications']} | {counts} |")
    return lines


def _row(case: str, method: str, entry: dict[str, Any]) -> str:
    by_horizon, errors = entry["coverage_by_horizon"], entry["standard_error_by_horizon"]
    cells = [
        f"{100 * share:.1f} ({100 * error:.1f})"
        for share, error in (
            (entry["coverage"], entry["standard_error"]),
            (by_horizon[0], errors[0]),
            (by_horizon[-1], errors[-1]),
        )
    ]
    numbers = (entry["median_width"], entry["mean_interval_score"], entry["median_interval_score"])
    return f"| {case} | {method} | " + " | ".join(cells + [f"{number:.2f}" for number in numbers]) + " |"


def draw(summary: dict[str, Any], file: Path) -> None:
    """Write the picture: coverage by horizon, with two standard errors, a panel for each length."""
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, len(summary), figsize=(10, 3.2), sharey=True, layout="constrained")
    months = np.arange(1, HORIZON + 1)
    for axis, (case, entry) in zip(axes, summary.items(), strict=True):
        axis.axhspan(88, 92, color="0.9", zorder=0)
        axis.axhline(100 * LEVEL, color="0.5", linewidth=0.8, zorder=1)
        for method, colour, shift in zip(METHODS, ("#0b6e4f", "#c0392b", "0.4"), (-0.12, 0.12, 0.0), strict=True):
            coverage = 100 * np.array(entry[method]["coverage_by_horizon"])
            error = 200 * np.array(entry[method]["standard_error_by_horizon"])
            axis.errorbar(months + shift, coverage, error, color=colour, marker="o", markersize=3, label=method)
        axis.set(title=case, xlabel="months ahead", xticks=months)
    axes[0].set(ylabel="coverage of 90% intervals, %", ylim=(50, 100))
    axes[0].legend(frameon=False, loc="lower left", fontsize=8)
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
