"""Run commands of the README one after the other, in one process: ``python -m tests.docs.pasting`` reads them, a line each.

What a fresh interpreter imports for each command is not what the README is about, an analysis that two of them ask for is
made once, and other readings have few draws: `tests/report` judges what they say.  Recipes of make are run as make spells them
out.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from forecasting import scenarios
from forecasting.cli import main
from forecasting.cli.program import DONE
from forecasting.report import readings


def commands(line: str) -> Iterator[list[str]]:
    """Yield the commands of a line that a shell runs, those that `make` would run in its place."""
    for command in line.partition(" #")[0].split("&&"):
        words = shlex.split(command)
        if words and words[0] == "make":
            dry = ["make", "--dry-run", "--no-print-directory", "--assume-old=.venv/.ready", *words[1:]]
            recipe = subprocess.run(dry, capture_output=True, text=True, check=True).stdout
            yield from map(shlex.split, recipe.splitlines())
        elif words:
            yield words


def remembering(function: Any, known: dict[str, Any], *given: Any, rng: Any, **options: Any) -> Any:
    """Return what the function gives, or gave for the same series and question."""
    asked = f"{given[0].name} {given[1:]} {options}"
    if asked not in known:
        known[asked] = function(*given, rng=rng, **options)
    return known[asked]


def run(words: list[str]) -> None:
    """Run a command here if it is one of the library, else by a shell; stop unless all went well."""
    if words[0] != "forecasting" and words[1:3] != ["-m", "forecasting"]:
        subprocess.run(words, check=True)
        return
    arguments = words[1:] if words[0] == "forecasting" else words[3:]
    try:
        main.main(arguments, prog_name="forecasting")
    except SystemExit as ended:
        if ended.code not in (None, DONE):
            sys.exit(f"{shlex.join(words)}: exit code {ended.code}")


if __name__ == "__main__":
    scenarios.jump = partial(remembering, scenarios.jump, {})
    readings._DRAWS = 100
    for each in sys.stdin:
        for words in commands(each):
            print("$", shlex.join(words), flush=True)
            run(words)
