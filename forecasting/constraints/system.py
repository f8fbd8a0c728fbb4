"""Everything known about a window of months: the tight range of each, and what still ties them together."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints.implied import without_implied
from forecasting.constraints.linear import Bound, Infeasible, Linear
from forecasting.constraints.programs import extreme_point, extreme_sum, tighten
from forecasting.constraints.propagation import propagate
from forecasting.constraints.reduction import groups, reduced
from forecasting.errors import TooLarge
from forecasting.kernels.frozen import Frozen
from forecasting.months import MonthLike

IntArray: TypeAlias = NDArray[np.int64]
FloatArray: TypeAlias = NDArray[np.float64]
BoolArray: TypeAlias = NDArray[np.bool_]

# The upper limits are floating-point numbers, exact up to here.
_LARGEST = 2**53


@dataclass(frozen=True, eq=False)
class Constraints(Frozen):
    """Everything known about T consecutive months of counts.

    Attributes
    ----------
    months : pandas.PeriodIndex
        The T months, frequency ``M``.
    lower : int64[T]
        Smallest possible value of each month.
    upper : float64[T]
        Largest possible value of each month; ``inf`` where there is none.
    linear : tuple of Linear
        What the ranges do not say: constraints on two or more free months, each combination of months once, and none that the
        others imply.
    given : tuple of Linear
        The rows from which all this was found.
    """

    months: pd.PeriodIndex
    lower: IntArray
    upper: FloatArray
    linear: tuple[Linear, ...] = ()
    given: tuple[Linear, ...] = ()

    def __post_init__(self) -> None:
        self.lower.flags.writeable = False
        self.upper.flags.writeable = False

    @property
    def exact(self) -> BoolArray:
        """Which months are known exactly, bool[T]."""
        return np.asarray(self.lower == self.upper, dtype=np.bool_)

    @property
    def told(self) -> BoolArray:
        """Which months anything is known of, bool[T]."""
        told = np.asarray((self.lower > 0) | np.isfinite(self.upper))
        told[[position for row in self.linear for position in row.positions]] = True
        return told

    @property
    def said(self) -> tuple[object, ...]:
        """What is known, whoever says it: equal for systems that leave every month the same."""
        rows = ((row.positions, row.coefs, row.low, row.high) for row in self.linear)
        return tuple(self.months.astype(str)), tuple(self.lower.tolist()), tuple(self.upper.tolist()), frozenset(rows)

    @classmethod
    def solve(cls, months: pd.PeriodIndex, rows: Iterable[Linear]) -> Constraints:
        """Return the tight ranges and the reduced system that `rows` imply.

        Parameters
        ----------
        months : pandas.PeriodIndex
            The T consecutive months that the positions of the rows refer to.
        rows : iterable of Linear
            Constraints in any form.

        Raises
        ------
        Infeasible
            If no vector of non-negative integers satisfies all rows.
        TooLarge
            If an integer program cannot be settled exactly.

        Examples
        --------
        >>> summer = pd.period_range("2023-06", "2023-08", freq="M")
        >>> rows = [Linear((0, 1, 2), (1, 1, 1), 305, 305), Linear((0,), (1,), 54, 54)]
        >>> known = Constraints.solve(summer, rows)
        >>> known.lower.tolist(), known.upper.tolist()
        ([54, 0, 0], [54.0, 251.0, 251.0])
        """
        lower, upper = _anything(len(months))
        given = tuple(rows)
        linear, settled = _simplified(given, lower, upper)
        for members, group in groups(linear):
            if not (settled and _one_plain_sum(group)):
                tighten(group, members, lower, upper)
        if max(lower, default=0) > _LARGEST:
            worst = lower.index(max(lower))
            names = ", ".join(dict.fromkeys(fact for row in given if worst in row.positions for fact in row.facts))
            raise TooLarge(
                f"the facts {names} make {months[worst]} at least {lower[worst]:.3g}, past all that is computed; leave one of "
                "them out (without=[...])"
            )
        linear = _simplified(linear, lower, upper)[0]
        kept = [row for members, group in groups(linear) for row in without_implied(group, members, lower, upper)]
        return cls(
            months,
            np.array(lower, dtype=np.int64),
            np.array(upper, dtype=np.float64),
            tuple(kept),
            given,
        )

    @classmethod
    def complete(cls, months: pd.PeriodIndex, values: IntArray, missing: BoolArray) -> Constraints:
        """Return what a plain series says: its `values` exactly, and nothing about the `missing` months."""
        return cls(
            months,
            np.where(missing, 0, values).astype(np.int64),
            np.where(missing, np.inf, values).astype(np.float64),
        )

    def sum_range(self, positions: Iterable[int]) -> tuple[int, float]:
        """Return the smallest and the largest possible sum of the months at `positions`.

        Raises
        ------
        TooLarge
            If an integer program cannot be settled exactly.
        """
        wanted = set(positions)
        lower: list[int] = self.lower.tolist()
        upper: list[Bound] = [top if math.isinf(top) else int(top) for top in self.upper.tolist()]
        low, high = 0, 0.0
        for members, group in groups(self.linear):
            if tied := wanted.intersection(members):
                low += int(extreme_sum(group, members, tied, lower, upper, 1))
                high += extreme_sum(group, members, tied, lower, upper, -1)
                wanted -= tied
        return low + sum(lower[i] for i in wanted), float(high + sum(upper[i] for i in wanted))


@runtime_checkable
class Observed(Protocol):
    """Anything a model can be fitted to: named months and what is known about them."""

    @property
    def name(self) -> str:
        """Name of the series."""

    @property
    def months(self) -> pd.PeriodIndex:
        """The T consecutive months."""

    @property
    def constraints(self) -> Constraints:
        """What is known about them."""

    def until(self, month: MonthLike) -> Observed:
        """Return what is known about the months up to and including `month` alone."""


def told_months(data: Observed) -> pd.PeriodIndex:
    """Return the months from the first to the last of which the data say anything; they fix the zero of a trend.

    Months before and after, of which nothing is known, must not move what is said of the others.
    """
    at = np.flatnonzero(data.constraints.told)
    return data.months[at[0] : at[-1] + 1] if at.size else data.months


def feasible(rows: Iterable[Linear], size: int) -> bool:
    """Return whether some vector of `size` non-negative integers satisfies all `rows`.

    Examples
    --------
    >>> feasible([Linear((0,), (1,), 5, None), Linear((0, 1), (1, 1), None, 4)], 2)
    False
    """
    lower, upper = _anything(size)
    try:
        linear, settled = _simplified(rows, lower, upper)
        for members, group in groups(linear):
            if not (settled and _one_plain_sum(group)):
                extreme_point(group, members, lower, upper, {})
    except Infeasible:
        return False
    return True


def _anything(size: int) -> tuple[list[int], list[Bound]]:
    return [0] * size, [math.inf] * size


def _simplified(rows: Iterable[Linear], lower: list[int], upper: list[Bound]) -> tuple[tuple[Linear, ...], bool]:
    """Narrow the ranges in place and reduce the rows until neither helps; return rows and fixpoint or not."""
    linear = reduced(rows, lower, upper)
    while True:
        settled = propagate(linear, lower, upper)
        before, linear = linear, reduced(linear, lower, upper)
        if linear == before:
            return linear, settled


def _one_plain_sum(group: Sequence[Linear]) -> bool:
    """Return whether propagation is exact: a sum with unit coefficients takes each value between its ends."""
    return len(group) == 1 and all(abs(coef) == 1 for coef in group[0].coefs)
