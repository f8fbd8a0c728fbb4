"""A run: series in, jobs out to an engine, results into the archive, one transaction a chunk, by this process alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

from forecasting.batch.archive import Archive
from forecasting.batch.checks import Checked
from forecasting.batch.config import Config
from forecasting.batch.engines import engine_of
from forecasting.batch.inputs import Part, checked_series
from forecasting.batch.jobs import Chunk, Job, Planner, versions
from forecasting.batch.patience import Patience
from forecasting.batch.records import ForecastRecord, Roll, RunRecord, Vintage
from forecasting.reading.typed import typed


class Listener(Protocol):
    """Told what happens, while it happens."""

    def __call__(self, event: str, **details: Any) -> None:
        """Hear of an event: created, start, bad, note, progress, failed, retry or end."""


@dataclass(frozen=True)
class Failure:
    """Something that was not forecast, and why.

    Attributes
    ----------
    series : str
        Name of the series.
    model, origin : str
        Empty where the series as a whole is bad.
    reason : str
        What is wrong.
    """

    series: str
    model: str
    origin: str
    reason: str


@dataclass
class Summary:
    """What came of a run.

    Attributes
    ----------
    run : int
        Number of the run in the archive.
    series, bad_series : int
        Series of the input, and those that were not forecast because of their data.
    done, known, failed : int
        Jobs done now, found done in the archive, and failed.
    notes : int
        Series that something was noted about.
    seconds, cpu : float
        Wall time of the run; CPU time of the jobs.
    failures : list of Failure
        All that was not forecast.
    """

    run: int
    series: int = 0
    bad_series: int = 0
    done: int = 0
    known: int = 0
    failed: int = 0
    notes: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    failures: list[Failure] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every series was forecast by every model."""
        return not self.failures

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return {**asdict(self), "complete": self.complete}


def _nobody(event: str, **details: Any) -> None:
    """Hear of an event, and keep it to oneself."""


@typed
def run_batch(
    config: Config,
    tell: Listener = _nobody,
    *,
    today: date | None = None,
    create: bool = True,
    part: Part | None = None,
) -> Summary:
    """Run a batch; what the archive holds already is not done again.

    Parameters
    ----------
    config : Config
        The batch.
    tell : callable, optional
        Hears of events.
    today : date, optional
        Where it is not today.
    create : bool
        Whether an archive is made where there is none; a scheduled batch that has lost its archive should say so instead.
    part : Part, optional
        Forecast some of the series only; the monitor then does not miss the others.

    Returns
    -------
    Summary
        Counts, and everything that was not forecast with its reason.

    Raises
    ------
    InvalidInput
        If the input as a whole cannot be read.
    ArchiveError
        If the archive cannot be written, is not there and must not be made, or holds other numbers under the same key.
    EngineLost
        If the cluster cannot be reached, or goes away.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> from forecasting.batch import load_config, run_batch
    >>> folder = tempfile.TemporaryDirectory()
    >>> address = f"{folder.name}/forecasts.db"
    >>> quick = {"archive": address, "models": [{"name": "SeasonalNaive"}], "origins": 3}
    >>> config = load_config(files("forecasting.batch") / "example.toml", **quick)
    >>> run_batch(config).done, run_batch(config).known  # two series from three months; then there is nothing left to do
    (6, 6)
    >>> folder.cleanup()
    """
    day = date.today() if today is None else today
    with (
        checked_series(config, day, part) as (size, series),
        Archive.open(config.address(config.archive), create=create) as archive,
        engine_of(config, tell) as engine,
    ):
        if archive.created:
            tell("created", archive=archive.address)
        run = archive.begin(RunRecord(config.digest, datetime.now(UTC), config.public, versions(), config.seed))
        active = _Run(config, day, archive, tell, Summary(run, size))
        with closing(engine(active.chunks(series))) as results:
            for chunk, records in results:
                active.store(chunk, records)
        return active.finish(is_whole=part is None or part.is_whole)


class _Run:
    """The state of a run: what is left to do, and what has come of the rest."""

    def __init__(self, config: Config, today: date, archive: Archive, tell: Listener, summary: Summary) -> None:
        self._archive, self._tell, self._summary = archive, tell, summary
        self._patiently = Patience(0.0 if archive.is_file else config.archive_patience, tell)
        self._size = config.chunk
        self._notes: dict[str, tuple[tuple[str, str], int]] = {}  # the first of a kind, and how many there are
        self._day = config.as_of or today
        self._good: list[str] = []
        self._planner = Planner(config, today)
        self._started = time.perf_counter()
        tell("start", run=summary.run, series=summary.series, jobs=summary.series * self._planner.jobs_per_series)

    def chunks(self, series: Iterator[Checked]) -> Iterator[Chunk]:
        """Yield the jobs that are not done yet, in chunks; the archive is asked as late as possible.

        What became known of the counts is archived first, whether or not there is anything left to forecast.
        """
        waiting: list[tuple[Vintage, Job]] = []
        news: list[Vintage] = []
        for checked in series:
            self._look_at(checked)
            for vintage, jobs in self._planner.jobs(checked):
                news += [vintage] * vintage.release
                waiting += [(vintage, job) for job in jobs]
            if max(len(waiting), len(news)) >= self._size:
                self._know(news)
            while len(waiting) >= self._size:
                yield from self._left(waiting[: self._size])
                del waiting[: self._size]
        for (name, note), number in self._notes.values():
            self._tell("note", series=number, example=name, note=note)
        self._know(news)
        if waiting:
            yield from self._left(waiting)

    def _know(self, news: list[Vintage]) -> None:
        if news:
            self._patiently(self._archive.know, self._summary.run, news)
            news.clear()

    def _look_at(self, checked: Checked) -> None:
        if not checked.faults:
            self._good.append(checked.name)
        for note in checked.notes:
            kind = note.partition(":")[0]
            first, number = self._notes.get(kind, ((checked.name, note), 0))
            self._notes[kind] = (first, number + 1)
        self._summary.notes += bool(checked.notes)
        if checked.faults:
            reason = "; ".join(checked.faults)
            self._summary.bad_series += 1
            self._summary.failures.append(Failure(checked.name, "", "", reason))
            self._tell("bad", series=checked.name, reason=reason, jobs=self._planner.jobs_per_series)

    def _left(self, jobs: list[tuple[Vintage, Job]]) -> Iterator[Chunk]:
        finished = self._patiently(self._archive.finished, [job.key.digest for _, job in jobs])
        left = [(vintage, job) for vintage, job in jobs if job.key.digest not in finished]
        known = len(jobs) - len(left)
        self._summary.known += known
        if known:
            self._tell("progress", done=0, known=known, failed=0)
        if left:
            yield self._planner.chunk(left)

    def store(self, chunk: Chunk, records: list[ForecastRecord]) -> None:
        """Archive the results of a chunk."""
        summary = self._summary
        self._patiently(self._archive.store, summary.run, list(chunk.vintages), records)
        failed = [record for record in records if record.status == "failed"]
        for record in failed:
            key, reason = record.key, str(record.error)
            summary.failures.append(Failure(key.series, key.model, key.origin, reason))
            self._tell("failed", series=key.series, model=key.model, origin=key.origin, reason=reason)
        summary.failed += len(failed)
        summary.done += len(records) - len(failed)
        summary.cpu += sum(record.cpu for record in records)
        self._tell("progress", done=len(records) - len(failed), known=0, failed=len(failed))

    def finish(self, *, is_whole: bool) -> Summary:
        """Archive the summary, with the names of the series if the input was read as a whole, and return it."""
        summary = self._summary
        summary.failures.sort(key=lambda one: (one.series, one.model, one.origin))
        summary.seconds = time.perf_counter() - self._started
        bad = {one.series: one.reason for one in summary.failures if not one.model}
        # Failures of jobs are archived as such, and bad data with the names: neither once more in each run.
        told = {key: value for key, value in summary.to_dict().items() if key != "failures"}
        roll = Roll(tuple(self._good), bad) if is_whole else None
        self._patiently(self._archive.finish, summary.run, told | {"day": self._day.isoformat()}, roll)
        self._tell("end", **told)
        return summary
