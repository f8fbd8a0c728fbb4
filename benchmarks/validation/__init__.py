"""Are the stated uncertainties true?  One file a piece; `benchmarks.validate` runs them.

A piece is a module with a ``TITLE``, a ``STUDY`` and its usual number of ``REPLICATIONS``, and functions from records to a
``summarise``-d result, from that to the lines of a ``page`` and to a ``headline`` for the summary, and mostly a ``draw``.
"""

from types import ModuleType

from benchmarks.validation import (
    agreement,
    calibration,
    changes,
    facts,
    jumps,
    ledgers,
    listing,
    misspecification,
    onsets,
    prediction,
    recovery,
    totals,
    trend,
)

PIECES: dict[str, ModuleType] = {
    "systems": listing,
    "ledgers": ledgers,
    "sbc": facts,
    "calibration": calibration,
    "coverage": trend,
    "prediction": prediction,
    "totals": totals,
    "misspecification": misspecification,
    "recovery": recovery,
    "jumps": jumps,
    "onsets": onsets,
    "changes": changes,
    "agreement": agreement,
}

__all__ = ["PIECES"]
