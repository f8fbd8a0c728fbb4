"""``forecasting changes``: how often the level of complete months changed, and when."""

from __future__ import annotations

import click

from forecasting.cli import options
from forecasting.cli.options import Selection, Table
from forecasting.cli.output import say_chances, say_json, tell
from forecasting.cli.requests import observed


@click.command()
@options.selects
@options.reads
@click.option("--most", type=click.IntRange(1, 100), default=10, show_default=True, help="Largest number of changes.")
@click.option("--shortest", type=click.IntRange(1), default=1, show_default=True, help="Months a level lasts at least.")
@click.option("--poisson", is_flag=True, help="Poisson months around the level, instead of negative binomial ones.")
@options.draws
@options.seed
@options.as_json
def changes(
    selection: Selection,
    table: Table,
    most: int,
    shortest: int,
    poisson: bool,
    draws: int | None,
    seed: int,
    as_json: bool,
) -> None:
    """Say how often the level changed, when, and how large each change was.

    All ways to place the changes are summed over.  Months must be complete or missing; for other facts there is
    `forecasting onset`.
    """
    data = observed(selection, table)
    from forecasting.distributions import NegativeBinomial, Poisson
    from forecasting.scenarios import changes as weigh

    tell(f"weighing up to {most} changes in {data.name}, {data.months[0]}..{data.months[-1]}")
    report = weigh(
        data,
        most=most,
        shortest=shortest,
        distribution=Poisson() if poisson else NegativeBinomial(),
        draws=draws,
        rng=options.generator(seed),
    )
    if as_json:
        say_json({**report.to_dict(), "seed": seed, "draws": len(report.draws)})
        return
    shares = ((f"{count:>3}", float(share)) for count, share in report.number.items() if share >= 0.005)
    say_chances(report.in_words(), shares)
    click.echo("\nThe probability of each number of changes.")
