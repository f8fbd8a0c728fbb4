"""The step at the boundary, the probabilities of the models, and what the priors do to both."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from forecasting.figures.density import outline
from forecasting.figures.hover import tell
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
from forecasting.kernels.counts import FloatArray
from forecasting.scenarios import JumpReport
from forecasting.scenarios.fits import step_draws
from forecasting.scenarios.sensitivity import AS_STATED
from forecasting.scenarios.words import chance, chances, factors, share

_DRAWN = 4000  # points of the averaged density


@styled
def step_figure(report: JumpReport) -> Figure:
    """Draw the posterior of the factor at the boundary, averaged over the baselines with a step, and its intervals.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, step_figure
    >>> series = fc.CountSeries(["2023-07", "2023-08", "2023-09", "2023-10"], [105, 100, 190, 200])
    >>> windows = ("2023-07", "2023-08"), ("2023-09", "2023-10")
    >>> report = fc.jump(series, *windows, draws=200, rng=np.random.default_rng(1))
    >>> print(alternative(step_figure(report)).split(":")[0])
    Posterior of the step, averaged over the baselines with one
    """
    boundary, draws = report.comparison.after[0], _averaged(report)
    rows_of = _spans(report)
    limits = np.log([ends for _, ends in rows_of])
    figure, axes = canvas(f"The step at {boundary.strftime('%B %Y')}, if there was one", 3.4, top=0.62, bottom=0.48)
    rows(axes, len(rows_of))
    axes.set_ylim(len(rows_of) - 0.4, -2.3)
    axes.set_xlim(min(limits.min(), -0.5) - 0.25, max(limits.max(), 0.5) + 0.25)
    grid = np.linspace(*axes.get_xlim(), 200)
    height = -0.55 - 1.6 * outline(draws, grid)
    inside = (grid >= np.log(report.step.lower)) & (grid <= np.log(report.step.upper))
    axes.fill_between(grid[inside], -0.55, height[inside], color=BLUE, alpha=0.22, linewidth=0)
    axes.plot(grid, height, color=BLUE, linewidth=1.1)
    axes.axhline(-0.55, color=RULE, linewidth=0.8)
    axes.axvline(0.0, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.annotate("no step", (0.0, -2.3), (0, 2), textcoords="offset points", ha="center", size=SMALL)
    for row, ((name, _), (low, middle, high)) in enumerate(zip(rows_of, limits, strict=True)):
        stated = name == AS_STATED
        axes.plot([low, high], [row, row], color=BLUE, linewidth=2.2 if stated else 1.2)
        axes.plot([middle], [row], "o", color=BLUE, markerfacecolor=BLUE if stated else "white", markersize=6)
        said = "priors as stated" if stated else f"scale of the {name} moved"
        axes.text(0.0, row - 0.2, said, transform=axes.get_yaxis_transform(), size=SMALL, color=MUTED)
        axes.text(
            1.0,
            row - 0.2,
            factors(float(np.exp(low)), float(np.exp(high))),
            transform=axes.get_yaxis_transform(),
            ha="right",
            size=SMALL,
            weight="bold" if stated else "normal",
        )
    told = (
        f"{name}: {np.exp(middle):.2f} ({factors(*np.exp([low, high]).tolist())})"
        for (name, _), (low, middle, high) in zip(rows_of, limits, strict=True)
    )
    tell(axes, told, range(len(rows_of)), across=True)
    ratio_axis(axes)
    axes.set_xlabel(f"factor on the level, log scale; lines are {report.level:.0%} intervals")
    step = report.step
    figure.set_label(
        f"Posterior of the step, averaged over the baselines with one: factor {step.median:.2f}, {report.level:.0%} "
        f"interval {factors(step.lower, step.upper)}; above 1 with probability {share(step.positive, report.draws)}; with one "
        f"prior scale moved at a time the interval reaches from {np.exp(limits.min()):.2f} to {np.exp(limits.max()):.2f}."
    )
    return figure


def _averaged(report: JumpReport) -> FloatArray:
    """Return draws of the step on the log scale, of each baseline with one as many as it is probable."""
    stepped = [result for result in report.results if result.has_step]
    shares = np.array([result.probability for result in stepped])
    draws = [step_draws(result.posterior, report.comparison) for result in stepped]
    numbers = np.maximum(1, np.round(_DRAWN * shares / shares.sum())).astype(int)
    return np.concatenate(
        [own[np.linspace(0, own.size - 1, n).astype(int)] for own, n in zip(draws, numbers, strict=True)]
    )


def _spans(report: JumpReport) -> list[tuple[str, tuple[float, float, float]]]:
    """Return the interval of the step as stated, and the widest one with each prior scale moved alone."""
    table = report.sensitivity
    return [
        (
            str(name),
            (float(rows["step_lower"].min()), float(rows["step_median"].median()), float(rows["step_upper"].max())),
        )
        for name, rows in table.groupby("prior", sort=False)
    ]


@styled
def probabilities_figure(report: JumpReport) -> Figure:
    """Draw the posterior probability of a step and of each baseline, with the range that moving one prior scale gives.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, probabilities_figure
    >>> series = fc.CountSeries(["2023-07", "2023-08", "2023-09", "2023-10"], [105, 100, 190, 200])
    >>> windows = ("2023-07", "2023-08"), ("2023-09", "2023-10")
    >>> report = fc.jump(series, *windows, draws=200, rng=np.random.default_rng(1))
    >>> print(alternative(probabilities_figure(report)).split(":")[0])
    Posterior probability of a step and of each baseline, with the range over prior scales moved one at a time
    """
    names = {"step_probability": "a step", **{result.name: result.name for result in report.results}}
    values = report.sensitivity[list(names)].to_numpy(float).T
    figure, axes = canvas(
        "How probable a step and each baseline are", 1.15 + 0.38 * len(names), right=0.24, bottom=0.62
    )
    rows(axes, len(names))
    axes.set_xlim(-0.02, 1.0)
    for row, (name, own) in enumerate(zip(names.values(), values, strict=True)):
        axes.text(0.0, row - 0.18, name, size=SMALL, weight="bold")
        axes.axhline(row + 0.22, color=RULE, linewidth=0.8)
        axes.plot([own.min(), own.max()], [row + 0.22] * 2, color=BLUE, linewidth=2.2, alpha=0.5)
        axes.plot(own[:1], [row + 0.22], "o", color=BLUE, markersize=6, clip_on=False, zorder=4)
        axes.text(1.0, row - 0.18, chance(own[0]), ha="right", size=SMALL, color=VERMILION)
    moved = zip(names.values(), values, strict=True)
    told = (f"{name}: {chance(own[0])}\none prior scale moved: {chances(own.tolist())}" for name, own in moved)
    tell(axes, told, range(len(names)), across=True)
    axes.set_xticks([0.0, 0.25, 0.5, 0.75, 1.0], ["0", "25%", "50%", "75%", "100%"])
    axes.set_xlabel("given all facts; lines: one prior scale moved at a time")
    listing = ", ".join(
        f"{name} {chance(own[0])} ({chances(own.tolist())})" for name, own in zip(names.values(), values, strict=True)
    )
    figure.set_label(
        "Posterior probability of a step and of each baseline, with the range over prior scales moved one at a time: "
        f"{listing}."
    )
    return figure
