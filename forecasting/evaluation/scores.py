"""Proper scores of single months: functions of the observed counts and a forecast that return a number a month.

All are negatively oriented (smaller is better).  A month without truth, NaN in `observed`, scores NaN: it is never dropped
and never counts as zero.  Averages are the caller's; `skill` compares them on the months that both have.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.errors import InvalidInput
from forecasting.evaluation.observed import (
    Truth,
    filled,
    read_forecast,
    read_observed,
    read_outcomes_of,
    refuse_other_labels,
    scored,
)
from forecasting.kernels.counts import FloatArray
from forecasting.predictive import Predictive
from forecasting.predictive.arrays import beside
from forecasting.predictive.levels import read_level, read_levels
from forecasting.reading.arguments import read_array
from forecasting.series.labels import ByMonth


def log_score(observed: Truth, forecast: Predictive) -> FloatArray:
    r"""Return :math:`-\log P(Y = y)` of each month ``[H]``, natural logarithm, however small the probability.

    Parameters
    ----------
    observed : array_like, [H]
        Counts, NaN where a month has none; or a Series indexed by month, or a CountSeries.
    forecast : Predictive
        Forecast of the same H months.

    References
    ----------
    Good (1952), J. R. Stat. Soc. B 14.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[100, 100]], np.array([[100.0, 100.0]]), (), fc.Poisson(), "y")
    >>> fc.evaluation.log_score([155, np.nan], forecast).round(2)
    array([16.37,   nan])
    """
    counts, where = scored(observed, forecast)
    values = [-forecast.logpmf(forecast.months[h], int(counts[h])) for h in where]
    return filled(np.array(values, dtype=float), where, len(counts))


def moments(forecast: Predictive) -> tuple[FloatArray, FloatArray]:
    r"""Return mean and variance ``[H]`` of each month, :math:`E(V_s)+\mathrm{Var}(E_s)` over the draws s.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> mean, variance = fc.evaluation.moments(forecast)
    >>> mean.round(1), variance.round(1)
    (array([4., 4.]), array([4., 4.]))
    """
    read_forecast(forecast)
    arguments = forecast.mean, *beside(forecast.shape)
    within = np.asarray(forecast.distribution.variance(*arguments)).mean(axis=0)
    between = np.asarray(forecast.distribution.expectation(*arguments))
    return between.mean(axis=0), within + between.var(axis=0)


def dawid_sebastiani(observed: Truth, forecast: Predictive) -> FloatArray:
    r"""Return :math:`(y-\mu)^2/\sigma^2 + 2\log\sigma` of each month ``[H]``; proper, by mean and variance alone.

    A forecast of zero with certainty scores ``-inf`` if it comes true and ``inf`` else.

    References
    ----------
    Dawid and Sebastiani (1999), Annals of Statistics 27; Czado, Gneiting and Held (2009), Biometrics 65.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.dawid_sebastiani([4, 9], forecast).round(2)
    array([1.39, 7.64])
    """
    counts = read_observed(observed, forecast)
    mean, variance = moments(forecast)
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.where(counts == mean, 0.0, np.square(counts - mean) / variance)
        score = np.where(np.isinf(distance), np.inf, distance + np.log(variance))
    return np.where(np.isnan(counts), np.nan, score)


def squared_error(observed: Truth, forecast: Predictive) -> FloatArray:
    """Return the squared distance ``[H]`` of the observed counts from the mean of the forecast.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.squared_error([4, 9], forecast)
    array([ 0., 25.])
    """
    counts = read_observed(observed, forecast)
    return np.asarray(np.square(counts - forecast.expected.to_numpy()))


def absolute_error(observed: Truth, forecast: Predictive) -> FloatArray:
    """Return the distance ``[H]`` of the observed counts from the median of the forecast.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.absolute_error([4, 9], forecast)
    array([0., 5.])
    """
    counts = read_observed(observed, forecast)
    return np.asarray(np.abs(counts - forecast.quantile(0.5).to_numpy()[:, 0]))


def quantile_score(observed: Truth, forecast: Predictive, level: float) -> FloatArray:
    r"""Return :math:`2(1\{y < q\}-\tau)(q-y)` of each month ``[H]`` for the quantile q at `level`.

    The factor 2 makes the average over all levels the ranked probability score.

    References
    ----------
    Gneiting and Ranjan (2011), J. Bus. Econ. Stat. 29, eq. 14.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.quantile_score([4, 9], forecast, level=0.9).round(2)  # the quantile is 7
    array([0.6, 3.6])
    """
    counts = read_observed(observed, forecast)
    tau = read_level(level)
    return _pinball(counts, forecast.quantile(tau).to_numpy()[:, 0].astype(float), tau)


def interval_score(observed: Truth, forecast: Predictive, level: float) -> FloatArray:
    """Return the width of the central interval of probability `level` plus 2 / (1 - level) times the distance outside it.

    References
    ----------
    Gneiting and Raftery (2007), JASA 102, eq. 43.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.interval_score([4, 9], forecast, level=0.9)  # the interval, 1 to 8, is missed by 1
    array([ 7., 27.])
    """
    counts = read_observed(observed, forecast)
    lower, upper = forecast.interval(read_level(level)).to_numpy().T
    return interval_score_of(counts, lower, upper, level)


def interval_score_of(observed: FloatArray, lower: ArrayLike, upper: ArrayLike, level: float) -> FloatArray:
    """Return the interval score of intervals that are given by their ends; arguments broadcast.

    Raises
    ------
    InvalidInput
        If a lower end lies above its upper end, which no interval does and which would be rewarded.
    """
    probability = read_level(level)
    low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
    if np.any(low > high):
        raise InvalidInput("a lower end lies above its upper end; give the ends of each interval in order")
    outside = np.maximum(low - observed, 0.0) + np.maximum(observed - high, 0.0)
    return np.asarray(high - low + 2.0 / (1.0 - probability) * outside)


def coverage(observed: Truth, forecast: Predictive, level: float) -> FloatArray:
    """Return 1 where the central interval of probability `level` holds the observed count, 0 where not, ``[H]``.

    Counts are whole and the interval includes its ends, so a correct forecast covers *at least* `level` on average.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.coverage([4, None], forecast, level=0.9)
    array([ 1., nan])
    """
    counts = read_observed(observed, forecast)
    lower, upper = forecast.interval(read_level(level)).to_numpy().T
    return np.where(np.isnan(counts), np.nan, ((lower <= counts) & (counts <= upper)).astype(float))


def interval_width(forecast: Predictive, level: float) -> FloatArray:
    """Return upper minus lower end ``[H]`` of the central interval of probability `level`.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.interval_width(forecast, level=0.9)
    array([7., 7.])
    """
    lower, upper = read_forecast(forecast).interval(read_level(level)).to_numpy().T
    return np.asarray(upper - lower, dtype=float)


def crps_from_quantiles(observed: ArrayLike | ByMonth, quantiles: ArrayLike, levels: ArrayLike) -> FloatArray:
    r"""Return the continuous ranked probability score as a weighted sum of quantile scores.

    .. math:: \sum_k w_k\, 2\,(1\{y < q_k\} - \tau_k)(q_k - y)

    with :math:`w_k` the width of the cell of :math:`\tau_k`: from the midpoint with the level before to the midpoint with the
    level after, the outer cells reaching to 0 and 1.  For forecasts that are known by some quantiles only; `rps` is exact.

    Parameters
    ----------
    observed : array_like, [...]
        Counts, NaN where there is none.
    quantiles : array_like, [..., K]
        Quantiles of the forecast.  Counts that carry their months are matched with the rows of a table, such as
        `Predictive.quantile` returns.
    levels : array_like, [K]
        Increasing, strictly between 0 and 1.

    Returns
    -------
    ndarray, [...]

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.evaluation.crps_from_quantiles([3.0], [[2.0, 4.0]], [0.25, 0.75])
    array([0.5])
    """
    tau, points, counts = read_levels(levels), read_array(quantiles, "quantiles"), read_outcomes_of(observed, quantiles)
    if np.any(np.diff(tau) <= 0):
        raise InvalidInput(f"levels={tau.tolist()} must increase, as the quantiles do; sort both")
    if points.shape != (*counts.shape, len(tau)):
        raise InvalidInput(
            f"quantiles have shape {points.shape}; for observed counts of shape {counts.shape} and {len(tau)} levels they must "
            f"have shape {(*counts.shape, len(tau))}"
        )
    named = quantiles.columns if isinstance(quantiles, pd.DataFrame) else pd.Index([])
    if named.dtype == float and not np.allclose(named, tau):
        raise InvalidInput(f"the columns of quantiles are {named.tolist()}, and not levels={tau.tolist()}; give those")
    if np.any(np.diff(points, axis=-1) < 0.0):
        raise InvalidInput(
            "the quantiles of a month cross: a higher level has a lower quantile; sort them, or mend the forecast"
        )
    edges = np.concatenate([[0.0], (tau[1:] + tau[:-1]) / 2.0, [1.0]])
    return np.asarray(_pinball(counts[..., None], points, tau) @ np.diff(edges))


def skill(score: ArrayLike, baseline: ArrayLike) -> float:
    """Return 1 minus the ratio of mean scores on the months that both have: 0 as good as the baseline, 1 perfect.

    For scores whose best value is 0 (ranked probability, interval, quantile, errors).

    Raises
    ------
    InvalidInput
        If the shapes differ, no month has both scores, or the baseline scores 0.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> fc.evaluation.skill([1.0, 2.0, np.nan], [2.0, 4.0, 1.0])
    0.5
    """
    refuse_other_labels(score, baseline, "score and baseline")
    plain = [one.to_numpy() if isinstance(one, pd.Series | pd.DataFrame) else one for one in (score, baseline)]
    ours, theirs = read_array(plain[0], "score"), read_array(plain[1], "baseline")
    if ours.shape != theirs.shape:
        raise InvalidInput(
            f"score has shape {ours.shape} and baseline {theirs.shape}; give one of each for every month"
        )
    both = ~(np.isnan(ours) | np.isnan(theirs))
    if not both.any() or theirs[both].mean() == 0:
        raise InvalidInput("no month has both scores, or the baseline is perfect: the ratio is not defined")
    return float(1.0 - ours[both].mean() / theirs[both].mean())


def _pinball(y: FloatArray, q: FloatArray, tau: FloatArray | float) -> FloatArray:
    return np.where(np.isnan(y), np.nan, 2.0 * ((y < q) - np.asarray(tau)) * (q - y))
