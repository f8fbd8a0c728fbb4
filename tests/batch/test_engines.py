"""Workers that die, for real: their chunks are done again, and a job that kills whoever does it is recorded as failed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from forecasting.batch.engines import Pool
from forecasting.batch.jobs import Chunk, perform
from forecasting.batch.workers import Crew
from forecasting.errors import EngineLost, InvalidInput
from tests.batch.batches import children, eventually
from tests.batch.deadly import chunks, deadly


def crew(number: int = 2, timeout: float | None = None, heard: list[dict[str, Any]] | None = None) -> Crew:
    def tell(event: str, **details: Any) -> None:
        if heard is not None:
            heard.append(details)

    return Crew(number, timeout, tell, work=deadly)


def errors(engine: Crew, given: list[Chunk]) -> dict[str, str | None]:
    return {record.key.series: record.error for _, records in engine(given) for record in records}


def test_a_job_that_kills_its_worker_and_one_that_hangs(tmp_path: Path) -> None:
    """Frozen processes do not get far enough to notice anything by themselves."""
    accident = f"once:{tmp_path}/accident"
    heard: list[dict[str, Any]] = []
    found = errors(crew(1, timeout=1.0, heard=heard), chunks("a b", "c poison d", accident, "e frozen f", "g"))
    assert "died twice" in str(found.pop("poison"))
    assert found.pop("frozen") == "not done within job_timeout = 1 s; its worker was replaced"
    assert found == dict.fromkeys((*"abcdefg", accident), "as expected")
    assert {detail["job"]["series"] for detail in heard if detail["job"]} == {*found, "poison", "frozen"}


@pytest.mark.slow
def test_time_that_nobody_waits_is_not_counted() -> None:
    for _, records in crew(1, timeout=1.0)(chunks("a b c", "d e f")):
        time.sleep(1.2)
        assert {record.error for record in records} == {"as expected"}


@pytest.mark.slow
def test_processes_that_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.batch.workers.serve", os._exit)
    light = Crew(1, None, lambda *_, **__: None, work=print)  # type: ignore[arg-type]  # nothing to import
    with pytest.raises(EngineLost, match="three worker processes in a row"):
        errors(light, chunks("a"))


@pytest.mark.slow
def test_chunks_are_taken_as_workers_become_free_and_stopping_stops_the_workers() -> None:
    taken = []

    def watched() -> Iterator[Chunk]:
        for chunk in chunks(*(f"s{k}" for k in range(20))):
            taken.append(chunk)
            yield chunk

    results = crew()(watched())
    for done, _ in zip(range(15), results, strict=False):
        assert len(taken) - done <= 4
    before = multiprocessing.active_children()
    results.close()
    assert before
    assert not [process for process in before if process.is_alive()]


PARENT = """
import signal
from forecasting.batch.workers import Crew
from tests.batch.deadly import chunks, deadly
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background of a shell
list(Crew(1, None, lambda *_, **__: None, work=deadly)(chunks("frozen")))
"""


@pytest.mark.slow
def test_no_worker_outlives_its_parent() -> None:
    ends = (signal.SIGKILL, signal.SIGINT)
    parents = [subprocess.Popen([sys.executable, "-c", PARENT], stderr=subprocess.DEVNULL) for _ in ends]
    for parent, end in zip(parents, ends, strict=True):
        eventually(lambda number=parent.pid: "T" in map(state, children(number)), 200)  # its worker is frozen
        workers = children(parent.pid)
        parent.send_signal(end)
        parent.wait(timeout=60)
        eventually(lambda those=workers: {*map(state, those)} <= {"", "Z"}, 20)


def state(process: int) -> str:
    file = Path(f"/proc/{process}/stat")
    try:
        return file.read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def test_another_version_of_the_library_is_refused() -> None:
    with pytest.raises(InvalidInput, match="a worker runs version"):
        perform(chunks("a", library="0.0.0")[0])


class _Deserted(Executor):
    """A cluster whose workers have all left."""

    def submit(self, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
        return Future()


def test_a_cluster_without_workers_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.batch.engines._DESERTED", 0.2)
    monkeypatch.setattr("forecasting.batch.engines._GLANCE", 0.05)
    with pytest.raises(EngineLost, match="start workers and run the same"):
        list(Pool(lambda _: _Deserted(), lambda: 0, (BrokenProcessPool,))(chunks("a", "b", "c")))


class _Gone(Executor):
    """A cluster that forgets what it was asked."""

    def submit(self, *_: object, **__: object) -> Future[object]:  # type: ignore[override]
        future: Future[object] = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


def test_a_cluster_that_goes_away() -> None:
    with pytest.raises(EngineLost, match="run the same configuration again"):
        list(Pool(lambda _: _Gone(), lambda: 1, (BrokenProcessPool,))(chunks("a")))
