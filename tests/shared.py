"""Where reference numbers and series lie that belong to others and are not part of the repository."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(os.environ.get("FORECASTING_SHARED") or Path(__file__).parents[2] / "shared")


@cache
def r_cases() -> dict[str, Any]:
    """Return results of R packages by the name of the case; skip where they are absent, but fail in continuous integration."""
    path = FOLDER / "reference" / "r_reference.json"
    if not path.exists():
        reason = f"{path} is absent; set FORECASTING_SHARED to the folder that holds reference/r_reference.json"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return dict(json.loads(path.read_text(encoding="utf-8"))["cases"])
