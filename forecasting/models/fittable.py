"""What maximum likelihood asks of a model for one set of data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.distributions import Distribution, Law
from forecasting.inference.mode import Mode
from forecasting.kernels.counts import FloatArray


class Estimated(Protocol):
    """A likelihood as its estimates see it.

    The parameters of the mean come first, in natural scale; the working shape coordinates of the distribution follow.

    Attributes
    ----------
    data : CountSeries or Evidence
        What the model was fitted to.
    distribution : Law
        Of a month given its mean.
    names : tuple of str
        Names of the p parameters.
    width : int
        Number of parameters of the mean.
    log_rates : iterable of str
        Parameters that are added to the log mean, so that their exponential is a factor.
    note : str
        What a reader of the estimates must know about the model, such as its rule for the months before the data.
    """

    @property
    def data(self) -> Observed: ...  # noqa: D102
    @property
    def distribution(self) -> Law: ...  # noqa: D102
    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def width(self) -> int: ...  # noqa: D102
    @property
    def log_rates(self) -> Iterable[str]: ...  # noqa: D102
    @property
    def note(self) -> str: ...  # noqa: D102

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters ``[S, p]`` in natural scale."""
        ...

    def log_mean(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the log mean ``[T]`` of some months at `work` ``[p]`` and its gradient ``[T, width]``."""
        ...


class Fittable(Estimated, Protocol):
    """A log likelihood over working coordinates, with the range of each and the way to its maximum.

    Attributes
    ----------
    start, scale : ndarray, [p]
        Where to start, and the rough size of a sensible step.
    folded : ndarray of bool, [p]
        Coordinates in which the density is even; they stand for their absolute value.
    limits : pair of ndarray, [p]
        Smallest and largest value of each coordinate.
    """

    start: FloatArray
    scale: FloatArray
    folded: NDArray[np.bool_]
    limits: tuple[FloatArray, FloatArray]

    @property
    def distribution(self) -> Distribution: ...  # noqa: D102
    @property
    def unseen(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def nobs(self) -> int: ...  # noqa: D102

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log likelihood ``[S]`` at the points ``[S, p]``."""
        ...

    def maximise(self, start: FloatArray, free: NDArray[np.bool_] | None = None) -> Mode:
        """Climb from `start` ``[p]`` to a maximum, moving the `free` coordinates only."""
        ...

    def boundary(self, work: FloatArray) -> dict[str, str]:
        """Return the parameters that a restriction of the model holds at `work` ``[p]``, each with what it says."""
        ...

    def endless(self) -> NDArray[np.bool_]:
        """Return which coordinates can go to minus and to plus infinity without any loss of likelihood, ``[2, p]``."""
        ...
