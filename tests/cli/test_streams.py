"""A log that cannot be written stops nothing; results that cannot be written are a message and exit code 3."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import click
from forecasting.cli.output import say_json
from forecasting.cli.program import Program
from forecasting.cli.progress import listener

@click.group(cls=Program)
def program(): pass

@program.command()
@click.option("--json", is_flag=True)
def work(json):
    with listener() as hear:
        for k in range(200):
            hear("failed", series=f"\u0416\U0001f600 {k}", reason="a reason")
    open("done", "w").close()
    if json:
        say_json({"series": "\u0416\U0001f600"})
    else:
        click.echo("\u0416\U0001f600")
    return 1

program()
"""


def shell(folder: Path, command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    exports = "".join(f"export {name}={value}; " for name, value in variables.items())
    return subprocess.run(
        ["bash", "-c", f"{exports} {sys.executable} program.py work {command}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.parametrize("log", ["2>&-", "2>/dev/full", "2> >(true)", "<&- 2>&-"])
def test_a_log_that_cannot_be_written_stops_nothing(log: str, tmp_path: Path) -> None:
    done = shell(tmp_path, f"--json {log}")
    assert done.returncode == 1  # as it was returned
    assert json.loads(done.stdout) == {"schema": 1, "series": "\u0416\U0001f600"}


@pytest.mark.parametrize("results", [">&-", ">/dev/full", "--json >/dev/full"])
def test_results_that_cannot_be_written_are_told(results: str, tmp_path: Path) -> None:
    done = shell(tmp_path, results)
    assert done.returncode == 3
    assert "Error: standard output cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "done").exists()


def test_no_stream_at_all(tmp_path: Path) -> None:
    assert shell(tmp_path, "<&- >&- 2>&-").returncode == 3
    assert (tmp_path / "done").read_bytes() == b""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_other_encodings(encoding: str, tmp_path: Path) -> None:
    told = shell(tmp_path, "", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert (told.returncode, "Traceback" in told.stderr) == (1, False)
    found = shell(tmp_path, "--json", PYTHONIOENCODING=encoding, PYTHONUTF8="0")
    assert json.loads(found.stdout)["series"] == "\u0416\U0001f600"
