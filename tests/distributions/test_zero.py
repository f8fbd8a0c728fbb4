"""Zero inflation and hurdle: their definitions, their limits, and their way through models, facts and forecasts."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from forecasting import (
    CountRegression,
    CountSeries,
    Hurdle,
    Intercept,
    InvalidInput,
    NegativeBinomial,
    Poisson,
    Predictive,
    ZeroInflated,
)
from forecasting.constraints import Constraints, Linear
from forecasting.distributions import Distribution
from forecasting.likelihood import FactLikelihood

MONTHS = pd.period_range("2015-01", periods=120, freq="M")
Y = np.arange(60)
BOTH = pytest.mark.parametrize("wrapper", [ZeroInflated, Hurdle])
SHAPES = {Poisson: (), NegativeBinomial: (0.7,)}
BASES = pytest.mark.parametrize("base", [Poisson(), NegativeBinomial()], ids=lambda f: type(f).__name__)


@BASES
@pytest.mark.parametrize("mean", [0.02, 1.5, 9.0])
@pytest.mark.parametrize("zero", [0.0, 0.2, 0.95])
def test_probabilities_are_those_of_the_definitions(base: Distribution, mean: float, zero: float) -> None:
    shape = SHAPES[type(base)]
    inflated = np.exp(base.logpmf(Y, mean / (1.0 - zero), *shape)) * (1.0 - zero)
    inflated[0] += zero
    np.testing.assert_allclose(np.exp(ZeroInflated(base).logpmf(Y, mean, *shape, zero)), inflated, rtol=1e-12)
    pmf = np.exp(base.logpmf(Y, mean, *shape))
    apart = np.append(zero, pmf[1:] * (1.0 - zero) / (1.0 - pmf[0]))
    np.testing.assert_allclose(np.exp(Hurdle(base).logpmf(Y, mean, *shape, zero)), apart, rtol=1e-12)


@BASES
def test_without_excess_zeros_inflation_is_the_base(base: Distribution) -> None:
    shape, family = SHAPES[type(base)], ZeroInflated(base)
    u = np.linspace(0.0, 1.0, 500, endpoint=False)
    for method in ("logpmf", "cdf", "sf"):
        np.testing.assert_array_equal(
            getattr(family, method)(Y, 7.0, *shape, 0.0), getattr(base, method)(Y, 7.0, *shape)
        )
    np.testing.assert_array_equal(family.quantile(u, 7.0, *shape, 0.0), base.quantile(u, 7.0, *shape))
    np.testing.assert_allclose(
        family.log_interval(Y, Y + 3, 7.0, *shape, 0.0), base.log_interval(Y, Y + 3, 7.0, *shape), rtol=1e-14
    )


@pytest.mark.parametrize("mean", [1e-12, 1e-6, 0.3])
def test_a_hurdle_keeps_its_digits_at_tiny_means(mean: float) -> None:
    """P(Y > 1 | Y > 0) of a Poisson count is mean/2 - mean^2/12 + ..., P(Y = 1 | Y > 0) is mean/(exp(mean) - 1)."""
    family = Hurdle(Poisson())
    beyond = -np.expm1(-mean) - mean * np.exp(-mean) if mean > 0.1 else mean**2 * (0.5 - mean / 3.0)
    conditional = beyond / -np.expm1(-mean)
    assert float(family.sf(1, mean, 0.4)) == pytest.approx(0.6 * conditional, rel=1e-9)
    assert float(family.cdf(1, mean, 0.4)) == pytest.approx(1.0 - 0.6 * conditional, rel=1e-15)
    assert float(family.expectation(mean, 0.4)) == pytest.approx(0.6 * mean / -np.expm1(-mean), rel=1e-12)
    assert float(family.logpmf(1, mean, 0.0)) == pytest.approx(np.log(mean / np.expm1(mean)), rel=1e-9, abs=1e-14)


def test_a_hurdle_keeps_its_digits_in_the_lower_tail() -> None:
    family, y = Hurdle(NegativeBinomial()), np.arange(1, 40)
    terms = np.logaddexp.accumulate(family.logpmf(np.arange(40), 300.0, 0.05, 1e-30))[1:]
    np.testing.assert_allclose(np.log(family.cdf(y, 300.0, 0.05, 1e-30)), terms, rtol=1e-10)
    np.testing.assert_allclose(family.log_interval(0, y, 300.0, 0.05, 1e-30), terms, rtol=1e-10)


def test_a_mean_of_nothing(rng: np.random.Generator) -> None:
    mean, zero = np.zeros(200), np.full(200, 0.25)
    assert set(Hurdle(Poisson()).sample(mean, zero, rng=rng)) == {0, 1}
    assert set(ZeroInflated(Poisson()).sample(mean, zero, rng=rng)) == {0}
    np.testing.assert_array_equal(Hurdle(Poisson()).quantile([0.2, 0.3, 0.999], 0.0, 0.25), [0, 1, 1])


@BOTH
@BASES
def test_the_probability_of_a_total_is_the_sum_over_its_parts(
    wrapper: type, base: Distribution, rng: np.random.Generator
) -> None:
    family = wrapper(base)
    known = Constraints.solve(MONTHS[:3], [Linear((0, 1, 2), (1, 1, 1), 9, 9)])
    log_mean = rng.normal(1.0, 1.0, (20, 3))
    shape = [np.full(20, s) for s in (*SHAPES[type(base)], 0.3)]
    parts = np.array([p for p in product(range(10), repeat=3) if sum(p) == 9])
    logs = sum(family.logpmf(parts[:, k], np.exp(log_mean[:, k, None]), *(s[:, None] for s in shape)) for k in range(3))
    found = FactLikelihood(known).log_likelihood(log_mean, shape, family)
    np.testing.assert_allclose(found, np.logaddexp.reduce(logs, axis=1), rtol=1e-9)


@BOTH
@pytest.mark.parametrize("mean", [0.8, 12.0])
def test_a_regression_finds_the_parameters(wrapper: type, mean: float, rng: np.random.Generator) -> None:
    family = wrapper(Poisson())
    zero = 0.4
    y = family.sample(np.full(120, mean), np.full(120, zero), rng=rng)
    series = CountSeries.from_pandas(pd.Series(y, index=MONTHS))
    posterior = CountRegression(Intercept(), family).posterior(series, draws=2000, rng=rng)
    assert posterior.khat < 0.7
    truth = {"intercept": np.log(mean), "zero": zero}
    for row in posterior.summary().loc[list(truth)].itertuples():
        assert abs(row.mean - truth[row.Index]) < 3.5 * row.sd
    assert posterior.summary().loc["zero", "sd"] < 0.2


@BOTH
def test_forecasts_know_their_mean_and_spread(wrapper: type, rng: np.random.Generator) -> None:
    mean, draws = np.tile([0.4, 3.0, 200.0], (20_000, 1)), 20_000
    shape = (np.full(draws, 0.2), np.full(draws, 0.6))
    forecast = Predictive.draw(MONTHS[:3], mean, shape, wrapper(), name="y", rng=rng)
    error = forecast.paths.std(axis=0) / np.sqrt(draws)
    assert (np.abs(forecast.expected - forecast.paths.mean(axis=0)) < 4.0 * error).all()
    shares = [(forecast.paths[:, k] <= q).mean() for k, q in enumerate(forecast.quantile(0.9)[0.9])]
    assert (np.array(shares) > 0.9 - 4.0 * np.sqrt(0.09 / draws)).all()


@BOTH
@BASES
def test_equal_uniforms_keep_the_order_of_means(wrapper: type, base: Distribution, rng: np.random.Generator) -> None:
    u, shape = rng.random((4000, 1)), (*SHAPES[type(base)], 0.3)
    means = np.array([0.01, 0.2, 0.9, 1.0, 5.0, 40.0, 41.0])
    assert (np.diff(wrapper(base).quantile(u, means, *shape), axis=1) >= 0).all()


def test_months_without_a_zero_put_both_at_the_boundary(rng: np.random.Generator) -> None:
    series = CountSeries.from_pandas(pd.Series(rng.poisson(30.0, 120), index=MONTHS))
    for wrapper, message in ((ZeroInflated, "than without zero inflation"), (Hurdle, "no month is empty")):
        fit = CountRegression(Intercept(), wrapper(Poisson())).fit(series)
        assert fit.boundary == ("zero",)
        assert fit.params["zero"] == 0.0
        assert message in fit.messages[0]


def test_the_mean_of_a_fitted_hurdle_is_that_of_the_count(rng: np.random.Generator) -> None:
    y = Hurdle(Poisson()).sample(np.full(120, 1.5), np.full(120, 0.5), rng=rng)
    fit = CountRegression(Intercept(), Hurdle(Poisson())).fit(CountSeries.from_pandas(pd.Series(y, index=MONTHS)))
    np.testing.assert_allclose(fit.predict()["mean"], y.mean(), rtol=1e-6)
    with pytest.raises(InvalidInput, match="information='observed'"):
        CountRegression(Intercept(), Hurdle(Poisson())).fit(fit.density.data, information="expected")


@pytest.mark.parametrize("base", [ZeroInflated(), Hurdle(), Poisson, "poisson", None])
@BOTH
def test_bases_that_cannot_be_wrapped(wrapper: type, base: object) -> None:
    with pytest.raises(InvalidInput, match="does not treat zeros apart"):
        wrapper(base)


def test_certain_zeros_are_refused() -> None:
    with pytest.raises(InvalidInput, match="zero is a probability and must be below 1"):
        Predictive.draw(
            MONTHS[:1],
            np.ones((2, 1)),
            (np.array([0.5, 1.0]),),
            Hurdle(Poisson()),
            name="y",
            rng=np.random.default_rng(1),
        )
