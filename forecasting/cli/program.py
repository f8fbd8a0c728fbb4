"""Exit codes and error messages: one place decides how a run ends."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any

import click

from forecasting.cli.output import say_json
from forecasting.cli.streams import OutputLost, prepare, silence
from forecasting.errors import ContradictoryFacts, ForecastingError, InvalidConfiguration, InvalidInput, InvalidLedger

DONE = 0
FAILED = 1
"""The command did its work, and part of what was asked for failed or something was found; it says what."""
WRONG = 2
"""The request is wrong; nothing was done."""
UNABLE = 3
"""The command could not do its work: the archive, the cluster, a disk or a sampler failed; it may succeed later."""
BROKEN = 70
"""A defect of the program, with a traceback: Python's own code for one would be that of `FAILED`."""
STOPPED = 130
"""Interrupted from the keyboard."""

_OPTIONS = {
    "allow_missing=True": "--allow-missing",
    "last_month='": "--last-month '",
    "as_of='": "--as-of '",
    "id_col, time_col and target_col": "--id-col, --time-col and --target-col",
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
        prepare()
        arguments = sys.argv[1:] if args is None else list(args)
        code = DONE
        try:
            code, found = self._outcome(arguments, prog_name, complete_var, **extra)
            if found is not None and "--json" in arguments:
                say_json(found)
            sys.stdout.flush()
        except BrokenPipeError:  # the reader has seen enough
            silence()
        except OutputLost as error:
            silence()
            click.echo(f"Error: standard output cannot be written ({error}); what was done is done", err=True)
            code = max(code, UNABLE)
        sys.exit(code)

    def _outcome(
        self, arguments: list[str], prog_name: str | None, complete_var: str | None, **extra: Any
    ) -> tuple[int, dict[str, Any] | None]:
        """Run a command; return its exit code, and the object that tells an error."""
        so_far: dict[str, Any] = {}  # a command writes down here what it has done, in case it does not come to its end
        try:
            code = super().main(arguments, prog_name, complete_var, standalone_mode=False, obj=so_far, **extra)
            return (code if isinstance(code, int) else DONE), None
        except click.ClickException as error:
            error.show()
            return WRONG, {"error": described(error, error.format_message()) | so_far}
        except (click.Abort, KeyboardInterrupt) as error:
            click.echo("stopped", err=True)
            return STOPPED, {"error": described(error, "stopped") | so_far}
        except ForecastingError as error:
            message = as_typed(str(error))
            click.echo(f"Error: {message}", err=True)
            code = WRONG if isinstance(error, InvalidInput) else UNABLE
            return code, {"error": described(error, message) | so_far}
        except (BrokenPipeError, OutputLost):
            raise
        except Exception as error:
            click.echo(traceback.format_exc(), err=True, nl=False)
            return BROKEN, {"error": described(error, f"this is a defect, please report it: {error}") | so_far}


def as_typed(message: str) -> str:
    """Return a message of the library with its keywords replaced by the options of the command line."""
    for keyword, typed in _OPTIONS.items():
        message = message.replace(keyword, typed)
    return message


def described(error: BaseException, message: str) -> dict[str, Any]:
    """Return what a program needs to know about an error."""
    found: dict[str, Any] = {"type": type(error).__name__, "message": message}
    if isinstance(error, InvalidLedger | InvalidConfiguration):
        found["problems"] = [vars(problem) for problem in error.problems]
    if isinstance(error, ContradictoryFacts):
        found["facts"] = list(error.facts)
    return found
