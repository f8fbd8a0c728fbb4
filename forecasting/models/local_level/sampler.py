"""Posterior draws of parameters, path and coefficients together, by importance sampling.

Each draw of the parameters brings one path, drawn from its normal approximation; likelihood times prior of the path over the
density of that draw is an unbiased estimate of the likelihood of the parameters alone.  Importance sampling with such an
estimate has the exact posterior as its target (Tran, Scharth, Pitt, Kohn 2014), and adapts the proposal of the parameters as
that of any other density.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import SamplingError
from forecasting.inference.mode import Mode
from forecasting.inference.psis import KHAT_LIMIT
from forecasting.inference.resampling import systematic
from forecasting.inference.sampling import Cloud, Sample
from forecasting.kernels.counts import FloatArray
from forecasting.models.local_level.approximation import Approximation
from forecasting.models.local_level.target import Target

_PILOT, _FEWEST = 400, 500  # points of the first proposal; points evaluated however few draws are asked for
_FURTHER = 3  # rounds of fitted proposals of the parameters


class PathEstimate:
    """The log likelihood of parameters, estimated by one path each; the paths are kept, in the order of the calls."""

    def __init__(self, approximation: Approximation, rng: np.random.Generator) -> None:
        target = approximation.target
        self._approximation, self._target, self._rng = approximation, target, rng
        self.names = target.names
        self.start: FloatArray = approximation.parameters.centre
        self.scale: FloatArray = target.scale
        self.folded: NDArray[np.bool_] = target.folded
        self._paths: list[FloatArray] = []
        self._coefs: list[FloatArray] = []
        self._log_likelihoods: list[FloatArray] = []

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Draw a path for each row of parameters, and return the estimates ``[S]``."""
        conditional = self._approximation.conditional(work)
        path, coefs, density = conditional.draw(self._rng.standard_normal((conditional.deviations, len(work))))
        likelihood = self._target.log_likelihood(work, path, coefs)
        self._paths.append(path)
        self._coefs.append(coefs)
        self._log_likelihoods.append(likelihood)
        prior = self._target.prior.log_density(path, coefs, self._target.motion(work))
        return np.asarray(likelihood + prior - density)

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
    approximation = Approximation(target)
    estimate = PathEstimate(approximation, rng)
    cloud = Cloud(estimate, rng)
    number = max(draws, _FEWEST)
    cloud.add(approximation.parameters, min(_PILOT, number // 4))
    cloud.add(cloud.fitted(), number - cloud.size)
    for _ in range(_FURTHER):
        if cloud.khat > KHAT_LIMIT:
            cloud.add(cloud.fitted(), number)
    if cloud.khat > KHAT_LIMIT:
        raise SamplingError(
            f"{target.data.name}: the normal approximation of the level is too far from its posterior (k-hat "
            f"{cloud.khat:.2f}, limit {KHAT_LIMIT}); use another distribution or prior of the noise, or fewer months"
        )
    chosen = systematic(cloud.weights, draws, rng)
    path, coefs, log_likelihood = estimate.drawn(chosen)
    points = cloud.points[chosen]
    log_prior = target.log_prior(points) + target.prior.log_density(path, coefs, target.motion(points))
    return Sample(
        work=target.joined(points, path, coefs),
        log_likelihood=log_likelihood,
        log_prior=log_prior,
        log_evidence=cloud.log_evidence(),
        khat=cloud.khat,
        ess=min(cloud.ess(), float(draws)),
        method="importance",
        mode=_centre(approximation),
    )


def _centre(approximation: Approximation) -> Mode:
    """Return the centre of the approximation of the parameters, as the mode that the draws started from."""
    part = approximation.parameters
    hessian = np.asarray(-np.linalg.inv(part.root @ part.root.T), dtype=np.float64)
    flat = np.zeros(part.centre.size)
    return Mode(part.centre, approximation.height, flat, hessian, 0.0, approximation.rounds, True)
