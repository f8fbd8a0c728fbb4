"""A single unknown number, such as a total or a ratio of windows, held as draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.display import Drawable, as_html, chance
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.frozen import Frozen
from forecasting.predictive.levels import POINTS, central, read_levels
from forecasting.reading.arguments import read_number


@dataclass(frozen=True, eq=False, repr=False)
class Quantity(Drawable, Frozen):
    """An unknown number with S equally likely draws; every summary is a summary of the draws.

    Attributes
    ----------
    name : str
        What the number is.
    draws : float64[S]
        Read-only; may hold ``inf`` (a ratio over nothing), never NaN.

    Raises
    ------
    InvalidInput
        If `draws` is no vector, is empty, or holds NaN.

    Examples
    --------
    >>> Quantity("total", [3, 5, 4, 9, 4])
    Quantity('total', median 4, 90% interval 3..9)
    """

    name: str
    draws: FloatArray

    def __post_init__(self) -> None:
        draws = np.array(self.draws, dtype=float)
        if draws.ndim != 1 or draws.size == 0 or np.isnan(draws).any():
            raise InvalidInput(f"the draws of {self.name!r} must be a vector of at least one number, none of them NaN")
        draws.flags.writeable = False
        object.__setattr__(self, "draws", draws)

    @property
    def mean(self) -> float:
        """Average of the draws."""
        return float(self.draws.mean())

    @property
    def median(self) -> float:
        """The smallest draw that at least half of the draws do not exceed."""
        return float(self.quantile(0.5).iloc[0])

    def quantile(self, levels: ArrayLike) -> pd.Series:
        """Return the smallest draw whose cumulative share reaches each level.

        Parameters
        ----------
        levels : float or sequence of float
            Strictly between 0 and 1.

        Returns
        -------
        pandas.Series
            Indexed by level; values are draws, never interpolated.
        """
        wanted = read_levels(levels)
        values = np.quantile(self.draws, wanted, method="inverted_cdf")
        return pd.Series(values, index=pd.Index(wanted, name="level"), name=self.name)

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Return the central interval of probability `level`."""
        lower, upper = self.quantile(central(level))
        return float(lower), float(upper)

    def in_words(self, level: float = 0.9, *, above: float | None = None) -> str:
        """Return the quantity as a sentence, and the chance that it is above a number.

        Examples
        --------
        >>> print(Quantity("total", [3, 5, 4, 9, 4]).in_words(above=4))
        The total is between 3 and 9 with a probability of 90%, as likely below 4 as above. The chance of more than 4 is 40%.
        """
        lower, upper = self.interval(level)
        limit = None if above is None else read_number(above, "above")
        said = (
            f"The {self.name} is between {lower:,.6g} and {upper:,.6g} with a probability of {level:.0%}, "
            f"as likely below {self.median:,.6g} as above."
        )
        return (
            said
            if limit is None
            else f"{said} The chance of more than {limit:,.6g} is {chance(self.exceedance(limit))}."
        )

    def exceedance(self, x: float) -> float:
        """Return the share of draws strictly above `x`."""
        return float(np.mean(self.draws > read_number(x, "x")))

    def __repr__(self) -> str:
        lower, upper = self.interval()
        return f"Quantity({self.name!r}, median {self.median:.6g}, 90% interval {lower:.6g}..{upper:.6g})"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.quantile(POINTS).to_frame().T, float_format="{:.6g}".format)
