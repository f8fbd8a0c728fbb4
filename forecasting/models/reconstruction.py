"""What the unpublished months were: their posterior given every fact."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.display import Drawable, as_html
from forecasting.errors import InvalidInput, InvalidWindow
from forecasting.kernels.counts import IntArray
from forecasting.kernels.frozen import Frozen
from forecasting.models.results import Posterior
from forecasting.months import MonthLike, to_month
from forecasting.predictive import Quantity
from forecasting.predictive.levels import POINT_NAMES, POINTS, central, read_levels
from forecasting.randomness import Rng


@dataclass(frozen=True, eq=False)
class Reconstruction(Drawable, Frozen):
    """Posterior draws of the months of the data; every draw satisfies every fact.

    Attributes
    ----------
    months : pandas.PeriodIndex
        The T months.
    paths : int64[S, T]
        Draws, read-only; exact months are constant.
    name : str
        Name of the series.
    """

    months: pd.PeriodIndex
    paths: IntArray
    name: str

    def __post_init__(self) -> None:
        self.paths.flags.writeable = False

    def quantile(self, levels: ArrayLike) -> pd.DataFrame:
        """Return quantiles, one row per month and one column per level."""
        wanted = read_levels(levels)
        values = np.quantile(self.paths, wanted, axis=0, method="inverted_cdf").T
        return pd.DataFrame(values.astype(np.int64), index=self.months, columns=wanted)

    def interval(self, level: float = 0.9) -> pd.DataFrame:
        """Return central intervals, a row a month, columns lower and upper."""
        table = self.quantile(central(level))
        return table.set_axis(["lower", "upper"], axis=1)

    def total(self, start: MonthLike, end: MonthLike) -> Quantity:
        """Return the posterior of the sum over a window of the data."""
        first, last = to_month(start), to_month(end)
        if not self.months[0] <= first <= last <= self.months[-1]:
            raise InvalidWindow(
                f"the window {first}..{last} must lie in {self.months[0]}..{self.months[-1]} and not be reversed"
            )
        inside = np.asarray((self.months >= first) & (self.months <= last))
        return Quantity(f"{first}..{last}", self.paths[:, inside].sum(axis=1).astype(float))

    def to_frame(self) -> pd.DataFrame:
        """Return mean, median and 50% and 90% intervals, a row a month."""
        table = self.quantile(POINTS).set_axis(POINT_NAMES, axis=1)
        table.insert(0, "mean", self.paths.mean(axis=0))
        return table

    def in_words(self, level: float = 0.9) -> str:
        """Return what each month that is not known exactly was, as a sentence.

        Examples
        --------
        >>> import pandas as pd
        >>> from forecasting.models import Reconstruction
        >>> months = pd.period_range("2023-08", periods=2, freq="M")
        >>> print(Reconstruction(months, np.array([[120, 184], [131, 184], [140, 184]]), "y").in_words())
        y: 120 to 140 in August 2023, each with a probability of 90%; 1 of 2 months known exactly.
        """
        limits, known = self.interval(level), self.paths.min(axis=0) == self.paths.max(axis=0)
        said = [
            f"{lower:,} to {upper:,} in {month.strftime('%B %Y')}"
            for month, lower, upper in limits[~known].itertuples(name=None)
        ]
        counted = f"{int(known.sum())} of {known.size} months known exactly"
        if not said:
            return f"{self.name}: {counted}."
        return f"{self.name}: {', '.join(said)}, each with a probability of {level:.0%}; {counted}."

    def __repr__(self) -> str:
        return f"<Reconstruction of {self.name}: {self.months[0]}..{self.months[-1]}, {len(self.paths)} draws>"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame(), float_format="{:.1f}".format)


def reconstruct(posterior: Posterior, *, rng: Rng) -> Reconstruction:
    r"""Draw every month of the data given the parameters and everything known, from :math:`p(y\mid\theta, y\in R)`.

    Parameters
    ----------
    posterior : Posterior
        Of a regression, a local level, or a model that follows the counts.
    rng : numpy.random.Generator or int
        Generator or seed; required.

    Returns
    -------
    Reconstruction
        One draw of all months for each draw of the parameters.

    Raises
    ------
    InvalidInput
        If `posterior` is none: a fit is one point, and its months would look too certain.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> rng = np.random.default_rng(1)
    >>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    >>> posterior = fc.CountRegression(fc.Intercept() + fc.Trend()).posterior(evidence, rng=rng)
    >>> months = fc.reconstruct(posterior, rng=rng)
    >>> months.total("2023-06", "2023-08").interval(0.9)  # printed, so every draw has it
    (305.0, 305.0)
    >>> months.interval(0.9).loc["2023-07":"2023-09"].round(-1)
             lower  upper
    2023-07     80    160
    2023-08     90    170
    2023-09    180    180
    """
    if not isinstance(posterior, Posterior):
        raise InvalidInput(
            f"months are drawn from the posterior of a model, not from {type(posterior).__name__}; "
            "make one with model.posterior(data, rng=rng)"
        )
    return Reconstruction(posterior.months, posterior.draw_months(rng=rng), posterior.name)
