"""A model of thirty lines as somebody outside of the library would write it, known by the name ``toy``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

import forecasting as fc
from forecasting.constraints import Observed
from forecasting.kernels.counts import FloatArray
from forecasting.models import Row
from forecasting.parameters import Theta


@fc.register_model("toy")
@dataclass(frozen=True)
class Toy(fc.ProcessModel):
    """A level that moves by a share of each surprise."""

    gain: float = 0.2

    def parameters(self, data: Observed) -> Iterable[fc.Parameter]:
        known = data.constraints.lower[data.constraints.exact]
        yield fc.Parameter("level", float(np.log(known.mean() + 0.3)), 1.0, "exp")
        yield fc.Parameter("gain", float(np.log(self.gain / (1.0 - self.gain))), 1.0, "logistic", family="gain")

    def begin(self, theta: Theta) -> FloatArray:
        return theta["level"]

    def mean(self, state: FloatArray, theta: Theta, row: Row) -> FloatArray:
        return state * row.factor

    def step(self, state: FloatArray, count: FloatArray | None, theta: Theta, row: Row) -> FloatArray:
        return state if count is None else state + theta["gain"] * (count / row.factor - state)
