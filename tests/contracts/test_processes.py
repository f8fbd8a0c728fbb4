"""The fast densities of models that follow the counts are those of their recursion, said in begin, mean and step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

import forecasting as fc
from forecasting.constraints import Observed
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.level import Motion
from forecasting.models import Row
from forecasting.models.following import FollowingDensity
from forecasting.parameters import Theta
from tests.models import data

Y = data.series(data.drifting(40, swing=0.3), missing=(6, 7, 30))
AHEAD = pd.period_range(Y.months[-1] + 1, periods=5, freq="M")


@dataclass(frozen=True)
class Level(fc.ProcessModel):
    """The dynamic level without season."""

    def parameters(self, data: Observed) -> Iterable[fc.Parameter]:
        yield fc.Parameter("level", 0.0, 1.0, "exp")
        yield fc.Parameter("gain", 0.0, 1.0, "logistic")
        yield fc.Parameter("dispersion", 0.0, 1.0)

    def begin(self, theta: Theta) -> FloatArray:
        return theta["level"]

    def mean(self, state: FloatArray, theta: Theta, row: Row) -> FloatArray:
        return state * row.factor

    def step(self, state: FloatArray, count: FloatArray | None, theta: Theta, row: Row) -> FloatArray:
        motion = Motion(theta["gain"], theta["dispersion"] ** 2)
        return motion.idle(state, state) if count is None else motion.step(state, count + 0.0 * state, 1.0 / row.factor)


@dataclass(frozen=True)
class Feedback(fc.ProcessModel):
    """A log-linear autoregression on the last count and the last mean, that starts from zero."""

    def parameters(self, data: Observed) -> Iterable[fc.Parameter]:
        return [fc.Parameter(name) for name in ("intercept", "count", "mean")]

    def begin(self, theta: Theta) -> tuple[FloatArray, FloatArray]:
        return 0.0 * theta["mean"], 0.0 * theta["mean"]

    def predictor(self, state: Any, theta: Theta) -> FloatArray:
        return theta["intercept"] + theta["count"] * state[0] + theta["mean"] * state[1]

    def mean(self, state: Any, theta: Theta, row: Row) -> FloatArray:
        return np.exp(self.predictor(state, theta))

    def step(self, state: Any, count: FloatArray | None, theta: Theta, row: Row) -> tuple[FloatArray, FloatArray]:
        now = self.predictor(state, theta)
        return (now if count is None else np.log1p(count) + 0.0 * now), now


def level() -> tuple[FollowingDensity, FollowingDensity, FloatArray, FloatArray]:
    fast = fc.DynamicLevel(seasonal=0, feedback=1.0, distribution=fc.NegativeBinomial()).density(Y)
    work = fast.start + 0.3 * fast.scale * np.random.default_rng(2).normal(size=(6, 3))
    slow = Level(distribution=fc.NegativeBinomial()).density(Y)
    return fast, slow, work, np.column_stack([work[:, :2], work[:, 2], work[:, 2]])


def feedback() -> tuple[FollowingDensity, FollowingDensity, FloatArray, FloatArray]:
    fast = fc.Autoregression((1,), (1,), presample="zero").density(Y)
    work = fast.start + 0.2 * fast.scale * np.random.default_rng(2).normal(size=(6, 4))
    return fast, Feedback().density(Y), work, np.column_stack([fast.natural(work)[:, :3], work[:, 3]])


@pytest.mark.parametrize("pair", [level, feedback], ids=["level", "autoregression"])
def test_the_fast_form_is_the_loop(pair: Any) -> None:
    fast, slow, work, same = pair()
    assert fast.pieces == slow.pieces
    np.testing.assert_allclose(fast.means(work), slow.means(same), rtol=1e-10)
    np.testing.assert_allclose(fast.log_terms(work), slow.log_terms(same), rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(fast.log_likelihood(work), slow.log_likelihood(same), rtol=1e-9)
    uniforms = np.random.default_rng(3).random((6, 5))
    np.testing.assert_allclose(fast.continued(work, AHEAD, uniforms), slow.continued(same, AHEAD, uniforms), rtol=1e-9)
    drawn = [one.simulate(at, AHEAD, rng=np.random.default_rng(4))[0] for one, at in ((fast, work), (slow, same))]
    np.testing.assert_array_equal(*drawn)
    counts = np.repeat(Y.values[None], 6, axis=0) + np.arange(6)[:, None]
    others = [one.with_counts(counts).log_likelihood(at) for one, at in ((fast, work), (slow, same))]
    np.testing.assert_allclose(*others, rtol=1e-9)


def test_the_gain_is_a_share() -> None:
    assert float(expit(0.0)) == Level().density(Y).natural(np.zeros((1, 4)))[0, 1]
