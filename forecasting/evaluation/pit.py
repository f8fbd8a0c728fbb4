r"""Probability integral transforms of counts without randomisation, and marginal calibration.

A count has no single transform: with the forecast distribution F it could be anywhere between :math:`F(y-1)` and
:math:`F(y)`.  The non-randomised transform spreads it evenly over that interval (Czado, Gneiting and Held 2009, Biometrics
65, sec. 2.1); over many months of calibrated forecasts the spread-out mass is uniform.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.display import Drawable, as_html
from forecasting.errors import InvalidInput
from forecasting.evaluation.observed import Truth, read_observed, read_outcomes, read_pairs, scored
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.frozen import Frozen
from forecasting.predictive import Predictive
from forecasting.predictive.arrays import beside
from forecasting.reading.arguments import read_whole

Pair = tuple[Truth, Predictive]
"""Observed counts and the forecast of the same months."""

_MOST_COUNTS = 60


@dataclass(frozen=True, eq=False)
class PIT(Drawable, Frozen):
    """Intervals of the probability integral transform, one for each observed month.

    Attributes
    ----------
    lower, upper : float64[N]
        P(Y < y) and P(Y <= y) under the forecast; read-only, months without truth left out.
    unit : str
        What the N transforms are of, as pictures name it.

    Raises
    ------
    InvalidInput
        If the shapes differ, or an interval is not within 0 and 1.

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.evaluation.PIT([0.0, 0.5], [0.5, 1.0]).histogram(bins=4).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    lower: FloatArray
    upper: FloatArray
    unit: str = "months"

    def __post_init__(self) -> None:
        lower, upper = np.array(self.lower, dtype=float), np.array(self.upper, dtype=float)
        if lower.shape != upper.shape or lower.ndim != 1:
            raise InvalidInput(
                f"lower and upper ends have shapes {lower.shape} and {upper.shape}; give two equal vectors"
            )
        known = ~(np.isnan(lower) | np.isnan(upper))
        lower, upper = lower[known], upper[known]
        if not np.all((lower >= 0) & (lower <= upper) & (upper <= 1 + 1e-9)):
            raise InvalidInput("a transform lies outside 0..1 or its ends are reversed")
        for name, value in (("lower", lower), ("upper", np.minimum(upper, 1.0))):
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, observed: Truth, forecast: Predictive) -> PIT:
        """Return the intervals of the months of one forecast that have a count."""
        ends = pit_ends(observed, forecast)
        return cls(ends[:, 0], ends[:, 1])

    @property
    def n(self) -> int:
        """Number of months."""
        return len(self.lower)

    def cdf(self, u: ArrayLike) -> FloatArray:
        """Return the share of the spread-out transforms at or below each u (Czado et al. 2009): u where calibrated."""
        at = np.asarray(u, dtype=float)
        return np.asarray(share_below(self.lower, self.upper, at).mean(axis=0))

    def histogram(self, bins: int = 10) -> FloatArray:
        """Return the density in equal bins: 1 everywhere where forecasts are calibrated, U where they are too narrow."""
        if not self.n:
            raise InvalidInput("no month has both a count and a forecast; there is nothing to draw")
        number = read_whole(bins, "bins", most=10_000)
        return np.asarray(np.diff(self.cdf(np.linspace(0.0, 1.0, number + 1))) * number)

    def in_words(self) -> str:
        """Return how much of the counts central intervals hold, as a sentence; as in `coverage_figure`, ends count in part.

        Examples
        --------
        >>> import forecasting as fc
        >>> print(fc.evaluation.PIT([0.0, 0.5], [0.5, 1.0]).in_words())
        Central intervals of 50%, 80% and 95% hold 50%, 80% and 95% of 2 months.
        """
        if not self.n:
            return f"No {self.unit} have both a count and a forecast."
        levels = np.array([0.5, 0.8, 0.95])
        held = self.cdf(0.5 + levels / 2.0) - self.cdf(0.5 - levels / 2.0)
        wanted, found = ("{:.0%}, {:.0%} and {:.0%}".format(*shares) for shares in (levels, held))
        return f"Central intervals of {wanted} hold {found} of {self.n:,} {self.unit}."

    def _repr_html_(self) -> str:
        edges = np.linspace(0.0, 1.0, 11)
        density = self.histogram() if self.n else np.full(10, np.nan)
        table = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "density": density})
        return as_html(
            f"<PIT of {self.n} months; 1 everywhere if calibrated>", table, index=False, float_format="{:.2g}".format
        )


def share_below(lower: FloatArray, upper: FloatArray, u: FloatArray) -> FloatArray:
    """Return the part of each interval below each u, ``[..., J]`` for intervals ``[...]`` and u ``[J]``."""
    width = (upper - lower)[..., None]
    inside = np.clip((u - lower[..., None]) / np.where(width > 0, width, 1.0), 0.0, 1.0)
    return np.where(width > 0, inside, (u >= upper[..., None]).astype(float))


def pit_ends(observed: Truth, forecast: Predictive) -> FloatArray:
    """Return P(Y < y) and P(Y <= y) of each month ``[H, 2]``, NaN where there is no count.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.pit_ends([4, 9], forecast).round(2)
    array([[0.43, 0.63],
           [0.98, 0.99]])
    """
    counts, where = scored(observed, forecast)
    result = np.full((len(counts), 2), np.nan)
    for h in where:
        month, y = forecast.months[h], float(counts[h])
        result[h] = forecast.cdf(month, y - 1.0), forecast.cdf(month, y)
    return result


def marginal_calibration(pairs: Sequence[Pair], counts: ArrayLike | None = None) -> pd.DataFrame:
    """Compare the average forecast distribution with the distribution of what came.

    Parameters
    ----------
    pairs : sequence of (observed, Predictive)
        Observed counts ``[H]``, NaN where there is none, and the forecast of the same months.
    counts : array_like, optional
        Counts at which to compare; by default up to 60 that span the observed ones.

    Returns
    -------
    pandas.DataFrame
        Indexed by count y: ``forecast``, the mean of P(Y <= y) over all months with truth; ``observed``, the share of them
        at or below y; ``difference``, the first minus the second, near 0 where forecasts are calibrated on the whole.

    References
    ----------
    Gneiting, Balabdaoui and Raftery (2007), J. R. Stat. Soc. B 69, sec. 3.3; Czado, Gneiting and Held (2009), sec. 2.2.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> fc.evaluation.marginal_calibration([([4, 9], forecast)], counts=[4, 8]).round(2)
       forecast  observed  difference
    y
    4      0.63       0.5        0.13
    8      0.98       0.5        0.48
    """
    given = read_pairs(pairs)
    seen = np.concatenate([np.empty(0), *(read_observed(observed, forecast) for observed, forecast in given)])
    seen = seen[~np.isnan(seen)]
    if not seen.size:
        raise InvalidInput("no month has both a count and a forecast; there is nothing to compare")
    at = _spanning(seen) if counts is None else np.atleast_1d(read_outcomes(counts))
    if at.ndim != 1 or np.isnan(at).any():
        raise InvalidInput("counts must be a list of counts, none of them missing")
    total = np.zeros(len(at))
    for forecast, known in _known(given):
        shape = [np.broadcast_to(values, forecast.mean.shape)[:, known, None] for values in beside(forecast.shape)]
        total += forecast.distribution.cdf(at, forecast.mean[:, known, None], *shape).mean(axis=0).sum(axis=0)
    average = total / len(seen)
    share = (seen[:, None] <= at).mean(axis=0)
    index = pd.Index(at.astype(np.int64), name="y")
    return pd.DataFrame({"forecast": average, "observed": share, "difference": average - share}, index=index)


def _known(pairs: Sequence[Pair]) -> Iterator[tuple[Predictive, IntArray]]:
    for observed, forecast in pairs:
        yield forecast, np.flatnonzero(~np.isnan(read_observed(observed, forecast)))


def _spanning(seen: FloatArray) -> FloatArray:
    last = seen.max() + 1.0
    if last < _MOST_COUNTS:
        return np.arange(last + 1.0)
    return np.unique(np.rint(np.quantile(seen, np.linspace(0.0, 1.0, _MOST_COUNTS))))
