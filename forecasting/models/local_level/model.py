r"""A local level: the log of the mean is a random walk, or is drawn to an anchor, with noise of its own.

.. math:: y_t \sim F(e^{\eta_t}, \alpha),\qquad \eta_t = o_t + a_t + x_t'b,\qquad a_t = a_{t-1} + \sigma\varepsilon_t.

Given the path of the level the months are independent, so everything that can be known about a regression can be known about
this model: totals, bounds, orderings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from forecasting.constraints import Observed, told_months
from forecasting.distributions import Distribution, NegativeBinomial
from forecasting.errors import InvalidInput
from forecasting.inference.sampling import Sample
from forecasting.models.base import BayesianModel, Model, Prepared
from forecasting.models.density import ModelDensity
from forecasting.models.known import read_data, read_distribution
from forecasting.models.local_level.density import LocalLevelDensity
from forecasting.models.local_level.posterior import LocalLevelPosterior
from forecasting.models.local_level.sampler import sample_path
from forecasting.models.results import Posterior
from forecasting.parameters import Priors, read_priors
from forecasting.randomness import Rng, named_streams, require_rng
from forecasting.reading.arguments import read_flag, read_share, read_whole
from forecasting.terms import Intercept, Seasonal, Term, Terms, Trend

_YEAR, _HARMONICS = 12, 6


@dataclass(frozen=True)
class LocalLevel(BayesianModel):
    r"""Count model whose log level has Gaussian noise of its own; takes a series or any facts.

    Parameters
    ----------
    seasonal : int, optional
        Number of harmonics of the year, 0 to 6; none by default.
    growth : bool
        Whether the log level grows by a constant a month, which fades in the forecast.
    reversion : bool
        Whether the log level is drawn back to an anchor, which is sampled with everything else.
    terms : Term or Terms, optional
        Effects, covariates and exposure; the level itself is their intercept.
    distribution : Distribution
        Of a count given its mean; negative binomial by default.
    priors : Priors
        Scales of the priors.  That of the level is `level`, that of its monthly steps `noise`: half-normal, so that a level
        that never moves is possible.
    damping : float
        Share of the growth that is left after each further month of the forecast, from 0 to 1.

    Notes
    -----
    Draws of path and parameters come from normal approximations of the path, one for each draw of the parameters, and are
    weighted by the exact likelihood; see the chapter "A level with noise of its own" of the methodology.

    References
    ----------
    Durbin, Koopman (1997), Biometrika 84, 669-684 (importance sampling around a Gaussian model); Richard, Zhang (2007),
    Journal of Econometrics 141, 1385-1411 (fitting the Gaussian); Tran, Scharth, Pitt, Kohn (2014), arXiv:1309.3339
    (importance sampling with an estimated likelihood); Harvey, Fernandes (1989), JBES 7, 407-417.

    Examples
    --------
    >>> import forecasting as fc
    >>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    >>> posterior = fc.LocalLevel().posterior(evidence, rng=1)
    >>> posterior.level()["median"].round(-1).tolist()[-3:]
    [170.0, 190.0, 170.0]
    """

    seasonal: int | None = None
    growth: bool = False
    reversion: bool = False
    terms: Term | Terms | None = None
    distribution: Distribution = field(default_factory=NegativeBinomial)
    priors: Priors = field(default_factory=Priors)
    damping: float = 0.9

    def __post_init__(self) -> None:
        if self.seasonal is not None:
            read_whole(self.seasonal, "the number of harmonics, seasonal", 0, _HARMONICS)
        for name in ("growth", "reversion"):
            read_flag(getattr(self, name), name)
        object.__setattr__(self, "priors", read_priors(self.priors))
        read_share(self.damping, "damping")
        read_distribution(self.distribution)
        if self.terms is None:
            return
        if not isinstance(self.terms, Term | Terms):
            raise InvalidInput(f"terms={self.terms!r} must be terms, for example Step('2023-09')")
        instead = {Intercept: "the level itself", Trend: "growth=True", Seasonal: "seasonal=1"}
        for term in Terms.of(self.terms).terms:
            for kind, remedy in instead.items():
                if isinstance(term, kind):
                    name = kind.__name__
                    raise InvalidInput(f"a local level has its own {name}(): {remedy}; leave {name}() out of the terms")

    def terms_for(self, data: Observed) -> Terms:
        """Return season and effects for these data.

        Raises
        ------
        InvalidInput
            If a season is asked for and the data are shorter than a year.
        """
        size = len(told_months(data))
        if self.seasonal and size < _YEAR:
            raise InvalidInput(
                f"{data.name}: {size} months cannot show a season; leave `seasonal` out, or use a year of data or more"
            )
        season: tuple[Term, ...] = (Seasonal(int(self.seasonal)),) if self.seasonal else ()
        return Terms((*season, *(() if self.terms is None else Terms.of(self.terms).terms)))

    def density(self, data: Observed) -> LocalLevelDensity:
        """Return the log likelihood and log prior for `data`, over path, coefficients and parameters."""
        return LocalLevelDensity(self, read_data(data))

    def posterior(self, data: Observed, *, draws: int | None = None, rng: Rng) -> LocalLevelPosterior:
        """Draw from the posterior of the level and its parameters; arguments and errors as for every model."""
        posterior = self._posterior(data, self.density(data), draws, require_rng(rng))
        assert isinstance(posterior, LocalLevelPosterior)
        return posterior

    def _restored(self, data: Observed, density: ModelDensity, sample: Sample, state: dict[str, Any]) -> Posterior:
        assert isinstance(density, LocalLevelDensity)
        source = require_rng(0)
        source.bit_generator.state = state["source"]
        return LocalLevelPosterior(data, density, sample, source)

    def prepared(self, data: Observed, *, draws: int | None = None, rng: Rng) -> Prepared:
        """Return the model with its data: given its path a month says nothing of those before it, so each needs a new fit."""
        return Model.prepared(self, data, draws=draws, rng=rng)

    def _drawn(self, data: Observed, density: ModelDensity, draws: int, rng: np.random.Generator) -> Posterior:
        assert isinstance(density, LocalLevelDensity)
        source = named_streams(rng)("local level")
        return LocalLevelPosterior(data, density, sample_path(density.target, draws, rng=rng), source)
