"""The evidence of a local level by brute force: a filter over a grid of log levels and running sums.

It is integrated over a grid of parameters.  Slow, obvious, and independent of the sampler and of the likelihood of facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import nbinom, norm

from forecasting.constraints import Constraints, Linear
from forecasting.kernels.counts import FloatArray
from forecasting.parameters import Priors
from tests.models import data

NODES = 14


@dataclass(frozen=True)
class Window:
    """Limits of the sum of months `first`..`last`; windows may not overlap."""

    first: int
    last: int
    low: int
    high: int

    def row(self) -> Linear:
        months = tuple(range(self.first, self.last + 1))
        return Linear(months, (1,) * len(months), self.low, self.high)


@dataclass(frozen=True)
class Exact:
    """The count of a month, inside a window or not."""

    month: int
    count: int

    def row(self) -> Linear:
        return Linear((self.month,), (1,), self.count, self.count)


Fact = Window | Exact


def known(facts: Sequence[Fact], size: int) -> data.Known:
    where = data.months(size)
    return data.Known(where, Constraints.solve(where, [fact.row() for fact in facts]))


def half_normal(scale: float) -> tuple[FloatArray, FloatArray]:
    """Return midpoints and weights of a half-normal distribution."""
    edges = np.linspace(0.0, 4.5 * scale, NODES + 1)
    middle = 0.5 * (edges[1:] + edges[:-1])
    weight = np.diff(norm.cdf(edges / scale)) * 2.0
    return middle, weight


def likelihood(
    facts: Sequence[Fact], size: int, noise: float, kappa: float, grid: FloatArray, first: FloatArray
) -> float:
    """Return the probability of non-overlapping facts for one noise and one coefficient of variation."""
    step = grid[1] - grid[0]
    away = grid[:, None] - grid[None]
    move = norm.cdf((away + 0.5 * step) / noise) - norm.cdf((away - 0.5 * step) / noise)
    exact = {fact.month: fact.count for fact in facts if isinstance(fact, Exact)}
    inside = {month: fact for fact in facts if isinstance(fact, Window) for month in range(fact.first, fact.last + 1)}
    most = max([fact.high for fact in facts if isinstance(fact, Window)], default=0)
    counts = np.arange(max([most, *exact.values()]) + 1)
    pmf = nbinom.pmf(counts, 1 / kappa**2, 1 / (1 + kappa**2 * np.exp(grid)[:, None]))  # [x, y]
    state = np.zeros((grid.size, most + 1))  # of level and running sum
    state[:, 0] = first
    for month in range(size):
        if month:
            state = move @ state
        window = inside.get(month)
        if window is None:
            if month in exact:
                state = state * pmf[:, [exact[month]]]
            continue
        after = np.zeros_like(state)
        for y in [exact[month]] if month in exact else range(most + 1):
            after[:, y:] += state[:, : most + 1 - y] * pmf[:, [y]]
        state = after
        if month == window.last:
            total = state[:, window.low : window.high + 1].sum(axis=1)
            state = np.zeros_like(state)
            state[:, 0] = total
    return float(state.sum())


@dataclass(frozen=True)
class Answer:
    """Log evidence, and posterior means of noise and alpha."""

    log_evidence: float
    noise: float
    alpha: float


def integrate(facts: Sequence[Fact], size: int, centre: float, priors: Priors, points: int = 110) -> Answer:
    """Integrate the likelihood over noise and dispersion; `centre` is the mean of the first log level."""
    reach = 4.0 * priors.level + 1.0
    grid = np.linspace(centre - reach, centre + reach, points)
    first = norm.pdf(grid, centre, priors.level) * (grid[1] - grid[0])
    (noises, noise_weight), (kappas, kappa_weight) = half_normal(priors.noise), half_normal(priors.dispersion)
    values = np.array([[likelihood(facts, size, noise, kappa, grid, first) for kappa in kappas] for noise in noises])
    joint = values * noise_weight[:, None] * kappa_weight
    total = joint.sum()
    return Answer(
        float(np.log(total)), float(joint.sum(axis=1) @ noises / total), float(joint.sum(axis=0) @ kappas**2 / total)
    )
