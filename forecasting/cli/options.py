"""Options that commands share, gathered into the object that acts on them."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click

from forecasting.cli.output import place_of
from forecasting.errors import InvalidInput
from forecasting.statements import STATEMENTS, option

if TYPE_CHECKING:
    import numpy as np

    from forecasting.evidence import Evidence, Ledger

Command = TypeVar("Command", bound=Callable[..., Any])

SEED = 20231205
GET_LOST = "get_lost.desertion_requests"
GET_LOST_DAY = "2023-12-05"
_NOT_REPEATED = {"output", "picture", "as_json"}
_OF_TABLES = ("id_col", "time_col", "target_col")  # options of a table, idle where there is none

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
draws = click.option(
    "--draws",
    type=click.IntRange(100, 1_000_000),
    help="Posterior draws; those of the function in Python by default, fewer where the facts make one costly.",
)
seed = click.option("--seed", type=click.IntRange(0), default=SEED, show_default=True, help="Of the random numbers.")
level = click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Coverage of the intervals.",
)
horizon = click.option("--horizon", type=click.IntRange(1, 1200), default=3, show_default=True, help="Months ahead.")


def _is_svg(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """Refuse names of other kinds of pictures: what is written is SVG, and no program would open it under such a name."""
    if value is not None and not place_of(value, "--picture").name.lower().endswith(".svg"):
        raise InvalidInput(f"--picture {value!r} is written as SVG; name it FILE.svg")
    return value


picture = click.option(
    "--picture",
    metavar="FILE.svg",
    type=click.Path(dir_okay=False),
    callback=_is_svg,
    help="Draw the result.",
)


class ModelName(click.ParamType):  # type: ignore[type-arg]
    """The short name, or the class name, of a model that is registered; looked up only when it is needed."""

    name = "model"

    def get_metavar(self, *_: Any, **__: Any) -> str:
        """Return all short names."""
        from forecasting.models import known_models

        return f"[{'|'.join(known_models())}]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the short name of the model."""
        from forecasting.models import find_model, known_models

        try:
            wanted = find_model(value)
        except InvalidInput as error:
            self.fail(str(error), param, ctx)
        return next(name for name, cls in known_models().items() if cls is wanted)


@dataclass(frozen=True)
class Selection:
    """Which facts of which series are asked about.

    Attributes
    ----------
    ledger : str or None
        A folder; None for the shipped ledger.
    as_of, series, start, end : str or None
        As typed.
    reading, without : tuple of str
        Alternative readings to switch on, facts to leave out.
    """

    ledger: str | None
    as_of: str | None
    series: str | None
    start: str | None
    end: str | None
    reading: tuple[str, ...]
    without: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing about a ledger alone was typed; months and day may be limited all the same."""
        return not (self.ledger or self.series or self.reading or self.without)

    def everything(self) -> Ledger:
        """Return the ledger with all that is known today."""
        from forecasting.evidence import load_ledger

        return load_ledger(self.ledger)

    def choose(self, whole: Ledger) -> tuple[str, Ledger]:
        """Return the series, and the ledger as of the day; by default Get Lost, on the day of its report.

        Raises
        ------
        InvalidInput
            If there are several series and none was chosen.
        """
        series = self.series
        if series is None:
            if self.ledger is not None and len(whole.series) != 1:
                raise InvalidInput(f"choose one of the series with --series: {', '.join(whole.series)}")
            series = GET_LOST if self.ledger is None else whole.series[0]
        day = self.as_of
        if day is None and self.ledger is None and series == GET_LOST:
            day = GET_LOST_DAY
        return series, whole if day is None else whole.as_of(day)

    def evidence(self, ledger: Ledger, series: str) -> Evidence:
        """Return what the chosen facts say."""
        return ledger.evidence(series, start=self.start, end=self.end, without=self.without, reading=self.reading)


@dataclass(frozen=True)
class Table:
    """A table of counts and one of its series, instead of facts.

    Attributes
    ----------
    csv, unique_id : str or None
        The file, and the series where it holds several.
    allow_missing : bool
        Whether a month without a count was not observed.
    id_col : str or None
        Column of the names of series; None for ``unique_id``, if there is one.
    time_col, target_col : str
        Columns of the months and counts.
    last_month : {"drop", "keep"} or None
        What to do with the month that was not over.
    """

    csv: str | None
    unique_id: str | None
    allow_missing: bool
    id_col: str | None
    time_col: str
    target_col: str
    last_month: Literal["drop", "keep"] | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing about a table was typed."""
        named = self.csv or self.unique_id or self.allow_missing or self.id_col or self.last_month
        return not named and (self.time_col, self.target_col) == ("ds", "y")


def gathers(command: Command, name: str, kind: type[Any], added: Sequence[Callable[[Any], Any]]) -> Command:
    """Add options that are the fields of a `kind`, which the command receives as one argument called `name`."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **given: Any) -> Any:
        chosen = {field.name: given.pop(field.name) for field in fields(kind)}
        return command(*arguments, **given, **{name: kind(**chosen)})

    return functools.reduce(lambda inner, option: option(inner), reversed(added), wrapped)  # type: ignore[return-value]


def selects(command: Command) -> Command:
    """Add the options of a `Selection`, which the command receives as `selection`."""
    added = [
        click.option("--ledger", metavar="FOLDER", help="With facts.csv and sources.csv; default: the shipped ledger."),
        click.option(
            "--as-of",
            metavar="YYYY-MM-DD",
            help="Use only what was known on that day.",
        ),
        click.option("--series", metavar="NAME", help=f"Default: {GET_LOST} as of {GET_LOST_DAY}."),
        click.option("--start", metavar="YYYY-MM", help="First month; default: the first one any fact mentions."),
        click.option("--end", metavar="YYYY-MM", help="Last month."),
        click.option("--reading", metavar="NAME", multiple=True, help="Switch on an alternative reading; repeatable."),
        click.option("--without", metavar="FACT", multiple=True, help="Leave out a fact; repeatable."),
    ]
    return gathers(command, "selection", Selection, added)


def reads(command: Command) -> Command:
    """Add the options of a `Table`, which the command receives as `table`."""
    added = [
        click.option("--csv", metavar="FILE", help="Counts with columns unique_id, ds, y, instead of a ledger."),
        click.option("--id", "unique_id", metavar="NAME", help="Series of the table, where it holds several."),
        click.option("--allow-missing", is_flag=True, help="Months without a count were not observed."),
        click.option(
            "--id-col", metavar="NAME", help="Column of the names of series; default: unique_id, if there is one."
        ),
        click.option("--time-col", metavar="NAME", default="ds", show_default=True, help="Column of the months."),
        click.option("--target-col", metavar="NAME", default="y", show_default=True, help="Column of the counts."),
        click.option(
            "--last-month",
            type=click.Choice(["drop", "keep"]),
            help="Of a table with --as-of: leave out the month of that day, which was not over, or take it as complete.",
        ),
    ]
    return gathers(command, "table", Table, added)


def states(command: Command) -> Command:
    """Add an option for each statement of the reporting checklist; the command receives them as a mapping `statements`."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **given: Any) -> Any:
        statements = {name: text for name in STATEMENTS if (text := given.pop(name)) is not None}
        return command(*arguments, statements=statements, **given)

    asked = [
        click.option(option(name), name, metavar="TEXT", help=f"For the checklist: {asks}")
        for name, asks in STATEMENTS.items()
    ]
    return functools.reduce(lambda inner, add: add(inner), reversed(asked), wrapped)  # type: ignore[return-value]


def spelt_out(context: click.Context, resolved: dict[str, Any]) -> str:
    """Return the command that gives the same result again: every option as it was used, defaults included.

    Options that only say where results go, or how they are printed, are left out.

    Parameters
    ----------
    context : click.Context
        Of the command that runs.
    resolved : dict
        Values that took the place of what was not typed, by parameter.
    """
    words = ["forecasting", str(context.info_name)]
    idle = () if context.params.get("csv") else _OF_TABLES
    for parameter in context.command.params:
        name = str(parameter.name)
        value = resolved.get(name, context.params[name])
        if name in (*_NOT_REPEATED, *idle) or value is None:
            continue
        if isinstance(value, bool):
            words += [parameter.opts[0]] if value else parameter.secondary_opts[:1]
            continue
        for item in value if isinstance(value, tuple) else (value,):
            words += [parameter.opts[0], str(item)]
    return shlex.join(words)


def generator(number: int) -> np.random.Generator:
    """Return a generator of random numbers."""
    import numpy as np

    return np.random.default_rng(number)


def window(text: str, option: str) -> tuple[str, str]:
    """Read ``2023-06..2023-08``, or a single month, as a window.

    Examples
    --------
    >>> window("2023-06..2023-08", "--before")
    ('2023-06', '2023-08')
    """
    from forecasting.months import to_month

    start, dots, end = (part.strip() for part in text.partition(".."))
    try:
        for month in (start, end if dots else start):
            to_month(month)
    except InvalidInput as error:
        raise InvalidInput(f"{option} {text!r} is no window; write it as 2023-06..2023-08") from error
    return start, end or start
