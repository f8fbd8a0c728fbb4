"""Densities of models that follow the counts: what is the same for all of them is written here, once.

Such a density says how the mean of a month follows from the counts before it.  Given one vector of counts its months have a
likelihood each; new months are drawn one after the other, every count moving the means of those after it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Self, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.distributions import Distribution, split_shape
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.models.density import Simulated
from forecasting.parameters import Priors
from forecasting.predictive.arrays import LARGEST_MEAN, refuse_explosion

Draw: TypeAlias = Callable[[int, FloatArray], IntArray]
"""Counts ``[S]`` of the month so many after the data, given its means ``[S]``."""

LEAST_MEAN = 1e-9


class FollowingDensity(ABC):
    """Log likelihood and log prior of a model that follows the counts; see `forecasting.models.density.ModelDensity`."""

    data: Observed
    distribution: Distribution
    priors: Priors
    names: tuple[str, ...]
    log_rates: tuple[str, ...]
    start: FloatArray
    scale: FloatArray
    folded: NDArray[np.bool_]
    label: str
    remedy: ClassVar[str] = "tighter priors or fewer terms"
    """What helps against means that explode."""

    @property
    def costly(self) -> bool:
        """Whether one evaluation takes so long that fewer draws are the better default."""
        return True

    @property
    @abstractmethod
    def missing(self) -> NDArray[np.bool_]:
        """Months without a count ``[T]``."""

    @property
    def pieces(self) -> tuple[str, ...]:
        """Names of the pieces of information: the known months."""
        return tuple(str(month) for month in self.data.months[~self.missing])

    @abstractmethod
    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters ``[S, p]`` in the order of `names`."""

    @abstractmethod
    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S, t]`` of each known month given those before it."""

    @abstractmethod
    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density ``[S]``."""

    @abstractmethod
    def with_counts(self, counts: IntArray) -> Self:
        """Return the same density, prior and all, with other counts: a row of ``[S, T]`` for each parameter vector."""

    @abstractmethod
    def means(self, work: FloatArray) -> FloatArray:
        """Return the mean ``[S, T]`` of every month of the data, each given the counts before it."""

    @abstractmethod
    def follow(self, work: FloatArray, months: pd.PeriodIndex, draw: Draw) -> None:
        """Go on after the data: hand the means of one month after the other to `draw`, and let its counts move those after."""

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S]`` of the known months."""
        return np.asarray(self.log_terms(work).sum(axis=1))

    def shape(self, work: FloatArray) -> list[FloatArray]:
        """Return one array ``[S]`` per shape parameter of the distribution."""
        return list(split_shape(self.distribution, self.natural(work)))

    def simulate(self, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator) -> Simulated:
        """Return one path of the months after the data for each draw, the mean of each month given it, and the shape.

        Raises
        ------
        SamplingError
            If a mean passes 10^15; names the month.
        """
        shape = self.shape(work)
        return *self._followed(work, months, lambda _, mean: self.distribution.sample(mean, *shape, rng=rng)), tuple(
            shape
        )

    def continued(self, work: FloatArray, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the means ``[S, H]`` of the months after the data, whose counts come from uniforms ``[S, H]``."""
        shape = self.shape(work)
        return self._followed(work, months, lambda h, mean: self.distribution.quantile(uniforms[:, h], mean, *shape))[1]

    def _followed(self, work: FloatArray, months: pd.PeriodIndex, draw: Draw) -> tuple[IntArray, FloatArray]:
        paths, means = np.zeros((len(work), len(months)), dtype=np.int64), np.zeros((len(work), len(months)))

        def drawn(step: int, mean: FloatArray) -> IntArray:
            exploding = ~(mean <= LARGEST_MEAN)
            if exploding.any():
                what = f"a mean above 10^15 or no number in {exploding.sum():,} of {len(work):,} draws"
                refuse_explosion(exploding[:, None], months[step : step + 1], what, self.remedy)
            means[:, step] = np.maximum(mean, LEAST_MEAN)
            paths[:, step] = draw(step, means[:, step])
            return paths[:, step]

        with np.errstate(over="ignore", invalid="ignore"):
            self.follow(work, months, drawn)
        return paths, means

    def months(self, work: FloatArray, *, rng: np.random.Generator) -> IntArray:
        """Return every month of the data ``[S, T]``: known ones as they are, missing ones drawn around their means."""
        known = np.where(self.data.constraints.exact, self.data.constraints.lower, 0).astype(np.int64)
        return self.filled(np.repeat(known[None], len(work), axis=0), self.missing, work, rng)

    def filled(self, counts: IntArray, free: NDArray[np.bool_], work: FloatArray, rng: np.random.Generator) -> IntArray:
        """Return counts ``[S, T]`` whose `free` months are drawn around their means, given those before them."""
        if free.any():
            mean = np.maximum(self.with_counts(counts).means(work)[:, free], LEAST_MEAN)
            counts[:, free] = self.distribution.sample(mean, *(column[:, None] for column in self.shape(work)), rng=rng)
        return counts

    def recurring(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        """Return season, covariates and exposure of the log mean of any months, ``[S, H]``.

        Raises
        ------
        InvalidInput
            If the model does not tell them from its level.
        """
        raise InvalidInput(
            f"{self.label} does not tell season and covariates from its level, so that no scenario can keep the one and move "
            "the other"
        )

    def components(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return level and recurring part of the log mean of months of the data, each given the counts before, ``[S, H]``."""
        recurring = self.recurring(work, months)
        where = self.data.months.get_indexer(months)
        if (where < 0).any():
            raise InvalidInput(
                f"{self.label} follows the counts: the level of {months[int((where < 0).argmax())]} depends on counts that "
                "are not known"
            )
        return np.log(np.maximum(self.means(work)[:, where], LEAST_MEAN)) - recurring, recurring
