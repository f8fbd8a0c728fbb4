"""One linear constraint on monthly counts, in Python integers, so that nothing is ever rounded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from forecasting.errors import ForecastingError

Bound: TypeAlias = int | float
"""An exact Python integer, or an infinity."""


class Infeasible(ForecastingError):
    """No vector of non-negative integers satisfies the rows; their owner knows which facts disagree."""


@dataclass(frozen=True)
class Linear:
    """One constraint ``low <= sum(coefs[i] * y[positions[i]]) <= high``.

    Attributes
    ----------
    positions : tuple of int
        Positions of the months, counted from the first month of the window.
    coefs : tuple of int
        One coefficient a position.
    low, high : int or None
        Inclusive limits; None where there is none.
    facts : tuple of str
        Identifiers of the facts the constraint came from.
    compares : bool
        True for orderings and ratios, which compare months and are never split at a boundary.
    """

    positions: tuple[int, ...]
    coefs: tuple[int, ...]
    low: int | None
    high: int | None
    facts: tuple[str, ...] = ()
    compares: bool = False

    @classmethod
    def of(
        cls,
        terms: Mapping[int, int],
        low: int | None,
        high: int | None,
        facts: tuple[str, ...] = (),
        compares: bool = False,
    ) -> Linear:
        """Return the constraint in normal form: sorted, coprime coefficients, the first of them positive.

        Examples
        --------
        >>> Linear.of({3: 2, 1: -2}, 1, None)
        Linear(positions=(1, 3), coefs=(1, -1), low=None, high=-1, facts=(), compares=False)
        """
        kept = sorted((position, coef) for position, coef in terms.items() if coef)
        if kept and kept[0][1] < 0:
            kept = [(position, -coef) for position, coef in kept]
            low, high = (None if high is None else -high), (None if low is None else -low)
        divisor = math.gcd(*(coef for _, coef in kept)) or 1
        return cls(
            positions=tuple(position for position, _ in kept),
            coefs=tuple(coef // divisor for _, coef in kept),
            low=None if low is None else -(-low // divisor),
            high=None if high is None else high // divisor,
            facts=facts,
            compares=compares,
        )

    @property
    def terms(self) -> dict[int, int]:
        """Coefficient of each position."""
        return dict(zip(self.positions, self.coefs, strict=True))

    def substitute(self, known: Mapping[int, int]) -> Linear:
        """Return the constraint on the other months, in normal form, given the values of the `known` ones.

        Examples
        --------
        >>> Linear((0, 1, 2), (1, 1, 1), 577, 577).substitute({1: 218}).low
        359
        """
        moved = sum(coef * known[position] for position, coef in self.terms.items() if position in known)
        return Linear.of(
            {position: coef for position, coef in self.terms.items() if position not in known},
            None if self.low is None else self.low - moved,
            None if self.high is None else self.high - moved,
            self.facts,
            self.compares,
        )

    def holds(self, values: Sequence[Bound] | Mapping[int, Bound]) -> bool:
        """Return whether `values`, found by position, satisfy the constraint."""
        total = sum(coef * values[position] for position, coef in self.terms.items())
        return (self.low is None or self.low <= total) and (self.high is None or total <= self.high)

    def ranges(self, lower: Sequence[int], upper: Sequence[Bound]) -> list[tuple[Bound, Bound]]:
        """Return the least and the greatest value of each term when the months stay within these limits."""
        return [
            (coef * lower[i], coef * upper[i]) if coef > 0 else (coef * upper[i], coef * lower[i])
            for i, coef in self.terms.items()
        ]
