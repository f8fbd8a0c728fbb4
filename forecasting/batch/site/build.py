"""Writing the site: next to the old one, in several processes, and put in its place when it is complete."""

from __future__ import annotations

import glob
import multiprocessing
import os
import platform
import re
import shutil
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecasting.batch.archive import Archive
from forecasting.batch.monitoring import KINDS, Monitor, in_words, monitor
from forecasting.batch.site.content import FLAGS, Attention, content, line
from forecasting.batch.site.known import Known, read_known
from forecasting.batch.site.pages import file_name, render
from forecasting.errors import ForecastingError, InvalidInput

_MARK = ".forecasting-report"
_TOGETHER = 50  # series in memory at a time
_FEW = 200  # series that are not worth other processes

COLUMNS = ("series", "attention", "until", "last count", "forecast", "scored", "held", "CRPS")
TEXTS = (0, 1)

_LETTERS = {"jumps": "J", "stale": "S", "gone": "G"}


@dataclass(frozen=True)
class Built:
    """What was written.

    Attributes
    ----------
    folder : Path
        Where; ``index.html`` is the way in.
    series : int
        Pages of series.
    attention : int
        Series that call for attention.
    """

    folder: Path
    series: int
    attention: int

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"folder": str(self.folder), "series": self.series, "attention": self.attention}


def build_site(address: str, folder: Path, *, models: Sequence[str] = (), workers: int = 1) -> Built:
    """Write the report of an archive.

    Parameters
    ----------
    address : str
        Of the archive.
    folder : Path
        The folder to write; an earlier report there is replaced when the new one is complete.
    models : sequence of str
        Models in the order in which they are to be shown.
    workers : int
        Processes.

    Raises
    ------
    InvalidInput
        If the folder holds something else than a report, or cannot be written.
    ArchiveError
        If there is no archive, or it is damaged.
    """
    with (
        Archive.open(address, create=False) as opened,
        opened.snapshot() as archive,
        _replacing(folder) as fresh,
    ):
        found = monitor(archive)
        attention = _attention(found)
        names = archive.series()
        pages = fresh / "series"
        pages.mkdir()
        parts = [names[first : first + _TOGETHER] for first in range(0, len(names), _TOGETHER)]
        tasks = (
            (
                pages,
                [(known, attention.get(known.name, Attention())) for known in read_known(archive, part)],
                tuple(models),
            )
            for part in parts
        )
        rows = [row for written in _carry_out(tasks, workers if len(names) > _FEW else 1) for row in written]
        rows += [line(name, one) for name, one in sorted(attention.items()) if name not in set(names)]
        last = archive.runs().tail(1).fillna("").to_dict("records")
        run = {key: str(last[0][key])[:19].replace("T", " ") for key in ("id", "started", "finished")} if last else None
        calling = sum(bool(row[2]) for row in rows)
        index = render("index.html", rows=rows, flags=FLAGS, columns=COLUMNS, texts=TEXTS, run=run, attention=calling)
        (fresh / "index.html").write_text(index, encoding="utf-8")
        (fresh / "monitor.html").write_text(_monitor_page(found, set(names)), encoding="utf-8")
    return Built(folder, len(names), calling)


_Task = tuple[Path, list[tuple[Known, Attention]], tuple[str, ...]]


def _carry_out(tasks: Iterable[_Task], workers: int) -> Iterator[list[list[Any]]]:
    if workers == 1:
        yield from map(_write_pages, tasks)
        return
    waiting: deque[Future[list[list[Any]]]] = deque()
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        for task in tasks:  # read here, so that all pages show one state of the archive; written there
            waiting.append(pool.submit(_write_pages, task))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _write_pages(task: _Task) -> list[list[Any]]:
    """Write the pages of some series and return their lines of the index."""
    folder, series, models = task
    rows = []
    for known, attention in series:
        page, row = content(known, attention, models)
        (folder / f"{row[1]}.html").write_text(render("series.html", page=page), encoding="utf-8")
        rows.append(row)
    return rows


def _attention(found: Monitor) -> dict[str, Attention]:
    """Return what calls for attention, by series."""
    said: dict[str, list[tuple[str, str]]] = {}
    told = found.to_dict()
    for kind in KINDS:
        for row in told[kind]:
            said.setdefault(row["unique_id"], []).append((_letter(kind, row), in_words(kind, row)))
    return {
        name: Attention(_letters({code for code, _ in pairs}), tuple(text for _, text in pairs))
        for name, pairs in said.items()
    }


def _letters(found: set[str]) -> str:
    """Return them in the order of `FLAGS`; what drifted is on watch anyway."""
    return "".join(code for code in FLAGS if code in found and not (code == "W" and "D" in found))


def _letter(kind: str, row: dict[str, Any]) -> str:
    if kind in _LETTERS:
        return _LETTERS[kind]
    return {"drifted": "D", "watch": "W", "failed": "X", "bad data": "B", "done": "N"}[
        row.get("drift") or row["status"]
    ]


def _monitor_page(found: Monitor, with_page: set[str]) -> str:
    told = found.to_dict()
    for kind in KINDS:
        for row in told[kind]:
            row["file"] = file_name(row["unique_id"]) if row["unique_id"] in with_page else ""
    return render("monitor.html", m=told)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `folder` in the end, or is removed.

    Two renames put it there: whoever looks sees the old report, for an instant none, then the new one; never half of one.
    """
    if folder.exists() and not (folder / _MARK).exists() and any(folder.iterdir()):
        raise InvalidInput(f"{folder} holds something that is no report; name another folder, or empty it")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        space = Path(tempfile.mkdtemp(prefix=f"{_space_of(folder)}{os.getpid()}-", dir=folder.parent))
    except OSError as error:
        raise InvalidInput(f"{folder} cannot be written ({error.strerror}); choose another place") from None
    try:
        fresh, old = space / "new", space / "old"
        fresh.mkdir()
        (fresh / _MARK).touch()
        yield fresh
        if folder.exists():
            os.rename(folder, old)
        os.rename(fresh, folder)
    except OSError as error:
        raise ForecastingError(
            f"the report was not written: {error.strerror}; the old one, if any, is as it was"
        ) from None
    finally:
        shutil.rmtree(space, ignore_errors=True)


def _sweep(folder: Path) -> None:
    """Remove what reports of processes that are dead have left beside a folder; put back the report that one had put aside."""
    for space in folder.parent.glob(f"{glob.escape(_space_of(folder))}*"):
        owner = re.fullmatch(r"(\d+)-\w+", space.name.removeprefix(_space_of(folder)))
        if owner is None or _lives(int(owner[1])):
            continue
        if not folder.exists() and (space / "old" / _MARK).exists():
            os.rename(space / "old", folder)
        shutil.rmtree(space, ignore_errors=True)


def _space_of(folder: Path) -> str:
    """Return how the names of folders begin in which reports are written on this machine."""
    return f".{folder.name}-{platform.node()}-"


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # of somebody else, or elsewhere
        return True
    return True
