"""How good the estimates of the probability of facts are, judged at draws of the parameters."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecasting.distributions import Distribution
from forecasting.errors import SamplingWarning
from forecasting.inference.psis import smooth_weights
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood import FactLikelihood
from forecasting.likelihood.estimate import effective, log_error

FEWEST_VECTORS = 50
"""Effective month vectors below which an estimate of the probability of facts is warned of."""

_JUDGED = 50  # draws at which estimates are judged
_COLUMNS = ("facts", "months", "vectors", "effective", "log_error", "khat")


def some_of(draws: FloatArray) -> FloatArray:
    """Return the draws ``[K, p]`` of ``[S, p]`` at which estimates are judged."""
    return draws[:: max(len(draws) // _JUDGED, 1)]


def estimates_at(
    facts: FactLikelihood, log_mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution
) -> pd.DataFrame:
    """Return how good each estimate is at log means ``[K, T]``; see `Posterior.estimates`."""
    rows = []
    for group in facts.estimated:
        logs = group.log_weights(np.exp(log_mean[:, list(group.months)]), shape, distribution)
        _, khat = smooth_weights(logs[0])
        rows.append(
            {
                "facts": ", ".join(group.facts),
                "months": len(group.months),
                "vectors": group.number,
                "effective": float(np.median(effective(logs))),
                "log_error": float(np.median(log_error(logs, group.number))),
                "khat": khat,
            }
        )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def warn_of_few_vectors(estimates: pd.DataFrame, name: str, *, stacklevel: int) -> None:
    """Warn of each estimate that rests on few effective month vectors."""
    for row in estimates.to_dict("records"):
        if row["effective"] < FEWEST_VECTORS:
            warnings.warn(
                f"{name}: the probability of the facts {row['facts']} is an estimate that rests on {row['effective']:.0f} "
                f"effective month vectors, fewer than {FEWEST_VECTORS}; its error is not negligible: leave one of these facts "
                "out (without=[...]), or use a shorter window",
                SamplingWarning,
                stacklevel=stacklevel + 1,
            )
