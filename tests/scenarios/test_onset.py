"""The month of a step: against brute force, under no step, with every kind of fact."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.scenarios.onset_sampling import sample_onsets
from forecasting.terms import Terms
from tests.cli.commands import run, run_json


def _series(counts: np.ndarray | list[int], start: str = "2020-01") -> fc.CountSeries:
    return fc.CountSeries(pd.period_range(start, periods=len(counts), freq="M"), [int(count) for count in counts])


def _stepped(rng: np.random.Generator, months: int, onset: int, factor: float, size: float = 10.0) -> np.ndarray:
    mean = 20.0 * np.where(np.arange(months) >= onset, factor, 1.0)
    return np.asarray(rng.negative_binomial(size, size / (size + mean)))


def _by_grid(y: list[int]) -> tuple[np.ndarray, float]:
    """Return log evidences with a Poisson step at each month but the first, and without one, by sums over a grid."""
    priors, counts = fc.Priors(), np.array(y)
    logs = np.linspace(-4.0, 8.0, 1201)
    width = logs[1] - logs[0]
    centre = np.log((counts.sum() + 0.25) / counts.size)

    def normal(x: np.ndarray, mean: np.ndarray | float, sd: float) -> np.ndarray:
        return np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * np.sqrt(2.0 * np.pi))

    from scipy.special import gammaln

    single = counts[:, None] * logs - np.exp(logs) - gammaln(counts + 1.0)[:, None]
    level = normal(logs, centre, priors.level)
    none = np.log((np.exp(single.sum(axis=0)) * level).sum() * width)
    step = normal(logs[None, :], logs[:, None], priors.step)
    found = []
    for first in range(1, len(y)):
        before, after = (np.exp(part.sum(axis=0)) for part in (single[:first], single[first:]))
        found.append(np.log((before * level) @ step @ after * width**2))
    return np.array(found), float(none)


def test_evidences_are_those_of_a_grid() -> None:
    y = [3, 6, 4, 2, 9, 12, 8, 11]
    data, model = _series(y), fc.CountRegression(fc.Intercept(), fc.Poisson())
    null = model.posterior(data, rng=1)
    found = sample_onsets(model, data, data.months[1:], null.sample.mode.point, 4000, np.random.default_rng(2))
    expected, none = _by_grid(y)
    np.testing.assert_allclose(found.log_evidence, expected, atol=0.05)
    assert null.log_evidence == pytest.approx(none, abs=0.03)
    assert found.khat < 0.5


@pytest.mark.parametrize("trend", [False, True])
def test_the_posterior_is_that_of_a_loop_over_the_months(trend: bool, rng: np.random.Generator) -> None:
    data = _series(_stepped(rng, 14, 8, 1.8))
    report = fc.onset(data, trend=trend, rng=1)
    logs, nulls = [], []
    for kind in (Terms((fc.Intercept(),)), fc.Intercept() + fc.Trend())[: 1 + trend]:
        nulls.append(fc.CountRegression(kind).posterior(data, rng=2).log_evidence)
        steps = [fc.CountRegression(kind + fc.Step(month)) for month in data.months[1:]]
        logs.append([model.posterior(data, draws=1000, rng=3).log_evidence for model in steps])
    evidence = np.exp(np.array(logs) - np.max(logs))
    np.testing.assert_allclose(report.table["probability"], evidence.sum(axis=0) / evidence.sum(), atol=0.02)
    factor = np.log(evidence.mean(axis=1).sum() / np.exp(np.array(nulls) - np.max(logs)).sum())
    assert report.log_bayes_factor == pytest.approx(factor, abs=0.1)
    assert report.khat < 0.7


def test_a_clear_step_is_dated(rng: np.random.Generator) -> None:
    report = fc.onset(_series(_stepped(rng, 48, 30, 2.5, size=50.0)), rng=1)
    month = pd.Period("2020-01", "M") + 30
    assert month in report.interval(0.9)
    assert len(report.interval(0.9)) <= 4
    assert report.log_bayes_factor > np.log(20.0)
    assert report.effect.lower < 2.5 < report.effect.upper
    assert report.direction == "rise"
    assert "The facts speak for a step." in report.in_words()
    assert f"{month:%B %Y}" in report.in_words()


def test_time_reversed_it_is_the_mirror_image(rng: np.random.Generator) -> None:
    counts = _stepped(rng, 20, 11, 2.2)
    rise, fall = fc.onset(_series(counts), rng=1), fc.onset(_series(counts[::-1]), rng=1)
    np.testing.assert_allclose(rise.table["probability"], fall.table["probability"][::-1], atol=0.03)
    assert rise.log_bayes_factor == pytest.approx(fall.log_bayes_factor, abs=0.15)
    assert (rise.direction, fall.direction) == ("rise", "fall")
    assert np.log(rise.effect.median) == pytest.approx(-np.log(fall.effect.median), abs=0.05)


def test_without_a_step_a_bayes_factor_above_ten_is_rare() -> None:
    """Its expectation is 1, so it exceeds 10 in one case of ten at most."""
    found = []
    for seed in range(40):
        rng = np.random.default_rng((4, seed))
        found.append(fc.onset(_series(_stepped(rng, 24, 0, 1.0)), trend=False, draws=400, rng=1).log_bayes_factor)
    assert (np.array(found) > np.log(10.0)).mean() <= 0.1
    assert np.mean(found) < 0.0


def test_sets_cover_the_month() -> None:
    """Steps drawn from the prior at months drawn from theirs: the 90% set covers 90%, up to four standard errors."""
    hits = []
    for seed in range(40):
        rng = np.random.default_rng((5, seed))
        onset = int(rng.integers(1, 20))
        data = _series(_stepped(rng, 20, onset, float(np.exp(rng.normal(0.0, 1.0)))))
        report = fc.onset(data, trend=False, draws=400, rng=1)
        hits.append(data.months[onset] in report.interval(0.9))
    assert np.mean(hits) == pytest.approx(0.9, abs=4.0 * np.sqrt(0.09 / 40) + 0.02)


def test_two_regimes_of_rare_events_are_told_apart() -> None:
    """Simulated like the disasters in coal mines: some three a period, then less than one."""
    rng = np.random.default_rng(6)
    counts = np.concatenate([rng.poisson(3.1, 40), rng.poisson(0.9, 72)])
    report = fc.onset(_series(counts, "1851-01"), rng=1)
    months = report.interval(0.9)
    assert pd.Period("1851-01", "M") + 40 in months
    assert len(months) <= 14
    assert report.direction == "fall"
    assert report.effect.lower < 0.9 / 3.1 < report.effect.upper


def test_facts_date_a_step_too() -> None:
    evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    report = fc.onset(evidence, within=("2023-08", "2023-10"), trend=False, draws=1000, rng=1)
    assert [str(month) for month in report.table["month"]] == ["2023-08", "2023-09", "2023-10"]
    steps = [fc.CountRegression(fc.Intercept() + fc.Step(month)) for month in report.table["month"]]
    logs = np.array([model.posterior(evidence, draws=1000, rng=3).log_evidence for model in steps])
    np.testing.assert_allclose(report.table["probability"], np.exp(logs) / np.exp(logs).sum(), atol=0.06)


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
        ({"within": ("2020-01", "2020-04")}, "leaves the months at which a step can be seen"),
        ({"within": "2020-03"}, "pair of months"),
        ({"draws": 5}, "at least 100"),
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
