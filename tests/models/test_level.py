"""Dynamic level: its likelihood, its mode, its special cases, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from forecasting import (
    Contaminated,
    CountSeries,
    Covariate,
    DynamicLevel,
    Exposure,
    Hurdle,
    Intercept,
    InvalidInput,
    NegativeBinomial,
    Poisson,
    Priors,
    SamplingError,
    Seasonal,
    Step,
    Trend,
    Weekdays,
    ZeroInflated,
    load_ledger,
)
from forecasting.inference.mode import find_mode
from forecasting.inference.scoring import climb
from tests.evidence.ledgers import SERIES, fact, ledger_of
from tests.kernels.test_level import slow
from tests.models import data

X = pd.Series(np.sin(np.arange(60.0)), index=data.months(60))
EXPOSED = pd.Series(np.linspace(1.0, 3.0, 60), index=data.months(60))
MODELS = [
    DynamicLevel(),
    DynamicLevel(seasonal=1, trend=True),
    DynamicLevel(seasonal=0, reversion=True, distribution=NegativeBinomial()),
    DynamicLevel(seasonal=2, trend=True, reversion=True, distribution=Poisson()),
    DynamicLevel(seasonal=0, terms=Covariate("x", X) + Step("2019-05") + Exposure(EXPOSED)),
    DynamicLevel(seasonal=1, distribution=ZeroInflated(Poisson())),
]
each_model = pytest.mark.parametrize("model", MODELS)


# The density


@each_model
def test_the_likelihood_is_that_of_a_loop_over_months(model: DynamicLevel) -> None:
    series = data.series(data.drifting(40), missing=[0, 7, 8, 39])
    density = model.density(series)
    work = data.some_points(density)
    values = [dict(zip(density.names, row, strict=True)) for row in density.natural(work)]
    design, offset = density.terms.design(series.months, origin=series.months)
    covariate = np.array([name == "x" for name in density.terms.columns()])
    design = design - np.where(covariate, design.mean(axis=0), 0.0)
    for point, value in zip(work, values, strict=True):
        effects = np.array([value[name] for name in density.terms.columns()])
        factors = np.exp(design @ effects + offset)
        path = slow(
            series.values.tolist(),
            series.missing.tolist(),
            factors.tolist(),
            np.exp(value["log_level"]),
            value["gain"],
            value.get("alpha", 0.0),
            np.exp(value.get("growth", 0.0)),
            value.get("reversion", 0.0),
            np.exp(value.get("log_anchor", 0.0)),
        )
        shape = [value[name] for name in model.distribution.shape_names]
        terms = [
            float(model.distribution.logpmf(float(y), level * factor, *shape))
            for y, level, factor, absent in zip(series.values, path[:-1], factors, series.missing, strict=True)
            if not absent
        ]
        np.testing.assert_allclose(density.log_terms(point[None])[0], terms, rtol=1e-9)
        assert float(density.log_likelihood(point[None])[0]) == pytest.approx(sum(terms), rel=1e-10)


@each_model
def test_gradients_are_those_of_finite_differences(model: DynamicLevel) -> None:
    # Without outliers: where a month lies at the bound of the level, the density has a kink.
    density = model.density(data.series(data.drifting(40, alpha=0.02), missing=[7, 8]))

    def log_posterior(work: np.ndarray) -> np.ndarray:
        return density.log_likelihood(work) + density.log_prior(work)

    for point in data.some_points(density, 3, 0.15):
        value, gradient, information = density.curvature(point)
        steps = np.diag(1e-4 * density.scale)
        slopes = (log_posterior(point + steps) - log_posterior(point - steps)) / (2.0 * np.diag(steps))
        assert value == pytest.approx(float(log_posterior(point[None])[0]), rel=1e-12)
        np.testing.assert_allclose(gradient * density.scale, slopes * density.scale, rtol=2e-3, atol=5e-3)
        np.testing.assert_allclose(information, information.T)
        assert (np.linalg.eigvalsh(information) > 0).all()


@pytest.mark.parametrize(
    "counts",
    [
        data.drifting(48, swing=0.3),
        data.drifting(8),
        np.append(np.zeros(30, dtype=int), [1, 0, 0, 2, 0, 0]),
        np.zeros(30, dtype=int),
        np.full(36, 7),
        data.generator().poisson(1e6, 60),
        data.drifting(60, 1e6, 0.2, 0.001),
        np.append(data.drifting(40), [1_000_000, 25, 31]),
    ],
    ids=["usual", "short", "sparse", "zeros", "constant", "calm million", "moving million", "outlier"],
)
def test_a_climb_ends_at_the_mode(counts: np.ndarray) -> None:
    density = DynamicLevel().density(data.series(counts))
    found = climb(density)
    exact = find_mode(lambda w: density.log_likelihood(w) + density.log_prior(w), density.start, density.scale)
    assert found.converged
    assert exact.value - 0.05 < found.value < exact.value + 1e-6


def test_the_prior_of_a_harmonic_is_a_scaled_t() -> None:
    """The density of the coefficient is that of z over the slope of the coefficient in z."""
    density = DynamicLevel(seasonal=6, priors=Priors(harmonic=0.1)).density(data.series(data.drifting(48)))
    z, step = np.linspace(-3.5, 3.5, 15), 1e-5
    for column, name in enumerate(density.names[2:13], start=2):
        work = np.repeat(density.start[None], 3 * z.size, axis=0)
        work[:, column] = np.concatenate([z - step, z, z + step])
        below, at, above = density.natural(work)[:, column].reshape(3, -1)
        transformed = norm.pdf(z) * 2.0 * step / (above - below)
        scale = 0.1 / np.sqrt(float(name[3:]))
        np.testing.assert_allclose(transformed, student.pdf(at / scale, 4) / scale, rtol=1e-6)


def test_harmonics_far_out_stay_finite() -> None:
    density = DynamicLevel(seasonal=1).density(data.series(data.drifting(24)))
    work = np.repeat(density.start[None], 4, axis=0)
    work[:, 2] = [-8.0, 0.0, 1e-12, 8.0]
    cosine = density.natural(work)[:, 2]
    assert np.isfinite(cosine).all()
    assert cosine[1] == 0.0
    assert cosine[0] == pytest.approx(-cosine[3], rel=1e-6)
    assert cosine[3] == pytest.approx(student.isf(norm.sf(8.0), 4) * 0.06, rel=1e-6)


# Special cases


def test_without_a_gain_the_level_is_constant() -> None:
    series = data.series(data.drifting(30))
    density = DynamicLevel(seasonal=0, distribution=NegativeBinomial()).density(series)
    work = density.start + 0.2 * data.generator().normal(size=(20, 3))
    work[:, 1] = -60.0
    alpha = density.natural(work)[:, -1]
    expected = NegativeBinomial().logpmf(series.values, np.exp(work[:, :1]), alpha[:, None]).sum(axis=1)
    np.testing.assert_allclose(density.log_likelihood(work), expected, rtol=1e-12)


def test_a_certain_gain_is_exponential_smoothing() -> None:
    priors = Priors(gain=1e-9, initial=1e-9)
    y = data.drifting(30, alpha=0.0)
    posterior = DynamicLevel(seasonal=0, distribution=Poisson(), priors=priors).posterior(
        data.series(y), draws=200, rng=data.generator()
    )
    np.testing.assert_allclose(posterior.draws[:, 1], 0.2, rtol=1e-6)
    level = y[:24].mean()
    for count in y:
        level += 0.2 * (count - level)
    np.testing.assert_allclose(posterior.forecast(1, rng=data.generator()).mean[:, 0], level, rtol=1e-6)


def test_without_feedback_and_growth_all_months_to_come_have_one_level() -> None:
    model = DynamicLevel(seasonal=0, feedback=0.0)
    mean = model.forecast(data.series(data.drifting(30)), 6, draws=200, rng=data.generator()).mean
    np.testing.assert_array_equal(mean, mean[:, :1].repeat(6, axis=1))


def test_growth_fades_by_the_damping() -> None:
    density = DynamicLevel(seasonal=0, trend=True, feedback=0.0, damping=0.5).density(data.series(data.drifting(30)))
    work = np.repeat(density.start[None], 5, axis=0)
    work[:, 2] = np.linspace(-0.02, 0.02, 5)
    _, mean, _ = density.simulate(work, pd.period_range("2020-07", periods=5, freq="M"), rng=data.generator())
    powers = np.cumsum(0.5 ** np.arange(1, 5))
    np.testing.assert_allclose(mean[:, 1:] / mean[:, :1], np.exp(work[:, 2:3] * powers), rtol=1e-12)


def test_a_range_of_damping_gives_every_path_its_own_share() -> None:
    density = DynamicLevel(seasonal=0, trend=True, feedback=0.0, damping=(0.5, 0.9)).density(
        data.series(data.drifting(30))
    )
    work = np.repeat(density.start[None], 1000, axis=0)
    work[:, 2] = 0.02
    _, mean, *_ = density.simulate(work, pd.period_range("2020-07", periods=2, freq="M"), rng=data.generator())
    shares = np.log(mean[:, 1] / mean[:, 0]) / 0.02
    expected = 0.9 - 0.4 * np.square((np.arange(1000) + 0.5) / 1000)
    np.testing.assert_allclose(np.sort(shares), np.sort(expected), atol=2e-3)
    assert abs(shares[:100].mean() - expected.mean()) < 0.01  # any number of first paths has all shares
    same, fixed = (
        DynamicLevel(seasonal=0, trend=True, damping=damping).forecast(data.series([5, 8, 9, 12, 11, 15]), 4, rng=1)
        for damping in ((0.9, 0.9), 0.9)
    )
    np.testing.assert_array_equal(same.paths, fixed.paths)


@pytest.mark.parametrize("damping", [(0.9, 0.8), (0.8, 0.9, 1.0), (), (0.9,), (0.8, 1.1)])
def test_ranges_of_damping_that_are_none(damping: Any) -> None:
    with pytest.raises(InvalidInput, match="damping="):
        DynamicLevel(trend=True, damping=damping)


def test_weekdays_are_found_where_they_matter() -> None:
    months = pd.period_range("2014-01", periods=84, freq="M")
    effect = Weekdays().rows(months, origin=months)
    y = data.generator().poisson(900.0 * np.exp(0.03 * effect))
    posterior = DynamicLevel(terms=Weekdays() + Exposure("days")).posterior(CountSeries(months, y), draws=500, rng=1)
    found = posterior.draws[:, posterior.names.index("weekdays")]
    assert abs(found.mean() - 0.03) < 3.0 * found.std()
    assert found.std() < 0.008


def test_the_scale_of_an_exposure_means_nothing() -> None:
    y = data.series(data.drifting(30))
    plain, scaled = (
        DynamicLevel(seasonal=1, terms=terms).posterior(y, draws=300, rng=data.generator())
        for terms in (None, Exposure(pd.Series(30.0, index=data.months(40))))
    )
    shift = np.zeros(plain.draws.shape[1])
    shift[0] = np.log(30.0)
    np.testing.assert_allclose(scaled.draws, plain.draws - shift, rtol=1e-4, atol=1e-6)
    assert scaled.log_evidence == pytest.approx(plain.log_evidence, abs=1e-4)


def test_the_origin_of_a_covariate_means_nothing() -> None:
    y = data.series(data.drifting(40))
    near, far = (
        DynamicLevel(seasonal=0, terms=Covariate("x", X + origin)).posterior(y, draws=300, rng=data.generator())
        for origin in (0.0, 300.0)
    )
    np.testing.assert_allclose(far.draws, near.draws, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        *(p.forecast(6, rng=data.generator()).expected for p in (near, far)),
        rtol=1e-4,
    )


# What is refused


@pytest.mark.parametrize("seasonal", [-1, 7, 1.5, "two"])
def test_numbers_of_harmonics_that_are_none(seasonal: object) -> None:
    with pytest.raises(InvalidInput, match=r"number of harmonics.* from 0 to 6"):
        DynamicLevel(seasonal=seasonal)


@pytest.mark.parametrize("name", ["feedback", "damping"])
@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_shares_that_are_none(name: str, value: float) -> None:
    with pytest.raises(InvalidInput, match=f"{name}=.*(between 0 and 1|one number)"):
        DynamicLevel(**{name: value})


@pytest.mark.parametrize("term", [Intercept(), Trend(), Seasonal(), Step("2020-01") + Trend()])
def test_what_a_level_has_already(term: object) -> None:
    with pytest.raises(InvalidInput, match="a dynamic level has its own"):
        DynamicLevel(terms=term)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"terms": "step"}, "must be terms"),
        ({"distribution": Poisson}, "not a count distribution"),
        ({"distribution": Hurdle()}, "use ZeroInflated"),
        ({"distribution": Contaminated(Hurdle())}, "use ZeroInflated"),
    ],
)
def test_wrong_arguments(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        DynamicLevel(**wrong)


def test_a_season_needs_a_year() -> None:
    short = data.series(data.drifting(11))
    for harmonics in (1, 6):
        with pytest.raises(InvalidInput, match="11 months cannot show a season"):
            DynamicLevel(seasonal=harmonics).density(short)
    assert DynamicLevel(seasonal=0).density(short).names == ("log_level", "gain", "alpha")
    columns = [len(DynamicLevel().density(data.series(data.drifting(n))).names) for n in (12, 13, 23, 24)]
    assert columns == [3, 7, 7, 14]


@pytest.mark.parametrize("name", ["gain", "alpha", "growth", "cos1"])
def test_a_covariate_cannot_bear_the_name_of_a_parameter(name: str) -> None:
    with pytest.raises(InvalidInput, match=name):
        DynamicLevel(seasonal=1, trend=True, terms=Covariate(name, X)).density(data.series(data.drifting(30)))


def test_one_month_is_no_series() -> None:
    with pytest.raises(InvalidInput, match="1 known months; a dynamic level needs at least 2"):
        DynamicLevel().density(data.series([5, 0, 0], missing=[1, 2]))


def test_an_explosion_is_an_error() -> None:
    density = DynamicLevel(seasonal=0, trend=True, damping=1.0).density(data.series(data.drifting(30)))
    work = np.repeat(density.start[None], 10, axis=0)
    work[3, 2] = 0.9
    with pytest.raises(SamplingError, match=r"202[0-2]-\d\d has .* above 10\^15"):
        density.simulate(work, pd.period_range("2020-07", periods=24, freq="M"), rng=data.generator())


def test_exact_months_of_evidence_are_a_series() -> None:
    y, known = data.drifting(14), [month for month in range(14) if month not in (4, 9)]
    series = data.series(y, "2022-09", missing=[4, 9])
    ledger = ledger_of(
        [fact(f"m{k}", "count", str(series.months[k]), value=str(y[k])) for k in known],
    )
    evidence = ledger.evidence(SERIES)
    model = DynamicLevel(trend=True)
    first, second = (model.forecast(thing, 4, draws=200, rng=data.generator()) for thing in (series, evidence))
    np.testing.assert_array_equal(first.paths, second.paths)
    assert second.name == SERIES
    with pytest.raises(InvalidInput, match="only a total, an order or a range is known; a dynamic level needs"):
        model.density(load_ledger().evidence(SERIES))
