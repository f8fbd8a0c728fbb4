"""How surprising the later window was, given what the facts say about the months before it alone."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from forecasting.constraints import Linear, Observed
from forecasting.distributions import Distribution
from forecasting.errors import ForecastingWarning
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood.sums import SumGroup
from forecasting.models import CountRegression, Posterior, reconstruct
from forecasting.predictive import Predictive, Quantity
from forecasting.scenarios.rates import unseen_bound
from forecasting.scenarios.windows import Comparison

_EXACT_SIZE = 4000  # total times months up to which the tail is summed exactly instead of simulated
_EXACT_DRAWS = 2000
_REPLICATES = 10  # simulated totals a parameter draw


@dataclass(frozen=True, eq=False)
class Surprise:
    """A predictive distribution of the ratio, and where the observed ratio lies in it.

    Attributes
    ----------
    posterior : Posterior
        From the months before the later window alone.
    ratio : Quantity
        Predictive draws of the ratio.
    tail : float
        Probability of a ratio at least as large as observed.
    tail_error : float
        Its Monte Carlo standard error; NaN where `resolved` is false.
    resolved : bool
        False where no simulated ratio reached the observed one: `tail` is then the 95% upper bound, with the parameter draws
        as the number of trials, since all ratios simulated from one share their parameters.
    reached : int or None
        Simulated ratios at least as large as observed, out of all in `ratio`; None where `tail` is summed exactly.
    """

    posterior: Posterior
    ratio: Quantity
    tail: float
    tail_error: float
    resolved: bool
    reached: int | None

    @property
    def bits(self) -> float:
        """The surprise -log2(tail): how many heads in a row a fair coin would have to show."""
        return float(abs(np.log2(min(self.tail, 1.0)))) if self.tail > 0 else float(np.inf)


def surprise(
    model: CountRegression,
    data: Observed,
    comparison: Comparison,
    *,
    draws: int | None,
    rng: np.random.Generator,
) -> Surprise:
    r"""Fit `model` to the months before the later window alone and predict the ratio, :math:`P(A'/B\ge r)` (Dawid 1984).

    Parameters
    ----------
    model : CountRegression
        A baseline.
    data : CountSeries or Evidence
        What is known of all months; only ``data.until(...)`` is used.
    comparison : Comparison
        The windows.
    draws : int, optional
        Posterior draws; as in `CountRegression.posterior` where left out.
    rng : numpy.random.Generator
        Source of randomness.

    Raises
    ------
    InvalidInput
        If too little is known of the earlier months.
    """
    past = data.until(comparison.after[0] - 1)
    with warnings.catch_warnings():
        # A step still to come: the prior is all there is.
        warnings.filterwarnings("ignore", ".*the same in all months", ForecastingWarning)
        posterior = model.posterior(past, draws=draws, rng=rng)
    expected = np.exp(posterior.log_mean(comparison.after))
    mean = np.repeat(expected, _REPLICATES, axis=0)
    shape = tuple(np.repeat(values, _REPLICATES) for values in posterior.shape)
    predicted = Predictive.draw(comparison.after, mean, shape, posterior.distribution, name=posterior.name, rng=rng)
    later = predicted.paths.sum(axis=1).astype(float)
    low, high = comparison.before_range
    if low == high:
        earlier = np.full(later.size, float(low))
    else:
        window = reconstruct(posterior, rng=rng).total(comparison.before[0], comparison.before[-1])
        earlier = np.repeat(window.draws, _REPLICATES)
    ratio = later / np.maximum(earlier, 1.0)
    threshold = comparison.after_range[0]
    if low == high and threshold * len(comparison.after) <= _EXACT_SIZE:
        part = slice(0, _EXACT_DRAWS)
        tail, error = _exact_tail(
            expected[part],
            [values[part] for values in posterior.shape],
            posterior.distribution,
            threshold,
        )
        return Surprise(posterior, Quantity("ratio", ratio), tail, error, resolved=True, reached=None)
    reached = ratio >= comparison.ratio - 1e-12
    resolved = bool(reached.any())
    tail, error = float(reached.mean()), _clustered_error(reached)
    if not resolved:
        tail, error = unseen_bound(len(posterior.draws)), float(np.nan)
    return Surprise(posterior, Quantity("ratio", ratio), tail, error, resolved, int(reached.sum()))


def _clustered_error(reached: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float:
    """Return the standard error of a share whose replicates come in groups, one a parameter draw."""
    groups = reached.reshape(-1, _REPLICATES).mean(axis=1)
    return float(groups.std() / np.sqrt(groups.size))


def _exact_tail(
    mean: FloatArray, shape: list[FloatArray], distribution: Distribution, threshold: int
) -> tuple[float, float]:
    """Return P(total >= threshold) averaged over parameter draws, summed exactly for each, and its standard error."""
    if threshold == 0:
        return 1.0, 0.0
    months = tuple(range(mean.shape[1]))
    row = Linear(months, (1,) * len(months), threshold, None)
    group = SumGroup([row], months, np.zeros(len(months), dtype=np.int64), np.full(len(months), np.inf))
    logs = group.log_probability(mean, shape, distribution)
    average = float(logsumexp(logs) - np.log(logs.size))
    return float(np.exp(average)), float(np.exp(logs).std() / np.sqrt(logs.size))
