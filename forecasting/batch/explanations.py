"""What is wrong with a configuration, in words: the key, the fault, and what would be right."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from forecasting.batch.secrets import is_file_name
from forecasting.errors import Problem

_SOURCES = ("csv", "parquet", "sql", "facts")
_SECRET = {"archive", "input.sql.address"}
_EXAMPLES = {
    "input": '[input] with csv = "counts.csv"',
    "input.csv": 'csv = "counts.csv"',
    "input.parquet": 'parquet = "counts.parquet"',
    "input.sql": 'sql = { address = "sqlite:///counts.db", query = "SELECT unique_id, ds, y FROM counts" }',
    "input.sql.address": 'address = "${COUNTS_DATABASE}"',
    "input.sql.query": 'query = "SELECT unique_id, ds, y FROM counts"',
    "input.facts": 'facts = "shipped"',
    "input.columns": '[input.columns] with y = "count"',
    "input.series": 'series = ["requests"]',
    "models": '[[models]] with name = "DynamicLevel"',
    "models.name": 'name = "DynamicLevel"',
    "archive": 'archive = "forecasts.db"',
    "seed": "seed = 20231205",
    "last_month": 'last_month = "drop" (leave it out) or "use" (take it as it is)',
    "horizon": "horizon = 12",
    "intervals": "intervals = [0.5, 0.9]",
    "quantiles": "quantiles = [0.025, 0.975]",
    "origins": "origins = 1",
    "as_of": "as_of = 2023-12-05",
    "missing_months": 'missing_months = "refuse"',
    "shortest": "shortest = 6",
    "workers": "workers = 2",
    "job_timeout": "job_timeout = 600",
    "archive_patience": "archive_patience = 300",
    "chunk": "chunk = 16",
    "paths": "paths = 200",
    "report": 'report = "report"',
}
_shorten = reprlib.Repr()
_shorten.maxstring = _shorten.maxother = 60


def explained(error: ValidationError, model: type[BaseModel], file: str) -> Iterator[Problem]:
    """Yield everything that pydantic found, each thing once."""
    told = set()
    for found in error.errors(include_url=False):
        place = [step for step in found["loc"] if not (isinstance(step, str) and step.startswith("function-"))]
        key = _written(place)
        general = ".".join(step for step in place if isinstance(step, str))
        message = _message(found, general, model)
        if (key, message) not in told:
            told.add((key, message))
            yield Problem(file, 0, key, message)


def across(written: Mapping[str, Any], file: str) -> Iterator[Problem]:
    """Yield what is wrong between keys, whatever else is wrong with them."""
    source = written.get("input")
    if isinstance(source, Mapping):
        given = [name for name in _SOURCES if name in source]
        if len(given) != 1:
            fault = f"names {', '.join(given)}" if given else "names no source"
            yield Problem(file, 0, "input", f"{fault}; give exactly one of {', '.join(_SOURCES)}")
        yield from _columns(source, file)
    if "job_timeout" in written and isinstance(written.get("workers"), str):
        yield Problem(
            file,
            0,
            "job_timeout",
            "is for processes of this machine: a worker of a cluster cannot be ended from here without all else that it does; "
            "take it out, or set workers to a number",
        )
    chosen = written.get("models")
    if isinstance(chosen, list):
        tables = [table for table in chosen if isinstance(table, Mapping)]
        labels = [str(table.get("label") or table.get("name")) for table in tables]
        for label in sorted({label for label in labels if labels.count(label) > 1}):
            yield Problem(file, 0, "models", f"{label[:100]!r} is there twice; tell them apart with label = ...")


def _columns(source: Mapping[str, Any], file: str) -> Iterator[Problem]:
    columns = source.get("columns", {})
    if not isinstance(columns, Mapping):
        return
    if "facts" in source and (columns.get("exposure") or columns.get("covariates")):
        yield Problem(file, 0, "input.columns", "facts have no exposure or covariates; take the keys out")
    several = columns.get("covariates", [])
    names = [columns.get(key, key) for key in ("unique_id", "ds", "y")]
    names += [columns["exposure"]] if "exposure" in columns else []
    names += several if isinstance(several, list) else []
    for name in sorted({str(name) for name in names if names.count(name) > 1}):
        yield Problem(file, 0, "input.columns", f"{name[:100]!r} is used twice; each column has one meaning")


def _written(place: list[str | int]) -> str:
    """Return ``models[2].name`` for a place in the file."""
    steps = (f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).lstrip(".")


def _message(found: Any, key: str, model: type[BaseModel]) -> str:
    example = f"; for example {_EXAMPLES[key]}" if key in _EXAMPLES else ""
    value = "" if key in _SECRET else _value(found["input"])
    match found["type"]:
        case "missing":
            return f"is missing{example}"
        case "extra_forbidden":
            known = _fields(model, found["loc"][:-1])
            close = difflib.get_close_matches(str(found["loc"][-1]), known, n=1)
            return f"is no key here; {f'did you mean {close[0]}?' if close else 'use ' + ', '.join(known)}"
        case "value_error":
            is_table = isinstance(found["input"], Mapping)  # a model, whose error says all
            return f"{found['ctx']['error']}" if is_table else f"{value}{found['ctx']['error']}{example}"
        case "literal_error":
            return f"{value}must be {found['ctx']['expected']}"
        case _:
            return f"{value}is wrong: {found['msg'][:1].lower()}{found['msg'][1:]}{example}"


def _value(given: Any) -> str:
    """Return a value and a space, or nothing: texts may be addresses with a password, and so may texts in lists."""
    shown = is_file_name(given) if isinstance(given, str) else not isinstance(given, Mapping | list)
    return f"{_shorten.repr(given)} " if shown else ""


def _fields(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Return the keys that are known at a place."""
    for step in place:
        if not isinstance(step, str) or step not in model.model_fields:
            continue
        inner = model.model_fields[step].annotation
        candidates = (inner, *getattr(inner, "__args__", ()))
        model = next((one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)), model)
    return [name for name in model.model_fields if name != "home"]
