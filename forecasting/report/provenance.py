"""What is needed to run an analysis again: versions, seed, data."""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version

import forecasting
from forecasting.evidence import Ledger

_PACKAGES = ("numpy", "scipy", "pandas")


def provenance(ledger: Ledger, *, command: str, seed: int, draws: int) -> dict[str, object]:
    """Return the record of an analysis, the same for the same request, data and versions.

    Parameters
    ----------
    ledger : Ledger
        The facts as they were used.
    command : str
        What was typed, without options that only say where results go.
    seed, draws : int
        Of the random numbers.
    """
    return {
        "command": command,
        "seed": seed,
        "draws": draws,
        "as_of": None if ledger.vintage is None else str(ledger.vintage),
        "ledger_sha256": digest(ledger),
        "versions": {
            "forecasting": forecasting.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    }


def digest(ledger: Ledger) -> str:
    """Return a fingerprint of every fact, source and reading of a ledger."""
    tables = (ledger.facts, ledger.sources, ledger.readings)
    return hashlib.sha256("\n".join(table.to_csv(index=False) for table in tables).encode()).hexdigest()
