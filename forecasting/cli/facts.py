"""``forecasting facts``: what is in a ledger, and what it says of each month."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from forecasting.cli import options
from forecasting.cli.options import Selection
from forecasting.cli.output import say_json, tell, write_picture
from forecasting.cli.program import DONE, FAILED, WRONG, as_typed, described
from forecasting.display import records
from forecasting.errors import ContradictoryFacts, InvalidInput, InvalidWindow, TooLarge

if TYPE_CHECKING:
    import pandas as pd

    from forecasting.evidence import Evidence, Ledger


@click.command()
@click.argument("name", metavar="[SERIES | init FOLDER]", required=False)
@click.argument("folder", metavar="", required=False, type=click.Path(file_okay=False))
@options.selects
@options.picture
@options.as_json
def facts(name: str | None, folder: str | None, selection: Selection, picture: str | None, as_json: bool) -> int:
    """List the series of a ledger and check each; or the facts of one SERIES, and the range of each of its months.

    Without SERIES the exit code is 1 if the facts of any series contradict each other.

    `init FOLDER` writes a commented example with one fact of each kind to start from, and the page that explains the format.
    """
    if name == "init":
        return _init(folder, as_json)
    if folder is not None:
        raise InvalidInput(f"one series at a time; got {name} and {folder}")
    series = name or selection.series
    if name and selection.series not in (None, name):
        raise InvalidInput(f"two series are named, {name} and {selection.series}; name one")
    whole = selection.everything()
    ledger = whole if selection.as_of is None else whole.as_of(selection.as_of)
    if series is None:
        if picture:
            raise InvalidInput(
                "a picture shows one series; name it, for example: forecasting facts SERIES --picture FILE.svg"
            )
        return _overview(ledger, as_json)
    return _one(ledger, series, selection, picture, as_json)


def _init(folder: str | None, as_json: bool) -> int:
    from forecasting.evidence.example import write_example

    if folder is None:
        raise InvalidInput("name the folder to write: forecasting facts init FOLDER")
    files = write_example(folder)
    if as_json:
        say_json({"written": [str(path) for path in files]})
    else:
        click.echo(
            f"wrote {', '.join(path.name for path in files)}; next: forecasting facts --ledger {shlex.quote(folder)}"
        )
    return DONE


def _overview(ledger: Ledger, as_json: bool) -> int:
    from forecasting.evidence.contradictions import contradiction

    table = _counts(ledger)
    wrong: dict[str, ContradictoryFacts] = {}
    unsettled: dict[str, str] = {}
    for name in ledger.series:
        try:
            if error := contradiction(ledger.dossier(name).playing("data", "check")):
                wrong[name] = error
        except TooLarge as failure:
            unsettled[name] = as_typed(str(failure))
    if as_json:
        contradictions = [
            {"series": name, "facts": list(error.facts), "message": as_typed(str(error))}
            for name, error in wrong.items()
        ]
        series = records(table.reset_index())
        say_json({"as_of": ledger.vintage, "series": series, "contradictions": contradictions, "unsettled": unsettled})
    else:
        click.echo(table.to_string())
        if not wrong and not unsettled:
            click.echo("\nIn every series, all facts used as data or check can hold together.")
    for error in wrong.values():
        tell(f"Error: {as_typed(str(error))}")
    for name, message in unsettled.items():
        tell(f"Error: {name}: whether its facts can hold together is not known: {message}")
    return FAILED if wrong or unsettled else DONE


def _counts(ledger: Ledger) -> pd.DataFrame:
    """Return the number of facts of each series by role, and the months they are about."""
    found = ledger.facts
    role = found["use"].where(found["superseded_by"].isna(), "superseded")
    roles = ["data", "check", "context", "superseded"]
    import pandas as pd

    table = pd.crosstab(found["series"], role).reindex(index=list(ledger.series), columns=roles, fill_value=0)
    table.columns = pd.Index(roles)
    table.insert(0, "facts", table.sum(axis=1))
    months = found.groupby("series").agg(first=("start", "min"), last=("end", "max"))
    return table.join(months.astype(str)).rename_axis("series")


def _one(ledger: Ledger, series: str, selection: Selection, picture: str | None, as_json: bool) -> int:
    dossier = ledger.dossier(series, without=selection.without, reading=selection.reading)
    evidence, trouble = _evidence(ledger, series, selection)
    found: dict[str, Any] = {
        "series": series,
        "as_of": ledger.vintage,
        "reading": list(dossier.reading),
        "facts": records(dossier.table),
        "readings": records(ledger.readings[ledger.readings["series"] == series]),
        "contradiction": None,
        "ranges": [] if evidence is None else records(evidence.ranges().reset_index()),
        "note": None,
    }
    if isinstance(trouble, ContradictoryFacts):
        message = as_typed(str(trouble))
        found["contradiction"] = {"facts": list(trouble.facts), "message": message}
        found["error"] = described(trouble, message)
    elif trouble is not None:
        found["note"] = str(trouble)
    if picture and not isinstance(trouble, ContradictoryFacts):
        _draw(evidence, picture, series)
    if as_json:
        say_json(found)
    else:
        _print(found, evidence)
    if isinstance(trouble, ContradictoryFacts):
        tell(f"Error: {as_typed(str(trouble))}")
        return WRONG
    return DONE


def _evidence(ledger: Ledger, series: str, selection: Selection) -> tuple[Evidence | None, InvalidInput | None]:
    """Return what the facts say, if they say anything, and what is wrong with them."""
    try:
        evidence = selection.evidence(ledger, series)
    except (InvalidWindow, ContradictoryFacts) as error:
        if isinstance(error, InvalidWindow) and (selection.start or selection.end):
            raise
        return None, error
    try:
        evidence.check()
    except ContradictoryFacts as error:
        return evidence, error
    return evidence, None


def _draw(evidence: Evidence | None, picture: str, series: str) -> None:
    from forecasting.figures import facts_figure

    if evidence is None:
        raise InvalidInput(f"{series} has no facts that can be used as data, so there is nothing to draw")
    write_picture(facts_figure(evidence), picture)


def _print(found: dict[str, Any], evidence: Evidence | None) -> None:
    import pandas as pd

    day = "" if found["as_of"] is None else f", as of {found['as_of']}"
    click.echo(f"{found['series']}{day}: {len(found['facts'])} facts\n")
    for fact in found["facts"]:
        window = f"{fact['start']}" if fact["start"] == fact["end"] else f"{fact['start']}..{fact['end']}"
        later = f" by {fact['superseded_by']}" if fact["role"] == "superseded" else ""
        click.echo(f"{fact['fact_id']}  {fact['kind']}, {window}: {fact['statement']}  [{fact['role']}{later}]")
        parts = (fact["publisher"], fact["title"], fact["date"], fact["locator"])
        source = ", ".join(str(part) for part in parts if part is not None and part == part)
        click.echo(f"      {fact['unit']}; {source}; public from {fact['published']:%Y-%m-%d}")
    names = list(dict.fromkeys(row["reading"] for row in found["readings"]))
    if names:
        click.echo(f"\nOther readings, for --reading: {', '.join(names)}")
    if found["note"]:
        click.echo(f"\n{found['note']}")
    if evidence is not None:
        ranges = evidence.ranges()
        if found["contradiction"] is None:
            click.echo("\nAll facts used as data or check can hold together.  What each month can have been:\n")
        upper = ["any" if pd.isna(high) else f"{high:,}" for high in ranges["upper"]]
        click.echo(ranges.assign(upper=upper).to_string())
