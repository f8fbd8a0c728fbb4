"""From a forecast to the record that is archived: quantiles, thinned paths and the distribution of each month."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.batch.accounts import Account
from forecasting.batch.marginals import Marginals
from forecasting.batch.records import MOST_PATHS, ForecastRecord, JobKey
from forecasting.errors import TooLarge
from forecasting.kernels.counts import IntArray
from forecasting.predictive import Predictive
from forecasting.predictive.levels import read_levels


def issued(
    key: JobKey,
    forecast: Predictive,
    levels: Sequence[float],
    *,
    account: Account | None = None,
    paths: int = MOST_PATHS,
    hindcast: bool = False,
) -> ForecastRecord:
    """Return the record of a forecast.

    The quantiles come from the kept distribution, which costs a hundredth of `Predictive.quantile` and agrees with it
    wherever the cumulative probability is not within some 1e-8 of a level.  A forecast whose distribution cannot be kept
    (draws so sharp and far apart that it has no compact form) says so in its account and is scored by its quantiles.

    Parameters
    ----------
    key : JobKey
        Which forecast.
    forecast : Predictive
        The forecast.
    levels : sequence of float
        Quantile levels; the record has them in order, each once.
    account : mapping, optional
        How it was made, see `forecasting.batch.accounts`.
    paths : int
        Sample paths to keep, at most 200.
    hindcast : bool
        Whether counts of its months were known.

    Examples
    --------
    >>> import pandas as pd
    >>> from forecasting.distributions import Poisson
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> mean = np.full((1000, 2), 4.0)
    >>> forecast = Predictive.draw(months, mean, (), Poisson(), name="requests", rng=np.random.default_rng(1))
    >>> record = issued(JobKey("requests", "constant", "2023-12", "", "", 2, 1), forecast, [0.05, 0.5, 0.95])
    >>> record.quantiles.tolist(), record.paths.shape
    ([[1, 1], [4, 4], [8, 8]], (200, 2))
    """
    wanted = np.unique(read_levels(levels))
    told = dict(account or {})
    try:
        marginals = Marginals.of(forecast)
        quantiles = marginals.quantile(wanted)
        kept = marginals.to_bytes()
    except TooLarge as error:
        quantiles, kept = forecast.quantile(wanted).to_numpy().T, b""
        told["warnings"] = [*told.get("warnings", ()), f"scored by quantiles alone: {error}"]
    return ForecastRecord(
        key,
        "done",
        months=tuple(str(month) for month in forecast.months),
        levels=tuple(wanted.tolist()),
        quantiles=quantiles,
        paths=thinned(forecast.paths, min(paths, MOST_PATHS)),
        mean=forecast.expected.to_numpy(),
        marginals=kept,
        account=told,
        hindcast=hindcast,
    )


def thinned(paths: IntArray, number: int) -> IntArray:
    """Return at most `number` of the paths ``[S, H]``, evenly spread over the draws.

    Examples
    --------
    >>> thinned(np.arange(10)[:, None], 4).ravel().tolist()
    [0, 2, 5, 7]
    """
    draws = len(paths)
    kept = min(number, draws)
    return paths[(np.arange(kept) * draws) // max(kept, 1)]
