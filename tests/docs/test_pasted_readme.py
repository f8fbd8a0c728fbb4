"""The README, pasted from top to bottom into a checkout, runs without an error."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$|((?:^ {4}\S[^\n]*\n)+)", flags=re.MULTILINE | re.DOTALL)
ITSELF = "make test"  # what runs this test


def blocks() -> Iterator[tuple[str, str]]:
    """Yield what a reader pastes, in order: ("python", lines) and ("shell", lines)."""
    for found in BLOCK.finditer(README):
        python, shell = found.groups()
        yield ("python", python) if python else ("shell", "".join(line[4:] + "\n" for line in shell.splitlines()))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is committed or about to be, beside an environment that is ready."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def run(command: list[str], folder: Path, typed: str = "") -> str:
    """Run a command in the checkout, hand it what is typed, and return what it printed."""
    ours = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    path = os.pathsep.join([f"{sys.prefix}/bin", os.environ["PATH"]])
    given = os.environ | {"PATH": path, "PYTHONPATH": ours}
    done = subprocess.run(command, cwd=folder, env=given, input=typed, capture_output=True, text=True)
    assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_there_is_something_to_paste() -> None:
    pasted = list(blocks())
    assert {kind for kind, _ in pasted} == {"python", "shell"}
    assert sum(ITSELF in text for _, text in pasted) == 1
    assert any("make report" in text for _, text in pasted)


@pytest.mark.slow
def test_pasted_from_top_to_bottom(checkout: Path) -> None:
    """All Python goes into one session, as a reader would have it; it needs nothing that the commands make."""
    python = "\n".join(text for kind, text in blocks() if kind == "python")
    printed = run([sys.executable, "-W", "error", "-c", python], checkout)
    for words in ("184", "1.89 times as many per month", "moments of the last year"):
        assert words in printed
    lines = "".join(text for kind, text in blocks() if kind == "shell").replace(ITSELF, "true")
    printed = run([sys.executable, "-m", "tests.docs.pasting"], checkout, lines)
    assert printed.count("$ forecasting") == lines.count("forecasting ")
    assert "-m forecasting jump --output report/" in printed
    assert (checkout / "report" / "index.html").exists()
