from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forecasting.batch.issue import issued
from forecasting.batch.marginals import Marginals
from forecasting.batch.records import JobKey
from forecasting.distributions import Contaminated, Hurdle, NegativeBinomial, Poisson, ZeroInflated
from forecasting.distributions.base import Distribution
from forecasting.distributions.point import Point
from forecasting.errors import ArchiveError, TooLarge
from forecasting.evaluation import log_score, pit_ends, rps
from forecasting.evaluation.ranked import Resolved
from forecasting.kernels.counts import FloatArray
from forecasting.predictive import Predictive

MONTHS = pd.period_range("2024-01", periods=4, freq="M")
LEVELS = np.array([0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999])
TOLERANCE = 1e-8  # relative, as `forecasting.batch.scoring` states


def made(distribution: Distribution, mean: FloatArray, *shape: FloatArray) -> Predictive:
    rng = np.random.default_rng(5)
    return Predictive.draw(MONTHS[: mean.shape[1]], mean, shape, distribution, name="y", rng=rng)


def spread(level: float, sd: float, draws: int = 300) -> FloatArray:
    rng = np.random.default_rng(3)
    return level * np.exp(rng.normal(0.0, sd, (draws, 1)) + rng.normal(0.0, 0.1, (draws, 4)))


ALPHA = np.random.default_rng(4).gamma(2.0, 0.1, 300)
SHARE = np.random.default_rng(4).beta(2.0, 8.0, 300)
FEW = np.random.default_rng(6).permuted(np.tile([3.0, 9.0, 9.0, 140.0], (4, 25)), axis=1).T
CASES = {
    "tiny": made(Poisson(), spread(0.05, 0.5)),
    "poisson": made(Poisson(), spread(20.0, 0.2)),
    "sharp": made(Poisson(), np.full((5, 4), 4000.0)),
    "negative binomial": made(NegativeBinomial(), spread(40.0, 0.3), ALPHA),
    "large": made(NegativeBinomial(), spread(3000.0, 0.1), ALPHA),
    "wild": made(NegativeBinomial(), spread(10.0, 1.5), 10.0 * ALPHA),
    "zero-inflated": made(ZeroInflated(Poisson()), spread(15.0, 0.2), SHARE),
    "hurdle": made(Hurdle(NegativeBinomial()), spread(15.0, 0.2), ALPHA, SHARE),
    "outliers": made(Contaminated(NegativeBinomial()), spread(30.0, 0.2), ALPHA),
    "empirical": made(Point(), FEW),
    "empirical, large": made(Point(), 1e5 + 2e4 * FEW),
}


@pytest.mark.parametrize("name", CASES)
def test_scores_from_the_bytes_are_those_of_the_forecast(name: str) -> None:
    forecast = CASES[name]
    kept = Marginals.from_bytes(Marginals.of(forecast).to_bytes())
    columns = np.arange(4)
    lower, upper = forecast.quantile([0.001, 0.999]).to_numpy().T
    for y in (forecast.paths[0], forecast.paths[1], lower, upper, upper + 2 * (upper - lower)):
        inside = y < kept.end
        exact = log_score(y, forecast)
        close = 3e-6 if exact.max() > 5.0 else TOLERANCE
        assert -kept.logpmf(y)[columns, columns][inside] == pytest.approx(exact[inside], rel=1e-9, abs=close)
        resolved = Resolved.of(kept, y.astype(float))
        assert resolved.rps(y.astype(float), columns) == pytest.approx(rps(y, forecast), rel=TOLERANCE, abs=1e-12)
        assert resolved.pit(y.astype(float)) == pytest.approx(pit_ends(y, forecast), abs=TOLERANCE)


@pytest.mark.parametrize("name", CASES)
def test_quantiles_are_those_of_the_forecast(name: str) -> None:
    forecast = CASES[name]
    ours, theirs = Marginals.of(forecast).quantile(LEVELS), forecast.quantile(LEVELS).to_numpy().T
    for k, h in np.argwhere(
        ours != theirs
    ):  # only where the cumulative probability meets the level within the precision
        reached = forecast.cdf(MONTHS[h], min(ours[k, h], theirs[k, h]))
        assert abs(reached - LEVELS[k]) < TOLERANCE


@pytest.mark.parametrize("name", [name for name in CASES if "empirical" not in name])
def test_the_tail_beyond_the_grid_is_small_and_proper(name: str) -> None:
    kept = Marginals.of(CASES[name])
    assert (kept.beyond(kept.end - 1) <= 1.1e-9).all()
    reached = np.array([kept.end - 1, kept.end, kept.end + 1, 3 * kept.end])
    assert (np.diff(kept.logpmf(reached), axis=0) < 0).all()
    assert kept.pmf(np.arange(kept.end)).sum(axis=0) + kept.beyond(kept.end - 1) == pytest.approx(1.0, abs=1e-8)


def test_impossible_counts_have_no_probability() -> None:
    kept = Marginals.from_bytes(Marginals.of(CASES["empirical"]).to_bytes())
    assert np.isneginf(kept.logpmf(np.array([4, 139, 10**6]))).all()
    assert kept.pmf(np.array([9]))[0] == pytest.approx(np.full(4, 0.5), abs=1e-8)


def test_typical_forecasts_take_a_few_kilobytes() -> None:
    assert len(Marginals.of(CASES["negative binomial"]).to_bytes()) < 4 * 700
    assert len(Marginals.of(CASES["outliers"]).to_bytes()) < 4 * 1000


def scattered() -> Predictive:
    """Hundreds of sharp components far apart: no polynomial joins them."""
    rng = np.random.default_rng(8)
    return made(Poisson(), 1e6 + 1e6 * rng.random((60, 2)))


def test_a_forecast_without_a_compact_form_is_refused() -> None:
    with pytest.raises(TooLarge, match="no compact form"):
        Marginals.of(scattered())


def test_and_is_archived_by_its_quantiles_with_a_note() -> None:
    forecast = scattered()
    record = issued(JobKey("y", "m", "2023-12", "", "", 2, 1), forecast, [0.9, 0.1, 0.5])
    assert record.marginals == b""
    assert record.levels == (0.1, 0.5, 0.9)
    assert np.array_equal(record.quantiles.T, forecast.quantile([0.1, 0.5, 0.9]).to_numpy())
    assert "scored by quantiles alone" in record.account["warnings"][-1]


@given(st.integers(0, 10**6), st.integers(1, 255))
@example(5, 1)  # the order of the differences of a single zero, which makes no difference
def test_damage_never_passes_for_an_unchanged_forecast(position: int, flip: int) -> None:
    good = Marginals.of(CASES["tiny"]).to_bytes()
    bad = bytearray(good)
    bad[position % len(good)] ^= flip
    with suppress(ArchiveError):
        assert Marginals.from_bytes(bytes(bad)).to_bytes() != good
