"""The predictive distribution of consecutive months; points, intervals and totals are derived from it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.display import Drawable, as_html
from forecasting.distributions import Law
from forecasting.errors import ForecastingWarning, InvalidInput, InvalidWindow, TooLarge
from forecasting.kernels.counts import LARGEST, FloatArray, IntArray
from forecasting.kernels.frozen import Frozen
from forecasting.months import MonthLike, month_range, read_window, to_month
from forecasting.predictive.account import Account
from forecasting.predictive.arrays import (
    beside,
    read_consecutive,
    read_count,
    read_mean,
    read_paths,
    read_shape,
    read_uniforms,
    refuse_explosion,
)
from forecasting.predictive.explosion import told_of_means
from forecasting.predictive.history import History
from forecasting.predictive.levels import central, read_levels
from forecasting.predictive.mixture import Mixture
from forecasting.predictive.quantity import Quantity
from forecasting.predictive.storage import Stored
from forecasting.predictive.tables import label_of, month_table, path_table
from forecasting.predictive.words import Told
from forecasting.randomness import Rng, require_rng
from forecasting.reading.arguments import read_number

_PMF_TAIL = 1e-9
_PMF_POINTS = 200_000
_LEVELS = (0.5, 0.8, 0.9)
_UNKNOWN = Account()  # of a distribution that no model made


@dataclass(frozen=True, eq=False, repr=False)
class Predictive(Drawable, Stored, Told, Frozen):
    """Forecast of H consecutive months as S equally likely draws.

    A single month has the mixture of its conditional distributions over the draws, so its quantiles and
    probabilities are exact given the draws.  What joins months (totals, ratios) comes from the sample paths.

    Attributes
    ----------
    months : pandas.PeriodIndex
        The H months, frequency ``M``.
    paths : int64[S, H]
        One simulated path for each draw, read-only.
    mean : float64[S, H]
        Conditional mean of each month for each draw, read-only; what `distribution` takes for its `mean`.
    shape : tuple of float64[S] or float64[S, H]
        Shape parameters of `distribution` for each draw, the same for all months or one a month, read-only.
    distribution : Law
        Conditional distribution of a month given its mean and shape.
    name : str
        Name of the series.
    account : Account
        How the forecast was made: members, weights, diagnostics of the draws, warnings.
    history : History or None
        The months before the forecast, for totals that begin there; None if no model made the forecast.

    Raises
    ------
    InvalidInput
        If months have gaps, shapes disagree, or a count, mean or shape parameter is out of its range.
    SamplingError
        If a mean is not finite or above 10^15, or a count reaches 2^53.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> mean = np.full((1000, 2), 4.0)
    >>> forecast = fc.Predictive.draw(months, mean, (), fc.Poisson(), name="requests", rng=np.random.default_rng(1))
    >>> forecast.quantile([0.05, 0.5, 0.95])
             0.05  0.50  0.95
    ds
    2024-01     1     4     8
    2024-02     1     4     8
    >>> round(forecast.exceedance("2024-01", 8), 4)
    0.0214
    """

    months: pd.PeriodIndex
    paths: IntArray
    mean: FloatArray
    shape: tuple[FloatArray, ...]
    distribution: Law
    name: str
    account: Account = field(default=_UNKNOWN, kw_only=True)
    history: History | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        months = read_consecutive(self.months)
        mean = read_mean(self.mean, months)
        checked = {
            "mean": mean,
            "shape": read_shape(self.shape, self.distribution, mean),
            "paths": read_paths(self.paths, mean, months),
        }
        for attribute, value in checked.items():
            object.__setattr__(self, attribute, value)

    @classmethod
    def draw(
        cls,
        months: pd.PeriodIndex,
        mean: ArrayLike,
        shape: tuple[ArrayLike, ...],
        distribution: Law,
        *,
        name: str,
        account: Account = _UNKNOWN,
        history: History | None = None,
        rng: Rng,
    ) -> Self:
        """Sample one path for each draw of the parameters.

        Parameters
        ----------
        months, mean, shape, distribution, name, account, history
            As in the class.
        rng : numpy.random.Generator or int
            Generator or seed; required.
        """
        generator = require_rng(rng)
        mu = read_mean(mean, read_consecutive(months))
        columns = read_shape(shape, distribution, mu)
        paths = distribution.sample(mu, *beside(columns), rng=generator)
        return cls(months, paths, mu, columns, distribution, name, account=account, history=history)

    @classmethod
    def coupled(
        cls,
        months: pd.PeriodIndex,
        mean: ArrayLike,
        shape: tuple[ArrayLike, ...],
        distribution: Law,
        uniforms: ArrayLike,
        name: str,
    ) -> Self:
        """Drive the paths through quantile functions by given uniforms.

        Two forecasts driven by the same uniforms differ by their parameters only: where one has the larger
        means, all of its paths are at least as high.

        Parameters
        ----------
        months, mean, shape, distribution, name
            As in the class.
        uniforms : array_like, [S, H]
            In [0, 1).
        """
        mu = read_mean(mean, read_consecutive(months))
        columns = read_shape(shape, distribution, mu)
        u = read_uniforms(uniforms, mu)
        paths = distribution.quantile(u, mu, *beside(columns))
        return cls(months, paths, mu, columns, distribution, name)

    @cached_property
    def _mixture(self) -> Mixture:
        return Mixture(self.distribution, self.mean, self.shape)

    @cached_property
    def messages(self) -> tuple[str, ...]:
        """What a reader of the numbers should know; empty for a regular forecast."""
        return told_of_means(self._mixture, self.months, len(self.paths), self.name)

    # One month

    @property
    def expected(self) -> pd.Series:
        """Mean of each month: the average of the conditional means.

        Warns
        -----
        ForecastingWarning
            If more than half of the mean of a month is made by a hundredth of the draws; see `messages`.
        """
        for message in self.messages:
            warnings.warn(message, ForecastingWarning, stacklevel=2)
        return pd.Series(self._mixture.expected, index=self._index, name="mean")

    def quantile(self, levels: ArrayLike) -> pd.DataFrame:
        """Return, for each month and level, the smallest y with P(Y <= y) >= level.

        Parameters
        ----------
        levels : float or sequence of float
            Strictly between 0 and 1.

        Returns
        -------
        pandas.DataFrame
            int64, a row a month and a column a level.

        Raises
        ------
        InvalidInput
            If a level is not strictly between 0 and 1.
        SamplingError
            If a quantile reaches 2^53, where counts stop being exact.
        """
        wanted = read_levels(levels)
        guess = np.quantile(self.paths, wanted, axis=0, method="inverted_cdf").astype(float)
        table = self._mixture.quantiles(wanted, guess)
        refuse_explosion(table >= LARGEST, self.months, "a quantile of 2^53 or more")
        return pd.DataFrame(table.T, index=self._index, columns=wanted)

    def interval(self, level: float = 0.9) -> pd.DataFrame:
        """Return the central interval of each month, both limits included, as columns lower and upper.

        As counts are whole, the interval holds at least the probability asked for.
        """
        return self.quantile(central(level)).set_axis(["lower", "upper"], axis=1)

    def pmf(self, month: MonthLike, upto: int | None = None) -> pd.Series:
        """Return the probability of each count of a month.

        Parameters
        ----------
        month : str, Period or date
            One of `months`.
        upto : int, optional
            Largest count; by default all but 1e-9 of the probability is covered.

        Returns
        -------
        pandas.Series
            Indexed by the counts 0, 1, ...

        Raises
        ------
        TooLarge
            If there would be more than 200,000 counts.
        """
        column = self._position(month)
        last = self._reach(column) if upto is None else read_count(upto, "upto")
        if last >= _PMF_POINTS:
            raise TooLarge(
                f"the pmf of {self.months[column]} would have {last + 1:,} counts, over {_PMF_POINTS:,}; "
                "ask for quantile() or exceedance() instead, or pass a smaller upto"
            )
        support = np.arange(last + 1)
        values = self._mixture.pmf(support.astype(float), column)
        return pd.Series(values, index=pd.RangeIndex(last + 1, name="y"), name=str(self.months[column]))

    def logpmf(self, month: MonthLike, y: int) -> float:
        """Return the natural logarithm of P(Y = y): the log score of the month once `y` is known."""
        return self._mixture.logpmf(read_count(y, "y"), self._position(month))

    def cdf(self, month: MonthLike, y: float) -> float:
        """Return P(Y <= y)."""
        return float(self._mixture.cdf(*self._point(month, y))[0])

    def exceedance(self, month: MonthLike, y: float) -> float:
        """Return P(Y > y), strictly above; P(Y >= y) is ``exceedance(month, y - 1)``."""
        return float(self._mixture.sf(*self._point(month, y))[0])

    # Several months

    def total(self, start: MonthLike | None = None, end: MonthLike | None = None) -> Quantity:
        """Return the sum over a window, ends included; the whole forecast by default.

        A window may begin in the data: known months are added as they are, months known in part as they were drawn with the
        parameters of each path.

        Raises
        ------
        InvalidWindow
            If the window is reversed, leaves data and forecast, or holds a month of which nothing is known.

        Examples
        --------
        >>> import numpy as np, pandas as pd
        >>> import forecasting as fc
        >>> months = pd.period_range("2024-01", periods=3, freq="M")
        >>> mean, rng = np.full((4000, 3), 4.0), np.random.default_rng(1)
        >>> forecast = fc.Predictive.draw(months, mean, (), fc.Poisson(), name="y", rng=rng)
        >>> forecast.total().interval(0.9)  # three times the interval of a month, 1 to 8, would be too wide
        (7.0, 18.0)
        """
        window = month_range(self.months[0] if start is None else start, self.months[-1] if end is None else end)
        past = window[np.asarray(window < self.months[0])]
        if not len(past) or self.history is None:
            window = self._window(start, end)
            return Quantity(f"total {label_of(window)}", self._sum(window))
        total = self.history.sum(past, len(self.paths))
        if len(past) < len(window):
            total = total + self._sum(self._window(self.months[0], window[-1]))
        return Quantity(f"total {label_of(window)}", total)

    def ratio(self, numerator: tuple[MonthLike, MonthLike], denominator: tuple[MonthLike, MonthLike]) -> Quantity:
        """Return the total of one window divided by the total of another, path by path.

        A path with nothing in the denominator alone gives ``inf``.

        Parameters
        ----------
        numerator, denominator : pair of months
            First and last month, both included.

        Raises
        ------
        InvalidWindow
            If a window is reversed or leaves the forecast.
        InvalidInput
            If some path has nothing in either window: its ratio is not defined.
        """
        above, below = (self._window(*read_window(pair, "a window")) for pair in (numerator, denominator))
        over, under = self._sum(above), self._sum(below)
        label = f"{label_of(above)} / {label_of(below)}"
        undefined = int(np.sum((over == 0) & (under == 0)))
        if undefined:
            raise InvalidInput(
                f"the ratio {label} is 0/0 in {undefined} of {len(over)} paths; "
                "choose longer windows or compare their totals"
            )
        with np.errstate(divide="ignore"):
            return Quantity(f"ratio {label}", over / under)

    # Tables

    def to_frame(self, levels: ArrayLike = _LEVELS, *, model: str | None = None) -> pd.DataFrame:
        """Return a long table, one row per month: unique_id, ds, mean, median, and the central intervals.

        Parameters
        ----------
        levels : float or sequence of float
            Coverage of the intervals; 0.9 gives the columns ``lo-90`` and ``hi-90``.
        model : str, optional
            Name of the model, for columns as Nixtla's packages name them: ``auto``, ``auto-median``, ``auto-lo-90``.
        """
        return month_table(self, levels, model)

    def samples(self) -> pd.DataFrame:
        """Return the paths as a long table, one row per month and path: unique_id, ds, sample_id, y."""
        return path_table(self.name, self.months, self.paths)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {label_of(self.months)}, {len(self.paths)} draws)"

    def _repr_html_(self) -> str:
        table = self.to_frame().drop(columns="unique_id").assign(ds=self.months.astype(str))
        return as_html(repr(self), table, index=False, float_format="{:.1f}".format)

    # Looking up

    @property
    def _index(self) -> pd.PeriodIndex:
        return self.months.rename("ds")

    def _position(self, month: MonthLike) -> int:
        wanted = to_month(month)
        if wanted not in self.months:
            raise InvalidInput(f"{wanted} is not forecast; the months held are {label_of(self.months)}")
        return int((wanted - self.months[0]).n)

    def _point(self, month: MonthLike, y: float) -> tuple[FloatArray, IntArray]:
        return np.array([read_number(y, "y")]), np.array([self._position(month)])

    def _reach(self, column: int) -> int:
        guess = np.array([float(self.paths[:, column].max())])
        return int(self._mixture.search(np.array([1.0 - _PMF_TAIL]), np.array([column]), guess)[0])

    def _window(self, start: MonthLike | None, end: MonthLike | None) -> pd.PeriodIndex:
        window = month_range(self.months[0] if start is None else start, self.months[-1] if end is None else end)
        if not window.isin(self.months).all():
            raise InvalidWindow(f"the window {label_of(window)} leaves the forecast of {label_of(self.months)}")
        return window

    def _sum(self, window: pd.PeriodIndex) -> FloatArray:
        return np.asarray(self.paths[:, self.months.isin(window)].sum(axis=1, dtype=float))
