"""``forecasting batch status, verify, list, inspect``: what is in an archive, and whether it is well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.cli import options
from forecasting.cli.metrics import of_status, write_metrics
from forecasting.cli.output import say_json
from forecasting.cli.program import DONE, FAILED
from forecasting.cli.progress import readable
from forecasting.display import records

if TYPE_CHECKING:
    from forecasting.batch.archive import Archive

_SHOWN = 20

config_file = click.argument("config", metavar="CONFIG", type=click.Path(dir_okay=False))
metrics = click.option("--metrics", "textfile", metavar="FILE.prom", help="Write numbers for Prometheus.")


def show_lines(lines: list[str]) -> None:
    """Print the first of many lines, and how many more there are."""
    for line in lines[:_SHOWN]:
        click.echo(f"  {readable(line)}")
    if len(lines) > _SHOWN:
        click.echo(f"  and {len(lines) - _SHOWN} more; all of them with --json")


def opened(config: str) -> Archive:
    """Open the archive that a batch has written."""
    from forecasting.batch.archive import Archive
    from forecasting.batch.config import load_config

    request = load_config(config)
    return Archive.open(request.address(request.archive), create=False)


@click.command()
@config_file
@click.option("--max-age", type=click.FloatRange(0), metavar="HOURS", help="The newest run may have ended so long ago.")
@metrics
@options.as_json
def status(config: str, max_age: float | None, textfile: str | None, as_json: bool) -> int:
    """Say how the newest run went; exit code 1 if it did not end, left something out, or is too old."""
    from forecasting.batch.overview import status as status_of

    with opened(config) as archive:
        found = status_of(archive)
    if textfile is not None:
        write_metrics(textfile, Path(config).stem, of_status(found))
    old = max_age is not None and (found["hours"] is None or found["hours"] > max_age)
    well = found["finished"] is not None and bool(found["complete"]) and not old
    if as_json:
        say_json({**found, "well": well})
    else:
        click.echo(_status_in_words(found))
    return DONE if well else FAILED


def _status_in_words(found: dict[str, Any]) -> str:
    if found["run"] is None:
        return "no run yet"
    if found["finished"] is None:
        lines = [
            f"run {found['run']} started at {found['started']} and has not ended: it is running, or was interrupted"
        ]
    else:
        lines = [f"run {found['run']} ended at {found['finished']}, {found['hours']:,.1f} hours ago"]
        lines.append(
            f"{found['series']} series; {found['done']} forecasts made, {found['known']} known already, "
            f"{found['failed']} failed; {found['bad_series']} bad series"
        )
    lines.append(
        f"{found['current']} of {found['archived']} series have a forecast from {found['origin'] or 'any month'}"
    )
    return "\n".join(lines)


@click.command()
@config_file
@options.as_json
def verify(config: str, as_json: bool) -> int:
    """Compute every digest of the archive again; exit code 1 if something is not what was stored."""
    from forecasting.batch.verification import verify as verified

    with opened(config) as archive:
        found = verified(archive)
    if as_json:
        say_json(found.to_dict())
    else:
        click.echo(
            f"{found.runs} runs, {found.forecasts} forecasts, {found.vintages} releases, {found.scores} scored months: "
            f"{len(found.problems) or 'no'} problems"
        )
        show_lines(list(found.problems))
    return FAILED if found.problems else DONE


@click.command()
@config_file
@click.argument("address")
@click.option("--since", metavar="YYYY-MM", help="Leave out forecasts from earlier origins, and their scores.")
@options.as_json
def copy(config: str, address: str, since: str | None, as_json: bool) -> int:
    """Copy the archive of CONFIG to ADDRESS, where nothing is yet, and compute every digest of the copy again.

    ADDRESS is a SQLite file or postgresql://...; ``${NAME}`` in it is an environment variable.  A copy is a backup, a move to a
    server, or, with --since, a smaller archive.
    """
    from forecasting.batch.archive import Archive
    from forecasting.batch.secrets import resolved
    from forecasting.batch.verification import verify as verified
    from forecasting.months import to_month

    target = resolved(address)
    with opened(config) as archive:
        rows = archive.copy(target, since="" if since is None else str(to_month(since)))
    with Archive.open(target, create=False) as made:
        found, shown = verified(made), made.address
    if as_json:
        say_json({"archive": shown, "rows": rows, "problems": list(found.problems)})
    else:
        click.echo(
            f"{rows['runs']} runs, {rows['forecasts']} forecasts, {rows['vintages']} releases are in {readable(shown)}"
        )
        show_lines(list(found.problems))
    return FAILED if found.problems else DONE


@click.command(name="list")
@config_file
@options.as_json
def list_series(config: str, as_json: bool) -> None:
    """List the series of the archive: newest count, newest origin, numbers of forecasts."""
    from forecasting.batch.overview import series_table

    with opened(config) as archive:
        table = series_table(archive)
    if as_json:
        say_json({"series": records(table)})
        return
    table["unique_id"] = [readable(name) for name in table["unique_id"]]
    click.echo(table.to_string(index=False) if len(table) else "no series yet")


@click.command()
@config_file
@click.argument("series")
@options.as_json
def inspect(config: str, series: str, as_json: bool) -> None:
    """Show what is known of a series: releases of its counts, and every forecast with how it was made."""
    from forecasting.batch.overview import inspect as inspected

    with opened(config) as archive:
        found = inspected(archive, series)
    if as_json:
        say_json(found)
        return
    click.echo(readable(found["series"]))
    for one in found["releases"]:
        click.echo(f"  {one['counts']} counts, {one['first']} to {one['last']}, known on {one['known']}")
    for one in found["forecasts"]:
        kind = "hindcast" if one["hindcast"] else "forecast"
        said = "; ".join([str(one["error"])] if one["status"] == "failed" else [_total_in_words(one), *one["account"]])
        click.echo(f"  run {one['run']}: {kind} by {readable(one['model'])} from {one['origin']}: {readable(said)}")


def _total_in_words(one: dict[str, Any]) -> str:
    total = one["total"]
    return f"total {total['median']:,} ({total['level']:.0%} interval {total['lower']:,} to {total['upper']:,})"
