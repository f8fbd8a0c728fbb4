r"""Assumptions about the level of the months to come, which an outlook compares.

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
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from forecasting.distributions import Law
from forecasting.errors import InvalidInput, InvalidWindow
from forecasting.kernels.counts import FloatArray
from forecasting.months import MonthLike, month_range
from forecasting.reading.arguments import read_number


@runtime_checkable
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
    def distribution(self) -> Law:
        """Conditional distribution of a month given its mean."""

    def future(self, horizon: int) -> pd.PeriodIndex:
        """Return the `horizon` months after the data, or raise `InvalidInput` where it is no such number."""

    def components(self, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the structural and the recurring part of the log mean of months of the data, both ``[S, H]``."""

    def recurring(self, months: pd.PeriodIndex) -> FloatArray:
        """Return the recurring part of the log mean of any months, ``[S, H]``."""

    def continued(self, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the means of the months after the data, ``[S, H]``, whose counts come from these uniforms."""


class Scenario(ABC):
    """A named assumption about the structural level of the months to come."""

    @property
    def name(self) -> str:
        """Name in tables; equal scenarios, and no others, share it."""
        return type(self).__name__

    @abstractmethod
    def level(self, post: Extrapolates, months: pd.PeriodIndex) -> FloatArray:
        """Return the structural part of the log mean of `months`, ``[S, H]`` or ``[S, 1]``."""

    def mean(self, post: Extrapolates, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the means of `months` ``[S, H]``; counts come from `uniforms`."""
        with np.errstate(over="ignore"):  # an infinite mean is reported with its month
            return np.asarray(np.exp(self.level(post, months) + post.recurring(months)))


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
        """Return the structural part ``[S, H]`` of a model whose mean does not depend on the counts."""
        return post.components(months)[0]

    def mean(self, post: Extrapolates, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the model's own means ``[S, H]``; in a model that follows the counts, each count moves those after it."""
        return post.continued(months, uniforms)


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
