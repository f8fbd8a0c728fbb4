"""Are the probabilities right?  Transforms, coverage and the average forecast beside what came."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.special import bdtr

from forecasting.errors import InvalidInput
from forecasting.evaluation.pit import PIT
from forecasting.figures.style import BLUE, INK, MUTED, SMALL, VERMILION, WASH, canvas, scale_of_counts, shown, styled
from forecasting.kernels.counts import FloatArray
from forecasting.series.frames import is_table, read_frame

_LEVEL = 0.95
_COVERAGE = np.linspace(0.05, 0.95, 19)


@styled
def pit_figure(pit: PIT, bins: int = 10, title: str = "Transforms of the observed counts") -> Figure:
    """Draw the histogram of the non-randomised transforms with a band that holds all bars of a calibrated forecaster.

    The band has probability 95% for all bars together (Bonferroni) were the months independent; the spread-out transforms
    of counts vary less, so it is on the safe side there.

    Examples
    --------
    >>> from forecasting.evaluation import PIT
    >>> from forecasting.figures import alternative, pit_figure
    >>> pit = PIT([0.0, 0.2, 0.4, 0.6, 0.8], [0.2, 0.4, 0.6, 0.8, 1.0])  # five months, as calibrated as can be
    >>> print(alternative(pit_figure(pit, bins=5)).split(";")[0])
    Histogram of the transforms of 5 months in 5 bins: 1.00, 1.00, 1.00, 1.00, 1.00
    """
    heights = pit.histogram(bins)
    low, high = (limit * bins / pit.n for limit in _binomial(pit.n, np.array(1.0 / bins), (1.0 - _LEVEL) / bins))
    figure, axes = canvas(shown(title, 46), 2.9, left=0.48, top=0.62, bottom=0.55)
    places = (np.arange(bins) + 0.5) / bins
    outside = (heights < low) | (heights > high)
    axes.bar(places, heights, 0.94 / bins, color=np.where(outside, VERMILION, BLUE), alpha=0.55, linewidth=0, zorder=2)
    axes.axhspan(float(low), float(high), color=WASH, zorder=0)
    axes.axhline(1.0, color=INK, linewidth=0.8, zorder=3)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.12 * max(float(heights.max()), float(high)))
    axes.set_xlabel(f"probability integral transform, {pit.n:,} {pit.unit}")
    scale_of_counts(axes, "density; band: 95% for all bars together")
    listing = ", ".join(f"{height:.2f}" for height in heights)
    figure.set_label(
        f"Histogram of the transforms of {pit.n} {pit.unit} in {bins} bins: {listing}; 1 everywhere were the forecasts "
        f"calibrated; {int(outside.sum())} of {bins} bars lie outside {low:.2f} to {high:.2f}."
    )
    return figure


@styled
def coverage_figure(pit: PIT, title: str = "Coverage by level") -> Figure:
    """Draw how often central intervals hold the observed count, level by level, with a 95% band for each level.

    Interval ends that fall on a count take the part of it that the level asks for, so a calibrated forecaster lies on the
    diagonal although counts are discrete.

    Examples
    --------
    >>> from forecasting.evaluation import PIT
    >>> from forecasting.figures import alternative, coverage_figure
    >>> pit = PIT([0.0, 0.2, 0.4, 0.6, 0.8], [0.2, 0.4, 0.6, 0.8, 1.0])  # five months, as calibrated as can be
    >>> print(alternative(coverage_figure(pit)))
    Share of 5 months within central intervals, by their level: 10% 10%, 30% 30%, 50% 50%, 70% 70%, 90% 90%.
    """
    tails = (1.0 - _COVERAGE) / 2.0
    covered = pit.cdf(1.0 - tails) - pit.cdf(tails)
    low, high = (limit / pit.n for limit in _binomial(pit.n, _COVERAGE, 1.0 - _LEVEL))
    figure, axes = canvas(shown(title, 46), 3.4, left=0.55, right=0.25, top=0.62, bottom=0.55)
    axes.fill_between(_COVERAGE, low, high, color=WASH, linewidth=0, zorder=0)
    _diagonal(axes)
    axes.plot(_COVERAGE, covered, "-o", color=BLUE, linewidth=1.2, markersize=3.5, zorder=3)
    axes.set_xlabel(f"level of the central interval, {pit.n:,} {pit.unit}")
    scale_of_counts(axes, f"share of {pit.unit} inside; band: 95% at each level")
    listing = ", ".join(
        f"{100 * level:.0f}% {100 * share:.0f}%" for level, share in zip(_COVERAGE[1::4], covered[1::4], strict=True)
    )
    figure.set_label(f"Share of {pit.n} {pit.unit} within central intervals, by their level: {listing}.")
    return figure


@styled
def marginal_figure(table: Any, title: str = "Average forecast minus what came") -> Figure:
    """Draw the difference of the mean forecast distribution and the distribution of the observed counts.

    Parameters
    ----------
    table : DataFrame
        Of `forecasting.evaluation.marginal_calibration`; of another library than pandas, with the counts as column ``y``.
    title : str
        Heading.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> from forecasting.figures import alternative, marginal_figure
    >>> months = pd.period_range("2024-01", periods=2, freq="M")
    >>> forecast = fc.Predictive(months, [[4, 4]], [[4.0, 4.0]], (), fc.Poisson(), "y")
    >>> table = fc.evaluation.marginal_calibration([([4, 9], forecast)], counts=[2, 4, 6, 8])
    >>> print(alternative(marginal_figure(table)).split(": ")[1])
    the largest difference is +0.479 at 8.
    """
    table = read_frame(table) if is_table(table) else pd.DataFrame()
    if "y" in table.columns:
        table = table.set_index("y").astype(float)
    if "difference" not in table.columns or table.empty:
        raise InvalidInput(
            "table has no rows, or no column 'difference'; give what evaluation.marginal_calibration() returns"
        )
    counts, difference = table.index.to_numpy(), table["difference"].to_numpy()
    reach = 1.15 * max(float(np.abs(difference).max()), 0.02)
    figure, axes = canvas(shown(title, 46), 2.8, left=0.55, top=0.62, bottom=0.55)
    axes.axhline(0.0, color=INK, linewidth=0.8, zorder=1)
    axes.step(counts, difference, where="post", color=BLUE, linewidth=1.4, zorder=2)
    axes.set_ylim(-reach, reach)
    axes.set_xlabel("count y")
    scale_of_counts(axes, "mean forecast P(Y ≤ y) minus share of months at or below y")
    worst = int(np.abs(difference).argmax())
    figure.set_label(
        f"Mean forecast distribution minus that of the observed counts, from {counts[0]:,} to {counts[-1]:,}: the largest "
        f"difference is {difference[worst]:+.3f} at {counts[worst]:,}."
    )
    return figure


def _diagonal(axes: Axes) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, zorder=1)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.04)
    ticks = [0.0, 0.25, 0.5, 0.75, 1.0]
    axes.set_xticks(ticks, [f"{100 * tick:.0f}%" for tick in ticks], size=SMALL)
    axes.set_yticks(ticks, [f"{100 * tick:.0f}%" for tick in ticks], size=SMALL)


def _binomial(n: int, share: FloatArray, outside: float) -> tuple[FloatArray, FloatArray]:
    """Return numbers between which a binomial count of `n` falls, but for probability `outside` in both tails together."""
    cumulative = bdtr(np.arange(n + 1.0), n, np.atleast_1d(share)[:, None])
    low = (cumulative < outside / 2.0).sum(axis=1).reshape(share.shape)
    high = (cumulative < 1.0 - outside / 2.0).sum(axis=1).reshape(share.shape)
    return np.asarray(low, dtype=float), np.asarray(high, dtype=float)
