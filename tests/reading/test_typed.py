"""Functions held to their annotations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import pytest

from forecasting.errors import InvalidInput
from forecasting.reading.typed import typed


class Heard(Protocol):
    """Something that is called."""

    def __call__(self) -> None: ...


@typed
def function(
    text: str,
    whole: int = 1,
    several: str | Sequence[str] | None = None,
    pairs: Mapping[str, int] | None = None,
    choice: Literal["a", "b"] | bytes = "a",
    anything: Any = None,
    heard: Heard | None = None,
    **more: Any,
) -> str:
    """Return what was given."""
    return text


@pytest.mark.parametrize(
    "named",
    [
        {},
        {"whole": 3, "several": "x", "pairs": {}, "choice": "b", "anything": object(), "heard": print, "more": 1},
        {"several": ["x", "y"], "pairs": {"x": 1}, "choice": b"z"},
        {"several": ()},
    ],
)
def test_what_is_of_the_types_passes(named: dict[str, Any]) -> None:
    assert function("text", **named) == "text"


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"text": 1}, r"text is int; function\(\) takes str"),
        ({"whole": True}, "whole is bool"),
        ({"whole": 1.0}, "whole is float"),
        ({"several": ["x", 1]}, "several is list; .* takes str or Sequence of str or None"),
        ({"several": b"x"}, "several is bytes"),
        ({"pairs": {"x": "y"}}, "pairs is dict"),
        ({"pairs": [1]}, "pairs is list"),
        ({"choice": "c"}, "choice is str; .* takes 'a' or 'b' or bytes"),
    ],
)
def test_anything_else_is_refused_by_name(named: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        function(**{"text": "x", **named})


def test_a_call_that_does_not_fit_is_the_error_of_python() -> None:
    with pytest.raises(TypeError, match="missing a required argument"):
        function()  # type: ignore[call-arg]
