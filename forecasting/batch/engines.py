"""Who does the jobs: this process, processes of this machine, or a Dask cluster.

All engines do the same: take chunks as workers become free, and hand back results as they come.  Where workers of a cluster die
again and again at a chunk, the chunk is done job by job, and a job whose workers die is recorded as failed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

from forecasting.batch.config import Config
from forecasting.batch.jobs import Chunk, perform
from forecasting.batch.records import ForecastRecord
from forecasting.batch.staff import Staff
from forecasting.batch.workers import DEAD, Crew, Result, Results, Tell, Work
from forecasting.errors import EngineLost
from forecasting.extras import needed

Engine: TypeAlias = Callable[[Iterable[Chunk]], Results]

_QUEUED = 2  # chunks in flight for each worker: one being done, one at hand
_PATIENCE = 30  # seconds to wait for a cluster and its first worker
_GLANCE = 5.0  # seconds between looks at who is still there
_DESERTED = 120.0  # seconds without a worker after which nobody is expected any more
_GONE = "the cluster is gone; what was finished is archived, so run the same configuration again"
_ALONE = (
    "the cluster has had no workers for {:.0f} seconds; what was finished is archived, so start workers and run the same "
    "configuration again"
)


@contextmanager
def engine_of(config: Config, tell: Tell) -> Iterator[Engine]:
    """Open the engine that a configuration asks for; it tells what is being done.

    Raises
    ------
    EngineLost
        If a cluster cannot be reached, or has no workers; while it is used, also if all of its workers stay away.
    InvalidInput
        If a cluster is asked for and Dask is not installed.
    """
    if config.workers == 1 and config.job_timeout is None:
        yield partial(in_process, tell=tell)
    elif isinstance(config.workers, int):
        yield Crew(config.workers, config.job_timeout, tell)
    else:
        with _cluster(config, tell) as engine:
            yield engine


def in_process(chunks: Iterable[Chunk], tell: Tell) -> Results:
    """Do the chunks here, one after the other."""
    for chunk in chunks:
        records = []
        for job in chunk.jobs:
            key = job.key
            tell("doing", worker="1", job={"series": key.series, "model": key.model, "origin": key.origin})
            records += perform(chunk.single(job))
        tell("doing", worker="1", job=None)
        yield chunk, records


@dataclass(frozen=True)
class Pool:
    """An engine of several workers.

    Attributes
    ----------
    start : callable
        Makes an executor with a number of workers.
    width : callable
        Number of workers there are now, possibly none.
    deaths : tuple of exception types
        What a future raises when its worker has died.
    lost : tuple of exception types
        What is raised when there are no workers any more.
    stranded : callable
        Whether a future waits for workers that are gone, though there are others.
    work : callable
        What is done with a chunk.
    """

    start: Callable[[int], Executor]
    width: Callable[[], int]
    deaths: tuple[type[BaseException], ...]
    lost: tuple[type[BaseException], ...] = (CancelledError,)
    stranded: Callable[[Future[Any]], bool] = lambda _: False
    work: Work = perform

    def __call__(self, chunks: Iterable[Chunk]) -> Results:
        """Yield each chunk with its records, as they come.

        Raises
        ------
        EngineLost
            If there are no workers any more, and none come within two minutes.
        """
        try:
            yield from self._results(chunks)
        except self.lost:
            raise EngineLost(_GONE) from None

    def _results(self, chunks: Iterable[Chunk]) -> Results:
        waiting = iter(chunks)
        while True:
            executor, running, suspects = self.start(max(self.width(), 1)), dict[Future[Any], Chunk](), list[Chunk]()
            try:
                while not suspects:
                    self._submit(executor, waiting, running, suspects)
                    if not running:
                        break
                    yield from self._gather(running, suspects)
                while running:  # others may have died with it
                    yield from self._gather(running, suspects)
            finally:
                for future in running:
                    future.cancel()
                executor.shutdown(wait=True)
            if not suspects:
                return
            yield from self._one_by_one(suspects)

    def _submit(
        self, executor: Executor, waiting: Iterator[Chunk], running: dict[Future[Any], Chunk], suspects: list[Chunk]
    ) -> None:
        for chunk in islice(waiting, max(_QUEUED * max(self.width(), 1) - len(running), 0)):
            try:
                running[executor.submit(self.work, chunk)] = chunk
            except self.deaths:
                suspects.append(chunk)
                return

    def _gather(self, running: dict[Future[Any], Chunk], suspects: list[Chunk]) -> Iterator[Result]:
        """Yield what is done; chunks whose worker died become suspects."""
        for future in self._first_done(running):
            chunk = running.pop(future)
            if not future.done():
                future.cancel()
                suspects.append(chunk)
                continue
            try:
                records = future.result()
            except self.deaths:
                suspects.append(chunk)
            else:
                yield chunk, records

    def _first_done(self, futures: Iterable[Future[Any]]) -> set[Future[Any]]:
        """Wait for the first of the futures while any worker is alive; those that are stranded are returned undone."""
        seen = time.monotonic()
        while True:
            done, _ = wait(futures, timeout=_GLANCE, return_when=FIRST_COMPLETED)
            if done:
                return done
            if stranded := {future for future in futures if self.stranded(future)}:
                return stranded
            if self.width():
                seen = time.monotonic()
            elif time.monotonic() - seen > _DESERTED:
                raise EngineLost(_ALONE.format(_DESERTED))

    def _one_by_one(self, chunks: Iterable[Chunk]) -> Iterator[Result]:
        """Do the jobs of chunks, each on its own; one whose worker dies is at fault for it."""
        executor = self.start(1)
        try:
            for chunk in chunks:
                records = []
                for job in chunk.jobs:
                    try:
                        records += self._alone(executor, chunk.single(job))
                    except self.deaths:
                        records.append(ForecastRecord.failed(job.key, DEAD))
                        executor.shutdown()
                        executor = self.start(1)
                yield chunk, records
        finally:
            executor.shutdown()

    def _alone(self, executor: Executor, chunk: Chunk) -> list[ForecastRecord]:
        while True:
            (future,) = self._first_done([executor.submit(self.work, chunk)])
            if future.done():
                found: list[ForecastRecord] = future.result()
                return found
            future.cancel()


@contextmanager
def _cluster(config: Config, tell: Tell) -> Iterator[Engine]:
    dask = needed("distributed", "dask", "a Dask cluster")
    kind, _, place = str(config.workers).partition(":")
    where: dict[str, Any] = (
        {"scheduler_file": str(config.place(place))} if kind == "dask-file" else {"address": f"tcp:{place}"}
    )
    try:
        client = dask.Client(**where, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EngineLost(
            f"the Dask scheduler at {config.workers} cannot be reached ({type(error).__name__}); start it, or set workers "
            "to a number"
        ) from None
    try:
        try:
            client.wait_for_workers(1, timeout=_PATIENCE)
        except TimeoutError:
            raise EngineLost(f"the Dask cluster at {config.workers} has no workers; start some") from None
        staff = Staff(client, tell)
        if not staff.threads():
            faults = "; ".join(f"{worker}: {fault}" for worker, fault in staff.faults.items())
            raise EngineLost(f"no worker of the Dask cluster at {config.workers} can be used: {faults}")
        yield Pool(
            lambda _: staff,
            staff.width,
            (dask.KilledWorker,),
            (CancelledError, OSError, dask.client.ClosedClientError),
            staff.is_stranded,
        )
    finally:
        client.close()
