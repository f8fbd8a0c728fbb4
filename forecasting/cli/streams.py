"""The standard streams of a command that runs at night: a log stops nothing, and results that cannot be written are told."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO, cast


class OutputLost(Exception):
    """Standard output cannot be written."""


def prepare() -> None:
    """Replace the streams of this process; those that a caller has put in their place stay.

    A stream that was closed when the process began is opened on the null device, so that no file of ours gets its number.
    """
    if sys.stdout is not sys.__stdout__ or sys.stderr is not sys.__stderr__:
        return
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # opened the wrong way round: whoever uses it is told
            os.set_inheritable(os.open(os.devnull, os.O_RDONLY if number else os.O_WRONLY), True)
    for name, kind in (("stdout", _Results), ("stderr", _Log)):
        stream = getattr(sys, name) or os.fdopen(1 if name == "stdout" else 2, "w", encoding="utf-8", closefd=False)
        with suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, cast(TextIO, kind(stream)))


def silence() -> None:
    """Send what is left of standard output to the null device, so that the end of the process does not fail on it."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Wrapped:
    """A text stream without the binary one below it, which would be a way around."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":
            raise AttributeError(name)
        return getattr(self._stream, name)


class _Log(_Wrapped):
    """What cannot be written is lost, and nobody is stopped by it."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()


class _Results(_Wrapped):
    """What cannot be written is an error, unless the reader has seen enough."""

    def write(self, text: str) -> int:
        self._tried(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        self._tried(self._stream.flush)

    def _tried(self, method: Callable[..., Any], *arguments: str) -> None:
        try:
            method(*arguments)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLost(error.strerror) from None
