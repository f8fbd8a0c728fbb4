"""Pictures of the site: those that a script has made, as the drawings that the reports use, and those of the front page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

import forecasting as fc
from forecasting.figures import alternative, svg


def scraper(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """Write every figure that the script holds, or whose axes it holds, and no earlier block has shown."""
    shown = block_vars["example_globals"].setdefault("_shown", set())
    drawings = []
    for thing in list(block_vars["example_globals"].values()):
        figure = thing.figure if isinstance(thing, Axes) else thing
        if isinstance(figure, Figure) and id(figure) not in shown:
            shown.add(id(figure))
            path = Path(next(block_vars["image_path_iterator"])).with_suffix(".svg")
            path.write_text(svg(figure), encoding="utf-8")
            drawings.append((str(path), alternative(figure)))
    pyplot.close("all")
    return "".join(figure_rst([path], gallery_conf["src_dir"], said) for path, said in drawings)


def draw_cards(home: Path) -> None:
    """Draw the small pictures of the front page."""
    home.mkdir(parents=True, exist_ok=True)
    tornadoes = fc.load_counts("tornadoes")
    recent = fc.CountSeries(tornadoes.months[-36:], tornadoes.values[-36:], unique_id="tornadoes")
    march = tornadoes.until("2011-03")
    cards = {
        name: Figure(figsize=(3.4, 1.9), layout="constrained") for name in ("facts", "forecast", "howto", "worked")
    }
    axes = {name: figure.subplots() for name, figure in cards.items()}
    fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests").plot(axes["facts"])
    fc.auto(recent, horizon=6, rng=1).plot(axes["forecast"], history=recent)
    before = fc.CountSeries(march.months[-36:], march.values[-36:], unique_id="tornadoes")
    fc.auto(before, horizon=1, rng=1).plot(axes["howto"], history=before)
    axes["howto"].plot([tornadoes.months[51].to_timestamp()], [tornadoes.values[51]], "*", markersize=10)
    fc.load_counts("eritrea_frontex").plot(axes["worked"])
    for name, figure in cards.items():
        figure.set_label(f"Picture of the card {name}")
        (home / f"{name}.svg").write_text(svg(figure), encoding="utf-8")
