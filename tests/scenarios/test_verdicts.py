"""Verdicts of a jump: falls as rises, season and step, zeros, one prior scale at a time."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import forecasting as fc
from forecasting.randomness import named_streams
from forecasting.report import render
from forecasting.scenarios import verdict
from forecasting.scenarios.fits import Fits
from forecasting.scenarios.sensitivity import FACTORS, as_stated
from forecasting.scenarios.surprise import Surprise, _exact
from forecasting.scenarios.weighing import StepEffect, Weighing
from forecasting.scenarios.windows import Windows
from forecasting.scenarios.wording import statements

WINDOWS = {"before": ("2021-01", "2021-06"), "after": ("2021-07", "2021-12")}


def _series(counts: np.ndarray | list[int], start: str = "2020-01") -> fc.CountSeries:
    months = pd.period_range(start, periods=len(counts), freq="M")
    return fc.CountSeries(months, [int(count) for count in counts])


def _jump(counts: np.ndarray | list[int], draws: int = 800, **windows: tuple[str, str]) -> fc.JumpReport:
    return fc.jump(_series(counts), **(WINDOWS | windows), draws=draws, rng=11)  # type: ignore[arg-type]


def _rise(rng: np.random.Generator, months: int = 24) -> np.ndarray:
    """Return months that double at the last six."""
    return np.concatenate([rng.poisson(60.0, months - 6), rng.poisson(120.0, 6)])


def test_time_reversed_is_a_fall_of_the_inverse_size(rng: np.random.Generator) -> None:
    counts = rng.poisson(60.0, 12)
    counts[6:] = rng.poisson(110.0, 6)
    windows = {"before": ("2020-01", "2020-06"), "after": ("2020-07", "2020-12")}
    rise, fall = (_jump(own, draws=1500, **windows) for own in (counts, counts[::-1]))
    assert (rise.direction, fall.direction) == ("rise", "fall")
    assert rise.comparison.ratio == pytest.approx(1.0 / fall.comparison.ratio)
    month, other = rise.observed.loc["month"], fall.observed.loc["month"]
    for name in ("exact", "mid_p"):
        assert month[f"{name}_lower"] == pytest.approx(1.0 / other[f"{name}_upper"], rel=1e-9)
    assert np.log(month["window_lower"]) == pytest.approx(-np.log(other["window_upper"]), abs=0.06)
    assert rise.p_value == pytest.approx(fall.p_value, rel=1e-9)
    assert rise.log_bayes_factor == pytest.approx(fall.log_bayes_factor, abs=0.15)
    assert np.log(rise.step.median) == pytest.approx(-np.log(fall.step.median), abs=0.05)
    for name in ("constant", "trend"):
        assert rise.result(name).search == pytest.approx(fall.result(name).search, abs=0.05)


def test_a_halving_is_as_unusual_as_a_doubling(rng: np.random.Generator) -> None:
    counts = _rise(rng)
    mirrored = np.concatenate([counts[:-6], np.round(counts[:-6].mean() ** 2 / counts[-6:])])
    rise, fall = _jump(counts), _jump(mirrored)
    for report, word in ((rise, "so large a rise"), (fall, "so deep a fall")):
        assert report.verdict.startswith("Yes under every baseline tried")
        assert word in report.verdict
        for result in report.results:
            told = result.surprise
            assert isinstance(told, Surprise)
            assert told.tail == pytest.approx(told.chance / 2.0)
            assert result.has_step or (told.chance < 0.05 and told.bits > 5.0)
    row = fall.to_dict()["baselines"][1]
    assert row["tail_at_most"] < 0.01 < 0.9 < row["tail_at_least"]
    assert fall.to_dict()["direction"] == "fall"


@pytest.mark.parametrize("alpha", [0.0, 0.05, 0.8])
@pytest.mark.parametrize(("low", "high"), [(720, None), (2100, None), (30_000, None), (None, 180), (None, 12)])
def test_both_tails_of_a_total_keep_their_digits(low: int | None, high: int | None, alpha: float) -> None:
    """Equal months add up to a negative binomial; the upper tail was a complement, and ended at 1e-12."""
    mean = np.full((1, 6), 60.0)
    law = fc.NegativeBinomial() if alpha else fc.Poisson()
    found = float(_exact(mean, [np.array([alpha])] if alpha else [], law, low, high)[0])
    total = stats.nbinom(6.0 / alpha, 1.0 / (1.0 + 60.0 * alpha)) if alpha else stats.poisson(360.0)
    truth = total.sf(low - 1) if high is None else total.cdf(high)
    assert found == pytest.approx(float(truth), rel=1e-7, abs=1e-300)


def test_large_rises_and_falls_are_weighed_alike(rng: np.random.Generator) -> None:
    """A doubling to 700 was simulated ("none of 400 draws"), its mirror image summed ("less than one in a million")."""
    low, high = rng.poisson(60.0, 18), rng.poisson(120.0, 18)
    rise, fall = (_jump(np.concatenate([a, b[:6]])) for a, b in ((low, high), (high, low)))
    for report in (rise, fall):
        for result in report.results[:2]:
            told = result.surprise
            assert isinstance(told, Surprise)
            assert told.in_direction.reached is None
        assert "at most less than" not in report.verdict
    bits = [report.results[0].surprise.bits for report in (rise, fall)]
    assert min(bits) > 40.0  # the floor of a complement


def test_a_rise_below_what_the_trend_foretold_is_unusual_on_that_side() -> None:
    """Twenty-four months that grow by a tenth each, then a level: the ratio is above 1 and far below the trend's."""
    grown = np.round(20 * 1.1 ** np.arange(18)).astype(int)
    counts = [*grown, *[grown[-1]] * 6]
    report = _jump(counts)
    told = report.of_kind("trend", step=False).surprise
    assert report.direction == "rise"
    assert isinstance(told, Surprise)
    assert told.tail > 0.9
    assert told.chance == pytest.approx(2.0 * told.at_most.chance)


def _seasonal(rng: np.random.Generator, factor: float) -> np.ndarray:
    months = np.arange(60)
    mean = 50 * np.exp(0.6 * np.cos(2 * np.pi * months / 12.0)) * np.where(months >= 50, factor, 1.0)
    return np.asarray(rng.negative_binomial(20, 20 / (20 + mean)))


def test_a_real_step_in_a_seasonal_series_is_found(rng: np.random.Generator) -> None:
    windows = {"before": ("2023-03", "2023-08"), "after": ("2024-03", "2024-08")}
    real = _jump(_seasonal(rng, 1.8), **windows)
    assert real.step_probability > 0.8
    assert real.step.lower < 1.8 < real.step.upper
    static = ["season", "trend + season"]
    odds = [real.result(f"{name} + step").probability / real.result(name).probability for name in static]
    assert min(odds) > 20.0  # a level that wanders is what is left to account for it without a step


@pytest.mark.parametrize("seed", range(4))
def test_a_season_alone_is_not_called_a_step(seed: int) -> None:
    """Winter against summer, eight times: the season explains it."""
    counts = _seasonal(np.random.default_rng(seed), 1.0)
    report = _jump(counts, before=("2023-05", "2023-08"), after=("2023-11", "2024-02"))
    assert report.comparison.ratio > 1.5
    assert report.step_probability < 0.5
    assert not report.verdict.startswith("Yes")


def test_before_two_years_the_words_name_the_season_and_the_calendar(rng: np.random.Generator) -> None:
    other = _jump(rng.poisson(40, 18), before=("2020-07", "2020-12"), after=("2021-01", "2021-06"))
    assert "The season is left out (18 months" in other.in_words()
    assert "different calendar months" in other.in_words()
    same = _jump(rng.poisson(40, 18), before=("2020-01", "2020-06"), after=("2021-01", "2021-06"))
    assert "the same calendar months" in same.in_words()


ZEROS = {
    "0 then 3": [2, 1, 0, 3, 0, 0, 1, 2],
    "all zero": [0] * 8,
    "dies out": [5, 6, 7, 5, 3, 4, 0, 0],
    "starts": [0, 0, 0, 0, 0, 0, 9, 14],
}


@pytest.mark.parametrize("counts", ZEROS.values(), ids=ZEROS)
def test_zeros_are_answered(counts: list[int]) -> None:
    windows = {"before": ("2020-05", "2020-06"), "after": ("2020-07", "2020-08")}
    report = _jump(counts, draws=400, **windows)
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert told["verdict"] == report.verdict
    assert re.match(r"(Yes|No|Not settled)\b", report.verdict)
    assert "nan" not in report.in_words()
    row = report.observed.loc["month"]
    assert row["difference_lower"] <= row["difference"] <= row["difference_upper"]
    html = render(report)
    assert ">nan<" not in html
    assert "inf " not in html


def test_three_after_none_has_the_exact_interval() -> None:
    report = _jump([2, 1, 0, 3, 0, 0, 1, 2], 400, before=("2020-05", "2020-06"), after=("2020-07", "2020-08"))
    row = report.observed.loc["month"]
    assert round(row["exact_lower"], 2) == 0.41
    assert np.isinf(row["exact_upper"])
    assert report.p_value == pytest.approx(0.25)
    assert "0.41 to infinity" in report.in_words()
    assert "over nothing there is no ratio" in report.in_words()


def test_all_zero_months_have_a_posterior_and_no_maximum() -> None:
    series = _series([0] * 12)
    posterior = fc.CountRegression(fc.Intercept(), fc.Poisson()).posterior(series, rng=1)
    # The sum of twelve Poisson months is zero: the posterior is the prior times exp(-12 mu), summed here over a grid.
    centre, scale = np.log(0.25 / 12), fc.Priors().level
    logs = np.linspace(centre - 12.0, centre + 12.0, 20001)
    density = np.exp(-0.5 * ((logs - centre) / scale) ** 2 - 12.0 * np.exp(logs))
    expected = float((density * np.exp(logs)).sum() / density.sum())
    assert np.exp(posterior.draws[:, 0]).mean() == pytest.approx(expected, rel=0.1)
    with pytest.raises(fc.InvalidInput, match="every known count is zero"):
        fc.CountRegression(fc.Intercept(), fc.Poisson()).fit(series)


@pytest.fixture(scope="module")
def report() -> fc.JumpReport:
    return _jump(_rise(np.random.default_rng(8), 18), before=("2020-07", "2020-12"), after=("2021-01", "2021-06"))


def test_odds_are_even_and_the_factor_is_that_of_the_evidences(report: fc.JumpReport) -> None:
    table = report.table()
    step = np.array([result.has_step for result in report.results])
    assert table["prior"][step].sum() == pytest.approx(0.5)
    assert table["probability"][step].sum() == pytest.approx(report.step_probability)
    odds = report.step_probability / (1.0 - report.step_probability)
    assert np.log(odds) == pytest.approx(report.log_bayes_factor)
    evidence = np.exp(table["log_evidence"] - table["log_evidence"].max()) * table["prior"]
    assert np.log(evidence[step].sum() / evidence[~step].sum()) == pytest.approx(report.log_bayes_factor)


def test_each_prior_scale_is_moved_alone(report: fc.JumpReport) -> None:
    table = report.sensitivity
    assert table["prior"].tolist() == ["as stated", *(name for name, of in FACTORS.items() for _ in of)]
    assert table.loc[0, "step_probability"] == report.step_probability
    series = _series(report.known["lower"].to_numpy())
    pair = Windows.of(series, ("2020-07", "2020-12"), ("2021-01", "2021-06"))
    for row in table.iloc[[1, 4, 7]].to_dict("records"):
        priors = fc.Priors(**{row["prior"]: row["factor"] * getattr(fc.Priors(), row["prior"])})
        fresh = as_stated(Fits.of(series, pair, priors, 1000, named_streams(5)), 0.95)
        assert row["log_bayes_factor"] == pytest.approx(fresh["log_bayes_factor"], abs=0.4)
        assert np.log(row["step_median"]) == pytest.approx(np.log(fresh["step_median"]), abs=0.08)
        assert row["chance_upper"] == pytest.approx(fresh["chance_upper"], abs=0.05)


def test_the_verdict_comes_first_and_follows_the_widest_sensitivity(report: fc.JumpReport) -> None:
    assert statements(report)[0] == report.verdict
    assert repr(report).splitlines()[1] == report.verdict
    low, high = report.sensitivity["step_probability"].min(), report.sensitivity["step_probability"].max()
    assert verdict.words.chances([low, high]) in report.verdict
    said = verdict.answer(report.sensitivity)
    assert report.verdict.startswith({"yes": "Yes", "no": "No:", "not settled": "Not settled"}[said])
    if said == "yes":
        assert report.sensitivity["chance_upper"].max() < verdict.UNUSUAL
        assert low > verdict.PROBABLE


def test_the_averaged_step_weighs_its_models() -> None:
    draws = np.array([0.0, 1.0, 2.0, 3.0])
    even = StepEffect.of(draws, 0.5)
    assert np.log([even.lower, even.median, even.upper]) == pytest.approx([0.0, 1.0, 2.0])
    heavy = StepEffect.of(draws, 0.5, np.array([0.0, 0.0, 1.0, 9.0]))
    assert (np.log(heavy.median), heavy.positive) == (pytest.approx(3.0), pytest.approx(1.0))


def test_what_is_ruled_out_does_not_matter() -> None:
    weighing = Weighing({"a": 0.9, "b": 0.1, "c": 1e-4}, 0.0)
    assert weighing.mattering(["a", "b", "c"]) == ["a", "b"]
    assert weighing.mattering(["c"]) == ["c"]
    assert weighing.step_probability == 0.5


def test_replicated_periods_do_not_contain_the_jump(rng: np.random.Generator) -> None:
    """A tripling of even months turns up nowhere in periods without it."""
    report = _jump(np.concatenate([rng.poisson(50.0, 12), rng.poisson(150.0, 6)]), before=("2020-07", "2020-12"),
                   after=("2021-01", "2021-06"))  # fmt: skip
    assert all(result.search < 0.02 for result in report.results if not result.has_step)


def test_the_month_of_the_step_may_be_left_open(report: fc.JumpReport) -> None:
    assert report.onset is not None
    assert report.onset.when() in report.in_words()
    assert pd.Period("2021-01", "M") in report.onset.interval(0.9)
    assert report.to_dict()["onset"]["log_bayes_factor"] == report.onset.log_bayes_factor


def test_the_largest_growth_one_would_believe_sets_the_scale_of_the_trend() -> None:
    months = [20, 22, 19, 24, 40, 44]
    windows = {"before": ("2020-03", "2020-04"), "after": ("2020-05", "2020-06")}
    report = fc.jump(_series(months), **windows, largest_growth=0.05, draws=100, rng=1)  # type: ignore[arg-type]
    assert np.exp(1.96 * report.priors.trend) == pytest.approx(1.05)
    assert report.prior_ratio["trend"][1] == pytest.approx(1.05**2)  # the middles of the windows are two months apart
    with pytest.raises(fc.InvalidInput, match="largest growth"):
        fc.jump(_series(months), **windows, largest_growth=-0.1, draws=100, rng=1)  # type: ignore[arg-type]
