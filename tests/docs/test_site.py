"""The site builds without a warning, holds every public name once, asks nobody for anything; the gallery's scripts run."""

from __future__ import annotations

import functools
import re
import runpy
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

import forecasting
from forecasting import figures
from forecasting.figures import alternative
from tests.docs.test_examples import PUBLIC

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "docs" / "gallery").glob("*.py"))


ASKING = re.compile(r"<(?:script|img|link|iframe)[^>]+(?:src|href)=\"(?:https?:)?//[^\"]+")


def built(docs: Path, home: Path, *options: str) -> Path:
    """Build a site without a warning and return its folder."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", *options]
    outcome = subprocess.run([*command, docs, home], capture_output=True, text=True)
    assert outcome.returncode == 0, outcome.stderr
    return home


@pytest.fixture(scope="module")
def shared() -> Any:
    """Analyses that several scripts ask for, computed once."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("jump", "backtest"):
            patch.setattr(forecasting, name, once(getattr(forecasting, name)))
        yield


def once(function: Callable[..., Any]) -> Callable[..., Any]:
    results: dict[str, Any] = {}

    @functools.wraps(function)
    def remembered(*given: Any, rng: Any, keep: bool = True, **options: Any) -> Any:
        asked = f"{given[1:]} {options}"
        if asked not in results:
            kept = {"keep": True} if function.__name__ == "backtest" else {}  # for the script that asks for it
            results[asked] = function(*given, rng=rng, **options, **kept)
        return results[asked]

    return remembered


def test_the_site_is_whole(tmp_path: Path) -> None:
    """One test, because workers that run tests side by side would each build a site of their own.

    Built from a copy of docs/ without drawing the gallery, and plainly: half of the time goes into the theme's menus.
    """
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("_build", "generated"))
    for name in ("benchmarks", "notebooks", "forecasting", "datasets"):  # pages include files of theirs
        (tmp_path / name).symlink_to(ROOT / name)
    site = built(tmp_path / "docs", tmp_path / "html", "-D", "plot_gallery=0", "-D", "html_theme=basic")
    inventory = (site / "objects.inv").read_bytes().split(b"\n", 4)[4]
    documented = [line.split()[0] for line in zlib.decompress(inventory).decode().splitlines() if " py:" in line]
    assert [name for name in PUBLIC if documented.count(name) != 1] == []
    fences = re.findall(r"^\$\$$", (ROOT / "docs" / "methodology.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    chapters = [page.read_text(encoding="utf-8") for page in (site / "generated" / "methodology").glob("*.html")]
    assert sum(chapter.count('display="block"') for chapter in chapters) == len(fences) / 2 > 0
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(PUBLIC)
    texts = [page.read_text(encoding="utf-8") for page in pages]
    assert [hit for text in texts for hit in ASKING.findall(text)] == []
    assert not any("factory&gt;" in text for text in texts)


def test_the_theme_asks_nobody_for_anything(tmp_path: Path) -> None:
    (tmp_path / "index.rst").write_text("Title\n=====\n", encoding="utf-8")
    site = built(tmp_path, tmp_path / "html", "-C", "-D", "html_theme=furo")
    assert ASKING.findall((site / "index.html").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_of_the_gallery_draws(script: Path, shared: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(script.parent)
    drawn = [thing for thing in runpy.run_path(str(script)).values() if isinstance(thing, Figure)]
    assert len(drawn) == 1
    assert alternative(drawn[0])


def test_each_kind_of_picture_is_in_the_gallery_once() -> None:
    kinds = [re.findall(r"^figure = (\w+)\(", script.read_text(encoding="utf-8"), re.MULTILINE) for script in SCRIPTS]
    assert sorted(kind for found in kinds for kind in found) == sorted(
        set(figures.__all__) - {"alternative", "svg", "themed", "interactive"}
    )
