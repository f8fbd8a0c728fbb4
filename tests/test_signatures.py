"""Public signatures are those of `tests/reference/signatures.txt`, so that a change of one is seen, and meant.

``python -m tests.test_signatures`` writes the file again; the difference belongs into the commit, and into the changelog.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

import forecasting as fc

FILE = Path(__file__).parent / "reference" / "signatures.txt"
SPACES: tuple[tuple[str, ModuleType], ...] = (("", fc), ("evaluation.", fc.evaluation), ("figures.", fc.figures))


def snapshot() -> str:
    """Return a line per public function, class and method: its name and its parameters, with defaults but without types."""
    lines = [line for prefix, space in SPACES for name in space.__all__ for line in signatures(prefix, space, name)]
    return "\n".join(sorted(set(lines))) + "\n"


def signatures(prefix: str, space: ModuleType, name: str) -> Iterator[str]:
    thing = getattr(space, name)
    if isinstance(thing, ModuleType):
        return
    full = prefix + name
    yield f"{full}{parameters(thing)}"
    for method in dir(thing) if inspect.isclass(thing) and not issubclass(thing, Exception) else ():
        found = inspect.getattr_static(thing, method)
        if method.startswith("_") or not getattr(getattr(thing, method), "__module__", "forecasting").startswith(
            "forecasting"
        ):
            continue
        if isinstance(found, property):
            yield f"{full}.{method}"
        elif callable(getattr(thing, method)):
            yield f"{full}.{method}{parameters(getattr(thing, method))}"


def parameters(thing: Any) -> str:
    """Return the parameters of something that is called; a default that is made anew or has an address is a dot."""
    if inspect.isclass(thing) and issubclass(thing, BaseModel):  # whose signature depends on what was called before
        return f"({', '.join(thing.model_fields)})"
    try:
        found = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return "(...)"
    plain = [one.replace(annotation=one.empty, default=shown(one.default)) for one in found]
    return str(inspect.Signature(plain))


def shown(default: Any) -> Any:
    return (
        default
        if isinstance(default, (str, int, float, tuple, type(None))) or default is inspect.Parameter.empty
        else ...
    )


def test_public_signatures_are_those_written_down() -> None:
    expected, found = (set(text.splitlines()) for text in (FILE.read_text(encoding="utf-8"), snapshot()))
    assert (expected - found, found - expected) == (set(), set()), "python -m tests.test_signatures writes them again"


if __name__ == "__main__":
    FILE.write_text(snapshot(), encoding="utf-8")
