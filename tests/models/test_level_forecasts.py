"""Dynamic level: what it recovers and forecasts, from few months or many, and how often its intervals hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecasting import (
    CountSeries,
    Covariate,
    DynamicLevel,
    Exposure,
    InvalidInput,
    Pulse,
    Step,
)
from forecasting.errors import ForecastingWarning
from tests.models import data

X = pd.Series(np.sin(np.arange(60.0)), index=data.months(60))
EXPOSED = pd.Series(np.linspace(1.0, 3.0, 60), index=data.months(60))


# Recovery


def test_parameters_are_recovered_from_a_long_series() -> None:
    misses = []
    for seed, gain in ((1, 0.1), (2, 0.2), (3, 0.35), (4, 0.2)):
        y = data.series(data.drifting(500, 60.0, gain, 0.05, 0.35, seed))
        posterior = DynamicLevel(seasonal=2).posterior(y, draws=500, rng=data.generator())
        table = posterior.summary()
        truth = {"gain": gain, "cos1": 0.35, "sin1": 0.0, "cos2": 0.0, "sin2": 0.0, "alpha": 0.05}
        misses += [(table["mean"][name] - value) / table["sd"][name] for name, value in truth.items()]
        assert posterior.khat < 0.7
        assert table["sd"]["cos1"] < 0.05
    assert np.abs(misses).max() < 4.0
    assert 0.5 < np.sqrt(np.mean(np.square(misses))) < 1.5


def test_a_step_and_a_covariate_are_recovered() -> None:
    rng = data.generator(8)
    x = pd.Series(rng.normal(size=130), index=data.months(130))
    step = np.arange(120) >= 60
    y = rng.poisson(40.0 * np.exp(0.3 * x.to_numpy()[:120] + 0.8 * step))
    model = DynamicLevel(seasonal=0, terms=Covariate("x", x) + Step("2023-01"))
    table = model.posterior(data.series(y), draws=1000, rng=data.generator()).summary()
    assert abs(table["mean"]["x"] - 0.3) < 3.5 * table["sd"]["x"]
    assert abs(table["mean"]["step[2023-01]"] - 0.8) < 3.5 * table["sd"]["step[2023-01]"]


# Every series


@pytest.mark.parametrize(
    "counts",
    [
        data.drifting(6),
        data.drifting(12),
        data.drifting(600, 500.0, 0.05, 0.02),
        np.zeros(6, dtype=int),
        np.zeros(120, dtype=int),
        np.eye(1, 60, 20, dtype=int)[0],
        np.full(48, 7),
        data.generator().poisson(1e6, 60),
        data.drifting(72, 1e6, 0.2, 0.01),
        np.append(np.full(30, 2), np.full(30, 1_000_000)),
    ],
    ids=["6", "12", "600", "6 zeros", "zeros", "one", "constant", "calm million", "million", "burst"],
)
@pytest.mark.parametrize("extra", [{}, {"trend": True, "reversion": True}], ids=["plain", "trend and reversion"])
@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
def test_any_series_is_forecast(counts: np.ndarray, extra: dict[str, bool]) -> None:
    posterior = DynamicLevel(**extra).posterior(data.series(counts), rng=data.generator())
    forecast = posterior.forecast(12, rng=data.generator())
    # The annealed sampler counts distinct ancestors; calm millions with trend and reversion leave few.
    assert posterior.ess > 5
    assert np.isfinite(forecast.expected).all()
    low, middle, high = np.quantile(forecast.paths[:, 0], [0.1, 0.5, 0.9])
    assert 0 <= low <= middle <= high
    recent = counts[-12:]
    assert low <= recent.max()
    assert high >= recent.min()
    if not counts.any():
        assert middle == 0
        assert forecast.expected.iloc[0] < 3.0 / len(counts)


@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
def test_weights_can_be_trusted_on_ordinary_series() -> None:
    rng, khats, shares = data.generator(11), [], []
    for number in range(30):
        size, level = int(rng.choice([12, 24, 36, 72, 144])), float(10 ** rng.uniform(-0.5, 3.5))
        y = data.drifting(size, level, rng.uniform(0.05, 0.4), rng.uniform(0.01, 0.3), rng.uniform(0.0, 0.4), number)
        posterior = DynamicLevel().posterior(data.series(y), rng=rng)
        khats.append(posterior.khat)
        shares.append(posterior.ess / 1000)
    assert np.mean(np.array(khats) > 0.7) <= 2 / 30
    assert np.median(shares) > 0.4
    assert min(shares) > 0.1


@pytest.mark.parametrize("at", [20, 35])
def test_one_outlier_hardly_matters(at: int) -> None:
    calm = data.drifting(40, gain=0.1)
    wild = calm.copy()
    wild[at] = 50 * calm[at]
    before, after = (DynamicLevel().forecast(data.series(y), 3, draws=1000, rng=data.generator()) for y in (calm, wild))
    np.testing.assert_allclose(after.expected, before.expected, rtol=0.25)
    assert after.quantile(0.95).iloc[0, 0] < 1.5 * before.quantile(0.95).iloc[0, 0]
    density = DynamicLevel(seasonal=0).density(data.series(wild))
    start = density.start[None]
    path, value = density._path(start, density._effects(start))[1][:, 0], density.natural(start)[0]
    level = path[at]
    most = value[1] * (4.0 * np.sqrt(level + value[2] * level**2) + 10.0)
    assert path[at + 1] - level == pytest.approx(most, rel=1e-12)


def test_missing_months_are_idle() -> None:
    """Months before the data and after it change nothing; in the middle any filler gives the same."""
    y = data.drifting(36)
    gap = np.isin(np.arange(36), [4, 20, 21])
    fillers = [DynamicLevel().density(CountSeries(data.months(36), np.where(gap, f, y), gap)) for f in (0, 10**6)]
    work = data.some_points(fillers[0])
    np.testing.assert_array_equal(*(density.log_likelihood(work) for density in fillers))
    assert (fillers[0].log_terms(work).shape) == (6, 33)
    model = DynamicLevel(seasonal=0)
    later = data.series(np.append(y, [0, 0]), missing=[36, 37])
    plain, longer = model.density(data.series(y)), model.density(later)
    points = data.some_points(plain)
    np.testing.assert_array_equal(plain.log_likelihood(points), longer.log_likelihood(points))


# Terms to come


def test_twice_the_exposure_to_come_is_twice_the_mean() -> None:
    y, draws = data.series(data.drifting(30)), []
    for factor in (1.0, 2.0):
        exposure = pd.Series(np.append(np.linspace(1.0, 2.0, 30), np.full(6, factor)), index=data.months(36))
        model = DynamicLevel(seasonal=0, terms=Exposure(exposure), feedback=0.0)
        draws.append(model.forecast(y, 6, draws=200, rng=data.generator()).mean)
    np.testing.assert_allclose(draws[1], 2.0 * draws[0], rtol=1e-12)


@pytest.mark.parametrize("term", [Covariate("x", X[:30]), Exposure(EXPOSED[:30])], ids=["covariate", "exposure"])
def test_rows_to_come_are_required(term: Covariate | Exposure) -> None:
    posterior = DynamicLevel(seasonal=0, terms=term).posterior(
        data.series(data.drifting(30)), draws=100, rng=data.generator()
    )
    with pytest.raises(InvalidInput, match="2020-07, 2020-08"):
        posterior.forecast(2, rng=data.generator())


def test_a_known_step_to_come_moves_the_forecast() -> None:
    y = data.series(data.drifting(36))
    with pytest.warns(ForecastingWarning, match="unless it is a change still to come"):
        forecast = DynamicLevel(seasonal=0, terms=Pulse("2021-02")).forecast(y, 3, draws=1000, rng=data.generator())
    spread = np.log(forecast.mean).std(axis=0)
    assert spread[1] > 0.8  # the prior of a pulse that the data say nothing about
    assert max(spread[0], spread[2]) < 0.5


# Coverage


@pytest.mark.parametrize("kind", ["the model", "constant", "random walk"])
def test_intervals_cover(kind: str) -> None:
    series, horizon, hits = 60, 3, []
    for number in range(series):
        rng = data.generator(1000 + number)
        if kind == "the model":
            y = data.drifting(39, 40.0, 0.2, 0.05, seed=1000 + number)
        else:
            walk = 0.0 if kind == "constant" else np.cumsum(rng.normal(0.0, 0.08, 39))
            y = rng.poisson(np.exp(3.7 + walk) * rng.gamma(20.0, 0.05, 39))
        model = DynamicLevel(seasonal=0, feedback=1.0 if kind == "the model" else 0.5)
        forecast = model.forecast(data.series(y[:36]), horizon, draws=200, rng=rng)
        inside = [
            (limits["lower"].to_numpy() <= y[36:]) & (y[36:] <= limits["upper"].to_numpy())
            for limits in (forecast.interval(0.8), forecast.interval(0.9))
        ]
        hits.append(np.mean(inside, axis=1))
    for level, share in zip((0.8, 0.9), np.mean(hits, axis=0), strict=True):
        # Months of one series hang together: half-way between as many trials as series and as months.
        error = np.sqrt(level * (1.0 - level) / (series * 1.7))
        assert level - 3.0 * error < share < level + 0.03 + 3.0 * error
