"""The jump analysis: its parts against independent computations, and on the shipped facts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import forecasting as fc
from forecasting.errors import InvalidInput
from forecasting.scenarios.levels import level_changes
from forecasting.scenarios.rates import unseen_bound
from forecasting.scenarios.sensitivity import under_priors
from forecasting.scenarios.surprise import _EXACT_DRAWS, Surprise, Unforecastable, surprise
from forecasting.scenarios.weighing import StepEffect
from forecasting.scenarios.windows import Windows
from forecasting.scenarios.wording import bits, limits, primary, tail
from forecasting.scenarios.words import share
from tests.reference import moments

SUMMER, AUTUMN = ("2023-06", "2023-08"), ("2023-09", "2023-11")


@pytest.fixture(scope="module")
def evidence() -> fc.Evidence:
    return fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")


@pytest.fixture(scope="module")
def report(evidence: fc.Evidence) -> fc.JumpReport:
    return fc.jump(evidence, before=SUMMER, after=AUTUMN, rng=np.random.default_rng(20231205))


def test_observed_totals_and_intervals(report: fc.JumpReport) -> None:
    month, day = report.observed.loc["month"], report.observed.loc["day"]
    assert month["ratio"] == 577 / 305
    assert day["ratio"] == pytest.approx(577 / 305 * 92 / 91)
    assert (round(month["exact_lower"], 3), round(month["exact_upper"], 3)) == (1.644, 2.181)
    assert f"{report.p_value:.1e}" == "3.6e-20"
    wider = month["negative_binomial_upper"] - month["negative_binomial_lower"]
    assert wider > 2 * (month["exact_upper"] - month["exact_lower"])


def test_the_report_says_what_it_said(report: fc.JumpReport) -> None:
    """`tests/reference/moments.py` makes the numbers."""
    kept, found = json.loads(moments.FILE.read_text(encoding="utf-8"))["jump"], moments.of_jump(report)
    assert set(found) == set(kept)
    for name, value in kept.items():
        assert found[name] == pytest.approx(value, rel=0.05, abs=0.02 if value > 0.01 else 0.0), name


def test_probabilities_sum_to_one_and_follow_the_evidence(report: fc.JumpReport) -> None:
    table = report.table()
    assert table["probability"].sum() == pytest.approx(1.0)
    assert table["prior"].sum() == pytest.approx(1.0)
    ratio = table["probability"] / table["prior"] / np.exp(table["log_evidence"] - table["log_evidence"].max())
    np.testing.assert_allclose(ratio, ratio.iloc[0])
    assert table.loc["constant Poisson", "probability"] < 1e-15


def test_get_lost_does_not_settle_between_trend_and_step(report: fc.JumpReport) -> None:
    assert report.step.lower < 1.0 < report.step.upper
    assert all(report.result(name).probability < 0.6 for name in ("trend", "step", "trend + step"))
    assert report.left_out == {"season": "8 months; a season needs at least 24"}
    assert report.verdict.startswith("Not settled: so large a rise")


def test_tail_of_the_constant_poisson_is_the_average_of_poisson_tails(report: fc.JumpReport) -> None:
    """Three months of one level sum to a Poisson count, whose tail scipy knows."""
    told = report.result("constant Poisson").surprise
    assert isinstance(told, Surprise)
    level = np.exp(told.posterior.draws[:_EXACT_DRAWS, 0])
    assert told.tail == pytest.approx(stats.poisson.sf(576, 3 * level).mean(), rel=1e-8)
    assert told.tail < 1e-15


def test_tail_agrees_with_simulation(report: fc.JumpReport) -> None:
    for name in ("constant", "trend", "step"):
        told = report.result(name).surprise
        assert isinstance(told, Surprise)
        share = float((told.ratio.draws >= report.comparison.ratio - 1e-12).mean())
        assert told.tail == pytest.approx(share, abs=4 * told.at_least.error + 0.01)


def test_prequential_part_ignores_the_later_window(evidence: fc.Evidence) -> None:
    """Only what is known of the earlier months enters: their ranges must not shrink by orderings with later months."""
    past = evidence.until("2023-08").ranges()
    assert past.loc["2023-06", "lower"] == past.loc["2023-06", "upper"] == 54
    assert past.loc["2023-07", "upper"] == 251 - 55
    assert pd.isna(past.loc["2023-04", "upper"])


def test_a_later_fact_changes_nothing_bit_for_bit(evidence: fc.Evidence, tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "datasets"
    for file in shipped.glob("*.csv"):
        shutil.copy(file, tmp_path)
    with (tmp_path / "facts.csv").open(encoding="utf-8") as handle:
        columns = handle.readline().strip().split(",")
    july = dict.fromkeys(columns, "") | {
        "fact_id": "LATER",
        "series": evidence.name,
        "kind": "count",
        "start": "2023-07",
        "end": "2023-07",
        "value": "170",
        "unit": "requests",
        "source_id": fc.load_ledger().facts["source_id"].iloc[0],
        "published": "2023-12-06",
        "use": "data",
    }
    with (tmp_path / "facts.csv").open("a", encoding="utf-8") as handle:
        handle.write(",".join(july[column] for column in columns) + "\n")
    planted = fc.load_ledger(tmp_path)

    def told(ledger: fc.Ledger, day: str) -> str:
        known = ledger.as_of(day).evidence(evidence.name, start="2023-06")  # a third of the work
        report = fc.jump(known, before=SUMMER, after=AUTUMN, draws=200, rng=np.random.default_rng(1))
        return json.dumps(report.to_dict())

    assert told(planted, "2023-12-05") == told(fc.load_ledger(), "2023-12-05")
    assert told(planted, "2023-12-06") != told(fc.load_ledger(), "2023-12-06")


def test_reweighting_to_other_priors_agrees_with_drawing_anew(report: fc.JumpReport, evidence: fc.Evidence) -> None:
    model = fc.CountRegression(fc.Intercept() + fc.Trend() + fc.Step("2023-09"))
    posterior = report.result("trend + step").posterior
    rng = np.random.default_rng(5)
    for factor in (0.5, 2.0):
        priors = fc.Priors().scaled(factor)
        cheap = under_priors(posterior, model, priors, rng)
        fresh = fc.CountRegression(model.terms, priors=priors).posterior(evidence, draws=8000, rng=rng)
        assert cheap.log_evidence == pytest.approx(fresh.log_evidence, abs=0.12)
        k = fresh.names.index("step[2023-09]")
        step = StepEffect.of(cheap.posterior.draws[:, k], 0.8, cheap.weights)
        expected = np.quantile(fresh.draws[:, k], [0.1, 0.5, 0.9])
        np.testing.assert_allclose(np.log([step.lower, step.median, step.upper]), expected, atol=0.12)


def test_search_is_larger_for_more_pairs_and_larger_spread(report: fc.JumpReport) -> None:
    search = report.table()["search"]
    assert search["constant Poisson"] < search["constant"] < search["trend"]
    assert search[["step", "trend + step"]].isna().all()


def test_json_is_plain_and_complete(report: fc.JumpReport) -> None:
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert [row["baseline"] for row in told["baselines"]] == list(report.table().index)
    assert told["after"]["total"] == {"low": 577, "high": 577}
    assert len(told["known"]) == 8
    assert told["known"][0]["month"] == "2023-04"


def test_words_name_the_numbers_and_avoid_causes(report: fc.JumpReport) -> None:
    words = report.in_words()
    for part in ("577", "305", "1.89", "3.6e-20", "September to November 2023"):
        assert part in words
    assert not any(cause in words.lower() for cause in ("because of", "caused", "effect of", "due to", "led to"))


def test_tables_read_in_notebooks(report: fc.JumpReport) -> None:
    assert "<table" in report._repr_html_()
    assert "trend + step" in repr(report)


def _courts() -> fc.Evidence:
    """The courts know only years: 1,001, then 5,092, then a record 644 in January 2024."""
    ledger, without = fc.load_ledger().as_of("2024-03-04"), ["F060", "F075a", "F076"]
    return ledger.evidence("courts.art337.cases_received", start="2022-01", end="2024-01", without=without)


def test_levels_that_wander_are_among_the_baselines_of_yearly_totals() -> None:
    report = fc.jump(_courts(), before=("2022-01", "2022-12"), after=("2023-01", "2023-12"), draws=200, rng=1)
    assert list(report.left_out) == ["season"]
    wandering = [one for one in report.results if one.kind in ("wandering", "reverting")]
    assert [one.name for one in wandering] == ["wandering", "reverting", "wandering + step", "reverting + step"]
    for one in wandering:
        assert one.posterior.khat < 0.7
        assert 1e-4 < one.probability < 0.5
    assert report.step_probability > 0.8
    assert report.onset.log_bayes_factor > 1.0


def test_yearly_totals_favour_a_step_over_a_steady_trend() -> None:
    months, evidence = pd.period_range("2022-01", "2024-01", freq="M"), _courts()
    assert list(evidence.months) == list(months)
    rng = np.random.default_rng(3)
    trend = fc.CountRegression(fc.Intercept() + fc.Trend()).posterior(evidence, draws=400, rng=rng)
    step = fc.CountRegression(fc.Intercept() + fc.Trend() + fc.Step("2023-01")).posterior(evidence, draws=400, rng=rng)
    assert step.log_evidence - trend.log_evidence > 2.0


def test_too_little_known_of_the_earlier_months_is_said_not_hidden(rng: np.random.Generator) -> None:
    months = pd.period_range("2023-01", periods=4, freq="M")
    series = fc.CountSeries.from_pandas(pd.Series([5, 9, 11, 10], index=months))
    report = fc.jump(series, before=("2023-01", "2023-01"), after=("2023-02", "2023-04"), draws=200, rng=rng)
    told = report.result("trend").surprise
    assert isinstance(told, Unforecastable)
    assert "more facts or more months" in told.reason
    assert np.isnan(report.table().loc["trend", "tail"])
    assert "Too little is known" in report.in_words()


def test_two_single_months_are_compared(rng: np.random.Generator) -> None:
    months = pd.period_range("2021-01", periods=24, freq="M")
    series = fc.CountSeries.from_pandas(pd.Series([*rng.poisson(20, 23), 60], index=months))
    report = fc.jump(series, before=("2022-11", "2022-11"), after=("2022-12", "2022-12"), draws=200, rng=rng)
    assert 0.0 < report.result("season").surprise.tail < 1e-3


def test_a_season_is_offered_where_two_years_are_known(rng: np.random.Generator) -> None:
    months = pd.period_range("2020-01", periods=30, freq="M")
    counts = rng.poisson(40 * np.exp(0.5 * np.cos(2 * np.pi * months.month / 12)))
    series = fc.CountSeries.from_pandas(pd.Series(counts, index=months))
    report = fc.jump(series, before=("2021-01", "2021-12"), after=("2022-01", "2022-06"), draws=300, rng=rng)
    assert report.left_out == {}
    levels = ["season", "trend + season", "wandering + season", "reverting + season"]
    names = [*levels, *(f"{level} + step" for level in levels)]
    assert report.table().index.tolist() == ["constant Poisson", *names]
    assert report.table().loc[names, "probability"].sum() > 0.99
    assert "yearly wave" in report.in_words()


def test_surprise_with_an_uncertain_base_uses_its_posterior(evidence: fc.Evidence, rng: np.random.Generator) -> None:
    pair = Windows.of(evidence, ("2023-04", "2023-07"), AUTUMN)
    assert not pair.exact
    before = fc.CountRegression(fc.Intercept()).posterior(evidence.until("2023-08"), draws=500, rng=rng)
    told = surprise(before, pair, rng=rng)
    assert 0.0 < told.tail < 1.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rng": None}, "rng is required"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"horizon": 0}, "horizon"),
        ({"draws": 5}, "100"),
    ],
)
def test_bad_requests(evidence: fc.Evidence, change: dict[str, object], says: str) -> None:
    arguments: dict[str, object] = {"before": SUMMER, "after": AUTUMN, "draws": 200, "rng": np.random.default_rng(1)}
    with pytest.raises(InvalidInput, match=says):
        fc.jump(evidence, **(arguments | change))  # type: ignore[arg-type]


def _series(counts: np.ndarray) -> fc.CountSeries:
    months = pd.period_range("2020-01", periods=len(counts), freq="M")
    return fc.CountSeries(months, [int(count) for count in counts])


def test_words_claim_no_more_than_the_baselines_say(rng: np.random.Generator) -> None:
    """Months that *are* Poisson around one level must not be told apart from that, nor a fall be called a rise."""
    level = _series(rng.poisson(100.0, 24))
    report = fc.jump(level, before=("2021-01", "2021-06"), after=("2021-07", "2021-12"), draws=300, rng=rng)
    assert report.result("constant Poisson").probability > 0.3
    assert "not like independent Poisson" not in report.in_words()
    assert "right only if months are independent Poisson counts" in report.in_words()
    fallen = _series(np.concatenate([rng.poisson(60.0, 12), rng.poisson(30.0, 6)]))
    report = fc.jump(fallen, before=("2020-07", "2020-12"), after=("2021-01", "2021-06"), draws=300, rng=rng)
    assert report.comparison.ratio < 1.0
    assert "a rise" not in report.in_words()


def test_the_wide_interval_is_said_to_be_of_the_level_and_not_of_the_windows(rng: np.random.Generator) -> None:
    """Two years at 100, a dip to 30, then 57: twice the dip, and half of the level before."""
    counts = np.concatenate([rng.poisson(100.0, 24), rng.poisson(30.0, 3), rng.poisson(57.0, 3)])
    report = fc.jump(_series(counts), before=("2022-01", "2022-03"), after=("2022-04", "2022-06"), draws=300, rng=rng)
    row = report.observed.loc["month"]
    assert not report.only_windows
    assert row["negative_binomial_upper"] < row["ratio"]
    assert 1.0 < row["window_lower"] < row["ratio"] < row["window_upper"]
    assert "as high in April to June 2022 as in January to March 2022" in report.in_words()
    assert "the level from April 2022 on was" in report.in_words()
    assert "times that of all months before it" in report.in_words()


def _by_hand(stretches: list[list[int]], tails: list[float]) -> np.ndarray:
    """Return quantiles of the ratio of the third level to the second, by sums over a grid of three levels and alpha.

    Given alpha the levels are tied by the steps between them alone, so the sums are taken one level at a time.
    """
    logs, priors = np.linspace(1.5, 6.5, 401), fc.Priors()
    centre = np.log(np.mean(np.concatenate(stretches)))
    step = stats.norm.pdf(logs[None, :] - logs[:, None], scale=priors.step)
    total = np.zeros((logs.size, logs.size))
    for kappa in np.linspace(0.01, 1.2, 60):
        size = 1.0 / kappa**2
        first, second, third = (
            np.exp(stats.nbinom.logpmf(np.array(counts)[:, None], size, size / (size + np.exp(logs))).sum(axis=0))
            for counts in stretches
        )
        arrived = (first * stats.norm.pdf(logs, centre, priors.level)) @ step
        weight = stats.norm.pdf(kappa, scale=priors.dispersion)
        total += weight * (arrived * second)[:, None] * step * third[None, :]
    difference = (logs[None, :] - logs[:, None]).ravel()
    order = np.argsort(difference)
    share = np.cumsum(total.ravel()[order]) / total.sum()
    return np.exp(difference[order][np.searchsorted(share, tails)])


def test_the_interval_of_the_windows_agrees_with_sums_by_hand(rng: np.random.Generator) -> None:
    before, early, late = [96, 121, 80, 104, 93, 110, 135, 88], [24, 36, 31], [61, 44, 66]
    counts = np.array([*before, *early, *late])
    windows = ("2020-09", "2020-11"), ("2020-12", "2021-02")
    report = fc.jump(_series(counts), *windows, draws=4000, level=0.9, rng=rng)
    row = report.observed.loc["month"]
    assert row["ratio"] == 171 / 91
    lower, upper = _by_hand([before, early, late], [0.05, 0.95])
    assert [row["window_lower"], row["window_upper"]] == pytest.approx([lower, upper], rel=0.04)
    assert row["negative_binomial_lower"] * row["negative_binomial_upper"] < 1.0 < row["window_lower"]  # 0.6 and 1.9
    # Every stretch has one level a day: what differs is how a month with more days counts.
    assert report.observed.loc["day", "window_lower"] == pytest.approx(lower * 91 / 90, rel=0.05)


def _gappy(counts: list[int | None]) -> fc.CountSeries:
    months = pd.period_range("2020-01", periods=len(counts), freq="M")
    return fc.CountSeries.from_pandas(pd.Series(counts, index=months, dtype=float), allow_missing=True)


def test_where_only_the_windows_are_known_both_intervals_are_one(rng: np.random.Generator) -> None:
    report = fc.jump(
        _gappy([30, 25, None, None, 57, 61]),
        before=("2020-01", "2020-02"),
        after=("2020-05", "2020-06"),
        draws=200,
        rng=rng,
    )
    assert report.only_windows
    ends = report.observed
    for end in ("lower", "upper"):
        np.testing.assert_allclose(ends[f"window_{end}"], ends[f"negative_binomial_{end}"], rtol=1e-12)
    assert "the only months known" in report.in_words()
    assert "all months before it" not in report.in_words()


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([9, 9, 3, 3, 5, 5], ["2020-03", "2020-05"]),
        ([None, None, 3, 3, 5, 5], ["2020-05"]),
        ([9, None, 3, 3, 5, 5, None], ["2020-03", "2020-05"]),
        ([None, None, 3, 3, 5, 5, 7], ["2020-05", "2020-07"]),
    ],
)
def test_every_stretch_of_which_something_is_known_has_a_level(counts: list[int | None], expected: list[str]) -> None:
    series = _gappy(counts)
    changes = level_changes(series, Windows.of(series, ("2020-03", "2020-04"), ("2020-05", "2020-06")))
    assert [str(month) for month in changes] == expected


def test_months_between_the_windows_have_a_level_of_their_own() -> None:
    series = _gappy([3, 3, 8, 5, 5])
    changes = level_changes(series, Windows.of(series, ("2020-01", "2020-02"), ("2020-04", "2020-05")))
    assert [str(month) for month in changes] == ["2020-03", "2020-04"]


def test_what_no_draw_showed_has_the_bound_three_in_as_many(rng: np.random.Generator) -> None:
    """A fivefold rise to 50,000 is out of reach of every simulation under one level, and too large to be summed."""
    counts = np.concatenate([rng.poisson(5e3, 6), rng.poisson(25e3, 2)])
    report = fc.jump(_series(counts), before=("2020-05", "2020-06"), after=("2020-07", "2020-08"), draws=300, rng=rng)
    told = report.result("constant").surprise
    assert isinstance(told, Surprise)
    assert not told.resolved
    assert tail(told) == "less than 1%"
    assert primary(told) == "less than 2%"
    assert bits(told) == "> 6.6"  # two to this power is 100
    row = report.to_dict()["baselines"][1]
    wanted = {"tail": 0.01, "tail_error": None, "tail_is_upper_limit": True, "tail_reached": 0, "tail_simulated": 3000}
    wanted |= {"search": 0.0, "search_reached": 0, "search_simulated": 300, "search_upper_limit": 0.01}
    assert {key: row[key] for key in wanted} == wanted
    assert "(none of 300 draws)" in share(0.0, report.draws, counted=True)
    assert "300 draws" in limits(report)


@pytest.mark.parametrize("draws", [100, 150, 299, 300, 301, 1000, 4000, 7999, 10**7])
def test_a_bound_is_rounded_up(draws: int) -> None:
    said = share(0.0, draws)
    exact = 1.0 - 0.05 ** (1.0 / draws)  # the chance under which none of so many is seen in one case of twenty
    assert exact <= unseen_bound(draws) <= 1.02 * exact
    if draws > 10**6:
        assert said == "less than one in a million"
    else:
        assert unseen_bound(draws) <= float(said.removeprefix("less than ").removesuffix("%")) / 100 + 1e-12


def test_json_rows_of_the_outlook_name_their_month_once(report: fc.JumpReport) -> None:
    rows = report.to_dict()["outlook"]
    assert "month" not in rows[0]
    assert [row["ds"] for row in rows[:3]] == ["2023-12-01", "2024-01-01", "2024-02-01"]
