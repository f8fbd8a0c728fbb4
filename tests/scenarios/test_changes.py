"""Several changes of level: against every way to cut a short series, quadrature, simulated changes, and none."""

from __future__ import annotations

import itertools
import json
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import digamma, logsumexp, polygamma
from scipy.stats import nbinom, poisson

import forecasting as fc
from forecasting.kernels.segments import draw_starts, log_prefixes, log_renewals, log_suffixes
from forecasting.scenarios.change_points import _Cuts, log_prior
from forecasting.scenarios.segment_levels import Segments, Shapes
from tests.cli.commands import run, run_json

ALPHA = np.array([0.0, 1e-6, 0.003, 0.2, 3.0])


def _series(counts: np.ndarray | list[int], start: str = "2015-01") -> fc.CountSeries:
    return fc.CountSeries(pd.period_range(start, periods=len(counts), freq="M"), [int(count) for count in counts])


def _log_evidence(counts: np.ndarray, shapes: Shapes, k: int) -> float:
    """Return the log evidence of months of one level by quadrature over its log, the Poisson prior from its limit."""
    u = np.linspace(-25.0, 25.0, 20001)
    level, alpha = np.exp(u), max(shapes.alpha[k], 1e-9)
    b = shapes.rate[k] / alpha
    log_prior_ = shapes.a[k] * (u + np.log(alpha)) - (shapes.a[k] + b) * np.log1p(alpha * level)
    law = (
        poisson.logpmf(counts[:, None], level)
        if shapes.alpha[k] == 0.0
        else nbinom.logpmf(counts[:, None], 1.0 / alpha, 1.0 / (1.0 + alpha * level))
    )
    return float(logsumexp(log_prior_ + law.sum(axis=0)) - logsumexp(log_prior_))


@pytest.mark.parametrize("k", range(ALPHA.size))
def test_the_evidence_of_a_segment_is_the_integral_over_its_level(k: int) -> None:
    counts, known = np.array([3, 0, 7, 0, 41, 2]), np.array([True, True, True, False, True, True])
    shapes = Shapes.matched(1.3, 0.7, ALPHA)
    found = Segments(counts, known, 1).log_evidence(shapes)[k]
    for start, end in itertools.combinations(range(7), 2):
        inside = counts[start:end][known[start:end]]
        expected = _log_evidence(inside, shapes, k) if inside.size else 0.0
        assert found[end, start] == pytest.approx(expected, rel=1e-9, abs=2e-6 if ALPHA[k] < 1e-5 else 1e-9)
    assert found[3, 4] == -np.inf


@pytest.mark.parametrize("size", [1, 50, 10**4, 10**7])
def test_evidences_of_large_counts_are_those_of_the_gamma_poisson_in_the_limit(size: int) -> None:
    """Written with differences of log-gammas of the size of counts over alpha, no digit would be left."""
    counts = size * np.array([9, 11, 10, 8])
    segments = Segments(counts, np.ones(4, dtype=bool), 1)
    shapes = Shapes.matched(np.log(10.0 * size), 0.7, np.array([0.0, 1e-9 / size, 1e-7 / size]))
    plain, near, further = segments.log_evidence(shapes)[:, np.tri(5, 5, -1, dtype=bool)]
    np.testing.assert_allclose(near, plain, atol=3e-6)
    np.testing.assert_allclose(further - plain, 100.0 * (near - plain), atol=5e-4)


def test_the_prior_of_the_log_level_is_the_same_at_every_dispersion() -> None:
    for centre, deviation in ((-2.0, 0.07), (1.0, 0.7), (13.0, 3.0)):
        shapes = Shapes.matched(centre, deviation, ALPHA)
        b = shapes.rate[1:] / ALPHA[1:]
        np.testing.assert_allclose(digamma(shapes.a[1:]) - digamma(b) - np.log(ALPHA[1:]), centre, atol=1e-10)
        np.testing.assert_allclose(polygamma(1, shapes.a[1:]) + polygamma(1, b), deviation**2, rtol=1e-10)
        np.testing.assert_allclose(digamma(shapes.a[0]) - np.log(shapes.rate[0]), centre, atol=1e-10)
        np.testing.assert_allclose(polygamma(1, shapes.a[0]), deviation**2, rtol=1e-10)


@pytest.mark.parametrize(("months", "shortest", "most"), [(8, 1, 10), (8, 2, 10), (7, 3, 10), (6, 1, 2), (2, 1, 10)])
@pytest.mark.parametrize("dispersed", [False, True])
def test_probabilities_are_those_of_all_ways_to_cut(months: int, shortest: int, most: int, dispersed: bool) -> None:
    counts = np.array([4, 2, 0, 9, 12, 3, 2, 30])[:months]
    known = np.arange(months) != (2 if months > 2 else -1)
    segments = Segments(np.where(known, counts, 0), known, shortest)
    limit = min(most, months // shortest - 1)
    cuts = _Cuts.of(segments, limit, shortest, fc.Priors(), dispersed=dispersed)
    log_weights = cuts.joint[:, 0] - cuts.prefixes[:, 0, -1] + np.log(2.0)
    height = np.full((limit + 1, limit, months - 1), -np.inf)
    total = np.full(limit + 1, -np.inf)
    for number in range(limit + 1):
        ways = [
            cut
            for cut in itertools.combinations(range(1, months), number)
            if all(b - a >= shortest for a, b in itertools.pairwise((0, *cut, months)))
        ]
        assert len(ways) == comb(months - (number + 1) * (shortest - 1) - 1, number)
        prior = 0.5 if number == 0 else 0.5 * 0.5**number / (1.0 - 0.5**limit)
        for cut in ways:
            runs = itertools.pairwise((0, *cut, months))
            own = sum(cuts.logs[:, end, start] for start, end in runs) + log_weights + np.log(prior / len(ways))
            one = logsumexp(own)
            total[number] = np.logaddexp(total[number], one)
            for k, place in enumerate(cut):
                height[number, k, place - 1] = np.logaddexp(height[number, k, place - 1], one)
    np.testing.assert_allclose(cuts.number, np.exp(total - logsumexp(total)), atol=1e-10)
    assert cuts.log_bayes_factor == pytest.approx(logsumexp(total[1:]) - total[0], abs=1e-10)
    expected = np.exp(height[1:] - total[1:, None, None])
    np.testing.assert_allclose(cuts.places(), expected, atol=1e-10)


def test_the_grid_of_dispersions_is_the_integral(rng: np.random.Generator) -> None:
    """Against fifty times as many points, from almost Poisson months to bursts."""
    for size, mean in ((1e6, 4.0), (20.0, 1e4), (0.5, 30.0)):
        level = mean * np.repeat([1.0, 2.0, 0.7], 12)
        counts = rng.negative_binomial(size, size / (size + level))
        segments, priors = Segments(counts, np.ones(36, dtype=bool), 1), fc.Priors()
        cuts = _Cuts.of(segments, 3, 1, priors, dispersed=True)
        kappa = np.concatenate([[0.0], np.geomspace(1e-4, 2.5, 800)])
        density = np.exp(-0.5 * np.square(kappa / priors.dispersion)) * np.sqrt(2.0 / np.pi) / priors.dispersion
        centre = float(np.log((counts.sum() + 0.5) / counts.size))
        shapes = Shapes.matched(centre, priors.step / np.sqrt(2.0), np.square(kappa))
        whole = logsumexp(log_prefixes(segments.log_evidence(shapes), 3)[:, :, -1] + log_prior(3, 36, 1), axis=1)
        expected = np.log(np.trapezoid(density * np.exp(whole - whole.max()), kappa)) + whole.max()
        assert logsumexp(cuts.joint) == pytest.approx(expected, abs=2e-3)


def test_draws_of_the_months_are_those_of_the_probabilities(rng: np.random.Generator) -> None:
    counts = np.array([5, 3, 9, 14, 12, 6, 2, 3, 8])
    segments = Segments(counts, np.ones(9, dtype=bool), 1)
    cuts = _Cuts.of(segments, 4, 1, fc.Priors(), dispersed=True)
    begins, level = cuts.draw(40_000, rng)
    expected = np.einsum("n,nki->i", cuts.number[1:], cuts.places())
    np.testing.assert_allclose(begins[:, 1:].mean(axis=0), expected, atol=4.0 * np.sqrt(0.25 / 40_000))
    np.testing.assert_allclose(np.bincount(begins.sum(axis=1) - 1, minlength=5) / 40_000, cuts.number, atol=5e-4)
    assert ((np.diff(level, axis=1) != 0.0) == begins[:, 1:]).all()
    fixed = draw_starts(cuts.logs, cuts.prefixes, np.zeros(9, dtype=int), np.arange(9) % 5, rng)
    assert (fixed.sum(axis=1) == np.arange(9) % 5 + 1).all()


def test_drawn_levels_have_the_mean_of_their_posterior(rng: np.random.Generator) -> None:
    """Under Poisson, (a + S) / (rate + n) for each way to cut; under one segment alone, checked by its moments."""
    counts, known = np.array([5, 3, 9, 4]), np.array([True, True, False, True])
    segments = Segments(np.where(known, counts, 0), known, 1)
    for alpha in (0.0, 0.3):
        shapes = Shapes.matched(1.5, 0.7, np.array([alpha]))
        begins = np.zeros((40_000, 4), dtype=bool)
        begins[:, 0] = True
        level = segments.draw(shapes, np.zeros(40_000, dtype=int), begins, rng)
        a, b = shapes.a[0] + 12.0, shapes.rate[0] + 3.0
        mean = a / b if alpha == 0.0 else a / (b - alpha)
        assert level.mean() == pytest.approx(mean, abs=4.0 * level[:, 0].std() / 200.0)
        assert (level == level[:, :1]).all()


def test_prefixes_and_suffixes_meet(rng: np.random.Generator) -> None:
    logs = np.where(np.tri(7, 7, -1, dtype=bool), rng.normal(size=(2, 7, 7)), -np.inf)
    prefixes, suffixes = log_prefixes(logs, 5), log_suffixes(logs, 5)
    np.testing.assert_allclose(prefixes[:, :, -1], suffixes[:, :, 0])
    odds = -1.7 * np.arange(6)
    np.testing.assert_allclose(log_renewals(logs, -1.7), logsumexp(prefixes[:, :, -1] + odds, axis=1))


def test_changes_of_a_simulated_series_are_found() -> None:
    level = np.repeat([30.0, 52.0, 18.0], [30, 24, 30])
    report = fc.changes(_series(np.random.default_rng(5).poisson(level)), rng=1)
    months = report.data.months
    assert len(report.steps) == int(report.number.idxmax()) == 2
    first, second = report.interval(0.9)
    assert months[30] in first
    assert months[54] in second
    for step, factor in zip(report.steps.to_dict("records"), (52 / 30, 18 / 52), strict=True):
        assert step["lower"] < factor < step["upper"]
    table = report.level()
    assert list(table.index) == list(months)
    inside = (table["lo-90"] < level) & (level < table["hi-90"])
    assert inside.mean() > 0.8
    assert report.change_probability > 0.999
    assert [len(sets) for sets in (report.interval(number=0), report.interval(number=3))] == [0, 3]


def test_sets_of_the_number_and_the_months_cover() -> None:
    """Number, months and levels drawn from the prior: 90% sets hold the month in 90%, or more as months are whole."""
    hits = []
    for seed in range(120):
        rng = np.random.default_rng((7, seed))
        number = int(rng.integers(1, 3))
        places = np.sort(rng.choice(np.arange(1, 24), number, replace=False))
        ends = np.diff([0, *places, 24])
        level = np.repeat(30.0 * np.exp(rng.normal(0.0, np.sqrt(0.5), number + 1)), ends)
        report = fc.changes(_series(rng.poisson(level)), distribution=fc.Poisson(), draws=100, rng=1)
        sets = report.interval(0.9, number)
        hits += [report.data.months[place] in one for place, one in zip(places, sets, strict=True)]
    assert np.mean(hits) > 0.9 - 4.0 * np.sqrt(0.09 / len(hits))


@pytest.mark.parametrize("size", [5.0, 1e9])
def test_without_a_change_a_bayes_factor_above_ten_is_rare(size: float) -> None:
    """At most one in ten, as Markov's inequality has it; most series speak against a change."""
    found = []
    for seed in range(24):
        counts = np.random.default_rng((8, seed)).negative_binomial(size, size / (size + 20.0), 24)
        report = fc.changes(_series(counts), draws=100, rng=1)
        found.append(report.log_bayes_factor)
    assert (np.array(found) > np.log(10.0)).mean() <= 0.1
    assert np.median(found) < np.log(0.6)


def test_two_regimes_of_rare_events_are_told_apart() -> None:
    """With the published rates of the disasters in coal mines, 3.1 a year until 1890 and 0.9 after: the published months.

    Carlin, Gelfand and Smith (1992) have a standard deviation of the year of two to three.
    """
    rng = np.random.default_rng(6)
    counts = np.concatenate([rng.poisson(3.1, 40), rng.poisson(0.9, 72)])
    for distribution in (fc.Poisson(), fc.NegativeBinomial()):
        report = fc.changes(_series(counts, "1851-01"), distribution=distribution, rng=1)
        assert report.number.idxmax() == 1
        (months,) = report.interval(0.95)
        assert report.data.months[40] in months
        assert len(months) <= 12
        (step,) = report.steps.to_dict("records")
        assert step["lower"] < 0.9 / 3.1 < step["upper"]
        assert report.log_bayes_factor > np.log(1000.0)


@pytest.mark.filterwarnings("ignore:.*raise most")
def test_it_agrees_with_the_onset_of_one_step() -> None:
    """Where one step is clear, the month is that of `onset`, whose level and shapes are others."""
    counts = np.random.default_rng(11).poisson(np.where(np.arange(36) < 20, 20.0, 45.0))
    series = _series(counts)
    one = fc.onset(series, trend=False, wandering=False, rng=1)
    several = fc.changes(series, most=1, rng=1)
    assert several.interval(0.5)[0][0] in one.interval(0.9)
    assert several.steps["factor"].iloc[0] == pytest.approx(one.effect.median, rel=0.05)


def test_months_that_are_not_known_change_nothing(rng: np.random.Generator) -> None:
    counts = rng.poisson(np.repeat([10.0, 25.0], 9)).astype(float)
    months = pd.period_range("2020-01", periods=24, freq="M")
    padded = pd.Series(np.concatenate([[np.nan] * 3, counts, [np.nan] * 3]), index=months)
    wide = fc.changes(fc.CountSeries.from_pandas(padded, allow_missing=True), rng=1)
    narrow = fc.changes(_series(counts, "2020-04"), rng=1)
    pd.testing.assert_frame_equal(wide.table, narrow.table)
    inside = fc.CountSeries.from_pandas(padded.where(np.arange(24) != 6), allow_missing=True)
    gap = fc.changes(inside, rng=1)
    assert gap.level().index.equals(narrow.level().index)
    assert narrow.log_bayes_factor - 3.0 < gap.log_bayes_factor < narrow.log_bayes_factor
    assert gap.interval(0.9)[0][0] == months[12]


def test_an_outlying_month_is_no_level_where_levels_last() -> None:
    counts = [9, 11, 10, 8, 12, 9, 10, 60, 11, 9, 10, 12, 8, 9]
    alone = fc.changes(_series(counts), distribution=fc.Poisson(), rng=1)
    lasting = fc.changes(_series(counts), distribution=fc.Poisson(), shortest=3, rng=1)
    assert [len(months) for months in alone.interval(0.9)] == [1, 1]
    assert not lasting.table["probability"].to_numpy()[[0, 1, -1, -2]].any()


def test_more_changes_than_allowed_are_told() -> None:
    counts = np.tile([5] * 6 + [50] * 6, 3)
    with pytest.warns(fc.ForecastingWarning, match=r"most=2 changes have a probability of 98%.*raise most"):
        fc.changes(_series(counts), most=2, rng=1)


def test_many_changes_and_few_draws_have_an_answer() -> None:
    """The ways to place sixty changes are more than a double can count, and no number of them has many draws."""
    rng = np.random.default_rng(2)
    counts = rng.poisson(50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.3, 130))))
    report = fc.changes(_series(counts), most=100, distribution=fc.Poisson(), draws=100, rng=1)
    assert len(report.steps) == report.number.idxmax() > 20
    assert report.number.sum() == pytest.approx(1.0)
    assert np.isfinite(report.steps.drop(columns="month").to_numpy(float)).all()


def test_words_json_and_table() -> None:
    report = fc.changes(_series(np.random.default_rng(5).poisson(np.repeat([30.0, 90.0], 12))), rng=1)
    said = report.in_words()
    assert said.startswith("The counts speak for a change of level. They are ")
    assert "The change most probably began in January 2016" in said
    assert f"a month, a factor of {report.steps['factor'].iloc[0]:.2f} (95% interval " in said
    found = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert found["steps"][0]["month"] == "2016-01"
    assert found["sets_90%"] == [["2016-01"]]
    assert sum(found["number"].values()) == pytest.approx(1.0)
    assert sum(row["probability"] for row in found["months"]) == pytest.approx(
        sum(int(n) * share for n, share in found["number"].items())
    )
    assert said in report._repr_html_().replace("&#x27;", "'")
    assert "90% in 2016-01" in repr(report)
    drift = "A level that rises or falls steadily, wanders or has a season is told as changes"
    assert drift in said
    none = fc.changes(_series([9] * 24), rng=1).in_words()
    assert "speak against" in none
    assert drift not in none


def test_what_is_not_a_complete_month_is_for_the_onset() -> None:
    evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    with pytest.raises(
        fc.InvalidInput, match=r"only a total, an order or a range is known; .* Use onset, which dates one"
    ):
        fc.changes(evidence, rng=1)
    with pytest.raises(fc.InvalidInput, match=r"the counts of 1 month are known; changes of level need at least two"):
        fc.changes(_series([3]), rng=1)
    with pytest.raises(fc.InvalidInput, match=r"two levels of at least shortest=4 months do not fit into the 6 months"):
        fc.changes(_series([3] * 6), shortest=4, rng=1)
    with pytest.raises(fc.InvalidInput, match=r"ZeroInflated.*use NegativeBinomial\(\) or Poisson\(\)"):
        fc.changes(_series([3] * 6), distribution=fc.ZeroInflated(), rng=1)
    with pytest.raises(fc.TooLarge, match=r"1,201 months; changes takes at most 1,200"):
        fc.changes(_series([3] * 1201, "1900-01"), rng=1)
    with pytest.raises(fc.InvalidInput, match=r"number=9 must be a whole number from 0 to 5"):
        fc.changes(_series([3] * 6), rng=1).interval(number=9)


def test_nothing_but_zeros_and_two_months_have_an_answer() -> None:
    for counts in ([0] * 12, [0, 7], [10**9, 3 * 10**8, 10**9]):
        report = fc.changes(_series(counts), rng=1)
        assert np.isfinite(report.log_bayes_factor)
        assert np.isfinite(report.level().to_numpy()).all()


def test_the_command_line_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "counts.csv"
    series = _series(np.random.default_rng(5).poisson(np.repeat([30.0, 90.0], 12)))
    pd.DataFrame({"ds": series.months.astype(str), "y": series.values}).to_csv(file, index=False)
    report = fc.changes(series, most=3, shortest=2, distribution=fc.Poisson(), draws=100, rng=4)
    options = ("--most", 3, "--shortest", 2, "--poisson", "--draws", 100, "--seed", 4)
    found = run_json("changes", "--csv", file, *options)
    assert found["number"] == report.to_dict()["number"]
    assert found["steps"] == report.to_dict()["steps"]
    said = run("changes", "--csv", file, *options).stdout
    assert " ".join(said.split()).startswith(report.in_words())
    refused = run("changes")
    assert refused.exit_code == 2
    assert "Use onset" in refused.stderr
