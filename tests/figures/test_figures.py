from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from forecasting.figures import (
    alternative,
    expectation_figure,
    facts_figure,
    forecast_figure,
    known_figure,
    outlook_figure,
    probabilities_figure,
    step_figure,
    svg,
)
from forecasting.figures.density import outline
from forecasting.figures.style import span, total
from forecasting.series import CountSeries
from tests.report.jumps import NASTY, TAG, Case, nasty, shipped, yearly

DRAW: dict[str, Callable[[Case], Figure]] = {
    "known": lambda case: known_figure(case.report),
    "known and next": lambda case: known_figure(case.report, case.report.outlook["Continue"]),
    "expectation": lambda case: expectation_figure(case.report),
    "step": lambda case: step_figure(case.report),
    "probabilities": lambda case: probabilities_figure(case.report),
    "outlook": lambda case: outlook_figure(case.report.outlook, {pd.Period("2024-01", "M"): 284}),
    "facts": lambda case: facts_figure(case.data),
    "forecast": lambda case: forecast_figure(case.report.outlook["Persist"], case.data),
}


@pytest.mark.parametrize("name", DRAW)
def test_a_picture_is_drawn_the_same_twice_and_is_valid_xml(name: str) -> None:
    drawn = [svg(DRAW[name](shipped())) for _ in range(2)]
    assert drawn[0] == drawn[1]
    root = ET.fromstring(drawn[0])
    assert root.get("role") == "img"
    assert root.get("aria-label")
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", drawn[0])


@pytest.mark.parametrize("name", DRAW)
def test_text_stays_text_in_the_readers_typeface(name: str) -> None:
    root = ET.fromstring(svg(DRAW[name](shipped())))
    styles = [element.get("style", "") for element in root.iter() if element.tag.endswith("text")]
    assert styles
    assert all("system-ui" in style for style in styles)


@pytest.mark.parametrize("name", DRAW)
def test_hostile_text_cannot_leave_its_place(name: str) -> None:
    drawn = svg(DRAW[name](nasty()))
    assert TAG not in drawn
    ET.fromstring(drawn)


def test_pictures_share_a_page_without_sharing_identifiers() -> None:
    names = [set(re.findall(r'id="([^"]*)"', svg(draw(shipped())))) for draw in DRAW.values()]
    assert sum(map(len, names)) == len(set().union(*names))


def test_global_settings_are_left_alone() -> None:
    before = dict(matplotlib.rcParams)
    svg(known_figure(shipped().report))
    assert dict(matplotlib.rcParams) == before


def test_alternative_texts_hold_the_numbers() -> None:
    case = shipped()
    assert "2023-09 184" in alternative(DRAW["known"](case))
    assert "ratio as unusual as 1.89" in alternative(DRAW["expectation"](case))
    assert f"factor {case.report.step.median:.2f}" in alternative(DRAW["step"](case))
    assert "trend + step" in alternative(DRAW["probabilities"](case))
    assert "published since: 2024-01 284" in alternative(DRAW["outlook"](case))
    assert "4 months exact" in alternative(DRAW["facts"](case))


@pytest.mark.parametrize("draw", [known_figure, expectation_figure, step_figure, probabilities_figure])
def test_totals_that_are_ranges_and_months_without_forecast_are_drawn(draw: Callable[..., Figure]) -> None:
    ET.fromstring(svg(draw(yearly())))


def test_a_long_history_with_missing_months_is_drawn(rng: np.random.Generator) -> None:
    months = pd.period_range("2015-01", periods=90, freq="M")
    series = CountSeries(months, rng.poisson(30, 90), rng.random(90) < 0.2, NASTY)
    forecast = shipped().report.outlook["Persist"]
    later = type(forecast)(
        pd.period_range("2022-07", periods=3, freq="M"),
        forecast.paths,
        forecast.mean,
        forecast.shape,
        forecast.distribution,
        NASTY,
    )
    assert TAG not in svg(forecast_figure(later, series))


def test_the_outline_of_draws_is_a_density_up_to_scale(rng: np.random.Generator) -> None:
    grid = np.linspace(-5.0, 5.0, 400)
    height = outline(rng.normal(size=20_000), grid)
    np.testing.assert_allclose(height, np.exp(-0.5 * grid**2), atol=0.06)


def test_words_for_windows_and_totals() -> None:
    assert span(pd.period_range("2022-12", "2023-01", freq="M")) == "Dec 2022-Jan 2023"
    assert span(pd.period_range("2023-01", "2023-01", freq="M")) == "Jan 2023"
    assert total((1000, 1000.0)) == "1,000"
    assert total((30, 40.0)) == "30 to 40"
