r"""A level that follows the counts: exponentially weighted, with shrunken seasons and a full posterior.

.. math:: y_t \sim F(\ell_t f_t, \alpha),\qquad \log f_t = o_t + x_t'\beta,

where x holds the harmonics of the year and any effects, o the log exposure, and the level moves by the recursion of
`forecasting.kernels.level`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from forecasting.constraints import Observed, told_months
from forecasting.distributions import Contaminated, Distribution
from forecasting.errors import InvalidInput
from forecasting.models.augmented import FollowingModel
from forecasting.models.known import read_centred, read_data
from forecasting.models.level.density import LevelDensity
from forecasting.parameters import Priors, read_priors
from forecasting.reading.arguments import read_flag, read_share, read_whole
from forecasting.terms import Intercept, Seasonal, Term, Terms, Trend

_YEAR, _HARMONICS = 12, 6


@dataclass(frozen=True)
class DynamicLevel(FollowingModel):
    r"""Count model whose level is an exponentially weighted average of the counts, adjusted for season and effects.

    Parameters
    ----------
    seasonal : int, optional
        Number of harmonics of the year, 0 to 6.  Left out: all six from two years of data on, two from thirteen months on,
        none before.  They are shrunk one by one by a heavy-tailed prior, so that those the data do not need vanish.
    trend : bool
        Whether the level grows by a factor a month, which fades in the forecast.
    reversion : bool
        Whether the level is drawn back to an anchor, so that bursts fade.
    terms : Term or Terms, optional
        Effects, covariates and exposure; the level itself is their intercept.
    distribution : Distribution
        Of a count given its mean; by default negative binomial with one outlier in a hundred months.  Any but a hurdle.
    priors : Priors
        Scales of the priors; the over-dispersion of monthly surprises has a wider one than that of a regression.
    feedback : float
        Share of the gain with which *simulated* counts move the level, from 0 to 1.  The gain follows real changes of the
        past, but a simulated surprise is noise: with the whole gain the intervals of later months come out too wide where
        the level hardly moves.  Where it wanders, totals over many months need the whole gain, 1.0.
    damping : float or (float, float)
        Share of the growth that is left after each further month of the forecast, from 0 to 1.  A pair is its range, where
        nobody knows how long growth will last: each path has a share of its own, most of them near the upper end.

    References
    ----------
    Harvey, Fernandes (1989), JBES 7, 407-417 (exponentially weighted counts); Gardner, McKenzie (1985), Management Science
    31, 1237-1246 (damped trend); Hyndman et al. (2008), Forecasting with Exponential Smoothing, ch. 16.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> series = fc.CountSeries(pd.period_range("2023-01", periods=8, freq="M"), [12, 9, 14, 11, 8, 13, 30, 27])
    >>> forecast = fc.DynamicLevel().forecast(series, horizon=2, rng=np.random.default_rng(1))
    >>> bool(forecast.expected.between(14, 26).all())
    True
    """

    seasonal: int | None = None
    trend: bool = False
    reversion: bool = False
    terms: Term | Terms | None = None
    distribution: Distribution = field(default_factory=Contaminated)
    priors: Priors = field(default_factory=lambda: Priors(dispersion=0.7))
    feedback: float = 0.5
    damping: float | tuple[float, float] = 0.9

    def __post_init__(self) -> None:
        if self.seasonal is not None:
            read_whole(self.seasonal, "the number of harmonics, seasonal", 0, _HARMONICS)
        for name in ("trend", "reversion"):
            read_flag(getattr(self, name), name)
        object.__setattr__(self, "priors", read_priors(self.priors))
        read_share(self.feedback, "feedback")
        self._read_damping()
        read_centred(self.distribution, "a dynamic level")
        if self.terms is None:
            return
        if not isinstance(self.terms, Term | Terms):
            raise InvalidInput(f"terms={self.terms!r} must be terms, for example Step('2023-09')")
        for term in Terms.of(self.terms).terms:
            if isinstance(term, Intercept | Trend | Seasonal):
                name = type(term).__name__
                raise InvalidInput(f"a dynamic level has its own {name.lower()}; leave {name}() out of the terms")

    def _read_damping(self) -> None:
        shares = self.damping if isinstance(self.damping, tuple) else (self.damping, self.damping)
        for share in shares:
            read_share(share, "damping")
        if len(shares) != 2 or shares[0] > shares[1]:
            raise InvalidInput(f"damping={self.damping!r} must be a share, or a pair of them, the lower one first")

    def terms_for(self, data: Observed) -> Terms:
        """Return harmonics and effects for these data.

        Raises
        ------
        InvalidInput
            If harmonics are asked for and the data are shorter than a year.
        """
        size = len(told_months(data))
        if self.seasonal and size < _YEAR:
            raise InvalidInput(
                f"{data.name}: {size} months cannot show a season; leave `seasonal` out, or use a year of data or more"
            )
        automatic = _HARMONICS if size >= 2 * _YEAR else 2 if size > _YEAR else 0
        harmonics = automatic if self.seasonal is None else self.seasonal
        season: tuple[Term, ...] = (Seasonal(harmonics),) if harmonics else ()
        return Terms((*season, *(() if self.terms is None else Terms.of(self.terms).terms)))

    def effects_on(self, data: Observed) -> Terms:
        """Return harmonics and effects for these data."""
        return self.terms_for(data)

    def density(self, data: Observed) -> LevelDensity:
        """Return the log likelihood and log prior for `data`."""
        return LevelDensity(self, read_data(data))
