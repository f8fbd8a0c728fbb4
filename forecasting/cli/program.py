"""Exit codes and error messages: one place decides how a run ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from forecasting.cli.output import say_json
from forecasting.errors import ContradictoryFacts, ForecastingError, InvalidConfiguration, InvalidInput, InvalidLedger

DONE, FAILED, WRONG = 0, 1, 2

_OPTIONS = {
    "allow_missing=True": "--allow-missing",
    "choose one with unique_id:": "choose one with --id:",
    "start= and end=": "--start and --end",
    "(without=[...])": "with --without FACT",
    "without=[...]": "--without FACT",
    "Use CountRegression with priors of your own": "Use --model regression",
    "Use CountRegression": "Use --model regression",
}
"""Keywords of the library that messages name as a remedy, and what to type for them."""

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class Program(click.Group):
    """A group of commands whose errors become messages, and exit codes that mean something."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and exit with its code."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        for name in _THREADS:  # read when NumPy loads: one thread adds in one order, so a seed gives the same bits
            os.environ.setdefault(name, "1")
        arguments = sys.argv[1:] if args is None else list(args)
        as_json = "--json" in arguments
        try:
            code = super().main(arguments, prog_name, complete_var, standalone_mode=False, **extra)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = DONE
        except click.ClickException as error:
            error.show()
            code = _end(error, error.format_message(), WRONG, as_json)
        except click.Abort:
            click.echo("stopped", err=True)
            code = FAILED
        except ForecastingError as error:
            message = as_typed(str(error))
            click.echo(f"Error: {message}", err=True)
            code = _end(error, message, WRONG if isinstance(error, InvalidInput) else FAILED, as_json)
        sys.exit(code if isinstance(code, int) else DONE)


def _end(error: Exception, message: str, code: int, as_json: bool) -> int:
    if as_json:
        say_json({"error": described(error, message)})
    return code


def as_typed(message: str) -> str:
    """Return a message of the library with its keywords replaced by the options of the command line."""
    for keyword, typed in _OPTIONS.items():
        message = message.replace(keyword, typed)
    return message


def described(error: Exception, message: str) -> dict[str, Any]:
    """Return what a program needs to know about an error."""
    found: dict[str, Any] = {"type": type(error).__name__, "message": message}
    if isinstance(error, InvalidLedger | InvalidConfiguration):
        found["problems"] = [vars(problem) for problem in error.problems]
    if isinstance(error, ContradictoryFacts):
        found["facts"] = list(error.facts)
    return found
