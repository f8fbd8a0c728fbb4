"""The configuration of a batch: one TOML file, checked as a whole before anything else happens."""

from __future__ import annotations

import datetime as dt
import json
import re
import tomllib
from hashlib import blake2b
from os import PathLike
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    model_validator,
)

from forecasting.batch.explanations import across, explained
from forecasting.batch.records import MOST_PATHS
from forecasting.batch.secrets import is_file_name, masked, refuse_address, resolved
from forecasting.batch.specification import Specification
from forecasting.errors import InvalidConfiguration, Problem
from forecasting.predictive.levels import central
from forecasting.reading.arguments import read_path

SHIPPED = "shipped"
_SQLITE = "sqlite:///"
_LARGEST_FILE = 1_000_000
_MOST_DOTS = 100  # of a key or a text: TOML is read in a time that grows with their square
_DIGITS = 10


def _read_workers(value: object) -> int | str:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1024:
        return value
    if isinstance(value, str) and _is_cluster(value):
        return value
    raise ValueError("must be a number from 1 to 1024, 'dask://host:port' or 'dask-file:path of the scheduler file'")


def _is_cluster(text: str) -> bool:
    kind, _, file = text.partition(":")
    is_file = kind == "dask-file" and bool(file.strip()) and is_file_name(file)
    return is_file or re.fullmatch(r"dask://(?:[\w.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}", text, re.ASCII) is not None


def _read_day(value: object) -> object:
    try:
        day = dt.date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        day = None
    if type(day) is not dt.date:
        raise ValueError("must be a day")
    return day


def _distinct(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(values)) != len(values):
        raise ValueError("names something twice; leave one of each")
    return values


def _filled(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if not values:
        raise ValueError("is empty; name at least one")
    return values


def _readable(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("must be a text without control characters, and not empty")
    return text


def _file(text: str) -> str:
    refuse_address(text, "it")
    return text


def _archive(text: str) -> str:
    return text if "://" in text else _file(text)


def _database(text: str) -> str:
    if "://" not in text and not re.match(r"\$\{", text):
        raise ValueError("is not the address of a database")
    return text


Text = Annotated[StrictStr, Field(min_length=1, max_length=1000), AfterValidator(_readable)]
File = Annotated[Text, AfterValidator(_file)]
Address = Annotated[StrictStr, Field(min_length=1, max_length=2000, repr=False)]
Level = Annotated[StrictFloat, Field(gt=0, lt=1)]
Levels = Annotated[tuple[Level, ...], Field(max_length=99), AfterValidator(_distinct)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(_Table):
    """Names of the columns of the long table."""

    unique_id: Text = "unique_id"
    ds: Text = "ds"
    y: Text = "y"
    exposure: Text | None = None
    covariates: Annotated[tuple[Text, ...], Field(max_length=20), AfterValidator(_distinct)] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that is read, the exposure before the covariates."""
        exposure = () if self.exposure is None else (self.exposure,)
        return (self.unique_id, self.ds, self.y, *exposure, *self.covariates)


class Query(_Table):
    """A SQL query whose rows are the long table."""

    address: Annotated[Address, AfterValidator(_database)]
    query: Annotated[StrictStr, Field(min_length=1, max_length=100_000)]


class Input(_Table):
    """Where the counts come from: exactly one of `csv`, `parquet`, `sql` and `facts`.

    For `csv` and `facts` the word ``shipped`` stands for the data that come with the library.
    """

    csv: File | None = None
    parquet: File | None = None
    sql: Query | None = None
    facts: File | None = None
    columns: Columns = Columns()
    series: Annotated[tuple[Text, ...], AfterValidator(_filled), AfterValidator(_distinct)] | None = None


class ModelChoice(BaseModel):
    """A model by name; whatever else the table holds are its parameters."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: Text
    label: Annotated[Text, Field(max_length=100)] | None = None
    draws: Annotated[StrictInt, Field(ge=100, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def _can_be_built(self) -> ModelChoice:
        self.specification.build()
        return self

    @property
    def specification(self) -> Specification:
        """The model as jobs carry it."""
        return Specification.of(self.label or self.name, self.name, dict(self.model_extra or {}), self.draws)


class Config(_Table):
    """A batch.

    Attributes
    ----------
    input : Input
        Where the counts come from.
    models : tuple of ModelChoice
        What forecasts them.
    archive : str
        Address of the archive as written; it may name environment variables and is resolved when it is opened.
    seed : int
        Decides, with the names of series, model and origin, every random number.
    last_month : {"drop", "use"}
        What to do with a last month that was not over on the day of the data.
    horizon : int
        Months ahead.
    intervals, quantiles : tuple of float
        Central intervals and further quantile levels to keep.
    origins : int
        Forecast from the last month of the data, and from the months before it: how many in all.
    as_of : date or None
        Use what was known on that day; None for the day of the run.
    missing_months : {"refuse", "unobserved"}
        Whether a series with months without a count is bad, or those months are taken as not observed.
    shortest : int
        Fewest months, from the first count to the last.
    workers : int or str
        Processes on this machine, or the address or scheduler file of a Dask cluster.
    job_timeout : float or None
        Seconds that a job may take before its worker is replaced and it is recorded as failed; None for no limit.
    archive_patience : float
        Seconds for which a run waits for a PostgreSQL server that is away, before it ends.
    chunk : int
        Jobs in one transaction of the archive.
    paths : int
        Sample paths to keep of each forecast.
    report : str
        Folder of the report.
    home : Path
        Folder of the file; relative paths start there.
    """

    input: Input
    models: Annotated[tuple[ModelChoice, ...], AfterValidator(_filled)]
    archive: Annotated[Address, AfterValidator(_archive)]
    seed: Annotated[StrictInt, Field(ge=0, le=2**63 - 1)]
    last_month: Literal["drop", "use"]
    horizon: Annotated[StrictInt, Field(ge=1, le=120)] = 12
    intervals: Levels = (0.5, 0.8, 0.9)
    quantiles: Levels = ()
    origins: Annotated[StrictInt, Field(ge=1, le=120)] = 1
    as_of: Annotated[dt.date, BeforeValidator(_read_day)] | None = None
    missing_months: Literal["refuse", "unobserved"] = "refuse"
    shortest: Annotated[StrictInt, Field(ge=1, le=1200)] = 6
    workers: Annotated[int | str, PlainValidator(_read_workers)] = 1
    job_timeout: Annotated[StrictFloat, Field(gt=0, le=604_800)] | None = None
    archive_patience: Annotated[StrictFloat, Field(ge=0, le=86_400)] = 300.0
    chunk: Annotated[StrictInt, Field(ge=1, le=1000)] = 16
    paths: Annotated[StrictInt, Field(ge=1, le=MOST_PATHS)] = MOST_PATHS
    report: File = "report"
    home: Path = Field(default=Path(), exclude=True)

    @property
    def levels(self) -> tuple[float, ...]:
        """Quantile levels: the limits of the intervals, the median, and those named, increasing."""
        limits = (limit for level in self.intervals for limit in central(level))
        return tuple(sorted({round(level, _DIGITS) for level in (0.5, *self.quantiles, *limits)}))

    @property
    def specifications(self) -> tuple[Specification, ...]:
        """The models."""
        return tuple(choice.specification for choice in self.models)

    @property
    def public(self) -> dict[str, Any]:
        """The configuration as JSON values; passwords are masked."""
        whole: dict[str, Any] = self.model_dump(mode="json")
        whole["archive"] = masked(self.archive)
        if self.input.sql is not None:
            whole["input"]["sql"]["address"] = masked(self.input.sql.address)
        return whole

    @property
    def digest(self) -> str:
        """Digest of the configuration, passwords left out."""
        text = json.dumps(self.public, sort_keys=True, separators=(",", ":"))
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def place(self, name: str) -> Path:
        """Return a path of the configuration, seen from the folder of the file."""
        return self.home / Path(name).expanduser()

    def address(self, written: str) -> str:
        """Return an address with its environment variables filled in, SQLite files seen from the folder of the file.

        Raises
        ------
        InvalidInput
            If a variable is not set, or holds the address of a server in a form that is not understood.
        """
        address = resolved(written)
        if "://" not in address:
            refuse_address(address, masked(written))
            return str(self.place(address))
        path = address.removeprefix(_SQLITE)
        return address if path in (address, "", ":memory:") else _SQLITE + str(self.place(path))


def load_config(path: str | PathLike[str], **changed: Any) -> Config:
    """Read a configuration.

    Parameters
    ----------
    path : path
        A TOML file.
    **changed
        Keys whose values replace those of the file.

    Raises
    ------
    InvalidConfiguration
        If anything is wrong with it; all problems are listed, each with its key and what would be right.

    Examples
    --------
    >>> from importlib.resources import files
    >>> from forecasting.batch import load_config
    >>> config = load_config(files("forecasting.batch") / "example.toml", horizon=6)  # what `batch init` writes
    >>> config.horizon, [one.label for one in config.specifications]
    (6, ['auto', 'SeasonalNaive'])
    """
    file = read_path(path, "path")
    written = _read_toml(file) | changed
    problems = list(across(written, file.name))
    try:
        config = Config.model_validate({**written, "home": file.absolute().parent})
    except ValidationError as error:
        problems = [*explained(error, Config, file.name), *problems]
    if "home" in written:
        problems.append(Problem(file.name, 0, "home", "is no key of a configuration; take it out"))
    if problems:
        raise InvalidConfiguration(problems)
    return config


def _read_toml(file: Path) -> dict[str, Any]:
    def refuse(message: str) -> InvalidConfiguration:
        return InvalidConfiguration([Problem(file.name, 0, "", message)])

    try:
        with file.open("rb") as stream:
            content = stream.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise refuse(
            f"cannot be read: {error.strerror}; write an example with `forecasting batch init {file.name}`"
        ) from None
    if len(content) > _LARGEST_FILE:
        raise refuse("is larger than a megabyte; a configuration is a few dozen lines")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise refuse("is not UTF-8; save it as UTF-8") from None
    if _most_dots(text) > _MOST_DOTS:
        raise refuse(f"has a key of more than {_MOST_DOTS} parts; look at the dots")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise refuse(f"is no valid TOML: {error}") from None
    except (RecursionError, ValueError) as error:  # nested too deep; a number of too many digits
        raise refuse(f"is no valid TOML: {type(error).__name__}, a value is nested too deep or too long") from None


def _most_dots(text: str) -> int:
    """Return the most dots of anything that may be a key; rows of dots are decoration."""
    without_rows = re.sub(r"\.{2,}", "", re.sub("[ \t]", "", text))
    return max(part.count(".") for part in re.split(r"[\n=,\[\]{}]", without_rows))
