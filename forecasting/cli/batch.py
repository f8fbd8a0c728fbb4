"""``forecasting batch``: scheduled forecasts of many series."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.cli import options
from forecasting.cli.output import say_json, tell, write
from forecasting.cli.program import DONE, FAILED
from forecasting.cli.progress import listener, readable
from forecasting.errors import InvalidInput

if TYPE_CHECKING:
    from forecasting.batch.runner import Summary

_SHOWN = 20

config_file = click.argument("config", metavar="CONFIG", type=click.Path(dir_okay=False))


@click.group()
def batch() -> None:
    """Forecast many series again and again: archived, resumable, scored when the truth arrives.

    CONFIG is a TOML file; ``forecasting batch init`` writes an example.
    """


@batch.command()
@click.argument("file", metavar="[FILE]", default="batch.toml", type=click.Path(dir_okay=False))
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
def init(file: str, force: bool) -> None:
    """Write a commented example that runs as it is."""
    path = Path(file)
    if path.exists() and not force:
        raise InvalidInput(f"{path} is there already; name another file, or replace it with --force")
    write(path, resources.files("forecasting.batch").joinpath("example.toml").read_text(encoding="utf-8"))
    tell(f"wrote {path}; run it with: forecasting batch run {path}")


@batch.command()
@config_file
@click.option("--workers", metavar="N", help="Instead of the workers of CONFIG: a number or a Dask address.")
@options.as_json
def run(config: str, workers: str | None, as_json: bool) -> int:
    """Forecast every series by every model; what is archived already is kept.

    Progress goes to standard error: a bar on a terminal, else a line of key=value pairs an event.
    """
    from forecasting.batch.config import load_config
    from forecasting.batch.runner import run_batch

    changed: dict[str, Any] = {} if workers is None else {"workers": int(workers) if workers.isdecimal() else workers}
    request = load_config(config, **changed)
    with listener() as hear:
        summary = run_batch(request, hear)
    if as_json:
        say_json(summary.to_dict())
    else:
        _print(summary)
    return DONE if summary.complete else FAILED


def _print(summary: Summary) -> None:
    click.echo(
        f"run {summary.run}: {summary.series} series; {summary.done} forecasts made, {summary.known} known already, "
        f"{summary.failed} failed; {summary.bad_series} bad series"
    )
    for failure in summary.failures[:_SHOWN]:
        name = " ".join(part for part in (failure.series, failure.model, failure.origin) if part)
        click.echo(f"  {readable(name)}: {readable(failure.reason)}")
    if len(summary.failures) > _SHOWN:
        click.echo(f"  and {len(summary.failures) - _SHOWN} more; all of them with --json")
