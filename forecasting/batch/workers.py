"""Processes of this machine that do jobs: replaced when they die, killed when a job takes too long, gone with their parent.

A worker says which job it begins and hands back each job as it is done, so that a death concerns the job that was being done
and no other: that job is tried once more, and recorded as failed if its worker dies again.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from queue import Empty, Queue
from typing import Any, TypeAlias

from forecasting.batch.jobs import Chunk, perform
from forecasting.batch.records import ForecastRecord
from forecasting.errors import EngineLost

Result: TypeAlias = tuple[Chunk, list[ForecastRecord]]
Results: TypeAlias = Generator[Result, None, None]
Work: TypeAlias = Callable[[Chunk], list[ForecastRecord]]
Tell: TypeAlias = Callable[..., None]

DEAD = "its worker process died twice at this job; perhaps out of memory"
_LATE = "not done within job_timeout = {:g} s; its worker was replaced"
_UNABLE = "three worker processes in a row ended while they started (exit code {}); set workers = 1 to see why"
_STARTING = 120.0  # seconds for the start of a process, which are no job's
_GLANCE = 1.0  # seconds between looks at the time
_PATIENCE = 5.0  # seconds for the thread of a killed process
_MOST_STARTS = 3
_BEGUN = "begun"
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_KILL_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux


@dataclass
class _Task:
    """A chunk that is being done."""

    chunk: Chunk
    records: list[ForecastRecord] = field(default_factory=list)
    died_before: bool = False  # a worker, at the job that is next

    @property
    def left(self) -> Chunk:
        return replace(self.chunk, jobs=self.chunk.jobs[len(self.records) :], vintages=())

    @property
    def is_done(self) -> bool:
        return len(self.records) == len(self.chunk.jobs)

    def add(self, records: Iterable[ForecastRecord]) -> None:
        self.records += records
        self.died_before = False

    def fail(self, reason: str) -> None:
        self.add([ForecastRecord.failed(self.left.jobs[0].key, reason)])


class _Worker:
    """A process, and a thread that talks with it, so that nobody else ever waits for a process that does not listen."""

    def __init__(self, name: str, work: Work, said: Queue[tuple[_Worker, Any]]) -> None:
        context = multiprocessing.get_context("spawn")
        self.name = name
        self.task: _Task | None = None
        self.has_begun = False  # any job at all
        self.is_at_it = False  # at the next job of its task
        self.silent = 0.0
        self._to_do: Queue[Chunk | None] = Queue()
        self._pipe, others = context.Pipe()
        self.process = context.Process(target=serve, args=(others, work), daemon=True)
        for variable in _THREADS:  # read when the worker loads NumPy
            os.environ.setdefault(variable, "1")
        self.process.start()
        others.close()  # from now on the end of the process is the end of the pipe
        self._talker = threading.Thread(target=self._talk, args=(said,), daemon=True)
        self._talker.start()

    def give(self, task: _Task) -> None:
        self.task, self.is_at_it, self.silent = task, False, 0.0
        self._to_do.put(task.left)

    def _talk(self, said: Queue[tuple[_Worker, Any]]) -> None:
        try:
            while chunk := self._to_do.get():
                self._pipe.send(chunk)
                for _ in range(2 * len(chunk.jobs)):  # the beginning and the end of each
                    said.put((self, self._pipe.recv()))
        except (EOFError, OSError):
            said.put((self, None))

    def end(self) -> None:
        self._to_do.put(None)
        self.process.kill()
        self.process.join()
        self._talker.join(_PATIENCE)
        self._pipe.close()


@dataclass(frozen=True)
class Crew:
    """An engine: a number of worker processes.

    Attributes
    ----------
    number : int
        Most processes at a time.
    timeout : float or None
        Seconds that a job may take.
    tell : callable
        Hears what each worker is doing.
    work : callable
        What is done with a chunk of one job.
    """

    number: int
    timeout: float | None
    tell: Tell
    work: Work = perform

    def __call__(self, chunks: Iterable[Chunk]) -> Results:
        """Yield each chunk with its records, as they come.

        Raises
        ------
        EngineLost
            If no process can be started.
        """
        shift = _Shift(self, iter(chunks))
        try:
            yield from shift.results()
        finally:
            shift.end()


class _Shift:
    """The workers of a crew, and the chunks that they are given."""

    def __init__(self, crew: Crew, chunks: Iterator[Chunk]) -> None:
        self._crew = crew
        self._chunks = chunks
        self._at_hand: deque[Chunk] = deque()
        self._workers: dict[str, _Worker] = {}
        self._said: Queue[tuple[_Worker, Any]] = Queue()
        self._vain_starts = 0  # in a row

    def end(self) -> None:
        """End all processes, whatever they are doing."""
        for worker in self._workers.values():
            worker.end()

    def results(self) -> Iterator[Result]:
        """Yield chunks as they are done."""
        while self._is_busy():
            worker, said = self._next()
            task = worker.task
            if task is None or self._workers.get(worker.name) is not worker:
                continue  # it was replaced meanwhile
            self._hear(worker, task, said)
            if task.is_done:
                worker.task = None
                self._crew.tell("doing", worker=worker.name, job=None)
                yield task.chunk, task.records
            elif worker.name not in self._workers:
                self._give(worker.name, task)

    def _is_busy(self) -> bool:
        """Give a chunk to every worker that has none, take another one to hand, and return whether anything is being done."""
        for name in map(str, range(1, self._crew.number + 1)):
            is_free = name not in self._workers or self._workers[name].task is None
            if is_free and (self._at_hand or self._take()):
                self._give(name, _Task(self._at_hand.popleft()))
        if len(self._at_hand) < self._crew.number and self._said.empty():
            self._take()
        return any(worker.task for worker in self._workers.values())

    def _take(self) -> bool:
        self._at_hand.extend(islice(self._chunks, 1))
        return bool(self._at_hand)

    def _give(self, name: str, task: _Task) -> None:
        if name not in self._workers:
            self._workers[name] = _Worker(name, self._crew.work, self._said)
        self._workers[name].give(task)

    def _hear(self, worker: _Worker, task: _Task, said: Any) -> None:
        """Act on what a worker says: a job begun, its records, an error of the engine, its death, or nothing for too long."""
        worker.silent = 0.0
        if isinstance(said, Exception):
            raise said
        if said == _BEGUN:
            worker.has_begun = worker.is_at_it = True
            self._vain_starts = 0
            key = task.left.jobs[0].key
            told = {"series": key.series, "model": key.model, "origin": key.origin}
            self._crew.tell("doing", worker=worker.name, job=told)
        elif said is not None and said != _LATE:
            worker.is_at_it = False
            task.add(said)
        else:
            worker.end()
            del self._workers[worker.name]
            if said == _LATE:
                task.fail(_LATE.format(self._crew.timeout))
            elif not worker.has_begun:
                self._vain_starts += 1
                if self._vain_starts == _MOST_STARTS:
                    raise EngineLost(_UNABLE.format(worker.process.exitcode))
            elif worker.is_at_it and task.died_before:
                task.fail(DEAD)
            else:
                task.died_before |= worker.is_at_it

    def _next(self) -> tuple[_Worker, Any]:
        """Return what a worker says next, or that it has been silent too long; only time spent waiting here counts."""
        limit = float("inf") if self._crew.timeout is None else self._crew.timeout
        while True:
            before = time.monotonic()
            with suppress(Empty):
                return self._said.get(timeout=min(_GLANCE, limit / 4))
            waited = min(time.monotonic() - before, 2 * _GLANCE)
            for worker in self._workers.values():
                worker.silent += waited if worker.task else 0.0
                if worker.silent > limit + (0.0 if worker.has_begun else _STARTING):
                    return worker, _LATE


def serve(pipe: Connection, work: Work) -> None:
    """Do jobs for the process at the other end of a pipe until it is gone."""
    _leave_with_parent()
    with suppress(EOFError, OSError):
        while True:
            chunk: Chunk = pipe.recv()
            for job in chunk.jobs:
                pipe.send(_BEGUN)
                try:
                    pipe.send(work(chunk.single(job)))
                except OSError:
                    raise
                except Exception as error:  # of the engine, not of the job
                    pipe.send(error)


def _leave_with_parent() -> None:
    """Leave interrupts to the parent, and do not outlive it, even where it was killed or this process is frozen."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_KILL_WITH_PARENT, signal.SIGKILL)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            wait_for([parent.sentinel])
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
