"""What inference asks of a model: a log density evaluated for many parameter vectors in one call."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.counts import FloatArray


class Density(Protocol):
    """A log likelihood and a log prior over working coordinates.

    Attributes
    ----------
    names : tuple of str
        Names of the p parameters.
    start : ndarray, [p]
        A point of finite density.
    scale : ndarray, [p]
        Rough size of a sensible step in each coordinate.
    folded : ndarray of bool, [p]
        Coordinates in which the density is even: they stand for their absolute value, and the prior is normalised on
        the half line.
    """

    names: tuple[str, ...]
    start: FloatArray
    scale: FloatArray
    folded: NDArray[np.bool_]

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log likelihood ``[S]`` at the points ``[S, p]``; ``-inf`` or NaN where it is undefined."""
        ...

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the normalised log prior density ``[S]``."""
        ...

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters ``[S, p]`` in their natural scale, in the order of `names`."""
        ...
