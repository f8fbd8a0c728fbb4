"""Systems that nested totals cannot express, against listing of the raw facts; and what is too large to list."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting.constraints import Linear
from forecasting.distributions import NegativeBinomial
from forecasting.errors import TooLarge
from forecasting.likelihood import FactLikelihood
from forecasting.likelihood.enumeration import ListedGroup
from tests.likelihood import brute

FAMILY = NegativeBinomial()

SYSTEMS = {
    "an ordering": [Linear((0, 1), (1, -1), 1, None), Linear((0,), (1,), None, 9)],
    "a month above both others, with a total": [
        Linear((0, 1), (1, -1), 1, None),
        Linear((0, 2), (1, -1), 1, None),
        Linear((0, 1, 2), (1, 1, 1), 11, 11),
    ],
    "a ratio of windows": [
        Linear((0, 1, 2), (-2, -2, 1), 0, None),
        Linear((0, 1, 2), (3, 3, -1), 0, None),
        Linear((0, 1, 2), (1, 1, 1), None, 14),
    ],
    "totals that cross": [Linear((0, 1), (1, 1), 6, 6), Linear((1, 2), (1, 1), 5, 8)],
    "an ordering across a total": [Linear((0, 1), (1, 1), 8, 8), Linear((1, 2), (1, -1), 1, None)],
}


@pytest.mark.parametrize("alpha", [0.0, 0.2, 30.0])
@pytest.mark.parametrize("case", SYSTEMS)
def test_listed_systems(case: str, alpha: float) -> None:
    rows, mean = SYSTEMS[case], np.array([4.0, 3.0, 2.0])
    facts = FactLikelihood(brute.known(rows, 3))
    assert any(isinstance(group, ListedGroup) for group in facts.groups)
    found = facts.log_likelihood(np.log(mean)[None], [np.array([alpha])], FAMILY)
    expected = brute.log_probability(rows, mean, alpha, far=15)
    assert found[0] == pytest.approx(expected, abs=1e-11)


def test_many_parameter_vectors_at_once(rng: np.random.Generator) -> None:
    facts = FactLikelihood(brute.known(SYSTEMS["totals that cross"], 3))
    log_mean, alpha = rng.normal(1.0, 0.5, (50, 3)), rng.uniform(0, 1, 50)
    together = facts.log_likelihood(log_mean, [alpha], FAMILY)
    alone = [facts.log_likelihood(log_mean[k : k + 1], [alpha[k : k + 1]], FAMILY)[0] for k in range(50)]
    np.testing.assert_allclose(together, alone, rtol=1e-13)


def test_an_unbounded_comparison_names_its_facts() -> None:
    rows = [Linear((0, 1, 2, 3), (1, 1, -1, -1), 1, None, ("F017",), True)]
    with pytest.raises(TooLarge, match=r"F017.*bounds from above"):
        FactLikelihood(brute.known(rows, 4), "exact")


def test_too_many_vectors_name_their_facts() -> None:
    rows = [
        Linear(tuple(range(6)), (1,) * 6, 500, 500, ("F001",)),
        Linear((0, 1), (1, -1), 1, None, ("F002",), True),
    ]
    with pytest.raises(TooLarge, match=r"F001, F002 tie 6 unknown months"):
        FactLikelihood(brute.known(rows, 6), "exact")


def test_leaving_out_the_facts_named_is_enough() -> None:
    rows = [
        *(Linear(tuple(range(k, k + 3)), (1,) * 3, 500, 500, (f"Q{k}",)) for k in (0, 3, 6)),
        *(Linear.of({4: 1, k: -1}, 1, None, ("RECORD",), True) for k in (0, 1, 2, 3, 5, 6, 7, 8)),
        Linear((1, 2, 3, 4), (1,) * 4, 600, 700, ("BAND",)),
        Linear.of({8: 1, 0: -1}, 1, None, ("ORDER",), True),
    ]
    with pytest.raises(TooLarge, match=r"leave out (.*) \(without=") as error:
        FactLikelihood(brute.known(rows, 9), "exact")
    named = set(str(error.value).rpartition("leave out ")[2].partition(" (without")[0].split(" and "))
    assert named == {"RECORD", "BAND", "ORDER"}
    FactLikelihood(brute.known([row for row in rows if not named & set(row.facts)], 9), "exact")
    for kept in named:
        fewer = [row for row in rows if not (named - {kept}) & set(row.facts)]
        with pytest.raises(TooLarge):
            FactLikelihood(brute.known(fewer, 9), "exact")
