"""``forecasting jump``: one window of months weighed against an earlier one."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.cli import options
from forecasting.cli.options import GET_LOST, Selection, Table
from forecasting.cli.output import place_of, say_json, tell, to_json, write
from forecasting.cli.requests import counted
from forecasting.display import plain, records
from forecasting.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from forecasting.constraints import Observed
    from forecasting.evidence import Evidence, Ledger
    from forecasting.scenarios import JumpReport

_KEY = (
    "bits: the chance as heads in a row from a fair coin; one bit more is half the chance. It is that of the tail in the "
    "direction of the change, in the column before. As unusual: a change as unusual, either way, which is what the verdict is "
    "about and what the validation judges."
)
_WINDOWS = {"before": "2023-06..2023-08", "after": "2023-09..2023-11"}


@dataclass(frozen=True)
class _Facts:
    """The ledger as it is today, as it was on the day asked about, and what it then said about the series."""

    today: Ledger
    then: Ledger
    evidence: Evidence

    @classmethod
    def of(cls, selection: Selection) -> _Facts:
        today = selection.everything()
        series, then = selection.choose(today)
        return cls(today, then, selection.evidence(then, series))


@click.command()
@options.selects
@options.reads
@click.option("--before", metavar="A..B", help="The earlier window, for example 2023-06..2023-08.")
@click.option("--after", metavar="A..B", help="The later window, for example 2023-09..2023-11.")
@options.level
@options.horizon
@options.draws
@click.option(
    "--largest-growth",
    type=click.FloatRange(0, min_open=True),
    help="Largest steady growth per month that you would believe, for example 0.1 for 10%; by default 0.22.",
)
@options.seed
@click.option("--readings/--no-readings", default=True, help="Repeat the key numbers under every alternative reading.")
@options.states
@click.option(
    "--output", metavar="FOLDER", type=click.Path(file_okay=False), help="Write the report, pictures and JSON."
)
@options.as_json
@click.pass_context
def jump(
    context: click.Context,
    selection: Selection,
    table: Table,
    before: str | None,
    after: str | None,
    level: float,
    horizon: int,
    draws: int | None,
    largest_growth: float | None,
    seed: int,
    readings: bool,
    statements: dict[str, str],
    output: str | None,
    as_json: bool,
) -> None:
    """Weigh a rise or a fall between two windows of months against every baseline.

    Without options: the rise in requests to Get Lost between summer and autumn 2023, from what was public on
    5 December 2023.  Of a table of one's own nothing is known but its counts, so there are no readings to try and nothing
    published later to look up.
    """
    source = counted(selection, table) or _Facts.of(selection)
    facts = source if isinstance(source, _Facts) else None
    data = source.evidence if isinstance(source, _Facts) else source
    windows = _windows(data, before, after, shipped=facts is not None and selection.ledger is None)
    from forecasting.scenarios import jump as weigh

    rng = options.generator(seed)
    tell(f"weighing {data.name}, {data.months[0]}..{data.months[-1]}, against every baseline")
    report = weigh(data, *windows, draws=draws, level=level, horizon=horizon, largest_growth=largest_growth, rng=rng)
    if output is None and not as_json:
        _print(report)
        return
    others = truth = None
    if facts is not None:
        others, truth = _beyond(report, facts, selection, readings, rng)
    from forecasting.report import provenance

    command = options.spelt_out(context, _resolved(report, facts))
    known_later = None if facts is None or truth is None else facts.today
    record = provenance(
        data if facts is None else facts.then, command=command, seed=seed, draws=report.draws, truth=known_later
    )
    found = {
        **report.to_dict(),
        "readings": None if others is None else records(others),
        "truth": None if truth is None else records(truth),
        "facts": [] if facts is None else records(facts.evidence.facts),
        "statements": statements,
        "provenance": record,
    }
    files = [] if output is None else _write(place_of(output, "--output"), report, facts, others, truth, record, found)
    if as_json:
        say_json(found)
    else:
        _print(report)
        click.echo("\n".join(["", *(f"wrote {file}" for file in files)]))


def _windows(
    data: Observed, before: str | None, after: str | None, *, shipped: bool
) -> tuple[tuple[str, str], tuple[str, str]]:
    """Read the windows, those of the shipped series where none are given, and refuse what does not fit the data."""
    from forecasting.scenarios.windows import Windows

    given = {"before": before, "after": after}
    if shipped and data.name == GET_LOST:
        given = {name: text or _WINDOWS[name] for name, text in given.items()}
    for name, text in given.items():
        if text is None:
            raise InvalidInput(f"--{name} is missing; give the window, for example --{name} {_WINDOWS[name]}")
    first, second = (options.window(str(text), f"--{name}") for name, text in given.items())
    Windows.of(data, first, second)
    return first, second


def _beyond(
    report: JumpReport, facts: _Facts, selection: Selection, readings: bool, rng: np.random.Generator
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Return what other readings change, and what was published after the day of the report."""
    from forecasting.report import check_truth, compare_readings

    streams = rng.spawn(2)
    others = truth = None
    if readings:
        tell("trying the other readings of the facts")
        others = compare_readings(report, facts.then, facts.evidence, without=selection.without, rng=streams[0])
    if report.as_of is not None:
        tell("looking up what was published later")
        try:
            later = facts.today.evidence(report.series, without=selection.without, reading=selection.reading)
            truth = check_truth(report, later, rng=streams[1])
        except InvalidInput as error:
            tell(f"no check against what was published later: {error}")
    return others, truth


def _write(
    folder: Path,
    report: JumpReport,
    facts: _Facts | None,
    readings: pd.DataFrame | None,
    truth: pd.DataFrame | None,
    record: dict[str, object],
    found: dict[str, Any],
) -> list[Path]:
    """Write the page, the pictures and the JSON; return the files."""
    tell("drawing and writing")
    from forecasting.figures import facts_figure, svg
    from forecasting.report import checklist, pictures, render

    drawings = {name: svg(figure) for name, figure in pictures(report, truth).items()}
    items = checklist(plain(found))
    table = None if facts is None else facts.evidence.facts
    page = render(report, facts=table, readings=readings, truth=truth, record=record, drawings=drawings, items=items)
    files = {
        "index.html": page,
        "jump.json": to_json(found) + "\n",
        **{f"{name}.svg": drawing for name, drawing in drawings.items()},
    }
    if facts is not None:
        files["facts.svg"] = svg(facts_figure(facts.evidence))
    for name, text in files.items():
        write(folder / name, text)
    return [folder / name for name in files]


def _print(report: JumpReport) -> None:
    from forecasting.scenarios.wording import limits, statements

    for said in statements(report):
        click.echo(textwrap.fill(said, 100))
    click.echo()
    click.echo(_table(report).to_string())
    click.echo(f"\n{textwrap.fill(_KEY, 100)}")
    if limits(report):
        click.echo(f"\n{textwrap.fill(limits(report), 100)}")


def _table(report: JumpReport) -> pd.DataFrame:
    """Return the verdicts as text."""
    import pandas as pd

    from forecasting.scenarios.surprise import Surprise
    from forecasting.scenarios.wording import beyond, bits, primary, tail
    from forecasting.scenarios.words import chance, factors, share

    numbers = report.table()
    rows = {}
    for result in report.results:
        told = result.surprise
        low, middle, high = (numbers[f"ratio_{of}"].to_dict()[result.name] for of in ("lower", "median", "upper"))
        seen = isinstance(told, Surprise)
        rows[result.name] = {
            "expected ratio": f"{middle:.2f} ({factors(low, high)})" if seen else "-",
            "as unusual": primary(told) if isinstance(told, Surprise) else "-",
            beyond(report): tail(told) if isinstance(told, Surprise) else "-",
            "bits": bits(told) if isinstance(told, Surprise) else "-",
            "in some windows": "-" if result.has_step else share(result.search, report.draws),
            "probability": chance(result.probability),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _resolved(report: JumpReport, facts: _Facts | None) -> dict[str, Any]:
    """Return what was analysed where nothing was typed; what only facts have is left out for a table."""
    pair = report.comparison
    ledger = {"readings": None} if facts is None else {"series": report.series, "as_of": facts.then.vintage}
    return {
        **ledger,
        "start": report.months[0],
        "end": report.months[-1],
        "before": f"{pair.before[0]}..{pair.before[-1]}",
        "after": f"{pair.after[0]}..{pair.after[-1]}",
    }
