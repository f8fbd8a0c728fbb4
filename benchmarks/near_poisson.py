"""Standard errors of statsmodels' negative binomial on counts that are no more spread than Poisson: how many are NaN."""

from __future__ import annotations

import warnings

import numpy as np
import statsmodels.api as sm

SERIES, MONTHS, MEAN = 200, 24, 3.0


def without_errors() -> list[int]:
    """Return the seeds of the simulated series for which every standard error is NaN."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for seed in range(SERIES):
            y = np.random.default_rng(seed).poisson(MEAN, MONTHS)
            if np.isnan(sm.NegativeBinomial(y, np.ones((MONTHS, 1))).fit(disp=0).bse).all():
                found.append(seed)
    return found


if __name__ == "__main__":
    seeds = without_errors()
    print(f"{len(seeds)} of {SERIES}: seeds {', '.join(map(str, seeds))}")
