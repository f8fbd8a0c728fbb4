"""Each how-to page gives the right answer to its question: the counts are simulated, so the truth is known."""

from __future__ import annotations

import contextlib
import io
import runpy
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

import forecasting as fc

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted((DOCS / "howto").glob("*.py"))
LONGER = [*sorted((DOCS / "tutorials").glob("*.py")), *sorted((DOCS / "worked").glob("*.py"))]
MOST = 6  # lines of the answer, the picture's apart


@cache
def page(name: str) -> dict[str, Any]:
    """Run a page and return what it holds, with what it said under `said`."""
    import matplotlib.pyplot as plt

    path = next(path for path in PAGES if path.stem.endswith(name))
    said = io.StringIO()
    with matplotlib.rc_context({"backend": "agg"}), contextlib.redirect_stdout(said):
        found = runpy.run_path(str(path))
        shown = plt.fignum_exists(getattr(found["axes"].figure, "number", -1))
        plt.close("all")
    assert shown, "a picture that pyplot does not know is not on the page, nor in a notebook"
    return found | {"said": said.getvalue()}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_words_a_table_and_a_picture_in_a_few_lines(path: Path) -> None:
    answer = path.read_text(encoding="utf-8").split("# %%\n")[1:]
    lines = [line for part in answer for line in part.splitlines() if line and not line.startswith("#")]
    assert len(lines) <= MOST + 2
    found = page(path.stem[3:])
    assert found["said"].strip()
    assert isinstance(found["axes"], Axes)
    assert found["axes"].has_data()


@pytest.mark.slow
@pytest.mark.parametrize("path", LONGER, ids=lambda path: path.stem)
def test_a_tutorial_or_worked_example_runs(path: Path) -> None:
    import matplotlib.pyplot as plt

    with matplotlib.rc_context({"backend": "agg"}), contextlib.redirect_stdout(io.StringIO()):
        found = runpy.run_path(str(path))
        plt.close("all")
    assert any(isinstance(thing, Axes) and thing.has_data() for thing in found.values())


def test_october_was_unusual() -> None:
    said = page("unusual")["said"]
    assert "is unusually high" in said
    assert page("unusual")["forecast"].exceedance("2025-10", 200) < 0.01
    september = page("unusual")["calls"].until("2025-09")
    usual = page("unusual")["forecast"].in_words(observed={"2025-10": int(np.mean(september.values))})
    assert "not unusual" in usual


def test_the_change_of_march_is_found_with_its_size() -> None:
    effect = page("change")["test"].effects.loc["step[2025-03]"]
    assert effect["factor_lower"] < 1.5 < effect["factor_upper"]
    assert effect["factor_upper"] / effect["factor_lower"] < 1.5
    assert page("change")["test"].p_value < 1e-4


@pytest.mark.slow
def test_the_interval_of_the_change_covers_as_often_as_it_says() -> None:
    found = page("change")
    inside = 0
    for seed in range(100, 130):
        calls = fc.CountSeries(found["months"], np.random.default_rng(seed).poisson(found["mean"]))
        effect = fc.intervention_test(found["model"], calls, fc.Step("2025-03"), method="lr").effects.iloc[0]
        inside += bool(effect["factor_lower"] < 1.5 < effect["factor_upper"])
    assert inside >= 25, "of 30 at 95%: fewer happens by chance once in three hundred times"


def test_the_next_quarter_is_around_its_mean() -> None:
    total = page("next_quarter")["total"]
    low, high = total.interval(0.9)
    assert low < 120 < high
    assert 25 < high - low < 75, "a Poisson total of mean 120 has a 90% interval of 36"
    assert total.quantile(0.9).iloc[0] > 120


def test_a_trend_that_stops_stays_and_one_that_goes_on_grows() -> None:
    ahead = page("trend_stops")["ahead"]
    last = 40 * 1.05**29
    stays, grows = (ahead[name].total() for name in ("Persist", "Continue"))
    for total, truth in ((stays, 6 * last), (grows, last * sum(1.05**h for h in range(1, 7)))):
        low, high = total.interval(0.95)
        assert low < truth < high
    assert grows.median > 1.1 * stays.median


def test_the_turn_is_dated() -> None:
    turn = page("when")["turn"]
    assert pd.Period("2024-09") in turn.interval(0.9)
    assert len(turn.interval(0.9)) <= 6
    assert turn.direction == "rise"
    assert turn.log_bayes_factor > 3
    assert page("when")["several"].number.idxmax() == 1


def test_a_year_with_no_change_exceeds_the_last_about_half_of_the_time() -> None:
    found = page("exceed")
    chance = found["rest"].exceedance(found["missing"])
    exact = 1.0 - np.mean(np.random.default_rng(0).poisson(180, 100_000) <= found["missing"])
    assert abs(chance - exact) < 0.15
    assert "The chance of more than" in found["said"]
