from __future__ import annotations

import inspect
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from forecasting import figures
from forecasting.errors import InvalidInput
from forecasting.evaluation import PIT, Backtest, backtest, marginal_calibration
from forecasting.figures import (
    alternative,
    coverage_figure,
    difference_figure,
    horizon_figure,
    marginal_figure,
    pit_figure,
    svg,
    totals_figure,
)
from forecasting.figures.calibration import _binomial
from tests.evaluation.forecasts import plain
from tests.evaluation.test_backtest import recent, series, wide
from tests.report.jumps import NASTY, TAG


@cache
def result() -> Backtest:
    data = [series(str(k), seed=k) for k in range(6)]
    return backtest({"recent": recent, NASTY: wide}, data, horizon=4, origins=2, rng=np.random.default_rng(1))


def differences() -> Figure:
    few = backtest({"recent": recent, NASTY: wide}, series(), horizon=2, origins=2, rng=np.random.default_rng(1))
    found = [item.compare("recent", NASTY, rng=np.random.default_rng(2)) for item in (result(), few)]
    return difference_figure(found, NASTY)


DRAW: dict[str, Callable[[], Figure]] = {
    "transforms": lambda: pit_figure(result().pit("recent"), title=NASTY),
    "coverage": lambda: coverage_figure(result().pit("recent"), NASTY),
    "marginal": lambda: marginal_figure(marginal_calibration([([3.0, 5.0], plain([4.0, 4.0]))]), NASTY),
    "horizon": lambda: horizon_figure(result()),
    "totals": lambda: totals_figure(result()),
    "differences": differences,
}


def test_pictures_of_totals_name_totals() -> None:
    transforms = result().pit("recent", total=3)
    assert "of 12 totals of 3 months in" in alternative(pit_figure(transforms))
    assert alternative(coverage_figure(transforms)).startswith("Share of 12 totals of 3 months within")
    assert "months added up, 12 to 12 totals each" in alternative(totals_figure(result(), "cover_90"))


@pytest.mark.parametrize("name", DRAW)
def test_a_picture_is_drawn_the_same_twice_and_is_valid_xml(name: str) -> None:
    drawn = [svg(DRAW[name]()) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert TAG not in drawn[0]
    root = ET.fromstring(drawn[0])
    assert root.get("aria-label")
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", drawn[0])


def test_alternative_texts_hold_the_numbers() -> None:
    pit = PIT(np.arange(40) / 40, np.arange(1, 41) / 40)
    assert "of 40 months in 4 bins: 1.00, 1.00, 1.00, 1.00;" in alternative(pit_figure(pit, 4))
    assert "10% 10%, 30% 30%, 50% 50%" in alternative(coverage_figure(pit))
    assert f"recent {result().by_horizon()['recent'][1]:.3g} to" in alternative(DRAW["horizon"]())
    assert "too few origins to tell (2 of at least 8)" in alternative(differences())
    table = pd.DataFrame({"difference": [0.0, -0.2, 0.1]}, index=[0, 4, 9])
    assert "largest difference is -0.200 at 4" in alternative(marginal_figure(table))
    polars = pytest.importorskip("polars")
    theirs = polars.from_pandas(table.reset_index(names="y"))
    assert alternative(marginal_figure(theirs)) == alternative(marginal_figure(table))


def test_too_narrow_forecasts_leave_the_band() -> None:
    """Of 100 transforms 40 at either end and 20 in the fifth bar; a bar may hold 3 to 19 (P(X <= 2) = 0.0019)."""
    at = np.repeat([0.05, 0.45, 0.95], [40, 20, 40])
    figure = pit_figure(PIT(at - 0.01, at + 0.01))
    assert "10 of 10 bars lie outside 0.30 to 1.90" in alternative(figure)


def test_bands_are_binomial_quantiles(rng: np.random.Generator) -> None:
    share = np.array([0.1, 0.5, 0.95])
    low, high = _binomial(200, share, 0.05)
    counts = rng.binomial(200, share, size=(20_000, 3))
    np.testing.assert_array_less(((counts < low) | (counts > high)).mean(axis=0), 0.05 + 4 * (0.05 / 20_000) ** 0.5)
    np.testing.assert_array_less(0.05, ((counts <= low) | (counts >= high)).mean(axis=0))


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no comparison"):
        difference_figure([])
    empty = Backtest(result().scores.iloc[:0], result().failed, ("recent",), {})
    with pytest.raises(InvalidInput, match="cannot be drawn"):
        horizon_figure(empty)


WRONG = [
    None,
    [1],
    "text",
    b"x",
    1.5,
    True,
    {"a": 1},
    object(),
    pd.DataFrame({"a": [1]}),
    pd.Series([1.0]),
    Figure,
    len,
]


@pytest.mark.parametrize("name", [name for name in figures.__all__ if name != "themed"])
def test_what_is_not_the_thing_to_draw_is_refused_by_name(name: str) -> None:
    function = getattr(figures, name)
    needed = [one.name for one in inspect.signature(function).parameters.values() if one.default is one.empty]
    for wrong in WRONG:
        with pytest.raises(InvalidInput):
            function(*[wrong for one in needed if one != "options"])


def test_further_arguments_have_types_too() -> None:
    for wrong in ("x", 2.5, True, [3]):
        with pytest.raises(InvalidInput, match="bins"):
            pit_figure(result().pit("recent"), bins=wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="title is list; coverage_figure\\(\\) takes str"):
        coverage_figure(result().pit("recent"), ["x"])  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="comparisons is list; difference_figure\\(\\) takes Sequence of Comparison"):
        difference_figure([1, 2])  # type: ignore[list-item]
