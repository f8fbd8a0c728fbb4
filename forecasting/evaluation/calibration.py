r"""Tests of calibration for forecasts of counts.

If the forecasts are right, the mean and the variance of a score are known: they are those of the score of a count drawn from
the forecast.  The sum of the differences, divided by its standard deviation, is then close to standard normal (Wei and Held
2014, TEST 23, eq. 8).  Where the months of one forecast depend on each other no variance is known that way; there the
transforms of the observed paths are compared with those of paths drawn from the forecasts themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import erfc

from forecasting.display import as_row, chance
from forecasting.errors import InvalidInput
from forecasting.evaluation.grid import Months
from forecasting.evaluation.observed import read_forecast, read_observed, read_outcomes, read_pairs
from forecasting.evaluation.pit import Pair, share_below
from forecasting.evaluation.ranked import Resolved
from forecasting.evaluation.scores import moments
from forecasting.kernels.counts import FloatArray
from forecasting.predictive import Predictive
from forecasting.randomness import Rng, require_rng
from forecasting.reading.arguments import read_choice, read_whole

Tested = Literal["rps", "dss", "log"]
_TAIL = 1e-13
_EDGES = np.linspace(0.05, 0.95, 19)
_FEWEST_DRAWS = 100


@dataclass(frozen=True)
class NullMoments:
    """What a score of one month is, and what it would be were the forecast right.

    Attributes
    ----------
    score : float
        Of the observed count; NaN where there is none.
    mean, variance : float
        Of the score of a count drawn from the forecast.
    """

    score: float
    mean: float
    variance: float


def null_moments(observed: float, forecast: Predictive, score: Tested, month: int = 0) -> NullMoments:
    """Return a score of one month with its mean and variance under the forecast.

    Parameters
    ----------
    observed : float
        The count, or NaN.
    forecast : Predictive
        Forecast whose month is meant.
    score : {"rps", "dss", "log"}
        Ranked probability score, Dawid-Sebastiani score or log score.
    month : int
        Position of the month in the forecast, from 0.

    Notes
    -----
    The expectations are sums over all counts, by the same blocks as the ranked probability score.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> null = fc.evaluation.null_moments(9, forecast, "rps")
    >>> round(null.score, 1), round(null.mean, 1)  # far above what the forecast leads one to expect
    (3.9, 1.1)
    """
    read_choice(score, "score", ("rps", "dss", "log"))
    if read_outcomes(observed).shape != ():
        raise InvalidInput(f"observed={observed!r} must be one count, or NaN")
    observed = float(read_outcomes(observed))
    if read_whole(month, "month", 0) >= len(read_forecast(forecast).months):
        raise InvalidInput(f"month={month} is not in the forecast of {len(forecast.months)} months")
    column = np.array([month])
    mean, variance = (float(values[month]) for values in moments(forecast))
    if variance == 0:
        raise InvalidInput(
            f"the forecast of {forecast.months[month]} is certain; its scores have no distribution to test"
        )
    months = Months.of(forecast, column)
    middle = mean if np.isnan(observed) else observed
    resolved = Resolved.of(months, np.array([np.floor(middle)]), tail=_TAIL)
    nodes = resolved.grid.nodes
    p = resolved.grid.values[:, :, 0]

    def value(y: FloatArray, probability: FloatArray) -> FloatArray:
        if score == "log":
            return -np.log(np.maximum(probability, np.finfo(float).tiny))
        if score == "dss":
            return np.asarray(np.square(y - mean) / variance + np.log(variance))
        return resolved.rps(y, np.zeros(len(y), dtype=np.int64))

    scores = value(nodes.ravel().astype(float), p.ravel()).reshape(p.shape)
    expected = _sum(resolved, p * scores)
    spread = _sum(resolved, p * np.square(scores - expected))
    if np.isnan(observed):
        return NullMoments(np.nan, expected, spread)
    at = np.array([observed], dtype=float)
    return NullMoments(float(value(at, months.pmf(at.astype(np.int64))[:, 0])[0]), expected, spread)


def _sum(resolved: Resolved, values: FloatArray) -> float:
    """Return the sum over all counts of a function known at the nodes of the blocks ``[B, 16]``."""
    return float(sum((values[who] @ weights.total).sum() for who, weights in resolved.grid.by_level()))


@dataclass(frozen=True)
class CalibrationTest:
    """A test of calibration.

    Attributes
    ----------
    name : str
        What was compared.
    statistic : float
        Standard normal for a score test (above 0: scores worse than the forecasts promise, so too sure of themselves);
        the mean squared distance from uniformity for transforms.
    pvalue : float
        Two-sided for a score test.
    n : int
        Number of months with truth.

    Examples
    --------
    >>> from forecasting.evaluation import CalibrationTest
    >>> test = CalibrationTest("rps against its expectation", statistic=0.4, pvalue=0.69, n=36)
    >>> test.pvalue > 0.05  # no sign of trouble
    True
    """

    name: str
    statistic: float
    pvalue: float
    n: int

    def in_words(self) -> str:
        """Return how likely such a statistic is for calibrated forecasts, as a sentence."""
        return (
            f"{self.name}: if the forecasts were calibrated, a statistic at least as far out would have a chance of "
            f"{chance(self.pvalue)} ({self.n:,} months)."
        )

    def _repr_html_(self) -> str:
        return as_row(self)


def score_test(pairs: Sequence[Pair], score: Tested = "rps", *, month: int = 0) -> CalibrationTest:
    r"""Test whether a score is as large as the forecasts themselves lead one to expect (Wei and Held 2014).

    .. math:: z = \sum_i (S_i - \mathrm{E}_0 S_i) \Bigm/ \Bigl(\sum_i \mathrm{var}_0 S_i\Bigr)^{1/2}

    Parameters
    ----------
    pairs : sequence of (observed, Predictive)
        Observed counts ``[H]``, NaN where there is none, and the forecast of the same months.
    score : {"rps", "dss", "log"}
        Ranked probability score, Dawid-Sebastiani score or log score.
    month : int
        Which month of each forecast enters, from 0: one each, because the months of one forecast depend on each other.
        With the first of successive forecasts the differences are uncorrelated under the null; forecasts of a later month
        must not overlap.

    Raises
    ------
    InvalidInput
        If no month has a count, or a forecast is certain.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> test = fc.evaluation.score_test([([9, 9], forecast)] * 5)
    >>> round(test.statistic, 1), test.n  # too sure of itself
    (7.6, 5)
    """
    terms = []
    for observed, forecast in read_pairs(pairs):
        counts = read_observed(observed, forecast)
        if read_whole(month, "month", 0) >= len(counts):
            raise InvalidInput(f"month={month} is not in the forecast of {len(counts)} months")
        if not np.isnan(counts[month]):
            terms.append(null_moments(float(counts[month]), forecast, score, month))
    if not terms:
        raise InvalidInput("no month has both a count and a forecast; there is nothing to test")
    excess = sum(term.score - term.mean for term in terms)
    z = float(excess / np.sqrt(sum(term.variance for term in terms)))
    return CalibrationTest(f"{score} against its expectation", z, float(erfc(abs(z) / np.sqrt(2.0))), len(terms))


def pit_test(pairs: Sequence[Pair], *, replications: int = 999, rng: Rng) -> CalibrationTest:
    """Test whether the transforms of the observed counts are uniform, against paths drawn from the forecasts.

    The statistic is the mean squared distance of the non-randomised distribution of the transforms from the diagonal at
    0.05, 0.1, ..., 0.95.  Its distribution under the null comes from replacing all observed paths by drawn ones, so the
    dependence between the months of one forecast is in it; different forecasts are taken as independent, so they must not
    cover the same month of the same series twice.  p = (1 + b) / (1 + B) with b of B replications at least as far.

    Parameters
    ----------
    pairs : sequence of (observed, Predictive)
        Observed counts ``[H]``, NaN where there is none, and the forecast of the same months, of 100 draws or more.
    replications : int
        The number B.
    rng : numpy.random.Generator or int
        Generator or seed; required.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> mean, rng = np.full((1000, 2), 4.0), np.random.default_rng(1)
    >>> forecast = fc.Predictive.draw(months, mean, (), fc.Poisson(), name="y", rng=rng)
    >>> fc.evaluation.pit_test([([9, 9], forecast)] * 5, replications=99, rng=rng).pvalue  # too low five times
    0.01
    """
    generator = require_rng(rng)
    replications = read_whole(replications, "replications")
    below, n = np.zeros((replications + 1, len(_EDGES))), 0
    for observed, forecast in read_pairs(pairs):
        counts = read_observed(observed, forecast)
        draws = len(forecast.paths)
        if draws < _FEWEST_DRAWS:
            raise InvalidInput(
                f"the forecast of {forecast.name} has {draws} draws; the test needs {_FEWEST_DRAWS} or more"
            )
        chosen = generator.integers(draws, size=replications)
        for h in np.flatnonzero(~np.isnan(counts)):
            ordered = np.sort(forecast.paths[:, h])
            y = np.concatenate([counts[h : h + 1], forecast.paths[chosen, h]])
            lower, upper = np.searchsorted(ordered, y), np.searchsorted(ordered, y, side="right")
            below += share_below(lower / draws, upper / draws, _EDGES)
            n += 1
    if not n:
        raise InvalidInput("no month has both a count and a forecast; there is nothing to test")
    distance = np.square(below / n - _EDGES).mean(axis=1)
    further = int((distance[1:] >= distance[0]).sum())
    return CalibrationTest("uniformity of the transforms", float(distance[0]), (1 + further) / (1 + replications), n)
