"""The gallery takes the figures that a script has made, as the drawings that the reports use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

from forecasting.figures import alternative, svg


def scraper(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Write every figure that the script holds and no earlier block has shown, and return their place in the page."""
    shown = block_vars["example_globals"].setdefault("_shown", set())
    drawings = []
    for figure in block_vars["example_globals"].values():
        if isinstance(figure, Figure) and id(figure) not in shown:
            shown.add(id(figure))
            path = Path(next(block_vars["image_path_iterator"])).with_suffix(".svg")
            path.write_text(svg(figure), encoding="utf-8")
            drawings.append((str(path), alternative(figure)))
    return "".join(figure_rst([path], gallery_conf["src_dir"], said) for path, said in drawings)
