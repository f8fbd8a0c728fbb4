"""Series of other packages, read from a folder beside the project and never committed."""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecasting.series import CountSeries

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent


@cache
def expected(name: str) -> dict[str, Any]:
    """Numbers made by the R script of the same name."""
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))


@cache
def _cases() -> dict[str, Any] | None:
    folder = Path(os.environ.get("FORECASTING_REFERENCE", ROOT.parent / "shared" / "reference"))
    file = folder / "r_reference.json"
    return json.loads(file.read_text(encoding="utf-8"))["cases"] if file.is_file() else None


def values(case: str) -> list[float]:
    """The values of the series of a case; as in `series` where they are absent."""
    return list(_data(case)["values"])


def series(case: str) -> CountSeries:
    """The series of a case; the test is skipped where its folder is absent, and fails where everything must be there."""
    data = _data(case)
    year, month = data["start"]
    return monthly(data["values"], f"{year}-{month:02d}")


def _data(case: str) -> dict[str, Any]:
    cases = _cases()
    if cases is None:
        message = "the series of R packages are not here; name their folder in FORECASTING_REFERENCE"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    data: dict[str, Any] = cases[case]["data"]
    return data


def monthly(values: list[int], start: str) -> CountSeries:
    return CountSeries(pd.period_range(start, periods=len(values), freq="M"), values)
