r"""The shapes that a change of level may have: a step, a ramp, a smooth turn.

All begin in the month :math:`\tau`, the first that differs, and end at a factor :math:`e^\beta` of the level before.  With
:math:`k=t-\tau+1` the months since the beginning, a change that takes w months has reached the share

.. math:: \text{step}\ 1_{k\ge1},\qquad\text{ramp}\ \min(k/w,1),\qquad\text{turn}\ \sin^2\bigl(\tfrac\pi2\min(k/w,1)\bigr),

zero before.  A ramp changes the log of the level by the same amount each month, a turn slowly at first and at the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.kernels.counts import FloatArray


@dataclass(frozen=True)
class Shape:
    """How a change comes about, over how many months, and how probable that is beforehand."""

    name: str
    months: int
    prior: float

    def reached(self, elapsed: ArrayLike) -> FloatArray:
        """Return the share of the change that is reached `elapsed` months after it began, its first month counted as 1.

        Examples
        --------
        >>> Shape("ramp", 4, 1.0).reached([0, 1, 2, 4, 9]).tolist()
        [0.0, 0.25, 0.5, 1.0, 1.0]
        """
        share = np.clip(np.asarray(elapsed, dtype=float) / self.months, 0.0, 1.0)
        return np.asarray(share if self.name != "turn" else np.square(np.sin(0.5 * np.pi * share)))


SHAPES = (
    Shape("step", 1, 1 / 2),
    *(Shape(name, months, 1 / 8) for name in ("ramp", "turn") for months in (3, 12)),
)
"""The declared set: a step with even odds; ramps and smooth turns over a quarter or a year share the rest."""


def courses(months: pd.PeriodIndex, candidates: pd.PeriodIndex) -> FloatArray:
    """Return the share ``[shapes, C, T]`` of each change that is reached in each month, by shape and month of its onset."""
    elapsed = months.asi8 - candidates.asi8[:, None] + 1
    return np.stack([shape.reached(elapsed) for shape in SHAPES])
