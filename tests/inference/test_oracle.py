"""The posterior against a long run of an independent sampler on the same density."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.reference import metropolis

LONG_RUNS = json.loads(metropolis.FILE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", metropolis.CASES)
def test_posterior_agrees_with_a_long_metropolis_run(case: str, rng: np.random.Generator) -> None:
    theirs = LONG_RUNS[case]
    regression, known = metropolis.model(case)
    found = regression.posterior(known, draws=3000 if "courts" in case else 8000, rng=rng)
    ours = found.sample.work
    # Proposals come in antithetic pairs, which carry the information of one draw about even functions.
    effective = 0.5 * min(found.ess, len(ours))
    compared = metropolis.summaries(theirs["mean"], theirs["sd"], theirs["quantiles"])
    for summary, expected, error in zip(compared, theirs["expected"], theirs["error"], strict=True):
        of = summary(ours)
        gap = (of.mean(axis=0) - expected) / np.hypot(error, of.std(axis=0) / np.sqrt(effective))
        assert (np.abs(gap) < 4.5).all(), gap
    assert found.khat < 0.7
