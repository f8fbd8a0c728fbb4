"""``forecasting batch``: scheduled forecasts of many series."""

from __future__ import annotations

import datetime as dt
import os
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.cli import options
from forecasting.cli.archives import (
    config_file,
    copy,
    inspect,
    list_series,
    metrics,
    opened,
    show_lines,
    status,
    verify,
)
from forecasting.cli.metrics import of_monitor, write_metrics
from forecasting.cli.output import place_of, say_json, tell, write
from forecasting.cli.program import DONE, FAILED
from forecasting.cli.progress import listener, readable
from forecasting.display import records
from forecasting.errors import InvalidInput

if TYPE_CHECKING:
    from forecasting.batch.archive.truth import Release
    from forecasting.batch.export import Format
    from forecasting.batch.plan import Plan
    from forecasting.batch.runner import Summary

_FORMATS = ["nixtla", "hubverse", "paths"]
_COLUMNS = ["n", "own", "failed", "log_score", "rps", "crps", "absolute_error", "cover_50", "cover_80", "cover_95"]

_KINDS = ("drift", "jumps", "fits", "stale", "gone")


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
@click.option("--create", is_flag=True, help="Begin a new archive where the one of earlier runs is gone.")
@click.option("--series", metavar="PATTERN", multiple=True, help="Only series that match, such as 'a*'; repeatable.")
@click.option("--limit", metavar="N", type=click.IntRange(1), help="At most so many series, the first by name.")
@click.option("--dry-run", is_flag=True, help="Say what would be forecast, and write nothing.")
@options.as_json
@click.pass_obj
def run(
    so_far: dict[str, Any],
    config: str,
    workers: str | None,
    create: bool,
    series: tuple[str, ...],
    limit: int | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Forecast every series by every model; what is archived already is kept.

    The first run makes the archive and leaves a note beside CONFIG; from then on an archive that is not there is an error.
    Progress goes to standard error: a bar on a terminal, else a line of key=value pairs per event.
    """
    from forecasting.batch.begun import may_begin, remember
    from forecasting.batch.config import load_config
    from forecasting.batch.inputs import Part
    from forecasting.batch.plan import plan_batch
    from forecasting.batch.runner import run_batch

    is_number = workers is not None and re.fullmatch("[0-9]{1,9}", workers)
    changed: dict[str, Any] = {} if workers is None else {"workers": int(workers) if is_number else workers}
    request, part = load_config(config, **changed), Part(series, limit)
    if dry_run:
        plan = plan_batch(request, part=part)
        if as_json:
            say_json(plan.to_dict())
        else:
            _print_plan(plan)
        return FAILED if plan.bad else DONE
    with listener(so_far) as hear:

        def noting(event: str, **details: Any) -> None:
            if event == "start":
                remember(Path(config))
            hear(event, **details)

        summary = run_batch(request, noting, create=create or may_begin(Path(config)), part=part)
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
    """Score archived forecasts, and totals of their first 3, 6 and 12 months, against the counts that have come since.

    A month without a count is pending.  Models are compared on the months that all of them have, and on such totals.
    """
    from forecasting.batch.scoring import mean_scores, score_archive

    truth = _release(release)
    with opened(config) as archive:
        scored = score_archive(archive, releases=list(dict.fromkeys(("first", "latest", truth))))
        with archive.snapshot() as held:
            tables = {late: mean_scores(held, release=truth, hindcasts=late) for late in (False, True)}
    if as_json:
        rows = [
            {**row, "hindcast": late}
            for late, table in tables.items()
            for row in records(table.rename_axis("model").reset_index())
        ]
        say_json({**scored.to_dict(), "release": release, "models": rows})
        return
    click.echo(
        f"{scored.new} months scored now, {scored.known} before, {scored.pending} pending, {scored.failed} of failed forecasts"
    )
    for late, table in tables.items():
        if table["n"].gt(0).any():
            kind = "hindcasts, issued when the counts could be known" if late else "issued in time"
            click.echo(f"\n{kind}: mean scores on the months that all models have; n of them ({release} counts)\n")
            click.echo(table[_COLUMNS].to_string(float_format="{:.3f}".format, na_rep="-"))
            totals = [name for name in map(str, table) if name.startswith("total_")]
            if totals:
                click.echo("\n" + table[totals].to_string(float_format="{:.3f}".format, na_rep="-"))


@batch.command()
@config_file
@click.option("--output", metavar="DIR", type=click.Path(file_okay=False), help="Instead of the folder of CONFIG.")
@options.as_json
def report(config: str, output: str | None, as_json: bool) -> None:
    """Write a static site: an index with search and sort, a page a series, a page of what calls for attention.

    An earlier report in the folder is replaced when the new one is complete.
    """
    from forecasting.batch.config import load_config
    from forecasting.batch.site import build_site

    request = load_config(config)
    built = build_site(
        request.address(request.archive),
        request.place(request.report) if output is None else place_of(output, "--output"),
        models=[one.label for one in request.specifications],
        workers=request.workers if isinstance(request.workers, int) else os.cpu_count() or 1,
    )
    if as_json:
        say_json(built.to_dict())
    else:
        tell(f"wrote {built.folder / 'index.html'}: {built.series} series, {built.attention} call for attention")


@batch.command()
@config_file
@click.option("--release", metavar="WHICH", default="latest", show_default=True, help="Counts that are the truth.")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.05,
    show_default=True,
    help="Expected share of false alarms among those listed as drifted, and as jumps.",
)
@click.option(
    "--alarm",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="Share of calibrated series that is ever on watch, at most.",
)
@click.option(
    "--stale",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Months by which the newest count of a series may not be too old.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["any", *_KINDS]),
    multiple=True,
    help="End with exit code 1 if there is something of this kind; repeatable.",
)
@metrics
@options.as_json
def monitor(
    config: str,
    release: str,
    rate: float,
    alarm: float,
    stale: int,
    fail_on: tuple[str, ...],
    textfile: str | None,
    as_json: bool,
) -> int:
    """List what calls for attention: drift, counts beyond their last forecast, fits that warn, counts that no longer come.

    Counts that came since the last ``forecasting batch score`` are not in it.
    """
    from forecasting.batch.monitoring import KINDS, headline, in_words
    from forecasting.batch.monitoring import monitor as judge

    truth = _release(release)
    with opened(config) as archive:
        told = judge(archive, release=truth, rate=rate, alarm=alarm, stale=stale).to_dict()
    if textfile is not None:
        write_metrics(textfile, Path(config).stem, of_monitor(told, _KINDS))
    alarming = any(told[kind] for kind in (_KINDS if "any" in fail_on else fail_on))
    if as_json:
        say_json({**told, "release": release})
        return FAILED if alarming else DONE
    for kind, title in KINDS.items():
        click.echo(headline(kind, title, told))
        show_lines([f"{row['unique_id']}: {in_words(kind, row)}" for row in told[kind]])
    return FAILED if alarming else DONE


@batch.command()
@config_file
@click.option("--format", "layout", type=click.Choice(_FORMATS), required=True, help="Whose format.")
@click.option("--out", metavar="FILE", required=True, help="Ends in .csv or .parquet; for a hub also a folder.")
@click.option("--series", metavar="NAME", multiple=True, help="All by default; repeatable.")
@click.option("--model", metavar="LABEL", multiple=True, help="All by default; repeatable.")
@click.option("--origin", metavar="YYYY-MM", multiple=True, help="Last month of the data, or all; default: the newest.")
@click.option("--run", "number", type=click.IntRange(1), metavar="N", help="Of one run alone.")
@click.option("--target", metavar="NAME", help="Of a hub: what is forecast; default: count.")
@click.option("--team", metavar="NAME", help="Of a hub: who forecasts; default: forecasting.")
@options.as_json
def export(
    config: str,
    layout: Format,
    out: str,
    series: tuple[str, ...],
    model: tuple[str, ...],
    origin: tuple[str, ...],
    number: int | None,
    target: str | None,
    team: str | None,
    as_json: bool,
) -> None:
    """Write archived forecasts for other programs: Nixtla's wide table, a hub's model output, or sample paths."""
    from forecasting.batch.export import Selection
    from forecasting.batch.export import export as write_export
    from forecasting.series import listing

    named = {name: value for name, value in (("target", target), ("team", team)) if value is not None}
    if named and layout != "hubverse":
        raise InvalidInput("--target and --team belong to --format hubverse; leave them out")
    with opened(config) as archive:
        origins = "all" if origin == ("all",) else origin or None
        chosen = Selection.of(archive, series=series or None, model=model or None, origin=origins, run=number)
        files = write_export(chosen, layout, place_of(out, "--out"), **named)
    if as_json:
        told = {"format": layout, "forecasts": len(chosen.keys), "files": [str(file) for file in files]}
        say_json(told | ({"older": list(chosen.older)} if chosen.older else {}))
    else:
        tell(f"{len(chosen.keys)} forecasts written to {', '.join(str(file) for file in files[:3])}")
        if len(files) > 3:
            tell(f"and {len(files) - 3} more files")
        if chosen.older:
            names = readable(listing(chosen.older))
            tell(
                f"left out, because their newest forecasts are older: {names}; --origin all takes them, with their cutoff"
            )


def _release(text: str) -> Release:
    if text in ("first", "latest"):
        return "first" if text == "first" else "latest"
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"--release {text!r} is none; use first, latest or a day such as 2023-12-05") from None


def _print_plan(plan: Plan) -> None:
    by_model = ", ".join(f"{number:,} by {readable(model)}" for model, number in plan.jobs.items())
    click.echo(
        f"{plan.series:,} series; {sum(plan.jobs.values()):,} forecasts to be made{f' ({by_model})' if by_model else ''}, "
        f"{plan.known:,} known already; {len(plan.bad):,} bad series"
    )
    if plan.cpu is not None:
        click.echo(f"about {plan.cpu:,.{0 if plan.cpu >= 10 else 1}f} s of CPU, going by what is archived")
    show_lines([f"{name}: {reason}" for name, reason in plan.bad.items()])


def _print(summary: Summary) -> None:
    click.echo(
        f"run {summary.run}: {summary.series} series; {summary.done} forecasts made, {summary.known} known already, "
        f"{summary.failed} failed; {summary.bad_series} bad series"
    )
    names = (" ".join(filter(None, (one.series, one.model, one.origin))) for one in summary.failures)
    show_lines([f"{name}: {one.reason}" for name, one in zip(names, summary.failures, strict=True)])


for command in (status, verify, copy, list_series, inspect):
    batch.add_command(command)
