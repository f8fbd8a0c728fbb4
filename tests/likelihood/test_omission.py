"""The facts that an error names can be left out, and then the rest is exact."""

from __future__ import annotations

import re
from contextlib import suppress

import numpy as np
import pytest

from benchmarks.validation import ledgers
from benchmarks.validation.systems import SERIES
from forecasting.constraints.reduction import groups
from forecasting.errors import TooLarge
from forecasting.evidence import Evidence
from forecasting.likelihood import FactLikelihood
from forecasting.likelihood.strategy import group_of

NAMED = re.compile(r"leave out (.*) \(without=")


def is_exact(evidence: Evidence) -> bool:
    known = evidence.constraints
    with suppress(TooLarge):
        for months, rows in groups(known.linear):
            group_of(rows, months, known.lower, known.upper, "exact")
        return True
    return False


def test_leaving_out_the_facts_named_suffices_and_none_of_them_is_spare() -> None:
    sizes = []
    for case, seed in (("24 months of 8", 0), ("12 months of 60", 0)):
        rng = np.random.default_rng(np.random.SeedSequence((8, seed)))
        facts = ledgers.chronicle(ledgers.CASES[case], rng, wrong=0.0)
        ledger = ledgers.ledger_of(facts)
        with pytest.raises(TooLarge, match=NAMED) as error:
            FactLikelihood(ledger.evidence(SERIES).constraints, "exact")
        found = NAMED.search(str(error.value))
        named = found[1].split(" and ") if found else []
        assert is_exact(ledger.evidence(SERIES, without=named))
        assert not any(is_exact(ledger.evidence(SERIES, without=[n for n in named if n != kept])) for kept in named)
        sizes.append(len(named))
    assert min(sizes) == 1
    assert max(sizes) > 1
