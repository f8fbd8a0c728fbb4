"""Weak priors on natural scales, one scale per family of parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from forecasting.display import as_html
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.parameters.families import FAMILIES
from forecasting.reading.arguments import read_number

_CENTRAL = 1.96  # standard deviations on either side that hold 95%


class Priors(Mapping[str, float]):
    """Standard deviations of the normal priors, by family of parameters; changeable, shown in every report.

    Each term, distribution and model declares the families of its parameters, with a default; `to_frame` lists all of them.
    A scale is read as an attribute or by its name, and passed by keyword to be another one.

    Parameters
    ----------
    **scales : float
        Scales that are not the default.

    Raises
    ------
    InvalidInput
        If there is no such scale, or it is not a positive, finite number.

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.Priors().scaled(2).trend
    0.2
    >>> fc.Priors(trend=0.3, step=1.0)  # 1 is the default of a step
    Priors(trend=0.3)
    >>> fc.Priors().to_frame().loc["noise", "of"]
    'Standard deviation of the monthly step of the log level of a local level: half-normal.'
    """

    def __init__(self, **scales: float) -> None:
        self.__dict__["_own"] = {}
        for name, value in scales.items():
            if name not in FAMILIES:
                raise InvalidInput(f"there is no prior scale {name!r}; there are {', '.join(self)}")
            if not 0.0 < read_number(value, f"the prior scale {name}") < np.inf:
                raise InvalidInput(
                    f"the prior scale {name}={value!r} must be a positive, finite number; "
                    f"the default is {FAMILIES[name].scale}"
                )
            if value != FAMILIES[name].scale:
                self._own[name] = float(value)

    _own: dict[str, float]

    @classmethod
    def from_largest_growth(cls, monthly: float, **scales: float) -> Priors:
        r"""Return priors of somebody who would be surprised by a steadier growth than `monthly`, either way.

        The scale of the trend becomes :math:`\log(1+g)/1.96`: growth by more than g per month, or a decline by as large a
        factor, has a probability of 5% beforehand.

        Parameters
        ----------
        monthly : float
            The largest steady growth per month that one would believe, for example 0.2 for 20%.
        **scales : float
            Other scales.

        Raises
        ------
        InvalidInput
            If `monthly` is not a positive, finite number.

        Examples
        --------
        >>> import forecasting as fc
        >>> round(fc.Priors.from_largest_growth(0.2).trend, 3)
        0.093
        """
        if not 0.0 < read_number(monthly, "monthly") < np.inf:
            raise InvalidInput(
                f"monthly={monthly!r} must be the largest growth per month that you would believe, for example 0.2 for 20%"
            )
        return cls(trend=float(np.log1p(float(monthly)) / _CENTRAL), **scales)

    def scaled(self, factor: float) -> Priors:
        """Return the same priors with every scale multiplied by `factor`."""
        by = read_number(factor, "factor")
        return Priors(**{name: scale * by for name, scale in self.items()})

    def of(self, families: tuple[str, ...]) -> FloatArray:
        """Return the scale of each coefficient, given the name of its family."""
        return np.array([self[family] for family in families])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per family: its scale, the default, and what the scale is of."""
        rows = [(scale, FAMILIES[name].scale, FAMILIES[name].about) for name, scale in self.items()]
        return pd.DataFrame(rows, pd.Index(self, name="family"), ["scale", "default", "of"])

    def __getitem__(self, name: str) -> float:
        return self._own.get(name, FAMILIES[name].scale)

    def __getattr__(self, name: str) -> float:
        if name not in FAMILIES:
            raise AttributeError(f"there is no prior scale {name!r}; there are {', '.join(self)}")
        return self[name]

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"priors cannot be changed; make others, such as Priors({name}={value!r})")

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(FAMILIES))

    def __len__(self) -> int:
        return len(FAMILIES)

    def __eq__(self, other: object) -> bool:
        """Tell whether the scales are the same."""
        return isinstance(other, Priors) and self._own == other._own

    def __hash__(self) -> int:
        return hash(frozenset(self._own.items()))

    def __repr__(self) -> str:
        return f"Priors({', '.join(f'{name}={scale!r}' for name, scale in self._own.items())})"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame())


def read_priors(priors: Priors | None) -> Priors:
    """Return the priors, or the defaults where they are left out; raises `InvalidInput` if they are something else."""
    if priors is None:
        return Priors()
    if not isinstance(priors, Priors):
        raise InvalidInput(f"priors={priors!r} must be Priors, for example Priors(trend=0.2)")
    return priors
