r"""One automatic forecaster: a pool of levels that move in different ways, weighted by their recent predictive performance.

The weight of a member m is

.. math:: w_m \propto \pi_m \exp\Bigl\{\sum_{t\in\text{recent}} \ell_m(t)\Bigr\},

where the weight before the data :math:`\pi_m` of a member that grows is multiplied by the evidence of growth, and
:math:`\ell_m(t)` is its log score of month t, one step ahead, and the sum runs over the last 24 months known.  For a
model with parameters it is the widely applicable information criterion of that month, which takes back what fitting has
gained (pseudo Bayesian model averaging: Yao et al. 2018, Bayesian Analysis 13, 917-1007).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from typing import overload

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html
from forecasting.distributions import Contaminated
from forecasting.errors import ForecastingError, ForecastingWarning, InvalidInput, InvalidSeries
from forecasting.kernels.counts import FloatArray
from forecasting.models.base import Model, read_draws
from forecasting.models.baselines import HistoricalMoments
from forecasting.models.growth import growth_evidence
from forecasting.models.known import read_counts, read_data
from forecasting.models.level import DynamicLevel
from forecasting.models.results import Posterior
from forecasting.models.shifting_level import ShiftingLevel
from forecasting.months import following
from forecasting.parameters import Priors
from forecasting.predictive import Account, Predictive, pool
from forecasting.randomness import Rng, named_streams
from forecasting.reading.arguments import read_number, read_whole
from forecasting.series import listing
from forecasting.series.collection import read_collection, warn_of_failures
from forecasting.terms import Exposure, Weekdays

_DRAWS = 1000
_SHORTEST = 6  # known months
_UNSCORED = 12  # months that members learn their first levels from, where there are many
_HEARD = 0.05  # weight from which on a member's warnings are passed on
_WORST = -12.0  # lowest log score of a month that counts: one month must not decide alone


@dataclass(frozen=True)
class Member:
    """A model of the pool and its weight before the data.

    Attributes
    ----------
    name : str
        As it appears in the weights.
    model : Model
        What forecasts: any model, under any conditional distribution.  Models without a faster way to their scores are fitted
        again before each month that weighs them.
    prior : float
        Weight before the data.

    Examples
    --------
    >>> import forecasting as fc
    >>> slow = fc.Member("slow", fc.DynamicLevel(priors=fc.Priors(dispersion=0.7, gain=1.2)), 0.5)
    >>> shifting = fc.Member("shifting", fc.ShiftingLevel(), 0.5)
    >>> series = fc.CountSeries([f"2023-{m:02d}" for m in range(1, 13)], [12, 9, 14, 11, 8, 13, 10, 12, 9, 11, 13, 10])
    >>> list(fc.Auto(members=(slow, shifting)).forecast(series, 1, rng=1).account.weights)
    ['slow', 'shifting']
    """

    name: str
    model: Model
    prior: float

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise InvalidInput(f"name={self.name!r} of a member must be text")
        if not 0.0 < read_number(self.prior, f"the prior weight of {self.name!r}") < np.inf:
            raise InvalidInput(f"the prior weight {self.prior!r} of {self.name!r} must be a positive number")


def _usual_members() -> tuple[Member, ...]:
    calendar = Weekdays() + Exposure("days")
    growing = DynamicLevel(
        seasonal=0, trend=True, feedback=1.0, damping=(0.86, 0.99), priors=Priors(dispersion=0.7, growth=0.04)
    )
    return (
        Member("level and season", DynamicLevel(terms=calendar, feedback=0.8), 0.40),
        Member("level that grows", growing, 0.25),
        Member("level that shifts", ShiftingLevel(), 0.03),
        Member("moments of the last year", HistoricalMoments(12, Contaminated()), 0.32),
    )


@dataclass(frozen=True, eq=False, repr=False)
class PooledForecast(Predictive):
    """A predictive distribution that remembers what it was pooled from.

    Attributes
    ----------
    weights : pandas.Series
        Weight of each member, summing to one.
    members : dict of str to Predictive
        The forecast of each member.
    posteriors : dict of str to Posterior
        Of the members that have one: parameters and diagnostics.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> counts = [12, 9, 14, 11, 8, 13, 10, 12, 9, 11, 13, 10]
    >>> series = fc.CountSeries([f"2023-{month:02d}" for month in range(1, 13)], counts)
    >>> forecast = fc.auto(series, horizon=3, rng=np.random.default_rng(1))
    >>> forecast.weights.index.tolist()
    ['level and season', 'level that grows', 'level that shifts', 'moments of the last year']
    >>> forecast.members["level that shifts"].expected.round().tolist()
    [11.0, 11.0, 11.0]
    """

    weights: pd.Series
    members: dict[str, Predictive]
    posteriors: dict[str, Posterior]

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Predictive:  # type: ignore[override]
        """Return the forecast that `save` has written, as a `Predictive`: its members are not stored."""
        return Predictive.load(path)

    def __repr__(self) -> str:
        shares = ", ".join(f"{weight:.0%} {name}" for name, weight in self.weights.items())
        return f"{super().__repr__()[:-1]}: {shares})"


@dataclass(frozen=True)
class Auto(Model):
    """The automatic forecaster as a model; `auto` is its short form.

    Parameters
    ----------
    members : tuple of Member
        What is pooled: any models, also with unlike conditional distributions.
    window : int
        Number of recent months whose scores weigh the members.

    Raises
    ------
    InvalidInput
        If there are no members, one is not a model, two have one name, a weight before the data is not positive, or the window
        is not a number of months.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> counts = [12, 9, 14, 11, 8, 13, 10, 12, 9, 11, 13, 10]
    >>> series = fc.CountSeries([f"2023-{month:02d}" for month in range(1, 13)], counts)
    >>> forecast = fc.Auto(window=6).forecast(series, 2, rng=np.random.default_rng(1))
    >>> forecast.expected.round()
    ds
    2024-01    11.0
    2024-02    11.0
    Freq: M, Name: mean, dtype: float64
    """

    members: tuple[Member, ...] = field(default_factory=_usual_members)
    window: int = 24

    def __post_init__(self) -> None:
        if not isinstance(self.members, tuple | list):
            raise InvalidInput(f"members is {type(self.members).__name__}; give a tuple of Member(name, model, prior)")
        for member in self.members:
            if not isinstance(member, Member):
                raise InvalidInput(f"{member!r} is not a member; give Member(name, model, prior)")
            if not isinstance(member.model, Model):
                raise InvalidInput(
                    f"the model of {member.name!r} is a {type(member.model).__name__}; give a model of the library, or one "
                    "that derives from Model"
                )
        names = [member.name for member in self.members]
        if not names or len(set(names)) < len(names):
            raise InvalidInput(f"members={names} must be one or more, each with a name of its own")
        read_whole(self.window, "window")

    def check(self, data: Observed) -> None:
        """Raise what `forecast` would raise if the data are too few, or known in part only."""
        known = int((~read_counts(data, "the automatic forecast")[1]).sum())
        if known < _SHORTEST:
            raise InvalidSeries(
                f"{data.name}: {known} known months; the automatic forecast needs {_SHORTEST}. Use CountRegression with "
                "priors of your own, or wait for more months"
            )

    def forecast(self, data: Observed, horizon: int, *, draws: int | None = None, rng: Rng) -> PooledForecast:
        """Return the pooled forecast.

        Parameters
        ----------
        data : CountSeries or Evidence
            Six or more known months.
        horizon : int
            Number of months.
        draws : int, optional
            Number of draws of the pool, 1000 where left out.
        rng : numpy.random.Generator or int
            Generator or seed; required.

        Raises
        ------
        InvalidSeries
            If fewer than six months are known.
        InvalidInput
            If a month is known in part only.

        Warns
        -----
        ForecastingWarning
            What a member of a weight of 0.05 or more warns of.
        """
        stream, number = named_streams(rng), read_draws(draws, _DRAWS)
        following(read_data(data).months, horizon)
        self.check(data)
        forecasts: dict[str, Predictive] = {}
        posteriors: dict[str, Posterior] = {}
        scores, doubts, evidence = [], [], []
        for member in self.members:
            source = stream(member.name)
            with warnings.catch_warnings(record=True) as raised:
                warnings.simplefilter("always", ForecastingWarning)
                prepared = member.model.prepared(data, draws=number, rng=source)
            doubts.append(raised)
            if isinstance(prepared, Posterior):
                posteriors[member.name] = prepared
            evidence.append(growth_evidence(prepared) if isinstance(prepared, Posterior) else 0.0)
            forecasts[member.name] = prepared.forecast(horizon, rng=source)
            scores.append(prepared.one_step_scores(self.window))
        weights = self.weigh(np.array(scores), np.array(evidence))
        heard = [
            doubt.message
            for weight, raised in zip(weights, doubts, strict=True)
            if weight >= _HEARD
            for doubt in raised
        ]
        for message in heard:
            warnings.warn(message, stacklevel=2)
        account = Account(
            tuple(f.account.member(name, float(w)) for (name, f), w in zip(forecasts.items(), weights, strict=True)),
            tuple(map(str, heard)),
        )
        return _pooled(forecasts, posteriors, account, number)

    def weigh(self, scores: FloatArray, evidence: FloatArray | float = 0.0) -> FloatArray:
        r"""Return the weights :math:`w_m` ``[N]`` of the members, given their log scores of the known months ``[N, t]``.

        The `evidence` ``[N]`` is added to the log weights before the data.
        """
        known = scores.shape[1]
        recent = min(self.window, known - _UNSCORED) if known >= _UNSCORED + _SHORTEST else known // 2
        counted = np.maximum(np.nan_to_num(scores[:, known - recent :], nan=_WORST), _WORST)
        log_weights = np.log([member.prior for member in self.members]) + evidence + counted.sum(axis=1)
        return np.asarray(np.exp(log_weights - logsumexp(log_weights)))


class Forecasts(Drawable, dict[str, PooledForecast]):
    """Forecasts of the series of a table by name, and what is wrong with the series that have none.

    Parameters
    ----------
    forecasts : mapping of str to PooledForecast
        By series.
    failures : mapping of str to str
        The message of each series that could not be forecast.
    """

    def __init__(self, forecasts: Mapping[str, PooledForecast], failures: Mapping[str, str]) -> None:
        super().__init__(forecasts)
        self.failures = dict(failures)

    def __reduce__(self) -> tuple[type[Forecasts], tuple[dict[str, PooledForecast], dict[str, str]]]:
        return type(self), (dict(self), self.failures)

    def to_frame(self, levels: ArrayLike = (0.5, 0.8, 0.9), *, model: str | None = None) -> pd.DataFrame:
        """Return `Predictive.to_frame` of every series in one long table."""
        return pd.concat([one.to_frame(levels, model=model) for one in self.values()], ignore_index=True)

    def in_words(self, level: float = 0.9) -> str:
        """Return the total of every series, a line each, and what is wrong with those that have no forecast."""
        failed = (f"{name}: no forecast; {reason}" for name, reason in self.failures.items())
        return "\n".join([*(one.in_words(level) for one in self.values()), *failed])

    def _repr_html_(self) -> str:
        totals = {name: one.total() for name, one in self.items()}
        rows = {name: [total.median, *total.interval(0.9)] for name, total in totals.items()}
        table = pd.DataFrame.from_dict(rows, orient="index", columns=["median of the total", "lo-90", "hi-90"])
        return as_html(repr(self), table, max_rows=20, float_format="{:,.0f}".format)

    def __repr__(self) -> str:
        return f"<Forecasts of {listing(self) or 'no series'}; {len(self.failures)} series failed>"


def _pooled(
    forecasts: dict[str, Predictive], posteriors: dict[str, Posterior], account: Account, draws: int
) -> PooledForecast:
    whole = pool(list(forecasts.values()), list(account.weights.values()), draws)
    return PooledForecast(
        whole.months,
        whole.paths,
        whole.mean,
        whole.shape,
        whole.distribution,
        whole.name,
        pd.Series(account.weights, name="weight").rename_axis("member"),
        forecasts,
        posteriors,
        account=account,
        history=next(iter(forecasts.values())).history,
    )


@overload
def auto(data: pd.DataFrame, horizon: int = ..., *, draws: int | None = ..., rng: Rng) -> Forecasts: ...


@overload
def auto(data: Observed, horizon: int = ..., *, draws: int | None = ..., rng: Rng) -> PooledForecast: ...


def auto(
    data: Observed | pd.DataFrame,
    horizon: int = 12,
    *,
    draws: int | None = None,
    rng: Rng,
) -> PooledForecast | Forecasts:
    """Forecast a series, or each series of a table, without choosing anything.

    Parameters
    ----------
    data : CountSeries, Evidence or DataFrame
        Six or more known months; or a long table unique_id, ds, y (an empty y is a month not observed) of several series, as
        `CountSeries.from_frame` takes it.
    horizon : int
        Number of months.
    draws : int, optional
        Number of draws, 1000 where left out.
    rng : numpy.random.Generator or int
        Generator or seed; required.

    Returns
    -------
    PooledForecast, or Forecasts for a table
        A mapping from names to forecasts, whose `failures` says what is wrong with the series that could not be forecast.
        The forecast of a series of a table depends on that series and its name alone.  Weights and scales learned from all
        series of a collection were tried and did not forecast better; see docs/accuracy.md.

    Raises
    ------
    InvalidSeries
        If fewer than six months are known; for a table, if it is empty or none of its series can be forecast.

    Warns
    -----
    ForecastingWarning
        If some series of a table cannot be forecast.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> series = fc.CountSeries(pd.period_range("2023-01", periods=8, freq="M"), [12, 9, 14, 11, 8, 13, 10, 12])
    >>> forecast = fc.auto(series, horizon=3, rng=np.random.default_rng(1))
    >>> bool(forecast.expected.between(8, 15).all()), round(float(forecast.weights.sum()), 6)
    (True, 1.0)
    """
    model = Auto()
    if isinstance(data, Observed):
        return model.forecast(data, horizon, draws=draws, rng=rng)
    stream, found = named_streams(rng), read_collection(data)
    read_draws(draws, _DRAWS)
    forecasts, failures = {}, dict(found.failures)
    for series in found.series:
        following(series.months, horizon)
        try:
            forecasts[series.name] = model.forecast(series, horizon, draws=draws, rng=stream(series.name))
        except ForecastingError as error:  # one bad series must not end a run of thousands
            failures[series.name] = str(error)
    warn_of_failures(failures, len(forecasts) + len(failures), stacklevel=2)
    return Forecasts(forecasts, failures)
