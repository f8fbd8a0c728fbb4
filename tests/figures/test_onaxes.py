"""Results on the caller's axes: the same axes come back, the numbers are those of the result, the look is the caller's."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import forecasting as fc
from forecasting.display import Drawable
from forecasting.figures.hover import tell
from forecasting.models.sarima.model import SarimaSearch
from tests.report.jumps import NASTY, TAG

SERIES = fc.CountSeries(pd.period_range("2022-01", periods=24, freq="M"), [5, 3, 4, 6] * 6, unique_id="calls")
MODEL = fc.CountRegression(fc.Intercept() + fc.Trend(), fc.Poisson())


@cache
def result(name: str) -> Any:
    return MAKE[name]()


def evidence() -> fc.Evidence:
    return fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")


MAKE: dict[str, Callable[[], Any]] = {
    "series": lambda: SERIES,
    "gaps": lambda: fc.load_counts("russia_cbp"),
    "evidence": evidence,
    "open evidence": lambda: fc.load_ledger().evidence("hotline.i_want_to_live.applications"),
    "forecast": lambda: fc.auto(SERIES, horizon=6, rng=1),
    "reconstruction": lambda: fc.reconstruct(MODEL.posterior(evidence(), draws=200, rng=1), rng=1),
    "outlook": lambda: fc.outlook(MODEL.posterior(SERIES, draws=200, rng=1), [fc.Persist(), fc.Continue()], 3, rng=1),
    "jump": lambda: fc.jump(evidence(), ("2023-06", "2023-08"), ("2023-09", "2023-11"), draws=200, rng=1),
    "backtest": lambda: fc.backtest(
        {"moments": fc.HistoricalMoments(), "year": fc.Climatology()}, SERIES, horizon=2, origins=3, rng=1
    ),
    "total": lambda: fc.auto(SERIES, horizon=6, rng=1).total(),
    "fit": lambda: MODEL.fit(SERIES),
    "posterior": lambda: MODEL.posterior(SERIES, draws=200, rng=1),
    "simulated": lambda: fc.DynamicLevel().posterior(evidence(), draws=200, rng=1),
    "level": lambda: fc.LocalLevel().posterior(SERIES, draws=200, rng=1),
    "arima": lambda: fc.SARIMA((1, 0, 0), (0, 0, 0)).fit(SERIES),
    "arima posterior": lambda: fc.SARIMA((1, 0, 0), (0, 0, 0)).posterior(SERIES, draws=200, rng=1),
    "changes": lambda: fc.changes(fc.load_counts("ukraine_art407"), draws=200, rng=1),
    "search": lambda: fc.find_interventions(MODEL, SERIES, replicates=19, rng=1),
    "test": lambda: fc.intervention_test(MODEL, SERIES, fc.Step("2022-07")),
    "onset": lambda: fc.onset(SERIES, trend=False, draws=200, rng=1),
    "comparison": lambda: result("backtest").compare("moments", "year", rng=1),
    "transforms": lambda: result("backtest").pit("year"),
    "arima search": lambda: SarimaSearch(
        fc.SARIMA((1, 0, 0)), result("arima"), pd.DataFrame({"model": ["(1,0,0)", "(0,0,1)"], "aicc": [1.0, 2.5]})
    ),
    "table": lambda: fc.auto({"ds": SERIES.months, "y": SERIES.values}, horizon=3, draws=100, rng=1),
}
TABLES = {
    "ledger": fc.load_ledger,
    "account": lambda: result("forecast").account,
    "equal scores": lambda: fc.evaluation.diebold_mariano([-1.0, 0.5, -2.0], horizon=1),
    "uniformity": lambda: fc.evaluation.CalibrationTest("uniformity", 0.4, 0.69, 36),
}
DATA = {"series", "gaps", "evidence", "open evidence", "ledger", "account"}  # they ask nothing, so they answer nothing


def axes_of(name: str, **options: Any) -> Axes:
    axes = Figure().subplots()
    assert result(name).plot(axes, **options) is axes
    return axes


@pytest.mark.parametrize("name", MAKE)
def test_axes_in_axes_out(name: str) -> None:
    before = dict(matplotlib.rcParams)
    axes = axes_of(name)
    axes.figure.canvas.draw()
    assert axes.has_data()
    assert axes.get_title() == ""
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", MAKE)
def test_without_axes_a_figure_is_made_that_a_notebook_shows(name: str) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    with matplotlib.rc_context({"backend": "agg"}):
        axes = result(name).plot()
        try:
            assert plt.fignum_exists(axes.figure.number)
        finally:
            plt.close(axes.figure)


def test_every_kind_of_result_is_drawn_here() -> None:
    def below(kind: type) -> set[type]:
        return {kind, *(one for child in kind.__subclasses__() for one in below(child))}

    ours = {kind for kind in below(Drawable) - {Drawable} if kind.__module__.startswith("forecasting.")}
    drawn = {type(result(name)) for name in MAKE}
    assert {kind.__name__ for kind in ours if not any(issubclass(one, kind) for one in drawn)} == set()


def test_months_stand_at_their_dates() -> None:
    axes = axes_of("series")
    line = axes.lines[0]
    assert np.array_equal(line.get_xdata(), dates.date2num(SERIES.months.to_timestamp().to_numpy()))
    assert np.array_equal(line.get_ydata(), SERIES.values)
    axes.axvline(pd.Timestamp("2022-07-01"))  # dates of the caller's fall in place
    axes.figure.canvas.draw()


def test_an_empty_month_is_a_gap() -> None:
    drawn = np.asarray(axes_of("gaps").lines[0].get_ydata(), dtype=float)
    assert np.flatnonzero(np.isnan(drawn)).tolist() == [6]


def test_intervals_of_a_forecast_are_its_own() -> None:
    forecast = result("forecast")
    axes = axes_of("forecast", levels=[0.8], history=SERIES)
    limits = forecast.interval(0.8)
    bars = [(bar.get_y(), bar.get_y() + bar.get_height()) for bar in axes.patches]
    assert np.allclose(bars, limits.to_numpy())
    assert len(axes.lines[0].get_xdata()) == len(SERIES)
    assert axes.patches[0].get_x() > axes.lines[0].get_xdata()[-1]


def test_scores_of_a_backtest_are_its_own() -> None:
    axes = axes_of("backtest", score="log_score")
    table = result("backtest").by_horizon("log_score")
    assert [line.get_label() for line in axes.lines] == ["moments", "year"]
    assert np.allclose(axes.lines[0].get_ydata(), table["moments"])


def test_shares_of_a_total_sum_to_one() -> None:
    heights = [bar.get_height() for bar in axes_of("total").patches]
    assert 0.99 < sum(heights) <= 1.0 + 1e-9


def test_the_look_is_the_callers() -> None:
    with matplotlib.rc_context({"axes.prop_cycle": matplotlib.cycler(color=["#112233"]), "text.color": "#445566"}):
        axes = axes_of("forecast", history=SERIES)
    assert matplotlib.colors.to_hex(axes.patches[0].get_facecolor()) == "#112233"
    assert axes.lines[0].get_color() == "#445566"
    assert axes_of("forecast", color="red").collections[0].get_edgecolor()[0].tolist() == [1.0, 0.0, 0.0, 1.0]


def test_what_cannot_be_drawn_is_told() -> None:
    with pytest.raises(fc.InvalidInput, match=r"'colour' is not an option .* it takes history, levels, color"):
        result("forecast").plot(colour="red")
    with pytest.raises(fc.InvalidInput, match=r"ax must be matplotlib axes, .* got Figure"):
        result("forecast").plot(Figure())
    with pytest.raises(fc.InvalidInput, match="history must be a CountSeries or Evidence, got list"):
        result("forecast").plot(Figure().subplots(), history=[1, 2])
    with pytest.raises(fc.InvalidInput, match="levels=nan must be"):
        result("forecast").plot(Figure().subplots(), levels=float("nan"))
    assert result("forecast").plot(Figure().subplots(), levels=0.9)
    with pytest.raises(fc.InvalidInput, match="there is no score 'crp'"):
        result("backtest").plot(Figure().subplots(), score="crp")


@pytest.mark.parametrize("name", [*MAKE, *TABLES])
def test_a_notebook_shows_a_table(name: str) -> None:
    shown = (result(name) if name in MAKE else TABLES[name]())._repr_html_()
    HTMLParser().feed(shown)
    assert "<table" in shown
    assert len(shown) < 20_000


@pytest.mark.parametrize("name", sorted({*MAKE, *TABLES} - DATA))
def test_an_answer_is_a_sentence(name: str) -> None:
    said = (result(name) if name in MAKE else TABLES[name]()).in_words()
    assert re.search(r"[.%]$", said)
    assert re.search(r"\d", said)
    assert not re.search(r"\bnan\b|\binf\b|Period\(", said)


def test_pictures_of_answers_have_their_numbers() -> None:
    onset = result("onset")
    bars = axes_of("onset").patches
    assert sorted(bar.get_height() for bar in bars) == pytest.approx(sorted(onset.table["probability"]))
    assert sum(bar.get_facecolor()[3] > 0 for bar in bars) == len(onset.interval(0.9))
    assert [bar.get_height() for bar in axes_of("transforms").patches] == pytest.approx(
        result("transforms").histogram(10)
    )
    effect = result("test").effects.iloc[0]
    axes = axes_of("test")
    assert axes.lines[-1].get_xdata() == pytest.approx([effect["factor"]])
    assert axes.collections[0].get_segments()[0][:, 0] == pytest.approx(effect[["factor_lower", "factor_upper"]])
    means = axes_of("comparison").lines[-1].get_ydata()
    assert means == pytest.approx(result("comparison").by_horizon["mean"])
    assert axes_of("table").lines[-1].get_xdata() == pytest.approx([result("table")["y"].total().median])


@pytest.mark.parametrize(
    "name",
    ["series", "gaps", "evidence", "open evidence", "forecast", "reconstruction", "outlook", "jump", "onset", "level"],
)
def test_pointing_at_a_month_shows_its_numbers(name: str) -> None:
    drawing = fc.figures.interactive(result(name))
    assert drawing._repr_html_() == drawing
    titles = re.findall(r"<title>([^<]*)</title>", drawing)
    assert len(titles) == len(result(name).months)
    assert titles[0].count(f"{result(name).months[0].strftime('%B %Y')}: ")


def test_pointing_says_the_numbers_of_history_and_forecast_and_moves_no_limit() -> None:
    forecast = result("forecast")
    drawing = fc.figures.interactive(forecast, history=SERIES, levels=[0.8])
    assert "<title>February 2022: 3</title>" in drawing
    low, high = forecast.interval(0.9).iloc[0]
    assert f"90%: {low:,.0f} to {high:,.0f}</title>" in drawing
    axes = axes_of("forecast")
    limits = axes.get_xlim(), axes.get_ylim()
    tell(axes, ["far"], [10.0**6])
    assert (axes.get_xlim(), axes.get_ylim()) == limits
    with pytest.raises(fc.InvalidInput, match="no months to point at"):
        fc.figures.interactive(result("backtest"))


def test_a_hostile_name_stays_text() -> None:
    series = fc.CountSeries(SERIES.months, SERIES.values, unique_id=NASTY)
    for thing in (series, MODEL.fit(series), MODEL.posterior(series, draws=100, rng=1)):
        assert TAG not in thing._repr_html_()
