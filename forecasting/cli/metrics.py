"""Numbers for a monitor: a file in the text format of Prometheus, such as the textfile collector of node_exporter reads."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from forecasting.cli.output import place_of
from forecasting.errors import InvalidInput

_HELP = {
    "run": "Number of the newest run.",
    "run_started_timestamp_seconds": "When the newest run began.",
    "run_ended": "1 if the newest run has ended, 0 while it runs or if it was interrupted.",
    "last_run_timestamp_seconds": "When the newest run that ended did so.",
    "last_run_complete": "1 if that run left nothing out.",
    "last_run_seconds": "How long that run took.",
    "last_run_series": "Series in the input of that run.",
    "last_run_done": "Forecasts that it made.",
    "last_run_known": "Forecasts that were archived already.",
    "last_run_failed": "Forecasts that failed.",
    "last_run_bad_series": "Series that were not forecast because of their data.",
    "archived_series": "Series with a finished forecast.",
    "current_series": "Series with a finished forecast from the newest origin.",
    "attention": "What calls for attention, by kind.",
}


def of_status(found: Mapping[str, Any]) -> dict[str, float]:
    """Return the numbers in what `forecasting.batch.overview.status` found.

    Examples
    --------
    >>> of_status({"run": 2, "started": "2024-01-05T06:00:00+00:00", "finished": None, "archived": 9, "current": 9})
    {'run': 2, 'run_started_timestamp_seconds': 1704434400.0, 'run_ended': 0, 'archived_series': 9, 'current_series': 9}
    """
    numbers: dict[str, Any] = {"run": found["run"]}
    for name, key in (("run_started_timestamp_seconds", "started"), ("last_run_timestamp_seconds", "ended")):
        numbers[name] = datetime.fromisoformat(found[key]).timestamp() if found.get(key) else None
    numbers["run_ended"] = int(found["finished"] is not None) if found["run"] is not None else None
    for key in ("complete", "seconds", "series", "done", "known", "failed", "bad_series"):
        numbers[f"last_run_{key}"] = None if found.get(key) is None else found[key] + 0
    numbers |= {"archived_series": found["archived"], "current_series": found["current"]}
    return {name: numbers[name] for name in _HELP if numbers.get(name) is not None}


def of_monitor(told: Mapping[str, Any], kinds: Iterable[str]) -> dict[str, float]:
    """Return the numbers in what the monitor found: how many of each kind call for attention."""
    return {f'attention{{kind="{kind}"}}': len(told[kind]) for kind in kinds}


def write_metrics(file: str, batch: str, numbers: Mapping[str, float]) -> None:
    """Write numbers beside the old file and put it in its place, so that a reader never sees half of it.

    Parameters
    ----------
    file : str
        Ends in ``.prom``.
    batch : str
        Label that tells one batch from another.
    numbers : mapping
        By name, with further labels in braces.

    Raises
    ------
    InvalidInput
        If it cannot be written.
    """
    label = batch.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    lines, told = [], set()
    for key, number in numbers.items():
        name, _, others = key.partition("{")
        if name not in told:
            told.add(name)
            lines += [f"# HELP forecasting_{name} {_HELP[name]}", f"# TYPE forecasting_{name} gauge"]
        labels = ",".join(filter(None, (f'batch="{label}"', others.rstrip("}"))))
        lines.append(f"forecasting_{name}{{{labels}}} {float(number):.15g}")
    place = place_of(file, "--metrics")
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        beside.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
        os.replace(beside, place)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise InvalidInput(f"{file} cannot be written ({error.strerror}); choose another place") from None
