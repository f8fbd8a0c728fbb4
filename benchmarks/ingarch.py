"""INGARCH: maximum likelihood, posterior and the bootstrapped search for interventions, on a simulated series of 140 months.

With the environment variable FORECASTING_SHARED naming a folder that holds ``reference/r_reference.json`` and
``reference/r_timings.json``, also the series `campy` and the CPU times of R's tscount beside ours.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.measuring import cpu_of_calls
from forecasting import Autoregression, CountSeries, Covariate, NegativeBinomial, Poisson, find_interventions

R_SECONDS = {"fit": 0.61, "search": 35.0}
"""tscount 1.4.3 on campy: a negative-binomial fit, and `interv_detect` with 30 replicates and one kind of change."""


def simulated(size: int = 140) -> CountSeries:
    """Return counts that depend on the month before and on the mean 13 months before."""
    rng, mean, counts = np.random.default_rng(13), [12.0] * 13, [12]
    for _ in range(size):
        mean.append(3.0 + 0.4 * counts[-1] + 0.3 * mean[-13])
        counts.append(int(rng.poisson(rng.gamma(20.0, mean[-1] / 20.0))))
    return CountSeries(pd.period_range("2010-01", periods=size, freq="M"), counts[1:], unique_id="simulated")


def campy() -> CountSeries | None:
    """Return the series of tscount's examples, if the shared folder is there."""
    path = Path(os.environ.get("FORECASTING_SHARED", "")) / "reference" / "r_reference.json"
    if "FORECASTING_SHARED" not in os.environ or not path.exists():
        return None
    values = json.loads(path.read_text())["cases"]["campy_jss_nbinom"]["data"]["values"]
    return CountSeries(pd.period_range("1990-01", periods=len(values), freq="M"), values, unique_id="campy")


def _jss(series: CountSeries) -> Autoregression:
    """Return the model of Liboschik, Fokianos and Fried (2017): a step from month 84, a pulse in month 100."""
    months = np.arange(1, len(series.months) + 1)
    step, pulse = (
        Covariate(name, pd.Series(values.astype(float), index=series.months))
        for name, values in (("step", months >= 84), ("pulse", months == 100))
    )
    return Autoregression((1,), (13,), "identity", step + pulse, NegativeBinomial(), "marginal")


def measure(repeats: int = 30, replicates: int = 1000) -> dict[str, Any]:
    """Return CPU times in milliseconds for each series."""
    return {
        series.unique_id: _measured(series, repeats, replicates)
        for series in (simulated(), campy())
        if series is not None
    }


def _measured(series: CountSeries, repeats: int, replicates: int) -> dict[str, float]:
    null, jss = Autoregression((1,), (13,), "identity", None, Poisson(), "marginal"), _jss(series)
    calls = {
        "fit, negative binomial, two interventions": (lambda: jss.fit(series), repeats),
        "fit, negative binomial": (lambda: Autoregression((1,), (13,), "identity").fit(series), repeats),
        "fit, log link, lags 1, 12 and mean 1": (lambda: Autoregression().fit(series), repeats),
        "posterior, 4000 draws": (
            lambda: Autoregression().posterior(series, rng=np.random.default_rng(1)),
            max(1, repeats // 5),
        ),
        f"search, one kind, {replicates} replicates": (
            lambda: find_interventions(null, series, (1.0,), replicates=replicates, rng=np.random.default_rng(1)),
            1,
        ),
        f"search, three kinds, {replicates} replicates": (
            lambda: find_interventions(null, series, replicates=replicates, rng=np.random.default_rng(1)),
            1,
        ),
    }
    return {name: 1e3 * min(cpu_of_calls(call, count)) for name, (call, count) in calls.items()}


def table(result: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    names = list(next(iter(result.values())))
    head = ["| CPU ms | " + " | ".join(result) + " |", "|---" * (1 + len(result)) + "|"]
    rows = [f"| {name} | " + " | ".join(f"{times[name]:.1f}" for times in result.values()) + " |" for name in names]
    if "campy" not in result:
        return [*head, *rows]
    fit, search = (
        1e3 * R_SECONDS["fit"] / result["campy"][names[0]],
        1e3 * R_SECONDS["search"] / result["campy"][names[4]],
    )
    return [
        *head,
        *rows,
        "",
        f"R's tscount over ours: {fit:.0f} for the first fit; {search:.0f} for the search of one kind, R's with 30 replicates.",
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30, help="runs of each fit")
    parser.add_argument("--replicates", type=int, default=1000, help="series of the bootstrap")
    options = parser.parse_args(arguments)
    print("\n".join(table(measure(options.repeats, options.replicates))))


if __name__ == "__main__":
    main()
