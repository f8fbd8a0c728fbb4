"""What a term is, and sums of terms."""

from __future__ import annotations

from dataclasses import MISSING, dataclass, fields
from itertools import chain
from typing import ClassVar, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import InvalidInput
from forecasting.parameters import Parameter, Parameters
from forecasting.series import listing

FloatArray: TypeAlias = NDArray[np.float64]

_MAY_BE_CONSTANT = frozenset({"step", "pulse", "ramp", "covariate", "weekday"})
ROUNDING = 1e-9
"""Spread of a column, relative to its largest value, below which it counts as constant."""


@dataclass(frozen=True, eq=False, repr=False)
class Term:
    """One part of the log mean: columns of the design that share a prior family, or an offset."""

    family: ClassVar[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the k coefficients."""
        return ()

    def rows(self, months: pd.PeriodIndex, origin: pd.PeriodIndex) -> FloatArray:
        """Return the columns for T `months`, float64[T] or [T, k]; `origin` holds the months of the data."""
        return np.empty((len(months), 0))

    def offset(self, months: pd.PeriodIndex) -> FloatArray:
        """Return what the term adds to the log mean without a coefficient, float64[T]."""
        return np.zeros(len(months))

    def unit(self, months: pd.PeriodIndex) -> float:
        """Return the change of a column that counts as one to a prior, given the `months` of the data."""
        return 1.0

    def __add__(self, other: Term | Terms) -> Terms:
        return Terms.of(self) + other

    def __repr__(self) -> str:
        arguments = [
            _written(value) if part.default is MISSING else f"{part.name}={_written(value)}"
            for part, value in ((part, getattr(self, part.name)) for part in fields(self))
            if type(value) is not type(part.default) or value != part.default
        ]
        return f"{type(self).__name__}({', '.join(arguments)})"


@dataclass(frozen=True)
class Terms:
    """A sum of terms: the design of a log-linear mean.

    Attributes
    ----------
    terms : tuple of Term
        The terms, in the order of the columns.

    Raises
    ------
    InvalidInput
        If a part is no term, or a term, or a column of the same name, occurs twice.

    Examples
    --------
    >>> from forecasting.terms import Intercept, Seasonal, Step
    >>> terms = Intercept() + Seasonal() + Step("2023-09")
    >>> terms.columns()
    ('intercept', 'cos1', 'sin1', 'step[2023-09]')
    >>> terms
    Intercept() + Seasonal() + Step('2023-09')
    """

    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        strange = [part for part in self.terms if not isinstance(part, Term)]
        if strange:
            raise InvalidInput(f"{strange[0]!r} is no term; add terms up, for example Intercept() + Trend()")
        kinds = [column for term in self.terms for column in term.columns or (type(term).__name__,)]
        repeated = sorted({name for name in kinds if kinds.count(name) > 1})
        if repeated:
            raise InvalidInput(f"{self!r} has {listing(repeated)} more than once; leave one of each")

    @classmethod
    def of(cls, terms: Term | Terms | None) -> Terms:
        """Return a sum of terms as it is, a single term as a sum of one, and None as a sum of none."""
        if terms is None:
            return cls(())
        return terms if isinstance(terms, Terms) else cls((terms,))

    def columns(self) -> tuple[str, ...]:
        """Return the names of the p coefficients."""
        return tuple(chain.from_iterable(term.columns for term in self.terms))

    @property
    def families(self) -> tuple[str, ...]:
        """Prior family of each of the p coefficients."""
        return tuple(term.family for term in self.terms for _ in term.columns)

    def design(self, months: pd.PeriodIndex, *, origin: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the design matrix and the offset of the log mean.

        Parameters
        ----------
        months : pandas.PeriodIndex
            The T months wanted, inside or outside of the data.
        origin : pandas.PeriodIndex
            The months of the data, which fix the zero of a trend.

        Returns
        -------
        design : float64[T, p]
            One column a coefficient.
        log_offset : float64[T]
            Sum of the offsets; 0 without an exposure.

        Raises
        ------
        InvalidInput
            If a covariate or an exposure has no value for one of the months.
        """
        nothing = np.empty((len(months), 0))
        design = np.column_stack([nothing, *(term.rows(months, origin) for term in self.terms)])
        offset = np.sum([np.zeros(len(months)), *(term.offset(months) for term in self.terms)], axis=0)
        return design, offset

    def units(self, months: pd.PeriodIndex) -> FloatArray:
        """Return, for each of the p columns, the change that counts as one to a prior, given the `months` of the data."""
        return np.array([term.unit(months) for term in self.terms for _ in term.columns], dtype=np.float64)

    def parameters(self, months: pd.PeriodIndex) -> Parameters:
        """Return the p coefficients, given the `months` of the data."""
        parts = zip(self.columns(), self.families, self.units(months).tolist(), strict=True)
        return Parameters(tuple(Parameter(name, family=of, is_log_rate=True, unit=unit) for name, of, unit in parts))

    def beside(self, months: pd.PeriodIndex) -> tuple[str, ...]:
        """Return the columns of events and covariates that are the same in all these `months`, which cannot tell their size.

        Examples
        --------
        >>> import pandas as pd
        >>> import forecasting as fc
        >>> (fc.Step("2023-09") + fc.Pulse("2024-05")).beside(pd.period_range("2023-08", "2023-12", freq="M"))
        ('pulse[2024-05]',)
        """
        terms = [term for term in self.terms if term.columns and term.family in _MAY_BE_CONSTANT]
        return tuple(column for term in terms if _is_constant(term.rows(months, months)) for column in term.columns)

    def __add__(self, other: Term | Terms) -> Terms:
        return Terms(self.terms + Terms.of(other).terms)

    def __repr__(self) -> str:
        return " + ".join(map(repr, self.terms)) or "Terms(())"


def months_since(months: pd.PeriodIndex, start: pd.Period) -> FloatArray:
    """Return the number of months from `start` to each of T months, float64[T]."""
    return np.asarray(months.asi8 - start.ordinal, dtype=np.float64)


def _is_constant(values: FloatArray) -> bool:
    return float(np.ptp(values)) <= ROUNDING * float(np.abs(values).max())


def _written(value: object) -> str:
    """Return an argument of a term as one would type it; values by month are abridged."""
    if isinstance(value, pd.Series):
        return "..."
    return repr(str(value) if isinstance(value, pd.Period) else value)
