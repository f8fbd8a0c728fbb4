"""The orders of a seasonal ARIMA model: what is differenced, and which coefficients there are."""

from __future__ import annotations

import operator
from dataclasses import dataclass

import numpy as np

from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.differencing import PERIOD

_HIGHEST, _MOST_DIFFERENCES = 24, 2


@dataclass(frozen=True)
class Orders:
    """Orders (p, d, q)(P, D, Q) of a monthly model.

    Raises
    ------
    InvalidInput
        If an order is no whole number, is negative or out of reach.

    Examples
    --------
    >>> print(Orders((0, 1, 1), (0, 1, 1)))
    ARIMA(0,1,1)(0,1,1)[12]
    """

    order: tuple[int, int, int]
    seasonal: tuple[int, int, int]

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", _read(self.order, "order=(p, d, q)"))
        object.__setattr__(self, "seasonal", _read(self.seasonal, "seasonal=(P, D, Q)"))
        if max(self.order[0], self.order[2]) >= PERIOD and any(self.seasonal[::2]):
            raise InvalidInput(
                f"{self}: orders of {PERIOD} and more overlap with the seasonal ones; use one or the other"
            )

    @property
    def factors(self) -> tuple[int, int, int, int]:
        """Number of coefficients of the factors: p, q, P, Q."""
        (p, _, q), (seasonal_p, _, seasonal_q) = self.order, self.seasonal
        return p, q, seasonal_p, seasonal_q

    @property
    def size(self) -> int:
        """Number of ARMA coefficients."""
        return sum(self.factors)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients, as R has them."""
        kinds = zip(("ar", "ma", "sar", "sma"), self.factors, strict=True)
        return tuple(f"{kind}{k}" for kind, number in kinds for k in range(1, number + 1))

    @property
    def differences(self) -> tuple[int, int]:
        """Orders d and D."""
        return self.order[1], self.seasonal[1]

    @property
    def lost(self) -> int:
        """Months that differencing consumes."""
        return self.order[1] + PERIOD * self.seasonal[1]

    @property
    def longest(self) -> int:
        """Longest lag of the ARMA polynomials."""
        p, q, seasonal_p, seasonal_q = self.factors
        return max(p + PERIOD * seasonal_p, q + PERIOD * seasonal_q)

    def difference(self, columns: FloatArray) -> FloatArray:
        """Return the columns ``[T, c]`` differenced, ``[T - lost, c]``."""
        for lag, times in ((PERIOD, self.seasonal[1]), (1, self.order[1])):
            for _ in range(times):
                columns = columns[lag:] - columns[:-lag]
        return columns

    @property
    def differencing(self) -> FloatArray:
        """Polynomial of the differences, lag 0 first."""
        one = np.zeros((2 * self.lost + 1, 1))
        one[self.lost] = 1.0
        return self.difference(one)[:, 0]

    def __str__(self) -> str:
        (p, d, q), (seasonal_p, seasonal_d, seasonal_q) = self.order, self.seasonal
        return f"ARIMA({p},{d},{q})({seasonal_p},{seasonal_d},{seasonal_q})[{PERIOD}]"


def _read(values: object, what: str) -> tuple[int, int, int]:
    try:
        first, middle, last = (operator.index(v) for v in values)  # type: ignore[attr-defined]
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{what} must be three whole numbers, not {values!r}") from error
    if min(first, middle, last) < 0 or max(first, last) > _HIGHEST or middle > _MOST_DIFFERENCES:
        raise InvalidInput(
            f"{what} is {values!r}; each is at least 0, the outer ones at most {_HIGHEST}, the middle one at most "
            f"{_MOST_DIFFERENCES}"
        )
    return first, middle, last
