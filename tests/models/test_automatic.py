"""The automatic forecaster: its weights by hand, its members, and the series and tables it takes."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from forecasting import (
    SARIMA,
    Auto,
    Autoregression,
    Climatology,
    Contaminated,
    CountRegression,
    DynamicLevel,
    ForecastingWarning,
    HistoricalMoments,
    InvalidInput,
    InvalidSeries,
    NegativeBinomial,
    Poisson,
    Priors,
    SeasonalNaive,
    ShiftingLevel,
    ZeroInflated,
    auto,
    load_ledger,
)
from forecasting.models import Member, PooledForecast
from forecasting.models.growth import growth_evidence
from tests.evidence.ledgers import SERIES, fact, ledger_of
from tests.models import data, toys

Y = data.simulated(40)
NAMES = ["level and season", "level that grows", "level that shifts", "moments of the last year"]
TWO = (
    Member("level", DynamicLevel(seasonal=0), 0.7),
    Member("moments", HistoricalMoments(6, Contaminated()), 0.3),
)


def generator(seed: int = 17) -> np.random.Generator:
    return np.random.default_rng(seed)


def table(**columns: list[float]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unique_id": name, "ds": data.months(len(y)).astype(str), "y": y}) for name, y in columns.items()
    ]
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def forecast() -> PooledForecast:
    return auto(Y, 6, draws=400, rng=generator())


# Weights


def test_weights_are_priors_times_recent_scores(forecast: PooledForecast) -> None:
    """Known months less the first twelve, at most 24 of them; WAIC for what has parameters, plain scores for moments."""
    scores = []
    for name in NAMES[:2]:
        posterior = forecast.posteriors[name]
        terms = posterior.density.log_terms(posterior.sample.work[:250])
        scores.append(np.log(np.exp(terms).mean(axis=0)) - terms.var(axis=0))
    scores.append(ShiftingLevel().filtered(Y).one_step_scores())
    scores.append(HistoricalMoments(12, Contaminated()).log_terms(Y))
    recent = np.maximum([s[-24:] for s in scores], -12.0)
    assert recent.shape == (4, 24)
    raw = np.array([0.40, 0.25, 0.03, 0.32]) * np.exp(recent.sum(axis=1) - recent.sum(axis=1).max())
    raw[1] *= np.exp(growth_evidence(forecast.posteriors[NAMES[1]]))
    np.testing.assert_allclose(forecast.weights, raw / raw.sum(), rtol=1e-9)
    assert forecast.weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert list(forecast.weights.index) == NAMES


def test_the_evidence_of_growth_is_that_of_the_same_model_without_it() -> None:
    """Savage and Dickey: the ratio of densities at no growth is the ratio of marginal likelihoods."""
    rng = generator(5)
    priors = Priors(dispersion=0.7, growth=0.03)
    for growth in (0.0, 0.01):
        y = data.series(rng.poisson(40.0 * np.exp(growth * np.arange(36))))
        with_it = DynamicLevel(seasonal=0, trend=True, priors=priors).posterior(y, draws=4000, rng=1)
        without = DynamicLevel(seasonal=0, priors=priors).posterior(y, draws=4000, rng=2)
        expected = with_it.log_evidence - without.log_evidence
        assert growth_evidence(with_it) == pytest.approx(expected, abs=0.35)
        assert growth_evidence(without) == 0.0


def test_a_burst_after_months_without_counts_is_no_growth() -> None:
    """The normal posterior of the growth takes one last burst for it; the member is believed no more than before."""
    still = np.zeros(120, dtype=int)
    for end in ([14], [1, 0, 0, 0, 19], [12, 0, 9]):
        counts = np.concatenate([still[len(end) :], end])
        assert growth_evidence(DynamicLevel(seasonal=0, trend=True).posterior(data.series(counts), rng=1)) <= 0.0
    steady = np.round(np.exp(np.linspace(0.0, 3.5, 48))).astype(int)
    assert growth_evidence(DynamicLevel(seasonal=0, trend=True).posterior(data.series(steady), rng=1)) > 2.0


@pytest.mark.parametrize(("known", "recent"), [(6, 3), (9, 4), (17, 8), (18, 6), (30, 18), (36, 24), (200, 24)])
def test_recent_months_that_count(known: int, recent: int) -> None:
    scores = np.zeros((2, known))
    scores[0] = np.linspace(-3.0, -1.0, known)
    weights = Auto(TWO).weigh(scores)
    ratio = 0.7 / 0.3 * np.exp(scores[0, known - recent :].sum())
    assert weights[0] / weights[1] == pytest.approx(ratio, rel=1e-9)


def test_one_month_does_not_decide_alone() -> None:
    scores = np.zeros((2, 40))
    scores[0, -1] = -1e6
    weights = Auto(TWO).weigh(scores)
    assert weights[0] / weights[1] == pytest.approx(0.7 / 0.3 * np.exp(-12.0), rel=1e-9)
    scores[0, -1] = np.nan  # a month without a score counts as the worst
    np.testing.assert_allclose(Auto(TWO).weigh(scores), weights)


def test_a_better_member_gets_the_weight() -> None:
    """A season moves weight to the member that knows it, a burst of change away from a long memory."""
    t = np.arange(96)
    seasonal = generator().poisson(80.0 * np.exp(0.7 * np.cos(2.0 * np.pi * t / 12.0)))
    assert auto(data.series(seasonal), 1, draws=300, rng=generator()).weights["level and season"] > 0.95
    drifting = generator().poisson(np.exp(4.0 + np.cumsum(generator(3).normal(0.0, 0.2, 96))))
    assert auto(data.series(drifting), 1, draws=300, rng=generator()).weights["moments of the last year"] < 0.05


@pytest.mark.parametrize(("level", "after"), [(300, 30), (1000, 30), (30, 300)])
@pytest.mark.parametrize("months", [3, 6])
def test_a_break_is_believed_after_three_months(level: int, after: int, months: int) -> None:
    rng = generator(level + after + months)
    mean = np.repeat([float(level), float(after)], [42 - months, months])
    counts = NegativeBinomial().sample(mean, 0.03, rng=rng)
    forecast = auto(data.series(counts), 6, draws=400, rng=generator())
    assert 0.7 * after < forecast.quantile(0.5).iloc[0, 0] < 1.4 * after
    lower, upper = forecast.interval(0.9).iloc[0]
    assert lower <= max(counts[-6:])
    assert upper >= min(counts[-months:])


def test_growth_goes_on() -> None:
    """Growth of 6% a month for two years: the total of the next year is inside the interval, and it is not without end."""
    rng = generator()
    truth = 30.0 * 1.06 ** np.arange(36)
    forecast = auto(data.series(rng.poisson(truth[:24])), 12, draws=1000, rng=generator())
    lower, upper = forecast.total().interval(0.9)
    assert lower < truth[24:].sum() < upper < 4.0 * truth[24:].sum()
    assert forecast.weights["level that grows"] > 0.3


# The pool


def test_the_pool_holds_its_members(forecast: PooledForecast) -> None:
    assert list(forecast.members) == NAMES
    assert list(forecast.posteriors) == NAMES[:2]
    assert "gain" in forecast.posteriors["level that grows"].summary().index
    pooled = sum(forecast.weights[name] * forecast.members[name].expected for name in NAMES)
    spread = forecast.mean.std(axis=0).max()
    np.testing.assert_allclose(forecast.expected, pooled, atol=6.0 * spread / np.sqrt(400))
    month = forecast.months[0]
    mixed = sum(forecast.weights[name] * forecast.members[name].cdf(month, 25) for name in NAMES)
    assert forecast.cdf(month, 25) == pytest.approx(mixed, abs=0.03)


def test_the_weights_are_shown(forecast: PooledForecast) -> None:
    for name, weight in forecast.weights.items():
        for shown in (repr(forecast), forecast._repr_html_()):
            assert f"{weight:.0%} {name}" in shown
    assert repr(forecast).startswith("PooledForecast('y', 2021-05..2021-10, 400 draws: ")


def test_the_order_of_members_does_not_matter() -> None:
    first, second = (Auto(members).forecast(Y, 2, draws=400, rng=generator()) for members in (TWO, TWO[::-1]))
    for name in ("level", "moments"):
        assert first.weights[name] == pytest.approx(second.weights[name], rel=1e-12)
        np.testing.assert_array_equal(first.members[name].paths, second.members[name].paths)
    np.testing.assert_allclose(first.expected, second.expected, rtol=0.01)


def test_a_member_alone_is_itself() -> None:
    alone = Auto(TWO[:1]).forecast(Y, 3, draws=300, rng=generator())
    assert alone.weights.tolist() == [1.0]
    np.testing.assert_array_equal(alone.paths, alone.members["level"].paths)


def test_forecasts_repeat_with_the_seed(forecast: PooledForecast) -> None:
    again = auto(Y, 6, draws=400, rng=generator())
    np.testing.assert_array_equal(forecast.paths, again.paths)
    np.testing.assert_array_equal(forecast.weights, again.weights)


# Series


@pytest.mark.parametrize(
    "counts",
    [
        [1, 2, 3, 4, 5, 6],
        [0] * 6,
        [0] * 60,
        [7] * 40,
        np.eye(1, 40, 25, dtype=int)[0].tolist(),
        generator().poisson(1e6, 40).tolist(),
        [0] * 30 + [1_000_000],
    ],
    ids=["six", "six zeros", "zeros", "constant", "one", "million", "burst"],
)
def test_any_series(counts: list[int]) -> None:
    forecast = auto(data.series(counts), 12, draws=300, rng=generator())
    assert forecast.weights.sum() == pytest.approx(1.0)
    quantiles = forecast.quantile([0.1, 0.5, 0.9]).to_numpy()
    assert (quantiles[:, 0] <= max(counts[-12:])).all()
    assert (quantiles[:, 2] >= min(counts[-12:])).all()
    assert np.isfinite(forecast.expected).all()
    if not any(counts):
        assert (quantiles[:, 1] == 0).all()


def test_five_months_are_too_few() -> None:
    for series in (data.series([3, 1, 4, 1, 5]), data.series(range(8), missing=[1, 2, 7])):
        with pytest.raises(InvalidSeries, match="y: 5 known months; the automatic forecast needs 6"):
            auto(series, 3, rng=generator())
    assert auto(data.series(range(8), missing=[1, 7]), 3, draws=100, rng=generator()).paths.shape == (100, 3)


def test_exact_months_of_evidence_are_a_series() -> None:
    y = [54, 61, 70, 66, 59, 73, 80, 71]
    series = data.series(y, "2022-11", missing=[2])
    known = [fact(f"m{k}", "count", str(series.months[k]), value=str(y[k])) for k in range(8) if k != 2]
    first, second = (
        auto(thing, 3, draws=200, rng=generator()) for thing in (series, ledger_of(known).evidence(SERIES))
    )
    np.testing.assert_array_equal(first.paths, second.paths)
    with pytest.raises(InvalidInput, match="the automatic forecast needs each month known or wholly unknown"):
        auto(load_ledger().evidence(SERIES), 3, rng=generator())


# Tables


def test_a_table_is_its_series() -> None:
    y = [float(v) for v in Y.values[:20]]
    calm, gapped = [3.0, 1.0, 4.0, 2.0, 5.0, 3.0, 2.0], [*y[:5], float("nan"), *y[6:]]
    whole = auto(table(calm=calm, long=y, gapped=gapped), 4, draws=200, rng=generator())
    assert list(whole) == ["calm", "long", "gapped"]
    assert [whole[name].months[0] for name in whole] == [
        pd.Period("2018-08"),
        pd.Period("2019-09"),
        pd.Period("2019-09"),
    ]
    for name, values in (("calm", calm), ("long", y), ("gapped", gapped)):
        alone = auto(table(**{name: values}), 4, draws=200, rng=generator())[name]
        np.testing.assert_array_equal(alone.paths, whole[name].paths)
        np.testing.assert_array_equal(alone.weights, whole[name].weights)
    assert not np.array_equal(whole["gapped"].paths, whole["long"].paths)
    turned = auto(table(gapped=gapped, long=y, calm=calm), 4, draws=200, rng=generator())
    for name in whole:
        np.testing.assert_array_equal(turned[name].paths, whole[name].paths)


def test_an_empty_count_is_a_month_not_observed() -> None:
    y = [5.0, 8.0, 6.0, float("nan"), 7.0, 9.0, 4.0]
    forecast = auto(table(a=y), 2, draws=200, rng=generator())["a"]
    level = forecast.posteriors["level that grows"]
    assert level.density.log_terms(level.sample.work[:1]).shape == (1, 6)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ([5.0, 8.0, -1.0, 4.0, 7.0, 9.0], "series 'b': 2018-03 is -1"),
        ([5.0, 8.0, 2.5, 4.0, 7.0, 9.0], "series 'b': 2018-03 is 2.5"),
        ([5.0, 8.0, 3.0, 4.0, 7.0], "b: 5 known months"),
        ([5.0, 8.0, 3.0, 4.0, 7.0, float("nan")], "b: 5 known months"),
    ],
)
def test_a_bad_series_of_a_table_is_named(second: list[float], said: str) -> None:
    with pytest.raises(InvalidSeries, match=said):
        auto(table(b=second), 3, rng=generator())
    with pytest.warns(ForecastingWarning, match=f"1 of 2 series are left out, see `failures`; {said}"):
        assert list(auto(table(a=[5.0] * 8, b=second), 3, draws=100, rng=generator()).failures) == ["b"]


def test_a_table_with_a_month_twice_or_without_rows() -> None:
    twice = table(a=[5.0] * 8)
    with pytest.raises(InvalidSeries, match="series 'a' has several rows for 2018-03"):
        auto(pd.concat([twice, twice.iloc[2:3]]), 3, rng=generator())
    with pytest.raises(InvalidSeries, match="no rows"):
        auto(twice.iloc[:0], 3, rng=generator())
    with pytest.raises(InvalidSeries, match="no column 'y'"):
        auto(twice.drop(columns="y"), 3, rng=generator())


# What is refused


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"members": ()}, "one or more"),
        ({"members": (TWO[0], TWO[0])}, "a name of its own"),
        ({"window": 0}, "window=0"),
        ({"window": 2.5}, "window=2.5"),
    ],
)
def test_wrong_arguments(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Auto(**wrong)


@pytest.mark.parametrize("prior", [0.0, -1.0, np.inf, np.nan])
def test_a_member_has_a_positive_weight(prior: float) -> None:
    with pytest.raises(InvalidInput, match="prior weight"):
        Member("level", DynamicLevel(), prior)


def test_other_distributions_can_be_pooled() -> None:
    members = (
        Member("level", DynamicLevel(distribution=NegativeBinomial()), 0.5),
        Member("m", HistoricalMoments(), 0.5),
    )
    assert Auto(members).forecast(Y, 2, draws=200, rng=generator()).distribution == NegativeBinomial()


@pytest.mark.parametrize("horizon", [0, -1, 2.5, True])
def test_impossible_horizons(horizon: object) -> None:
    for known in (Y, table(a=[5.0] * 8)):
        with pytest.raises(InvalidInput, match="whole number of months"):
            auto(known, horizon, rng=generator())


def test_a_generator_is_required() -> None:
    for known in (Y, table(a=[5.0] * 8)):
        with pytest.raises(InvalidInput, match="rng is required"):
            auto(known, 3, rng=None)  # type: ignore[call-overload]


def test_a_series_of_counts_is_left_alone() -> None:
    before = Y.values.copy()
    auto(Y, 2, draws=100, rng=generator())
    np.testing.assert_array_equal(Y.values, before)


def test_a_bad_series_of_a_table_is_named_and_the_good_ones_are_forecast() -> None:
    good = table(a=[5.0] * 8, b=[3.0, 4.0] * 4)
    df = pd.concat([good, table(short=[1.0, 2.0]), table(negative=[-1.0] * 8), table(gap=[1.0] * 12).drop(index=3)])
    with pytest.warns(ForecastingWarning, match=r"3 of 5 series are left out, see `failures`; .*negative"):
        found = auto(df, 3, rng=1)
    assert sorted(found) == ["a", "b"]
    assert sorted(found.failures) == ["gap", "negative", "short"]
    assert "no row for" in found.failures["gap"]
    assert "needs 6" in found.failures["short"]
    alone = auto(good, 3, rng=1)
    assert alone.failures == {}
    assert all((found[name].paths == alone[name].paths).all() for name in alone)
    again = pickle.loads(pickle.dumps(found))
    assert (list(again), again.failures) == (list(found), found.failures)
    with pytest.raises(InvalidSeries, match="none of the 2 series can be forecast"):
        auto(table(x=[1.0], y=[2.0]), 3, rng=1)
    with pytest.raises(InvalidInput, match="horizon=0"):
        auto(df, 0, rng=1)


UNLIKE = (
    Member("months alike", Climatology(), 1.0),
    Member("last year", SeasonalNaive(), 1.0),
    Member("Poisson", CountRegression(distribution=Poisson()), 1.0),
    Member("zeros apart", CountRegression(distribution=ZeroInflated()), 1.0),
    Member("follows", Autoregression((1,), ()), 1.0),
    Member("level", DynamicLevel(seasonal=0), 1.0),
    Member("differenced", SARIMA((0, 1, 1), (0, 0, 0)), 1.0),
    Member("toy", toys.Toy(), 1.0),
)


def test_models_of_unlike_laws_are_pooled() -> None:
    y = data.series(data.drifting(24))
    forecast = Auto(UNLIKE, window=2).forecast(y, 3, draws=400, rng=1)
    weights = forecast.weights
    assert weights.sum() == pytest.approx(1.0)
    assert len(forecast.distribution.laws) == 6
    means = np.array([one.expected.to_numpy() for one in forecast.members.values()])
    np.testing.assert_allclose(forecast.expected, weights.to_numpy() @ means, rtol=0.05)
    chance = sum(
        w * one.exceedance(forecast.months[0], 30) for w, one in zip(weights, forecast.members.values(), strict=True)
    )
    assert forecast.exceedance(forecast.months[0], 30) == pytest.approx(chance, abs=0.02)
    assert sum(forecast.pmf(forecast.months[1])) == pytest.approx(1.0, abs=1e-6)


def test_a_model_without_scores_of_its_own_is_fitted_again_before_each_month() -> None:
    y = data.series(data.drifting(15))
    scores = Climatology(12).prepared(y, rng=1).one_step_scores(2)
    assert np.isnan(scores[:13]).all()
    for k in (13, 14):
        past = Climatology(12).forecast(y.until(y.months[k - 1]), 1, rng=1)
        assert scores[k] == past.logpmf(y.months[k], int(y.values[k]))


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ((Member("a", "level", 1.0),), "the model of 'a' is a str"),
        ((DynamicLevel(),), r"is not a member; give Member\(name, model, prior\)"),
    ],
)
def test_members_that_cannot_be_weighed_are_refused(members: tuple[Member, ...], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        Auto(members=members)


def test_a_table_without_names_is_one_series() -> None:
    months = pd.period_range("2023-01", periods=8, freq="M")
    found = auto({"ds": months, "y": [5, 3, 4, 6] * 2}, horizon=2, draws=100, rng=1)
    assert [(name, one.months[0]) for name, one in found.items()] == [("y", months[-1] + 1)]
