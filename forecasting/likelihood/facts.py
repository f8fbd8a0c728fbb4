"""The likelihood of everything known about the months: the probability a model gives to the vectors that the facts allow.

Exact months contribute their log probability, months known only by a range the probability of that range, and months tied
together by totals, orderings or ratios the probability of the region, group by group.  A month about which nothing is known
contributes nothing: it is never filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from forecasting.constraints import Constraints, Linear
from forecasting.constraints.reduction import groups
from forecasting.distributions import Distribution
from forecasting.errors import ForecastingError, TooLarge
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.lattice import FINE, Precision
from forecasting.likelihood.draws import draw_months
from forecasting.likelihood.estimate import EstimatedGroup
from forecasting.likelihood.omission import sufficient_omission
from forecasting.likelihood.pivot import PivotGroup
from forecasting.likelihood.ranges import truncated
from forecasting.likelihood.strategy import AnyGroup, Likelihood, group_of, nested_part
from forecasting.likelihood.sums import SumGroup

_COSTLY = 3000  # table entries a parameter vector
_ROUNDING = 1e-6  # no log probability may lie further above zero


class Group(Protocol):
    """Unknown months that share facts."""

    months: tuple[int, ...]

    def log_probability(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        """Return the log probability ``[S]`` of the region that the facts allow."""
        ...


@dataclass(frozen=True)
class Unit:
    """A piece of independent information: some months and the limits of their sum."""

    months: tuple[int, ...]
    low: int
    high: float


class FactLikelihood:
    """Probability of what is known about T months, for many parameter vectors at once.

    Parameters
    ----------
    known : Constraints
        What is known.
    likelihood : {"exact", "estimate"}, optional
        How groups of months that share facts are dealt with; by default exactly where that is affordable, see
        `forecasting.likelihood.strategy`.

    Raises
    ------
    TooLarge
        If ``likelihood="exact"`` and the facts tie unknown months together in a way that cannot be computed exactly; names a
        set of facts whose omission suffices.
    """

    def __init__(self, known: Constraints, likelihood: Likelihood | None = None) -> None:
        self.known = known
        exact = known.exact
        self._exact = np.flatnonzero(exact)
        self._y = known.lower[self._exact]
        components = list(groups(known.linear))
        tied = {month for months, _ in components for month in months}
        bounded = (~exact) & ((known.lower > 0) | np.isfinite(known.upper))
        self._bounded = np.array([t for t in np.flatnonzero(bounded) if t not in tied], dtype=np.int64)
        self.groups: tuple[AnyGroup, ...] = _groups(known, components, likelihood)

    @property
    def estimated(self) -> tuple[EstimatedGroup, ...]:
        """The groups whose probability is an estimate."""
        return tuple(group for group in self.groups if isinstance(group, EstimatedGroup))

    def relaxed(self) -> FactLikelihood:
        """Return the likelihood of a part of the facts that is exact and cheap: the same ranges, and nested totals alone."""
        known = self.known
        kept = [row for _, rows in groups(known.linear) for row in nested_part(rows)]
        return FactLikelihood(Constraints(known.months, known.lower, known.upper, tuple(kept)))

    def anchor(self, log_mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> None:
        """Draw the vectors of estimated groups at parameters spread over the given ones; arguments as in `log_likelihood`.

        Unless this is done, the first evaluation does it.
        """
        for group in self.estimated:
            group.anchor(np.exp(log_mean[:, list(group.months)]), shape, distribution)

    @property
    def costly(self) -> bool:
        """Whether totals over large months or many values of a pivot make one evaluation cost a good part of a millisecond."""
        return any(isinstance(group, SumGroup | PivotGroup) and group.width > _COSTLY for group in self.groups)

    @cached_property
    def units(self) -> tuple[Unit, ...]:
        """Independent pieces of information: exact months, ranges, and the sums of the linear system."""
        known = self.known
        months = [Unit((int(t),), int(known.lower[t]), float(known.upper[t])) for t in (*self._exact, *self._bounded)]
        rows = [
            Unit(row.positions, row.low or 0, np.inf if row.high is None else row.high)
            for row in known.linear
            if all(coef == 1 for coef in row.coefs)
        ]
        return (*months, *rows)

    def log_likelihood(
        self,
        log_mean: FloatArray,
        shape: Sequence[FloatArray],
        distribution: Distribution,
        precision: Precision = FINE,
    ) -> FloatArray:
        r"""Return the log probability ``[S]`` of everything known, :math:`\log\sum_{y\in R}\prod_t p(y_t)`, group by group.

        Parameters
        ----------
        log_mean : ndarray, [S, T]
            Log mean of every month.
        shape : sequence of ndarray, [S]
            Shape parameters of `distribution`.
        distribution : Distribution
            Of a month given its mean; months are independent given the parameters.
        precision : Precision
            Of sums over large months: to rounding, as derivatives need, or coarser, which does for the weight of a draw.
        """
        total = distribution.log_likelihood(self._y, log_mean[:, self._exact], *shape)
        if self._bounded.size:
            mean = np.exp(log_mean[:, self._bounded])
            low, high = self.known.lower[self._bounded], self.known.upper[self._bounded]
            columns = [s[:, None] for s in shape]
            total = total + distribution.log_interval(low, high, mean, *columns).sum(axis=1)
        for group in self.groups:
            here = np.exp(log_mean[:, list(group.months)])
            if isinstance(group, SumGroup):
                found = group.log_probability(here, shape, distribution, precision)
            else:
                found = group.log_probability(here, shape, distribution)
            total = total + (
                found
                if isinstance(group, EstimatedGroup)
                else self._checked(found, group, _ROUNDING + 10.0 * precision.gone)
            )
        return total

    @property
    def pieces(self) -> tuple[str, ...]:
        """Names of the n independent pieces of information: exact months, ranges, and groups of months that share facts."""
        months = [str(self.known.months[t]) for t in (*self._exact, *self._bounded)]
        return (*months, *(f"{self.known.months[g.months[0]]}..{self.known.months[g.months[-1]]}" for g in self.groups))

    def log_pieces(self, log_mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        """Return the log probability of each piece of information ``[S, n]``; arguments as in `log_likelihood`."""
        columns = [s[:, None] for s in shape]
        low, high = self.known.lower[self._bounded], self.known.upper[self._bounded]
        grouped = [g.log_probability(np.exp(log_mean[:, list(g.months)]), shape, distribution) for g in self.groups]
        return np.column_stack(
            [
                distribution.log_terms(self._y, log_mean[:, self._exact], *shape),
                distribution.log_interval(low, high, np.exp(log_mean[:, self._bounded]), *columns),
                *grouped,
            ]
        )

    def _checked(self, found: FloatArray, group: Group, rounding: float) -> FloatArray:
        """Return log probabilities as they are; refuse one above zero, which no rounding explains."""
        if (found > rounding).any():
            months = ", ".join(str(self.known.months[t]) for t in group.months)
            raise ForecastingError(
                f"internal error: what is known of {months} got the probability exp({found.max():.3g}), above one; "
                "please report it with the facts about these months"
            )
        return found

    def sample(
        self,
        log_mean: FloatArray,
        shape: Sequence[FloatArray],
        distribution: Distribution,
        *,
        rng: np.random.Generator,
    ) -> IntArray:
        """Return one draw of all months ``[S, T]`` given the parameters and everything known; exact months repeat."""
        mean = np.exp(log_mean)
        columns = [s[:, None] for s in shape]
        result = np.empty(log_mean.shape, dtype=np.int64)
        result[:, self._exact] = self._y
        tied = {month for group in self.groups for month in group.months}
        free = np.array(
            [t for t in range(log_mean.shape[1]) if not self.known.exact[t] and t not in tied], dtype=np.int64
        )
        if free.size:
            result[:, free] = truncated(
                self.known.lower[free], self.known.upper[free], mean[:, free], columns, distribution, rng
            )
        for group in self.groups:
            here = mean[:, list(group.months)]
            if isinstance(group, SumGroup):
                result[:, list(group.months)] = draw_months(group, here, shape, distribution, rng)
            else:
                result[:, list(group.months)] = group.sample(here, shape, distribution, rng)
        return result


def _groups(
    known: Constraints, components: Sequence[tuple[list[int], list[Linear]]], likelihood: Likelihood | None
) -> tuple[AnyGroup, ...]:
    """Return the strategy of each group, or raise `TooLarge` with the facts to leave out."""
    found: list[AnyGroup] = []
    refused: list[Linear] = []
    reason = ""
    for months, rows in components:
        try:
            found.append(group_of(rows, months, known.lower, known.upper, likelihood))
        except TooLarge as error:
            refused, reason = [*refused, *rows], reason or str(error)
    if refused:
        chosen = sufficient_omission(known, refused)
        raise TooLarge(f"{reason}, or leave out {' and '.join(chosen)} (without={list(chosen)})")
    return tuple(found)
