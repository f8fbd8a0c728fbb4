"""Arguments held to the annotations of a function: a value of another type is refused by name, before any work is done."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from types import NoneType, UnionType
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from forecasting.errors import InvalidInput

P = ParamSpec("P")
R = TypeVar("R")


def typed(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that it takes what its annotations say, and refuses anything else by name.

    Raises
    ------
    InvalidInput
        From the decorated function, if an argument has another type.

    Examples
    --------
    >>> @typed
    ... def twice(number: int, times: list[int] | None = None) -> int:
    ...     return 2 * number
    >>> twice("a")
    Traceback (most recent call last):
        ...
    forecasting.errors.InvalidInput: number is str; twice() takes int
    """

    @wraps(function)
    def checked(*arguments: P.args, **named: P.kwargs) -> R:
        for name, value in inspect.signature(function).bind(*arguments, **named).arguments.items():
            hint = _hints(function).get(name, Any)
            if not _fits(value, hint):
                wanted = " or ".join(_name(one) for one in _parts(hint))
                raise InvalidInput(f"{name} is {type(value).__name__}; {function.__name__}() takes {wanted}")
        return function(*arguments, **named)

    return checked


@cache
def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(function)


def _parts(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _fits(value: object, hint: Any) -> bool:
    return any(_is_one(value, part) for part in _parts(hint))


def _is_one(value: object, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin is Sequence:
        return isinstance(value, list | tuple) and all(_fits(one, get_args(hint)[0]) for one in value)
    if origin is Mapping:
        kinds = get_args(hint)
        return isinstance(value, Mapping) and all(_fits(k, kinds[0]) and _fits(v, kinds[1]) for k, v in value.items())
    if origin is Literal:
        return isinstance(value, str) and value in get_args(hint)
    is_open = getattr(hint, "_is_protocol", False) and not getattr(hint, "_is_runtime_protocol", False)
    if not isinstance(hint, type) or hint in (Any, float) or is_open:
        return True  # numbers are read where they are used, and functions are called
    return isinstance(value, hint) and not (hint is int and isinstance(value, bool))


def _name(hint: Any) -> str:
    if hint is NoneType:
        return "None"
    if get_origin(hint) is Literal:
        return " or ".join(map(repr, get_args(hint)))
    inner = ", ".join(map(_name, get_args(hint)))
    return f"{getattr(hint, '__name__', str(hint))}{f' of {inner}' if inner else ''}"
