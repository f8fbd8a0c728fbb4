r"""Facts in models that follow the counts: the months that are known in part are drawn, many times over, and summed out.

Given all months such a model has a likelihood :math:`p(y\mid\theta)`; given facts it has a sum over all month vectors that the
facts allow.  K vectors drawn once, each from the months of a local level given the facts, estimate the sum for every
:math:`\theta`:

.. math:: \hat L(\theta)=\frac1K\sum_k\frac{p(y_k\mid\theta)}{q(y_k)},\qquad
    q(y)=\frac1J\sum_j\frac{p(y\mid\lambda_j)}{P(R\mid\lambda_j)},

where :math:`\lambda_j` are the draws of the pilot.  The vectors are the same for all :math:`\theta`, so that the estimate is a
smooth function of it (Geyer, Thompson 1992, JRSS B 54, 657-699) and inference runs as if it were the likelihood.  A month of
which nothing is known stays missing, and is treated as the model treats missing months.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property, partial
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from forecasting.constraints import Observed
from forecasting.distributions import NegativeBinomial
from forecasting.errors import InvalidInput, SamplingError
from forecasting.inference.sampling import Diagnostics, Sample, sample_posterior
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood import FactLikelihood
from forecasting.models.base import BayesianModel
from forecasting.models.density import ModelDensity, Simulated
from forecasting.models.following import FollowingDensity
from forecasting.models.known import history_of, partly_known, read_data
from forecasting.models.local_level import LocalLevel
from forecasting.models.results import Posterior
from forecasting.predictive import History
from forecasting.randomness import Rng, named_streams, require_rng
from forecasting.series import CountSeries
from forecasting.terms import Intercept, Seasonal, Terms, Trend

VECTORS = 400
"""Month vectors K that are drawn, one for each draw of the pilot."""

FEWEST_EFFECTIVE = 20
"""Effective month vectors below which there is no posterior."""

_SEED = 20231205  # of the months behind scenarios: they are compared draw by draw
_BLOCK = 400_000  # months evaluated in one go


@dataclass(frozen=True, eq=False)
class MonthVectors:
    """U different vectors of all months that satisfy every fact.

    Attributes
    ----------
    counts : int64[U, T]
        The vectors; 0 in months of which nothing is known.
    repeats : float64[U]
        How often each was drawn.
    log_density : float64[U]
        Log of the probability with which each is drawn.
    """

    counts: IntArray
    repeats: FloatArray
    log_density: FloatArray

    @property
    def log_weights(self) -> FloatArray:
        """Log of what multiplies the probability of each vector in the estimate of the likelihood, ``[U]``."""
        return np.asarray(np.log(self.repeats / self.repeats.sum()) - self.log_density)

    @property
    def central(self) -> IntArray:
        """The vector nearest to the mean of all, ``[T]``."""
        mean = self.repeats @ self.counts / self.repeats.sum()
        return np.asarray(self.counts[np.abs(self.counts - mean).sum(axis=1).argmin()])


def draw_vectors(data: Observed, terms: Terms, *, rng: np.random.Generator) -> MonthVectors:
    """Draw month vectors from a local level given everything known, with the season and the effects of `terms`."""
    level, known = pilot(terms), data.constraints
    density = level.density(data)
    drawn = level._drawn(data, density, VECTORS, rng)
    facts, log_mean, shape = FactLikelihood(known), drawn.log_mean(data.months), drawn.shape
    facts.anchor(log_mean, shape, level.distribution)
    counts = facts.sample(log_mean, shape, level.distribution, rng=rng)
    partly, exact = partly_known(data), known.exact
    counts[:, ~partly & ~exact] = 0
    counts, repeats = np.unique(counts, axis=0, return_counts=True)
    log_region = facts.log_likelihood(log_mean, shape, level.distribution) - level.distribution.log_likelihood(
        known.lower[exact], log_mean[:, exact], *shape
    )
    means = log_mean[:, partly]
    log_density = [
        logsumexp(level.distribution.log_likelihood(vector[partly], means, *shape) - log_region) for vector in counts
    ]
    return MonthVectors(counts, repeats.astype(float), np.array(log_density) - np.log(len(means)))


def pilot(terms: Terms) -> LocalLevel:
    """Return the local level with the season and the effects among `terms`."""
    harmonics = max((term.harmonics for term in terms.terms if isinstance(term, Seasonal)), default=None)
    effects = tuple(term for term in terms.terms if not isinstance(term, Intercept | Trend | Seasonal))
    return LocalLevel(harmonics, terms=Terms(effects) if effects else None, distribution=NegativeBinomial())


class AugmentedDensity:
    """Simulated log likelihood and log prior of a model given facts; see `forecasting.models.density.ModelDensity`."""

    costly = True

    def __init__(self, data: Observed, vectors: MonthVectors, base: FollowingDensity) -> None:
        self.data, self.vectors, self.base = data, vectors, base
        self.label, self.names, self.log_rates = base.label, base.names, base.log_rates
        self.distribution, self.priors = base.distribution, base.priors
        self.start, self.scale, self.folded = base.start, base.scale, base.folded

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters ``[S, p]``."""
        return self.base.natural(work)

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density ``[S]``."""
        return self.base.log_prior(work)

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        r"""Return the log of :math:`K^{-1}\sum_k p(y_k\mid\theta)/q(y_k)` ``[S]``, for everything known."""
        return np.asarray(logsumexp(self.log_joint(work), axis=0))

    @property
    def pieces(self) -> tuple[str, ...]:
        """Everything known, in one piece: what simulation sums over does not fall into more."""
        return (f"{self.data.months[0]}..{self.data.months[-1]}",)

    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S, 1]`` of everything known."""
        return self.log_likelihood(work)[:, None]

    def log_joint(self, work: FloatArray) -> FloatArray:
        """Return the log of what each month vector adds to the likelihood, ``[U, S]``."""
        vectors, size = self.vectors.counts, max(_BLOCK // (len(work) * self.vectors.counts.shape[1]), 1)
        parts = []
        for first in range(0, len(vectors), size):
            block = vectors[first : first + size]
            base = self.base.with_counts(np.repeat(block, len(work), axis=0))
            parts.append(base.log_likelihood(np.tile(work, (len(block), 1))).reshape(len(block), -1))
        joint = np.concatenate(parts) + self.vectors.log_weights[:, None]
        return np.where(np.isnan(joint), -np.inf, joint)

    def effective(self, work: FloatArray) -> FloatArray:
        """Return the effective number of month vectors ``[S]``."""
        shares = _shares(self.log_joint(work))
        return np.asarray(1.0 / (np.square(shares) / self.vectors.repeats[:, None]).sum(axis=0))

    def months(self, work: FloatArray, *, rng: np.random.Generator) -> IntArray:
        """Return one vector of all months ``[S, T]`` for each draw; a month of which nothing is known follows its mean."""
        upto = np.cumsum(_shares(self.log_joint(work)), axis=0)
        chosen = np.minimum((upto < rng.random(len(work))).sum(axis=0), len(upto) - 1)
        free = ~self.data.constraints.exact & ~partly_known(self.data)
        return self.base.filled(self.vectors.counts[chosen], free, work, rng)

    def shape(self, work: FloatArray) -> list[FloatArray]:
        """Return one array ``[S]`` per shape parameter."""
        return self.base.shape(work)

    def simulate(self, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator) -> Simulated:
        """Return paths of the months after the data, their means and the shape, after a drawn vector of months."""
        return self.after(self.months(work, rng=rng), work, months, rng=rng)

    def after(
        self, counts: IntArray, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator
    ) -> Simulated:
        """Return paths, means and the shape, that go on from the months `counts` ``[S, T]`` of the data."""
        return self.base.with_counts(counts).simulate(work, months, rng=rng)

    def completed(self, work: FloatArray) -> FollowingDensity:
        """Return the density given one vector of months for each draw, the same ones in every call."""
        return self.base.with_counts(self.months(work, rng=require_rng(_SEED)))

    def recurring(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        """Return season, covariates and exposure of the log mean of any months, ``[S, H]``."""
        return self.base.recurring(work, months)

    def components(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return level and recurring part of the log mean of months of the data, each ``[S, H]``."""
        return self.completed(work).components(work, months)

    def continued(self, work: FloatArray, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the means ``[S, H]`` of the months after the data, whose counts come from uniforms ``[S, H]``."""
        return self.completed(work).continued(work, months, uniforms)


def _shares(log_joint: FloatArray) -> FloatArray:
    """Return the share ``[U, S]`` of each month vector in the likelihood."""
    return np.asarray(np.exp(log_joint - logsumexp(log_joint, axis=0)))


def _digest(data: Observed) -> str:
    """Return a name of everything known, the same for the same facts alone."""
    known = data.constraints
    rows = [(row.positions, row.coefs, row.low, row.high) for row in known.linear]
    return blake2b(
        repr((str(known.months[0]), known.lower.tolist(), known.upper.tolist(), rows)).encode(), digest_size=16
    ).hexdigest()


@dataclass(frozen=True, eq=False, repr=False)
class AugmentedPosterior(Posterior):
    """Equally weighted posterior draws of a model that follows counts known in part.

    Attributes
    ----------
    density : AugmentedDensity
        The simulated log likelihood, the log prior, and the way to future months.
    """

    density: AugmentedDensity

    @property
    def quality(self) -> Diagnostics:
        """Number of draws, k-hat, effective number and method, and the effective number of month vectors."""
        return replace(self.sample.quality, months_effective=self.months_effective)

    @cached_property
    def months_effective(self) -> float:
        """Effective number of the month vectors behind the likelihood: the median over the draws."""
        return float(np.median(self.density.effective(self.sample.work)))

    def _state(self) -> dict[str, Any]:
        kept = {name: values.tolist() for name, values in vars(self.density.vectors).items()}
        return {"vectors": kept, "facts": _digest(self.data)}

    def _future(self, months: pd.PeriodIndex, rng: np.random.Generator) -> tuple[Simulated, History]:
        """Return paths, means and shape, and the months before them: each path goes on from its own."""
        seed = int(rng.integers(2**63))
        found = self.density.after(self.draw_months(rng=seed), self.sample.work, months, rng=rng)
        return found, replace(history_of(self.data), draw=partial(self.draw_months, rng=seed))


class FollowingModel(BayesianModel):
    """A model that follows the counts, and takes facts by summing out the months that they leave open."""

    @abstractmethod
    def density(self, data: Observed) -> FollowingDensity:
        """Return the log likelihood and log prior for `data`, each month of which is known or missing."""

    @abstractmethod
    def effects_on(self, data: Observed) -> Terms:
        """Return the season and the effects for `data`."""

    def posterior(self, data: Observed, *, draws: int | None = None, rng: Rng) -> Posterior:
        """Draw from the posterior; arguments, warnings and errors as for every model.

        Where only a total, an order or a range is known of some months, the likelihood is the sum over what they may have
        been, estimated from month vectors drawn beforehand; the posterior is then an `AugmentedPosterior`.

        Raises
        ------
        SamplingError
            If no sampler reached an acceptable sample, or too few month vectors carry the likelihood.
        """
        known, generator = read_data(data), require_rng(rng)
        if not partly_known(known).any():
            return self._posterior(data, self.density(known), draws, generator)
        vectors = draw_vectors(known, self.effects_on(known), rng=named_streams(generator)("months"))
        return self._posterior(data, self._augmented(known, vectors), draws, generator)

    def _augmented(self, data: Observed, vectors: MonthVectors) -> AugmentedDensity:
        missing = ~data.constraints.exact & ~partly_known(data)
        completed = CountSeries(data.months, vectors.central, missing, data.name)
        return AugmentedDensity(data, vectors, self.density(completed))

    def _stored_density(self, data: Observed, state: dict[str, Any]) -> ModelDensity:
        if not partly_known(data).any():
            return super()._stored_density(data, state)
        if state.get("facts") != _digest(data):
            raise InvalidInput(
                f"the stored draws are not of this model given these facts about {data.name}; give that model and its own data"
            )
        return self._augmented(data, MonthVectors(**{name: np.array(kept) for name, kept in state["vectors"].items()}))

    def _restored(self, data: Observed, density: ModelDensity, sample: Sample, state: dict[str, Any]) -> Posterior:
        if not isinstance(density, AugmentedDensity):
            return super()._restored(data, density, sample, state)
        return AugmentedPosterior(data, density, sample)

    def _drawn(self, data: Observed, density: ModelDensity, draws: int, rng: np.random.Generator) -> Posterior:
        if not isinstance(density, AugmentedDensity):
            return super()._drawn(data, density, draws, rng)
        posterior = AugmentedPosterior(data, density, sample_posterior(density, draws, rng=rng))
        if posterior.months_effective < FEWEST_EFFECTIVE:
            raise SamplingError(
                f"{data.name}: of {VECTORS} vectors of the {partly_known(data).sum()} months known in part, only "
                f"{posterior.months_effective:.1f} are effective under {density.label}, and {FEWEST_EFFECTIVE} are needed: the "
                "facts leave too much open. Use LocalLevel or CountRegression, which need no such draws, or a window in which "
                "fewer months are known in part"
            )
        return posterior
