"""Monthly counts for models that follow them from month to month."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.distributions import Distribution
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood import FactLikelihood
from forecasting.predictive import History
from forecasting.series import listing


def read_data(data: Observed) -> Observed:
    """Return `data` if a model can be fitted to it."""
    if not hasattr(data, "constraints"):
        raise InvalidInput(
            f"a model is fitted to a CountSeries or to Evidence, not to {type(data).__name__}; "
            "make one with CountSeries.from_frame(df), CountSeries.from_pandas(series) or ledger.evidence(name)"
        )
    return data


def partly_known(data: Observed) -> NDArray[np.bool_]:
    """Return of which months ``[T]`` something is known, but not the count."""
    return np.asarray(data.constraints.told & ~data.constraints.exact)


def read_counts(data: Observed, model: str) -> tuple[IntArray, NDArray[np.bool_]]:
    """Return the counts ``[T]``, 0 where missing, and which months are missing.

    Raises
    ------
    InvalidInput
        If something is known of a month, but not its count; `model` names who asks.
    """
    known, partly = read_data(data).constraints, partly_known(data)
    if partly.any():
        raise InvalidInput(
            f"{data.name}: of {listing(data.months[partly])} only a total, an order or a range is known; {model} needs each "
            "month known or wholly unknown. Use CountRegression, which takes any facts, as do LocalLevel and the posteriors of "
            "DynamicLevel and Autoregression, or a window of published months"
        )
    return np.where(known.exact, known.lower, 0).astype(np.int64), ~known.exact


def history_of(data: Observed) -> History:
    """Return the exact months of the data, as a forecast carries them."""
    known = data.constraints
    return History(data.months, np.where(known.exact, known.lower, 0).astype(np.int64), known.exact)


def read_distribution(distribution: Distribution) -> Distribution:
    """Return `distribution` if it is one that can be estimated."""
    if not isinstance(distribution, Distribution):
        raise InvalidInput(
            f"distribution={distribution!r} is not a count distribution; use Poisson() or NegativeBinomial()"
        )
    return distribution


def read_dispersed(distribution: Distribution) -> Distribution:
    """Return `distribution` if an over-dispersion is all that it asks of the counts beside their mean."""
    if not isinstance(distribution, Distribution) or distribution.shape_names != ("alpha",):
        raise InvalidInput(
            f"distribution={distribution!r} must have the over-dispersion alpha as its only shape parameter"
        )
    return distribution


def read_centred(distribution: Distribution, model: str) -> Distribution:
    """Return `distribution` if counts drawn from it can be fed back into its mean.

    Raises
    ------
    InvalidInput
        If it is no distribution, or its `mean` is not the mean of the count; `model` names who asks.
    """
    if not read_distribution(distribution).centred:
        raise InvalidInput(
            f"{model} follows the counts, and under distribution={distribution!r} their mean depends on the share of empty "
            "months; use ZeroInflated(), whose mean is that of the count, or CountRegression"
        )
    return distribution


def log_level(facts: FactLikelihood, offset: FloatArray, name: str, model: str) -> float:
    """Return the log of the mean of what is known exactly (months and sums), else of the middles of the ranges.

    Raises
    ------
    InvalidInput
        If fewer than two months or sums are limited from both sides; `name` is the series, `model` who asks.
    """
    limited = [unit for unit in facts.units if np.isfinite(unit.high)]
    if len(limited) < 2:
        raise InvalidInput(
            f"{name}: {len(limited) or 'no'} month or sum of months is limited from both sides; {model} needs at least two, "
            "so more facts or more months"
        )
    exact = [unit for unit in limited if unit.low == unit.high] or limited
    total = sum(0.5 * (unit.low + unit.high) for unit in exact)
    exposure = sum(float(np.exp(offset[list(unit.months)]).sum()) for unit in exact)
    return float(np.log((total + 0.25) / exposure))


def reconstructed(
    data: Observed, log_mean: FloatArray, shape: Sequence[FloatArray], law: Distribution, rng: np.random.Generator
) -> IntArray:
    """Return every month of the data ``[S, T]``, independent given log means ``[S, T]`` and shape but for what is known."""
    facts = FactLikelihood(data.constraints)
    facts.anchor(log_mean, shape, law)
    return facts.sample(log_mean, shape, law, rng=rng)
