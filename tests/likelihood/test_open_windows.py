"""Windows without an upper limit around windows with one, against plain convolution of log probabilities."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import pytest

from forecasting.constraints import Infeasible, Linear
from forecasting.distributions import NegativeBinomial, Poisson
from forecasting.errors import ForecastingError
from forecasting.kernels import counts
from forecasting.kernels.counts import FloatArray
from forecasting.likelihood import FactLikelihood
from tests.likelihood import brute

FAMILY = NegativeBinomial()

Tree: TypeAlias = "int | tuple[list[Tree], int, int | None]"
"""A month, or the parts of a window with the limits of its sum."""


def convolved(one: FloatArray, other: FloatArray, length: int) -> FloatArray:
    """Log probabilities of a sum; only positive terms are added, so every entry keeps its digits."""
    result = np.full(length, -np.inf)
    for k in np.flatnonzero(one[:length] > -np.inf):
        end = min(len(other), length - k)
        result[k : k + end] = np.logaddexp(result[k : k + end], one[k] + other[:end])
    return result


def log_sums(tree: Tree, mean: FloatArray, alpha: float, far: int) -> FloatArray:
    """Log probability of each sum 0..far together with everything known inside."""
    if isinstance(tree, int):
        return counts.logpmf(np.arange(far + 1), mean[tree], alpha)
    parts, low, high = tree
    length = 1 + (far if high is None else min(far, high))
    table = np.zeros(1)
    for part in parts:
        table = convolved(table, log_sums(part, mean, alpha, far), length)
    table[:low] = -np.inf
    return table


def months(tree: Tree) -> list[int]:
    return [tree] if isinstance(tree, int) else sorted(month for part in tree[0] for month in months(part))


def rows(tree: Tree) -> Iterator[Linear]:
    if not isinstance(tree, int):
        inside = months(tree)
        yield Linear(tuple(inside), (1,) * len(inside), tree[1] or None, tree[2], ("F",))
        for part in tree[0]:
            yield from rows(part)


def compare(tree: Tree, mean: FloatArray, alpha: float, far: int) -> None:
    facts = FactLikelihood(brute.known(list(rows(tree)), len(mean)))
    found = facts.log_likelihood(np.log(mean)[None], [np.array([alpha])], FAMILY)[0]
    expected = np.logaddexp.reduce(log_sums(tree, mean, alpha, far))
    assert found == pytest.approx(expected, abs=1e-8), (tree, mean, alpha)


LARGE = np.array([200.0, 200.0, 200.0, 150.0, 150.0])


@pytest.mark.parametrize(
    ("tree", "mean", "alpha", "far"),
    [
        (([([0, 1, 2], 0, 900), 3, 4], 100, None), LARGE, 0.2, 2500),
        (([([0, 1, 2], 100, 700), 3, 4], 100, None), LARGE, 0.2, 2500),
        (([([0, 1, 2], 0, 700), 3, 4], 100, None), LARGE, 0.2, 2500),
        (([([0, 1, 2], 1000, 1500), 3, 4], 900, None), LARGE, 0.2, 2500),
        (([([0, 1, 2], 90, 110), 3, 4], 20, None), LARGE, 0.0, 800),
        (([([0, 1], 0, 5), 2], 1, None), np.array([0.2, 0.1, 0.05]), 0.0, 60),
        (([([0, 1], 9, 14), 2], 8, None), np.array([3.0, 4.0, 2.0]), 0.0, 120),
        (([([0, 1, 2], 4, 9), 3], 80, None), np.array([2.0, 3.0, 1.0, 5.0]), 0.05, 400),
        (([([([0, 1], 4, 6), 2], 9, None), 3], 12, None), np.array([2.0, 3.0, 1.0, 0.5]), 0.3, 300),
        (([([0, 1], 2, 3), ([2, 3], 30, 60)], 50, None), np.array([2.0, 3.0, 1.0, 5.0]), 5.0, 80),
    ],
)
def test_a_bounded_window_inside_an_open_one(tree: Tree, mean: FloatArray, alpha: float, far: int) -> None:
    compare(tree, mean, alpha, far)


def random_tree(inside: list[int], size: float, rng: np.random.Generator, depth: int = 0) -> Tree:
    parts: list[Tree] = []
    pool = list(inside)
    while len(pool) > 2 and depth < 3 and rng.random() < 0.6:
        count = int(rng.integers(2, len(pool)))
        parts.append(random_tree(pool[:count], size * count / len(inside), rng, depth + 1))
        pool = pool[count:]
    low = max(0, int(size * rng.choice([0, 0.3, 0.8, 1, 1.5, 3])) + int(rng.integers(-3, 4)))
    open_above = depth == 0 or rng.random() < 0.4
    width = int(rng.choice([0, 1, 5, size + 1, 3 * size + 5]))
    return ([*parts, *pool], low, None if open_above else low + width)


def test_random_open_windows(rng: np.random.Generator) -> None:
    compared = 0
    for _ in range(120):
        mean = np.exp(rng.uniform(-1.5, 2.5, int(rng.integers(2, 6))))
        alpha = float(rng.choice([0.0, 1e-9, 0.05, 0.4]))
        tree = random_tree(list(range(len(mean))), mean.sum(), rng)
        far = int(4 * mean.sum() + 60 + 40 * alpha * mean.max())
        try:
            compare(tree, mean, alpha, far)
        except Infeasible:
            continue
        compared += 1
    assert compared > 80


def test_a_heavy_tail_over_a_low_limit(rng: np.random.Generator) -> None:
    """Where every ceiling is far the complement serves, and it must not lose the share that is left."""
    for alpha in (5.0, 40.0):
        mean = rng.uniform(0.2, 1.0, 3)
        compare(([([0, 1], 0, 4), 2], 3, None), mean, alpha, int(60 * alpha))


def test_a_probability_above_one_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = FactLikelihood(brute.known([Linear((0, 1), (1, 1), 5, 5, ("F",))], 2))
    monkeypatch.setattr(facts.groups[0], "log_probability", lambda *_: np.array([2e-6]))
    with pytest.raises(ForecastingError, match=r"internal error.*2023-01, 2023-02"):
        facts.log_likelihood(np.zeros((1, 2)), [], Poisson())
