"""What other prior scales would have concluded, from the draws at hand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from forecasting.inference.priors import Priors
from forecasting.inference.psis import KHAT_LIMIT, smooth_weights
from forecasting.kernels.counts import FloatArray
from forecasting.models import CountRegression, Posterior


@dataclass(frozen=True, eq=False)
class Reweighted:
    """A posterior under other priors: the same draws with weights that sum to one.

    Attributes
    ----------
    posterior : Posterior
        Whose draws are weighted.
    weights : ndarray, [S]
        Weights.
    log_evidence : float
        Log marginal likelihood under the other priors.
    """

    posterior: Posterior
    weights: FloatArray
    log_evidence: float

    def quantile(self, name: str, levels: list[float]) -> list[float]:
        """Return weighted quantiles of a parameter."""
        values = self.posterior.draws[:, self.posterior.names.index(name)]
        order = np.argsort(values)
        cumulative = np.cumsum(self.weights[order])
        places = np.searchsorted(cumulative, (np.asarray(levels) - 1e-9) * cumulative[-1]).clip(max=len(values) - 1)
        return [float(value) for value in values[order][places]]


def under_priors(posterior: Posterior, model: CountRegression, priors: Priors, rng: np.random.Generator) -> Reweighted:
    r"""Return `posterior` under other `priors`, by weights :math:`\pi'(\theta)/\pi(\theta)`.

    The draws are reweighted by the ratio of the prior densities (the likelihood cancels); where Pareto smoothing says that
    they cannot carry it, the model is drawn from afresh.

    Parameters
    ----------
    posterior : Posterior
        Draws under the priors of `model`.
    model : CountRegression
        The model they came from.
    priors : Priors
        Other scales.
    rng : numpy.random.Generator
        Used only where the draws do not suffice.
    """
    other = replace(model, priors=priors)
    change = other.density(posterior.data).log_prior(posterior.sample.work) - posterior.sample.log_prior
    weights, khat = smooth_weights(change)
    if khat > KHAT_LIMIT:
        fresh = other.posterior(posterior.data, draws=len(change), rng=rng)
        return Reweighted(fresh, np.full(len(change), 1.0 / len(change)), fresh.log_evidence)
    top = float(change.max())
    log_ratio = top + float(np.log(np.mean(np.exp(change - top))))
    return Reweighted(posterior, weights, posterior.log_evidence + log_ratio)
