"""A value of the wrong type at a public function of batches is refused by an error of the library, before any work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecasting import ForecastingError, batch
from forecasting.batch.export import Selection
from forecasting.batch.overview import inspect
from forecasting.batch.scoring import mean_scores
from tests.batch import sites

WRONG = [[1], "no such thing", b"x", float("nan"), 1.5, -1, True, {"a": 1}, object(), pd.DataFrame({"a": [1]}), pd.NaT]
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "monitor": (batch.monitor, {"release": "latest", "rate": 0.1, "alarm": 0.1, "stale": 3}),
    "mean_scores": (mean_scores, {"release": "latest", "hindcasts": True}),
    "series_picture": (batch.series_picture, {"series": sites.PLAIN, "model": "auto"}),
    "Selection.of": (Selection.of, {"series": [sites.PLAIN], "model": ["auto"], "run": 1}),
    "inspect": (inspect, {"series": sites.PLAIN, "level": 0.9}),
    "keys": (
        lambda archive, **named: archive.keys(**named),
        {"series": sites.PLAIN, "model": "auto", "origin": "2023-12"},
    ),
    "truth": (lambda archive, **named: archive.truth(**named), {"series": sites.PLAIN, "release": "latest"}),
}


@pytest.mark.parametrize("name", CALLS)
def test_wrong_arguments_are_refused_or_understood(name: str, filled: Path) -> None:
    call, valid = CALLS[name]
    with batch.Archive.open(str(filled)) as archive:
        call(archive, **valid)
        for argument in valid:
            for value in WRONG:
                try:
                    call(archive, **valid | {argument: value})
                except ForecastingError:
                    continue


@pytest.mark.parametrize("value", WRONG)
def test_what_is_no_archive_or_configuration_is_refused(value: Any) -> None:
    for function in (batch.monitor, batch.score_archive, batch.run_batch, batch.load_config):
        with pytest.raises(ForecastingError):
            function(value)  # type: ignore[operator]
