"""Tests of events: their size under the null hypothesis, their power, and the search against one test a month."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2

from forecasting import (
    Autoregression,
    CountRegression,
    CountSeries,
    DecayingPulse,
    Exposure,
    Intercept,
    InvalidInput,
    NegativeBinomial,
    Poisson,
    Pulse,
    Seasonal,
    Step,
    Trend,
    find_interventions,
    intervention_test,
    load_ledger,
)
from forecasting.distributions import ZeroInflated
from forecasting.models.ingarch_likelihood import IngarchLikelihood
from forecasting.scenarios.intervention_search import _refitted, _simulated, _statistics
from tests.models import data

LOG = Autoregression((1,), (1,), distribution=Poisson())
IDENTITY = Autoregression((1,), (2,), "identity")
TREND = CountRegression(Intercept() + Trend(), NegativeBinomial())


def planted(effect: float, seed: int = 4, at: int = 30, lasting: bool = True, size: int = 60) -> CountSeries:
    rng, mean = np.random.default_rng(seed), np.full(size, 12.0)
    mean[at : None if lasting else at + 1] *= np.exp(effect)
    return data.series(rng.poisson(mean))


@pytest.mark.parametrize("link", ["log", "identity"])
@pytest.mark.parametrize("family", [Poisson(), NegativeBinomial()])
def test_the_score_test_keeps_its_size(link: str, family: Any) -> None:
    """Series drawn from the null hypothesis, fitted again, tested for a step in the middle: 5% are rejected."""
    count, size = 1500, 150
    start = Autoregression((1,), (), link, None, family).likelihood(data.simulated(size, alpha=0.1))
    work = np.array([1.0 if link == "log" else 6.0, 0.4, *([0.3] if family.shape_names else [])])
    series = _simulated(start, work, count, np.random.default_rng(6))
    points, failed = _refitted(start, series, work)
    design = np.repeat([0.0, 1.0], size // 2)[:, None]
    statistic = _statistics(series, points, design, start)[~failed, 0]
    assert failed.mean() < 0.01
    rejected, error = np.mean(statistic > 3.841), np.sqrt(0.05 * 0.95 / count)
    assert rejected == pytest.approx(0.05, abs=4.0 * error)


@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
@pytest.mark.parametrize("model", [LOG, IDENTITY, TREND], ids=["log", "identity", "regression"])
def test_the_three_tests_agree(model: Any) -> None:
    y = planted(0.5)
    score, ratio = (intervention_test(model, y, Step("2020-07"), method=m) for m in ("score", "lr"))
    bayes = intervention_test(model, y, Step("2020-07"), method="posterior", draws=1000, rng=np.random.default_rng(1))
    assert score.df == ratio.df == 1
    assert score.p_value < 0.01
    assert ratio.p_value < 0.01
    assert bayes.statistic > 0.5
    assert bayes.p_value == pytest.approx(1.0 / (1.0 + np.exp(bayes.statistic)))
    assert score.statistic == pytest.approx(ratio.statistic, rel=0.5)
    for test in (score, ratio, bayes):
        estimate, lower, upper = test.effects.loc["step[2020-07]", ["estimate", "lower", "upper"]]
        assert lower < estimate < upper
        assert lower > 0
        assert list(test.to_frame()["p_value"]) == [test.p_value]
        assert "Step('2020-07')" in repr(test)


def test_score_of_a_poisson_regression_by_hand() -> None:
    y = [4, 6, 5, 5, 9, 12, 10, 9]
    test = intervention_test(CountRegression(Intercept(), Poisson()), data.series(y), Step("2018-05"))
    assert test.statistic == pytest.approx(
        (40 - 30) ** 2 / (7.5 * 8 / 4)
    )  # difference from expectation, and its variance
    assert test.effects["estimate"].iloc[0] == pytest.approx((40 - 30) / 15)


def test_several_effects_at_once() -> None:
    y = planted(0.6)
    one = intervention_test(LOG, y, Step("2020-07"))
    two = intervention_test(LOG, y, Step("2020-07") + Pulse("2019-02"))
    assert two.df == 2
    assert two.statistic >= one.statistic
    assert list(two.effects.index) == ["step[2020-07]", "pulse[2019-02]"]


def test_an_effect_kept_at_zero_has_half_of_its_distribution_there() -> None:
    fall = intervention_test(IDENTITY, planted(-0.7), Step("2020-07"), method="lr")
    assert fall.statistic < 0.5
    assert fall.p_value == pytest.approx(0.5 * chi2.sf(fall.statistic, 1))
    assert any("only a rise" in message for message in fall.messages)


def test_facts_are_tested_by_their_likelihood() -> None:
    evidence = load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    model = CountRegression(Intercept())
    ratio = intervention_test(model, evidence, Step("2023-09"), method="lr")
    expected = 2 * (CountRegression(Intercept() + Step("2023-09")).fit(evidence).loglik - model.fit(evidence).loglik)
    assert ratio.statistic == pytest.approx(expected)
    with pytest.raises(InvalidInput, match="method='lr'"):
        intervention_test(model, evidence, Step("2023-09"))


# The search

MODELS = [LOG, IDENTITY, TREND, Autoregression((1, 12), (1,), terms=Seasonal() + Exposure("days"), external=True)]


@pytest.mark.parametrize("model", MODELS, ids=["log", "identity", "regression", "external"])
@pytest.mark.parametrize("gaps", [(), (12, 40)])
def test_the_search_is_one_score_test_a_month(model: Any, gaps: tuple[int, ...]) -> None:
    y = data.series(data.simulated(60).values, missing=gaps)
    search = find_interventions(model, y, (0.0, 0.8, 1.0), replicates=19, rng=np.random.default_rng(1))
    for t in (12, 55):
        for kind in (0.0, 0.8, 1.0):
            found = search.statistics.loc[y.months[t], kind]
            if np.isnan(found):
                assert t in gaps
                assert kind == 0.0
            else:
                test = intervention_test(model, y, DecayingPulse(y.months[t], kind))
                assert found == pytest.approx(test.statistic, rel=1e-5, abs=1e-7)
    if not getattr(model, "external", False):  # a step from the first month on is the intercept
        assert np.isnan(search.statistics.loc[y.months[0], 1.0])


def test_replicates_are_fitted_as_they_would_be_alone() -> None:
    """The joint refits and statistics of the bootstrap, one series at a time through the public verbs."""
    model, y = Autoregression((1,), (2,)), data.simulated(60)
    likelihood, null = model.likelihood(y), model.fit(y)
    series = _simulated(likelihood, null.work, 12, np.random.default_rng(3))
    points, failed = _refitted(likelihood, series, null.work)
    design = Step(y.months[20]).rows(y.months, y.months)[:, None]
    statistics = _statistics(series, points, design, likelihood)[:, 0]
    assert not failed.any()
    agreeing = 0
    for k in range(12):
        alone = CountSeries(y.months, series.counts[:, k])
        fit = model.fit(alone)
        reached = float(model.likelihood(alone).log_likelihood(points[k : k + 1])[0])
        assert reached <= fit.loglik + 1e-6
        if reached > fit.loglik - 1e-6:
            agreeing += 1
            assert statistics[k] == pytest.approx(
                intervention_test(model, alone, Step(y.months[20])).statistic, rel=1e-3, abs=1e-5
            )
    assert agreeing >= 9  # the others have a higher maximum elsewhere, which the joint climb does not look for


def test_simulated_series_follow_the_model() -> None:
    y, work = data.simulated(60), np.array([2.0, 0.4, 0.3, 0.0])
    likelihood: IngarchLikelihood = Autoregression((1,), (1,), "identity").likelihood(y)
    counts = _simulated(likelihood, work, 4000, np.random.default_rng(2)).counts
    stationary = 2.0 / 0.3
    assert counts[30:].mean() == pytest.approx(stationary, rel=0.03)
    variance = stationary * (1 - 0.7**2 + 0.4**2) / (1 - 0.7**2)  # Ferland, Latour, Oraichi (2006), eq. 7
    assert counts[30:].var() == pytest.approx(variance, rel=0.05)


@pytest.mark.parametrize(("lasting", "kind"), [(True, 1.0), (False, 0.0)])
def test_a_planted_change_is_found(lasting: bool, kind: float) -> None:
    y = planted(1.0, lasting=lasting)
    model = TREND if lasting else Autoregression((1,), (), distribution=Poisson())
    search = find_interventions(model, y, replicates=199, rng=np.random.default_rng(1))
    assert search.kind == kind
    assert abs((search.month - y.months[30]).n) <= 1
    assert search.p_value <= 0.02
    assert search.term == DecayingPulse(search.month, kind)
    assert search.to_frame(3)["statistic"].iloc[0] == search.statistic
    assert search.p_values.loc[search.month, search.kind] == search.p_value
    assert f"from {search.month}" in repr(search)


def test_p_values_count_the_replicates() -> None:
    search = find_interventions(LOG, planted(0.2), replicates=99, rng=np.random.default_rng(1))
    exceeding = int(np.sum(search.maxima >= search.statistic))
    assert search.p_value == (1 + exceeding) / 100
    assert (search.p_values.stack().dropna() >= search.p_value).all()
    assert search.p_value > 0


def test_searching_every_month_keeps_its_size() -> None:
    """Under the null hypothesis the p-value of the search is below 0.2 in a fifth of the series."""
    count, model = 50, CountRegression(Intercept(), Poisson())
    rng = np.random.default_rng(12)
    p = [
        find_interventions(model, data.series(rng.poisson(9.0, 36)), replicates=39, rng=rng).p_value
        for _ in range(count)
    ]
    error = np.sqrt(0.2 * 0.8 / count)
    assert np.mean(np.array(p) <= 0.2) == pytest.approx(0.2, abs=3.0 * error)


def test_equal_seeds_give_equal_searches() -> None:
    one, other = (find_interventions(LOG, planted(0.3), replicates=49, rng=np.random.default_rng(5)) for _ in range(2))
    np.testing.assert_array_equal(one.maxima, other.maxima)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"replicates": 10}, "from 19"),
        ({"kinds": ()}, "kinds is empty"),
        ({"kinds": (1.5,)}, "between 0 and 1"),
        ({"rng": None}, "rng is required"),
    ],
)
def test_impossible_searches(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        find_interventions(LOG, planted(0.0), **{"replicates": 19, "rng": np.random.default_rng(1), **arguments})


def test_impossible_tests() -> None:
    y = planted(0.0)
    with pytest.raises(InvalidInput, match="'score', 'lr' or 'posterior'"):
        intervention_test(LOG, y, Step("2020-07"), method="wald")
    with pytest.raises(InvalidInput, match="rng is required"):
        intervention_test(LOG, y, Step("2020-07"), method="posterior")
    with pytest.raises(InvalidInput, match=r"cannot see step\[2018-01\]"):
        intervention_test(LOG, y, Step("2018-01"))
    with pytest.raises(InvalidInput, match="with an intercept"):
        find_interventions(CountRegression(Trend()), y, rng=np.random.default_rng(1))
    with pytest.raises(InvalidInput, match="method='lr'"):
        intervention_test(CountRegression(Intercept(), ZeroInflated(Poisson())), y, Step("2020-07"))


def test_decaying_pulses_lie_between_pulses_and_steps() -> None:
    months = pd.period_range("2020-01", periods=6, freq="M")
    rows = {decay: DecayingPulse("2020-03", decay).rows(months, months) for decay in (0, 0.5, 1)}
    np.testing.assert_allclose(rows[0], Pulse("2020-03").rows(months, months))
    np.testing.assert_allclose(rows[1], Step("2020-03").rows(months, months))
    np.testing.assert_allclose(rows[0.5], [0, 0, 1, 0.5, 0.25, 0.125])
    for wrong in (-0.1, 1.2, "0.5", True):
        with pytest.raises(InvalidInput, match="from 0"):
            DecayingPulse("2020-03", wrong)  # type: ignore[arg-type]
