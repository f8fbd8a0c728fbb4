"""``forecasting checklist``: a reporting checklist, filled from a result."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.cli import options
from forecasting.cli.output import say_json
from forecasting.errors import InvalidInput

if TYPE_CHECKING:
    from forecasting.report import Item

_WRAPPER = textwrap.TextWrapper(
    100, initial_indent="     ", subsequent_indent="     ", break_on_hyphens=False, break_long_words=False
)  # a command can be pasted: no option or path is split


@click.command()
@click.argument("result", metavar="RESULT")
@options.states
@options.as_json
def checklist(result: str, statements: dict[str, str], as_json: bool) -> None:
    """Fill a reporting checklist from a RESULT: JSON of jump, forecast or outlook, a report folder, or - for standard input.

    The 19 items are those of EPIFORGE 2020; four more are for Bayesian analyses.  What a run cannot know is asked for by the
    name of an option.
    """
    found = _read(result)
    from forecasting.report import checklist as fill

    items = fill(found, statements)
    if as_json:
        say_json(
            {
                "series": found["series"],
                "items": [{**asdict(item), "status": item.status, "requests": item.requests} for item in items],
                "missing": list(dict.fromkeys(name for item in items for name in item.missing)),
            }
        )
    else:
        _print(items)


def _read(result: str) -> dict[str, Any]:
    file = Path(result) / "jump.json" if Path(result).is_dir() else Path(result)
    try:
        text = sys.stdin.read() if result == "-" else file.read_text(encoding="utf-8-sig")
        found = json.loads(text)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read ({error.strerror}); name a JSON file or a report folder") from None
    except ValueError as error:
        raise InvalidInput(f"{result} is no JSON ({error}); write one with forecasting jump --json") from None
    if not isinstance(found, dict):
        raise InvalidInput(f"{result} holds no JSON object; write one with forecasting jump --json")
    return found


def _print(items: Sequence[Item]) -> None:
    for item in items:
        click.echo(f"{item.number:>3}  {item.asks} [{item.status}]")
        for said in (*item.answers, *item.requests):
            click.echo(_WRAPPER.fill(said))
    stated = sum(item.status == "stated" for item in items)
    click.echo(f"\n{stated} of {len(items)} items stated in full.")
