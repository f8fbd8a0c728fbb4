"""The posterior against a long run of an independent sampler on the same density."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting import CountRegression, Intercept, NegativeBinomial, Seasonal, Trend, load_ledger
from forecasting.constraints import Observed
from forecasting.terms import Step, Terms
from tests.inference import oracle
from tests.models import data


def get_lost() -> Observed:
    return load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")


CASES: dict[str, tuple[Terms, Observed, int, int, int]] = {
    "eight months": (Intercept() + Trend(), data.simulated(8), 80, 3000, 8000),
    "five years": (Intercept() + Trend() + Seasonal(), data.simulated(60), 80, 3000, 8000),
    "counts that vary less than Poisson": (Intercept() + Trend(), data.underdispersed(), 80, 2000, 8000),
    "missing months": (
        Intercept() + Trend(),
        data.series(data.simulated(14).values, missing=[2, 3, 9]),
        80,
        2000,
        8000,
    ),
    "Get Lost": (Intercept() + Trend(), get_lost(), 40, 1200, 6000),
    "courts, a steady trend": (Intercept() + Trend(), data.courts(), 30, 300, 3000),
    "courts, a step": (Intercept() + Step("2023-01"), data.courts(), 30, 300, 3000),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_posterior_agrees_with_a_long_metropolis_run(case: str, rng: np.random.Generator) -> None:
    terms, known, chains, steps, draws = CASES[case]
    model = CountRegression(terms, NegativeBinomial())
    density = model.density(known)
    found = model.posterior(known, draws=draws, rng=rng)
    states = oracle.metropolis(
        lambda work: density.log_likelihood(work) + density.log_prior(work),
        density.start,
        density.scale,
        density.folded,
        chains=chains,
        steps=steps,
        rng=rng,
    )
    slow, fast = states.reshape(-1, density.start.size), found.sample.work
    # Proposals come in antithetic pairs, which carry the information of one draw about even functions.
    effective = 0.5 * min(found.ess, draws)
    sd = slow.std(axis=0)
    # First and second moments, and the share beyond three points of the slow sampler's distribution.
    summaries = [
        lambda x: x,
        lambda x: np.square((x - slow.mean(axis=0)) / sd),
        *(lambda x, q=q: (x <= q).astype(float) for q in np.quantile(slow, [0.05, 0.5, 0.95], axis=0)),
    ]
    for summary in summaries:
        theirs, ours = summary(states), summary(fast)
        error = np.hypot(oracle.error_of_mean(theirs), ours.std(axis=0) / np.sqrt(effective))
        gap = (ours.mean(axis=0) - theirs.mean(axis=(0, 1))) / error
        assert (np.abs(gap) < 4.5).all(), gap
    assert found.khat < 0.7
