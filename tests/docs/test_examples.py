"""Every public name has an example; pytest runs it in its module, and here it runs alone, as a reader would paste it."""

from __future__ import annotations

import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HOMES = ["forecasting", "forecasting.batch", "forecasting.evaluation", "forecasting.figures"]
ROOT = Path(__file__).parents[2]


def public() -> dict[str, Any]:
    """Return every public name with what it stands for; a name at home in two places, once."""
    found: dict[int, tuple[str, Any]] = {}
    for home in HOMES:
        module = importlib.import_module(home)
        for name in module.__all__:
            thing = getattr(module, name)
            found.setdefault(id(thing), (f"{home}.{name}", thing))
    closed = importlib.import_module("forecasting.evaluation.closed")
    for name, thing in inspect.getmembers(closed, inspect.isfunction):
        if thing.__module__ == closed.__name__ and not name.startswith("_"):
            found[id(thing)] = f"{closed.__name__}.{name}", thing
    return dict(found.values())


PUBLIC = public()


def full_name(thing: Any) -> str:
    """Return the name under which pytest collects the example of a thing."""
    return thing.__name__ if inspect.ismodule(thing) else f"{thing.__module__}.{thing.__qualname__}"


@pytest.fixture(scope="module")
def collected() -> set[str]:
    """The doctests that `make test` collects."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", "forecasting"]
    listing = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {line.partition("::")[2] for line in listing.splitlines()}


def test_every_example_is_collected(collected: set[str]) -> None:
    assert [name for name, thing in PUBLIC.items() if full_name(thing) not in collected] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_of_a_name_runs_alone(name: str) -> None:
    thing = PUBLIC[name]
    examples = doctest.DocTestParser().get_doctest(inspect.getdoc(thing) or "", {}, name, None, 0)
    assert examples.examples, f"{name} has no example"
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(examples, out=said.append).failed == 0, "".join(said)
