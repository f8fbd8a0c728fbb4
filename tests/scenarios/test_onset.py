"""The month of a step: against brute force, under no step, with every kind of fact."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import logsumexp

import forecasting as fc
from forecasting.models.local_level.target import Target
from forecasting.scenarios.onset_sampling import Weigher
from forecasting.scenarios.onset_shapes import SHAPES, courses
from forecasting.scenarios.onsets import _kinds
from forecasting.scenarios.standins import Level, StandIn, evidences
from forecasting.terms import Terms
from tests.cli.commands import run, run_json


def _series(counts: np.ndarray | list[int], start: str = "2020-01") -> fc.CountSeries:
    return fc.CountSeries(pd.period_range(start, periods=len(counts), freq="M"), [int(count) for count in counts])


def _stepped(rng: np.random.Generator, months: int, onset: int, factor: float, size: float = 10.0) -> np.ndarray:
    mean = 20.0 * np.where(np.arange(months) >= onset, factor, 1.0)
    return np.asarray(rng.negative_binomial(size, size / (size + mean)))


def _weigher(data: fc.CountSeries, kind: int) -> tuple[Weigher, pd.PeriodIndex]:
    """Return what weighs steps alone on a constant level, a trend or a level that wanders."""
    target, priors = Target(fc.LocalLevel(), data), fc.Priors()
    months = data.months[1:]
    prior = np.full(len(months), -np.log(len(months)))
    level = _kinds(target, priors, trend=True, wandering=True)[kind]
    return Weigher(target, level, priors.step * courses(data.months, months)[0], prior), months


@pytest.mark.parametrize("kind", range(2))
def test_evidences_are_those_of_a_loop_over_the_months(kind: int, rng: np.random.Generator) -> None:
    data = _series(_stepped(rng, 14, 8, 1.8))
    weigher, months = _weigher(data, kind)
    found = weigher.weigh(4000, np.random.default_rng(1))
    terms = (Terms((fc.Intercept(),)), fc.Intercept() + fc.Trend())[kind]
    steps = [fc.CountRegression(terms + fc.Step(month)) for month in months]
    logs = np.array([model.posterior(data, draws=1000, rng=3).log_evidence for model in steps])
    np.testing.assert_allclose(found.shares, np.exp(logs - logsumexp(logs)), atol=0.02)
    assert found.within == pytest.approx(logsumexp(logs) - np.log(logs.size), abs=0.05)
    assert found.without == pytest.approx(fc.CountRegression(terms).posterior(data, rng=2).log_evidence, abs=0.05)
    assert max(found.khat) < 0.7


def test_on_a_level_that_wanders_evidences_are_those_of_the_model(rng: np.random.Generator) -> None:
    data = _series(_stepped(rng, 14, 8, 2.5))
    weigher, months = _weigher(data, 2)
    found = weigher.weigh(4000, np.random.default_rng(1))
    assert found.without == pytest.approx(fc.LocalLevel().posterior(data, rng=2).log_evidence, abs=0.07)
    best = int(found.shares.argmax())
    own = fc.LocalLevel(terms=fc.Step(months[best])).posterior(data, rng=2).log_evidence
    assert found.within + np.log(found.shares[best] * len(months)) == pytest.approx(own, abs=0.07)


def test_a_change_adds_to_the_evidence_what_a_further_load_does(rng: np.random.Generator) -> None:
    """The score test of one change against the same change as one more column of the level."""
    size = 9
    root = rng.normal(size=(size, size))
    for tied in (False, True):
        precision = root @ root.T if tied else np.diag(rng.uniform(0.5, 3.0, size))
        stand_in = StandIn(np.zeros(1), rng.normal(size=(1, size)), precision[None], np.zeros(1), not tied)
        loads, course = rng.normal(size=(size, 3)), rng.normal(size=(4, size))
        factor, mean, variance = Level(stand_in, 0, loads).changes(course)
        for u, gained, centre, spread in zip(course, factor, mean, variance, strict=True):
            wider = np.column_stack([loads, u])
            expected = evidences(stand_in, wider[None]) - evidences(stand_in, loads[None])
            assert gained == pytest.approx(float(expected[0, 0]), abs=1e-10)
            inverse = np.linalg.inv(np.eye(4) + wider.T @ precision @ wider)
            assert centre == pytest.approx((inverse @ wider.T @ stand_in.linear[0])[-1], abs=1e-10)
            assert spread == pytest.approx(inverse[-1, -1], abs=1e-10)


def test_ties_stand_in_for_the_normal_density_of_a_sum() -> None:
    """A known total of two months: the stand-in has the height and the slope of the surrogate where it is fitted."""
    evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    surrogate, size = Target(fc.LocalLevel(), evidence).surrogate, len(evidence.months)
    shape, at = [np.array([0.05, 0.2])], np.linspace(4.2, 5.2, size)
    stand_in = StandIn.around(surrogate, 4.5, at, np.full(size, 0.1), shape)
    for k in range(2):
        np.testing.assert_allclose(stand_in.log_density((at - 4.5)[None], np.array([k])), stand_in.height[k])
        flat = stand_in.flattened(0.4)
        np.testing.assert_allclose(flat.log_density((at - 4.5)[None], np.array([k])), stand_in.height[k])


def test_changes_begin_in_their_month_and_end_at_one() -> None:
    months = pd.period_range("2020-01", periods=30, freq="M")
    found = courses(months, months[1:10])
    assert found.shape == (len(SHAPES), 9, 30)
    assert sum(shape.prior for shape in SHAPES) == pytest.approx(1.0)
    for k, month in enumerate(range(1, 10)):
        assert (found[:, k, :month] == 0.0).all()
        assert (found[:, k, month] > 0.0).all()
    np.testing.assert_allclose(found[..., -1], 1.0)
    assert (np.diff(found, axis=2) >= -1e-12).all()


def test_a_clear_step_is_dated(rng: np.random.Generator) -> None:
    report = fc.onset(_series(_stepped(rng, 48, 30, 5.0, size=50.0)), rng=1)
    month = pd.Period("2020-01", "M") + 30
    assert month in report.interval(0.9)
    assert len(report.interval(0.9)) <= 6
    assert report.log_bayes_factor > np.log(20.0)
    assert report.effect.lower < 5.0 < report.effect.upper
    assert report.direction == "rise"
    assert "The facts speak for a change of level." in report.in_words()
    assert report.shapes.sum() == pytest.approx(1.0)
    assert report.when() in report.in_words()


def test_time_reversed_it_is_a_fall_of_the_inverse_size(rng: np.random.Generator) -> None:
    """But for the month: a change is dated by its beginning."""
    counts = _stepped(rng, 20, 11, 2.2)
    rise, fall = fc.onset(_series(counts), rng=1), fc.onset(_series(counts[::-1]), rng=1)
    assert rise.log_bayes_factor == pytest.approx(fall.log_bayes_factor, abs=0.15)
    assert (rise.direction, fall.direction) == ("rise", "fall")
    assert np.log(rise.effect.median) == pytest.approx(-np.log(fall.effect.median), abs=0.07)
    assert [str(report.table["month"][report.table["probability"].argmax()]) for report in (rise, fall)] == [
        "2020-12",
        "2020-10",
    ]


def _months(kind: str, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return months around twenty without a change of level."""
    walk = np.cumsum(rng.normal(0.0, 0.1, size)) if kind == "random walk" else 0.0
    wave = 0.5 * np.cos(2.0 * np.pi * np.arange(size) / 12.0) if kind == "season" else 0.0
    line = 0.03 * (np.arange(size) - size / 2.0) if kind == "trend" else 0.0
    mean = 20.0 * np.exp(np.zeros(size) + walk + wave + line)
    return np.asarray(rng.negative_binomial(20.0, 20.0 / (20.0 + mean)))


@pytest.mark.parametrize("kind", ["even", "random walk", "trend", "season"])
def test_without_a_change_a_bayes_factor_above_ten_is_rare(kind: str) -> None:
    """At most one in ten; the validation has more series of more kinds."""
    found = []
    for seed in range(6):
        data = _series(_months(kind, 24, np.random.default_rng((4, seed))))
        found.append(fc.onset(data, draws=400, rng=1).log_bayes_factor)
    assert (np.array(found) > np.log(10.0)).sum() <= 1
    assert np.median(found) < np.log(3.0)


def test_sets_cover_the_month() -> None:
    """Steps drawn from the prior at months drawn from theirs: the 90% set covers 90%, up to four standard errors."""
    hits = []
    for seed in range(20):
        rng = np.random.default_rng((5, seed))
        onset = int(rng.integers(1, 20))
        data = _series(_stepped(rng, 20, onset, float(np.exp(rng.normal(0.0, 1.0)))))
        report = fc.onset(data, trend=False, wandering=False, draws=400, rng=1)
        hits.append(data.months[onset] in report.interval(0.9))
    assert np.mean(hits) == pytest.approx(0.9, abs=4.0 * np.sqrt(0.09 / 20))


def test_two_regimes_of_rare_events_are_told_apart() -> None:
    """Simulated like the disasters in coal mines: some three a period, then less than one."""
    rng = np.random.default_rng(6)
    counts = np.concatenate([rng.poisson(3.1, 40), rng.poisson(0.9, 72)])
    report = fc.onset(_series(counts, "1851-01"), rng=1)
    months = report.interval(0.9)
    assert pd.Period("1851-01", "M") + 40 in months
    assert len(months) <= 24
    assert report.direction == "fall"
    assert report.effect.lower < 0.9 / 3.1 < report.effect.upper


def test_facts_date_a_change_too() -> None:
    evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    report = fc.onset(evidence, within=("2023-08", "2023-10"), trend=False, wandering=False, draws=1500, rng=1)
    assert [str(month) for month in report.table["month"]] == ["2023-08", "2023-09", "2023-10"]
    target, priors = Target(fc.LocalLevel(), evidence), fc.Priors()
    level, months = _kinds(target, priors, trend=False, wandering=False)[0], report.table["month"]
    course = priors.step * courses(evidence.months, pd.PeriodIndex(months))[0]
    found = Weigher(target, level, course, np.full(3, -np.log(3.0))).weigh(1500, np.random.default_rng(1))
    steps = [fc.CountRegression(fc.Intercept() + fc.Step(month)) for month in months]
    logs = np.array([model.posterior(evidence, draws=1000, rng=3).log_evidence for model in steps])
    np.testing.assert_allclose(found.shares, np.exp(logs - logsumexp(logs)), atol=0.06)


def test_months_of_which_nothing_is_known_change_nothing(rng: np.random.Generator) -> None:
    counts = _stepped(rng, 12, 6, 2.0).astype(float)
    months = pd.period_range("2020-01", periods=18, freq="M")
    padded = pd.Series(np.concatenate([[np.nan] * 3, counts, [np.nan] * 3]), index=months)
    wide = fc.CountSeries.from_pandas(padded, allow_missing=True)
    narrow = fc.onset(_series(counts, "2020-04"), trend=False, rng=1)
    same = fc.onset(wide, trend=False, rng=1)
    assert list(same.table["month"]) == list(narrow.table["month"])
    assert same.log_bayes_factor == pytest.approx(narrow.log_bayes_factor, abs=0.05)


@pytest.fixture(scope="module")
def report() -> fc.OnsetReport:
    return fc.onset(_series(_stepped(np.random.default_rng(1), 16, 9, 2.0)), draws=500, rng=1)


def test_the_same_seed_gives_the_same_bits(report: fc.OnsetReport) -> None:
    again = fc.onset(_series(_stepped(np.random.default_rng(1), 16, 9, 2.0)), draws=500, rng=1)
    assert json.dumps(again.to_dict()) == json.dumps(report.to_dict())


def test_a_report_is_copied_and_is_plain_json(report: fc.OnsetReport) -> None:
    again = pickle.loads(pickle.dumps(report))
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert again.to_dict() == report.to_dict()
    assert sum(row["probability"] for row in told["months"]) == pytest.approx(1.0)
    assert set(told["set_50%"]) <= set(told["set_90%"])
    assert "<table" in report._repr_html_()
    assert "log Bayes factor" in repr(report)


def test_the_smallest_set_is_no_larger_than_needed(report: fc.OnsetReport) -> None:
    shares = report.table.set_index("month")["probability"]
    for level in (0.5, 0.9, 0.99):
        inside = report.interval(level)
        assert shares[inside].sum() >= level - 1e-9
        assert shares[inside].sum() - shares[inside].min() < level
        assert inside.is_monotonic_increasing
    with pytest.raises(fc.InvalidInput, match="between 0 and 1"):
        report.interval(1.0)


def test_it_is_drawn_into_axes_that_are_given(report: fc.OnsetReport) -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert report.plot(axes) is axes
    assert len(report.plot().patches) == len(report.table)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"within": ("2020-01", "2020-04")}, "leaves the months in which a change can be seen"),
        ({"within": "2020-03"}, "pair of months"),
        ({"draws": 5}, "whole number from 100"),
        ({"rng": None}, "rng is required"),
    ],
)
def test_bad_requests(change: dict[str, object], says: str) -> None:
    arguments: dict[str, object] = {"data": _series([3, 4, 5, 9, 8, 10]), "rng": 1}
    with pytest.raises(fc.InvalidInput, match=says):
        fc.onset(**(arguments | change))  # type: ignore[arg-type]


def test_other_types_are_told_what_to_pass() -> None:
    with pytest.raises(fc.InvalidInput, match=r"CountSeries\.from_frame"):
        fc.onset(pd.DataFrame({"y": [1, 2]}), rng=1)  # type: ignore[arg-type]


def test_the_command_line_says_the_same() -> None:
    asked = ("onset", "--as-of", "2023-12-05", "--no-trend", "--draws", "200", "--within", "2023-08..2023-10")
    found = run_json(*asked)
    assert [row["month"] for row in found["months"]] == ["2023-08", "2023-09", "2023-10"]
    said = run(*asked)
    assert said.exit_code == 0
    assert "2023-08" in said.stdout
    assert " ".join(said.stdout.split()).startswith(found["in_words"][:60])
