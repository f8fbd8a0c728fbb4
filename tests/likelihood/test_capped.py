"""Totals of months under a common upper limit, against listing."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from forecasting.distributions import Distribution, NegativeBinomial, ZeroInflated
from forecasting.likelihood.capped import MOST, log_capped


@pytest.mark.parametrize("months", range(2, MOST + 1))
def test_every_limit_against_listing(months: int, rng: np.random.Generator) -> None:
    compared = 0
    for _ in range(40):
        high = int(rng.integers(0, 16))
        low = int(rng.integers(max(0, high - 6), high + 1))
        lower = rng.integers(0, 3, months)
        upper = np.where(rng.random(months) < 0.5, np.inf, lower + rng.integers(0, 14, months))
        caps = np.unique(rng.integers(0, high + 4, 5))
        caps = caps[caps >= lower.max()]
        if not len(caps) or lower.sum() > high or np.minimum(upper, caps[-1]).sum() < low:
            continue
        family: Distribution = NegativeBinomial()
        mean, alpha = rng.uniform(0.3, 9.0, (3, months)), np.array([0.0, 0.1, 1.0])
        found = log_capped(low, high, lower, upper, caps, mean, [alpha], family)
        vectors = np.array(list(product(range(high + 1), repeat=months)))
        total = vectors.sum(axis=1)
        inside = (total >= low) & (total <= high) & (vectors >= lower).all(axis=1) & (vectors <= upper).all(axis=1)
        vectors = vectors[inside]
        for s in range(3):
            logs = family.logpmf(vectors, mean[s], alpha[s]).sum(axis=1)
            wanted = [np.logaddexp.reduce(logs[(vectors <= c).all(axis=1)], initial=-np.inf) for c in caps]
            np.testing.assert_allclose(found[s], wanted, atol=1e-10)
            compared += len(caps)
    assert compared > 150


def test_a_rare_total_keeps_its_digits() -> None:
    family, mean = NegativeBinomial(), np.array([[4.0, 3.0, 5.0]])
    found = log_capped(
        90, 92, np.zeros(3, int), np.full(3, np.inf), np.array([30, 31, 40, 92]), mean, [np.array([0.0])], family
    )
    x, y = np.indices((93, 93))
    logs = []
    for cap in (30, 31, 40, 92):
        z = np.arange(90, 93)[:, None, None] - x - y
        fine = (x <= cap) & (y <= cap) & (z >= 0) & (z <= cap)
        each = [family.logpmf(np.maximum(v, 0), m, 0.0) for v, m in zip((x, y, z), mean[0], strict=True)]
        logs.append(np.logaddexp.reduce((each[0] + each[1] + each[2])[fine]))
    np.testing.assert_allclose(found[0], logs, rtol=1e-12)


def test_laws_of_any_family() -> None:
    family = ZeroInflated(NegativeBinomial())
    shape = [np.array([0.2]), np.array([0.3])]
    mean = np.array([[3.0, 2.0]])
    found = log_capped(4, 4, np.zeros(2, int), np.full(2, np.inf), np.array([2, 3, 4]), mean, shape, family)
    at = [s[0] for s in shape]
    each = {v: [float(family.logpmf(v, m, *at)) for m in mean[0]] for v in range(5)}
    wanted = [np.logaddexp.reduce([each[v][0] + each[4 - v][1] for v in range(4 - c, c + 1)]) for c in (2, 3, 4)]
    np.testing.assert_allclose(found[0], wanted, rtol=1e-12)
