"""What an index of packages shows: the README without what only a checkout has, its pictures and links to its files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_RELATIVE = re.compile(r"\[([^\]]+)\]\((?!https?://|#)[^)]+\)")


def long_description(readme: str) -> str:
    """Return the README without paragraphs that hold a picture, and with the words of relative links in place of the links."""
    paragraphs = (one for one in readme.split("\n\n") if "![" not in one)
    return _RELATIVE.sub(r"\1", "\n\n".join(paragraphs))


class LongDescription(MetadataHookInterface):
    """Sets the field `readme` when a distribution is built."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Write the text into the metadata."""
        text = Path(self.root, "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": long_description(text)}
