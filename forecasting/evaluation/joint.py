"""Scores of whole paths: several months at once, with what joins them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from forecasting.errors import InvalidInput, TooLarge
from forecasting.evaluation.observed import Truth, read_observed
from forecasting.kernels.counts import FloatArray
from forecasting.predictive import Predictive
from forecasting.reading.arguments import read_array, read_flag, read_number

LARGEST_PAIRS = 20_000
"""Draws up to which every pair is taken."""

_ROWS = 256


def energy_score(observed: Truth, forecast: Predictive, *, unbiased: bool = False) -> float:
    r"""Return :math:`\mathrm{E}\|X-y\| - \tfrac12\mathrm{E}\|X-X'\|` for the sample paths, all pairs of draws taken.

    Parameters
    ----------
    observed : array_like, [H]
        Counts; the score is NaN if one of them is.
    forecast : Predictive
        Forecast of the same H months.
    unbiased : bool
        Average the distances of *different* draws, which estimates the score of the distribution that the draws come from
        without bias; by default the score is that of the S draws as a distribution.

    Raises
    ------
    TooLarge
        If there are more than 20,000 draws.
    InvalidInput
        If `unbiased` is asked for with a single draw.

    Notes
    -----
    S(S-1)/2 distances of H numbers, in memory of the order of S.

    References
    ----------
    Gneiting and Raftery (2007), JASA 102, eq. 22; Fricker, Ferro and Stephenson (2013), Meteorol. Appl. 20 (unbiased).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> mean, rng = np.full((1000, 2), 4.0), np.random.default_rng(1)
    >>> forecast = fc.Predictive.draw(months, mean, (), fc.Poisson(), name="y", rng=rng)
    >>> round(fc.evaluation.energy_score([4, 9], forecast), 1)
    3.6
    """
    counts = read_observed(observed, forecast)
    draws = len(forecast.paths)
    if draws > LARGEST_PAIRS:
        raise TooLarge(
            f"{draws:,} draws have too many pairs; the energy score takes {LARGEST_PAIRS:,} at most: use fewer"
        )
    if read_flag(unbiased, "unbiased") and draws < 2:
        raise InvalidInput("the unbiased energy score needs two draws or more")
    if np.isnan(counts).any():
        return float("nan")
    paths = forecast.paths - counts
    apart = sum(_distances(paths, start) for start in range(0, draws, _ROWS))
    pairs = draws * (draws - 1 if unbiased else draws)
    return float(np.sqrt(np.square(paths).sum(axis=1)).mean() - apart / pairs)


def _distances(paths: FloatArray, start: int) -> float:
    """Return the sum of the distances between some rows and every later row."""
    rows = paths[start : start + _ROWS]
    squares = np.zeros((len(rows), len(paths) - start))
    for h in range(paths.shape[1]):
        squares += np.square(rows[:, h, None] - paths[start:, h])
    distances = np.sqrt(squares)
    return float(np.triu(distances[:, : len(rows)]).sum() + distances[:, len(rows) :].sum())


def variogram_score(
    observed: Truth, forecast: Predictive, *, order: float = 0.5, weights: ArrayLike | None = None
) -> float:
    r"""Return :math:`\sum_{i,j} w_{ij}\bigl(|y_i-y_j|^p - \mathrm{E}|X_i-X_j|^p\bigr)^2` for the sample paths.

    More sensitive than the energy score to a wrong dependence between months, and blind to a shift of all of them.

    Parameters
    ----------
    observed : array_like, [H]
        Counts; the score is NaN if one of them is.
    forecast : Predictive
        Forecast of the same H months.
    order : float
        The power p, above 0.
    weights : array_like, [H, H], optional
        At least 0; one for each pair by default.

    References
    ----------
    Scheuerer and Hamill (2015), Monthly Weather Review 143, eq. 9.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> mean, rng = np.full((1000, 2), 4.0), np.random.default_rng(1)
    >>> forecast = fc.Predictive.draw(months, mean, (), fc.Poisson(), name="y", rng=rng)
    >>> round(fc.evaluation.variogram_score([4, 9], forecast), 1)
    1.6
    """
    counts = read_observed(observed, forecast)
    horizon = len(counts)
    weight = np.ones((horizon, horizon)) if weights is None else read_array(weights, "weights")
    if weight.shape != (horizon, horizon) or not np.all(weight >= 0) or not 0 < read_number(order, "order") < np.inf:
        raise InvalidInput(f"weights must be [{horizon}, {horizon}] numbers of at least 0, and order={order!r} above 0")
    paths = forecast.paths.astype(float)
    expected = np.stack([(np.abs(paths - paths[:, [i]]) ** order).mean(axis=0) for i in range(horizon)])
    seen = np.abs(counts[:, None] - counts) ** order
    return float((weight * np.square(seen - expected)).sum())
