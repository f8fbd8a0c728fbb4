"""Summary, table and picture of rank histograms, the same for every study of calibration by simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.replications import Record
from benchmarks.validation import ranks
from forecasting.figures.style import BLUE, INK, MUTED, RULE, VERMILION, styled
from forecasting.figures.svg import svg
from forecasting.inference.psis import KHAT_LIMIT

_WIDE, _HIGH, _LEFT = 1.15, 0.62, 2.6  # inches of a panel and of the names of the cases
_FULL, _TALL = 2.2, 0.62  # height of a panel in units of the expected bar, and in rows


def summarise(records: dict[str, list[Record]]) -> dict[str, Any]:
    """Return, by case, how sampling went and what the ranks of each quantity say."""
    return {case: _case(rows) for case, rows in records.items()}


def _case(rows: list[Record]) -> dict[str, Any]:
    khat = np.array([row["khat"] for row in rows])
    return {
        "replications": len(rows),
        "khat_above_limit": int((khat > KHAT_LIMIT).sum()),
        "redrawn": sum(row.get("redrawn", 0) for row in rows),
        "quantities": {
            name: ranks.summarise(np.array([row["ranks"][name] for row in rows])) for name in rows[0]["ranks"]
        },
    }


def table(summary: dict[str, Any]) -> list[str]:
    """Return the tests as lines of Markdown."""
    lines = [
        f"| case | replications | k-hat > {KHAT_LIMIT:g} | p-values of the ranks (bias in standard errors, spread) |",
        "|---|---|---|---|",
    ]
    for case, entry in summary.items():
        cells = "; ".join(
            f"{name} {found['p_ecdf']:.2f} ({found['bias']:+.1f}, {found['spread']:.2f})"
            for name, found in entry["quantities"].items()
        )
        lines.append(f"| {case} | {entry['replications']} | {entry['khat_above_limit']} | {cells} |")
    return lines


def verdict(summary: dict[str, Any], title: str = "p-values") -> list[str]:
    """Return what all tests together say."""
    found = sorted((p, case, name) for case, name, p in ranks.tests(summary))
    low, limit = ranks.smallest([p for p, _, _ in found])
    lines = [
        f"Of {len(found)} {title} the smallest is {low:.4f} ({found[0][1]}: {found[0][2]}); were all ranks uniform, the",
        f"smallest of so many independent ones would be below {limit:.5f} in 5% of such studies.",
    ]
    below = [(p, case, name) for p, case, name in found if p < limit]
    if below:
        listed = "; ".join(f"{case}: {name} ({p:.4f})" for p, case, name in below)
        lines += [f"**Not uniform**: {listed}."]
    return [
        *lines,
        "Where k-hat passes the limit the importance weights could not be trusted and the slower, annealed sampler took over;",
        "those posteriors are among the ranked ones.",
    ]


def headline(summary: dict[str, Any]) -> dict[str, Any]:
    """Return the smallest p-value with its limit, and how sampling went."""
    low, limit = ranks.smallest([p for _, _, p in ranks.tests(summary)])
    return {
        "tests": sum(1 for _ in ranks.tests(summary)),
        "smallest_p": low,
        "limit_of_the_smallest_p": limit,
        "posteriors": sum(entry["replications"] for entry in summary.values()),
        "khat_above_limit": sum(entry["khat_above_limit"] for entry in summary.values()),
    }


@styled
def draw(summary: dict[str, Any], file: Path) -> None:
    """Write the picture: a row a case, a histogram a quantity, behind each the band of all its bars together."""
    most = max(len(entry["quantities"]) for entry in summary.values())
    size = _LEFT + most * _WIDE, len(summary) * _HIGH + 0.35
    figure = Figure(figsize=size)
    axes = figure.add_axes((_LEFT / size[0], 0.0, 1.0 - _LEFT / size[0], 1.0 - 0.35 / size[1]))
    outlines, colours, bands = [], [], []
    for row, (case, entry) in enumerate(summary.items()):
        unit = _TALL / _FULL * ranks.BINS / entry["replications"]
        low, high = ranks.band(entry["replications"])
        axes.text(-0.06, row + 0.65, case, ha="right", va="center", color=INK)
        for column, (name, found) in enumerate(entry["quantities"].items()):
            base, bars = row + 0.95, np.array(found["histogram"])
            bands.append(_stairs(column, base - high * unit, base - unit * np.array([low])))
            outlines.append(_stairs(column, base, base - unit * bars))
            colours.append(BLUE if ((low <= bars) & (bars <= high)).all() else VERMILION)
            axes.text(column, row + 0.2, f"{name}  {found['p_ecdf']:.2f}", size=7.5, color=MUTED)
    axes.add_collection(PolyCollection(bands, facecolors=RULE, linewidths=0))
    axes.add_collection(PolyCollection(outlines, facecolors=colours, linewidths=0, alpha=0.6))
    axes.set(xlim=(0, most), ylim=(len(summary), -0.05))
    axes.axis("off")
    figure.text(
        0.1 / size[0],
        1 - 0.06 / size[1],
        "Ranks of the truth among posterior draws, and their p-values",
        va="top",
        weight="bold",
    )
    outside = colours.count(VERMILION)
    figure.set_label(f"{len(outlines)} rank histograms; {outside} leave the band that holds 95% of uniform ones.")
    file.write_text(svg(figure), encoding="utf-8")


def _stairs(left: float, base: float, tops: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the outline of bars of equal width, 0.9 wide in all."""
    edges = left + 0.9 * np.repeat(np.linspace(0.0, 1.0, len(tops) + 1), 2)[1:-1]
    heights = np.repeat(tops, 2)
    return np.column_stack([np.r_[edges[0], edges, edges[-1]], np.r_[base, heights, base]])
