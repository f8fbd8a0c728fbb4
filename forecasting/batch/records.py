"""What the archive keeps, as plain values: runs, the data of the day, forecasts and their scores.

Two digests carry the archive.  The digest of a `JobKey` says *which* forecast this is; the content digest of a
`ForecastRecord` says *what* was forecast.  The same key with another content is a conflict, never an overwrite.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field
from datetime import date, datetime
from functools import cached_property
from hashlib import blake2b, sha256
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecasting.constraints import Observed
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.months import month_name, to_month
from forecasting.reading import month_number

MOST_PATHS = 200
"""Sample paths kept of a forecast."""

LONGEST_NAME = 1000

Status = Literal["done", "failed"]


@dataclass(frozen=True)
class RunRecord:
    """One start of a batch.

    Attributes
    ----------
    config_digest : str
        Digest of the configuration.
    started : datetime
        With a time zone.
    config : mapping
        The configuration as JSON values, without secrets.
    versions : mapping of str to str
        Packages and the interpreter.
    seed : int
        Seed of the run.
    """

    config_digest: str
    started: datetime
    config: Mapping[str, Any]
    versions: Mapping[str, str]
    seed: int

    def __post_init__(self) -> None:
        if self.started.tzinfo is None:
            raise InvalidInput(f"started={self.started!r} has no time zone; pass datetime.now(timezone.utc)")


@dataclass(frozen=True, eq=False)
class Vintage:
    """The data of a series as they were known on a day.

    Attributes
    ----------
    series : str
        Name of the series.
    as_of : date or None
        The day, None where it is not known; then the day of the run stands for it.
    first : str
        First month, ``YYYY-MM``.
    values : int64[n]
        Counts, read-only; 0 where `missing`.
    missing : bool[n]
        Months without an exact count, read-only.
    exposure : float64[n] or None
        Exposure of the months, read-only.
    facts : str
        Digest of whatever is known beside exact counts, empty where nothing is.
    release : bool
        False for data that were cut off at an earlier origin: forecasts were made from them, nobody released them.

    Examples
    --------
    >>> Vintage("requests", None, "2023-09", [184, 171], [False, False]).last
    '2023-10'
    """

    series: str
    as_of: date | None
    first: str
    values: IntArray
    missing: NDArray[np.bool_]
    exposure: FloatArray | None = None
    facts: str = ""
    release: bool = True

    def __post_init__(self) -> None:
        readable_name(self.series, "series")
        missing = np.array(self.missing, dtype=bool)
        values = np.where(missing, 0, np.array(self.values, dtype=np.int64))
        exposure = None if self.exposure is None else np.array(self.exposure, dtype=float)
        if values.ndim != 1 or not values.size or (exposure is not None and exposure.shape != values.shape):
            raise InvalidInput(f"the data of {self.series!r} need one value, one flag and one exposure a month")
        object.__setattr__(self, "first", str(to_month(self.first)))
        for name, array in (("values", values), ("missing", missing), ("exposure", exposure)):
            if array is not None:
                array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def of(
        cls,
        data: Observed,
        as_of: date | None = None,
        *,
        exposure: ArrayLike | None = None,
        facts: str = "",
        release: bool = True,
    ) -> Vintage:
        """Return the exact counts of a series or of evidence; months that are not exact are missing."""
        known = data.constraints
        values = np.where(known.exact, known.lower, 0).astype(np.int64)
        weights = None if exposure is None else np.asarray(exposure, dtype=float)
        return cls(data.name, as_of, str(data.months[0]), values, ~known.exact, weights, facts, release)

    @property
    def n(self) -> int:
        """Number of months."""
        return len(self.values)

    @property
    def months(self) -> pd.PeriodIndex:
        """The months, frequency ``M``."""
        return pd.period_range(self.first, periods=self.n, freq="M")

    @property
    def last(self) -> str:
        """Last month, ``YYYY-MM``."""
        return str(self.months[-1])

    @cached_property
    def digest(self) -> str:
        """sha256 of months, values, flags, exposure and facts; not of the name or the day."""
        known = sha256(f"{self.first}|{self.n}|{self.facts}|".encode())
        known.update(self.values.astype("<i8").tobytes())
        known.update(np.packbits(self.missing).tobytes())
        if self.exposure is not None:
            known.update(self.exposure.astype("<f8").tobytes())
        return known.hexdigest()


@dataclass(frozen=True)
class JobKey:
    """Which forecast: everything that its numbers depend on.

    Attributes
    ----------
    series, model : str
        Names.
    origin : str
        Last month of the data, ``YYYY-MM``.
    vintage : str
        Digest of the data.
    specification : str
        Digest of the model's name and parameters and the version of the library.
    horizon, seed : int
        Months ahead; seed of the run.

    Examples
    --------
    >>> key = JobKey("requests", "auto", "2023-10", "d" * 64, "s" * 32, 12, 1)
    >>> key.digest == JobKey("requests", "auto", "2023-10", "d" * 64, "s" * 32, 12, 1).digest
    True
    """

    series: str
    model: str
    origin: str
    vintage: str
    specification: str
    horizon: int
    seed: int

    def __post_init__(self) -> None:
        for name in ("series", "model"):
            readable_name(getattr(self, name), name)

    @cached_property
    def digest(self) -> str:
        """blake2b of all fields, 32 hexadecimal digits."""
        return blake2b(json.dumps(astuple(self)).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, eq=False)
class ForecastRecord:
    """One forecast as it was issued, or the failure of it.

    Attributes
    ----------
    key : JobKey
        Which forecast.
    status : {"done", "failed"}
        A failed one has a message in `error` and no numbers.
    months : tuple of str
        The H months, ``YYYY-MM``.
    levels : tuple of float
        The L quantile levels, increasing.
    quantiles : int64[L, H]
        Quantile of each level and month, read-only.
    paths : int64[P, H]
        Joint sample, at most 200 paths of equal weight, read-only.
    mean : float64[H]
        Mean of each month, read-only.
    marginals : bytes
        The distribution of each month (`forecasting.batch.marginals`), empty where it was not kept.
    messages : tuple of str
        Remarks for people; nothing is read from them.
    error : str or None
        Why it failed.
    cpu : float
        Seconds of CPU; no part of the content.
    account : mapping
        How it was made, as JSON values (`forecasting.batch.accounts`); no part of the content.
    hindcast : bool
        True if counts of the months it covers were known, or could have been, when it was issued.
    """

    key: JobKey
    status: Status
    months: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    quantiles: IntArray = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    paths: IntArray = field(default_factory=lambda: np.empty((0, 0), dtype=np.int64))
    mean: FloatArray = field(default_factory=lambda: np.empty(0))
    marginals: bytes = b""
    messages: tuple[str, ...] = ()
    error: str | None = None
    cpu: float = 0.0
    account: Mapping[str, Any] = field(default_factory=dict)
    hindcast: bool = False

    def __post_init__(self) -> None:
        quantiles, paths = (np.array(x, dtype=np.int64) for x in (self.quantiles, self.paths))
        mean = np.array(self.mean, dtype=float)
        months, levels = tuple(self.months), tuple(float(level) for level in self.levels)
        if self.status == "done":
            _check_shapes(self.key, months, levels, quantiles, paths, mean)
        elif self.status != "failed" or not self.error:
            raise InvalidInput(f"{self.key.series!r}: a forecast is 'done', or 'failed' with an error that says why")
        texts = {
            "messages": tuple(_storable(text) for text in self.messages),
            "error": None if self.error is None else _storable(self.error),
        }
        values = {"months": months, "levels": levels, "quantiles": quantiles, "paths": paths, "mean": mean, **texts}
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
            object.__setattr__(self, name, value)

    @classmethod
    def failed(
        cls,
        key: JobKey,
        error: str,
        *,
        account: Mapping[str, Any] | None = None,
        cpu: float = 0.0,
        hindcast: bool = False,
    ) -> ForecastRecord:
        """Return the record of a forecast that could not be made."""
        return cls(key, "failed", error=error, account=dict(account or {}), cpu=cpu, hindcast=hindcast)

    @cached_property
    def content(self) -> str:
        """blake2b of status, error and all numbers; messages and CPU may differ between repetitions."""
        digest = blake2b(json.dumps([self.status, self.error, self.months, self.levels]).encode(), digest_size=16)
        for array, dtype in ((self.quantiles, "<i8"), (self.paths, "<i8"), (self.mean, "<f8")):
            digest.update(f"{array.shape}".encode() + array.astype(dtype).tobytes())
        digest.update(self.marginals)
        return digest.hexdigest()


@dataclass(frozen=True)
class ScoreRecord:
    """Scores of one month of one forecast, or of the total of its first months, were `y` the count: a function of both.

    Attributes
    ----------
    job : str
        Digest of the `JobKey`.
    month : str
        ``YYYY-MM``, the last month of a total.
    y : int
        The count.
    values : mapping of str to float
        By the name of the score; NaN where one cannot be computed.
    months : int
        Number of months that are counted together.
    """

    job: str
    month: str
    y: int
    values: Mapping[str, float]
    months: int = 1


@dataclass(frozen=True)
class Roll:
    """The series that the input of a run held.

    Attributes
    ----------
    good : tuple of str
        Those that could be forecast.
    bad : mapping of str to str
        Those that could not, because of their data, with the reason.
    """

    good: tuple[str, ...]
    bad: Mapping[str, str] = field(default_factory=dict)


def readable_name(text: str, what: str) -> str:
    """Return a name that every database can hold.

    Raises
    ------
    InvalidInput
        If it is empty, longer than 1,000 characters, or has a NUL or half a surrogate pair in it.
    """
    if not isinstance(text, str) or not text or len(text) > LONGEST_NAME or _storable(text) != text:
        raise InvalidInput(
            f"{what}={text[:60]!r} is no name; it must have 1 to {LONGEST_NAME:,} characters, none of them NUL"
        )
    return text


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


def _after(origin: str, number: int) -> tuple[str, ...]:
    """Return the months after one, as texts; pandas takes a hundred times as long."""
    first = month_number(origin) + 1
    return tuple(map(month_name, range(first, first + number)))


def _check_shapes(
    key: JobKey,
    months: tuple[str, ...],
    levels: tuple[float, ...],
    quantiles: IntArray,
    paths: IntArray,
    mean: FloatArray,
) -> None:
    horizon = len(months)
    if (
        not horizon
        or quantiles.shape != (len(levels), horizon)
        or paths.ndim != 2
        or paths.shape[1:] != (horizon,)
        or mean.shape != (horizon,)
    ):
        raise InvalidInput(
            f"the forecast of {key.series!r} has {horizon} months and {len(levels)} levels, but quantiles "
            f"{quantiles.shape}, paths {paths.shape} and mean {mean.shape}"
        )
    if months != _after(key.origin, key.horizon):
        raise InvalidInput(
            f"the forecast of {key.series!r} must cover the {key.horizon} months after {key.origin}: {months}"
        )
    if (np.diff(levels) <= 0).any() or (np.diff(quantiles, axis=0) < 0).any():
        raise InvalidInput(f"the quantiles of {key.series!r} must rise with their levels")
    if len(paths) > MOST_PATHS:
        raise InvalidInput(f"the archive keeps at most {MOST_PATHS} paths, not {len(paths)}; thin them first")
