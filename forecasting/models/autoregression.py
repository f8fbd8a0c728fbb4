r"""Autoregression of monthly counts (INGARCH): the mean feeds on past counts and past means.

.. math::
    \text{identity:}\quad \mu_t = \beta_0 + \sum_k\beta_k y_{t-i_k} + \sum_l\alpha_l\mu_{t-j_l} + \eta'x_t

    \text{log:}\quad \nu_t = \beta_0 + \sum_k\beta_k\log(y_{t-i_k}+1) + \sum_l\alpha_l\nu_{t-j_l} + \eta'x_t,
    \qquad \mu_t = e^{\nu_t}

With an exposure, both hold for counts and means per unit of exposure.  A missing month stands in the recursion with its own
mean, as if it had come out as expected, and adds nothing to the likelihood: exact for the means under the identity link,
where they are linear in the counts; the spread that the unknown count would have added to later months is left out.
"""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field

from forecasting.constraints import Observed
from forecasting.distributions import Distribution, NegativeBinomial
from forecasting.errors import InvalidInput
from forecasting.kernels.ingarch import PRESAMPLES
from forecasting.models.augmented import FollowingModel
from forecasting.models.fit import Fit
from forecasting.models.ingarch_density import IngarchDensity
from forecasting.models.ingarch_likelihood import IngarchLikelihood
from forecasting.models.known import read_centred, read_data
from forecasting.models.likelihood import LikelihoodModel
from forecasting.parameters import Priors, read_priors
from forecasting.reading import Unreadable, entries
from forecasting.reading.arguments import read_choice, read_flag, read_whole
from forecasting.terms import Intercept, Term, Terms

_LINKS = ("log", "identity")
_LONGEST_LAG = 120


@dataclass(frozen=True)
class Autoregression(FollowingModel, LikelihoodModel):
    r"""Counts whose mean depends on past counts and past means.

    Parameters
    ----------
    past_counts, past_means : tuple of int
        Lags :math:`i_k` and :math:`j_l` in months; either may be empty.
    link : {"log", "identity"}
        Log: any terms, negative dependence, effects that multiply.  Identity: effects that add; all coefficients and
        columns of terms at least 0.
    terms : Term or Terms, optional
        Trend, season, covariates, events, exposure; the intercept is always there.
    distribution : Distribution
        Of a month given the months before it; negative binomial unless said otherwise.  Any but a hurdle.
    presample : {"first_year", "marginal", "iid", "firstobs", "zero"}
        What counts (transformed by the link) and predictors were before the first month.  ``first_year``: the mean of the
        first twelve observed months; it is the default because it does not move with the parameters, knows the level at which
        a series with trend or regressors begins, and does not hang on one month.  ``marginal``: the stationary value
        :math:`\beta_0/(1-\sum\beta-\sum\alpha)` without regressors.  ``iid``: :math:`\beta_0`.  ``firstobs``: the first
        count.  ``zero``: 0.  The last four are those of the R package tscount.
    external : bool
        Whether terms act in their own month only, instead of running on through past means (they always do through past
        counts).
    priors : Priors
        Scales of the priors of `posterior`; `fit` uses none.

    Notes
    -----
    Estimates stay where Liboschik, Fokianos and Fried (2017, sec. 2) put the region of stationarity.  Identity link: all
    coefficients at least 0 and the coefficients of the past sum to less than 1.  Log link: each of them, and their sum,
    between -1 and 1.  With different lags that does not yet rule out an explosion (0.9 of the month before less 0.9 of the
    year before grows by a tenth a month): a forecast that passes a mean of 10^15 is an error that says in how many draws.

    References
    ----------
    Fokianos, Rahbek, Tjostheim (2009), Poisson autoregression, JASA 104, 1430-1439.
    Fokianos, Tjostheim (2011), Log-linear Poisson autoregression, J. Multivariate Analysis 102, 563-578.
    Liboschik, Fokianos, Fried (2017), tscount, J. Statistical Software 82(5).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2021-01", periods=24, freq="M")
    >>> counts = np.random.default_rng(1).poisson(np.linspace(5, 20, 24))
    >>> fit = fc.Autoregression(past_counts=(1,), past_means=()).fit(fc.CountSeries(months, counts))
    >>> fit.converged
    True
    """

    past_counts: tuple[int, ...] = (1, 12)
    past_means: tuple[int, ...] = (1,)
    link: str = "log"
    terms: Terms | Term | None = None
    distribution: Distribution = field(default_factory=NegativeBinomial)
    presample: str = "first_year"
    external: bool = False
    priors: Priors = field(default_factory=Priors)
    regressors: InitVar[object] = None

    def __post_init__(self, regressors: object) -> None:
        if regressors is not None:
            raise InvalidInput("regressors=... is called terms=... now, as in every model")
        object.__setattr__(self, "past_counts", _read_lags(self.past_counts, "past_counts"))
        object.__setattr__(self, "past_means", _read_lags(self.past_means, "past_means"))
        for name, value, known in (("link", self.link, _LINKS), ("presample", self.presample, PRESAMPLES)):
            read_choice(value, name, known)
        read_flag(self.external, "external")
        object.__setattr__(self, "priors", read_priors(self.priors))
        if self.terms is not None and not isinstance(self.terms, Term | Terms):
            raise InvalidInput(f"terms={self.terms!r} must be terms, for example Trend() + Step('2023-09')")
        object.__setattr__(self, "terms", Terms.of(self.terms))
        read_centred(self.distribution, "an autoregression")
        if any(isinstance(term, Intercept) for term in self.effects.terms):
            raise InvalidInput("an autoregression has its intercept already; leave Intercept() out of the terms")

    @property
    def effects(self) -> Terms:
        """The terms, as their sum."""
        return Terms.of(self.terms)

    def likelihood(self, data: Observed) -> IngarchLikelihood:
        """Return the log likelihood for `data` in natural coordinates."""
        return IngarchLikelihood(self, read_data(data))

    def effects_on(self, data: Observed) -> Terms:
        """Return the terms."""
        return self.effects

    def density(self, data: Observed) -> IngarchDensity:
        """Return the log likelihood and log prior for `data`."""
        return IngarchDensity(self.likelihood(data), self.priors)

    def fit(self, data: Observed, *, information: str = "observed") -> Fit:
        """Maximise the likelihood of all parameters, the over-dispersion included.

        Parameters
        ----------
        data : CountSeries
            Months exactly known or missing.
        information : {"observed", "expected"}
            Which information matrix gives the standard errors.

        Raises
        ------
        InvalidInput
            If the data hold totals or ranges, are constant, or are shorter than the longest lag.
        NotIdentified
            If the data cannot tell some coefficients apart; names them.
        """
        return super().fit(data, information=information)

    @property
    def multiplies(self) -> bool:
        """Whether an effect multiplies the mean: under the log link."""
        return self.link == "log"


def _read_lags(lags: object, name: str) -> tuple[int, ...]:
    wrong = f"{name}={lags!r} must be different whole numbers of months from 1 to {_LONGEST_LAG}, for example (1, 12)"
    try:
        values = [read_whole(lag, name) for lag in entries(lags)]
    except (Unreadable, InvalidInput):
        raise InvalidInput(wrong) from None
    if max(values, default=0) > _LONGEST_LAG or len(set(values)) < len(values):
        raise InvalidInput(wrong)
    return tuple(sorted(values))
