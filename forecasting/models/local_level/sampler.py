"""Posterior draws of parameters, path and coefficients together, by importance sampling.

Each draw of the parameters brings one path, drawn from its normal approximation; likelihood times prior of the path over the
density of that draw is an unbiased estimate of the likelihood of the parameters alone.  Importance sampling with such an
estimate has the exact posterior as its target (Tran, Scharth, Pitt, Kohn 2014), and adapts the proposal of the parameters as
that of any other density.

Where totals of large months make the exact likelihood P dear, the surrogate Q takes its place, and the draws chosen by their
weights are weighed by P/Q.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import SamplingError
from forecasting.inference.mode import Mode
from forecasting.inference.psis import KHAT_LIMIT, correction
from forecasting.inference.resampling import systematic
from forecasting.inference.sampling import Cloud, Diagnostics, Sample
from forecasting.kernels.counts import FloatArray
from forecasting.models.local_level.approximation import Approximation
from forecasting.models.local_level.target import Target

_PILOT = 5  # one in so many points is of the first proposal
_FEWEST = 500  # points evaluated however few draws are asked for
_ONE, _DEAR, _MANY = 1, 4, 24  # paths per draw of the parameters: usually, where they are dear, where those do not do
_EVEN = 0.15  # share of effective draws below which more paths are worth their price
_LOWEST = -1e300


class PathEstimate:
    """The log likelihood of parameters, estimated by `each` paths; one of them is kept, in the order of the calls."""

    def __init__(self, approximation: Approximation, each: int, rng: np.random.Generator) -> None:
        target = approximation.target
        self._approximation, self._target, self._each, self._rng = approximation, target, each, rng
        self._likelihood = target.rough_likelihood if target.facts.costly else target.log_likelihood
        self.names = target.names
        self.start: FloatArray = approximation.parameters.centre
        self.scale: FloatArray = target.scale
        self.folded: NDArray[np.bool_] = target.folded
        self._paths: list[FloatArray] = []
        self._coefs: list[FloatArray] = []
        self._log_likelihoods: list[FloatArray] = []

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Draw paths for each row of parameters, return the estimates ``[S]``, and keep one path each."""
        repeated = np.repeat(work, self._each, axis=0)
        conditional = self._approximation.conditional(repeated)
        path, coefs, density = conditional.draw(self._rng.standard_normal((conditional.deviations, len(repeated))))
        target = self._target
        likelihood = self._likelihood(repeated, path, coefs)
        prior = target.prior.log_density(path, coefs, target.motion(repeated))
        weights = (likelihood + prior - density).reshape(len(work), self._each)
        top = weights.max(axis=1, initial=_LOWEST, keepdims=True)
        cumulative = np.cumsum(np.exp(weights - top), axis=1)
        chosen = (cumulative < self._rng.random((len(work), 1)) * cumulative[:, -1:]).sum(axis=1)
        kept = np.arange(len(work)) * self._each + np.minimum(chosen, self._each - 1)
        self._paths.append(path[:, kept])
        self._coefs.append(coefs[:, kept])
        self._log_likelihoods.append(likelihood[kept])
        with np.errstate(divide="ignore"):
            return np.asarray(top[:, 0] + np.log(cumulative[:, -1] / self._each))

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density of the parameters ``[S]``."""
        return self._target.log_prior(work)

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters themselves."""
        return work

    def drawn(self, which: NDArray[np.int64]) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return path ``[T, S]``, coefficients ``[k, S]`` and log likelihood ``[S]`` of some draws."""
        path, coefs = np.concatenate(self._paths, axis=1), np.concatenate(self._coefs, axis=1)
        return path[:, which], coefs[:, which], np.concatenate(self._log_likelihoods)[which]


def sample_path(target: Target, draws: int, *, rng: np.random.Generator) -> Sample:
    r"""Return equally weighted draws of the working vector of `target`.

    The weights are :math:`P(R\mid z,\theta)p(z\mid\theta)\pi(\theta)/\{q(z\mid\theta)q(\theta)\}`, with q of the parameters the
    whole mixture of proposals (Cornuet et al. 2012).

    Raises
    ------
    SamplingError
        If no sampler reached an acceptable sample.
    """
    approximation, number = Approximation(target), max(draws, _FEWEST)
    for each in (_DEAR if target.facts.costly else _ONE, _MANY):
        estimate = PathEstimate(approximation, each, rng)
        cloud = Cloud(estimate, rng)
        cloud.add(approximation.parameters, number // _PILOT)
        cloud.add(cloud.fitted(), number - cloud.size)
        if cloud.khat > KHAT_LIMIT:
            cloud.add(cloud.fitted(), number)
        if cloud.khat <= KHAT_LIMIT and cloud.ess() >= _EVEN * number:
            break
    if cloud.khat > KHAT_LIMIT:
        raise SamplingError(
            f"{target.data.name}: the normal approximation of the level is too far from its posterior (k-hat "
            f"{cloud.khat:.2f}, limit {KHAT_LIMIT}); use another distribution or prior of the noise, or fewer months"
        )
    khat, ess, log_evidence = cloud.khat, cloud.ess(), cloud.log_evidence()
    chosen = systematic(cloud.weights, draws, rng)
    path, coefs, log_likelihood = estimate.drawn(chosen)
    points = cloud.points[chosen]
    if target.facts.costly:
        rough, log_likelihood = log_likelihood, target.log_likelihood(points, path, coefs)
        weights, other, gained = correction(log_likelihood - rough)
        log_evidence += gained
        khat, ess = max(khat, other), min(ess, float(1.0 / np.sum(np.square(weights))))
        kept = systematic(weights, draws, rng)
        path, coefs, log_likelihood, points = path[:, kept], coefs[:, kept], log_likelihood[kept], points[kept]
    log_prior = target.log_prior(points) + target.prior.log_density(path, coefs, target.motion(points))
    return Sample(
        work=target.joined(points, path, coefs),
        log_likelihood=log_likelihood,
        log_prior=log_prior,
        log_evidence=log_evidence,
        quality=Diagnostics(draws, khat, min(ess, float(draws)), "importance"),
        mode=_centre(approximation),
    )


def _centre(approximation: Approximation) -> Mode:
    """Return the centre of the approximation of the parameters, as the mode that the draws started from."""
    part = approximation.parameters
    hessian = np.asarray(-np.linalg.inv(part.root @ part.root.T), dtype=np.float64)
    flat = np.zeros(part.centre.size)
    return Mode(part.centre, approximation.height, flat, hessian, 0.0, approximation.rounds, True)
