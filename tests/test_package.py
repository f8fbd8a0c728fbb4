"""What a distribution says of itself is true, and an index can show it."""

from __future__ import annotations

import re
import runpy
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import forecasting

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_text_for_an_index_has_no_picture_and_no_relative_link() -> None:
    pytest.importorskip("hatchling")
    script = runpy.run_path(str(ROOT / ".ci" / "long_description.py"))
    text = script["long_description"]((ROOT / "README.md").read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)]*)\)", text)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    assert "![" not in text
    assert "**Not settled**" in text
    assert "docs/methodology.md" in text
    assert len(text) > 0.8 * len((ROOT / "README.md").read_text(encoding="utf-8"))


def test_an_sdist_holds_all_that_its_tests_read() -> None:
    sdist = pytest.importorskip("hatchling.builders.sdist")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    held = {
        Path(file.path).relative_to(ROOT).as_posix() for file in sdist.SdistBuilder(str(ROOT)).recurse_included_files()
    }
    assert [name for name in listed.split("\0") if name and (ROOT / name).is_file() and name not in held] == []


def test_versions_of_python_are_those_that_are_tested() -> None:
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert named == re.findall(r"PYTHON:-python(3\.\d+)", script)
    assert PROJECT["requires-python"] == f">={named[0]}"


def test_a_citation_names_this_version_and_licence() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == forecasting.__version__
    assert citation["license"] == PROJECT["license"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in PROJECT["authors"]]


def test_the_hooks_before_a_commit_are_commands_that_exist() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [one["repo"] for one in hooks] == ["local"]
    assert {hook["entry"].split()[0] for hook in hooks[0]["hooks"]} == {
        ".venv/bin/ruff",
        ".venv/bin/mypy",
        ".venv/bin/python",
    }
