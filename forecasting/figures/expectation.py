"""The observed ratio against what each baseline would have predicted."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from forecasting.figures.density import outline
from forecasting.figures.hover import tell
from forecasting.figures.style import (
    BLUE,
    MUTED,
    RULE,
    SMALL,
    VERMILION,
    canvas,
    ratio_axis,
    rows,
    styled,
)
from forecasting.kernels.counts import FloatArray
from forecasting.scenarios import JumpReport
from forecasting.scenarios.surprise import Surprise
from forecasting.scenarios.wording import primary
from forecasting.scenarios.words import factor, factors

_WIDEST = np.log(40.0)
_GRID = 160
_NOTHING = 1e-3  # stands for a ratio of 0, and its inverse for one over nothing


@styled
def expectation_figure(report: JumpReport) -> Figure:
    """Draw the predictive distribution of the ratio under each baseline, from the months before alone.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, expectation_figure
    >>> series = fc.CountSeries(["2023-07", "2023-08", "2023-09", "2023-10"], [105, 100, 190, 200])
    >>> windows = ("2023-07", "2023-08"), ("2023-09", "2023-10")
    >>> report = fc.jump(series, *windows, draws=200, rng=np.random.default_rng(1))
    >>> print(alternative(expectation_figure(report))[:64])
    Chance of a ratio as unusual as 1.90, either way, as predicted f
    """
    observed = float(np.log(np.clip(report.comparison.ratio, _NOTHING, 1.0 / _NOTHING)))
    surprises = {result.name: result.surprise for result in report.results if isinstance(result.surprise, Surprise)}
    logs = {name: np.log(np.maximum(one.ratio.draws, _NOTHING)) for name, one in surprises.items()}
    chances = {name: primary(one) for name, one in surprises.items()}
    size = len(report.results)
    figure, axes = canvas("The ratio each baseline expected", 1.12 + 0.46 * size, top=0.68, bottom=0.48)
    rows(axes, size)
    axes.set_xlim(*_limits(logs, observed))
    axes.axvline(observed, color=VERMILION, linewidth=1.4, zorder=1)
    for row, result in enumerate(report.results):
        axes.text(0.0, row - 0.2, result.name, transform=axes.get_yaxis_transform(), weight="bold", size=SMALL)
        if result.name in logs:
            _ridge(axes, row, logs[result.name], observed, surprises[result.name])
        said = chances.get(result.name, "too little is known before")
        _right(axes, row - 0.2, said, VERMILION if result.name in logs else MUTED)
    _right(axes, -0.6, "chance of a ratio as unusual, either way", VERMILION)
    spans = {name: np.quantile(one.ratio.draws, [0.025, 0.5, 0.975]) for name, one in surprises.items()}
    told = (
        f"{name}: {factor(middle)} expected, 95% {factors(low, high)}\nas unusual either way: {chances[name]}"
        for name, (low, middle, high) in spans.items()
    )
    tell(axes, told, [row for row, result in enumerate(report.results) if result.name in spans], across=True)
    ratio_axis(axes)
    axes.set_xlabel("later total over earlier total, log scale")
    listing = ", ".join(f"{name} {said}" for name, said in chances.items())
    figure.set_label(
        f"Chance of a ratio as unusual as {factor(report.comparison.ratio)}, either way, as predicted from the months before "
        "alone: "
        f"{listing or 'too little is known of those months to predict any'}."
    )
    return figure


def _ridge(axes: Axes, row: int, values: FloatArray, observed: float, told: Surprise) -> None:
    grid = np.linspace(*axes.get_xlim(), _GRID)
    base, step = row + 0.42, grid[1] - grid[0]
    height = base - 0.8 * outline(values, grid)
    rises = told.at_least.chance <= told.at_most.chance
    other = float(np.quantile(values, min(told.chance / 2.0, 0.5) if rises else max(1.0 - told.chance / 2.0, 0.5)))
    low, high = (other, observed) if rises else (observed, other)
    axes.axhline(base, color=RULE, linewidth=0.8, zorder=1)
    axes.fill_between(grid, base, height, color=BLUE, alpha=0.22, linewidth=0, zorder=2)
    for outside in (grid <= low + step, grid >= high - step):
        axes.fill_between(grid[outside], base, height[outside], color=VERMILION, alpha=0.55, linewidth=0, zorder=3)
    axes.plot(grid, height, color=BLUE, linewidth=1.1, zorder=4)


def _right(axes: Axes, height: float, text: str, colour: str) -> None:
    axes.text(1.0, height, text, transform=axes.get_yaxis_transform(), ha="right", size=SMALL, color=colour)


def _limits(logs: dict[str, FloatArray], observed: float) -> tuple[float, float]:
    """Return limits on the log scale that hold 99% of every distribution and the observed ratio, within reason."""
    ends = [np.quantile(values, [0.005, 0.995]) for values in logs.values()]
    low = min([observed - 0.5, -0.5, *(float(end[0]) for end in ends)])
    high = max([observed + 0.5, 0.5, *(float(end[1]) for end in ends)])
    return max(low, min(-_WIDEST, observed - 0.5)), min(high, max(_WIDEST, observed + 0.5))
