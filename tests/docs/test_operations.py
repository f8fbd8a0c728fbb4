"""The script of docs/operations.md does what is said of it, with a command that only pretends."""

from __future__ import annotations

import fcntl
import re
import subprocess
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
PRETENDS = '#!/bin/sh\necho "$2" >> calls\n[ "$2" = monitor ] && echo "{}"\n[ "$2" != {fails} ] || exit {code}\n'


def monthly(folder: Path, fails: str = "nothing", code: int = 0) -> subprocess.CompletedProcess[str]:
    (script,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    program = folder / ".venv" / "bin" / "forecasting"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(PRETENDS.replace("{fails}", fails).replace("{code}", str(code)))
    program.chmod(0o755)
    text = script.replace("/srv/forecasts", str(folder))
    return subprocess.run(["sh", "-c", text], env={}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("fails", "code", "expected", "calls"),
    [
        ("nothing", 0, 0, ["run", "score", "monitor", "report"]),
        ("run", 1, 1, ["run", "score", "monitor", "report"]),
        ("run", 2, 2, ["run"]),
        ("score", 3, 3, ["run", "score"]),
        ("monitor", 3, 3, ["run", "score", "monitor"]),
    ],
)
def test_every_month(tmp_path: Path, fails: str, code: int, expected: int, calls: list[str]) -> None:
    (tmp_path / "monitor.json").write_text("old")
    done = monthly(tmp_path, fails, code)
    assert (done.returncode, done.stderr) == (expected, "")
    assert (tmp_path / "calls").read_text().split() == calls
    written = (tmp_path / "monitor.json").read_text()
    assert written == ("{}\n" if "report" in calls else "old")


def test_a_run_that_has_not_ended_is_told(tmp_path: Path) -> None:
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = monthly(tmp_path)
    assert (done.returncode, "has not ended" in done.stderr) == (75, True)
    assert not (tmp_path / "calls").exists()
