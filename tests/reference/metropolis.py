"""Moments and tails of posteriors by a long run of an independent sampler: ``python -m tests.reference.metropolis``.

The run takes about two minutes; its outcome stands in metropolis.json, and the sampler of the library is held to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from forecasting import CountRegression, Intercept, NegativeBinomial, Seasonal, Trend, load_ledger
from forecasting.constraints import Observed
from forecasting.terms import Step, Terms
from tests.inference import oracle
from tests.models import data

FILE = Path(__file__).with_suffix(".json")
TAILS = (0.05, 0.5, 0.95)


def get_lost() -> Observed:
    return load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")


# terms, what is known, chains, steps
CASES: dict[str, tuple[Terms, Callable[[], Observed], int, int]] = {
    "eight months": (Intercept() + Trend(), lambda: data.simulated(8), 80, 3000),
    "five years": (Intercept() + Trend() + Seasonal(), lambda: data.simulated(60), 80, 3000),
    "counts that vary less than Poisson": (Intercept() + Trend(), data.underdispersed, 80, 3000),
    "missing months": (
        Intercept() + Trend(),
        lambda: data.series(data.simulated(14).values, missing=[2, 3, 9]),
        80,
        3000,
    ),
    "Get Lost": (Intercept() + Trend(), get_lost, 40, 3000),
    "courts, a steady trend": (Intercept() + Trend(), data.courts, 30, 600),
    "courts, a step": (Intercept() + Step("2023-01"), data.courts, 30, 600),
}


def model(case: str) -> tuple[CountRegression, Observed]:
    terms, known, *_ = CASES[case]
    return CountRegression(terms, NegativeBinomial()), known()


def long_run(case: str) -> dict[str, Any]:
    """Return mean, sd and quantiles ``[p]`` of the long run, and the errors of the means that `summaries` compares."""
    regression, known = model(case)
    chains, steps = CASES[case][2:]
    density = regression.density(known)
    states = oracle.metropolis(
        lambda work: density.log_likelihood(work) + density.log_prior(work),
        density.start,
        density.scale,
        density.folded,
        chains=chains,
        steps=steps,
        rng=np.random.default_rng(20231205),
    )
    slow = states.reshape(-1, density.start.size)
    moments = {"mean": slow.mean(axis=0), "sd": slow.std(axis=0), "quantiles": np.quantile(slow, TAILS, axis=0)}
    compared = [summary(states) for summary in summaries(**moments)]
    errors = {
        "expected": [of.mean(axis=(0, 1)) for of in compared],
        "error": [oracle.error_of_mean(of) for of in compared],
    }
    return {name: np.asarray(found).tolist() for name, found in (moments | errors).items()}


def summaries(mean: Any, sd: Any, quantiles: Any) -> list[Callable[[np.ndarray], np.ndarray]]:
    """First and second moments, and the share below three points of the long run's distribution."""
    centre, spread = np.asarray(mean), np.asarray(sd)
    return [
        lambda x: x,
        lambda x: np.square((x - centre) / spread),
        *(lambda x, q=q: (x <= q).astype(float) for q in np.asarray(quantiles)),
    ]


if __name__ == "__main__":
    found = {case: long_run(case) for case in CASES}
    FILE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
