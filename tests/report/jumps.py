"""Small jump analyses that the tests of pictures and pages share, made once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pandas as pd

from forecasting import report as reporting
from forecasting.evidence import Evidence, Fact, Ledger, Source, load_ledger
from forecasting.scenarios import JumpReport, jump
from tests.evidence.ledgers import GET_LOST, SERIES, SOURCE

WINDOWS = (("2023-06", "2023-08"), ("2023-09", "2023-11"))
NASTY = "<script>alert(\"1\")</script> & '🪖' $x_1$ ]]>\x07"
TAG = "<script>alert"


@dataclass(frozen=True, eq=False)
class Case:
    report: JumpReport
    data: Evidence
    ledger: Ledger
    whole: Evidence

    @cached_property
    def readings(self) -> pd.DataFrame:
        return reporting.compare_readings(self.report, self.ledger, self.data, rng=np.random.default_rng(2))

    @cached_property
    def truth(self) -> pd.DataFrame:
        return reporting.check_truth(self.report, self.whole, rng=np.random.default_rng(3))


@cache
def shipped() -> Case:
    whole = load_ledger()
    ledger = whole.as_of("2023-12-05")
    data = ledger.evidence(SERIES)
    report = jump(data, *WINDOWS, draws=300, rng=np.random.default_rng(1))
    return Case(report, data, ledger, whole.evidence(SERIES))


def nasty_cells() -> tuple[list[dict[str, str]], dict[str, str]]:
    """Facts and a source in which every free text is hostile."""
    facts = [
        dict(cells)
        | {"series": NASTY, "fact_id": f"{cells['fact_id']} {NASTY}", "unit": NASTY, "note": NASTY}
        | {"locator": NASTY}
        for cells in GET_LOST
    ]
    source = dict(SOURCE) | {"publisher": NASTY, "title": NASTY, "url": "javascript:alert(1)", "note": NASTY}
    return facts, source


@cache
def nasty() -> Case:
    facts, source = nasty_cells()
    ledger = Ledger(tuple(map(Fact.model_validate, facts)), (Source.model_validate(source),))
    data = ledger.evidence(NASTY)
    report = jump(data, *WINDOWS, draws=200, rng=np.random.default_rng(1))
    return Case(report, data, ledger, data)


@cache
def yearly() -> JumpReport:
    """Return a jump between quarters known only as totals, so that nothing before can be forecast from."""
    cells = {"series": "s", "unit": "cases", "source_id": "S1", "published": "2024-01-01", "use": "data"}
    rows = [
        {"fact_id": "a", "kind": "total", "start": "2023-01", "end": "2023-03", "value": "12"},
        {"fact_id": "b", "kind": "bound", "start": "2023-04", "end": "2023-06", "low": "30", "high": "40"},
    ]
    ledger = Ledger(tuple(Fact.model_validate(cells | row) for row in rows), (Source.model_validate(SOURCE),))
    windows = (("2023-01", "2023-03"), ("2023-04", "2023-06"))
    return jump(ledger.evidence("s"), *windows, draws=200, rng=np.random.default_rng(1))
