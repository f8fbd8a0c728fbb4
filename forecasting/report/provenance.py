"""What is needed to run an analysis again: the command, the seed, fingerprints of data and code, versions."""

from __future__ import annotations

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pandas as pd

import forecasting
from forecasting.evidence import Evidence, Ledger
from forecasting.series import CountSeries

_PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "jinja2")
_CODE = {".py", ".html", ".css"}


def provenance(
    data: Ledger | Evidence | CountSeries, *, command: str, seed: int, draws: int, truth: Ledger | None = None
) -> dict[str, object]:
    """Return the record of an analysis, the same for the same request, data and versions: it holds no time of day.

    Parameters
    ----------
    data : Ledger, Evidence or CountSeries
        What was analysed.
    command : str
        What gives the result again, every option spelt out but those that only say where results go.
    seed, draws : int
        Of the random numbers.
    truth : Ledger, optional
        Where what was published later was looked up.
    """
    vintage = data.vintage if isinstance(data, Ledger) else getattr(data, "as_of", None)
    return {
        "command": command,
        "seed": seed,
        "draws": draws,
        "as_of": None if vintage is None else str(vintage),
        "ledger_sha256" if isinstance(data, Ledger) else "data_sha256": digest(data),
        **({} if truth is None else {"truth_sha256": digest(truth)}),
        "code_sha256": code_digest(),
        "machine": f"{platform.system()} {platform.machine()}",
        "threads": os.environ.get("OPENBLAS_NUM_THREADS", "not limited"),
        "versions": {
            "forecasting": forecasting.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _PACKAGES},
        },
    }


def digest(data: Ledger | Evidence | CountSeries) -> str:
    """Return a fingerprint of every fact, source and reading of a ledger, of the facts of a series, or of its counts."""
    if isinstance(data, Ledger):
        tables = [data.facts, data.sources, data.readings]
    elif isinstance(data, Evidence):
        tables = [data.facts]
    else:
        tables = [pd.DataFrame({"month": data.months, "count": data.values, "missing": data.missing})]
    return hashlib.sha256("\n".join(table.to_csv(index=False) for table in tables).encode()).hexdigest()


@cache
def code_digest() -> str:
    """Return a fingerprint of the installed code and templates, which tells two states of one version apart."""
    home = Path(forecasting.__file__).parent
    files = sorted(file for file in home.rglob("*") if file.suffix in _CODE)
    found = hashlib.sha256()
    for file in files:
        found.update(f"{file.relative_to(home).as_posix()}\0".encode() + file.read_bytes())
    return found.hexdigest()
