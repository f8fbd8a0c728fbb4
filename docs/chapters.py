"""The methodology as pages of the site, one per chapter; in the checkout it is one document, tied to the code by tests."""

from __future__ import annotations

import re
from pathlib import Path

_LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchor(heading: str) -> str:
    """Return the anchor of a heading, as GitHub and MyST make it.

    Examples
    --------
    >>> anchor("Orderings, ratios, windows that cross: listing or an estimate")
    'orderings-ratios-windows-that-cross-listing-pivots-or-an-estimate'
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def chapters(text: str) -> dict[str, str]:
    """Return the chapters of a document by the anchor of their heading, their sections one level up."""
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    return {
        anchor(part.partition("\n")[0]): re.sub(r"^##(#+ )", r"#\1", f"# {part}", flags=re.MULTILINE) for part in parts
    }


def contents(text: str, home: str) -> str:
    """Return what stands before the first chapter, with its links leading to pages in the folder `home`."""
    intro = re.split(r"^## ", text, maxsplit=1, flags=re.MULTILINE)[0]
    parts = chapters(text)
    places = _places(parts)
    led = _LINK.sub(lambda link: f"]({_led(link[1], places, home + '/', '')})", intro)
    return "\n".join([led, "```{toctree}", ":hidden:", "", *(f"{home}/{name}" for name in parts), "```", ""])


def write_chapters(text: str, home: Path, up: str) -> None:
    """Write one page per chapter into a folder; `up` leads from there to the folder of the document."""
    parts = chapters(text)
    places = _places(parts)
    home.mkdir(parents=True, exist_ok=True)
    for name, part in parts.items():
        page = _LINK.sub(lambda link: f"]({_led(link[1], places, '', up)})", part)
        (home / f"{name}.md").write_text(page, encoding="utf-8")


def _places(parts: dict[str, str]) -> dict[str, str]:
    """Return the page of each anchor."""
    return {
        anchor(heading): name
        for name, part in parts.items()
        for heading in re.findall(r"^#+ (.+)$", part, flags=re.MULTILINE)
    }


def _led(target: str, places: dict[str, str], home: str, up: str) -> str:
    if target.startswith("#"):
        page = places[target[1:]]
        return f"{home}{page}.md" + ("" if page == target[1:] else target)
    if "://" in target:
        return target
    measured = target.removeprefix("../benchmarks/results/")
    return f"{up}generated/results/{measured}" if measured != target else up + target
