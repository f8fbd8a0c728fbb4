"""Posterior draws and log evidence for the price of an optimisation: adaptive importance sampling around the mode.

A heavy-tailed proposal at the mode gives weighted draws; where they are uneven, t distributions fitted to them join the
proposal.  All draws count, weighted by the whole mixture (Cornuet, Marin, Mira, Robert 2012, AMIS).  Pareto smoothing
judges the weights; where they cannot be trusted the proposal becomes the start of an annealed sequential sampler.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from forecasting.errors import SamplingWarning
from forecasting.inference.annealing import anneal
from forecasting.inference.density import Dear, Density, Rough
from forecasting.inference.laplace import nested_laplace
from forecasting.inference.mode import Mode, certain, find_mode, inverse_root
from forecasting.inference.proposals import StudentT, mixture_log_density
from forecasting.inference.psis import KHAT_LIMIT, correction, smooth_weights
from forecasting.inference.resampling import systematic
from forecasting.inference.scoring import Scored, climb
from forecasting.kernels.counts import FloatArray

_FREEDOM = 7.0
_WIDER = 1.15  # scale of the first proposal over the normal approximation: posteriors of few months are wider
_PILOT = 400
_FEWEST = 500  # points that are evaluated however few draws are asked for: fewer cannot fit a proposal
_PRIOR_WIDTH, _HEAVY = 1.5, 4.0  # scale and degrees of freedom of the widest start of the annealed sampler
_KERNELS, _NARROWER = 40, 0.4  # number and relative width of the kernels that follow a bent ridge
_FURTHER = 2  # rounds of fitted proposals that many, mildly bent coordinates may need
_EVEN = 0.5  # share of effective draws at which one fitted proposal is enough
_ROUGHLY = 2  # draws of a rough posterior for each that is wanted
_FIRST = 100  # of them, which show whether the rough likelihood is near enough


@dataclass(frozen=True)
class Diagnostics:
    """How posterior draws were got, and how well.

    Attributes
    ----------
    draws : int
        Number of draws S.
    khat : float
        Pareto shape of the importance weights; below 0.7 they can be trusted.
    ess : float
        Effective number of draws, at most S: that of the weights, cautious about what antithetic pairs gain.
    method : str
        ``"importance"``; ``"annealed"`` if the weights could not be trusted; ``"exact"`` if no weights were needed.
    months_effective : float or None
        Effective number of the vectors of months that the likelihood is estimated from; None if it is computed.
    """

    draws: int
    khat: float
    ess: float
    method: str
    months_effective: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values; what there is not is left out."""
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Sample:
    """Equally weighted posterior draws in working coordinates.

    Attributes
    ----------
    work : ndarray, [S, p]
        Draws.
    log_likelihood, log_prior : ndarray, [S]
        At the draws.
    log_evidence : float
        Log marginal likelihood.
    quality : Diagnostics
        How they were got, and how well.
    mode : Mode
        Of the posterior density in working coordinates.
    """

    work: FloatArray
    log_likelihood: FloatArray
    log_prior: FloatArray
    log_evidence: float
    quality: Diagnostics
    mode: Mode

    def thinned(self, draws: int, rng: np.random.Generator) -> Sample:
        """Return as many draws of these, evenly."""
        if draws == len(self.work):
            return self
        chosen = systematic(np.ones(len(self.work)), draws, rng)
        return replace(
            self,
            work=self.work[chosen],
            log_likelihood=self.log_likelihood[chosen],
            log_prior=self.log_prior[chosen],
            quality=replace(self.quality, draws=draws, ess=min(self.quality.ess, float(draws))),
        )

    def warn_if_doubtful(self, name: str, *, stacklevel: int) -> None:
        """Issue a `SamplingWarning` about the posterior of the series `name` if k-hat is above 0.7."""
        found = self.quality
        if found.khat <= KHAT_LIMIT:
            return
        warnings.warn(
            f"{name}: k-hat is {found.khat:.3g}, above {KHAT_LIMIT}, so importance weights cannot be trusted; the draws are "
            f"those of the {found.method} sampler, {found.ess:,.0f} of {found.draws:,} effective. Compare with another seed "
            "and more draws; if the answers differ, use tighter priors or fewer terms",
            SamplingWarning,
            stacklevel=stacklevel + 1,
        )


def sample_posterior(density: Density, draws: int, *, rng: np.random.Generator) -> Sample:
    r"""Draw from the posterior of `density`.

    Weights are :math:`w_s\propto L\pi/\sum_j(n_j/N)q_j`, the evidence their mean before normalisation (Cornuet et al.
    2012), the effective number of draws :math:`1/\sum_s w_s^2`.

    Parameters
    ----------
    density : Density
        Log likelihood and log prior.
    draws : int
        Number of equally weighted draws S; about as many are evaluated, but no fewer than 500.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Sample

    Raises
    ------
    SamplingError
        If no sampler reached an acceptable sample.
    """
    if not density.start.size:
        return _certain(density, draws)
    rough = density.rough() if isinstance(density, Dear) else None
    if rough is not None and (found := _corrected(rough, draws, rng)):
        return found

    def log_posterior(work: FloatArray) -> FloatArray:
        return density.log_likelihood(work) + density.log_prior(work)

    scored = isinstance(density, Scored)
    mode = (
        climb(density)
        if isinstance(density, Scored)
        else find_mode(log_posterior, density.start, density.scale, rough=True)
    )
    mode.point[density.folded] = np.abs(mode.point[density.folded])
    spread = density.scale[:, None] * inverse_root(mode.hessian * np.outer(density.scale, density.scale), 1e-2)
    cloud, points = Cloud(density, rng), max(draws, _FEWEST)
    cloud.add(StudentT(mode.point, _WIDER * spread, _FREEDOM), min(_PILOT, points // 4))
    if cloud.uneven():
        cloud.add(cloud.fitted(), min(_PILOT, points // 4))
    may_be_funnel = bool(density.folded.any()) and not scored
    if not cloud.uneven() or not may_be_funnel:
        cloud.add(cloud.fitted(), max(points - cloud.size, points // 2))
    if cloud.uneven() and may_be_funnel:
        coordinate = int(np.flatnonzero(density.folded)[0])
        cloud.add_all(nested_laplace(density, log_posterior, mode, coordinate), points)
    for _ in range(_FURTHER if scored else 0):
        if cloud.khat <= KHAT_LIMIT:
            break
        cloud.add(cloud.fitted(), points)
    if cloud.khat > KHAT_LIMIT:
        cloud.add_all(cloud.kernels(), points)
    if cloud.khat > KHAT_LIMIT:
        return _annealed(density, cloud, points, mode, rng).thinned(draws, rng)
    chosen = systematic(cloud.weights, draws, rng)
    return Sample(
        work=cloud.points[chosen],
        log_likelihood=cloud.log_likelihood[chosen],
        log_prior=cloud.log_prior[chosen],
        log_evidence=cloud.log_evidence(),
        quality=Diagnostics(draws, cloud.khat, min(cloud.ess(), float(draws)), "importance"),
        mode=mode,
    )


def _corrected(rough: Rough, draws: int, rng: np.random.Generator) -> Sample | None:
    r"""Return draws of the rough posterior weighed by what the likelihood is over the rough one, if that is nearly even.

    With Z the evidence, :math:`Z = Z_{rough}E\{L/L_{rough}\}` over the rough posterior.
    """
    points = max(draws, _FEWEST)
    start = sample_posterior(rough, _ROUGHLY * points, rng=rng)
    if start.quality.khat > KHAT_LIMIT:
        return None
    chosen = start.thinned(points, rng)
    likelihood = np.empty(0)
    for some in (slice(_FIRST), slice(_FIRST, points)):
        likelihood = np.concatenate([likelihood, rough.weighed(chosen.work[some])])
        logs = np.where(np.isnan(likelihood), -np.inf, likelihood) - chosen.log_likelihood[: likelihood.size]
        weights, khat, gained = correction(logs)
        ess = float(1.0 / np.sum(np.square(weights)))
        if ess < _EVEN * logs.size:
            return None
    kept = systematic(weights, draws, rng)
    return Sample(
        work=chosen.work[kept],
        log_likelihood=likelihood[kept],
        log_prior=chosen.log_prior[kept],
        log_evidence=start.log_evidence + gained,
        quality=Diagnostics(
            draws, max(start.quality.khat, khat), min(ess, start.quality.ess, float(draws)), "importance"
        ),
        mode=start.mode,
    )


def _certain(density: Density, draws: int) -> Sample:
    """Return as many draws of no parameters: there is nothing to weigh."""
    nothing = np.empty((draws, 0))
    value = float(density.log_likelihood(nothing[:1])[0])
    quality = Diagnostics(draws, -np.inf, float(draws), "exact")
    return Sample(nothing, np.full(draws, value), np.zeros(draws), value, quality, certain(value))


class Cloud:
    """Weighted draws from a growing mixture of proposals."""

    def __init__(self, density: Density, rng: np.random.Generator) -> None:
        self._density = density
        self._rng = rng
        p = density.start.size
        self._parts: list[tuple[StudentT, int]] = []
        self.points = np.empty((0, p))
        self.log_likelihood = np.empty(0)
        self.log_prior = np.empty(0)
        self.log_weights = np.empty(0)
        self.weights = np.empty(0)
        self.khat = np.inf

    @property
    def size(self) -> int:
        """Number of draws so far."""
        return len(self.points)

    def uneven(self) -> bool:
        """Return whether the weights ask for a better proposal."""
        return self.ess() < _EVEN * self.size or self.khat > 0.5

    def add(self, part: StudentT, draws: int) -> None:
        """Draw from one more component and weigh everything anew."""
        self._extend(part, draws)
        self._weigh()

    def add_all(self, parts: list[tuple[StudentT, float]], draws: int) -> None:
        """Draw from several components, the lesser ones more often than their weights say, and weigh everything anew."""
        share = np.sqrt([weight for _, weight in parts])
        for (part, _), number in zip(parts, draws * share / share.sum(), strict=True):
            self._extend(part, int(number) + 1)
        self._weigh()

    def _extend(self, part: StudentT, draws: int) -> None:
        points = part.draw(draws, self._density.folded, self._rng)
        likelihood = self._density.log_likelihood(points)
        self._parts.append((part, draws))
        self.points = np.concatenate([self.points, points])
        self.log_likelihood = np.concatenate([self.log_likelihood, np.where(np.isnan(likelihood), -np.inf, likelihood)])
        self.log_prior = np.concatenate([self.log_prior, self._density.log_prior(points)])

    def _weigh(self) -> None:
        """Weigh all draws against the whole mixture."""
        self.log_weights = self.log_likelihood + self.log_prior - self.log_proposal(self.points)
        self.weights, self.khat = smooth_weights(self.log_weights)

    def log_proposal(self, points: FloatArray) -> FloatArray:
        """Return the log density ``[S]`` of the whole mixture."""
        mixture = [(part, draws / self.size) for part, draws in self._parts]
        return mixture_log_density(points, mixture, self._density.folded)

    def draw(self, draws: int) -> FloatArray:
        """Return fresh draws ``[S, p]`` of the whole mixture."""
        share = np.array([number for _, number in self._parts]) / self.size
        numbers = self._rng.multinomial(draws, share)
        return np.concatenate(
            [
                part.draw(int(n), self._density.folded, self._rng)
                for (part, _), n in zip(self._parts, numbers, strict=True)
            ]
        )

    def ess(self) -> float:
        """Return the effective number of draws."""
        return float(1.0 / np.sum(np.square(self.weights)))

    def log_evidence(self) -> float:
        """Return the log of the mean weight."""
        top = float(self.log_weights.max())
        return top + float(np.log(np.mean(np.exp(self.log_weights - top))))

    def kernels(self) -> list[tuple[StudentT, float]]:
        """Return small t distributions around some of the draws, which follow a bent ridge (West 1993, JRSS B 55)."""
        root = _NARROWER * self.fitted().root
        chosen = systematic(self.weights, _KERNELS, self._rng)
        return [(StudentT(self.points[k], root, _FREEDOM), 1.0 / _KERNELS) for k in chosen]

    def fitted(self) -> StudentT:
        """Return a t distribution with the weighted mean and covariance of the draws."""
        # Weights are flattened while they are uneven, so that a few draws cannot fix the next proposal alone.
        power = min(1.0, self.ess() / (4.0 * self.points.shape[1] * 5.0))
        weights = self.weights**power
        weights /= weights.sum()
        centre = weights @ self.points
        deviation = self.points - centre
        covariance = (deviation * weights[:, None]).T @ deviation
        covariance += np.diag(1e-12 * np.square(self._density.scale))
        root = np.asarray(np.linalg.cholesky(covariance * (_FREEDOM - 2.0) / _FREEDOM), dtype=np.float64)
        return StudentT(centre, 1.05 * root, _FREEDOM)


def _annealed(density: Density, cloud: Cloud, draws: int, mode: Mode, rng: np.random.Generator) -> Sample:
    """Carry draws of the proposal, and of one as wide as the prior, to the posterior by annealing.

    The mode of a funnel lies at its narrow end, far from its mass: draws around it alone would miss the rest.
    """
    khat = cloud.khat
    cloud.add(StudentT(density.start, np.diag(_PRIOR_WIDTH * density.scale), _HEAVY), cloud.size)
    points, likelihood, prior, log_evidence, ess = anneal(density, cloud.draw(draws), cloud.log_proposal, rng)
    return Sample(points, likelihood, prior, log_evidence, Diagnostics(len(points), khat, ess, "annealed"), mode)
