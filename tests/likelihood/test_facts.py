from __future__ import annotations

import numpy as np
import pytest

from forecasting.constraints import Constraints, Linear
from forecasting.distributions import NegativeBinomial, Poisson
from forecasting.kernels import counts
from forecasting.likelihood import FactLikelihood, Unit
from tests.likelihood import brute

FAMILY = NegativeBinomial()


@pytest.fixture
def log_mean(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(2.0, 0.7, (40, 10))


def test_masking_counts_removes_exactly_their_terms(log_mean: np.ndarray, rng: np.random.Generator) -> None:
    y, alpha = rng.poisson(9.0, 10), rng.uniform(0, 1, 40)
    hidden = np.zeros(10, dtype=bool)
    hidden[[0, 4, 9]] = True
    whole = FactLikelihood(Constraints.complete(brute.months(10), y, np.zeros(10, dtype=bool)))
    part = FactLikelihood(Constraints.complete(brute.months(10), y, hidden))
    terms = counts.logpmf(y[hidden], np.exp(log_mean[:, hidden]), alpha[:, None]).sum(axis=1)
    difference = whole.log_likelihood(log_mean, [alpha], FAMILY) - part.log_likelihood(log_mean, [alpha], FAMILY)
    np.testing.assert_allclose(difference, terms, rtol=1e-10)


def test_the_value_behind_a_missing_month_is_ignored(log_mean: np.ndarray) -> None:
    missing = np.arange(10) == 3
    found = [
        FactLikelihood(Constraints.complete(brute.months(10), np.where(missing, filler, 5), missing)).log_likelihood(
            log_mean, [np.full(40, 0.2)], FAMILY
        )
        for filler in (0, 10**6)
    ]
    np.testing.assert_array_equal(found[0], found[1])


def test_independent_groups_add_up(log_mean: np.ndarray) -> None:
    total = Linear((0, 1, 2), (1, 1, 1), 30, 30)
    order = [Linear((4, 5), (1, -1), 1, None), Linear((4,), (1,), None, 20)]
    bound = Linear((7,), (1,), 3, None)
    count = Linear((9,), (1,), 6, 6)
    alpha = np.full(40, 0.1)

    def value(rows: list[Linear]) -> np.ndarray:
        return FactLikelihood(brute.known(rows, 10)).log_likelihood(log_mean, [alpha], FAMILY)

    together = value([total, *order, bound, count])
    np.testing.assert_allclose(together, value([total]) + value(order) + value([bound]) + value([count]), rtol=1e-12)


def test_nothing_known_contributes_nothing(log_mean: np.ndarray) -> None:
    facts = FactLikelihood(brute.known([], 10))
    np.testing.assert_array_equal(facts.log_likelihood(log_mean, [], Poisson()), np.zeros(40))


def test_units_are_the_independent_pieces() -> None:
    rows = [Linear((0,), (1,), 4, 4), Linear((1,), (1,), 2, 8), Linear((2, 3), (1, 1), 9, None)]
    units = FactLikelihood(brute.known(rows, 5)).units
    assert units == (Unit((0,), 4, 4.0), Unit((1,), 2, 8.0), Unit((2, 3), 9, np.inf))


def test_totals_of_large_months_are_costly() -> None:
    def facts(*rows: Linear) -> FactLikelihood:
        return FactLikelihood(Constraints(brute.months(12), np.zeros(12, dtype=np.int64), np.full(12, np.inf), rows))

    year, few = (Linear(tuple(range(12)), (1,) * 12, total, total) for total in (5092, 100))
    assert facts(year).costly
    assert not facts(few).costly
