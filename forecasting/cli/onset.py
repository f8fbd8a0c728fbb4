"""``forecasting onset``: the month of a change of level that is not known beforehand."""

from __future__ import annotations

import click

from forecasting.cli import options
from forecasting.cli.options import Selection, Table
from forecasting.cli.output import say_chances, say_json, tell
from forecasting.cli.requests import observed


@click.command()
@options.selects
@options.reads
@click.option("--within", metavar="A..B", help="Months in which the change may begin, for example 2023-06..2023-11.")
@click.option("--trend/--no-trend", default=True, help="Whether a steady trend is among the levels.")
@click.option("--wandering/--no-wandering", default=True, help="Whether a level that wanders is among them.")
@options.draws
@options.seed
@options.as_json
def onset(
    selection: Selection,
    table: Table,
    within: str | None,
    trend: bool,
    wandering: bool,
    draws: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Say when a change of level began, how large it was, and whether there was one.

    The month is summed over, so that the search for it is paid for.  Any facts will do: totals, bounds, orderings.
    """
    data = observed(selection, table)
    window = None if within is None else options.window(within, "--within")
    from forecasting.scenarios import onset as weigh

    tell(f"weighing a change in each month of {data.name}, {data.months[0]}..{data.months[-1]}")
    report = weigh(data, window, trend, wandering, draws=draws, rng=options.generator(seed))
    if as_json:
        say_json({**report.to_dict(), "seed": seed, "draws": draws})
        return
    inside = report.interval(0.9)
    shares = zip(report.table["month"], report.table["probability"], strict=True)
    say_chances(report.in_words(), ((str(month), float(share)) for month, share in shares if month in inside))
    click.echo("\nThe months of the smallest set that holds the onset with 90%, if there was a change.")
