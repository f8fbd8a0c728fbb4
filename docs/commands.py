"""The page of the command line, made of the commands themselves, so that it cannot drift."""

from __future__ import annotations

from collections.abc import Iterator

import click

from forecasting.cli import main

HEAD = """# The command line

Every command, as `--help` tells it. Each ends with 0 if the work is done, 1 if it failed or an answer is no, 2 if the request
is wrong; `--json` prints one object for machines.
"""


def commands_page() -> str:
    """Return the page: a section for each command, with its usage, what it does and its options."""
    return HEAD + "\n".join(_section(name, command, depth) for name, command, depth in _tree())


def _tree() -> Iterator[tuple[str, click.Command, int]]:
    def below(command: click.Command, name: str, depth: int) -> Iterator[tuple[str, click.Command, int]]:
        if depth:
            yield name, command, depth
        for child, inner in getattr(command, "commands", {}).items():
            yield from below(inner, f"{name} {child}", depth + 1)

    yield from below(main, "forecasting", 0)


def _section(name: str, command: click.Command, depth: int) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    said = "\n\n".join(_paragraph(text) for text in (command.help or "").split("\n\n"))
    records = [
        record
        for parameter in command.params
        if (record := parameter.get_help_record(context)) and not getattr(parameter, "hidden", False)
    ]
    rows = "".join(f"| `{_cell(option)}` | {_cell(text)} |\n" for option, text in records)
    table = f"\n| option | meaning |\n|---|---|\n{rows}" if rows else ""
    return f"\n{'#' * (depth + 1)} {name}\n\n```text\n{usage}\n```\n\n{said}\n{table}"


def _paragraph(text: str) -> str:
    return " ".join(text.replace("\b", "").split()).replace("<", "&lt;")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
