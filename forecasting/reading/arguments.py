"""The arguments of public functions: one reader for each kind of value, whose error names the argument."""

from __future__ import annotations

import operator
import os
import re
from collections.abc import Iterable
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import InvalidInput

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/", re.ASCII)  # one letter is a drive


def read_number(value: object, name: str) -> float:
    """Return one number, which may be infinite; `name` is the argument.

    Raises
    ------
    InvalidInput
        If it is a list, NaN, a truth value, too large for a double, or not a number.

    Examples
    --------
    >>> read_number(8, "y")
    8.0
    """
    if not isinstance(value, Real) or isinstance(value, bool) or value != value:
        raise InvalidInput(f"{name}={value!r} must be one number, neither a list nor NaN")
    try:
        return float(value)
    except OverflowError:
        raise InvalidInput(f"{name} is a number of more than 308 digits; give a smaller one") from None


def read_whole(value: object, name: str, least: int = 1, most: int = 2**53) -> int:
    """Return one whole number from `least` to `most`.

    Raises
    ------
    InvalidInput
        If it is something else, a truth value or a number past 2^53 included.

    Examples
    --------
    >>> read_whole(3, "step")
    3
    """
    try:
        number = least - 1 if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = least - 1
    if not least <= number <= most:
        range_ = f"of at least {least}" if most == 2**53 else f"from {least} to {most}"
        raise InvalidInput(f"{name}={value!r} must be a whole number {range_}")
    return number


def read_share(value: object, name: str) -> float:
    """Return one number from 0 to 1.

    Raises
    ------
    InvalidInput
        If it is something else.

    Examples
    --------
    >>> read_share(0.9, "damping")
    0.9
    """
    number = read_number(value, name)
    if not 0.0 <= number <= 1.0:
        raise InvalidInput(f"{name}={value!r} must lie between 0 and 1")
    return number


def read_flag(value: object, name: str) -> bool:
    """Return True or False.

    Raises
    ------
    InvalidInput
        If it is something else, 0 and 1 included.

    Examples
    --------
    >>> read_flag(True, "keep")
    True
    """
    if not isinstance(value, bool | np.bool_):
        raise InvalidInput(f"{name}={value!r} must be True or False")
    return bool(value)


def read_choice(value: object, name: str, known: Iterable[str]) -> str:
    """Return one of the `known` texts.

    Raises
    ------
    InvalidInput
        If it is something else.

    Examples
    --------
    >>> read_choice("log", "link", ("log", "identity"))
    'log'
    """
    choices = tuple(known)
    if not isinstance(value, str) or value not in choices:
        *others, last = map(repr, choices)
        known_ones = f"{', '.join(others)} or {last}" if others else last
        raise InvalidInput(f"{name}={value!r} is unknown; use {known_ones}")
    return value


def read_array(values: Any, name: str) -> NDArray[np.float64]:
    """Return numbers of any shape as a new array of doubles; NaN where there is none.

    Raises
    ------
    InvalidInput
        If they are not numbers, the rows of a table have different lengths, or labels of pandas are out of order.

    Examples
    --------
    >>> read_array([1, None], "differences")
    array([ 1., nan])
    """
    refuse_disorder(values, name)
    try:
        raw = np.asarray(values)
        texts = [entry for entry in raw.flat if isinstance(entry, str | bytes)] if raw.dtype.kind not in "biuf" else []
        if texts or raw.dtype.kind not in "biufO":
            raise TypeError(f"such as {texts[0]!r}" if texts else f"but {raw.dtype}")
        return np.array(raw, dtype=float)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"{name} has values that are no numbers ({error}); give numbers, in rows of one length"
        ) from None


def refuse_disorder(values: Any, name: str) -> None:
    """Raise `InvalidInput` for a Series or a DataFrame whose labels are out of order: only its positions would be read."""
    for axis in getattr(values, "axes", ()):
        if not getattr(axis, "is_monotonic_increasing", True):
            raise InvalidInput(
                f"the labels of {name} are out of order, such as {axis[0]} before {axis[1]}; sort them, or pass "
                f"{name}.to_numpy() if the order is meant"
            )


def read_path(value: object, name: str) -> Path:
    """Return the path of a file or folder.

    Raises
    ------
    InvalidInput
        If it is neither a text nor a path, or is an address, which may hold a password and is not shown.

    Examples
    --------
    >>> read_path("facts", "folder").name
    'facts'
    """
    if isinstance(value, os.PathLike | str) and isinstance(os.fspath(value), str):
        if _ADDRESS.match(os.fspath(value)):
            raise InvalidInput(
                f"{name} is the address of a server, not a path; fetch the file first, and name where it is"
            )
        return Path(value)
    raise InvalidInput(f"{name}={value!r} must be a path, such as 'my/facts'")
