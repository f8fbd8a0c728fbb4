"""What inference asks of a model: a log density evaluated for many parameter vectors in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

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


class Rough:
    """A density whose likelihood is replaced by one that is nearly the same and costs little.

    Parameters
    ----------
    base : Density
        The density.
    likelihood : callable
        Takes its place: the log likelihood ``[S]`` at points ``[S, p]``.
    weighed : callable
        The likelihood itself, with as many digits as the weight of a draw needs.
    """

    def __init__(
        self,
        base: Density,
        likelihood: Callable[[FloatArray], FloatArray],
        weighed: Callable[[FloatArray], FloatArray],
    ) -> None:
        self.names, self.start, self.scale, self.folded = base.names, base.start, base.scale, base.folded
        self.log_prior, self.natural = base.log_prior, base.natural
        self.log_likelihood, self.weighed = likelihood, weighed


@runtime_checkable
class Dear(Density, Protocol):
    """A density whose likelihood may cost so much that draws are chosen by a rough one."""

    def rough(self) -> Rough | None:
        """Return the same density with a likelihood that costs little, or None if its own does."""
        ...
