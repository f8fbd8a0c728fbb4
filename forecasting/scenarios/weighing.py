"""Step against no step: probabilities of the baselines with declared prior odds, and the step averaged over them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from forecasting.kernels.counts import FloatArray
from forecasting.scenarios.baselines import Baseline

COVERAGE = 0.95
"""Coverage of the interval of a change."""
_RULED_OUT = 0.01


@dataclass(frozen=True)
class Weighing:
    """What all facts say of the baselines.

    Attributes
    ----------
    probabilities : dict of str to float
        Posterior probability of each baseline.
    log_bayes_factor : float
        Natural logarithm of how much more probable all facts are with a step at the boundary than without one, the
        baselines of either kind averaged with their prior shares.
    """

    probabilities: dict[str, float]
    log_bayes_factor: float

    @classmethod
    def of(cls, listed: Sequence[Baseline], log_evidence: Mapping[str, float]) -> Weighing:
        r"""Return :math:`\pi_kZ_k/\sum_j\pi_jZ_j` and :math:`\log\sum_{step}\pi_kZ_k-\log\sum_{no}\pi_kZ_k`, even odds."""
        joint = np.array([np.log(one.prior) + log_evidence[one.name] for one in listed])
        step = np.array([one.step for one in listed])
        shares = np.exp(joint - logsumexp(joint))
        return cls(
            dict(zip([one.name for one in listed], shares.tolist(), strict=True)),
            float(logsumexp(joint[step]) - logsumexp(joint[~step])),
        )

    @property
    def step_probability(self) -> float:
        """Posterior probability of a step at the boundary; it was one half beforehand."""
        return float(1.0 / (1.0 + np.exp(-self.log_bayes_factor)))

    def mattering(self, names: Iterable[str]) -> list[str]:
        """Return those of some baselines that are not ruled out: at least a hundredth as probable as the best of them."""
        kept = list(names)
        best = max((self.probabilities[name] for name in kept), default=0.0)
        return [name for name in kept if self.probabilities[name] >= _RULED_OUT * best]


@dataclass(frozen=True)
class StepEffect:
    """The factor by which the mean changes at a boundary, everything else in the model held.

    Attributes
    ----------
    median, lower, upper : float
        Posterior median and central interval of the factor.
    positive : float
        Posterior probability that it is above 1.
    """

    median: float
    lower: float
    upper: float
    positive: float

    @classmethod
    def of(cls, draws: FloatArray, level: float, weights: FloatArray | None = None) -> StepEffect:
        r"""Return the step :math:`e^\beta` of draws of :math:`\beta`, equally likely unless weights are given."""
        shares = np.full(draws.size, 1.0 / draws.size) if weights is None else weights / weights.sum()
        order = np.argsort(draws)
        cumulative = np.cumsum(shares[order])
        tail = (1.0 - level) / 2.0
        wanted = np.array([0.5, tail, 1.0 - tail])
        # no rounding error may move a quantile by a draw
        places = np.searchsorted(cumulative, wanted - 1e-9).clip(max=draws.size - 1)
        middle, low, high = np.exp(draws[order][places]).tolist()
        return cls(middle, low, high, float(shares[draws > 0].sum()))
