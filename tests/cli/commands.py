"""Running commands inside the process."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from forecasting.cli import main


def run(*arguments: object) -> Result:
    """Run a command; anything but an orderly exit is an error of the test."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def run_json(*arguments: object) -> dict[str, Any]:
    """Run a command that succeeds and return the one object it prints."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout, parse_constant=refuse)
    assert isinstance(found, dict)
    return found


def refuse(name: str) -> None:
    raise AssertionError(f"{name} is no JSON")
