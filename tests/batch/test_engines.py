"""Workers that die, for real: their chunks are done again, and a job that kills whoever does it is recorded as failed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from forecasting import CountSeries
from forecasting.batch.engines import Pool, _processes
from forecasting.batch.jobs import Chunk, Job, perform
from forecasting.batch.records import ForecastRecord, JobKey
from forecasting.batch.specification import Specification
from forecasting.errors import EngineLost, InvalidInput

SERIES = CountSeries(["2023-01", "2023-02", "2023-03"], [1, 2, 3])


def job(name: str) -> Job:
    return Job(JobKey(name, "m", "2023-03", "v", "s", 1, 1), Specification("m", "Climatology"), SERIES, ())


def chunks(*names: str, library: str = "1") -> list[Chunk]:
    return [Chunk(tuple(job(one) for one in name.split()), (), (0.5,), 10, library) for name in names]


def deadly(chunk: Chunk) -> list[ForecastRecord]:
    """Do the jobs; "poison" kills the worker, "once:FILE" kills it unless the file is there already."""
    for one in chunk.jobs:
        name, _, file = one.key.series.partition(":")
        if name == "poison" or (name == "once" and not Path(file).exists()):
            if file:
                Path(file).touch()
            os.kill(os.getpid(), signal.SIGKILL)
    return [ForecastRecord.failed(one.key, "as expected") for one in chunk.jobs]


def pool(start: Callable[[int], Executor]) -> Pool:
    return Pool(start, lambda: 2, (BrokenProcessPool,), work=deadly)


def errors(engine: Pool, given: list[Chunk]) -> dict[str, str | None]:
    return {record.key.series: record.error for _, records in engine(given) for record in records}


def test_a_job_that_kills_its_worker() -> None:
    found = errors(pool(_processes), chunks("a b", "c poison d", "e", "f", "g"))
    died = found.pop("poison")
    assert "died twice" in str(died)
    assert found == dict.fromkeys("abcdefg", "as expected")


def test_a_worker_that_dies_once(tmp_path: Path) -> None:
    accident = f"once:{tmp_path}/accident"
    assert errors(pool(_processes), chunks("a b", accident, "c")) == dict.fromkeys(
        ("a", "b", "c", accident), "as expected"
    )


def test_chunks_are_taken_as_workers_become_free() -> None:
    taken = []

    def watched() -> Iterator[Chunk]:
        for chunk in chunks(*(f"s{k}" for k in range(40))):
            taken.append(chunk)
            yield chunk

    done = 0
    for _ in pool(ThreadPoolExecutor)(watched()):
        assert len(taken) - done <= 4
        done += 1
    assert done == 40


def test_stopping_early_stops_the_workers() -> None:
    before = threading.active_count()
    results = pool(ThreadPoolExecutor)(chunks(*(f"s{k}" for k in range(40))))
    next(results)
    assert threading.active_count() > before
    results.close()
    assert threading.active_count() == before


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
