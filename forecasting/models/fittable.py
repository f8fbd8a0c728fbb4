"""What maximum likelihood asks of a model for one set of data."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.distributions import Distribution
from forecasting.inference.mode import Mode
from forecasting.kernels.counts import FloatArray


class Fittable(Protocol):
    """A log likelihood over working coordinates, with the range of each and the way to its maximum.

    The parameters of the mean come first, in natural scale; the working shape coordinates of the distribution follow.

    Attributes
    ----------
    names : tuple of str
        Names of the p parameters.
    start, scale : ndarray, [p]
        Where to start, and the rough size of a sensible step.
    folded : ndarray of bool, [p]
        Coordinates in which the density is even; they stand for their absolute value.
    limits : pair of ndarray, [p]
        Smallest and largest value of each coordinate.
    log_rates : tuple of str
        Parameters that are added to the log mean, so that their exponential is a factor.
    width : int
        Number of parameters of the mean.
    note : str
        What a reader of the estimates must know about the model, such as its rule for the months before the data.
    """

    names: tuple[str, ...]
    start: FloatArray
    scale: FloatArray
    folded: NDArray[np.bool_]
    limits: tuple[FloatArray, FloatArray]
    log_rates: tuple[str, ...]
    width: int
    note: str
    data: Observed
    distribution: Distribution

    @property
    def unseen(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def nobs(self) -> int: ...  # noqa: D102

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log likelihood ``[S]`` at the points ``[S, p]``."""
        ...

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters ``[S, p]`` in natural scale."""
        ...

    def maximise(self, start: FloatArray, free: NDArray[np.bool_] | None = None) -> Mode:
        """Climb from `start` ``[p]`` to a maximum, moving the `free` coordinates only."""
        ...

    def boundary(self, work: FloatArray) -> dict[str, str]:
        """Return the parameters that a restriction of the model holds at `work` ``[p]``, each with what it says."""
        ...

    def log_mean(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the log mean ``[T]`` of some months at `work` ``[p]`` and its gradient ``[T, width]``."""
        ...
