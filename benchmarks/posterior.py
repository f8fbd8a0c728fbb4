"""The posterior of a regression: CPU time and effective draws, beside samplers that walk along gradients.

The density, the same for all, with x_t the six columns of the design (intercept, trend, two harmonic pairs):

    y_t     ~  negative binomial, mean mu_t = exp(x_t' beta), variance mu_t + kappa^2 mu_t^2,  t = 1..60
    beta_j  ~  normal(centre_j, scale_j): level log of the mean count, 2; trend 0, 0.25; harmonics 0, 0.5
    kappa   ~  half-normal(0.5)

Gradient samplers feel how the trend is written, so it is measured both ways: counted from the middle of the
months, where level and trend are nearly independent, and from the first month, where they are not.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

import forecasting as fc
from benchmarks.sixty_months import MONTHS, model, simulate

DRAWS = 4000
ORIGINS = {"trend from the middle": None, "trend from the first month": str(MONTHS[0])}
PEERS = Path(__file__).parents[1] / ".venv-peers" / "bin" / "python"


def measure(runs: int = 400, peers: Path = PEERS) -> dict[str, Any]:
    """Return CPU time and effective draws for each way to write the trend, with the peers where installed."""
    return {name: compare(model(origin), runs, peers) for name, origin in ORIGINS.items()}


def compare(regression: fc.CountRegression, runs: int, peers: Path) -> dict[str, Any]:
    ours = measure_ours(regression, runs)
    result: dict[str, Any] = {"forecasting": ours}
    if not peers.exists():
        return result | {"peers": "not installed; `make bench` installs them where it can"}
    try:
        theirs = measure_peers(regression, peers)
    except subprocess.CalledProcessError as error:
        return result | {"peers": f"failed: {error.stderr.strip().splitlines()[-1]}"}
    for name, peer in theirs.items():
        peer["ratio"] = ours["effective_per_cpu_second"] / peer["effective_per_cpu_second"]
        shift = (np.array(peer.pop("mean")) - ours["mean"]) / ours["sd"]
        peer["largest_difference_of_means_in_sd"] = float(np.abs(shift).max())
        result[name] = peer
    return result


def measure_ours(regression: fc.CountRegression, runs: int) -> dict[str, Any]:
    """Run the sampler `runs` times with different streams.

    The effective number of draws is what the importance weights say and, independently, the posterior variance
    over the variance of the posterior means between runs: smallest and mean over the parameters.  The smallest
    figure counts.
    """
    series = simulate()
    regression.posterior(series, draws=DRAWS, rng=np.random.default_rng(0))  # lazy imports
    samples, seconds = [], []
    for seed in range(1, runs + 1):
        rng = np.random.default_rng([60, seed])
        start = time.process_time()
        posterior = regression.posterior(series, draws=DRAWS, rng=rng)
        seconds.append(time.process_time() - start)
        samples.append(posterior.sample)
    means = np.array([sample.work.mean(axis=0) for sample in samples])
    variance = np.mean([sample.work.var(axis=0) for sample in samples], axis=0)
    effective = variance / means.var(axis=0, ddof=1)
    by_weights = statistics.median(sample.quality.ess for sample in samples)
    cpu = statistics.median(seconds)
    return {
        "cpu_ms": 1e3 * cpu,
        "draws": DRAWS,
        "effective_by_weights": by_weights,
        "effective_by_repetition_smallest": float(effective.min()),
        "effective_by_repetition_mean": float(effective.mean()),
        "effective_per_cpu_second": min(by_weights, float(effective.min())) / cpu,
        "largest_khat": max(sample.quality.khat for sample in samples),
        "mean": means.mean(axis=0).tolist(),
        "sd": np.sqrt(variance).tolist(),
    }


def measure_peers(regression: fc.CountRegression, python: Path) -> dict[str, Any]:
    """Hand the numbers of the density to the samplers in the environment of their own."""
    series = simulate()
    density = regression.density(series)
    problem = {
        "y": series.values.tolist(),
        "design": density.design.tolist(),
        "centre": density.centre.tolist(),
        "scale": density.scale.tolist(),
    }
    script = Path(__file__).with_name("peers_posterior.py")
    done = subprocess.run(
        [str(python), str(script)], input=json.dumps(problem), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def table(result: dict[str, Any]) -> list[str]:
    """Return lines of Markdown."""
    lines = [
        "| trend | sampler | CPU ms | draws | effective | a CPU second | ours over theirs |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, entry in result.items():
        ours = entry["forecasting"]
        lines.append(
            f"| {name} | forecasting | {ours['cpu_ms']:.1f} | {ours['draws']} | "
            f"{ours['effective_by_repetition_smallest']:.0f} | {ours['effective_per_cpu_second']:,.0f} | |"
        )
        for peer in ("pymc", "nutpie"):
            if peer in entry:
                theirs = entry[peer]
                lines.append(
                    f"| {name} | {peer} {theirs['version']} | {theirs['cpu_ms']:.0f} | {theirs['draws']} | "
                    f"{theirs['effective']:.0f} | {theirs['effective_per_cpu_second']:,.0f} | {theirs['ratio']:.0f} |"
                )
        if "peers" in entry:
            lines.append(f"| {name} | PyMC, nutpie | {entry['peers']} | | | | |")
    first = next(iter(result.values()))["forecasting"]
    peers = [entry[peer] for entry in result.values() for peer in ("pymc", "nutpie") if peer in entry]
    largest = max((peer["largest_difference_of_means_in_sd"] for peer in peers), default=float("nan"))
    return [
        *lines,
        "",
        "Effective draws are those of the parameter with fewest. Ours are counted by repetition: the posterior",
        f"variance over the variance of posterior means between runs (mean over the parameters "
        f"{first['effective_by_repetition_mean']:.0f}; the",
        f"importance weights say {first['effective_by_weights']:.0f}). Theirs are bulk effective sample sizes of 2 chains "
        "of 1,000 draws",
        "after tuning (1,000 draws in PyMC, the default in nutpie). Their tuning is counted, as is our search for the",
        "mode; their compilation is not. Posterior means differ by at most "
        f"{largest:.2f} posterior standard deviations.",
    ]
