"""The step over and above the trend, the probabilities of the models, and what the priors do to both."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from forecasting.figures.density import outline
from forecasting.figures.style import (
    BLUE,
    INK,
    MUTED,
    RULE,
    SMALL,
    VERMILION,
    canvas,
    ratio_axis,
    rows,
    styled,
)
from forecasting.scenarios import JumpReport
from forecasting.scenarios.baselines import TREND_AND_STEP
from forecasting.scenarios.wording import chance, share

_SCALES = {0.5: "priors halved", 1.0: "priors as stated", 2.0: "priors doubled"}
_MARKERS = {0.5: ("v", "white"), 1.0: ("o", BLUE), 2.0: ("^", "white")}


@styled
def step_figure(report: JumpReport) -> Figure:
    """Draw the posterior of the factor at the boundary in the model with trend and step, and its intervals.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, step_figure
    >>> series = fc.CountSeries(["2023-07", "2023-08", "2023-09", "2023-10"], [105, 100, 190, 200])
    >>> windows = ("2023-07", "2023-08"), ("2023-09", "2023-10")
    >>> report = fc.jump(series, *windows, draws=200, rng=np.random.default_rng(1))
    >>> print(alternative(step_figure(report)).split(":")[0])
    Posterior of the step beyond a trend
    """
    boundary, posterior = report.comparison.after[0], report.result(TREND_AND_STEP).posterior
    draws = posterior.draws[:, posterior.names.index(f"step[{boundary}]")]
    limits = np.log(report.sensitivity[["step_lower", "step_median", "step_upper"]].to_numpy(float))
    scales = [float(scale) for scale in report.sensitivity.index.to_numpy(float)]
    figure, axes = canvas(f"The step at {boundary:%B %Y}, beyond a trend", 3.0, top=0.62, bottom=0.48)
    rows(axes, len(_SCALES))
    axes.set_ylim(len(_SCALES) - 0.4, -2.3)
    axes.set_xlim(min(limits.min(), -0.5) - 0.25, max(limits.max(), 0.5) + 0.25)
    grid = np.linspace(*axes.get_xlim(), 200)
    height = -0.55 - 1.6 * outline(draws, grid)
    inside = (grid >= np.log(report.step.lower)) & (grid <= np.log(report.step.upper))
    axes.fill_between(grid[inside], -0.55, height[inside], color=BLUE, alpha=0.22, linewidth=0)
    axes.plot(grid, height, color=BLUE, linewidth=1.1)
    axes.axhline(-0.55, color=RULE, linewidth=0.8)
    axes.axvline(0.0, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.annotate("no step", (0.0, -2.3), (0, 2), textcoords="offset points", ha="center", size=SMALL)
    for row, (scale, (low, middle, high)) in enumerate(zip(scales, limits, strict=True)):
        marker, face = _MARKERS[scale]
        axes.plot([low, high], [row, row], color=BLUE, linewidth=2.2 if scale == 1.0 else 1.2)
        axes.plot([middle], [row], marker, color=BLUE, markerfacecolor=face, markersize=6)
        axes.text(0.0, row - 0.2, _SCALES[scale], transform=axes.get_yaxis_transform(), size=SMALL, color=MUTED)
        axes.text(
            1.0,
            row - 0.2,
            f"{np.exp(low):.2f} to {np.exp(high):.2f}",
            transform=axes.get_yaxis_transform(),
            ha="right",
            size=SMALL,
            weight="bold" if scale == 1.0 else "normal",
        )
    ratio_axis(axes)
    axes.set_xlabel(f"factor on the level, log scale; lines are {report.level:.0%} intervals")
    step = report.step
    figure.set_label(
        f"Posterior of the step beyond a trend: factor {step.median:.2f}, {report.level:.0%} interval {step.lower:.2f} to "
        f"{step.upper:.2f}; above 1 with probability {share(step.positive, report.draws)}; with priors halved or "
        f"doubled the interval reaches from {np.exp(limits.min()):.2f} to {np.exp(limits.max()):.2f}."
    )
    return figure


@styled
def probabilities_figure(report: JumpReport) -> Figure:
    """Draw the posterior probability of each baseline under halved, stated and doubled prior scales.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, probabilities_figure
    >>> series = fc.CountSeries(["2023-07", "2023-08", "2023-09", "2023-10"], [105, 100, 190, 200])
    >>> windows = ("2023-07", "2023-08"), ("2023-09", "2023-10")
    >>> report = fc.jump(series, *windows, draws=200, rng=np.random.default_rng(1))
    >>> print(alternative(probabilities_figure(report)).split(":")[0])
    Posterior probability of each baseline, with the range under halved and doubled priors
    """
    names = [result.name for result in report.results]
    scales = [float(scale) for scale in report.sensitivity.index.to_numpy(float)]
    table = report.sensitivity[names].to_numpy(float)
    figure, axes = canvas(
        "How probable each baseline is, given all facts", 1.25 + 0.42 * len(names), right=0.24, bottom=0.78
    )
    rows(axes, len(names))
    axes.set_xlim(-0.02, 1.0)
    for row, (name, values) in enumerate(zip(names, table.T, strict=True)):
        axes.text(0.0, row - 0.18, name, size=SMALL, weight="bold")
        axes.axhline(row + 0.22, color=RULE, linewidth=0.8)
        axes.plot([values.min(), values.max()], [row + 0.22] * 2, color=BLUE, linewidth=2.2, alpha=0.5)
        for scale, value in zip(scales, values, strict=True):
            marker, face = _MARKERS[scale]
            axes.plot(
                [value], [row + 0.22], marker, color=BLUE, markerfacecolor=face, markersize=6, clip_on=False, zorder=4
            )
        axes.text(1.0, row - 0.18, chance(values[scales.index(1.0)]), ha="right", size=SMALL, color=VERMILION)
    axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0", "25%", "50%", "75%", "100%"])
    figure.legend(
        handles=[
            Line2D([], [], marker=marker, linestyle="", color=BLUE, markerfacecolor=face, label=_SCALES[scale])
            for scale, (marker, face) in _MARKERS.items()
        ],
        loc="lower left",
        bbox_to_anchor=(0.0, 0.01),
        ncols=3,
        handletextpad=0.2,
    )
    listing = ", ".join(
        f"{name} {chance(values[scales.index(1.0)])} ({chance(values.min())} to {chance(values.max())})"
        for name, values in zip(names, table.T, strict=True)
    )
    figure.set_label(
        f"Posterior probability of each baseline, with the range under halved and doubled priors: {listing}."
    )
    return figure
