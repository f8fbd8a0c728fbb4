"""Every public name has an example; pytest runs it in its module, and it borrows nothing there, so a reader can paste it."""

from __future__ import annotations

import ast
import builtins
import doctest
import importlib
import inspect
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
    heard = Listener()
    command = ["--collect-only", "-qq", "-p", "no:cacheprovider", f"--rootdir={ROOT}", str(ROOT / "forecasting")]
    assert pytest.main(command, plugins=[heard]) == pytest.ExitCode.OK
    return {name.partition("::")[2] for name in heard.names}


class Listener:
    """Hears what another run of pytest in this process collects."""

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.names = [item.nodeid for item in session.items]


def test_every_example_is_collected(collected: set[str]) -> None:
    assert [name for name, thing in PUBLIC.items() if full_name(thing) not in collected] == []


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_of_a_name_stands_alone(name: str) -> None:
    """It takes no name from the module in which pytest runs it, so it gives the same where a reader pastes it."""
    thing = PUBLIC[name]
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(thing) or "")
    assert examples, f"{name} has no example"
    assert borrowed("".join(example.source for example in examples)) == set()


def test_what_an_example_borrows_is_seen() -> None:
    assert borrowed(
        "import numpy as np\nx = np.zeros(2)\n[y for y in x if y < limit]\nprint(len(later))\nlater = 1\n"
    ) == {
        "limit",
        "later",
    }
    assert borrowed("def f(a, *, b=2):\n    return a + b\n(lambda c: f(c))(1)\nwith open('a') as g:\n    g\n") == set()


def borrowed(source: str) -> set[str]:
    """Return the names that lines of code use before they bind them, and that Python does not have."""
    known, missing = set(dir(builtins)), set()
    for statement in ast.parse(source).body:
        nodes = list(ast.walk(statement))
        used = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        inner = {node.arg for node in nodes if isinstance(node, ast.arg)}
        bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        bound |= {(node.asname or node.name).partition(".")[0] for node in nodes if isinstance(node, ast.alias)}
        bound |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        bound |= {str(node.name) for node in nodes if isinstance(node, ast.ExceptHandler)}
        missing |= used - known - inner - bound
        known |= bound
    return missing
