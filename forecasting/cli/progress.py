"""Progress of a batch on standard error: a bar where somebody looks, lines of key=value pairs where a log is kept."""

from __future__ import annotations

import datetime as dt
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from forecasting.batch.runner import Listener

_EVERY = 10.0
"""Seconds between lines of progress: a log of a hundred thousand series stays readable."""

_SILENCE = 30.0
"""Seconds without a line after which one says what is being waited for."""

_BEAT = 5.0
"""Seconds between looks whether it is time for that."""

_COUNTED = ("done", "known", "failed", "bad_series")


@contextmanager
def listener(so_far: dict[str, Any] | None = None) -> Iterator[Listener]:
    """Yield who hears of the events of a run; what has been done by now is written down in `so_far`."""
    bar_of = _bars() if sys.stderr.isatty() else None
    done = {} if so_far is None else so_far
    with ExitStack() as stack:
        hears: _Lines | _Bar
        if bar_of is None:
            hears = _Lines()
        else:
            hears = _Bar(stack.enter_context(bar_of(unit="job", dynamic_ncols=True, file=sys.stderr)))
        stack.enter_context(_beating(hears.beat))

        def hear(event: str, **details: Any) -> None:
            _count(done, event, details)
            hears(event, **details)

        try:
            yield hear
        except BaseException as error:
            hears("stopped", reason=type(error).__name__, **done)
            raise
        finally:
            hears.tell_progress()


def _count(done: dict[str, Any], event: str, details: dict[str, Any]) -> None:
    if event == "start":
        done.update({key: details[key] for key in ("run", "series")} | dict.fromkeys(_COUNTED, 0))
    elif event == "progress":
        for key, number in details.items():
            done[key] = done.get(key, 0) + number
    elif event == "bad":
        done["bad_series"] = done.get("bad_series", 0) + 1


@contextmanager
def _beating(beat: Callable[[], None]) -> Iterator[None]:
    """Call a function again and again from another thread, whatever this one waits for."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_BEAT):
            beat()

    thread = threading.Thread(target=watch, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


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
    """A line per event; progress is added up for a while, and silence is broken."""

    def __init__(self) -> None:
        self._told = float("-inf")
        self._last = time.monotonic()
        self._since: Counter[str] = Counter()
        self._doing: dict[str, tuple[float, dict[str, Any]]] = {}
        self._one_at_a_time = threading.RLock()

    def __call__(self, event: str, **details: Any) -> None:
        with self._one_at_a_time:
            if event == "doing":
                self._start(**details)
            elif event == "progress":
                self._since.update(details)
                if time.monotonic() - self._told >= _EVERY:
                    self.tell_progress()
            else:
                if event in ("end", "stopped"):
                    self.tell_progress()
                self._log(event, **details)

    def _start(self, worker: str, job: dict[str, Any] | None) -> None:
        """Note what a worker does from now on."""
        self._doing.pop(worker, None)
        if job is not None:
            self._doing[worker] = (time.monotonic(), job)

    def _log(self, event: str, **details: Any) -> None:
        self._last = time.monotonic()
        log(event, **details)

    def tell_progress(self) -> None:
        """Write what has been done since the last line of progress."""
        with self._one_at_a_time:
            if self._since:
                self._log("progress", **self._since)
            self._told = time.monotonic()
            self._since.clear()

    def beat(self) -> None:
        """Say what is being done if nothing has been said for long: the job that takes longest is told by name."""
        with self._one_at_a_time:
            if time.monotonic() - self._last < _SILENCE:
                return
            self.tell_progress()
            now = time.monotonic()
            since, longest = min(self._doing.values(), key=lambda one: one[0], default=(now, {}))
            self._log("waiting", jobs=len(self._doing), seconds=round(now - since), **longest)


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
        elif event in ("left_out", "retry"):
            bar.write(readable(details["reason"]), file=sys.stderr)

    def tell_progress(self) -> None:
        """Show the bar as it is."""
        self._bar.refresh()

    beat = tell_progress


def _value(value: Any) -> str:
    text = readable(str(value))
    plain = text and not any(one in text for one in ' "=\\')
    return text if plain else json.dumps(text, ensure_ascii=False)
