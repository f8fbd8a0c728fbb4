"""Baselines: what a model has to beat.  On sparse counts that is not easy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.distributions import Distribution, NegativeBinomial
from forecasting.distributions.point import Point
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.models.base import Model, Prepared, read_draws
from forecasting.models.known import history_of, read_counts, read_data, read_dispersed
from forecasting.months import following
from forecasting.predictive import Account, AccountMember, History, Predictive
from forecasting.randomness import Rng, require_rng
from forecasting.reading.arguments import read_whole

_DRAWS = 4000
_LEAST = 0.3
"""Added to a sum of counts, so that months of zeros do not rule out what comes after them."""
_MORE = 0.5  # the same for moments
_AS_IF, _AS_IF_MEAN, _AS_IF_ALPHA = (
    12.0,
    0.5,
    2.0,
)  # months that stand beside those of sparse series, whose own say little


@dataclass(frozen=True)
class Climatology(Model):
    """The empirical distribution of the last known months, each as likely as the other, in any month to come.

    Parameters
    ----------
    last : int
        Number of known months.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> series = fc.CountSeries(pd.period_range("2023-01", periods=4, freq="M"), [9, 2, 4, 6])
    >>> forecast = fc.Climatology(last=3).forecast(series, 1, rng=np.random.default_rng(1))
    >>> forecast.quantile([0.1, 0.5, 0.9]).iloc[0].tolist()
    [2, 4, 6]
    """

    last: int = 12

    def __post_init__(self) -> None:
        read_whole(self.last, "last", 2)

    def forecast(self, data: Observed, horizon: int, *, draws: int | None = None, rng: Rng) -> Predictive:
        """Return paths that draw each month anew; a multiple of `last` of them, so that no month counts more."""
        generator, months = require_rng(rng), following(read_data(data).months, horizon)
        recent = _recent(data, self.last)
        rounds = -(-read_draws(draws, _DRAWS) // recent.size)
        order = np.tile(recent, rounds)[:, None].repeat(len(months), axis=1)
        paths = generator.permuted(order, axis=0)
        return Predictive(months, paths, paths.astype(float), (), Point(), data.name, **_made_by(self, data))


@dataclass(frozen=True)
class HistoricalMoments(Model):
    r"""A constant level and over-dispersion, from the moments of the last known months.

    With the sum s of n months (and 0.5 more, so that zeros do not rule out what comes after them), their mean m and variance
    v, and the over-dispersion

    .. math:: a=\frac{(n-1)(v-m)+k\,a_0 c^2}{(n-1)m^2+k\,c^2},\qquad k=12,\; c=\tfrac12,\; a_0=2,

    from 0 to n, the level is gamma distributed around m with squared coefficient of variation :math:`1/s+a/n`, and a count
    given it negative binomial.  The over-dispersion is the moment estimate, as if k more months with a mean of c had been seen
    with that of sparse series, :math:`a_0`: it decides where the mean is small, and is nothing beside counts of ten.

    Parameters
    ----------
    last : int
        Number of known months.
    distribution : Distribution
        With the over-dispersion alpha as its only shape parameter.

    References
    ----------
    Anscombe (1950), Biometrika 37, 358-382 (moment estimate).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> series = fc.CountSeries(pd.period_range("2023-01", periods=4, freq="M"), [9, 2, 4, 5])
    >>> forecast = fc.HistoricalMoments().forecast(series, 1, rng=np.random.default_rng(1))
    >>> bool(4.6 < forecast.expected.iloc[0] < 5.6)
    True
    """

    last: int = 12
    distribution: Distribution = field(default_factory=NegativeBinomial)

    def __post_init__(self) -> None:
        read_whole(self.last, "last", 2)
        read_dispersed(self.distribution)

    def forecast(self, data: Observed, horizon: int, *, draws: int | None = None, rng: Rng) -> Predictive:
        """Return paths with one level each."""
        generator, months = require_rng(rng), following(read_data(data).months, horizon)
        mean, alpha, variation = _moments(_recent(data, self.last)[None].astype(float))
        number = read_draws(draws, _DRAWS)
        level = mean * variation * generator.standard_gamma(1.0 / variation, number)
        means = np.repeat(np.maximum(level, 1e-9)[:, None], len(months), axis=1)
        shape = (np.full(number, alpha[0]),)
        return Predictive.draw(
            months, means, shape, self.distribution, name=data.name, **_made_by(self, data), rng=generator
        )

    def prepared(self, data: Observed, *, draws: int | None = None, rng: Rng) -> Prepared:
        """Return the moments of these data; nothing is drawn before a forecast is."""
        return PreparedMoments(self, data, draws)

    def log_terms(self, data: Observed) -> FloatArray:
        """Return the log probability of each known month ``[t]`` given those before it; NaN for the first three."""
        counts, missing = read_counts(data, "HistoricalMoments")
        seen = counts[~missing].astype(float)
        result = np.full(seen.size, np.nan)
        for end in range(3, min(self.last, seen.size)):
            result[end] = self._log_scores(seen[None, :end], seen[end : end + 1])[0]
        first = max(self.last, 3)
        if seen.size > first:
            recent = sliding_window_view(seen[first - self.last : -1], self.last)
            result[first:] = self._log_scores(np.ascontiguousarray(recent), seen[first:])
        return result

    def _log_scores(self, recent: FloatArray, counts: FloatArray) -> FloatArray:
        """Return the log probabilities ``[N]`` of counts given the months before each, ``[N, n]``."""
        mean, alpha, variation = _moments(recent)
        return self.distribution.logpmf(counts, mean, (1.0 + alpha) * (1.0 + variation) - 1.0)


@dataclass(frozen=True, eq=False)
class PreparedMoments:
    """Moments of one series: the model, the data, and the number of paths of a forecast."""

    model: HistoricalMoments
    data: Observed
    draws: int | None

    def one_step_scores(self, last: int | None = None) -> FloatArray:
        """Return the log score of each known month ``[t]``; NaN for the first three."""
        return self.model.log_terms(self.data)

    def forecast(self, horizon: int, *, rng: Rng) -> Predictive:
        """Return paths with one level each."""
        return self.model.forecast(self.data, horizon, draws=self.draws, rng=rng)


@dataclass(frozen=True)
class SeasonalNaive(Model):
    r"""The same month a year ago, with negative-binomial noise of the size that years have differed by.

    Given :math:`y_{t-12}` the squared difference is :math:`y_{t-12}+\alpha y_{t-12}^2` and the product :math:`y_ty_{t-12}` is
    :math:`y_{t-12}^2` on average, so the over-dispersion solves

    .. math:: \overline{(y_t-y_{t-12})^2}=\overline{y_{t-12}}+\alpha\,\overline{y_ty_{t-12}}

    over the known pairs, and is kept within 0 and their number.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> months = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]
    >>> series = fc.CountSeries(months, [5, 5, 5, 5, 5, 40, 40, 40, 5, 5, 5, 5] * 2)
    >>> forecast = fc.SeasonalNaive().forecast(series, 7, rng=np.random.default_rng(1))
    >>> forecast.quantile(0.5)[0.5].tolist()  # June and July are high again
    [5, 5, 5, 5, 5, 40, 40]
    """

    def forecast(self, data: Observed, horizon: int, *, draws: int | None = None, rng: Rng) -> Predictive:
        """Return paths around the last known year.

        Raises
        ------
        InvalidInput
            If some calendar month is unknown in every year, or no month is known in two years running.
        """
        generator, months = require_rng(rng), following(read_data(data).months, horizon)
        counts, missing = read_counts(data, "SeasonalNaive")
        pairs = ~missing[12:] & ~missing[:-12]
        if not pairs.any():
            raise InvalidInput(
                f"{data.name}: no month is known in two years running; SeasonalNaive needs 13 months or more, "
                "HistoricalMoments does not"
            )
        before, after = counts[:-12][pairs].astype(float), counts[12:][pairs].astype(float)
        # The square of the year before alone would serve too, until a surge follows a quiet year.
        scale = max(float((after * before).mean()), _LEAST)
        alpha = min(max((float(np.square(after - before).mean()) - float(before.mean())) / scale, 0.0), before.size)
        expected = np.array([_last_known(counts, missing, step, data.name) for step in range(len(months))])
        number = read_draws(draws, _DRAWS)
        means = np.repeat((expected + _LEAST / 12.0)[None], number, axis=0)
        return Predictive.draw(
            months,
            means,
            (np.full(number, alpha),),
            NegativeBinomial(),
            name=data.name,
            **_made_by(self, data),
            rng=generator,
        )


class _Made(TypedDict):
    account: Account
    history: History


def _made_by(model: Model, data: Observed) -> _Made:
    return _Made(account=Account((AccountMember(type(model).__name__),)), history=history_of(data))


def _last_known(counts: IntArray, missing: NDArray[np.bool_], step: int, name: str) -> float:
    """Return the last known count of the calendar month `step` months after the first of the forecast."""
    known = range(len(counts) - 12 + step % 12, -1, -12)
    for month in known:
        if not missing[month]:
            return float(counts[month])
    raise InvalidInput(f"{name}: the calendar month {step % 12 + 1} after the data is unknown in every year")


def _moments(recent: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean, over-dispersion and squared coefficient of variation of the level, each ``[N]``, of counts ``[N, n]``."""
    n = recent.shape[1]
    total = recent.sum(axis=1) + _MORE
    mean = total / n
    as_if = _AS_IF * _AS_IF_MEAN**2
    excess = (n - 1) * (recent.var(axis=1, ddof=1) - mean) + as_if * _AS_IF_ALPHA
    alpha = np.clip(excess / ((n - 1) * np.square(mean) + as_if), 0.0, n)
    return mean, alpha, 1.0 / total + alpha / n


def _recent(data: Observed, last: int) -> IntArray:
    counts, missing = read_counts(data, "a baseline")
    recent = counts[~missing][-last:]
    if recent.size < 2:
        raise InvalidInput(f"{data.name}: {recent.size} known months; a baseline needs at least 2")
    return recent
