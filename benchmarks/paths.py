"""Rates of simulated paths, 10,000 of 12 months: drawn freely, and coupled through given uniforms.

``python -m benchmarks.paths`` prints them beside NumPy's generators and SciPy's quantile functions, measured in the same run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.measuring import cpu_of_calls, machine, versions
from forecasting import NegativeBinomial, Poisson, Predictive

DRAWS, HORIZON, SEED = 10_000, 12, 20231205
MEANS = (0.1, 1.0, 10.0, 100.0, 1e3, 1e4, 1e5)
ALPHAS = (0.0, 0.01, 0.1, 0.5, 2.0)
REPEATS = 7
COLUMNS = ("NumPy", "sample", "Predictive.draw", "SciPy", "quantile", "Predictive.coupled")


def measure(repeats: int = REPEATS) -> dict[str, dict[str, float]]:
    """Return millions of draws a CPU second, of every way to make them, by mean and alpha (0 is Poisson)."""
    return {f"{mean:g}, {alpha:g}": _rates(mean, alpha, repeats) for mean in MEANS for alpha in ALPHAS}


def _rates(mean: float, alpha: float, repeats: int) -> dict[str, float]:
    """Draws differ in level and over-dispersion, months in level, as in a posterior."""
    rng = np.random.default_rng(SEED)
    mu = mean * np.exp(0.3 * rng.standard_normal((DRAWS, 1)) + 0.1 * rng.standard_normal((1, HORIZON)))
    spread = alpha * np.exp(0.3 * rng.standard_normal(DRAWS))
    uniforms = rng.random((DRAWS, HORIZON))
    months = pd.period_range("2024-01", periods=HORIZON, freq="M")
    family, shape = (NegativeBinomial(), (spread,)) if alpha else (Poisson(), ())
    beside = [values[:, None] for values in shape]
    calls: dict[str, Callable[[], Any]] = {
        "sample": lambda: family.sample(mu, *beside, rng=rng),
        "Predictive.draw": lambda: Predictive.draw(months, mu, shape, family, name="paths", rng=rng),
        "quantile": lambda: family.quantile(uniforms, mu, *beside),
        "Predictive.coupled": lambda: Predictive.coupled(months, mu, shape, family, uniforms, "paths"),
    }
    if alpha:
        size, chance = 1.0 / spread[:, None], 1.0 / (1.0 + spread[:, None] * mu)
        calls["NumPy"] = lambda: rng.negative_binomial(size, chance)
        calls["SciPy"] = lambda: stats.nbinom.ppf(uniforms, size, chance)
    else:
        calls["NumPy"] = lambda: rng.poisson(mu)
        calls["SciPy"] = lambda: stats.poisson.ppf(uniforms, mu)
    often = {name: 1 if name == "SciPy" else repeats for name in calls}
    return {name: DRAWS * HORIZON / min(cpu_of_calls(calls[name], often[name])) / 1e6 for name in COLUMNS}


def table(results: dict[str, dict[str, float]]) -> list[str]:
    """Return the rates as lines of Markdown."""
    lines = [f"| mean, alpha | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    return lines + [
        f"| {case} | {' | '.join(f'{rates[name]:.2f}' for name in COLUMNS)} |" for case, rates in results.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS, help="runs of each call, of which the fastest counts")
    options = parser.parse_args(arguments)
    here, packages = machine(), ", ".join(f"{name} {number}" for name, number in versions().items())
    print(f"{here['processor']}, {here['cores']} cores, {here['system']}, Python {here['python']}; {packages}.")
    print("Million draws a second of CPU time.\n")
    print("\n".join(table(measure(options.repeats))))


if __name__ == "__main__":
    main()
