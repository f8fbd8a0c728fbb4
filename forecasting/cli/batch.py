"""``forecasting batch``: scheduled forecasts of many series."""

from __future__ import annotations

import datetime as dt
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.cli import options
from forecasting.cli.output import records, say_json, tell, write
from forecasting.cli.program import DONE, FAILED
from forecasting.cli.progress import listener, readable
from forecasting.errors import InvalidInput

if TYPE_CHECKING:
    from forecasting.batch.archive import Archive
    from forecasting.batch.archive.truth import Release
    from forecasting.batch.config import Config
    from forecasting.batch.runner import Summary

_SHOWN = 20
_COLUMNS = ["n", "own", "failed", "log_score", "rps", "crps", "absolute_error", "cover_50", "cover_80", "cover_95"]

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


@batch.command()
@config_file
@click.option(
    "--release",
    metavar="WHICH",
    default="latest",
    show_default=True,
    help="Counts that the table compares with: first, latest, or those known on a day.",
)
@options.as_json
def score(config: str, release: str, as_json: bool) -> None:
    """Score archived forecasts against the counts that have come since.

    A month without a count is pending.  Models are compared on the months that all of them have.
    """
    from forecasting.batch.config import load_config
    from forecasting.batch.scoring import as_backtest, score_archive

    truth = _release(release)
    with _archive(load_config(config)) as archive:
        scored = score_archive(archive)
        table = as_backtest(archive, release=truth).table()
    if as_json:
        say_json({**scored.to_dict(), "release": release, "models": records(table.rename_axis("model").reset_index())})
        return
    click.echo(
        f"{scored.new} months scored now, {scored.known} before, {scored.pending} pending, {scored.failed} of failed forecasts"
    )
    if table["n"].gt(0).any():
        click.echo(f"\nmean scores on the months that all models have; n of them ({release} counts)\n")
        click.echo(table[_COLUMNS].to_string(float_format="{:.3f}".format, na_rep="-"))


def _release(text: str) -> Release:
    if text in ("first", "latest"):
        return "first" if text == "first" else "latest"
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"--release {text!r} is none; use first, latest or a day such as 2023-12-05") from None


def _archive(request: Config) -> Archive:
    """Open the archive that a batch has written."""
    from forecasting.batch.archive import Archive

    return Archive.open(request.address(request.archive), create=False)


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
