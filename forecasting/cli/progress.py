"""Progress of a batch on standard error: a bar where somebody looks, lines of key=value pairs where a log is kept."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import click

_EVERY = 10.0
"""Seconds between lines of progress: a log of a hundred thousand series stays readable."""


class Listener(Protocol):
    """Hears of events."""

    def __call__(self, event: str, **details: Any) -> None:
        """Hear of an event."""


@contextmanager
def listener() -> Iterator[Listener]:
    """Return who hears of the events of a run."""
    bar_of = _bars() if sys.stderr.isatty() else None
    if bar_of is None:
        lines = _Lines()
        try:
            yield lines
        finally:
            lines.tell_progress()
    else:
        with bar_of(unit="job", dynamic_ncols=True, file=sys.stderr) as bar:
            yield _Bar(bar)


def _bars() -> Any:
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    return tqdm


def log(event: str, **details: Any) -> None:
    """Write a line: time, event, and details.

    Values with spaces or quotes are JSON strings; nothing that a series is called can break a line.
    """
    pairs = {"time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "event": event, **details}
    click.echo(" ".join(f"{key}={_value(value)}" for key, value in pairs.items()), err=True)


def readable(text: str) -> str:
    r"""Return a text that a terminal shows and does not obey.

    Examples
    --------
    >>> readable("a\x1b[2Jb\n")
    'a\\x1b[2Jb\\n'
    """
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


class _Lines:
    """A line an event; progress is added up for a while."""

    def __init__(self) -> None:
        self._told = float("-inf")
        self._since: Counter[str] = Counter()

    def __call__(self, event: str, **details: Any) -> None:
        if event != "progress":
            log(event, **details)
            return
        self._since.update(details)
        if time.monotonic() - self._told >= _EVERY:
            self.tell_progress()

    def tell_progress(self) -> None:
        """Write what has been done since the last line of progress."""
        if self._since:
            log("progress", **self._since)
        self._told = time.monotonic()
        self._since.clear()


class _Bar:
    """A bar, with a line above it for whatever went wrong."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._failed = 0

    def __call__(self, event: str, **details: Any) -> None:
        bar = self._bar
        if event == "start":
            bar.reset(total=details["jobs"])
        elif event == "progress":
            bar.update(details["done"] + details["known"] + details["failed"])
        elif event in ("bad", "failed"):
            self._failed += 1
            bar.update(details.get("jobs", 0))
            bar.set_postfix(failed=self._failed, refresh=False)
            bar.write(f"{readable(details['series'])}: {readable(details['reason'])}", file=sys.stderr)


def _value(value: Any) -> str:
    text = readable(str(value))
    plain = text and not any(one in text for one in ' "=\\')
    return text if plain else json.dumps(text, ensure_ascii=False)
