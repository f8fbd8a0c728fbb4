"""Jobs: one series, one model, one origin.  A job carries all it needs, so that anyone can do it, in any order."""

from __future__ import annotations

import json
import platform
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecasting.batch.accounts import account_of
from forecasting.batch.checks import Checked
from forecasting.batch.config import Config
from forecasting.batch.issue import issued
from forecasting.batch.records import ForecastRecord, JobKey, Vintage
from forecasting.batch.specification import Specification
from forecasting.constraints import Observed
from forecasting.errors import ForecastingError, InvalidInput
from forecasting.evidence import Evidence
from forecasting.predictive import Account
from forecasting.randomness import named_streams
from forecasting.terms import Covariate, Exposure, Term

LIBRARY = "desertion-forecasting"
_PACKAGES = (LIBRARY, "numpy", "pandas", "scipy")
_LONGEST_ERROR = 2000
_ONE_AT_A_TIME = threading.Lock()
"""A worker may have threads; warnings and CPU time belong to one job at a time."""


@dataclass(frozen=True, eq=False)
class Job:
    """A forecast to be made.

    Attributes
    ----------
    key : JobKey
        Names and digests.
    specification : Specification
        The model.
    data : CountSeries or Evidence
        What is known up to the origin.
    known : tuple of Term
        Exposure and covariates.
    hindcast : bool
        Whether counts of the months to be forecast are known, or could be.
    """

    key: JobKey
    specification: Specification
    data: Observed
    known: tuple[Term, ...]
    hindcast: bool = False


@dataclass(frozen=True, eq=False)
class Chunk:
    """Jobs that travel together and are archived in one transaction.

    Attributes
    ----------
    jobs : tuple of Job
        The jobs.
    vintages : tuple of Vintage
        The data of the jobs.
    levels : tuple of float
        Quantile levels to keep.
    paths : int
        Sample paths to keep.
    library : str
        Version of the library that is to do the work.
    """

    jobs: tuple[Job, ...]
    vintages: tuple[Vintage, ...]
    levels: tuple[float, ...]
    paths: int
    library: str

    def single(self, job: Job) -> Chunk:
        """Return a chunk of one of the jobs, without the data for the archive."""
        return Chunk((job,), (), self.levels, self.paths, self.library)


class Planner:
    """Turns checked series into jobs.

    Parameters
    ----------
    config : Config
        The batch.
    today : date
        The day of the run.
    """

    def __init__(self, config: Config, today: date) -> None:
        self.library = version(LIBRARY)
        self._config = config
        self._today = today
        # Only a ledger knows what was known on an earlier day; the counts of a table are known on the day they are read.
        self._as_of = (config.as_of or today) if config.input.facts is not None else today
        self._models = [
            (one, one.digest(library=self.library, levels=config.levels, paths=config.paths))
            for one in config.specifications
        ]

    @property
    def jobs_per_series(self) -> int:
        """Number of jobs of a series that is long enough for all origins."""
        return len(self._models) * self._config.origins

    def jobs(self, checked: Checked) -> Iterator[tuple[Vintage, list[Job]]]:
        """Yield the data at each origin, from the last month backwards, with a job for each model.

        Of a series that cannot be forecast: what is known of its counts, without a job.
        """
        if checked.data is None:
            if checked.counts is not None:
                yield _vintage(checked.counts, (), self._as_of, self._config.horizon, release=True), []
            return
        for data in _origins(checked.data, self._config.origins, self._config.shortest):
            whole = data is checked.data
            vintage = _vintage(data, checked.known, self._as_of, self._config.horizon, release=whole)
            hindcast = not whole or self._is_late(data)
            keys = (
                JobKey(
                    checked.name,
                    model.label,
                    vintage.last,
                    vintage.digest,
                    digest,
                    self._config.horizon,
                    self._config.seed,
                )
                for model, digest in self._models
            )
            models = (model for model, _ in self._models)
            yield (
                vintage,
                [Job(key, model, data, checked.known, hindcast) for key, model in zip(keys, models, strict=True)],
            )

    def _is_late(self, data: Observed) -> bool:
        """Return True if the data end earlier than those of today may: then a month that is forecast is over."""
        as_of = self._config.as_of
        return as_of is not None and as_of < self._today and data.months[-1] + 1 < pd.Period(self._today, "M")

    def chunk(self, jobs: Sequence[tuple[Vintage, Job]]) -> Chunk:
        """Return jobs, with the data of each, as a chunk."""
        vintages = {id(vintage): vintage for vintage, _ in jobs}
        config = self._config
        return Chunk(tuple(job for _, job in jobs), tuple(vintages.values()), config.levels, config.paths, self.library)


def versions() -> dict[str, str]:
    """Return what the numbers of this process may depend on: versions of the interpreter and of packages."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}


def perform(chunk: Chunk) -> list[ForecastRecord]:
    """Do the jobs of a chunk; what fails is recorded with its reason.

    Raises
    ------
    InvalidInput
        If this process runs another version of the library than the one that planned the jobs.
    """
    if version(LIBRARY) != chunk.library:
        raise InvalidInput(
            f"a worker runs version {version(LIBRARY)} of the library, the batch {chunk.library}; install the same"
        )
    with _ONE_AT_A_TIME:
        return [_perform(job, chunk.levels, chunk.paths) for job in chunk.jobs]


def _perform(job: Job, levels: Sequence[float], paths: int) -> ForecastRecord:
    start = time.thread_time()
    key = job.key
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            rng = named_streams(np.random.default_rng(key.seed))(key.series, key.model, key.origin)
            model = job.specification.build(job.known)
            draws = job.specification.draws
            forecast = model.forecast(job.data, key.horizon, draws=draws, rng=rng)
            account = account_of(key.model, forecast.account, _unique(caught))
            record = issued(key, forecast, levels, account=account, paths=paths, hindcast=job.hindcast)
            return replace(record, cpu=time.thread_time() - start)
        except Exception as error:  # whatever it is, it concerns this job alone
            account = account_of(key.model, Account(), _unique(caught))
            cpu = time.thread_time() - start
            return ForecastRecord.failed(key, reason(error), account=account, cpu=cpu, hindcast=job.hindcast)


def _unique(caught: Sequence[warnings.WarningMessage]) -> list[str]:
    return list(dict.fromkeys(f"{one.category.__name__}: {one.message}" for one in caught))


def reason(error: BaseException) -> str:
    """Return why something failed, in one text; for a fault of the library, with the place."""
    text = f"{type(error).__name__}: {error}"
    if not isinstance(error, ForecastingError) and (frames := traceback.extract_tb(error.__traceback__)):
        text += f" (in {Path(frames[-1].filename).name}, line {frames[-1].lineno})"
    return text if len(text) <= _LONGEST_ERROR else text[:_LONGEST_ERROR] + " ..."


def _origins(data: Any, number: int, shortest: int) -> Iterator[Observed]:
    """Yield the data, and the data as they were up to each of the months before the last."""
    for back in range(min(number, len(data.months) - shortest + 1)):
        yield data if back == 0 else data.until(data.months[-1] - back)


def _vintage(data: Observed, known: tuple[Term, ...], as_of: date, horizon: int, *, release: bool) -> Vintage:
    tables = [term.by_month for term in known if isinstance(term, Exposure) and isinstance(term.by_month, pd.Series)]
    exposure = tables[0].loc[data.months].to_numpy() if tables else None
    return Vintage.of(data, as_of, exposure=exposure, facts=_facts(data, known, horizon), release=release)


def _facts(data: Observed, known: tuple[Term, ...], horizon: int) -> str:
    """Return a digest of what a forecast depends on beside the counts: facts about several months, and known quantities."""
    beside: list[Any] = []
    if isinstance(data, Evidence):
        constraints = data.constraints
        rows = [(row.positions, row.coefs, row.low, row.high, row.compares) for row in constraints.linear]
        beside += [constraints.lower.tolist(), constraints.upper.tolist(), rows]
    for term in known:
        if isinstance(term, Exposure | Covariate) and isinstance(term.by_month, pd.Series):
            values = term.by_month.loc[data.months[0] : data.months[-1] + horizon]
            beside.append([getattr(term, "name", "exposure"), values.tolist()])
    return sha256(json.dumps(beside, default=str).encode()).hexdigest() if beside else ""
