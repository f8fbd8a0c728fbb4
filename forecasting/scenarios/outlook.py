r"""What comes next under alternative assumptions about the level, told apart draw by draw.

The log mean of a month is the sum of a *structural* part (level, trend, events) and a *recurring* part
(season, covariates, exposure).  Write :math:`a_t` and :math:`r_t` for the two parts of month :math:`t`, and
:math:`T` for the last month of the data.  A scenario says what the structural part of the months to come is;
the recurring part is always their own:

========================  =======================================================================
`Continue`                :math:`\log\mu_t = a_t + r_t`
`Persist`                 :math:`\log\mu_t = a_T + r_t`
`Revert` to a window W    :math:`\log\mu_t = \log\bigl(|W|^{-1}\sum_{w\in W} e^{a_w}\bigr) + r_t`
`Shift` by :math:`\delta` :math:`\log\mu_t = a_T + \delta + r_t`
========================  =======================================================================

All scenarios use the same draws of the parameters and the same uniforms, so they differ by the scenario only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from forecasting.display import Drawable, as_html
from forecasting.distributions import Distribution
from forecasting.errors import InvalidInput, InvalidWindow
from forecasting.kernels.counts import FloatArray
from forecasting.months import MonthLike, month_range
from forecasting.predictive import Predictive, Quantity
from forecasting.predictive.levels import central
from forecasting.randomness import Rng, require_rng
from forecasting.reading.arguments import read_number


class Extrapolates(Protocol):
    """What an outlook needs of a posterior: its months, and the log mean of any others."""

    @property
    def name(self) -> str:
        """Name of the series."""

    @property
    def months(self) -> pd.PeriodIndex:
        """The T months of the data."""

    @property
    def shape(self) -> tuple[FloatArray, ...]:
        """One array ``[S]`` for each shape parameter of the distribution."""

    @property
    def distribution(self) -> Distribution:
        """Conditional distribution of a month given its mean."""

    def future(self, horizon: int) -> pd.PeriodIndex:
        """Return the `horizon` months after the data, or raise `InvalidInput` where it is no such number."""

    def components(self, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the structural and the recurring part of the log mean of any months, both ``[S, H]``."""


class Scenario(ABC):
    """A named assumption about the structural level of the months to come."""

    @property
    def name(self) -> str:
        """Name in tables; equal scenarios, and no others, share it."""
        return type(self).__name__

    @abstractmethod
    def level(self, post: Extrapolates, months: pd.PeriodIndex) -> FloatArray:
        """Return the structural part of the log mean of `months`, ``[S, H]`` or ``[S, 1]``."""


@dataclass(frozen=True)
class Continue(Scenario):
    """The model goes on as it is: trend, steps and ramps run into the future.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> series, rng = fc.CountSeries(["2023-06", "2023-07", "2023-08", "2023-09"], [20, 40, 80, 160]), np.random.default_rng(1)
    >>> model = fc.CountRegression(fc.Intercept() + fc.Trend(), fc.Poisson(), fc.Priors(trend=0.5))
    >>> posterior = model.posterior(series, rng=rng)
    >>> ahead = fc.outlook(posterior, [fc.Continue(), fc.Persist()], horizon=1, rng=rng)
    >>> ahead.table()["median"].round(-1).tolist()  # the doubling goes on, or stops
    [310, 160]
    """

    def level(self, post: Extrapolates, months: pd.PeriodIndex) -> FloatArray:
        """Return the model's own structural part ``[S, H]``."""
        return post.components(months)[0]


@dataclass(frozen=True)
class Persist(Scenario):
    """The level of the last month of the data stays; any trend stops.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> rng = np.random.default_rng(1)
    >>> series = fc.CountSeries(["2023-08", "2023-09", "2023-10", "2023-11"], [100, 200, 210, 190])
    >>> posterior = fc.CountRegression(fc.Intercept() + fc.Step("2023-09"), fc.Poisson()).posterior(series, rng=rng)
    >>> ahead = fc.outlook(posterior, [fc.Persist(), fc.Revert("2023-08", "2023-08")], horizon=1, rng=rng)
    >>> ahead.table()["median"].round(-1).tolist()  # the new level stays, or the old one returns
    [200, 100]
    """

    def level(self, post: Extrapolates, months: pd.PeriodIndex) -> FloatArray:
        """Return the structural part of the last month of the data ``[S, 1]``."""
        return post.components(post.months[-1:])[0]


@dataclass(frozen=True)
class Revert(Scenario):
    """The level goes back to the average of a window of the data, on the scale of the mean.

    Parameters
    ----------
    start, end : str, Period or date
        First and last month of the window, both included.

    Raises
    ------
    InvalidWindow
        If `end` comes before `start`.

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.Revert("2023-06", "2023-08").name
    'Revert(2023-06..2023-08)'
    """

    start: MonthLike
    end: MonthLike

    def __post_init__(self) -> None:
        window = month_range(self.start, self.end)
        object.__setattr__(self, "start", window[0])
        object.__setattr__(self, "end", window[-1])

    @property
    def name(self) -> str:
        """Name in tables."""
        return f"Revert({self.start}..{self.end})"

    def level(self, post: Extrapolates, months: pd.PeriodIndex) -> FloatArray:
        """Return the log of the average exponential of the structural part over the window ``[S, 1]``."""
        window = month_range(self.start, self.end)
        if not window.isin(post.months).all():
            raise InvalidWindow(
                f"{self.name} leaves the data of {post.name}, {post.months[0]}..{post.months[-1]}; "
                "choose a window inside"
            )
        structural = post.components(window)[0]
        return np.asarray(logsumexp(structural, axis=1, keepdims=True) - np.log(len(window)))


@dataclass(frozen=True)
class Shift(Scenario):
    """The level of the last month of the data, times ``exp(delta)``.

    Parameters
    ----------
    delta : float
        Change of the log mean; +0.3 makes means 35% higher, -0.3 makes them 26% lower.

    Raises
    ------
    InvalidInput
        If `delta` is no finite number.

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.Shift(0.3).name
    'Shift(+0.3)'
    """

    delta: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "delta", read_number(self.delta, "delta"))
        if not abs(self.delta) < np.inf:
            raise InvalidInput(f"delta={self.delta!r} must be a finite number, such as +0.3")

    @property
    def name(self) -> str:
        """Name in tables."""
        return f"Shift({self.delta:+})"

    def level(self, post: Extrapolates, months: pd.PeriodIndex) -> FloatArray:
        """Return the structural part of the last month of the data, shifted ``[S, 1]``."""
        return Persist().level(post, months) + self.delta


@dataclass(frozen=True, eq=False, repr=False)
class Outlook(Drawable):
    """Forecasts of the same H months under several scenarios, paired draw by draw.

    Attributes
    ----------
    name : str
        Name of the series.
    scenarios : mapping of str to Predictive
        By name of the scenario, in the order of the request; read-only.
    """

    name: str
    scenarios: Mapping[str, Predictive]

    def __post_init__(self) -> None:
        object.__setattr__(self, "scenarios", MappingProxyType(dict(self.scenarios)))

    def __reduce__(self) -> tuple[type[Outlook], tuple[str, dict[str, Predictive]]]:
        """Pickle and copy the scenarios as a dictionary: a read-only mapping does neither."""
        return type(self), (self.name, dict(self.scenarios))

    @property
    def months(self) -> pd.PeriodIndex:
        """The H months."""
        return next(iter(self.scenarios.values())).months

    def __getitem__(self, scenario: str) -> Predictive:
        """Return the forecast under one scenario, by name."""
        if scenario not in self.scenarios:
            raise InvalidInput(f"there is no scenario {scenario!r}; there are {', '.join(self.scenarios)}")
        return self.scenarios[scenario]

    def table(self, level: float = 0.9) -> pd.DataFrame:
        """Return mean, median and central interval, a row for each scenario and month.

        Parameters
        ----------
        level : float
            Probability of the interval, strictly between 0 and 1.
        """
        tables = {}
        for name, forecast in self.scenarios.items():
            points = forecast.quantile([0.5, *central(level)]).set_axis(["median", "lower", "upper"], axis=1)
            tables[name] = pd.concat([forecast.expected, points], axis=1)
        return pd.concat(tables, names=["scenario", "ds"])

    def totals(self, level: float = 0.9) -> pd.DataFrame:
        """Return mean, median and central interval of the total of all months, a row for each scenario."""
        rows = {}
        for name, forecast in self.scenarios.items():
            total = forecast.total()
            lower, upper = total.interval(level)
            rows[name] = {"mean": total.mean, "median": total.median, "lower": lower, "upper": upper}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("scenario")

    def difference(self, a: str, b: str, start: MonthLike | None = None, end: MonthLike | None = None) -> Quantity:
        """Return the total under `a` minus the total under `b`, draw by draw.

        Parameters
        ----------
        a, b : str
            Names of two scenarios.
        start, end : str, Period or date, optional
            Window, both ends included; all months by default, a single month where they are equal.

        Raises
        ------
        InvalidInput
            If a scenario is unknown.
        InvalidWindow
            If the window is reversed or leaves the outlook.

        Examples
        --------
        >>> import numpy as np
        >>> import forecasting as fc
        >>> rng = np.random.default_rng(1)
        >>> series = fc.CountSeries(["2023-08", "2023-09", "2023-10", "2023-11"], [100, 200, 210, 190])
        >>> posterior = fc.CountRegression(fc.Intercept() + fc.Step("2023-09"), fc.Poisson()).posterior(series, rng=rng)
        >>> ahead = fc.outlook(posterior, [fc.Persist(), fc.Shift(-0.5)], horizon=3, rng=rng)
        >>> more = ahead.difference("Persist", "Shift(-0.5)")
        >>> round(more.median, -1), bool((more.draws >= 0).all())
        (240.0, True)
        """
        one, other = self[a].total(start, end), self[b].total(start, end)
        return Quantity(f"{a} minus {b}, {one.name}", one.draws - other.draws)

    def to_frame(self, levels: ArrayLike = (0.5, 0.8, 0.9), *, model: str | None = None) -> pd.DataFrame:
        """Return `Predictive.to_frame` of every scenario in one long table, with a column scenario."""
        frames = []
        for name, forecast in self.scenarios.items():
            frames.append(forecast.to_frame(levels, model=model))
            frames[-1].insert(1, "scenario", name)
        return pd.concat(frames, ignore_index=True)

    def in_words(self, level: float = 0.9) -> str:
        """Return the total of all months under each scenario as a sentence."""
        parts = []
        for name, forecast in self.scenarios.items():
            total = forecast.total()
            low, high = total.interval(level)
            parts.append(f"{total.median:,.0f} ({low:,.0f} to {high:,.0f}) under {name}")
        span = f"{self.months[0]}..{self.months[-1]}"
        return f"{self.name}, total of {span}, median and {level:.0%} interval: {'; '.join(parts)}."

    def __repr__(self) -> str:
        span = f"{self.months[0]}..{self.months[-1]}"
        return f"Outlook({self.name!r}, {span}: {', '.join(self.scenarios)})"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.table(), float_format="{:.1f}".format)


def outlook(post: Extrapolates, scenarios: Sequence[Scenario], horizon: int = 6, *, rng: Rng) -> Outlook:
    """Forecast the months after the data under each of several scenarios.

    Parameters
    ----------
    post : Posterior
        Of any regression.
    scenarios : sequence of Scenario
        For example ``[Persist(), Revert("2023-06", "2023-08"), Continue(), Shift(+0.3)]``.
    horizon : int
        Number of months H.
    rng : numpy.random.Generator or int
        Generator or seed; required; one uniform is drawn for each draw and month, whatever the scenarios.

    Returns
    -------
    Outlook
        One `Predictive` for each scenario, all driven by the same uniforms.

    Raises
    ------
    InvalidInput
        If `post` is not the posterior of a regression, there is no scenario, two are the same, or `horizon` is not a positive
        whole number.
    InvalidWindow
        If a window leaves the data.
    SamplingError
        If the means of a scenario explode.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> rng = np.random.default_rng(1)
    >>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    >>> posterior = fc.CountRegression(fc.Intercept() + fc.Step("2023-09"), fc.Poisson()).posterior(evidence, rng=rng)
    >>> ahead = fc.outlook(posterior, [fc.Persist(), fc.Revert("2023-06", "2023-08")], horizon=3, rng=rng)
    >>> ahead.totals().round(-1).astype(int)
                              mean  median  lower  upper
    scenario
    Persist                    580     580    520    630
    Revert(2023-06..2023-08)   310     300    270    350
    """
    generator = require_rng(rng)
    if not hasattr(post, "components"):
        raise InvalidInput(
            f"an outlook needs the posterior of a regression, got {type(post).__name__}; make one, for example with "
            "CountRegression(Intercept() + Trend()).posterior(data, rng=rng)"
        )
    chosen = _read_scenarios(scenarios)
    months = post.future(horizon)
    recurring = post.components(months)[1]
    uniforms = generator.random(recurring.shape)
    forecasts = {}
    for scenario in chosen:
        with np.errstate(over="ignore"):  # an infinite mean is reported with its month
            mean = np.exp(scenario.level(post, months) + recurring)
        forecasts[scenario.name] = Predictive.coupled(months, mean, post.shape, post.distribution, uniforms, post.name)
    return Outlook(post.name, forecasts)


def _read_scenarios(scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
    chosen = (scenarios,) if isinstance(scenarios, Scenario) else tuple(scenarios)
    for scenario in chosen:
        if not isinstance(scenario, Scenario):
            raise InvalidInput(
                f"{scenario!r} is no scenario; use Persist(), Revert(start, end), Continue(), Shift(delta)"
            )
    names = [scenario.name for scenario in chosen]
    if not names:
        raise InvalidInput("there is no scenario; give at least one, for example [Persist(), Continue()]")
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise InvalidInput(f"{', '.join(sorted(repeated))} is given more than once; give each scenario once")
    return chosen
